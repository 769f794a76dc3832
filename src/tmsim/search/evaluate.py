"""Measures of the field at very many placements, by reciprocity.

A measure F that is linear in E is ``-dI/dt sum of m . B`` over the dipoles m of the coil, with B the magnetic
field of the measure's adjoint current.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tmsim.coil import Dipoles
from tmsim.core import FloatArray, InputError
from tmsim.search import kernels
from tmsim.search.adjoint import Currents
from tmsim.search.magnetic import MagneticField

_STEP_m = 0.004
"""Width of the grid on which B is kept: linear interpolation in it costs a sum over a coil some 3e-4."""

_PORTION = 4096  # placements at a time


class Evaluator:
    """Measures at placements of coils; what it has to know of B it works out when first asked for."""

    def __init__(self, currents: Currents, low_m: FloatArray, high_m: FloatArray) -> None:
        """``low_m`` and ``high_m``, (3,), are the corners of a box that no coil leaves."""
        self.measures = currents.moments_m.shape[2]
        self._field = MagneticField(currents)
        self._low_m = low_m
        shape = np.ceil((high_m - low_m) / _STEP_m).astype(int) + 2
        self._rows = np.full(shape, -1, np.int32)
        self._values = np.zeros((1, 3 * self.measures), np.float32)

    def __call__(self, dipoles: Dipoles, matrices: FloatArray, didt_A_per_s: float) -> FloatArray:
        """The measures for a coil at each pose, (n, 4, 4) to (n, f).

        Raises
        ------
        InputError
            A dipole lies outside the box.
        """
        out = np.empty((len(matrices), self.measures))
        for first in range(0, len(matrices), _PORTION):
            part = slice(first, first + _PORTION)
            self._sum(dipoles, np.ascontiguousarray(matrices[part]), out[part])
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
            matrices, dipoles.positions_m, dipoles.moments_m2, self._low_m, _STEP_m, self._rows,
            self._values, out, missing,
        )  # fmt: skip
        return missing

    def _fill(self, dipoles: Dipoles, matrices: FloatArray) -> None:
        """Work out B at the grid points round the dipoles of these poses."""
        wanted = np.zeros(self._rows.shape, bool)
        kernels.mark_cells(matrices, dipoles.positions_m, self._low_m, _STEP_m, wanted)
        wanted &= self._rows < 0
        points_m = self._low_m + np.argwhere(wanted) * _STEP_m
        B = self._field(points_m).transpose(0, 2, 1).reshape(len(points_m), -1)
        self._rows[wanted] = np.arange(len(self._values), len(self._values) + len(points_m))
        self._values = np.concatenate([self._values, B.astype(np.float32)])
