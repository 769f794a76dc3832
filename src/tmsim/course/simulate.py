"""Virtual cohorts: many people through one schedule, and what their ratings say week by week."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tmsim.core import BoolArray, FloatArray, InputError, IntArray, read_only, stream
from tmsim.course.models import symptom_model
from tmsim.course.types import ARMS, Arm, Scale, Schedule, SymptomModel, TrajectoryClass

Scores = npt.NDArray[np.int16]

_MOST_PEOPLE = 100_000
_MOST_FOLLOW_UP_WEEKS = 52
_BLOCK = 1024  # people drawn together; person k is the same in any cohort
_LEFT = (0.0, 1.5)  # no one falls below nothing, or rises to more than half as much again
_Z95 = 1.959963984540054


@dataclass(frozen=True, kw_only=True)
class CohortSpec:
    """Who goes through which course, and how they are rated.

    Parameters
    ----------
    scale
        One of the model's.
    first, n
        Persons ``first`` to ``first + n - 1`` of the arm: each is the same in any cohort of the seed.
    follow_up_weeks
        Ratings after the course, one a week.

    Raises
    ------
    InputError
        There is no such arm or scale, or a number is out of range.
    """

    schedule: Schedule
    model: SymptomModel
    scale: Scale
    arm: Arm = "active"
    seed: int = 0
    first: int = 0
    n: int = 1000
    follow_up_weeks: int = 0

    def __post_init__(self) -> None:
        if self.arm not in ARMS:
            raise InputError("arm", repr(self.arm), f"one of {', '.join(ARMS)}")
        if self.scale not in self.model.scales:
            raise InputError("scale", self.scale.name, f"one of the model {self.model.name}")
        for name, value, low, high in (
            ("people", self.n, 2, _MOST_PEOPLE),
            ("first person", self.first, 0, 2**31),
            ("seed", self.seed, 0, 2**63),
            ("weeks of follow-up", self.follow_up_weeks, 0, _MOST_FOLLOW_UP_WEEKS),
        ):
            if not low <= value <= high:
                raise InputError(name, str(value), f"{low} to {high}")

    @property
    def rated_days(self) -> IntArray:
        """Days at whose end everyone is rated, (n_ratings,); 0 is the baseline."""
        every = self.model.rated_every_days
        end = -(-self.schedule.last_day // every) * every
        after = [end + 7 * week for week in range(1, self.follow_up_weeks + 1)]
        return read_only(np.array([*range(0, end + 1, every), *after], dtype=np.int32))


@dataclass(frozen=True, kw_only=True, eq=False)
class Cohort:
    """What people showed, as far as the course has gone.

    Parameters
    ----------
    reached_day
        The last day that is over.
    day
        Days of the ratings, (n_ratings,); 0 is the baseline.
    score
        Of each person at each rating, whole points, (n_people, n_ratings).
    group
        Index of each person's class in the model's arm, (n_people,).
    baseline, long_run, tau_sessions
        What the model drew for each person, (n_people,): y_0, y_inf and tau. Known in a simulation only.
    """

    spec: CohortSpec
    reached_day: int
    day: IntArray
    score: Scores
    group: IntArray
    baseline: FloatArray
    long_run: FloatArray
    tau_sessions: FloatArray

    def __len__(self) -> int:
        return len(self.score)

    @property
    def classes(self) -> tuple[TrajectoryClass, ...]:
        """The classes that ``group`` counts."""
        return self.spec.model.classes(self.spec.arm)

    @property
    def weeks(self) -> FloatArray:
        """Of the ratings, (n_ratings,)."""
        return self.day / 7

    @property
    def sessions(self) -> IntArray:
        """Sessions given by each rating, (n_ratings,)."""
        return np.array([self.spec.schedule.sessions_by(day) for day in self.day.tolist()], dtype=np.int32)

    @property
    def pulses(self) -> npt.NDArray[np.int64]:
        """Pulses given by each rating, (n_ratings,)."""
        return np.array([self.spec.schedule.pulses_by(day) for day in self.day.tolist()], dtype=np.int64)

    @cached_property
    def mean(self) -> FloatArray:
        """Mean score, (n_ratings,)."""
        return self.score.mean(axis=0)

    @cached_property
    def sd(self) -> FloatArray:
        """Standard deviation between people, (n_ratings,)."""
        return self.score.std(axis=0, ddof=1)

    @property
    def mean_band(self) -> FloatArray:
        """95 % interval of the mean in a cohort of this size, (2, n_ratings)."""
        half = _Z95 * self.sd / math.sqrt(len(self))
        return np.array([self.mean - half, self.mean + half])

    def quantiles(self, levels: Sequence[float]) -> FloatArray:
        """Quantiles over people, (n_levels, n_ratings)."""
        return np.quantile(self.score, levels, axis=0)

    def class_mean(self, index: int) -> FloatArray:
        """Mean score of one class, (n_ratings,); NaN where no one is in it."""
        members = self.score[self.group == index]
        return members.mean(axis=0) if len(members) else np.full(len(self.day), np.nan)

    @property
    def class_share(self) -> FloatArray:
        """Share of the people in each class, (n_classes,)."""
        return np.bincount(self.group, minlength=len(self.classes)) / len(self)

    @cached_property
    def responded(self) -> BoolArray:
        """Who has responded at each rating, (n_people, n_ratings)."""
        before = self.score[:, :1].astype(np.float64)
        return (before > 0) & (before - self.score >= self.spec.scale.response.value * before - 1e-9)

    @cached_property
    def remitted(self) -> BoolArray | None:
        """Who is in remission at each rating, (n_people, n_ratings); None where the scale has no such cut."""
        return None if self.spec.scale.remission is None else self.score <= self.spec.scale.remission.value

    @property
    def response(self) -> FloatArray:
        """Share that has responded at each rating, (n_ratings,)."""
        return self.responded.mean(axis=0)

    @property
    def remission(self) -> FloatArray | None:
        """Share in remission at each rating, (n_ratings,), or None."""
        return None if self.remitted is None else self.remitted.mean(axis=0)

    @property
    def remission_at_any_time(self) -> float | None:
        """Share in remission at one rating or more from the end of the course on; None before it."""
        if self.remitted is None or self.day[-1] < self.spec.schedule.last_day:
            return None
        return float(self.remitted[:, self.day >= self.spec.schedule.last_day].any(axis=1).mean())

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know before using the numbers, one sentence each."""
        return _notes(self.spec)


def cohort(
    schedule: Schedule,
    *,
    n: int = 1000,
    arm: Arm = "active",
    seed: int = 0,
    model: str | SymptomModel = "classes",
    scale: str | None = None,
    first: int = 0,
    follow_up_weeks: int = 0,
    until_day: int | None = None,
) -> Cohort:
    """Send ``n`` virtual people through a schedule; statistics of trials, not a prediction for anyone.

    Parameters
    ----------
    model, scale
        By name: a model of ``MODELS``, and one of its scales, or its first.
    until_day
        Stop at the end of that day; None to the end. :func:`resume` goes on from the state there.
    arm, seed, first, n, follow_up_weeks
        See :class:`CohortSpec`.

    Raises
    ------
    InputError
        A name isn't known, or a number is out of range.
    """
    found = symptom_model(model) if isinstance(model, str) else model
    spec = CohortSpec(
        schedule=schedule, model=found, scale=found.scale(scale), arm=arm, seed=seed, first=first, n=n,
        follow_up_weeks=follow_up_weeks,
    )  # fmt: skip
    return simulate_course(spec, until_day=until_day)


def simulate_course(spec: CohortSpec, *, until_day: int | None = None) -> Cohort:
    """The cohort of a spec, up to the end of a day, or of the course and its follow-up.

    Raises
    ------
    InputError
        The day lies before the course.
    """
    if until_day is not None and until_day < 0:
        raise InputError("day", str(until_day), "0 or more")
    due = spec.rated_days
    reached = int(due[-1]) if until_day is None else min(until_day, int(due[-1]))
    days = read_only(due[due <= reached])
    first_block, last_block = spec.first // _BLOCK, (spec.first + spec.n - 1) // _BLOCK
    blocks = [_block(spec, number, days.tolist()) for number in range(first_block, last_block + 1)]
    skipped = spec.first - first_block * _BLOCK
    score, group, baseline, long_run, tau = (
        read_only(np.concatenate(parts)[skipped : skipped + spec.n]) for parts in zip(*blocks, strict=True)
    )
    return Cohort(
        spec=spec, reached_day=reached, day=days, score=score, group=group, baseline=baseline,
        long_run=long_run, tau_sessions=tau,
    )  # fmt: skip


def _block(
    spec: CohortSpec, number: int, days: Sequence[int]
) -> tuple[Scores, IntArray, FloatArray, FloatArray, FloatArray]:
    """Scores, classes, y_0, y_inf and tau of one block of people.

    A person's numbers are keyed by seed, arm and block, a rating's chance by its day too: none depends on
    how many people there are, in which order they are done, or where a course was interrupted.
    """
    scale, classes = spec.scale, spec.model.classes(spec.arm)
    key = ARMS.index(spec.arm), number
    generator = stream(spec.seed, "course", *key)
    rank, severity, fall, speed = generator.random(_BLOCK), *generator.standard_normal((3, _BLOCK))
    bounds = np.cumsum([c.share.value for c in classes])[:-1]
    group = np.searchsorted(bounds, rank, side="right").astype(np.int32)

    def of_class(name: str) -> FloatArray:
        return np.array([getattr(c, name).value for c in classes])[group]

    shift, within = _shifts(classes)
    baseline = scale.baseline.value + scale.baseline_sd.value * (shift[group] + within * severity)
    baseline = np.clip(baseline, 0, scale.highest)
    left = np.clip(of_class("left") + of_class("left_sd") * fall, *_LEFT)
    tau = of_class("tau_sessions") * np.exp(of_class("tau_spread") * speed)
    long_run = left * baseline
    score = np.empty((_BLOCK, len(days)), dtype=np.int16)
    for column, day in enumerate(days):
        now = long_run + (baseline - long_run) * np.exp(-spec.schedule.sessions_by(day) / tau)
        chance = stream(spec.seed, "rating", *key, day).standard_normal(_BLOCK)
        rated = now + scale.rating_sd.value * chance
        score[:, column] = np.rint(np.clip(rated, 0, scale.highest))
    return score, group, baseline, long_run, tau


def _shifts(classes: Sequence[TrajectoryClass]) -> tuple[FloatArray, float]:
    """Mean severity of each class, and the SD within them, so that all together have mean 0 and SD 1."""
    share = np.array([c.share.value for c in classes])
    shift = np.array([c.shift.value for c in classes])
    shift = shift - share @ shift
    return shift, math.sqrt(1 - share @ shift**2)


def effect_size(active: Cohort, sham: Cohort) -> FloatArray:
    """How much more active falls than sham at each rating, in pooled SD of the fall; positive favours active.

    The first entry, the baseline, is 0.

    Raises
    ------
    InputError
        The two weren't rated on the same days with the same scale.
    """
    if not np.array_equal(active.day, sham.day) or active.spec.scale != sham.spec.scale:
        raise InputError("cohorts", "rated on other days or scales", "two arms of one course")
    falls = [c.score[:, :1].astype(np.float64) - c.score for c in (active, sham)]
    variance = [fall.var(axis=0, ddof=1) * (len(fall) - 1) for fall in falls]
    pooled = np.sqrt(sum(variance) / (len(active) + len(sham) - 2))
    difference = falls[0].mean(axis=0) - falls[1].mean(axis=0)
    return np.divide(difference, pooled, out=np.zeros_like(pooled), where=pooled > 0)


def binomial_band(share: FloatArray, n: int) -> FloatArray:
    """95 % interval of a share among ``n`` people (Wilson), (2, ...).

    Raises
    ------
    InputError
        No one, or a share that isn't one.
    """
    share = np.asarray(share, dtype=np.float64)
    if n < 1:
        raise InputError("people", str(n), "1 or more")
    if not ((share >= 0) & (share <= 1)).all():
        raise InputError("share", "not within 0 to 1", "a share of the people")
    z2 = _Z95**2 / n
    centre = (share + z2 / 2) / (1 + z2)
    half = _Z95 / (1 + z2) * np.sqrt(share * (1 - share) / n + z2 / (4 * n))
    return np.array([centre - half, centre + half])


def _notes(spec: CohortSpec) -> tuple[str, ...]:
    model, schedule = spec.model, spec.schedule
    notes = [
        "Statistics of trials, not a prediction for a person; nothing of the field, the neurons or the "
        "network enters.",
        f"Published: {model.published}.",
        f"Calibrated by this project: {model.calibrated}.",
    ]
    if schedule.protocol not in model.protocols:
        notes.append(
            f"Extrapolated: the model rests on trials of {', '.join(model.protocols)}, not of "
            f"{schedule.protocol or schedule.name}."
        )
    most = schedule.most_sessions_a_day
    if most != model.sessions_a_day:
        notes.append(
            f"Extrapolated: {_sessions(most)} a day, where the trials gave {model.sessions_a_day}; a session "
            "counts the same whatever the spacing."
        )
    if spec.scale != model.scales[0]:
        notes.append(
            f"The relative course is that of the {model.scales[0].name}, though scales differ, and the "
            f"baseline on the {spec.scale.name} is assumed."
        )
    if any(session.missed for session in schedule.sessions):
        notes.append("A missed session is one session less; that a gap in itself may cost is not modelled.")
    if spec.follow_up_weeks:
        notes.append("After the last session symptoms stay as they are: relapse is not modelled.")
    notes.append("No one drops out; bands hold the chance of drawing people only, not that of being wrong.")
    return tuple(notes)


def _sessions(count: int) -> str:
    return f"{count} session" if count == 1 else f"{count} sessions"
