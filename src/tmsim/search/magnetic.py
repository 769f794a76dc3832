"""The magnetic field of the adjoint currents outside the head, summed fast."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tmsim.coil.kernels import MU0_OVER_4PI
from tmsim.core import FloatArray
from tmsim.search import kernels
from tmsim.search.adjoint import Currents

_CELL_m = 0.012
_BOX = 2  # cells along each side of a box of points that are worked on together
_NEAR = 3


class MagneticField:
    """B of adjoint currents, at points outside the head.

    Currents more than three cells of 12 mm from a box of points are moved to lattice points by Lagrange
    polynomials of fifth degree; those nearer are summed one by one. B is so met to some 2e-3 at a single
    point at the scalp, and a sum over a coil to 1e-4, since the errors have either sign.
    """

    def __init__(self, currents: Currents) -> None:
        self.measures = currents.moments_m.shape[2]
        self._origin_m = currents.points_m.min(axis=0) - 1e-3 * _CELL_m
        places = (currents.points_m - self._origin_m) / _CELL_m
        cells = places.astype(np.int64)
        shape = tuple((cells.max(axis=0) + 1).tolist())
        flat = np.asarray(np.ravel_multi_index(tuple(cells.T), shape))
        order = np.argsort(flat, kind="stable")
        occupied, starts = np.unique(flat[order], return_index=True)
        self._cells = np.column_stack(np.unravel_index(occupied, shape))
        self._bounds = np.append(starts, len(order))
        self._offsets = (places - cells)[order]
        self._points_m = (currents.points_m - self._origin_m)[order].astype(np.float32)
        moments = currents.moments_m[order].transpose(0, 2, 1)  # (n, f, 3)
        self._unit = float(np.abs(moments).max()) or 1.0  # float32 has no range to spare
        self._moments = (moments / self._unit).astype(np.float32)

        points = tuple(n + kernels.LATTICE_POINTS - 1 for n in shape)
        self._lattice = np.zeros((*points, self.measures, 3))
        self._cells_at = np.zeros(points, np.int32)  # how many cells have moved currents to each point
        self._round = [  # the lattice points of each cell
            tuple(slice(i, i + kernels.LATTICE_POINTS) for i in cell) for cell in self._cells.tolist()
        ]
        self._moved: dict[int, FloatArray] = {}
        for row in range(len(self._cells)):
            self._lattice[self._round[row]] += self._move(row)
            self._cells_at[self._round[row]] += 1

    def __call__(self, points_m: FloatArray) -> FloatArray:
        """B of each measure's currents, (n, 3) to (n, f, 3). [V s/m^2 per unit of the currents]"""
        out = np.empty((len(points_m), self.measures, 3))
        places = np.floor((points_m - self._origin_m) / (_BOX * _CELL_m)).astype(np.int64)
        boxes, box_of = np.unique(places, axis=0, return_inverse=True)
        order = np.argsort(box_of.ravel(), kind="stable")
        bounds = np.searchsorted(box_of.ravel()[order], np.arange(len(boxes) + 1))
        for k, box in enumerate(boxes):
            inside = order[bounds[k] : bounds[k + 1]]
            out[inside] = self._in_box(box * _BOX, points_m[inside] - self._origin_m)
        return out * (MU0_OVER_4PI * self._unit)

    def _in_box(self, first: npt.NDArray[np.int64], points_m: FloatArray) -> FloatArray:
        near = ((self._cells >= first - _NEAR) & (self._cells < first + _BOX + _NEAR)).all(axis=1)
        lattice, cells_at = self._lattice, self._cells_at
        rows = np.flatnonzero(near).tolist()
        if rows:
            lattice, cells_at = lattice.copy(), cells_at.copy()
            for row in rows:
                if row not in self._moved:
                    self._moved[row] = self._move(row)
                lattice[self._round[row]] -= self._moved[row]
                cells_at[self._round[row]] -= 1
        used = np.nonzero(cells_at)
        # A cell's lattice points start two before its corner.
        far_m = ((np.stack(used, axis=1) - 2) * _CELL_m).astype(np.float32)
        pieces = [slice(self._bounds[row], self._bounds[row + 1]) for row in rows]
        sources = np.concatenate([far_m, *(self._points_m[p] for p in pieces)])
        moments = np.concatenate([lattice[used].astype(np.float32), *(self._moments[p] for p in pieces)])
        out = np.empty((len(points_m), self.measures, 3))
        kernels.magnetic_field(
            np.ascontiguousarray(points_m.T, np.float32),
            np.ascontiguousarray(sources.T),
            np.ascontiguousarray(moments.transpose(1, 2, 0)),
            out,
        )
        return out

    def _move(self, row: int) -> FloatArray:
        """The currents of one cell on its lattice points, (6, 6, 6, f, 3)."""
        part = slice(self._bounds[row], self._bounds[row + 1])
        n = kernels.LATTICE_POINTS
        out = np.zeros((n, n, n, self.measures, 3))
        kernels.spread(self._offsets[part], self._moments[part], out)
        return out
