"""A space-filling curve: points near each other in space come near each other in memory."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tmsim.core.arrays import FloatArray

_CELL_m = 5e-4
_BITS = 21  # by three axes in 64: a kilometre of cells


def along_curve(points_m: FloatArray) -> npt.NDArray[np.int64]:
    """Order of points, (n, 3), along a Morton curve through cells of half a millimetre; ties keep theirs."""
    cells = ((points_m - points_m.min(axis=0)) / _CELL_m).astype(np.uint64)
    key = np.zeros(len(points_m), np.uint64)
    for bit in range(_BITS):
        for axis in range(3):
            key |= ((cells[:, axis] >> np.uint64(bit)) & np.uint64(1)) << np.uint64(3 * bit + axis)
    return np.argsort(key, kind="stable")
