"""Triangle surfaces: scalp, cortex, coil casing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tmsim.core.arrays import FloatArray, IntArray, as_array, as_index_array, read_only


@dataclass(frozen=True, kw_only=True, eq=False)
class Surface:
    """A triangle surface with outward orientation: the right-hand normal of a triangle points outward."""

    points_m: FloatArray  # (n, 3)
    triangles: IntArray  # (k, 3)

    def __post_init__(self) -> None:
        object.__setattr__(self, "points_m", as_array("surface points", self.points_m, (None, 3)))
        triangles = as_index_array("surface triangles", self.triangles, (None, 3), len(self.points_m))
        object.__setattr__(self, "triangles", triangles)

    @cached_property
    def triangle_area_vectors_m2(self) -> FloatArray:
        """Outward normal times area of each triangle, (k, 3). [m^2]"""
        a, b, c = (self.points_m[self.triangles[:, k]] for k in range(3))
        return read_only(np.cross(b - a, c - a) / 2)

    @cached_property
    def areas_m2(self) -> FloatArray:
        """Area of each triangle, (k,). [m^2]"""
        return read_only(np.linalg.norm(self.triangle_area_vectors_m2, axis=1))

    @cached_property
    def point_areas_m2(self) -> FloatArray:
        """A third of the area of the triangles round each point, (n,); sums to the whole area. [m^2]"""
        weights = np.repeat(self.areas_m2 / 3, 3)
        return read_only(np.bincount(self.triangles.ravel(), weights, minlength=len(self.points_m)))

    @cached_property
    def normals(self) -> FloatArray:
        """Outward unit normal at each point, the area-weighted mean of its triangles, (n, 3)."""
        sums = np.stack(
            [
                np.bincount(self.triangles.ravel(), np.repeat(column, 3), minlength=len(self.points_m))
                for column in self.triangle_area_vectors_m2.T
            ],
            axis=1,
        )
        length = np.linalg.norm(sums, axis=1, keepdims=True)
        return read_only(sums / np.where(length > 0, length, 1))
