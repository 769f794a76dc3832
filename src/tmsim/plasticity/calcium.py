"""The calcium-dependent rule with BCM metaplasticity in a neural population."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
from scipy.optimize import brentq

from tmsim.core import FloatArray, InputError, IntArray, OutsideModelError, as_array
from tmsim.plasticity.kernels import Constants, advance, sigmoid
from tmsim.plasticity.parameters import CALCIUM_RULE, PULSE_AMPLITUDE, PULSE_WIDTH_s
from tmsim.plasticity.types import (
    UNKNOWN_RESPONSE,
    AfterEffect,
    State,
    TIME_s,
    checked_pause,
    checked_state,
    is_sham,
    unchanged,
)
from tmsim.pulse.intensity import Intensity
from tmsim.pulse.types import Train

CONSTANTS = Constants(**{name: parameter.value for name, parameter in CALCIUM_RULE.items()})
STEP_s = 1e-4
_COARSE_s = 1e-3  # enough where no pulse comes: the fastest rate is 769 /s
_WIDTH = round(PULSE_WIDTH_s.value / STEP_s)
_LONGEST_s = 4 * 3600.0
_NONE = np.empty(0, dtype=np.int32)


@dataclass(frozen=True, kw_only=True, eq=False)
class CalciumState:
    """The population ``since_s`` after the onset of a block's last pulse.

    ``values`` (12,) are in the order of :func:`tmsim.plasticity.kernels.advance`.
    """

    values: FloatArray
    since_s: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", as_array("state of the population", self.values, (12,)))

    @property
    def target(self) -> float:
        """Target of the coupling over the coupling at rest."""
        return float(self.values[8] / rest().values[8])

    @property
    def coupling(self) -> float:
        """Coupling over that at rest."""
        return float(self.values[9] / rest().values[9])

    def rested(self, pause_s: float) -> CalciumState:
        """The population ``pause_s`` after the last pulse, in steps of 0.1 ms. [s]"""
        n_steps = round(checked_pause(pause_s) / STEP_s) - round(self.since_s / STEP_s)
        if n_steps < 0:
            raise InputError("pause", f"{pause_s:g} s", f"{self.since_s:g} s or more")
        return CalciumState(values=_moved(self.values, _NONE, 0.0, n_steps), since_s=pause_s)


@dataclass(frozen=True, kw_only=True)
class Calcium:
    """A population that excites itself; calcium at its NMDA receptors sets where its coupling goes.

    Parameters
    ----------
    amplitude
        Strength of a pulse, a free number of the model. [1/s]
    """

    amplitude: float = PULSE_AMPLITUDE.value

    name: ClassVar[str] = "calcium"
    label: ClassVar[str] = (
        "calcium-dependent plasticity with metaplasticity in a neural population (research)"
    )
    validity: ClassVar[str] = (
        "Any pulses at least 0.5 ms apart. For research: the sign of the effect depends on its parameters, "
        "and depression after cTBS is not reproduced as it is set."
    )

    def __post_init__(self) -> None:
        if not (math.isfinite(self.amplitude) and 0 <= self.amplitude <= 100):
            raise InputError("amplitude of a pulse", f"{self.amplitude}", "0 to 100 /s")

    def after_effect(
        self, train: Train, intensity: Intensity | None = None, state: State | None = None
    ) -> AfterEffect:
        """See :class:`PlasticityModel`; the state is that of the population, metaplasticity included."""
        before = checked_state(state, CalciumState, self.name)
        if is_sham(intensity):
            return unchanged(self.name, before)
        after = self.stimulated(train, before)
        values = np.array(after.values)
        change = np.empty(len(TIME_s))
        for k, pause_s in enumerate(np.diff(TIME_s, prepend=0.0)):
            advance(values, _NONE, 0.0, 1, round(pause_s / _COARSE_s), _COARSE_s, CONSTANTS)
            change[k] = values[9] / rest().values[9] - 1
        return AfterEffect(
            time_s=TIME_s,
            change=change,
            response=UNKNOWN_RESPONSE,
            model=self.name,
            notes=_notes(self.amplitude, intensity),
            sources=("Fung2013", "Fung2014", "SanzLeon2018"),
            state=after,
        )

    def stimulated(self, train: Train, state: CalciumState | None = None) -> CalciumState:
        """The population at the end of the train's last pulse, from ``state`` or from rest.

        Raises
        ------
        OutsideModelError
            Pulses follow each other within their width, or the train lasts longer than 4 hours.
        """
        if train.last_pulse_s > _LONGEST_s:
            raise OutsideModelError(f"A train of {train.last_pulse_s / 3600:.3g} h; expected at most 4 h.")
        onsets = np.rint(train.onsets_s() / STEP_s).astype(np.int32)
        if len(onsets) > 1 and np.diff(onsets).min() < _WIDTH:
            raise OutsideModelError(
                f"Pulses {np.diff(onsets).min() * STEP_s * 1e3:.2g} ms apart; expected 0.5 ms or more."
            )
        values = _moved((state or rest()).values, onsets, self.amplitude, int(onsets[-1]) + _WIDTH)
        return CalciumState(values=values, since_s=PULSE_WIDTH_s.value)


@cache
def rest() -> CalciumState:
    """The population where nothing changes any more without pulses."""
    c = CONSTANTS
    rest_down = c.rate_rest * (c.coupling_max - c.coupling_rest) / c.coupling_rest

    def settled(potential: float) -> tuple[float, float, float, float]:
        """Field, glutamate, calcium and coupling that go with a potential."""
        field = c.rate_max * sigmoid((potential - c.threshold) / c.threshold_spread)
        glutamate = c.glutamate_s * c.glutamate_release * field
        bound = sigmoid((glutamate - c.glutamate_half) * c.glutamate_slope)
        unblocked = sigmoid((potential - c.unblock_half) * c.unblock_slope)
        calcium = c.calcium_s * c.nmda_rest * bound * (c.reversal - potential) * unblocked
        high = sigmoid((calcium - c.potentiation) * c.calcium_slope)
        some = sigmoid((calcium - c.depression) * c.calcium_slope)
        up = c.rate_rest + c.rate_up * high
        down = rest_down + c.rate_down * (some - high)
        return field, glutamate, calcium, c.coupling_max * up / (up + down)

    def excess(potential: float) -> float:
        field, _, _, coupling = settled(potential)
        return coupling * field - potential

    potential = float(brentq(excess, 0.0, 1e-3, xtol=1e-18))
    field, glutamate, calcium, coupling = settled(potential)
    values = [potential, 0, 0, 0, field, 0, glutamate, calcium, coupling, coupling, 0, c.nmda_rest]
    return CalciumState(values=np.array(values, dtype=np.float64))


def _moved(values: FloatArray, onsets: IntArray, amplitude: float, n_steps: int) -> FloatArray:
    moved = np.array(values)
    advance(moved, onsets, amplitude, _WIDTH, n_steps, STEP_s, CONSTANTS)
    if not np.isfinite(moved).all():
        raise OutsideModelError(
            f"The population ran away at amplitude {amplitude:g}; expected a weaker pulse."
        )
    return moved


def _notes(amplitude: float, intensity: Intensity | None) -> tuple[str, ...]:
    given = "none was given" if intensity is None else f"{intensity} was given"
    return (
        "Research: the sign of the effect depends on the parameters, and depression after cTBS is not "
        "reproduced as they are set. Weights swing for minutes where they reach the limit of metaplasticity.",
        f"Intensity does not enter ({given}): a pulse has the amplitude {amplitude:g} /s of the model, which "
        "no experiment ties to a stimulator.",
        "That the MEP changes as the coupling does is assumed; how people differ is borrowed from iTBS.",
    )
