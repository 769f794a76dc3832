"""Protocols: pulses with their intensity, place and course, and how far each of it was checked.

A protocol is one file in the folder ``protocols`` beside this module, a file of the user's, or a sentence.
Timing is nested layers of a count and an interval from onset to onset. Words such as "inter-train interval"
are not used: devices, papers and data standards mean different things by them.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from tmsim.core import InputError
from tmsim.pulse.intensity import Intensity
from tmsim.pulse.sentence import parse_train
from tmsim.pulse.types import Train

LIBRARY = Path(__file__).with_name("protocols")
_DAY_s = 86400.0

Badge = Literal["verified", "draft"]
"""Of a protocol: whether pulses and intensity were read in a source, or some of them only recalled."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """Pulses of a session that are given in one place; the blocks of a session follow each other.

    Parameters
    ----------
    intensity
        None where neither threshold nor output sets it; ``Protocol.intensity_note`` says what does.
    site, target
        Where, in words, and as placement text; the text is empty where no general one exists.
    """

    train: Train
    intensity: Intensity | None = None
    site: str = ""
    target: str = ""


@dataclass(frozen=True, kw_only=True)
class Nerve:
    """The electrical shock to a nerve that goes before each pulse in paired associative stimulation."""

    site: str
    lead_s: float  # from the shock to the pulse
    intensity: str

    def __post_init__(self) -> None:
        if not 0 < self.lead_s <= 1:
            raise InputError("nerve.lead", f"{self.lead_s:g} s", "above 0, at most 1 s")


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """A stimulation protocol, as a paper or a user has it.

    Parameters
    ----------
    muscle
        Whose motor threshold the intensity is relative to.
    between_sessions_s
        From the end of a session to the start of the next on the same day. [s]
    sessions_total, taper_sessions
        Sessions of the daily course, None where it is open-ended; those that come after it, as ``taper``
        says in words.
    pulses_range, sessions_range, intensity_range
        Least and most in use, where sources differ; the protocol itself has one value of that range.
    sources, doi, verified_by
        Keys of CITATIONS.bib, or words in a user's file; the DOI of the first; where the figures were read.
    status, unverified
        ``draft`` where pulses or intensity are recalled and not read; the fields that are.

    Raises
    ------
    InputError
        Timing that contradicts itself, a range that leaves the value out, or a claim to be verified
        with unverified pulses or intensity.
    """

    id: str
    label: str
    blocks: tuple[Block, ...]
    indication: str = ""
    muscle: Literal["hand", "foot"] = "hand"
    intensity_note: str = ""
    nerve: Nerve | None = None
    waveform: Literal["biphasic", "monophasic", ""] = ""
    coil: str = ""
    sessions_per_day: int = 1
    between_sessions_s: float | None = None
    days_per_week: int = 1
    sessions_total: int | None = None
    taper_sessions: int = 0
    taper: str = ""
    pulses_range: tuple[int, int] | None = None
    sessions_range: tuple[int, int] | None = None
    intensity_range: tuple[Intensity, Intensity] | None = None
    sources: tuple[str, ...] = ()
    doi: str = ""
    verified_by: str = ""
    evidence_level: str = ""
    regulatory: str = ""
    status: Badge = "draft"
    unverified: tuple[str, ...] = ()
    notes: str = ""

    def __post_init__(self) -> None:
        if not self.blocks:
            raise InputError("blocks", "none", "at least one")
        self._check_course()
        self._check_ranges()
        if self.nerve and any(
            layer.interval_s <= self.nerve.lead_s for b in self.blocks for layer in b.train.layers
        ):
            raise InputError("nerve.lead", f"{self.nerve.lead_s:g} s", "less than the interval of the pulses")
        recalled = [name for name in ("train", "intensity") if name in self.unverified]
        if self.status == "verified" and recalled:
            raise InputError("status", f"verified, with unverified {' and '.join(recalled)}", "draft")

    def _check_course(self) -> None:
        for name, value, most in (
            ("sessions_per_day", self.sessions_per_day, 50),
            ("days_per_week", self.days_per_week, 7),
            ("sessions_total", self.sessions_total, 10_000),
        ):
            if value is not None and not 1 <= value <= most:
                raise InputError(f"course.{name}", str(value), f"1 to {most}")
        if not 0 <= self.taper_sessions <= 1000:
            raise InputError("course.taper_sessions", str(self.taper_sessions), "0 to 1000")
        if self.sessions_total is not None and self.sessions_total < self.sessions_per_day:
            raise InputError(
                "course.sessions_total",
                f"{self.sessions_total}, with {self.sessions_per_day} sessions a day",
                "at least one day of sessions",
            )
        if self.between_sessions_s is not None:
            if self.sessions_per_day == 1:
                raise InputError("course.between_sessions", "given", "more than one session a day with it")
            if not 0 <= self.between_sessions_s <= _DAY_s:
                raise InputError("course.between_sessions", f"{self.between_sessions_s:g} s", "0 s to 1 day")
        pause_s = self.between_sessions_s or 0.0
        day_s = self.sessions_per_day * (self.duration_s + pause_s) - pause_s
        if day_s > _DAY_s:
            raise InputError(
                "course",
                f"sessions of a day that take {day_s / 3600:.3g} h",
                "at most 24 h",
                "Shorten the session or the time between sessions.",
            )

    def _check_ranges(self) -> None:
        for name, found, value in (
            ("pulses_range", self.pulses_range, self.n_pulses),
            ("course.sessions_range", self.sessions_range, self.sessions_total),
        ):
            if found and not (value is not None and found[0] <= value <= found[1]):
                raise InputError(name, f"{found[0]} to {found[1]}", f"a range with {value} in it")
        if self.intensity_range:
            low, high = self.intensity_range
            own = self.intensity
            if not type(low) is type(own) is type(high) or not _size(low) <= _size(own) <= _size(high):
                raise InputError("intensity_range", f"{low} to {high}", f"a range with {own} in it")

    @property
    def intensity(self) -> Intensity | None:
        """Intensity of the first block."""
        return self.blocks[0].intensity

    @property
    def target(self) -> str:
        """Placement text of the first block."""
        return self.blocks[0].target

    @property
    def n_pulses(self) -> int:
        """Pulses of a session."""
        return sum(block.train.n_pulses for block in self.blocks)

    @property
    def duration_s(self) -> float:
        """Of a session: the cycles of its blocks, one after the other, with no time between. [s]"""
        return sum(block.train.cycle_s for block in self.blocks)

    @property
    def last_pulse_s(self) -> float:
        """Onset of the last pulse of a session. [s]"""
        return self.duration_s - self.blocks[-1].train.cycle_s + self.blocks[-1].train.last_pulse_s

    @property
    def pulses_per_day(self) -> int:
        """Pulses of a day."""
        return self.n_pulses * self.sessions_per_day

    @property
    def pulses_total(self) -> int | None:
        """Pulses of the whole course with its taper, or None where it is open-ended."""
        if self.sessions_total is None:
            return None
        return self.n_pulses * (self.sessions_total + self.taper_sessions)


def _size(intensity: Intensity | None) -> float:
    return getattr(intensity, "value", getattr(intensity, "didt_A_per_s", 0.0))


@cache
def list_protocols() -> tuple[str, ...]:
    """Names of the protocols of the library."""
    return tuple(sorted(path.stem for path in LIBRARY.glob("*.toml")))


def protocol(source: str | Path) -> Protocol:
    """A protocol by its name in the library, from a ``.toml`` file, or from a sentence.

    Parameters
    ----------
    source
        ``"itbs600"``, ``"mine.toml"`` or ``"40 pulses at 10 Hz ..."``. A sentence says no more than the
        pulses: such a protocol has no intensity, no place and no course.

    Raises
    ------
    InputError
        There is no such protocol, the file can't be read or contradicts itself, or it is no sentence.
    """
    from tmsim.pulse.protocol_file import read_protocol

    if isinstance(source, Path) or source.lower().endswith(".toml"):
        return read_protocol(Path(source))
    if source.lower() in list_protocols():
        return _of_library(source.lower())
    return _of_sentence(source)


@cache
def _of_library(name: str) -> Protocol:
    from tmsim.pulse.protocol_file import read_protocol

    return read_protocol(LIBRARY / f"{name}.toml")


def _of_sentence(text: str) -> Protocol:
    try:
        train = parse_train(text)
    except InputError as refused:
        if len(text.split()) > 1:
            raise
        near = difflib.get_close_matches(text.lower(), list_protocols(), n=3, cutoff=0.5)
        raise InputError(
            "protocol", repr(text) if len(text) < 60 else repr(text[:57] + "..."),
            "a name of the library, a .toml file or a sentence such as '40 pulses at 10 Hz'",
            f"Near: {', '.join(near)}." if near else "",
        ) from refused  # fmt: skip
    return Protocol(id="sentence", label=str(train), blocks=(Block(train=train),))
