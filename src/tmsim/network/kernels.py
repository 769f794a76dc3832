"""The loops of the masses: arrays and numbers in, what they do over time out.

Time is in seconds in Jansen-Rit and in milliseconds in the mean field, as their authors have it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from tmsim.core import FloatArray, IntArray


class JansenRitConstants(NamedTuple):
    """Constants of the Jansen-Rit mass; units and sources are those of ``JANSEN_RIT``."""

    epsp_mV: float
    epsp_per_s: float
    ipsp_mV: float
    ipsp_per_s: float
    to_excitatory: float
    from_excitatory: float
    to_inhibitory: float
    from_inhibitory: float
    most_Hz: float
    half_mV: float
    slope_per_mV: float


class MeanFieldConstants(NamedTuple):
    """Constants of the dynamic mean field; units and sources are those of ``MEAN_FIELD``."""

    tau_E_ms: float
    tau_I_ms: float
    gamma: float
    nmda_nA: float
    background_nA: float
    scale_E: float
    scale_I: float
    gain_E: float
    offset_E: float
    curve_E: float
    gain_I: float
    offset_I: float
    curve_I: float


@njit(cache=True)
def firing(potential_mV: float, c: JansenRitConstants) -> float:
    """Rate of a population at a potential. [Hz]"""
    return c.most_Hz / (1.0 + np.exp(c.slope_per_mV * (c.half_mV - potential_mV)))


@njit(cache=True)
def _slopes(y: FloatArray, recruited: float, input_Hz: float, c: JansenRitConstants, out: FloatArray) -> None:
    rate = firing(y[1] - y[2], c)
    rate += recruited * (c.most_Hz - rate)
    a, b = c.epsp_per_s, c.ipsp_per_s
    excitatory = input_Hz + c.from_excitatory * firing(c.to_excitatory * y[0], c)
    inhibitory = c.from_inhibitory * firing(c.to_inhibitory * y[0], c)
    out[0], out[1], out[2] = y[3], y[4], y[5]
    out[3] = c.epsp_mV * a * rate - 2 * a * y[3] - a * a * y[0]
    out[4] = c.epsp_mV * a * excitatory - 2 * a * y[4] - a * a * y[1]
    out[5] = c.ipsp_mV * b * inhibitory - 2 * b * y[5] - b * b * y[2]


@njit(cache=True)
def advance_jansen_rit(
    y: FloatArray,
    coupling: FloatArray,
    lag: IntArray,
    input_Hz: float,
    rest_Hz: float,
    noise_Hz: FloatArray,
    recruited: FloatArray,
    volley: tuple[int, int],
    cut: int,
    step_s: float,
    c: JansenRitConstants,
    potential_mV: FloatArray,
) -> None:
    """Move the masses ``y`` (n, 6) on by Heun's method; note their potential (n, n_steps) before each step.

    Before the first step they fired at the rate of ``y`` for ever. Input is ``input_Hz`` while other regions
    fire at ``rest_Hz``. What comes from them, ``lag`` (n, n) steps late, and noise (n_steps, n) hold over a
    step. The share ``recruited`` (n,) fires at the highest rate from the first step of ``volley`` up to the
    second; from step ``cut`` on all that is not at rest stays where it is.
    """
    n, n_steps = potential_mV.shape
    kept = lag.max() + 1
    past = np.empty((kept, n))
    for i in range(n):
        past[:, i] = firing(y[i, 1] - y[i, 2], c)
    arriving = np.empty(n)
    first, second, half = np.empty(6), np.empty(6), np.empty(6)
    for step in range(n_steps):
        fires = volley[0] <= step < volley[1]
        for i in range(n):
            potential_mV[i, step] = y[i, 1] - y[i, 2]
            rate = firing(potential_mV[i, step], c)
            past[step % kept, i] = rate + (recruited[i] * (c.most_Hz - rate) if fires else 0.0)
        arriving[:] = input_Hz + noise_Hz[step]
        if step < cut:
            for i in range(n):
                total = 0.0
                for j in range(n):
                    total += coupling[i, j] * (past[(step - lag[i, j]) % kept, j] - rest_Hz)
                arriving[i] += total
        for i in range(n):
            share = recruited[i] if fires else 0.0
            _slopes(y[i], share, arriving[i], c, first)
            half[:] = y[i] + step_s * first
            _slopes(half, share, arriving[i], c, second)
            y[i] += 0.5 * step_s * (first + second)


@njit(cache=True)
def transfer(current_nA: float, gain: float, offset: float, curve: float) -> float:
    """Rate of a population at an input current. [Hz]"""
    x = gain * current_nA - offset
    if abs(curve * x) < 1e-6:  # its limit where both parts of the fraction vanish
        return 1.0 / curve + 0.5 * x
    return x / (1.0 - np.exp(-curve * x))


@njit(cache=True)
def advance_mean_field(
    gating_E: FloatArray,
    gating_I: FloatArray,
    coupling: FloatArray,
    recurrent: FloatArray,
    inhibition: FloatArray,
    draws: FloatArray,
    noise: float,
    step_ms: float,
    c: MeanFieldConstants,
    gating: FloatArray,
    rate_Hz: FloatArray,
) -> None:
    """Move the gating variables on by Euler and Maruyama, once for each row of ``draws`` (n_steps, 2, n).

    ``gating`` (n_steps, n) are those of the excitatory cells after each step; their rates are added to
    ``rate_Hz`` (n,).
    """
    n = len(gating_E)
    kick = noise * np.sqrt(step_ms)
    for step in range(len(draws)):
        arriving = coupling @ gating_E
        for i in range(n):
            current_E = (
                c.scale_E * c.background_nA
                + c.nmda_nA * (recurrent[i] * gating_E[i] + arriving[i])
                - inhibition[i] * gating_I[i]
            )
            current_I = c.scale_I * c.background_nA + c.nmda_nA * gating_E[i] - gating_I[i]
            rate_E = transfer(current_E, c.gain_E, c.offset_E, c.curve_E)
            rate_I = transfer(current_I, c.gain_I, c.offset_I, c.curve_I)
            slope_E = -gating_E[i] / c.tau_E_ms + (1.0 - gating_E[i]) * c.gamma * rate_E
            slope_I = -gating_I[i] / c.tau_I_ms + 1e-3 * rate_I
            gating_E[i] = min(max(gating_E[i] + step_ms * slope_E + kick * draws[step, 0, i], 0.0), 1.0)
            gating_I[i] = max(gating_I[i] + step_ms * slope_I + kick * draws[step, 1, i], 0.0)
            rate_Hz[i] += rate_E
            gating[step, i] = gating_E[i]


@njit(cache=True)
def _product(a: FloatArray, b: FloatArray, out: FloatArray) -> None:
    # By rows, which compiles to vector code; threads of BLAS are slower at this size, and vary.
    for i in range(len(a)):
        out[i] = 0.0
        for k in range(len(b)):
            factor = a[i, k]
            for j in range(b.shape[1]):
                out[i, j] += factor * b[k, j]


@njit(cache=True)
def _inverse(a: FloatArray) -> FloatArray:
    """By Gauss and Jordan with pivots; ``a`` is destroyed."""
    n = len(a)
    out = np.eye(n)
    for k in range(n):
        pivot = k + np.argmax(np.abs(a[k:, k]))
        if pivot != k:
            for j in range(n):
                a[k, j], a[pivot, j] = a[pivot, j], a[k, j]
                out[k, j], out[pivot, j] = out[pivot, j], out[k, j]
        scale = 1.0 / a[k, k]
        a[k] *= scale
        out[k] *= scale
        for i in range(n):
            factor = a[i, k]
            if i != k and factor != 0.0:
                a[i] -= factor * a[k]
                out[i] -= factor * out[k]
    return out


@njit(cache=True)
def stationary_covariance(
    flow: FloatArray, variance: float, shift: float, doublings: int, out: FloatArray
) -> bool:
    """Covariance X of dx = flow x dt + noise of that variance on each: flow X + X flow' + variance = 0.

    By doubling the sum that the Cayley transform at ``shift`` makes of it; any positive ``shift`` does, one
    amid the rates of decay is fastest. False where it does not settle: something grows.
    """
    n = len(flow)
    resolvent = _inverse(shift * np.eye(n) - flow)
    power = 2.0 * shift * resolvent - np.eye(n)
    half, added = np.empty((n, n)), np.empty((n, n))
    _product(resolvent, np.ascontiguousarray(resolvent.T), out)
    out *= 2.0 * shift * variance
    for _ in range(doublings):
        _product(power, out, half)
        _product(half, np.ascontiguousarray(power.T), added)
        out += added
        largest = np.abs(out).max()
        if not largest < 1e30:
            return False
        if np.abs(added).max() <= 1e-15 * largest:
            return True
        _product(power, power, half)
        power[:] = half
    return False
