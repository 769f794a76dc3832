"""The mechanistic model: a cell is as easily excited as the best placed of its axon terminals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from scipy.interpolate import RegularGridInterpolator

from tmsim.core import FloatArray, InputError, read_only, stream
from tmsim.neuron.cable import Axon
from tmsim.neuron.directional import GRADIENT_RANGE_per_m, check_gradient
from tmsim.neuron.threshold import search
from tmsim.neuron.types import Drive
from tmsim.pulse.types import Waveform

TERMINAL = Axon(diameter_um=1.0, internodes=6, silent_nodes=2)
"""Its strength-duration curve is the measured one; the silent nodes are where the branch leaves its cell."""

N_CELLS = 5
# Thresholds are tabulated over these and interpolated.
_POLAR_rad = np.linspace(0.0, math.pi, 37)
_AZIMUTH_rad = 2 * math.pi * np.arange(24) / 24
_GRADIENT_per_m = np.linspace(-GRADIENT_RANGE_per_m, GRADIENT_RANGE_per_m, 9)


@dataclass(frozen=True, kw_only=True)
class AxonTerminal:
    """Thresholds from a cable: straight myelinated axons that end in random directions.

    A field E fires terminal k, whose axon points along d_k, at ``T+ / cos`` of the angle between them, or at
    ``T- / -cos`` where it points away; T+ and T- are thresholds of the cable for a field towards its terminal
    and away from it, with the gradient that the axon sees. The cell fires with the first of its terminals.
    Its threshold is hence nearly the same for all directions, as in morphologically realistic cells and
    unlike a cosine. T- is what second phases do: a terminal that the first phase hyperpolarised fires more
    easily after it.

    The thresholds are medians over five such cells and over the azimuth about the column.

    Parameters
    ----------
    axon
        Every terminal branch.
    terminals
        Of a cell, 1 to 1000.
    seed
        Of their directions.

    Raises
    ------
    InputError
        A number of terminals out of range.
    """

    name: ClassVar[str] = "axon"
    validity: ClassVar[str] = (
        "Terminals of myelinated axons, all alike, in random directions; no dendrites, no soma. Axons of 0.2 "
        "to 5 um, held against figures from 0.3 to 3; single pulses; field gradients up to 100 %/mm. "
        "Relative thresholds only."
    )
    populations: ClassVar[tuple[str, ...]] = ("L5",)

    axon: Axon = TERMINAL
    terminals: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        if self.terminals != int(self.terminals) or not 1 <= self.terminals <= 1000:
            raise InputError("axon terminals", f"{self.terminals}", "a whole number from 1 to 1000")

    def directions(self, cell: int) -> FloatArray:
        """Unit vectors along the last stretch of each axon of a cell, (terminals, 3); z is the column."""
        drawn = stream(self.seed, "terminals", cell).normal(size=(self.terminals, 3))
        return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)

    def thresholds_V_per_m(self, drive: Drive, waveform: Waveform) -> FloatArray:
        """Peak ``|E|`` at which the median cell fires, (1, n); infinite where it can't. [V/m]

        Raises
        ------
        OutsideModelError
            A field gradient is beyond 100 %/mm.
        """
        check_gradient(drive)
        towards, away = _axon_thresholds(self.axon, waveform)
        cells = [_excitability(self.directions(k), 1 / towards, 1 / away) for k in range(N_CELLS)]
        table = np.median(np.concatenate(cells, axis=2), axis=2)
        points = np.column_stack([drive.polar_rad, drive.gradient_per_m])
        with np.errstate(divide="ignore"):
            return 1 / RegularGridInterpolator((_POLAR_rad, _GRADIENT_per_m), table)(points)[None]


@lru_cache(maxsize=32)
def _axon_thresholds(axon: Axon, waveform: Waveform) -> tuple[FloatArray, FloatArray]:
    """Of a field towards the terminal and away from it, by gradient, (n_gradients,) each. [V/m]"""
    towards, away = (
        np.array([search(axon, waveform, angle_rad=a, gradient_per_m=g) for g in _GRADIENT_per_m])
        for a in (0.0, math.pi)
    )
    return read_only(towards), read_only(away)


def _excitability(ends: FloatArray, towards: FloatArray, away: FloatArray) -> FloatArray:
    """One over the threshold of a cell with terminals along ``ends``, (n_polar, n_gradients, n_azimuths).

    ``towards`` and ``away`` are the same of its axons, by gradient. [m/V]
    """
    theta, phi = np.meshgrid(_POLAR_rad, _AZIMUTH_rad, indexing="ij")
    field = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=-1)
    along = (field @ ends.T)[:, None]  # (n_polar, 1, n_azimuths, terminals)
    seen = np.multiply.outer(_GRADIENT_per_m, ends[:, 2])  # along each axon, (n_gradients, terminals)
    first = np.interp(seen, _GRADIENT_per_m, towards)[None, :, None] * along
    second = np.interp(seen, _GRADIENT_per_m, away)[None, :, None] * -along
    return np.maximum(first, second).max(axis=3)
