"""Hunting the motor threshold pulse by pulse: the 5-of-10 rule, and maximum likelihood.

A hunt is a frozen state: it says which amplitude comes next, takes the MEP of that pulse, and gives the next
state. It knows nothing of the subject, so that a page or a lab can run it as well as :func:`hunt` does::

    state = MaximumLikelihood(n_pulses=20)
    while state.next_mso is not None:
        state = state.record(mep_V=...)
    state.estimate_mso
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import ClassVar, Protocol

import numpy as np
from scipy.special import ndtr

from tmsim.core import FloatArray, InputError, read_only, stream
from tmsim.neuron.motor.mep import draw_mep_V, threshold_mso
from tmsim.neuron.motor.parameters import (
    CRITERION_V,
    PEST_SPREAD,
    PEST_YES_MSO,
    START_MSO,
    START_SIZE_V,
    UP_STEP_MSO,
)
from tmsim.neuron.motor.types import DEVICE_MSO, ErrorCurve, HuntResult, Subject, Trial

_BAND = 0.95  # of the likelihood
_TIE = 1e-9  # log-likelihoods nearer than this are one and the same: rounding decides between them otherwise
_AT_THE_END = 10  # pulses in a row at an end of the dial, all alike, that end a hunt


class UnbracketedError(InputError):
    """The threshold was not found between 0 and 100 %MSO."""


class Hunt(Protocol):
    """A threshold hunt under way."""

    method: ClassVar[str]

    @property
    def trials(self) -> tuple[Trial, ...]:
        """The pulses so far."""
        ...

    @property
    def next_mso(self) -> float | None:
        """Amplitude of the next pulse; None where the hunt is over. [%MSO]"""
        ...

    @property
    def estimate_mso(self) -> float | None:
        """The threshold as far as it is known; None where it is not yet bracketed. [%MSO]"""
        ...

    @property
    def band_mso(self) -> tuple[float, float] | None:
        """Range that holds 95 % of the likelihood; None where the procedure has none. [%MSO]"""
        ...

    def record(self, mep_V: float) -> Hunt:
        """The state after a pulse at :attr:`next_mso` that gave this peak-to-peak MEP. [V]

        Raises
        ------
        InputError
            The size is negative or NaN, the hunt is over, or the threshold is beyond the ends of the dial.
        """
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class MaximumLikelihood:
    """Parameter estimation by sequential testing with maximum likelihood (ML-PEST, Awiszus2003).

    The chance of a response at amplitude x is taken as Phi((x - t) / (0.07 t)). Each pulse goes to the
    likeliest threshold t, to a whole %MSO; where several are likeliest, to their mean. A response at
    130 %MSO and none at 0 are taken as given.
    """

    method: ClassVar[str] = "ml-pest"
    n_pulses: int = 20
    trials: tuple[Trial, ...] = ()
    log_likelihood: FloatArray = field(default_factory=lambda: _opening(), repr=False)

    def __post_init__(self) -> None:
        if not 2 <= self.n_pulses <= 1000:
            raise InputError("pulses", str(self.n_pulses), "2 to 1000 for a threshold hunt")

    @property
    def next_mso(self) -> float | None:
        """Amplitude of the next pulse; None after the last. [%MSO]"""
        if len(self.trials) >= self.n_pulses:
            return None
        return min(max(float(round(self._likeliest_mso)), 1.0), DEVICE_MSO)

    @property
    def estimate_mso(self) -> float | None:
        """The likeliest threshold; None before both a response and a failure were seen. [%MSO]"""
        return self._likeliest_mso if _both(self.trials) else None

    @property
    def band_mso(self) -> tuple[float, float] | None:
        """Central 95 % of the likelihood, as if all thresholds were equally likely before. [%MSO]

        It holds the threshold of some 90 of 100 virtual subjects: their own spread is not always 7 %.
        """
        if not _both(self.trials):
            return None
        below = np.cumsum(np.exp(self.log_likelihood - self.log_likelihood.max()))
        low, high = np.interp([0.5 - _BAND / 2, 0.5 + _BAND / 2], below / below[-1], _thresholds())
        return float(low), float(high)

    def record(self, mep_V: float) -> MaximumLikelihood:
        """The state after a pulse at :attr:`next_mso` that gave this peak-to-peak MEP. [V]"""
        return self.record_trial(_trial(self, mep_V))

    def record_trial(self, trial: Trial) -> MaximumLikelihood:
        """The state after a pulse of any amplitude, which someone judged by eye; it may be one too many.

        Raises
        ------
        InputError
            The threshold is beyond the ends of the dial.
        """
        trials = (*self.trials, trial)
        _check_ends(trials)
        likelihood = read_only(self.log_likelihood + _log_chance(trial.amplitude_mso, trial.responded))
        return replace(self, trials=trials, log_likelihood=likelihood)

    @property
    def _likeliest_mso(self) -> float:
        best = self.log_likelihood >= self.log_likelihood.max() - _TIE
        return float(_thresholds()[best].mean())


@dataclass(frozen=True, kw_only=True)
class RelativeFrequency:
    """The 5-of-10 rule (Groppa2012): the lowest amplitude at which five of ten pulses give an MEP of 50 uV.

    Up in steps of 5 %MSO to the first MEP of 500 uV, then down in small steps, with up to ten pulses at each,
    until more than five fail. The threshold is the last amplitude that passed.
    """

    method: ClassVar[str] = "5-of-10"
    step_mso: float = 1.0
    start_mso: float = START_MSO.value
    trials: tuple[Trial, ...] = ()
    next_mso: float | None = None
    estimate_mso: float | None = None
    rising: bool = True
    responses: int = 0  # at the present amplitude
    failures: int = 0

    def __post_init__(self) -> None:
        if self.step_mso not in (1.0, 2.0):
            raise InputError("step", f"{self.step_mso} %MSO", "1 or 2 %MSO")
        if not 1 <= self.start_mso <= DEVICE_MSO:
            raise InputError("first amplitude", f"{self.start_mso} %MSO", "1 to 100 %MSO")
        if not self.trials:
            object.__setattr__(self, "next_mso", self.start_mso)

    @property
    def band_mso(self) -> None:
        """The rule has no likelihood, so no band."""
        return

    def record(self, mep_V: float) -> RelativeFrequency:
        """The state after a pulse at :attr:`next_mso` that gave this peak-to-peak MEP. [V]"""
        trial = _trial(self, mep_V)
        state = replace(self, trials=(*self.trials, trial))
        at = trial.amplitude_mso
        if self.rising and trial.mep_V < START_SIZE_V.value and at < DEVICE_MSO:
            return replace(state, next_mso=min(at + UP_STEP_MSO.value, DEVICE_MSO))
        state = replace(
            state,
            rising=False,
            responses=self.responses + trial.responded,
            failures=self.failures + (not trial.responded),
        )
        if state.responses == 5:
            return state._passed(at)
        if state.failures > 5:
            return state._failed(at)
        return state

    def _passed(self, at: float) -> RelativeFrequency:
        if at <= self.step_mso:
            raise _unbracketed(f"5 responses of 10 at {at:g} %MSO")
        return replace(self, estimate_mso=at, next_mso=at - self.step_mso, responses=0, failures=0)

    def _failed(self, at: float) -> RelativeFrequency:
        if self.estimate_mso is not None:
            return replace(self, next_mso=None)
        if at >= DEVICE_MSO:
            raise _unbracketed("fewer than 5 responses of 10 at 100 %MSO")
        # The large MEP that ended the way up was chance: go on up.
        up = min(at + UP_STEP_MSO.value, DEVICE_MSO)
        return replace(self, next_mso=up, rising=True, responses=0, failures=0)


METHODS: dict[str, Callable[[int], Hunt]] = {
    MaximumLikelihood.method: lambda n_pulses: MaximumLikelihood(n_pulses=n_pulses),
    RelativeFrequency.method: lambda _: RelativeFrequency(),
}
"""The procedures by name, each made from a number of pulses; the 5-of-10 rule ends by itself."""


def hunt(
    subject: Subject, *, method: str = MaximumLikelihood.method, n_pulses: int = 20, repeat: int = 0
) -> HuntResult:
    """Hunt the RMT of a virtual subject from the first pulse to the last.

    Parameters
    ----------
    method
        ``"ml-pest"`` or ``"5-of-10"``.
    n_pulses
        Pulses of ML-PEST; the 5-of-10 rule ends by itself.
    repeat
        Another number hunts the same subject once more, with other MEPs.

    Raises
    ------
    InputError
        No such method, too few pulses, or the threshold is not bracketed by 0 and 100 %MSO.
    """
    state = _start(method, n_pulses)
    generator = stream(subject.seed, "hunt", subject.index, repeat)
    estimates, bands = [], []
    while (amplitude_mso := state.next_mso) is not None:
        state = state.record(float(draw_mep_V(subject, amplitude_mso, generator)))
        estimates.append(state.estimate_mso)
        bands.append(state.band_mso)
    if state.estimate_mso is None:
        seen = "a response" if state.trials[0].responded else "no response"
        raise _unbracketed(f"{seen} to each of {len(state.trials)} pulses")
    if state.estimate_mso > DEVICE_MSO:
        raise _unbracketed(f"an estimate of {state.estimate_mso:.4g} %MSO")
    return HuntResult(
        method=method,
        subject=subject,
        trials=state.trials,
        estimates_mso=tuple(estimates),
        bands_mso=tuple(bands),
        estimate_mso=state.estimate_mso,
        true_mso=threshold_mso(subject),
    )


def error_curve(
    subjects: Sequence[Subject], *, method: str = MaximumLikelihood.method, n_pulses: int = 40
) -> ErrorCurve:
    """How far off a procedure is after 1 to ``n_pulses`` pulses, over subjects.

    A procedure that has ended keeps its estimate. A subject whose threshold is not bracketed counts as one
    without estimate.

    Raises
    ------
    InputError
        No such method, no subjects or too few pulses.
    """
    if not subjects:
        raise InputError("subjects", "none", "1 or more")
    errors = np.full((len(subjects), n_pulses), np.nan)
    used = np.full(len(subjects), n_pulses)
    for row, subject in enumerate(subjects):
        try:
            result = hunt(subject, method=method, n_pulses=n_pulses)
        except UnbracketedError:
            continue
        estimates = np.array([np.nan if e is None else e for e in result.estimates_mso])[:n_pulses]
        errors[row, : len(estimates)] = estimates / result.true_mso - 1
        errors[row, len(estimates) :] = errors[row, len(estimates) - 1]
        used[row] = len(estimates)
    known = np.isfinite(errors).mean(axis=0)
    shares = np.array([0.25, 0.5, 0.75])
    quantiles = np.full((len(shares), n_pulses), np.nan)
    enough = known >= 0.5
    quantiles[:, enough] = np.nanquantile(np.abs(errors[:, enough]), shares, axis=0)
    return ErrorCurve(
        method=method,
        n_subjects=len(subjects),
        shares=read_only(shares),
        error=read_only(quantiles),
        with_estimate=read_only(known),
        pulses_used=float(np.median(used)),
    )


def _unbracketed(found: str) -> UnbracketedError:
    return UnbracketedError(
        "motor threshold", found, "responses to some pulses between 0 and 100 %MSO and none to others",
        "Check the coil's place, the electrodes and the range of the stimulator.",
    )  # fmt: skip


def _start(method: str, n_pulses: int) -> Hunt:
    if method not in METHODS:
        raise InputError("method", repr(method), f"one of {', '.join(METHODS)}")
    return METHODS[method](n_pulses)


def _trial(state: Hunt, mep_V: float) -> Trial:
    amplitude_mso = state.next_mso
    if amplitude_mso is None:
        raise InputError("pulse", "one more after the end of the hunt", "none: the threshold is known")
    if not (math.isfinite(mep_V) and 0 <= mep_V < 1):
        raise InputError("MEP", f"{mep_V} V", "a peak-to-peak size of 0 to 1 V")
    return Trial(amplitude_mso=amplitude_mso, mep_V=mep_V, responded=mep_V >= CRITERION_V.value)


def _both(trials: Sequence[Trial]) -> bool:
    return len({trial.responded for trial in trials}) == 2


def _check_ends(trials: Sequence[Trial]) -> None:
    last = trials[-_AT_THE_END:]
    for end_mso, responded in ((DEVICE_MSO, False), (1.0, True)):
        if len(last) == _AT_THE_END and all(
            t.amplitude_mso == end_mso and t.responded == responded for t in last
        ):
            seen = "responses to each" if responded else "no response to any"
            raise _unbracketed(f"{seen} of {_AT_THE_END} pulses at {end_mso:g} %MSO")


@cache
def _thresholds() -> FloatArray:
    """The thresholds that are held against each other. [%MSO]"""
    return read_only(np.arange(1, 10 * PEST_YES_MSO.value + 1) / 10)


@cache
def _opening() -> FloatArray:
    return read_only(_log_chance(0.0, False) + _log_chance(PEST_YES_MSO.value, True))


def _log_chance(amplitude_mso: float, responded: bool) -> FloatArray:
    """Log of the chance of what was seen, at each threshold."""
    t = _thresholds()
    z = (amplitude_mso - t) / (PEST_SPREAD.value * t)
    return np.log(np.maximum(ndtr(z if responded else -z), 1e-300))
