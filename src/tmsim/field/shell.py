"""Surfaces round a head: where the sources of a basis sit, and where the flux of a coil is read.

The source surface lies everywhere 24 mm off the skin: the skin dilated by a ball. Eroded again it is the
skin with its hollows filled, and farther in the surface on which the flux is read. All three are seen as
stars from the centre of the brain. That surface lies as deep under the scalp as the points of interest
allow: at 14 mm the error of the fit is ten times smaller than at 7 mm, since a coil's flux
is smoother there. And all three are closed: with the neck left open the error never falls below 0.2 %.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial import KDTree

from tmsim.core import FloatArray, read_only
from tmsim.field.basis_kernels import scalp_radii
from tmsim.head import Head
from tmsim.head.parameters import BRAIN_TAGS

SOURCE_DISTANCE_m = 0.024
"""The sources off the skin. From 18 to 30 mm nothing changes."""

DEEPEST_m, SHALLOWEST_m = 0.014, 0.005
"""Bounds of the surface on which the flux is read, under the scalp."""

BELOW_m = 0.003
"""How far under that surface the fit is checked."""

_DENSE = 10_000  # points that stand for the source surface: 4 mm apart, so good to 0.1 mm at its distance
_POLAR, _AZIMUTH = 60, 120  # the table of the scalp's radius
_TRACED_m = 1e-4


@dataclass(frozen=True, kw_only=True, eq=False)
class Shell:
    """The surfaces of one head, as points on them and outward unit normals there."""

    center_m: FloatArray  # (3,)
    sources_m: FloatArray  # (n_sources, 3)
    source_normals: FloatArray
    fit_m: FloatArray  # (n_fit, 3) where the flux is read
    fit_normals: FloatArray
    check_m: FloatArray  # (n_check, 3) where the fit is checked
    check_normals: FloatArray
    fit_depth_m: float  # of the surface on which the flux is read, under the scalp
    scalp_m: FloatArray  # (polar, azimuth) radius of the skin with its hollows filled, in the middle of cells

    @cached_property
    def samples(self) -> tuple[FloatArray, FloatArray]:
        """All points at which a coil's flux is read, those of the fit first, and their normals."""
        return (
            read_only(np.concatenate([self.fit_m, self.check_m])),
            read_only(np.concatenate([self.fit_normals, self.check_normals])),
        )

    def scalp_radius_m(self, offsets: FloatArray) -> FloatArray:
        """From the centre to the filled skin in the direction of ``offsets``, (..., 3) to (...). [m]"""
        out = np.empty(offsets.shape[:-1])
        scalp_radii(offsets.reshape(-1, 3), self.scalp_m, out.reshape(-1))
        return out


def shell_of(head: Head, points_m: FloatArray, *, sources: int, samples: int) -> Shell:
    """The surfaces for fields at ``points_m``, (n, 3), in a head. [m]"""
    brain = np.isin(head.tags, BRAIN_TAGS)
    if not brain.any():
        brain[:] = True
    center = np.average(head.centers_m[brain], axis=0, weights=head.volumes_m3[brain])
    skin = KDTree(head.skin.points_m)
    far_m = float(np.linalg.norm(head.skin.points_m - center, axis=1).max()) + 2 * SOURCE_DISTANCE_m

    def off_source_surface(at_m: FloatArray) -> FloatArray:
        return np.asarray(skin.query(at_m, workers=-1)[0]) - SOURCE_DISTANCE_m

    def on_source_surface(directions: FloatArray) -> FloatArray:
        return _traced(center, directions, np.full(len(directions), far_m), off_source_surface)

    surface_m = on_source_surface(directions(_DENSE))
    surface = KDTree(surface_m)

    def under_scalp(directions: FloatArray, depth_m: float) -> FloatArray:
        start = np.linalg.norm(on_source_surface(directions) - center, axis=1)
        inside_m = SOURCE_DISTANCE_m + depth_m
        return _traced(
            center, directions, start, lambda at_m: inside_m - np.asarray(surface.query(at_m, workers=-1)[0])
        )

    def outward(at_m: FloatArray) -> FloatArray:
        return _unit(surface_m[surface.query(at_m)[1]] - at_m)

    some = points_m[:: len(points_m) // _DENSE + 1]
    depths = np.asarray(surface.query(some)[0]) - SOURCE_DISTANCE_m
    depth_m = float(np.clip(np.percentile(depths, 1), SHALLOWEST_m, DEEPEST_m))
    sources_m = on_source_surface(directions(sources))
    fit_m = under_scalp(directions(samples), depth_m)
    check_m = under_scalp(directions(samples // 8 + 1), depth_m + BELOW_m)
    scalp_m = np.linalg.norm(under_scalp(_cells(), 0.0) - center, axis=1).reshape(_POLAR, _AZIMUTH)
    return Shell(
        center_m=read_only(center),
        sources_m=read_only(sources_m),
        source_normals=read_only(_unit(sources_m - head.skin.points_m[skin.query(sources_m)[1]])),
        fit_m=read_only(fit_m),
        fit_normals=read_only(outward(fit_m)),
        check_m=read_only(check_m),
        check_normals=read_only(outward(check_m)),
        fit_depth_m=depth_m,
        scalp_m=read_only(scalp_m),
    )


def directions(count: int) -> FloatArray:
    """Unit vectors evenly over the sphere, (count, 3): a spiral by the golden angle."""
    k = np.arange(count) + 0.5
    z = 1 - 2 * k / count
    ring, angle = np.sqrt(1 - z**2), np.pi * (3 - np.sqrt(5)) * k
    return np.column_stack([ring * np.cos(angle), ring * np.sin(angle), z])


def _cells() -> FloatArray:
    """Directions to the middle of each cell of the table of the scalp, row by row."""
    polar = (np.arange(_POLAR)[:, None] + 0.5) * np.pi / _POLAR
    azimuth = (np.arange(_AZIMUTH) + 0.5) * 2 * np.pi / _AZIMUTH
    x, y = np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth)
    return np.stack([x, y, np.broadcast_to(np.cos(polar), x.shape)], axis=-1).reshape(-1, 3)


def _traced(
    center_m: FloatArray, directions: FloatArray, start_m: FloatArray, gap: Callable[[FloatArray], FloatArray]
) -> FloatArray:
    """Inward along rays from ``start_m`` to where ``gap``, a bound on the way left, is zero."""
    radius = start_m.copy()
    left = np.arange(len(radius))
    while len(left):
        step = gap(center_m + directions[left] * radius[left, None])
        radius[left] -= step
        left = left[(np.abs(step) > _TRACED_m) & (radius[left] > 0)]
    return center_m + directions * radius[:, None]


def _unit(vectors: FloatArray) -> FloatArray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
