"""A course that stops and goes on: its state as a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from tmsim.core import InputError, read_only, whole_file
from tmsim.course.models import MODELS, symptom_model
from tmsim.course.simulate import Cohort, CohortSpec, Scores, simulate_course
from tmsim.course.types import Arm, Schedule, Session
from tmsim.formats.files import read_bytes

_FORMAT = "tmsim course state 1"
_LARGEST_BYTES = 2**28
_LONGEST_TEXT = 1000
_SESSION = ("day", "start_s", "duration_s", "pulses", "taper", "missed")


@dataclass(frozen=True, kw_only=True, eq=False)
class CourseState:
    """How far a cohort has come: sessions given and missed, and every rating so far.

    Parameters
    ----------
    spec
        Who they are and the whole schedule, what is past and what is planned.
    day
        The last day that is over; 0 is before the course.
    score
        Ratings so far, (n_people, n_ratings).
    """

    spec: CohortSpec
    day: int
    score: Scores


def state_of(cohort: Cohort) -> CourseState:
    """The state of a cohort as far as it has come."""
    return CourseState(spec=cohort.spec, day=cohort.reached_day, score=cohort.score)


def resume(state: CourseState, *, until_day: int | None = None, missed: Sequence[int | str] = ()) -> Cohort:
    """Go on from a state to the end, or to the end of a day; the same as never to have stopped.

    People are drawn again from their keys; their ratings so far must come out as they are in the state.

    Parameters
    ----------
    missed
        Sessions missed since, as in :meth:`Schedule.without`.

    Raises
    ------
    InputError
        A missed session or the day lies in the past, or the ratings differ: the state was changed, or
        written by a release of tmsim whose models were others.
    """
    if until_day is not None and until_day < state.day:
        raise InputError("day", str(until_day), f"{state.day} or more, where the state ends")
    cohort = simulate_course(_missed_since(state, missed), until_day=until_day)
    past = state.score.shape[1]
    if not np.array_equal(cohort.score[:, :past], state.score):
        raise InputError(
            "state",
            "ratings that its seed and schedule don't give",
            "those that this release gives",
            "It was changed, or written by another release of tmsim; run the course from its start.",
        )
    return cohort


def _missed_since(state: CourseState, missed: Sequence[int | str]) -> CohortSpec:
    schedule = state.spec.schedule.without(*missed)
    for before, after in zip(state.spec.schedule.sessions, schedule.sessions, strict=True):
        if before != after and after.day <= state.day:
            raise InputError(
                "missed", f"a session on day {after.day}", f"one after day {state.day}, where the state ends"
            )
    return replace(state.spec, schedule=schedule)


def write_state(state: CourseState, path: Path) -> None:
    """Write a state as JSON, whole or not at all.

    Raises
    ------
    InputError
        The model isn't one of ``MODELS``: it couldn't be found again.
    """
    spec = state.spec
    if MODELS.get(spec.model.name) != spec.model:
        raise InputError("symptom model", f"'{spec.model.name}' of your own", "one of those with a name")
    table = {
        "format": _FORMAT,
        "model": spec.model.name,
        "arm": spec.arm,
        "scale": spec.scale.name,
        "seed": spec.seed,
        "first": spec.first,
        "n": spec.n,
        "follow_up_weeks": spec.follow_up_weeks,
        "day": state.day,
        "name": spec.schedule.name,
        "protocol": spec.schedule.protocol,
        "session": list(_SESSION),
        "sessions": [[getattr(session, name) for name in _SESSION] for session in spec.schedule.sessions],
        "scores": state.score.T.tolist(),
    }
    with whole_file(path) as part:
        part.write_text(json.dumps(table, allow_nan=False) + "\n", encoding="utf-8")


def read_state(path: Path) -> CourseState:
    """Read a state.

    Raises
    ------
    InputError
        The file is missing, no state of a course, or contradicts itself.
    """
    try:
        table = json.loads(read_bytes(path, _LARGEST_BYTES))
    except (ValueError, RecursionError):
        raise InputError(path.name, "not JSON", "a file that `tmsim course cohort --save` wrote") from None
    if not isinstance(table, dict) or table.get("format") != _FORMAT:
        raise InputError(path.name, "no state of a course", "a file that `tmsim course cohort --save` wrote")
    try:
        return _state(table)
    except InputError as refused:
        raise InputError(
            f"{path.name}, {refused.name}", refused.value, refused.expected, refused.cure
        ) from None


def _state(table: dict[str, Any]) -> CourseState:
    model = symptom_model(_text(table, "model"))
    spec = CohortSpec(
        schedule=Schedule(
            name=_text(table, "name"),
            protocol=_text(table, "protocol"),
            sessions=tuple(_session(row) for row in _rows(table, "sessions")),
        ),
        model=model,
        scale=model.scale(_text(table, "scale")),
        arm=cast(Arm, _text(table, "arm")),  # checked by the spec
        seed=_whole(table, "seed"),
        first=_whole(table, "first"),
        n=_whole(table, "n"),
        follow_up_weeks=_whole(table, "follow_up_weeks"),
    )
    day, last = _whole(table, "day"), int(spec.rated_days[-1])
    if day > last:
        raise InputError("day", str(day), f"at most {last}, when the course is over")
    columns = _rows(table, "scores")
    ratings = int((spec.rated_days <= day).sum())
    if len(columns) != ratings or any(len(column) != spec.n for column in columns):
        raise InputError("scores", "another number of them", f"{ratings} ratings of {spec.n} people")
    if not all(type(score) is int and 0 <= score <= spec.scale.highest for c in columns for score in c):
        raise InputError("scores", "some that are none", f"whole numbers, 0 to {spec.scale.highest}")
    score = np.ascontiguousarray(np.array(columns, dtype=np.int16).T)
    return CourseState(spec=spec, day=day, score=read_only(score))


def _session(row: list[Any]) -> Session:
    kinds = {"day": int, "pulses": int, "taper": bool, "missed": bool}
    if len(row) != len(_SESSION) or not all(
        type(value) is kinds[name] if name in kinds else type(value) in (int, float)
        for name, value in zip(_SESSION, row, strict=True)
    ):
        raise InputError("sessions", _shown(row), f"rows of {', '.join(_SESSION)}")
    return Session(**dict(zip(_SESSION, row, strict=True)))


def _value(table: dict[str, Any], key: str) -> Any:
    if key not in table:
        raise InputError(key, "missing", "a value")
    return table[key]


def _text(table: dict[str, Any], key: str) -> str:
    value = _value(table, key)
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise InputError(key, _shown(value), "text")
    return value


def _whole(table: dict[str, Any], key: str) -> int:
    value = _value(table, key)
    if type(value) is not int or not 0 <= value <= 2**63:
        raise InputError(key, _shown(value), "a whole number, 0 or more")
    return value


def _rows(table: dict[str, Any], key: str) -> list[list[Any]]:
    value = _value(table, key)
    if not isinstance(value, list) or not all(isinstance(row, list) for row in value):
        raise InputError(key, _shown(value), "a list of lists")
    return value


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
