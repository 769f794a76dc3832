"""Sessions over days and weeks, what symptoms are measured with, and what trials and models say of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from tmsim.core import InputError, IntArray, Parameter, read_only

Arm = Literal["active", "sham"]
ARMS: tuple[Arm, ...] = ("active", "sham")

_DAY_s = 86400.0
_MOST_DAYS = 3660
_MOST_SESSIONS = 20_000
_MOST_PULSES = 1_000_000
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, kw_only=True)
class Session:
    """One sitting of a course.

    Parameters
    ----------
    day
        Day of the course; day 1 is a Monday.
    start_s, duration_s
        From the start of that day's first session, and from its own start to the end of its cycle. [s]
    taper
        Whether it belongs to the taper, after the daily course.
    missed
        Whether it was planned and not given.
    """

    day: int
    pulses: int
    duration_s: float
    start_s: float = 0.0
    taper: bool = False
    missed: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.day <= _MOST_DAYS:
            raise InputError("day of a session", str(self.day), f"1 to {_MOST_DAYS}")
        if not 1 <= self.pulses <= _MOST_PULSES:
            raise InputError("pulses of a session", str(self.pulses), f"1 to {_MOST_PULSES}")
        if not 0 <= self.duration_s <= _DAY_s:
            raise InputError("duration of a session", f"{self.duration_s:g} s", "0 s to 1 day")
        if not 0 <= self.start_s < _DAY_s:
            raise InputError("start of a session", f"{self.start_s:g} s", "0 s to less than 1 day")

    @property
    def week(self) -> int:
        """Week of the course, from 1."""
        return (self.day - 1) // 7 + 1


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Sessions in the order in which they are planned; as text it is a calendar with the cumulative dose.

    Parameters
    ----------
    name
        What the calendar is headed with.
    protocol
        Its name in the library; empty for a schedule by hand.

    Raises
    ------
    InputError
        No session, none that is given, sessions out of order, or two at the same time.
    """

    name: str
    sessions: tuple[Session, ...]
    protocol: str = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.sessions) <= _MOST_SESSIONS:
            raise InputError("schedule", f"{len(self.sessions)} sessions", f"1 to {_MOST_SESSIONS}")
        if all(session.missed for session in self.sessions):
            raise InputError(
                "schedule", f"all {len(self.sessions)} sessions missed", "at least one that is given"
            )
        starts = np.array([s.day * _DAY_s + s.start_s for s in self.sessions])
        lasts = np.array([s.duration_s for s in self.sessions])
        # A rounding error of a pause is not an overlap.
        early = np.flatnonzero(np.diff(starts) < lasts[:-1] - 1e-6)
        if len(early):
            number = int(early[0]) + 1
            before, after = self.sessions[number - 1 : number + 1]
            raise InputError(
                f"session {number + 1}",
                f"starts on day {after.day} at {after.start_s / 60:g} min",
                f"a start after session {number}, which ends on day {before.day} "
                f"at {(before.start_s + before.duration_s) / 60:g} min",
            )

    def without(self, *missed: int | str) -> Schedule:
        """The schedule with more sessions missed; what is missed is not made up for.

        Parameters
        ----------
        missed
            Numbers of sessions, from 1, as numbers or as text; ``"7-9"`` for several; ``"day 12"`` or
            ``"day 12-13"`` for all sessions of a day.

        Raises
        ------
        InputError
            There is no such session, or no session is left.
        """
        gone = {number for item in missed for number in self._numbers(item)}
        sessions = tuple(
            replace(session, missed=True) if number in gone else session
            for number, session in enumerate(self.sessions, start=1)
        )
        return replace(self, sessions=sessions)

    def _numbers(self, item: int | str) -> Sequence[int]:
        text = " ".join(str(item).lower().split())
        first, dash, last = text.removeprefix("day").strip().partition("-")
        by_day = text.startswith("day")
        name = "missed day" if by_day else "missed session"
        try:
            low = int(first)
            high = int(last) if dash else low
        except ValueError:
            raise InputError("missed", repr(item)[:60], "such as 12, '7-9' or 'day 12'") from None
        most = self.last_day if by_day else len(self.sessions)
        if not 1 <= low <= high <= most:
            raise InputError(name, text, f"within 1 to {most}")
        if not by_day:
            return range(low, high + 1)
        numbers = [k for k, session in enumerate(self.sessions, start=1) if low <= session.day <= high]
        if not numbers:
            raise InputError(name, text, "a day with a session")
        return numbers

    @property
    def last_day(self) -> int:
        """Day of the last session that was planned."""
        return self.sessions[-1].day

    @cached_property
    def given(self) -> tuple[Session, ...]:
        """The sessions that are not missed."""
        return tuple(session for session in self.sessions if not session.missed)

    @cached_property
    def given_day(self) -> IntArray:
        """Day of each session given, (n_given,)."""
        return read_only(np.array([session.day for session in self.given], dtype=np.int32))

    @cached_property
    def cumulative_pulses(self) -> npt.NDArray[np.int64]:
        """Pulses of the course so far after each session given, (n_given,)."""
        pulses = np.array([session.pulses for session in self.given], dtype=np.int64)
        return read_only(np.cumsum(pulses))

    @property
    def pulses_total(self) -> int:
        """Pulses of all sessions given."""
        return int(self.cumulative_pulses[-1])

    @property
    def most_sessions_a_day(self) -> int:
        """Sessions planned on the busiest day."""
        return max(self.planned_on.values())

    def sessions_by(self, day: int) -> int:
        """How many sessions are given up to the end of a day."""
        return int(np.searchsorted(self.given_day, day, side="right"))

    def pulses_by(self, day: int) -> int:
        """How many pulses are given up to the end of a day."""
        given = self.sessions_by(day)
        return int(self.cumulative_pulses[given - 1]) if given else 0

    def __str__(self) -> str:
        first = self.sessions[0]
        facts = [f"{self.name}: {len(self.given)} of {len(self.sessions)} sessions"]
        if len({session.pulses for session in self.sessions}) == 1:
            facts[0] += f" of {first.pulses:,} pulses"
        weeks = self.sessions[-1].week
        facts.append(f"{self.pulses_total:,} pulses over {weeks} week{'s' * (weeks > 1)}")
        gap_s = self.between_sessions_s
        if gap_s is not None:
            facts.append(f"{gap_s / 60:.4g} min between sessions of a day")
        head = "".join(f"{weekday:>9}" for weekday in WEEKDAYS)
        lines = [", ".join(facts), f"{'':9}{head}{'pulses':>10}{'in all':>10}"]
        for week in sorted({session.week for session in self.sessions}):
            cells = [self.cell(7 * (week - 1) + weekday) for weekday in range(1, 8)]
            total = self.pulses_by(7 * week)
            pulses = total - self.pulses_by(7 * (week - 1))
            lines.append(f"week {week:<4}" + "".join(f"{c:>9}" for c in cells) + f"{pulses:>10,}{total:>10,}")
        return "\n".join(lines)

    @property
    def between_sessions_s(self) -> float | None:
        """Shortest time from the end of a session to the next on the same day; None for one a day. [s]"""
        gaps = [
            after.start_s - before.start_s - before.duration_s
            for before, after in zip(self.sessions, self.sessions[1:], strict=False)
            if after.day == before.day
        ]
        return min(gaps) if gaps else None

    @cached_property
    def planned_on(self) -> Counter[int]:
        """How many sessions are planned on each day."""
        return Counter(session.day for session in self.sessions)

    @cached_property
    def given_on(self) -> Counter[int]:
        """How many sessions are given on each day."""
        return Counter(session.day for session in self.given)

    def cell(self, day: int) -> str:
        """A day in the calendar: how many sessions are given, of how many where some are missed."""
        planned, given = self.planned_on[day], self.given_on[day]
        if not planned:
            return "."
        return str(given) if given == planned else f"{given} of {planned}"


@dataclass(frozen=True, kw_only=True)
class Scale:
    """What symptoms are rated with.

    Parameters
    ----------
    highest
        Largest score; the smallest is 0.
    baseline, baseline_sd
        Mean before a course, and its standard deviation between people.
    rating_sd
        Standard deviation of one rating around what the model says of a person on that day.
    response
        Least fall of the score that counts as response, as a share of the baseline.
    remission
        Largest score that counts as remission; None where the trial at hand has no such figure.
    """

    name: str
    label: str
    highest: int
    baseline: Parameter
    baseline_sd: Parameter
    rating_sd: Parameter
    response: Parameter
    remission: Parameter | None = None


@dataclass(frozen=True, kw_only=True)
class TrajectoryClass:
    """People whose symptoms take one kind of course.

    Parameters
    ----------
    share
        Of all people.
    shift
        How far their mean baseline lies above that of the other classes, in standard deviations between
        people; only differences between classes matter.
    left, left_sd
        Which part of the baseline is left after very many sessions, y_inf / y_0, and how people differ in it.
    tau_sessions, tau_spread
        Median number of sessions in which the distance to it falls to 1/e, and the standard deviation of its
        logarithm.
    """

    name: str
    share: Parameter
    shift: Parameter
    left: Parameter
    left_sd: Parameter
    tau_sessions: Parameter
    tau_spread: Parameter


@dataclass(frozen=True, kw_only=True)
class SymptomModel:
    """How symptoms fall over the sessions of a course, in classes of people, for both arms of a trial.

    Parameters
    ----------
    indication
        A key of ``INDICATIONS``.
    scales
        On which it may be rated; the first is that of the trials it is calibrated to.
    protocols
        Those of the library whose trials it is calibrated to; for others it is an extrapolation.
    sessions_a_day
        What those trials gave.
    rated_every_days
        How often people are rated during the course.
    published, calibrated
        In a sentence each: what was published, and what this project chose.
    """

    name: str
    label: str
    indication: str
    scales: tuple[Scale, ...]
    active: tuple[TrajectoryClass, ...]
    sham: tuple[TrajectoryClass, ...]
    protocols: tuple[str, ...]
    sessions_a_day: int
    rated_every_days: int
    published: str
    calibrated: str
    sources: tuple[str, ...]

    def __post_init__(self) -> None:
        for arm in ARMS:
            classes = self.classes(arm)
            share = np.array([found.share.value for found in classes])
            shift = np.array([found.shift.value for found in classes])
            if not len(classes) or share.min() < 0 or abs(share.sum() - 1) > 1e-9:
                raise InputError(f"model {self.name}, {arm} arm", f"shares {share.tolist()}", "shares of all")
            if not share @ (shift - share @ shift) ** 2 < 1:
                raise InputError(
                    f"model {self.name}, {arm} arm",
                    f"baselines of the classes {shift.tolist()} SD apart",
                    "a spread between classes below that between people",
                )
            if not all(found.tau_sessions.value > 0 for found in classes):
                raise InputError(
                    f"model {self.name}, {arm} arm", "a tau that isn't positive", "above 0 sessions"
                )

    def classes(self, arm: Arm) -> tuple[TrajectoryClass, ...]:
        """The classes of an arm."""
        return self.active if arm == "active" else self.sham

    def scale(self, name: str | None = None) -> Scale:
        """The scale of that name, or the first.

        Raises
        ------
        InputError
            The model has no such scale.
        """
        if name is None:
            return self.scales[0]
        for scale in self.scales:
            if scale.name.lower() == name.lower():
                return scale
        known = ", ".join(scale.name for scale in self.scales)
        raise InputError("scale", repr(name), f"one of {known}", f"The model is {self.name}.")


OutcomeName = Literal[
    "baseline",
    "end",
    "change",
    "relative change",
    "response",
    "remission",
    "quit rate",
    "free of pain",
    "improved by 5 points",
    "effect size",
    "odds ratio",
    "sessions with the best outcome",
    "sessions to first response",
    "drop-out",
]


@dataclass(frozen=True, kw_only=True)
class TrialOutcome:
    """One figure that a trial gave.

    Parameters
    ----------
    when
        In words.
    low, high
        95 % interval or range, as published.
    """

    name: OutcomeName
    value: Parameter
    when: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class TrialArm:
    """What one arm of a trial, a registry or a pooled analysis found.

    Parameters
    ----------
    arm
        ``open`` where no one was blind and there was no sham; ``difference`` for active against sham.
    n
        People whose figures these are, or None where not known.
    protocols
        Those of the library that the trial gave, or that come nearest.
    """

    trial: str
    indication: str
    arm: Literal["active", "sham", "open", "difference"]
    label: str
    design: str
    n: int | None
    scale: str
    outcomes: tuple[TrialOutcome, ...]
    protocols: tuple[str, ...] = ()
    note: str = ""

    def outcome(self, name: OutcomeName) -> TrialOutcome | None:
        """The first outcome of that name."""
        return next((outcome for outcome in self.outcomes if outcome.name == name), None)


@dataclass(frozen=True, kw_only=True)
class Indication:
    """What a course is for.

    Parameters
    ----------
    words
        By which the text of a protocol is known to mean it.
    evidence
        How good the evidence is, in a sentence.
    """

    name: str
    label: str
    words: tuple[str, ...]
    evidence: str
