"""From tetrahedra to voxels: which tetrahedron holds the centre of each voxel.

A field that is constant on tetrahedra becomes a volume by one lookup; nothing is interpolated, so that
every voxel shows the value of its own tissue.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from tmsim.core import FloatArray, IntArray, read_only
from tmsim.core.frames import apply, inverse
from tmsim.head.types import Head

_SLACK = 1e-9  # of a barycentric coordinate, so that a centre on a shared face is in one of the two


def tets_on_grid(head: Head, affine_m: FloatArray, shape: tuple[int, int, int]) -> IntArray:
    """Index of the tetrahedron at the centre of each voxel, of ``shape``; -1 outside the head.

    A centre on a face that two tetrahedra share goes to the one that comes first in the file.

    Parameters
    ----------
    affine_m
        Voxel indices to head coordinates, (4, 4). [m]
    """
    out = np.full(shape, -1, dtype=np.int32)
    _rasterise(apply(inverse(affine_m), head.nodes_m), head.tets, out)
    return read_only(out)


def grid_round(head: Head, voxel_m: float = 1e-3) -> tuple[FloatArray, tuple[int, int, int]]:
    """Affine and shape of a grid along the axes of the head that just holds it. [m]"""
    low = np.floor(head.nodes_m.min(axis=0) / voxel_m)
    high = np.ceil(head.nodes_m.max(axis=0) / voxel_m)
    affine = np.diag([voxel_m, voxel_m, voxel_m, 1.0])
    affine[:3, 3] = low * voxel_m
    i, j, k = (high - low + 1).astype(int).tolist()
    return affine, (i, j, k)


def on_grid(values: FloatArray, tets: IntArray) -> npt.NDArray[np.float32]:
    """Values by tetrahedron, (n_tets, ...), at voxels, (i, j, k, ...) in float32; 0 outside the head."""
    padded = np.concatenate([values, np.zeros((1, *values.shape[1:]))]).astype(np.float32)
    return padded[tets]  # -1 takes the zero at the end


@numba.njit(cache=True)
def _rasterise(nodes: FloatArray, tets: IntArray, out: IntArray) -> None:
    """Write the index of each tetrahedron into the voxels whose centre it holds; nodes in voxel units."""
    for t in range(tets.shape[0]):
        a, b, c, d = nodes[tets[t, 0]], nodes[tets[t, 1]], nodes[tets[t, 2]], nodes[tets[t, 3]]
        u, v, w = b - a, c - a, d - a
        # Rows of the inverse of [u v w]: they give the barycentric coordinates of b, c and d.
        vw, wu, uv = np.cross(v, w), np.cross(w, u), np.cross(u, v)
        volume = u[0] * vw[0] + u[1] * vw[1] + u[2] * vw[2]
        first, last = np.empty(3, np.int64), np.empty(3, np.int64)
        for axis in range(3):
            low = min(min(a[axis], b[axis]), min(c[axis], d[axis]))
            high = max(max(a[axis], b[axis]), max(c[axis], d[axis]))
            first[axis] = max(0, int(np.ceil(low - 1e-6)))
            last[axis] = min(out.shape[axis] - 1, int(np.floor(high + 1e-6)))
        for i in range(first[0], last[0] + 1):
            for j in range(first[1], last[1] + 1):
                for k in range(first[2], last[2] + 1):
                    if out[i, j, k] >= 0:
                        continue
                    x, y, z = i - a[0], j - a[1], k - a[2]
                    p = (x * vw[0] + y * vw[1] + z * vw[2]) / volume
                    q = (x * wu[0] + y * wu[1] + z * wu[2]) / volume
                    r = (x * uv[0] + y * uv[1] + z * uv[2]) / volume
                    if p >= -_SLACK and q >= -_SLACK and r >= -_SLACK and p + q + r <= 1 + _SLACK:
                        out[i, j, k] = t
