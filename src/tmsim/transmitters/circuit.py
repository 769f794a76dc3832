"""The circuit of dorsal raphe and ventral tegmental area: how its cells fire, and what they see of it."""

from __future__ import annotations

from functools import cache

import numpy as np

from tmsim.core import FloatArray, InputError, as_array, read_only
from tmsim.transmitters.kernels import CircuitConstants, CircuitWeights, advance_circuit
from tmsim.transmitters.parameters import CIRCUIT, CIRCUIT_START, WEIGHTS
from tmsim.transmitters.types import HEALTHY, CircuitRun, Pharmacology, WINDOW_s

STEP_s = 1e-4
"""Step of the published runs. [s]"""
_STEPS_s = (1e-5, 0.005)
_LONGEST_s = 86400.0
_SETTLED_s = 60.0


def circuit(
    *,
    weights: str = "first",
    dopamine: float = 0.0,
    serotonin: float = 0.0,
    glutamate: float = 0.0,
    pharmacology: Pharmacology = HEALTHY,
    duration_s: float = _SETTLED_s,
    step_s: float = STEP_s,
) -> CircuitRun:
    """Run the circuit under a constant extra input, from the published initial state.

    Parameters
    ----------
    weights
        ``"first"`` or ``"second"``; they are nearly alike at rest, and part under drugs.
    dopamine, serotonin, glutamate
        Extra input to those cells, in units of the circuit.
    duration_s
        Whole seconds; after 60 the circuit has settled. [s]

    Raises
    ------
    InputError
        An unknown set of weights, an input that isn't a number, a duration or a step out of range.
    """
    drive = as_array("extra input", [dopamine, serotonin, glutamate], (3,))
    if not 1 <= duration_s <= _LONGEST_s or duration_s % WINDOW_s:
        raise InputError("duration", f"{duration_s} s", "a whole number of seconds, 1 s to 1 day")
    rows = np.tile(drive, (round(duration_s / WINDOW_s), 1))
    return driven_circuit(rows, weights=weights, pharmacology=pharmacology, step_s=step_s)


def driven_circuit(
    drive: FloatArray,
    *,
    weights: str = "first",
    pharmacology: Pharmacology = HEALTHY,
    start: FloatArray | None = None,
    step_s: float = STEP_s,
) -> CircuitRun:
    """Run the circuit under an extra input that changes each second.

    Parameters
    ----------
    drive
        Extra input to dopamine, serotonin and glutamate cells in each second, (n, 3).
    start
        State at the end of an earlier run; the published initial state where None.
    """
    if weights not in WEIGHTS:
        raise InputError("weights", repr(weights), f"one of {', '.join(WEIGHTS)}")
    if not _STEPS_s[0] <= step_s <= _STEPS_s[1]:
        raise InputError("time step", f"{step_s} s", "0.01 to 5 ms")
    drive = as_array("extra input", drive, (None, 3))
    state = np.array(CIRCUIT_START if start is None else as_array("start", start, (6,)))
    rate_Hz, space = np.empty((len(drive), 2)), np.empty((len(drive), 2))
    steps = round(WINDOW_s / step_s)
    advance_circuit(
        state, drive, pharmacology.dat_scale, pharmacology.sert_scale, pharmacology.autoreceptor,
        _weights(weights), _constants(), steps, WINDOW_s / steps * 1e3, rate_Hz, space,
    )  # fmt: skip
    return CircuitRun(
        weights=weights,
        time_s=read_only((np.arange(len(drive)) + 0.5) * WINDOW_s),
        dopamine_Hz=read_only(rate_Hz[:, 0].copy()),
        serotonin_Hz=read_only(rate_Hz[:, 1].copy()),
        dopamine_M=read_only(space[:, 0] * 1e-6),
        serotonin_M=read_only(space[:, 1] * 1e-6),
        state=read_only(state),
    )


@cache
def _constants() -> CircuitConstants:
    return CircuitConstants(**{name: entry.value for name, entry in CIRCUIT.items()})


@cache
def _weights(name: str) -> CircuitWeights:
    return CircuitWeights(**{key: entry.value for key, entry in WEIGHTS[name].items()})
