"""The electric field in a layered sphere, in closed form.

For a magnetic dipole whose moment changes at the rate m' at r_q outside a sphere whose conductivity
depends on the radius alone, with a = r_q - r and F = a (r_q a + r_q^2 - r.r_q)::

    E(r) = -mu0/(4 pi) r x [m' - r_q (m'.grad F) / F] / F

(Sarvas1987 by reciprocity, Heller1992). E has no radial part and doesn't depend on the conductivities.
"""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

from tmsim.coil.boxes import evaluate_in_boxes
from tmsim.coil.kernels import BLOCK, MU0_OVER_4PI, TILE, columns
from tmsim.coil.types import Dipoles
from tmsim.core import FloatArray, InputError, as_array


def sphere_field(
    dipoles: Dipoles, points_m: FloatArray, center_m: npt.ArrayLike = (0.0, 0.0, 0.0), *, rtol: float = 1e-6
) -> FloatArray:
    """E in a radially layered sphere round ``center_m``, (n, 3). [V/m per A/s]

    Parameters
    ----------
    dipoles
        The coil, in head coordinates: ``coil.dipoles().moved(pose.matrix)``.
    points_m
        (n, 3), in head coordinates.
    center_m
        Centre of the sphere, (3,).
    rtol
        As in :meth:`Coil.vector_potential`.

    Raises
    ------
    InputError
        A point is as far from the centre as a dipole: no sphere holds the points and not the coil.
    """
    center = as_array("sphere centre", center_m, (3,))
    points = as_array("points", points_m, (None, 3)) - center
    positions = dipoles.positions_m - center
    nearest = float(np.linalg.norm(positions, axis=1).min())
    farthest = float(np.linalg.norm(points, axis=1).max(initial=0.0))
    if farthest >= nearest:
        raise InputError(
            "points", f"one {farthest * 1e3:.1f} mm from the sphere's centre, coil at {nearest * 1e3:.1f} mm",
            "all nearer to the centre than the coil", "Lift the coil or move the centre.",
        )  # fmt: skip
    q, m = columns(positions), columns(dipoles.moments_m2)

    def evaluate(own_m: FloatArray) -> FloatArray:
        out = np.empty((len(own_m), 3))
        sphere_sums(columns(own_m), q, m, out)
        return out

    sources = np.column_stack([positions, np.zeros(len(positions))])
    return evaluate_in_boxes(evaluate, points, sources, rtol)


@nb.njit(fastmath={"reassoc", "contract", "arcp", "nsz"}, error_model="numpy", cache=True)
def _sphere_tile(x, y, z, q, m, lo, hi):  # pragma: no cover
    """Sum of [m' - r_q (m'.grad F) / F] / F over one tile of dipoles."""
    sx = sy = sz = 0.0
    for j in range(lo, hi):
        qx, qy, qz = q[0, j], q[1, j], q[2, j]
        ax, ay, az = qx - x, qy - y, qz - z
        a2 = ax * ax + ay * ay + az * az
        r2 = qx * qx + qy * qy + qz * qz
        a, r = np.sqrt(a2), np.sqrt(r2)
        along = (ax * qx + ay * qy + az * qz) / a
        f = 1 / (a * (r * a + r2 - (x * qx + y * qy + z * qz)))
        cq = a2 / r + along + 2 * a + 2 * r
        cp = a + 2 * r + along
        mx, my, mz = m[0, j], m[1, j], m[2, j]
        s = f * (mx * (cq * qx - cp * x) + my * (cq * qy - cp * y) + mz * (cq * qz - cp * z))
        sx += f * (mx - s * qx)
        sy += f * (my - s * qy)
        sz += f * (mz - s * qz)
    return sx, sy, sz


@nb.njit(parallel=True, error_model="numpy", cache=True)
def sphere_sums(points, q, m, out):  # pragma: no cover
    """E of dipoles ``q``, ``m`` (3, k) at ``points`` (3, n), the centre at 0, into ``out`` (n, 3)."""
    n, k = points.shape[1], q.shape[1]
    for block in nb.prange((n + BLOCK - 1) // BLOCK):
        for i in range(block * BLOCK, min(n, block * BLOCK + BLOCK)):
            x, y, z = points[0, i], points[1, i], points[2, i]
            tx = ty = tz = 0.0
            for lo in range(0, k, TILE):
                sx, sy, sz = _sphere_tile(x, y, z, q, m, lo, min(k, lo + TILE))
                tx += sx
                ty += sy
                tz += sz
            out[i, 0] = MU0_OVER_4PI * (z * ty - y * tz)
            out[i, 1] = MU0_OVER_4PI * (x * tz - z * tx)
            out[i, 2] = MU0_OVER_4PI * (y * tx - x * ty)
