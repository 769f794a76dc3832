"""What a placement is to be best at."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from scipy.special import ndtr

from tmsim.core import FloatArray, InputError, as_array, read_only
from tmsim.head import Head
from tmsim.neuron import Directional, Drive, NeuronModel, subject_scale, threshold_spread
from tmsim.neuron.dose import best_direction, threshold_field
from tmsim.pulse import Waveform

if TYPE_CHECKING:
    from tmsim.search.types import Region

_POLAR_rad = np.linspace(0.0, np.pi, 721)


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanAlong:
    """The mean of E along one direction: linear in E, and it tells one sense of the current from the other.

    ``direction`` is a vector in head coordinates, (3,), or ``"outward"`` or ``"inward"`` along the cortical
    column at the centre of the region: on the wall of a sulcus, its normal.
    """

    name: ClassVar[str] = "mean E along a direction"
    unit: ClassVar[str] = "V/m"
    direction: FloatArray | Literal["outward", "inward"] = "outward"

    def __post_init__(self) -> None:
        if isinstance(self.direction, str):
            if self.direction not in ("outward", "inward"):
                raise InputError("direction", repr(self.direction), "outward, inward or a vector")
            return
        direction = as_array("direction", self.direction, (3,))
        length = float(np.linalg.norm(direction))
        if not length > 0:
            raise InputError("direction", "0 0 0", "a vector that isn't zero")
        object.__setattr__(self, "direction", read_only(direction / length))

    def functionals(self, region: Region) -> FloatArray:
        """Weights of E at the region's points, (n, 3, 1)."""
        if isinstance(self.direction, str):
            along = region.column if self.direction == "outward" else -region.column
        else:
            along = self.direction
        return (region.shares[:, None] * along)[..., None]

    def of_sums(self, sums: FloatArray) -> FloatArray:
        """Values from weighted sums of E, (m, 1) to (m,)."""
        return sums[:, 0]


@dataclass(frozen=True, kw_only=True)
class MeanVector:
    """The length of the mean of E over the region, whatever its direction."""

    name: ClassVar[str] = "length of mean E"
    unit: ClassVar[str] = "V/m"

    def functionals(self, region: Region) -> FloatArray:
        """Weights of E at the region's points, (n, 3, 3)."""
        return region.shares[:, None, None] * np.eye(3)

    def of_sums(self, sums: FloatArray) -> FloatArray:
        """Values from weighted sums of E, (m, 3) to (m,)."""
        return np.linalg.norm(sums, axis=1)


@dataclass(frozen=True, kw_only=True)
class MeanMagnitude:
    """The mean of ``|E|`` over the region."""

    name: ClassVar[str] = "mean |E|"
    unit: ClassVar[str] = "V/m"

    def of_fields(self, E_V_per_m: FloatArray, region: Region) -> FloatArray:
        """Values from E at the region's points, (m, n, 3) to (m,)."""
        return np.linalg.norm(E_V_per_m, axis=2) @ region.shares


@dataclass(frozen=True, kw_only=True, eq=False)
class RecruitedShare:
    """The share of one population that the pulse activates in the region.

    As :func:`tmsim.neuron.recruit` has it, but the field is taken as uniform along the column. The default
    motor threshold is that of published heads for this waveform, met in the model's best direction.

    Parameters
    ----------
    motor_threshold_V_per_m
        ``|E|`` at mid-cortex of the motor hotspot at motor threshold, or None. [V/m]
    """

    name: ClassVar[str] = "recruited share"
    unit: ClassVar[str] = ""
    waveform: Waveform
    model: NeuronModel = field(default_factory=Directional)
    population: str = "L5"
    motor_threshold_V_per_m: float | None = None

    def __post_init__(self) -> None:
        if self.population not in self.model.populations:
            known = ", ".join(self.model.populations)
            raise InputError("population", repr(self.population), f"one of {known}")

    def of_fields(self, E_V_per_m: FloatArray, region: Region) -> FloatArray:
        """Values from E at the region's points, (m, n, 3) to (m,)."""
        size = np.linalg.norm(E_V_per_m, axis=2)
        along = np.einsum("mnk,nk->mn", E_V_per_m, region.columns)
        cosine = np.divide(along, size, out=np.zeros_like(along), where=size > 0)
        log_threshold, (below, above) = self._table
        # The table is even in a turn about the column: the angle alone counts.
        threshold = np.interp(np.arccos(np.clip(cosine, -1, 1)), _POLAR_rad, log_threshold)
        with np.errstate(divide="ignore"):
            excess = np.log(size) - threshold
        return ndtr(excess / np.where(excess < 0, below, above)) @ region.shares

    @cached_property
    def _table(self) -> tuple[FloatArray, FloatArray]:
        """Logarithm of the threshold against the angle to the column, and its spread below and above."""
        hotspot = best_direction(self.model, self.waveform)
        at_hotspot = self.motor_threshold_V_per_m or threshold_field(self.model, self.waveform)
        scale = subject_scale(self.model, self.waveform, motor_threshold_V_per_m=at_hotspot, hotspot=hotspot)
        uniform = Drive(polar_rad=_POLAR_rad, gradient_per_m=np.zeros(len(_POLAR_rad)))
        row = self.model.populations.index(self.population)
        thresholds = scale * self.model.thresholds_V_per_m(uniform, self.waveform)[row]
        return np.log(thresholds), threshold_spread(self.model.populations)[:, row]


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """Target high, elsewhere low: the mean of ``|E|`` in the region over its root mean square outside.

    Outside is all of the mid-cortical surface but the region. The strength of the pulse cancels, so the best
    placement is the most focal one on the target, and often not the strongest.
    """

    name: ClassVar[str] = "contrast"
    unit: ClassVar[str] = ""

    def of_parts(self, inside_V_per_m: FloatArray, outside_V_per_m: FloatArray) -> FloatArray:
        """Values from the mean of ``|E|`` inside and its root mean square outside, (m,)."""
        return inside_V_per_m / outside_V_per_m


Linear = MeanAlong | MeanVector
Objective = Linear | MeanMagnitude | RecruitedShare | Contrast


def value_of(objective: Objective, head: Head, region: Region, cortex_V_per_m: FloatArray) -> float:
    """The objective of a field that was solved.

    Parameters
    ----------
    cortex_V_per_m
        E at the mid-cortical points of the head, (n_points, 3): :attr:`tmsim.field.EField.cortex_V_per_m`.
    """
    E = cortex_V_per_m[region.points]
    match objective:
        case MeanAlong() | MeanVector():
            sums = np.einsum("nkf,nk->f", objective.functionals(region), E)
            return float(objective.of_sums(sums[None])[0])
        case Contrast():
            inside = MeanMagnitude().of_fields(E[None], region)
            shares = outside_shares(head, region)
            outside = np.sqrt(np.einsum("nk,nk->n", cortex_V_per_m, cortex_V_per_m) @ shares)
            return float(objective.of_parts(inside, outside)[0])
        case _:
            return float(objective.of_fields(E[None], region)[0])


def outside_shares(head: Head, region: Region) -> FloatArray:
    """Shares of the mid-cortical area outside the region, (n_points,), which sum to 1."""
    areas = np.array(head.cortex.point_areas_m2)
    areas[region.points] = 0.0
    if not areas.any():
        raise InputError("region", "all of the cortex", "a part of it", "Take a smaller radius.")
    return areas / areas.sum()
