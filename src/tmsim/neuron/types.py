"""What neurons are driven by, and what every neuron model is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from tmsim.core import FloatArray, InputError, as_array

if TYPE_CHECKING:
    from tmsim.pulse.types import Waveform

POPULATIONS = ("L1", "L2/3", "L4", "L5", "L6")
"""Cell populations by cortical layer, from the pia inwards: neurogliaform cells of L1, pyramidal cells of
L2/3, large basket cells of L4, thick-tufted pyramidal cells of L5 and tufted pyramidal cells of L6."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Drive:
    """The local field at n places of cells, as every neuron model takes it.

    Parameters
    ----------
    polar_rad
        Angle of E at rising current to the outward cortical column (soma to apical tuft), (n,), 0 to pi.
    gradient_per_m
        Relative change of ``|E|`` along the column, ``d|E|/ds / |E|`` with s outward, (n,); positive where
        the field is stronger towards the pia. 0 is a uniform field.
    """

    polar_rad: FloatArray
    gradient_per_m: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "polar_rad", as_array("polar angle", self.polar_rad, (None,)))
        n = len(self.polar_rad)
        if n and not (self.polar_rad.min() >= 0 and self.polar_rad.max() <= math.pi):
            found = f"{self.polar_rad.min():.4g} to {self.polar_rad.max():.4g} rad"
            raise InputError("polar angle", found, "0 to pi, between E and the outward column")
        object.__setattr__(self, "gradient_per_m", as_array("field gradient", self.gradient_per_m, (n,)))


class NeuronModel(Protocol):
    """Thresholds of cell populations for a pulse of any waveform.

    ``validity`` says in words where the model holds; outside of it :meth:`thresholds_V_per_m` raises.
    """

    name: ClassVar[str]
    validity: ClassVar[str]
    populations: ClassVar[tuple[str, ...]]

    def thresholds_V_per_m(self, drive: Drive, waveform: Waveform) -> FloatArray:
        """Peak ``|E|`` of the pulse at which the median cell fires, (n_populations, n). [V/m]

        On the model's own absolute scale, which lies 2 to 4 times above the fields that heads show at motor
        threshold: use ratios of it only.
        """
        ...
