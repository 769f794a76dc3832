"""What is read off a field at the mid-cortex: one number, and how it changes with the field at each point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tmsim.core import FloatArray
from tmsim.head import Head

TARGET_RADIUS_m = 0.010
"""The cortex within this distance of a target counts for its means."""


class Readout(Protocol):
    """A number that depends on the field at the mid-cortical points of a head. [V/m]"""

    @property
    def name(self) -> str:
        """Short, for tables and JSON."""
        ...

    @property
    def label(self) -> str:
        """In words."""
        ...

    def value(self, E_V_per_m: FloatArray, /) -> float:
        """The number, from E at all mid-cortical points, (n, 3). [V/m]"""
        ...

    def gradient(self, E_V_per_m: FloatArray, /) -> FloatArray:
        """Its derivative by each component of E, (n, 3)."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanMagnitude:
    """Mean of ``|E|``, weighted by area."""

    name: str
    label: str
    weights: FloatArray  # (n,) sum to one

    def value(self, E_V_per_m: FloatArray, /) -> float:
        """The mean. [V/m]"""
        return float(self.weights @ np.linalg.norm(E_V_per_m, axis=1))

    def gradient(self, E_V_per_m: FloatArray, /) -> FloatArray:
        """The weighted direction of E."""
        return self.weights[:, None] * _directions(E_V_per_m)


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanComponent:
    """Mean of E along a direction at each point, weighted by area; signed."""

    name: str
    label: str
    weights: FloatArray  # (n,) sum to one
    directions: FloatArray  # (n, 3)

    def value(self, E_V_per_m: FloatArray, /) -> float:
        """The mean. [V/m]"""
        return float(self.weights @ np.einsum("ij,ij->i", E_V_per_m, self.directions))

    def gradient(self, _E_V_per_m: FloatArray, /) -> FloatArray:
        """The weighted direction, whatever the field."""
        return self.weights[:, None] * self.directions


@dataclass(frozen=True, kw_only=True, eq=False)
class Peak:
    """Percentile of ``|E|`` by area, as the mean over a narrow band of ranks round it.

    A single point's value would jump from point to point as the field changes; the band makes it smooth.
    """

    name: str
    label: str
    areas_m2: FloatArray  # (n,)
    percent: float = 99.9
    half_band: float = 0.05  # in percent

    def value(self, E_V_per_m: FloatArray, /) -> float:
        """The percentile. [V/m]"""
        size = np.linalg.norm(E_V_per_m, axis=1)
        return float(self._weights(size) @ size)

    def gradient(self, E_V_per_m: FloatArray, /) -> FloatArray:
        """The direction of E at the points in the band."""
        # Where two points change ranks their values are equal: ranks count as fixed.
        return self._weights(np.linalg.norm(E_V_per_m, axis=1))[:, None] * _directions(E_V_per_m)

    def _weights(self, size: FloatArray) -> FloatArray:
        order = np.argsort(size, kind="stable")
        rank = np.concatenate([[0.0], np.cumsum(self.areas_m2[order])])
        low, high = (rank[-1] * (self.percent + side * self.half_band) / 100 for side in (-1, 1))
        inside = np.clip(rank[1:], low, high) - np.clip(rank[:-1], low, high)
        weights = np.empty_like(size)
        weights[order] = inside / inside.sum()
        return weights


def standard_readouts(head: Head, target_m: npt.ArrayLike | None) -> tuple[Readout, ...]:
    """Mean ``|E|`` and mean normal E of the mid-cortex near a target, and the peak on the whole of it.

    The peak alone where there is no target, or no mid-cortex within 10 mm of it.
    """
    cortex = head.cortex
    peak = Peak(name="peak", label="99.9th percentile of |E| at mid-cortex", areas_m2=cortex.point_areas_m2)
    if target_m is None:
        return (peak,)
    near = np.linalg.norm(cortex.points_m - np.asarray(target_m, float), axis=1) <= TARGET_RADIUS_m
    if not near.any():
        return (peak,)
    weights = np.where(near, cortex.point_areas_m2, 0.0)
    weights /= weights.sum()
    where = f"within {TARGET_RADIUS_m * 1e3:g} mm of the target"
    return (
        MeanMagnitude(name="target", label=f"mean |E| {where}", weights=weights),
        MeanComponent(
            name="normal", label=f"mean normal E {where}", weights=weights, directions=cortex.column
        ),
        peak,
    )


def _directions(E_V_per_m: FloatArray) -> FloatArray:
    size = np.linalg.norm(E_V_per_m, axis=1, keepdims=True)
    return E_V_per_m / np.where(size > 0, size, 1.0)
