"""Progress of long work, reported by the science and shown by the doors."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""``progress("what is being done", fraction_done)``; raise inside it to stop the work."""


def silent(_what: str, _fraction: float) -> None:
    """The progress of someone who does not watch."""
