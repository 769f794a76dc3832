"""Measurements of time, memory and agreement; see docs/benchmarks.md."""
