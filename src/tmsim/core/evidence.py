"""Published numbers as data: a value never travels without its unit, source and status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["read", "recomputed", "unverified"]
"""How far a published figure was checked: read in the source itself, recomputed from its data or
equations, or recalled and not yet verified."""


@dataclass(frozen=True)
class Parameter:
    """One published number.

    ``source`` is a key of CITATIONS.bib; ``note`` says what a reader should know before using it.
    """

    value: float
    unit: str
    source: str
    status: Status
    note: str = ""
