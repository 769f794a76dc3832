"""B of one coil, made ready to be asked for at a thousand points a thousand times a second.

Space round the coil is halved into boxes until each is farther from the windings than it is wide, and B is
kept in each as a Chebyshev series, as in :mod:`tmsim.coil.boxes`: good to 1e-4, at one cost for all coils.
Points too near to the windings for any box, and those outside all of them, are evaluated exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numba as nb
import numpy as np
import numpy.typing as npt

from tmsim.coil.boxes import chebyshev_coefficients
from tmsim.coil.evaluate import sources_of
from tmsim.coil.types import Coil, SampledPotential
from tmsim.core import FloatArray, read_only
from tmsim.core.frames import apply, inverse, rotate

_ROOT_m = 0.32  # half width of the outermost box: more than the way from a coil to the far side of a head
_LEVELS = 6  # so the smallest boxes are 5 mm to the middle
_REACH = 1.3  # from the windings, in half widths
_ORDER = 6
_RTOL = 1e-5
_AT_A_TIME = 2_000_000  # pairs of box and source

Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class FluxMap:
    """B round a coil by boxes, in coil coordinates."""

    coil: Coil
    box_of_cell: npt.NDArray[
        np.int32
    ]  # (cells, cells, cells) -1 where no box is far enough from the windings
    center_m: FloatArray  # (n_boxes, 3)
    half_m: FloatArray  # (n_boxes,)
    series_T_per_A: Float32Array  # (n_boxes, 3, order^3), z outermost

    def along(self, matrices: FloatArray, points_m: FloatArray, normals: FloatArray) -> FloatArray:
        """B along ``normals`` at points of the head, of the coil at poses (n, 4, 4), (n, n_points). [T/A]"""
        out = np.empty((len(matrices), len(points_m)))
        inverses = np.stack([inverse(matrix) for matrix in matrices])
        _along(
            inverses,
            points_m,
            normals,
            self.box_of_cell,
            self.center_m,
            self.half_m,
            self.series_T_per_A,
            out,
        )
        pose, point = np.nonzero(np.isnan(out))
        if len(pose):
            at_m = np.einsum("nij,nj->ni", inverses[pose, :3, :3], points_m[point]) + inverses[pose, :3, 3]
            to_coil = np.einsum("nij,nj->ni", inverses[pose, :3, :3], normals[point])
            out[pose, point] = np.einsum("ni,ni->n", self.coil.flux_density(at_m), to_coil)
        return out


def flux_along(
    coil: Coil, matrices: Sequence[FloatArray], points_m: FloatArray, normals: FloatArray
) -> FloatArray:
    """B of a coil along ``normals`` at points of the head, for each of its poses, (n_poses, n_points). [T/A]

    The first call for a coil takes a second or two; the map is then kept. A sampled field has none.
    """
    if any(isinstance(part, SampledPotential) for part in coil.elements):
        fields = (rotate(m, coil.flux_density(apply(inverse(m), points_m))) for m in matrices)
        return np.stack([np.einsum("ij,ij->i", field, normals) for field in fields])
    return flux_map(coil).along(np.stack(matrices), points_m, normals)


@lru_cache(maxsize=16)
def flux_map(coil: Coil) -> FluxMap:
    """The map of a coil of wires or dipoles."""
    sources = np.concatenate(
        [sources_of(part) for part in coil.elements if not isinstance(part, SampledPotential)]
    )
    cells = 2**_LEVELS
    box_of_cell = np.full((cells, cells, cells), -1, np.int32)
    centers, halves, corners = [], [], np.zeros((1, 3), int)
    for level in range(_LEVELS + 1):
        half, width = _ROOT_m / 2**level, cells >> level  # width in cells
        center = -_ROOT_m + (2 * corners + 1) * half
        far = _distance_to_boxes(sources, center, half) >= _REACH * half
        for i, j, k in (corners[far] * width).tolist():
            box_of_cell[i : i + width, j : j + width, k : k + width] = len(centers)
            centers.append(-_ROOT_m + 2 * half * np.array([i, j, k]) / width + half)
            halves.append(half)
        corners = (2 * corners[~far][:, None] + _OCTANTS).reshape(-1, 3)
    center, half = np.array(centers), np.array(halves)
    nodes = np.cos(np.pi * (np.arange(_ORDER) + 0.5) / _ORDER)
    grid = np.stack(np.meshgrid(nodes, nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 3)
    values = coil.flux_density((center[:, None] + half[:, None, None] * grid).reshape(-1, 3), rtol=_RTOL)
    series = np.moveaxis(chebyshev_coefficients(values, _ORDER), -1, 2).reshape(len(center), 3, -1)
    return FluxMap(
        coil=coil,
        box_of_cell=read_only(box_of_cell),
        center_m=read_only(center),
        half_m=read_only(half),
        series_T_per_A=read_only(series.astype(np.float32)),
    )


_OCTANTS = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), axis=-1).reshape(-1, 3)


def _distance_to_boxes(sources: FloatArray, center: FloatArray, half: float) -> FloatArray:
    """From each box to the nearest of balls (k, 4), (n,)."""
    out = np.empty(len(center))
    step = max(1, _AT_A_TIME // len(sources))
    for k in range(0, len(center), step):
        beside = np.maximum(np.abs(sources[:, :3] - center[k : k + step, None]) - half, 0)
        out[k : k + step] = (np.sqrt((beside**2).sum(axis=2)) - sources[:, 3]).min(axis=1)
    return out


@nb.njit(parallel=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"}, cache=True)
def _along(inverses, points, normals, box_of_cell, center, half, series, out):  # pragma: no cover
    """``out`` (n_poses, n_points), NaN where no box holds the point."""
    poses, n = out.shape
    cells = box_of_cell.shape[0]
    size = 2 * _ROOT_m / cells
    blocks = (n + 63) // 64
    for task in nb.prange(poses * blocks):
        pose, block = task // blocks, task % blocks
        m = inverses[pose]
        polynomials = np.empty((3, _ORDER), np.float32)
        plane = np.empty(_ORDER**2, np.float32)
        weights = np.empty(_ORDER**3, np.float32)
        at = np.empty(3)
        for p in range(block * 64, min(n, block * 64 + 64)):
            out[pose, p] = np.nan
            inside = True
            for axis in range(3):
                at[axis] = m[axis, 3]
                for k in range(3):
                    at[axis] += m[axis, k] * points[p, k]
                inside &= abs(at[axis]) < _ROOT_m
            if not inside:
                continue
            box = box_of_cell[
                int((at[0] + _ROOT_m) / size), int((at[1] + _ROOT_m) / size), int((at[2] + _ROOT_m) / size)
            ]
            if box < 0:
                continue
            for axis in range(3):
                t = np.float32((at[axis] - center[box, axis]) / half[box])
                polynomials[axis, 0] = 1
                polynomials[axis, 1] = t
                for k in range(2, _ORDER):
                    polynomials[axis, k] = 2 * t * polynomials[axis, k - 1] - polynomials[axis, k - 2]
            for i in range(_ORDER):
                for j in range(_ORDER):
                    plane[i * _ORDER + j] = polynomials[0, i] * polynomials[1, j]
            for k in range(_ORDER):
                for j in range(_ORDER**2):
                    weights[k * _ORDER**2 + j] = polynomials[2, k] * plane[j]
            total = 0.0
            for axis in range(3):
                along = 0.0
                for k in range(3):
                    along += m[axis, k] * normals[p, k]
                s = np.float32(0)
                for k in range(_ORDER**3):
                    s += weights[k] * series[box, axis, k]
                total += along * s
            out[pose, p] = total
