"""What a check finds: graded statements, never a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tmsim.core import Status
from tmsim.core.citations import citations

Severity = Literal["stop", "caution", "caution-with-precedent", "outside-table", "info"]
"""``stop``: the device can't do it. ``caution``: beyond a published figure. ``caution-with-precedent``: the
same, but a protocol of the library does so too. ``outside-table``: no published figure covers it. ``info``:
within a published figure, or a statement."""

SEVERITIES: tuple[Severity, ...] = ("stop", "caution", "caution-with-precedent", "outside-table", "info")
"""Gravest first."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One rule held against one session.

    Parameters
    ----------
    rule
        Its name, such as ``train-duration``.
    value, limit, unit
        What was found and the figure it was held against; None where the rule has no such number.
    table, cell
        Where the figure stands, where it is one of a table.
    source, status
        Key of CITATIONS.bib, ``assumed`` or ``unknown``; how far the figure was checked.
    message
        The finding in a sentence or two.
    precedent
        The protocol of the library that does the same, with its badge.
    """

    rule: str
    severity: Severity
    message: str
    source: str
    status: Status
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    table: str = ""
    cell: str = ""
    precedent: str = ""

    @property
    def doi(self) -> str:
        """DOI of the source, or empty."""
        work = citations().get(self.source)
        return work.doi if work else ""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A train duration of a table: a limit, or only the longest that was tested. [s]"""

    duration_s: float
    longest_tested: bool = False


@dataclass(frozen=True, kw_only=True)
class DurationTable:
    """Longest trains by pulse rate and intensity.

    ``rows_by_rate`` are pairs of a rate [Hz], rising, and a cell for each of ``percents`` [% of motor
    threshold], rising.
    """

    name: str
    source: str
    status: Status
    percents: tuple[float, ...]
    rows_by_rate: tuple[tuple[float, tuple[Cell, ...]], ...]

    def look_up(self, rate_Hz: float, percent: float) -> tuple[str, Cell] | None:
        """The cell at the next tabulated rate and intensity up, with its name; None beyond the table."""
        column = next((k for k, p in enumerate(self.percents) if percent <= p * (1 + _ROUNDING)), None)
        row = next((r for r in self.rows_by_rate if rate_Hz <= r[0] * (1 + _ROUNDING)), None)
        if column is None or row is None:
            return None
        return f"{row[0]:g} Hz, {self.percents[column]:g} %", row[1][column]


_ROUNDING = 1e-9  # 1 / 0.1 s is 10 Hz


@dataclass(frozen=True, kw_only=True)
class Device:
    """What a stimulator can do.

    ``rates_by_percent`` are pairs of an output [%MSO], rising, and the highest pulse rate at it [Hz];
    ``energy_limited`` tells whether the energies of the Rapid² hold for it.
    """

    name: str
    label: str
    rates_by_percent: tuple[tuple[float, float], ...]
    energy_limited: bool
    source: str


@dataclass(frozen=True, kw_only=True)
class Item:
    """A question of the screening; a yes, or no answer, calls for a physician."""

    id: str
    question: str
    source: str
    status: Status
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Screening:
    """Answers held against the questionnaire.

    ``raised`` are the items answered yes or unknown, with the answer; ``ending`` is the whole of the result:
    it refers to a physician, or says that it is not a clearance.
    """

    raised: tuple[tuple[Item, Literal["yes", "unknown"]], ...]
    ending: str
