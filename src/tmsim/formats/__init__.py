"""Bytes to arrays and back: one module a file format, no science."""
