"""Models of the literature without cells, kept for comparison with it: magnitude, and normal component."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tmsim.core import FloatArray
from tmsim.neuron.directional import check_gradient, mean_thresholds_V_per_m
from tmsim.neuron.membrane import phase_factors
from tmsim.neuron.types import POPULATIONS, Drive
from tmsim.pulse.types import Waveform


@dataclass(frozen=True, kw_only=True)
class Magnitude:
    """Cells that know no direction: only ``|E|`` counts. For comparison with the literature.

    The threshold of each population is the mean of the directional table over all directions, for the
    polarity of the pulse that does more. In motor mapping this did as well as a directional model (Jing2024).
    """

    name: ClassVar[str] = "magnitude"
    validity: ClassVar[str] = (
        "For comparison with the literature. The directional table without its directions; in motor mapping "
        "as good as the directional model."
    )
    populations: ClassVar[tuple[str, ...]] = POPULATIONS

    def thresholds_V_per_m(self, drive: Drive, waveform: Waveform) -> FloatArray:
        """Peak ``|E|`` at which the median cell of each population fires, (5, n). [V/m]

        Raises
        ------
        OutsideModelError
            A field gradient is beyond 100 %/mm.
        """
        check_gradient(drive)
        threshold = mean_thresholds_V_per_m() * np.minimum(*phase_factors(waveform))
        return np.repeat(threshold[:, None], len(drive.polar_rad), axis=1)


@dataclass(frozen=True, kw_only=True)
class Cosine:
    """Cells that feel the component of E along the column only. For comparison with the literature.

    The thresholds of :class:`Magnitude` over ``|cos(theta)|``, so either sense of the component counts
    alike; infinite for a field across the column. In motor mapping it explained significantly less than the
    magnitude (Jing2024), and it oversimplifies what morphologically realistic cells do (Weise2023): no
    ground for a dose.
    """

    name: ClassVar[str] = "cosine"
    validity: ClassVar[str] = (
        "For comparison with the literature only: the component of E along the column. Significantly worse "
        "than the magnitude in motor mapping; blind to tangential fields."
    )
    populations: ClassVar[tuple[str, ...]] = POPULATIONS

    def thresholds_V_per_m(self, drive: Drive, waveform: Waveform) -> FloatArray:
        """Peak ``|E|`` at which the median cell of each population fires, (5, n); infinite across. [V/m]

        Raises
        ------
        OutsideModelError
            A field gradient is beyond 100 %/mm.
        """
        along = np.abs(np.cos(drive.polar_rad))
        across = along < _ACROSS
        along = np.where(across, 1.0, along)
        return np.where(across, np.inf, Magnitude().thresholds_V_per_m(drive, waveform) / along)


_ACROSS = 1e-9  # the cosine of a right angle isn't 0 in floating point
