"""The loop of the calcium rule: arrays and numbers in, the state moved on in place."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from tmsim.core import FloatArray, IntArray


class Constants(NamedTuple):
    """Constants of the rule; units and sources are those of ``parameters.CALCIUM_RULE``."""

    alpha: float
    beta: float
    gamma: float
    rate_max: float
    threshold: float
    threshold_spread: float
    stimulus_coupling: float
    glutamate_release: float
    glutamate_s: float
    glutamate_half: float
    glutamate_slope: float
    reversal: float
    unblock_half: float
    unblock_slope: float
    nmda_rest: float
    calcium_s: float
    depression: float
    potentiation: float
    calcium_slope: float
    rate_rest: float
    rate_up: float
    rate_down: float
    coupling_rest: float
    coupling_max: float
    expression: float
    metaplasticity_s: float
    recovery_s: float


@njit(cache=True)
def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x))."""
    return 1.0 / (1.0 + np.exp(-x))


@njit(cache=True)
def advance(
    state: FloatArray,
    onsets: IntArray,
    amplitude: float,
    width: int,
    n_steps: int,
    step_s: float,
    c: Constants,
) -> None:
    """Move ``state`` (12,) on by ``n_steps`` Euler steps, pulses of ``width`` steps at ``onsets``.

    The state is: potential of the population's own field and its slope, potential of the stimulus and its
    slope, axonal field and its slope, glutamate, calcium, target of the coupling, coupling and its slope,
    NMDA conductance.
    """
    own, own_slope, driven, driven_slope, field, field_slope = state[:6]
    glutamate, calcium, target, coupling, coupling_slope, nmda = state[6:]
    product, total = c.alpha * c.beta, c.alpha + c.beta
    rest_down = c.rate_rest * (c.coupling_max - c.coupling_rest) / c.coupling_rest
    pulse = 0
    for step in range(n_steps):
        while pulse < len(onsets) and step >= onsets[pulse] + width:
            pulse += 1
        stimulus = amplitude if pulse < len(onsets) and step >= onsets[pulse] else 0.0
        potential = own + driven
        rate = c.rate_max * sigmoid((potential - c.threshold) / c.threshold_spread)
        bound = sigmoid((glutamate - c.glutamate_half) * c.glutamate_slope)
        influx = (c.reversal - potential) * sigmoid((potential - c.unblock_half) * c.unblock_slope)
        high = sigmoid((calcium - c.potentiation) * c.calcium_slope)
        some = sigmoid((calcium - c.depression) * c.calcium_slope)
        up = c.rate_rest + c.rate_up * high
        down = rest_down + c.rate_down * (some - high)

        d_own = own_slope
        d_own_slope = product * (coupling * field - own) - total * own_slope
        d_driven = driven_slope
        d_driven_slope = product * (c.stimulus_coupling * stimulus - driven) - total * driven_slope
        d_field = field_slope
        d_field_slope = c.gamma**2 * (rate - field) - 2 * c.gamma * field_slope
        d_glutamate = c.glutamate_release * (field + stimulus) - glutamate / c.glutamate_s
        d_calcium = nmda * bound * influx - calcium / c.calcium_s
        d_target = up * (c.coupling_max - target) - down * target
        d_coupling = coupling_slope
        d_coupling_slope = c.expression**2 * (target - coupling) - 2 * c.expression * coupling_slope
        d_nmda = -nmda / c.metaplasticity_s * (target / coupling - 1) + (c.nmda_rest - nmda) / c.recovery_s

        own += step_s * d_own
        own_slope += step_s * d_own_slope
        driven += step_s * d_driven
        driven_slope += step_s * d_driven_slope
        field += step_s * d_field
        field_slope += step_s * d_field_slope
        glutamate += step_s * d_glutamate
        calcium += step_s * d_calcium
        target += step_s * d_target
        coupling += step_s * d_coupling
        coupling_slope += step_s * d_coupling_slope
        nmda += step_s * d_nmda
    state[:6] = own, own_slope, driven, driven_slope, field, field_slope
    state[6:] = glutamate, calcium, target, coupling, coupling_slope, nmda
