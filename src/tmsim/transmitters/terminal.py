"""What any terminal leaves outside it, as its cell fires."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tmsim.core import FloatArray, InputError, as_array, read_only
from tmsim.transmitters.types import Extracellular, WINDOW_s

_MOST_FIRING = 100.0


class Terminal(Protocol):
    """A terminal of one transmitter; its state is an array that only it reads."""

    @property
    def transmitter(self) -> str:
        """Whose terminal it is."""
        ...

    def settled(self, firing: float = 1.0) -> FloatArray:
        """The steady state at a constant firing rate, relative to the healthy one."""
        ...

    def advance(self, firing: FloatArray, state: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Extracellular transmitter in each second [mol/l], and the state after the last."""
        ...

    def concentration_M(self, state: FloatArray) -> float:
        """Extracellular transmitter in that state. [mol/l]"""
        ...


def extracellular(
    terminal: Terminal, firing: npt.ArrayLike, *, start: FloatArray | None = None
) -> Extracellular:
    """Extracellular transmitter as the cell fires.

    Parameters
    ----------
    firing
        Rate relative to the healthy cell at rest in each second, (n,).
    start
        State of the same terminal; at rest with a firing of 1 where None.

    Raises
    ------
    InputError
        Firing below 0 or above 100 times rest, or a state of another terminal.
    """
    relative = as_array("firing", firing, (None,))
    if not len(relative) or relative.min() < 0 or relative.max() > _MOST_FIRING:
        raise InputError("firing", "none, below 0 or above 100", "0 to 100 times rest, for each second")
    rest = terminal.settled()
    if start is None:
        start = rest
    elif np.shape(start) != rest.shape or not all(math.isfinite(value) and value >= 0 for value in start):
        raise InputError(
            "start", f"an array of shape {np.shape(start)}", f"a state of {terminal.transmitter}"
        )
    concentration, state = terminal.advance(relative, start)
    return Extracellular(
        transmitter=terminal.transmitter,
        time_s=read_only((np.arange(len(relative)) + 0.5) * WINDOW_s),
        concentration_M=read_only(concentration),
        state=state,
    )
