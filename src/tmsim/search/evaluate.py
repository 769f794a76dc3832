"""Measures of the field at very many placements, by reciprocity.

A measure F that is linear in E is ``-dI/dt sum of m . B`` over the dipoles m of the coil, with B the magnetic
field of the measure's adjoint current.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from tmsim.coil import Dipoles
from tmsim.core import FloatArray, InputError
from tmsim.core.frames import apply, inverse, rotate
from tmsim.search import kernels
from tmsim.search.adjoint import Currents
from tmsim.search.magnetic import MagneticField

_STEP_m = 0.003
"""Width of the grid on which B is kept: on the built-in head it costs 6e-4 of the best value, 4 mm 1e-3."""

_CORNER = Rotation.align_vectors([[1, 1, 1]], [[0, 0, 3**0.5]])[0].as_matrix()

_PORTION = 4096  # placements at a time


class Evaluator:
    """Measures at placements of coils; what it has to know of B it works out when first asked for.

    B is interpolated linearly on a grid that stands on its corner under the coil. The error of that is
    ``h^2 / 2 sum t (1 - t) B_xx`` over the axes, with t the place between two grid points: where t takes
    all values alike on each axis, as on a plane across the diagonal, the mean is a Laplacian, which is zero.
    """

    def __init__(self, currents: Currents, frame: FloatArray, center_m: FloatArray, half_m: float) -> None:
        """``frame`` (3, 3) has the outward normal as last row; no coil goes ``half_m`` beyond the centre."""
        self.measures = currents.moments_m.shape[2]
        self._field = MagneticField(currents)
        self._to_grid = np.eye(4)
        self._to_grid[:3, :3] = _CORNER @ frame
        self._to_grid[:3, 3] = half_m - self._to_grid[:3, :3] @ center_m
        self._rows = np.full(3 * (math.ceil(2 * half_m / _STEP_m) + 2,), -1, np.int32)
        self._values = np.zeros((1, 3 * self.measures), np.float32)

    def __call__(self, dipoles: Dipoles, matrices: FloatArray, didt_A_per_s: float) -> FloatArray:
        """The measures for a coil at each pose, (n, 4, 4) to (n, f).

        Raises
        ------
        InputError
            A dipole lies outside the grid.
        """
        out = np.empty((len(matrices), self.measures))
        for first in range(0, len(matrices), _PORTION):
            part = slice(first, first + _PORTION)
            self._sum(dipoles, self._to_grid @ matrices[part], out[part])
        return out * -didt_A_per_s

    def _sum(self, dipoles: Dipoles, matrices: FloatArray, out: FloatArray) -> None:
        missing = self._interpolate(dipoles, matrices, out)
        if (missing < 0).any():
            raise InputError("pose", "a coil far from where the search is", "one near it")
        again = missing > 0
        if again.any():
            self._fill(dipoles, matrices[again])
            found = np.empty((int(again.sum()), self.measures))
            self._interpolate(dipoles, matrices[again], found)
            out[again] = found

    def _interpolate(self, dipoles: Dipoles, matrices: FloatArray, out: FloatArray) -> npt.NDArray[np.int8]:
        missing = np.empty(len(matrices), np.int8)
        kernels.sum_over_coil(
            matrices, dipoles.positions_m, dipoles.moments_m2, _STEP_m, self._rows, self._values, out, missing
        )
        return missing

    def _fill(self, dipoles: Dipoles, matrices: FloatArray) -> None:
        """Work out B, in the grid's axes, at the grid points round the dipoles of these poses."""
        wanted = np.zeros(self._rows.shape, bool)
        kernels.mark_cells(matrices, dipoles.positions_m, _STEP_m, wanted)
        wanted &= self._rows < 0
        points_m = apply(inverse(self._to_grid), _STEP_m * np.argwhere(wanted).astype(np.float64))
        B = rotate(self._to_grid, self._field(points_m)).transpose(0, 2, 1)  # (p, 3, f)
        self._rows[wanted] = np.arange(len(self._values), len(self._values) + len(points_m))
        self._values = np.concatenate([self._values, B.reshape(len(B), -1).astype(np.float32)])
