"""The dynamic mean field at rest: inhibition, rates, functional connectivity, and a change at one site.

All means are taken over the noise: an input current is normal round its mean, with the variance that the
covariance of the gating variables gives it, and rates and slopes are averages over that (statistical
linearisation). Means and covariance are brought to agree in turns. Where noise goes to 0 this is the linear
noise approximation round the deterministic fixed point.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple, get_args

import numpy as np

from tmsim.core import FloatArray, InputError, OutsideModelError, read_only, stream
from tmsim.network.kernels import MeanFieldConstants, advance_mean_field, stationary_covariance
from tmsim.network.parameters import MEAN_FIELD, NOISE, RECURRENT, REST_COUPLING, RATE_BAND_Hz, TARGET_Hz
from tmsim.network.types import Connectome, Resting, RestingChange, RestingSample

Synapses = Literal["recurrent", "outgoing"]

STEP_ms = 0.5
"""Step of simulated rest. [ms]"""

_SETTLING_s = 10.0
_LONGEST_s = 3600.0
_CHUNK = 20000  # steps whose random numbers are in memory at a time
_TURNS = 60  # a dozen or two are enough where there is rest
_SHIFT_per_ms, _DOUBLINGS = 0.025, 30
_DAMPED_per_ms = 1e-4  # rest is given where every disturbance dies away at least so fast
_TOLERANCE, _AGREED = 1e-10, 1e-7  # of Newton's method, and of means and covariance in turns
_POINTS, _WEIGHTS = np.polynomial.hermite_e.hermegauss(31)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True, kw_only=True)
class MeanField:
    """How the regions are coupled and set.

    Parameters
    ----------
    coupling
        G, in units of the connectome's largest eigenvalue; 0 or more.
    target_Hz
        Mean rate of the excitatory cells that feedback inhibition is set for. [Hz]
    noise
        Of both gating variables; above 0. [1/sqrt(ms)]
    """

    coupling: float = REST_COUPLING.value
    target_Hz: float = TARGET_Hz.value
    noise: float = NOISE.value

    def __post_init__(self) -> None:
        if not 0 <= self.coupling < np.inf:
            raise InputError("coupling", f"{self.coupling}", "0 or more")
        if not 1 <= self.target_Hz <= 10:
            raise InputError("target rate", f"{self.target_Hz} Hz", "1 to 10 Hz; published is 3.08 Hz")
        if not 0 < self.noise <= 0.02:
            raise InputError("noise", f"{self.noise}", "above 0, at most 0.02; published is 0.01")


class _Synapses(NamedTuple):
    """What carries currents between gating variables and cells; all in units of :class:`Resting`."""

    coupling: FloatArray
    recurrent: FloatArray
    inhibition: FloatArray


class _Spread(NamedTuple):
    """What the noise does to the inputs: their standard deviations, and how they go with the own gating."""

    sd_E: FloatArray
    sd_I: FloatArray
    with_own: FloatArray


def resting(connectome: Connectome, *, mass: MeanField | None = None) -> Resting:
    """The network at rest, with the feedback inhibition that gives every region the target rate.

    With the rates all means are known, and inhibition follows in closed form (Demirtas2019), for each state
    of the noise anew. This rest holds against small disturbances. Near the strongest coupling that has one,
    large ones lead out of it: on the built-in connectome, simulated rates stay below 3.6 Hz up to a coupling
    of 1.3.

    Raises
    ------
    OutsideModelError
        The coupling is so strong that there is no rest.
    """
    mass = mass or MeanField()
    c, n = _constants(), len(connectome.labels)
    coupling = mass.coupling * connectome.scaled
    recurrent, rates = np.full(n, RECURRENT.value), np.full(n, mass.target_Hz)
    spread = _uncoupled(n, mass.noise)
    input_E, input_I, inhibition = np.full(n, 0.38), np.full(n, 0.25), np.zeros(n)
    for _ in range(_TURNS):
        input_E = _input_for(rates, spread.sd_E, input_E)
        slope_E = _slope(input_E, spread.sd_E, _curve_E())
        kept = c.gamma * c.tau_E_ms
        gating_E = kept * (rates - slope_E * spread.with_own) / (1 + kept * rates)
        input_I, gating_I, slope_I = _inhibitory(gating_E, spread.sd_I, input_I)
        arriving = recurrent * gating_E + coupling @ gating_E
        last = inhibition
        inhibition = (c.scale_E * c.background_nA + c.nmda_nA * arriving - input_E) / gating_I
        synapses = _Synapses(coupling, recurrent, inhibition)
        jacobian = _jacobian(synapses, gating_E, rates, slope_E, slope_I)
        covariance = _covariance(jacobian, mass.noise)
        spread = _spread(synapses, covariance)
        if np.abs(inhibition - last).max() < _AGREED:
            return _result(connectome, synapses, mass.noise, rates, gating_E, gating_I, jacobian, covariance)
    raise _no_rest()


def after_plasticity(
    resting: Resting, region: str, change: float, *, synapses: Synapses = "recurrent"
) -> RestingChange:
    """Rest after synapses of one region have changed, before feedback inhibition has followed.

    That an after-effect, a relative change of the MEP, is the same relative change of these synapses is an
    assumption, and which synapses they are isn't known: look at both kinds.

    Parameters
    ----------
    change
        Relative change of their strength, -1 to 2.
    synapses
        ``"recurrent"``, of the region onto itself, or ``"outgoing"``, of the region onto others.

    Raises
    ------
    InputError
        An unknown region or kind of synapse, or a change out of range.
    OutsideModelError
        There is no rest after it.
    """
    site = resting.connectome.index(region)
    if not -1 <= change <= 2:
        raise InputError("change of synapses", f"{change:.0%}", "-100 % to +200 %")
    if synapses not in get_args(Synapses):
        raise InputError("synapses", repr(synapses), " or ".join(get_args(Synapses)))
    recurrent, coupling = resting.recurrent.copy(), resting.coupling.copy()
    if synapses == "recurrent":
        recurrent[site] *= 1 + change
    else:
        coupling[:, site] *= 1 + change
    changed = _Synapses(coupling, recurrent, resting.inhibition)
    gating_E, spread = resting.gating_E, _spread(changed, resting.covariance)
    input_I = np.full(len(gating_E), 0.25)
    for _ in range(_TURNS):
        last = gating_E
        gating_E, rates, slope_E, input_I = _means(changed, gating_E, spread, input_I)
        input_I, gating_I, slope_I = _inhibitory(gating_E, spread.sd_I, input_I)
        jacobian = _jacobian(changed, gating_E, rates, slope_E, slope_I)
        covariance = _covariance(jacobian, resting.noise)
        spread = _spread(changed, covariance)
        if np.abs(gating_E - last).max() < _AGREED:
            break
    else:
        raise _no_rest()
    low, high = (bound.value for bound in RATE_BAND_Hz)
    out = [
        f"{label} {rate:.1f} Hz"
        for label, rate in zip(resting.connectome.labels, rates.tolist(), strict=True)
        if not low <= rate <= high
    ]
    notes = ["Feedback inhibition is as before: after days it would follow and undo part of this."]
    if out:
        notes.append(f"Rates beyond {low:g} to {high:g} Hz: {', '.join(out)}.")
    return RestingChange(
        before=resting,
        after=_result(
            resting.connectome, changed, resting.noise, rates, gating_E, gating_I, jacobian, covariance
        ),
        region=region,
        synapses=synapses,
        change=float(change),
        notes=tuple(notes),
    )


def simulated_rest(resting: Resting, *, duration_s: float = 600.0, seed: int = 0) -> RestingSample:
    """Rates and correlations of simulated rest, the slow and noisy second way to those of :class:`Resting`.

    Parameters
    ----------
    duration_s
        10 to 3600, after a settling of 10 s. [s]
    """
    if not 10 <= duration_s <= _LONGEST_s:
        raise InputError("duration", f"{duration_s} s", "10 to 3600 s")
    n = len(resting.rates_Hz)
    gating_E, gating_I = resting.gating_E.copy(), resting.gating_I.copy()
    rates, count = np.zeros(n), 0
    total, products = np.zeros(n), np.zeros((n, n))
    settling, left = round(_SETTLING_s * 1e3 / STEP_ms), round(duration_s * 1e3 / STEP_ms)
    chunk = 0
    while left > 0:
        steps = settling or min(_CHUNK, left)
        gating, fired = np.empty((steps, n)), np.zeros(n)
        draws = stream(seed, "rest", chunk).standard_normal((steps, 2, n))
        advance_mean_field(
            gating_E, gating_I, resting.coupling, resting.recurrent, resting.inhibition, draws, resting.noise,
            STEP_ms, _constants(), gating, fired,
        )  # fmt: skip
        chunk += 1
        if settling:
            settling = 0
            continue
        left -= steps
        count += steps
        rates += fired
        gating -= resting.gating_E  # so that sums of squares keep their digits
        total += gating.sum(axis=0)
        products += gating.T @ gating
    covariance = products / count - np.outer(total, total) / count**2
    sd = np.sqrt(np.diag(covariance))
    return RestingSample(rates_Hz=read_only(rates / count), fc=read_only(covariance / np.outer(sd, sd)))


_Curve = tuple[float, float, float]


@cache
def _constants() -> MeanFieldConstants:
    return MeanFieldConstants(**{name: entry.value for name, entry in MEAN_FIELD.items()})


def _curve_E() -> _Curve:
    c = _constants()
    return c.gain_E, c.offset_E, c.curve_E


def _curve_I() -> _Curve:
    c = _constants()
    return c.gain_I, c.offset_I, c.curve_I


def _rate(mean: FloatArray, sd: FloatArray, curve: _Curve) -> FloatArray:
    """Mean rate of cells whose input is normal. [Hz]"""
    x = curve[0] * (mean[:, None] + sd[:, None] * _POINTS) - curve[1]
    return (x / -np.expm1(-curve[2] * x)) @ _WEIGHTS


def _slope(mean: FloatArray, sd: FloatArray, curve: _Curve) -> FloatArray:
    """Mean slope of their rate. [Hz/nA]"""
    x = curve[0] * (mean[:, None] + sd[:, None] * _POINTS) - curve[1]
    fall = np.exp(-curve[2] * x)
    return (curve[0] * (1 - fall - curve[2] * x * fall) / (1 - fall) ** 2) @ _WEIGHTS


def _input_for(rates: FloatArray, sd: FloatArray, start: FloatArray) -> FloatArray:
    """The mean input at which excitatory cells have those mean rates. [nA]"""
    mean = start
    for _ in range(_TURNS):
        miss = _rate(mean, sd, _curve_E()) - rates
        mean = mean - miss / _slope(mean, sd, _curve_E())
        if np.abs(miss).max() < _TOLERANCE:
            return mean
    raise _no_rest()


def _inhibitory(
    gating_E: FloatArray, sd: FloatArray, start: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean input, gating and slope of the inhibitory cells under that excitation; they inhibit themselves."""
    c = _constants()
    per_Hz = c.tau_I_ms * 1e-3
    mean = start
    for _ in range(_TURNS):
        slope = _slope(mean, sd, _curve_I())
        gating = per_Hz * _rate(mean, sd, _curve_I())
        miss = c.scale_I * c.background_nA + c.nmda_nA * gating_E - gating - mean
        mean = mean + miss / (1 + per_Hz * slope)
        if np.abs(miss).max() < _TOLERANCE:
            return mean, gating, slope
    raise _no_rest()


def _means(
    synapses: _Synapses, gating_E: FloatArray, spread: _Spread, input_I: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Mean gating, rates and slopes of the excitatory cells with those synapses, by Newton's method."""
    c = _constants()
    per_Hz = c.tau_I_ms * 1e-3
    for _ in range(_TURNS):
        input_I, gating_I, slope_I = _inhibitory(gating_E, spread.sd_I, input_I)
        arriving = synapses.recurrent * gating_E + synapses.coupling @ gating_E
        input_E = c.scale_E * c.background_nA + c.nmda_nA * arriving - synapses.inhibition * gating_I
        rates, slope_E = _rate(input_E, spread.sd_E, _curve_E()), _slope(input_E, spread.sd_E, _curve_E())
        flow = c.gamma * ((1 - gating_E) * rates - slope_E * spread.with_own) - gating_E / c.tau_E_ms
        if np.abs(flow).max() < _TOLERANCE / c.tau_E_ms:
            return gating_E, rates, slope_E, input_I
        feedback = per_Hz * slope_I * c.nmda_nA / (1 + per_Hz * slope_I)
        by_gating = c.nmda_nA * synapses.coupling + np.diag(
            c.nmda_nA * synapses.recurrent - synapses.inhibition * feedback
        )
        jacobian = (c.gamma * (1 - gating_E) * slope_E)[:, None] * by_gating
        jacobian -= np.diag(c.gamma * rates + 1 / c.tau_E_ms)
        gating_E = np.clip(gating_E - np.linalg.solve(jacobian, flow), 1e-6, 1 - 1e-6)
    raise _no_rest()


def _inputs(synapses: _Synapses) -> tuple[FloatArray, FloatArray]:
    """Currents into excitatory and inhibitory cells for each unit of the gating variables, (n, 2 n). [nA]"""
    c, eye = _constants(), np.eye(len(synapses.recurrent))
    excitation = c.nmda_nA * (np.diag(synapses.recurrent) + synapses.coupling)
    return np.hstack([excitation, -np.diag(synapses.inhibition)]), np.hstack([c.nmda_nA * eye, -eye])


def _jacobian(
    synapses: _Synapses, gating_E: FloatArray, rates: FloatArray, slope_E: FloatArray, slope_I: FloatArray
) -> FloatArray:
    """Of the flow of all gating variables, excitatory ones first, (2 n, 2 n). [1/ms]"""
    c, n = _constants(), len(rates)
    to_E, to_I = _inputs(synapses)
    flow = np.vstack([(c.gamma * (1 - gating_E) * slope_E)[:, None] * to_E, 1e-3 * slope_I[:, None] * to_I])
    return flow - np.diag(np.concatenate([1 / c.tau_E_ms + c.gamma * rates, np.full(n, 1 / c.tau_I_ms)]))


def _covariance(jacobian: FloatArray, noise: float) -> FloatArray:
    """Covariance of the gating variables.

    Where a disturbance grows there is none. That of a system damped until none grows is given instead, from
    which the turns can still find to a rest that the noise keeps.
    """
    covariance = np.empty_like(jacobian)
    if not stationary_covariance(jacobian, noise**2, _SHIFT_per_ms, _DOUBLINGS, covariance):
        growth = max(0.0, float(np.linalg.eigvals(jacobian).real.max()))
        damped = jacobian - (growth + _DAMPED_per_ms) * np.eye(len(jacobian))
        if not stationary_covariance(damped, noise**2, _SHIFT_per_ms, _DOUBLINGS, covariance):
            raise _no_rest()
    return (covariance + covariance.T) / 2


def _spread(synapses: _Synapses, covariance: FloatArray) -> _Spread:
    c, n = _constants(), len(synapses.recurrent)
    to_E, _ = _inputs(synapses)
    through_E = to_E @ covariance
    # Inhibitory cells see the gating of their own region alone.
    own_E, own_I = np.diag(covariance)[:n], np.diag(covariance)[n:]
    variance_I = c.nmda_nA**2 * own_E - 2 * c.nmda_nA * np.diag(covariance, n) + own_I
    return _Spread(
        np.sqrt((through_E * to_E).sum(axis=1)), np.sqrt(variance_I), np.diag(through_E[:, :n]).copy()
    )


def _uncoupled(n: int, noise: float) -> _Spread:
    """The spread if gating variables followed their own noise alone: from where the turns start."""
    c = _constants()
    sd = noise * np.sqrt(c.tau_E_ms / 2)
    own = c.nmda_nA * RECURRENT.value
    return _Spread(np.full(n, own * sd), np.full(n, c.nmda_nA * sd), np.full(n, own * sd**2))


def _result(
    connectome: Connectome,
    synapses: _Synapses,
    noise: float,
    rates: FloatArray,
    gating_E: FloatArray,
    gating_I: FloatArray,
    jacobian: FloatArray,
    covariance: FloatArray,
) -> Resting:
    growth = float(np.linalg.eigvals(jacobian).real.max())
    if growth > -_DAMPED_per_ms:
        raise _no_rest()
    return Resting(
        connectome=connectome,
        coupling=read_only(synapses.coupling),
        recurrent=read_only(synapses.recurrent),
        inhibition=read_only(synapses.inhibition),
        noise=noise,
        rates_Hz=read_only(rates),
        gating_E=read_only(gating_E),
        gating_I=read_only(gating_I),
        covariance=read_only(covariance),
        slowest_per_s=-1e3 * growth,
    )


def _no_rest() -> OutsideModelError:
    return OutsideModelError(
        "The regions drive each other out of rest: lower the coupling, or the change of synapses."
    )
