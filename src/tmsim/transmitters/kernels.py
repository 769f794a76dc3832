"""The loops of terminals and circuit: arrays and numbers in, the state moved on in place.

Inputs are constant over windows of ``steps`` steps; of what is put out, each window's mean is given.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from tmsim.core import FloatArray


class TerminalConstants(NamedTuple):
    """Constants of the serotonin terminal; units and sources are those of ``SEROTONIN_TERMINAL``."""

    supply: float
    blood_removal: float
    blood_set: float
    entry_max: float
    entry_half: float
    pool_in: float
    pool_out: float
    pool_loss: float
    tryptophan_removal: float
    tph_max: float
    tph_half: float
    tph_excess: float
    tph_bh4: float
    drr_max: float
    drr_bh2: float
    drr_back: float
    drr_bh4: float
    drr_nadp: float
    nadph: float
    nadp: float
    aadc_max: float
    aadc_half: float
    vmat_max: float
    vmat_half: float
    vmat_back: float
    mao_max: float
    mao_half: float
    sert_max: float
    sert_half: float
    release: float
    release_most: float
    refill: float
    refill_most: float
    reserve_half: float
    diffusion: float
    removal: float
    hia_removal: float
    bind: float
    unbind: float
    receptors: float
    g_on: float
    g_off: float
    g_total: float
    t_on: float
    t_off: float
    t_total: float
    on_release: float
    on_synthesis: float


class CircuitConstants(NamedTuple):
    """Constants of the circuit; units and sources are those of ``CIRCUIT``."""

    gain_d: float
    gain_s: float
    gain_i: float
    gain_e: float
    threshold_d: float
    threshold_s: float
    threshold_i: float
    threshold_e: float
    bias_d: float
    bias_s: float
    bias_i: float
    self_i: float
    self_e: float
    release_d: float
    vmax_d: float
    km_d: float
    release_s: float
    vmax_s: float
    km_s: float
    auto_most: float
    auto_slope: float
    auto_half: float
    auto_d_ms: float
    auto_s_ms: float
    hetero_most: float
    hetero_slope: float
    hetero_half_d: float
    hetero_half_s: float
    hetero_d_ms: float
    hetero_s_ms: float


class CircuitWeights(NamedTuple):
    """One of ``WEIGHTS``: who acts on whom."""

    s_to_i: float
    d_to_i: float
    i_to_i: float
    s_to_e: float
    s_to_i5: float
    d_to_i5: float
    e_to_d: float
    e_to_s: float
    i5_to_s: float
    i_to_d: float
    i_to_s: float


class UptakeConstants(NamedTuple):
    """A terminal of release, uptake and autoreceptor, in uM and s."""

    release: float
    vmax: float
    km: float
    half: float
    slope: float
    lag: float
    on_release: float


@njit(cache=True)
def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x))."""
    return 1.0 / (1.0 + np.exp(-x))


@njit(cache=True)
def terminal_slope(
    y: FloatArray,
    out: FloatArray,
    firing: float,
    scale: float,
    sensitivity: float,
    g_rest: float,
    v_rest: float,
    c: TerminalConstants,
) -> None:
    """Rates of change of the serotonin terminal, into ``out`` (15,). [uM/h]

    ``firing`` is relative to rest, ``scale`` multiplies the transporter, ``sensitivity`` the autoreceptors;
    ``g_rest`` and ``v_rest`` are G protein and releasable vesicles at rest.
    """
    blood, bh2, bh4, trp, htp, cell, ready, reserve, space = y[:9]
    hia, pool, bound, g, t, glia = y[9:]
    above = sensitivity * (g - g_rest)
    entry = c.entry_max * blood / (c.entry_half + blood)
    to_pool = c.pool_in * trp - c.pool_out * pool
    tph = (
        c.tph_max * trp / (c.tph_half + trp + trp * trp / c.tph_excess) * bh4 / (c.tph_bh4 + bh4)
        * max(0.0, 1.0 - c.on_synthesis * above)
    )  # fmt: skip
    drr = c.drr_max * bh2 * c.nadph / ((c.drr_bh2 + bh2) * (c.drr_nadp + c.nadph))
    drr -= c.drr_back * bh4 * c.nadp / ((c.drr_bh4 + bh4) * (c.drr_nadp + c.nadp))
    aadc = c.aadc_max * htp / (c.aadc_half + htp)
    loading = c.vmat_max * cell / (c.vmat_half + cell)
    to_ready = max(0.0, loading - c.vmat_back * ready)
    to_reserve = max(0.0, loading - c.vmat_back * reserve)
    sert = scale * c.sert_max * space / (c.sert_half + space)
    released = c.release * ready * min(c.release_most, firing * max(0.0, 1.0 - c.on_release * above))
    refilled = min(max(c.refill * (v_rest - ready), 0.0), c.refill_most)
    refilled *= reserve / (c.reserve_half + reserve)
    oxidised = c.mao_max * cell / (c.mao_half + cell)
    oxidised_in_glia = c.mao_max * glia / (c.mao_half + glia)
    leak, from_glia = c.diffusion * (cell - space), c.diffusion * (glia - space)

    out[0] = c.supply - entry - c.blood_removal * (blood - c.blood_set)
    out[1] = tph - drr
    out[2] = drr - tph
    out[3] = entry - tph - to_pool - c.tryptophan_removal * trp
    out[4] = tph - aadc
    out[5] = aadc - to_ready - to_reserve + sert - oxidised - leak
    out[6] = to_ready - released + refilled
    out[7] = to_reserve - refilled
    out[8] = released - sert - c.removal * space + leak + from_glia
    out[9] = oxidised + oxidised_in_glia - c.hia_removal * hia
    out[10] = to_pool - c.pool_loss * pool
    out[11] = c.bind * space * (c.receptors - bound) - c.unbind * bound
    out[12] = c.g_on * bound * bound * (c.g_total - g) - c.g_off * t * g
    out[13] = c.t_on * g * g * (c.t_total - t) - c.t_off * t
    out[14] = -oxidised_in_glia - from_glia


@njit(cache=True)
def advance_terminal(
    y: FloatArray,
    firing: FloatArray,
    scale: float,
    sensitivity: float,
    g_rest: float,
    v_rest: float,
    c: TerminalConstants,
    steps: int,
    step_h: float,
    space: FloatArray,
) -> None:
    """Move ``y`` (15,) on by ``steps`` fourth-order Runge-Kutta steps for each of ``firing`` (n,).

    ``space`` (n,) becomes the extracellular concentration. [uM]
    """
    slope, at, total_slope = np.empty(15), np.empty(15), np.empty(15)
    for window in range(len(firing)):
        fire, total = firing[window], 0.0
        for _ in range(steps):
            at[:] = y
            total_slope[:] = 0.0
            for part in range(4):
                terminal_slope(at, slope, fire, scale, sensitivity, g_rest, v_rest, c)
                weight = 1.0 if part in (0, 3) else 2.0
                ahead = step_h if part == 2 else 0.5 * step_h
                for k in range(15):
                    total_slope[k] += weight * slope[k]
                    at[k] = y[k] + ahead * slope[k]
            for k in range(15):
                y[k] += step_h / 6.0 * total_slope[k]
            total += y[8]
        space[window] = total / steps


@njit(cache=True)
def advance_uptake(
    y: FloatArray,
    rate_Hz: FloatArray,
    scale: float,
    auto_rest: float,
    c: UptakeConstants,
    steps: int,
    step_s: float,
    space: FloatArray,
) -> None:
    """Move ``y`` (2,), concentration and autoreceptor, on by ``steps`` such steps for each of ``rate_Hz``."""
    for window in range(len(rate_Hz)):
        total = 0.0
        for _ in range(steps):
            a1, b1 = _uptake_slope(y[0], y[1], rate_Hz[window], scale, auto_rest, c)
            a2, b2 = _uptake_slope(
                y[0] + 0.5 * step_s * a1, y[1] + 0.5 * step_s * b1, rate_Hz[window], scale, auto_rest, c
            )
            a3, b3 = _uptake_slope(
                y[0] + 0.5 * step_s * a2, y[1] + 0.5 * step_s * b2, rate_Hz[window], scale, auto_rest, c
            )
            a4, b4 = _uptake_slope(
                y[0] + step_s * a3, y[1] + step_s * b3, rate_Hz[window], scale, auto_rest, c
            )
            y[0] += step_s / 6.0 * (a1 + 2.0 * a2 + 2.0 * a3 + a4)
            y[1] += step_s / 6.0 * (b1 + 2.0 * b2 + 2.0 * b3 + b4)
            total += y[0]
        space[window] = total / steps


@njit(cache=True)
def _uptake_slope(
    space: float, auto: float, rate_Hz: float, scale: float, auto_rest: float, c: UptakeConstants
) -> tuple[float, float]:
    released = c.release * rate_Hz * max(0.0, 1.0 - c.on_release * (auto - auto_rest))
    bound = sigmoid(c.slope * (space - c.half))
    return released - scale * c.vmax * space / (c.km + space), (bound - auto) / c.lag


@njit(cache=True)
def advance_circuit(
    y: FloatArray,
    drive: FloatArray,
    dat_scale: float,
    sert_scale: float,
    sensitivity: float,
    w: CircuitWeights,
    c: CircuitConstants,
    steps: int,
    step_ms: float,
    rate_Hz: FloatArray,
    space: FloatArray,
) -> None:
    """Move ``y`` (6,) on by ``steps`` Euler steps for each row of ``drive`` (n, 3).

    The state is: dopamine, serotonin, autoreceptor currents of both, what dopamine and serotonin do to
    others. Drive goes to dopamine, serotonin and glutamate cells. ``rate_Hz`` and ``space`` (n, 2) are of
    dopamine and serotonin. GABA and glutamate cells follow at once, so their say on themselves is solved
    for: r = g (I - w r - threshold) is r = g (I - threshold) / (1 + g w).
    """
    d, s, auto_d, auto_s, by_d, by_s = y
    for window in range(len(drive)):
        to_d, to_s, to_e = drive[window]
        sum_rd = sum_rs = sum_d = sum_s = 0.0
        for _ in range(steps):
            e = max(0.0, c.gain_e * (to_e - w.s_to_e * by_s - c.threshold_e) / (1 - c.gain_e * c.self_e))
            i5 = w.d_to_i5 * by_d - w.s_to_i5 * by_s + c.bias_i - c.threshold_i
            i5 = max(0.0, c.gain_i * i5 / (1 + c.gain_i * c.self_i))
            i = w.s_to_i * by_s + w.d_to_i * by_d - c.threshold_i
            i = max(0.0, c.gain_i * i / (1 + c.gain_i * w.i_to_i))
            input_d = w.e_to_d * e - w.i_to_d * i + c.bias_d - auto_d + to_d
            input_s = w.e_to_s * e - w.i5_to_s * i5 - w.i_to_s * i + c.bias_s - sensitivity * auto_s + to_s
            rate_d = max(0.0, c.gain_d * (input_d - c.threshold_d))
            rate_s = max(0.0, c.gain_s * (input_s - c.threshold_s))
            sum_rd, sum_rs, sum_d, sum_s = sum_rd + rate_d, sum_rs + rate_s, sum_d + d, sum_s + s

            slope_d = c.release_d * rate_d * 1e-3 - dat_scale * c.vmax_d * d / (d + c.km_d)
            slope_s = c.release_s * rate_s * 1e-3 - sert_scale * c.vmax_s * s / (s + c.km_s)
            slope_ad = (c.auto_most * sigmoid(c.auto_slope * (d - c.auto_half)) - auto_d) / c.auto_d_ms
            slope_as = (c.auto_most * sigmoid(c.auto_slope * (s - c.auto_half)) - auto_s) / c.auto_s_ms
            slope_hd = c.hetero_most * sigmoid(c.hetero_slope * (d - c.hetero_half_d)) - by_d / c.hetero_d_ms
            slope_hs = c.hetero_most * sigmoid(c.hetero_slope * (s - c.hetero_half_s)) - by_s / c.hetero_s_ms
            d += step_ms * slope_d
            s += step_ms * slope_s
            auto_d += step_ms * slope_ad
            auto_s += step_ms * slope_as
            by_d += step_ms * slope_hd
            by_s += step_ms * slope_hs
        rate_Hz[window, 0], rate_Hz[window, 1] = sum_rd / steps, sum_rs / steps
        space[window, 0], space[window, 1] = sum_d / steps, sum_s / steps
    y[:] = d, s, auto_d, auto_s, by_d, by_s
