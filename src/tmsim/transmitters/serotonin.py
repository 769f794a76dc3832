"""The serotonin terminal: synthesis, vesicles, release, uptake and autoreceptors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.integrate import solve_ivp

from tmsim.core import FloatArray, read_only
from tmsim.transmitters.kernels import TerminalConstants, advance_terminal, terminal_slope
from tmsim.transmitters.parameters import SEROTONIN_TERMINAL, STATES, START_uM
from tmsim.transmitters.types import Pharmacology, WINDOW_s

# The fastest process, loading of vesicles, takes 0.6 s; with five times the transporters uptake takes 0.2 s.
_STEP_s = 0.25
_G, _READY, _SPACE = STATES.index("g"), STATES.index("vesicles"), STATES.index("extracellular")
_DAY_h, _LONG_h = 24.0, 10_000.0


@dataclass(frozen=True, kw_only=True)
class SerotoninTerminal:
    """A serotonin terminal (Best2010, Best2020); states are those of ``parameters.STATES``, in uM."""

    sert_scale: float = 1.0
    autoreceptor: float = 1.0

    def __post_init__(self) -> None:
        Pharmacology(sert_scale=self.sert_scale, autoreceptor=self.autoreceptor)

    @property
    def transmitter(self) -> str:
        """Whose terminal it is."""
        return "serotonin"

    def settled(self, firing: float = 1.0) -> FloatArray:
        """The state after a day at a constant firing rate, relative to the healthy one, (15,). [uM]

        All but the vesicles in reserve has settled by then. They go on for weeks, and with them serotonin:
        with a fifth of the transporters it is twice rest after a day, and one and a half times in the end.
        """
        healthy = _healthy_rest()
        if (self.sert_scale, firing) == (1.0, 1.0):
            return healthy  # autoreceptors act on what differs from rest only
        return _after(lambda y: self._slope(y, firing, healthy[_G], healthy[_READY]), healthy, _DAY_h)

    def advance(self, firing: FloatArray, state: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Extracellular serotonin in each second [mol/l], and the state after the last."""
        healthy = _healthy_rest()
        end, space = state.copy(), np.empty(len(firing))
        steps = round(WINDOW_s / _STEP_s)
        advance_terminal(
            end, firing, self.sert_scale, self.autoreceptor, healthy[_G], healthy[_READY], _constants(),
            steps, _STEP_s / 3600, space,
        )  # fmt: skip
        return space * 1e-6, read_only(end)

    def concentration_M(self, state: FloatArray) -> float:
        """Extracellular serotonin in that state. [mol/l]"""
        return float(state[_SPACE]) * 1e-6

    def _slope(self, y: FloatArray, firing: float, g_rest: float, v_rest: float) -> FloatArray:
        out = np.empty(len(STATES))
        terminal_slope(y, out, firing, self.sert_scale, self.autoreceptor, g_rest, v_rest, _constants())
        return out


@cache
def _constants() -> TerminalConstants:
    return TerminalConstants(**{name: entry.value for name, entry in SEROTONIN_TERMINAL.items()})


@cache
def _healthy_rest() -> FloatArray:
    """Rest: the state in which G protein and vesicles are what release and refilling take for theirs."""
    terminal = SerotoninTerminal()
    return _after(lambda y: terminal._slope(y, 1.0, y[_G], y[_READY]), np.array(START_uM), _LONG_h)


def _after(slope: Callable[[FloatArray], FloatArray], start: FloatArray, hours: float) -> FloatArray:
    """The state after so many hours of nothing new, by an implicit method.

    The terminal is stiff: vesicles load within a second, tryptophan takes hours. Over sessions, where firing
    changes each second, no step could be long, and the explicit one of :meth:`advance` costs less.
    """
    found = solve_ivp(
        lambda _, y: slope(y), (0.0, hours), start, method="LSODA", rtol=1e-8, atol=1e-10, t_eval=(hours,)
    )
    return read_only(np.ascontiguousarray(found.y[:, -1]))
