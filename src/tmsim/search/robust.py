"""What placement errors leave of a value."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from tmsim.core import FloatArray, stream
from tmsim.search.candidates import lifted
from tmsim.search.prepare import Prepared
from tmsim.search.types import PlacementError


def values_under(prepared: Prepared, matrix: FloatArray, coil: int, error: PlacementError) -> FloatArray:
    """Values at the poses that a placement may come to, (samples,); the same errors for every placement.

    The coil stays as close to the scalp as it was to be: it moves along its axis until the least distance
    along that axis is the planned one.
    """
    draws = stream(error.seed, "target search", 3).normal(size=(error.samples, 5))
    off = np.tile(np.eye(4), (error.samples, 1, 1))
    off[:, :3, :3] = Rotation.from_rotvec(error.angle_rad * draws[:, 2:]).as_matrix()
    off[:, :2, 3] = error.position_m * draws[:, :2]
    matrices = matrix @ off
    overlaps_m = prepared.clearances[coil].overlaps_m(np.concatenate([matrix[None], matrices]))
    matrices = lifted(matrices, overlaps_m[1:] - overlaps_m[0])
    return prepared.values(matrices, coil)
