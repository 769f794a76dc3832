"""A protocol to a schedule: which session on which day."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tmsim.core import InputError
from tmsim.course.types import Schedule, Session
from tmsim.pulse.protocol import Protocol

_SPREAD = {1: (1,), 2: (1, 4), 3: (1, 3, 5), 4: (1, 2, 4, 5), 5: (1, 2, 3, 4, 5)}
"""Weekdays of so many days a week; Monday is 1."""
_TAPER_WEEKS = 3
_WAKING_s = 12 * 3600.0
_MOST_SESSIONS = 10_000


def schedule_of(
    protocol: Protocol,
    *,
    sessions: int | None = None,
    taper: Sequence[int] | None = None,
    missed: Sequence[int | str] = (),
) -> Schedule:
    """The sessions of a protocol's course on their days, Monday first.

    Parameters
    ----------
    sessions
        Of the daily course, in place of the protocol's own; needed where that is open-ended.
    taper
        Sessions in each week after the daily course, one a day; ``()`` for none. If not given, those of the
        protocol, spread evenly over three weeks: both tapers of the library last that long.
    missed
        What is planned and not given; see :meth:`Schedule.without`.

    Sessions of one day that the protocol sets no time between are spread over 12 h.

    Raises
    ------
    InputError
        The course is open-ended and ``sessions`` isn't given, the sessions of a day don't fit in it, a
        week of the taper has more than seven, or there is no such session to miss.
    """
    total = protocol.sessions_total if sessions is None else sessions
    if total is None:
        raise InputError(
            "sessions", f"none in protocol '{protocol.id}'", "how many are to be given", "Set them."
        )
    if not 1 <= total <= _MOST_SESSIONS:
        raise InputError("sessions", str(total), f"1 to {_MOST_SESSIONS}")
    taper = _evenly(protocol.taper_sessions) if taper is None else taper
    if any(not 0 <= count <= 7 for count in taper):
        raise InputError("taper", ", ".join(map(str, taper)), "0 to 7 sessions in each week")
    every_s = _onset_to_onset_s(protocol)
    planned = [
        Session(
            day=_day(number // protocol.sessions_per_day, protocol.days_per_week),
            start_s=number % protocol.sessions_per_day * every_s,
            pulses=protocol.n_pulses,
            duration_s=protocol.duration_s,
        )
        for number in range(total)
    ]
    week = planned[-1].week
    planned += [
        Session(
            day=7 * (week + later) + weekday,
            pulses=protocol.n_pulses,
            duration_s=protocol.duration_s,
            taper=True,
        )
        for later, count in enumerate(taper)
        for weekday in _weekdays(count)
    ]
    name = protocol.label if protocol.id == "sentence" else protocol.id
    schedule = Schedule(name=name, protocol=protocol.id, sessions=tuple(planned))
    return schedule.without(*missed) if missed else schedule


def _weekdays(count: int) -> tuple[int, ...]:
    return _SPREAD.get(count, tuple(range(1, count + 1)))


def _day(index: int, days_per_week: int) -> int:
    """Day of the course of the ``index``-th day with sessions, from 0."""
    week, within = divmod(index, days_per_week)
    return 7 * week + _weekdays(days_per_week)[within]


def _evenly(sessions: int) -> tuple[int, ...]:
    weeks = max(_TAPER_WEEKS, math.ceil(sessions / 7))
    return tuple(count for k in range(weeks) if (count := (sessions + weeks - 1 - k) // weeks))


def _onset_to_onset_s(protocol: Protocol) -> float:
    if protocol.sessions_per_day == 1:
        return 0.0
    if protocol.between_sessions_s is not None:
        return protocol.duration_s + protocol.between_sessions_s
    every_s = _WAKING_s / (protocol.sessions_per_day - 1)
    if every_s < protocol.duration_s:
        raise InputError(
            "course",
            f"{protocol.sessions_per_day} sessions of {protocol.duration_s / 60:g} min a day",
            "sessions that fit one after the other in 12 h",
            "Set the time between them.",
        )
    return every_s
