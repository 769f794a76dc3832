"""What neurons are driven by, and what every neuron model is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Protocol

from tmsim.core import FloatArray, InputError, as_array
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

    def at(self, place: int) -> Drive:
        """The drive of one place alone."""
        return Drive(polar_rad=self.polar_rad[[place]], gradient_per_m=self.gradient_per_m[[place]])


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


@dataclass(frozen=True, kw_only=True, eq=False)
class ThresholdCurve:
    """Thresholds of a model in a uniform field against its angle to the column."""

    model: str
    waveform: str
    populations: tuple[str, ...]
    polar_rad: FloatArray  # (n,)
    thresholds_V_per_m: FloatArray  # (n_populations, n)


@dataclass(frozen=True, kw_only=True)
class RegionRecruitment:
    """One row of the per-region table."""

    region: str
    area_m2: float
    share: tuple[float, ...]  # of each population in the region, 0 to 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Recruitment:
    """Who fires: the share of each population that one pulse activates.

    Parameters
    ----------
    fraction
        At each mid-cortical point, (n_populations, n_points), 0 to 1.
    scale
        What the model's thresholds were multiplied with for this person.
    area_m2
        Mid-cortical area times the share recruited there, summed, (n_populations,). [m^2]
    volume_m3
        Grey matter times the share recruited there, summed, (n_populations,): the full depth of the
        cortex counts for every population. [m^3]
    share
        ``area_m2`` over the whole mid-cortical area, (n_populations,).
    regions
        By cortical region, the most recruited first; none where the head has no transform to MNI.
    """

    model: str
    waveform: str
    populations: tuple[str, ...]
    fraction: FloatArray
    motor_threshold_V_per_m: float
    scale: float
    area_m2: FloatArray
    volume_m3: FloatArray
    share: FloatArray
    regions: tuple[RegionRecruitment, ...]
