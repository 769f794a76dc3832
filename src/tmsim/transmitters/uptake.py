"""Dopamine and noradrenaline terminals: release by spikes, Michaelis-Menten uptake, an autoreceptor."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from tmsim.core import FloatArray, InputError, OutsideModelError, Parameter, read_only
from tmsim.transmitters.kernels import UptakeConstants, advance_uptake
from tmsim.transmitters.parameters import DOPAMINE, NORADRENALINE, COERULEUS_Hz
from tmsim.transmitters.types import Pharmacology, WINDOW_s

_STEP = 0.4  # of what uptake, or the autoreceptor, takes at its fastest
_MOST_M = 1e-3
_RATES_Hz = (0.1, 30.0)


@dataclass(frozen=True, kw_only=True)
class UptakeTerminal:
    """A terminal that releases a fixed amount by a spike and takes it up again.

    Parameters
    ----------
    rest_Hz
        Firing rate of the healthy cell at rest, to which firing is relative. [Hz]
    scale
        Share of the transporters that work.
    constants
        ``parameters.DOPAMINE`` or ``NORADRENALINE``.

    Raises
    ------
    InputError
        A rate outside 0.1 to 30 Hz, or one at which even healthy uptake can't take what is released.
    """

    transmitter: str
    rest_Hz: float
    scale: float
    constants: Mapping[str, Parameter]

    def __post_init__(self) -> None:
        low, high = _RATES_Hz
        if (
            not low <= self.rest_Hz <= high
            or self.constants_uM.release * self.rest_Hz >= self.constants_uM.vmax
        ):
            most = min(high, self.constants_uM.vmax / self.constants_uM.release)
            raise InputError(
                f"rate of {self.transmitter} cells", f"{self.rest_Hz} Hz", f"{low} to {most:.3g} Hz"
            )

    @property
    def constants_uM(self) -> UptakeConstants:
        """The constants as the kernel has them, in uM and s."""
        value = {name: entry.value for name, entry in self.constants.items()}
        return UptakeConstants(
            release=value["release_M"] * 1e6,
            vmax=value["vmax_M_per_s"] * 1e6,
            km=value["km_M"] * 1e6,
            half=value["half_M"] * 1e6,
            slope=value["per_M"] * 1e-6,
            lag=value["lag_s"],
            on_release=value["on_release"],
        )

    def settled(self, firing: float = 1.0) -> FloatArray:
        """The steady state at a constant firing rate: concentration [uM] and autoreceptors bound, (2,).

        Raises
        ------
        OutsideModelError
            More is released than uptake can take, however high the concentration.
        """
        c, auto_rest = self.constants_uM, self._auto_rest

        def surplus(space: float) -> float:
            bound = _bound(c, space)
            released = c.release * firing * self.rest_Hz * max(0.0, 1 - c.on_release * (bound - auto_rest))
            return released - self.scale * c.vmax * space / (c.km + space)

        if surplus(_MOST_M * 1e6) > 0:
            raise OutsideModelError(
                f"{self.transmitter} cells at {firing * self.rest_Hz:.3g} Hz release more than "
                f"{self.scale:.3g} of the transporters take up."
            )
        space = float(brentq(surplus, 0.0, _MOST_M * 1e6, xtol=1e-15, rtol=1e-13)) if firing > 0 else 0.0
        return read_only(np.array([space, _bound(c, space)]))

    def advance(self, firing: FloatArray, state: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Extracellular transmitter in each second [mol/l], and the state after the last."""
        c, end, space = self.constants_uM, state.copy(), np.empty(len(firing))
        steps = math.ceil(WINDOW_s / (_STEP * min(c.lag, c.km / (self.scale * c.vmax))))
        advance_uptake(
            end, firing * self.rest_Hz, self.scale, self._auto_rest, c, steps, WINDOW_s / steps, space
        )
        return space * 1e-6, read_only(end)

    def concentration_M(self, state: FloatArray) -> float:
        """Extracellular transmitter in that state. [mol/l]"""
        return float(state[0]) * 1e-6

    @property
    def _auto_rest(self) -> float:
        """Autoreceptors bound at healthy rest, where release equals uptake."""
        c = self.constants_uM
        released = c.release * self.rest_Hz
        return _bound(c, c.km * released / (c.vmax - released))


def dopamine_terminal(rest_Hz: float, *, dat_scale: float = 1.0) -> UptakeTerminal:
    """A dopamine terminal with the kinetics of the circuit (Joshi2017)."""
    Pharmacology(dat_scale=dat_scale)
    return UptakeTerminal(transmitter="dopamine", rest_Hz=rest_Hz, scale=dat_scale, constants=DOPAMINE)


def noradrenaline_terminal(rest_Hz: float = COERULEUS_Hz.value, *, net_scale: float = 1.0) -> UptakeTerminal:
    """A noradrenaline terminal; none of its numbers is verified."""
    Pharmacology(net_scale=net_scale)
    return UptakeTerminal(
        transmitter="noradrenaline", rest_Hz=rest_Hz, scale=net_scale, constants=NORADRENALINE
    )


def _bound(c: UptakeConstants, space: float) -> float:
    return 1 / (1 + math.exp(-c.slope * (space - c.half)))
