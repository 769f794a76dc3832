"""Fields of current elements, pair by pair. Arrays in, arrays out; structure of arrays throughout.

Each target sums over the sources in tiles of fixed size and fixed order, so the result doesn't depend on
the number of threads. Within a tile the compiler may reorder sums (``reassoc``), which is what lets it use
SIMD; NaN and infinity keep their meaning.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from tmsim.core import FloatArray

MU0_OVER_4PI = 1e-7  # [V s / (A m)]
TILE = 128  # sources a tile
BLOCK = 128  # targets a task
_SERIES_LIMIT = 0.4  # the series of atanh below is good to 4e-9 up to here

_FAST = {"reassoc", "contract", "arcp", "nsz"}


@nb.njit(fastmath=_FAST, error_model="numpy", cache=True)
def _segment_potential_tile(x, y, z, a, b, moment, length, lo, hi):  # pragma: no cover
    """Sum of t atanh(L / (ra + rb)) over one tile; its last entry is the largest argument met."""
    sx = sy = sz = 0.0
    worst = 0.0
    for j in range(lo, hi):
        ax = x - a[0, j]
        ay = y - a[1, j]
        az = z - a[2, j]
        bx = x - b[0, j]
        by = y - b[1, j]
        bz = z - b[2, j]
        u = length[j] / (np.sqrt(ax * ax + ay * ay + az * az) + np.sqrt(bx * bx + by * by + bz * bz))
        v = u * u
        w = 1 / 13 + v * (1 / 15 + v * (1 / 17))
        w = 1 / 5 + v * (1 / 7 + v * (1 / 9 + v * (1 / 11 + v * w)))
        w = u * (1 + v * (1 / 3 + v * w))
        sx += moment[0, j] * w
        sy += moment[1, j] * w
        sz += moment[2, j] * w
        worst = max(worst, u)
    return sx, sy, sz, worst


@nb.njit(error_model="numpy", cache=True)
def _segment_potential_tile_near(x, y, z, a, b, moment, length, lo, hi):  # pragma: no cover
    """The same tile by the logarithm, for a target close to a wire."""
    sx = sy = sz = 0.0
    for j in range(lo, hi):
        ra = np.sqrt((x - a[0, j]) ** 2 + (y - a[1, j]) ** 2 + (z - a[2, j]) ** 2)
        rb = np.sqrt((x - b[0, j]) ** 2 + (y - b[1, j]) ** 2 + (z - b[2, j]) ** 2)
        u = length[j] / (ra + rb)
        w = 0.5 * np.log((1 + u) / (1 - u))
        sx += moment[0, j] * w
        sy += moment[1, j] * w
        sz += moment[2, j] * w
    return sx, sy, sz


@nb.njit(parallel=True, error_model="numpy", cache=True)
def segment_potential(points, a, b, moment, length, out):  # pragma: no cover
    """A of straight wires, (n, 3) into ``out``. [V s/m per A]

    ``points`` (3, n), ``a`` and ``b`` (3, k) the ends, ``moment`` (3, k) turns times unit direction,
    ``length`` (k,). A = mu0/(4 pi) t 2 atanh(L / (ra + rb)) for each wire.
    """
    n, k = points.shape[1], a.shape[1]
    for block in nb.prange((n + BLOCK - 1) // BLOCK):
        for i in range(block * BLOCK, min(n, block * BLOCK + BLOCK)):
            x, y, z = points[0, i], points[1, i], points[2, i]
            tx = ty = tz = 0.0
            for lo in range(0, k, TILE):
                hi = min(k, lo + TILE)
                sx, sy, sz, worst = _segment_potential_tile(x, y, z, a, b, moment, length, lo, hi)
                if worst > _SERIES_LIMIT:
                    sx, sy, sz = _segment_potential_tile_near(x, y, z, a, b, moment, length, lo, hi)
                tx += sx
                ty += sy
                tz += sz
            out[i, 0] = 2 * MU0_OVER_4PI * tx
            out[i, 1] = 2 * MU0_OVER_4PI * ty
            out[i, 2] = 2 * MU0_OVER_4PI * tz


@nb.njit(fastmath=_FAST, error_model="numpy", cache=True)
def _segment_flux_tile(x, y, z, a, b, turns, lo, hi):  # pragma: no cover
    sx = sy = sz = 0.0
    for j in range(lo, hi):
        ax = x - a[0, j]
        ay = y - a[1, j]
        az = z - a[2, j]
        bx = x - b[0, j]
        by = y - b[1, j]
        bz = z - b[2, j]
        ra = np.sqrt(ax * ax + ay * ay + az * az)
        rb = np.sqrt(bx * bx + by * by + bz * bz)
        rr = ra * rb
        w = turns[j] * (ra + rb) / (rr * (rr + ax * bx + ay * by + az * bz))
        sx += (ay * bz - az * by) * w
        sy += (az * bx - ax * bz) * w
        sz += (ax * by - ay * bx) * w
    return sx, sy, sz


@nb.njit(parallel=True, error_model="numpy", cache=True)
def segment_flux(points, a, b, turns, out):  # pragma: no cover
    """B of straight wires, (n, 3) into ``out``. [T/A]

    B = mu0/(4 pi) (ra x rb) (ra + rb) / (ra rb (ra rb + ra . rb)) for each wire.
    """
    n, k = points.shape[1], a.shape[1]
    for block in nb.prange((n + BLOCK - 1) // BLOCK):
        for i in range(block * BLOCK, min(n, block * BLOCK + BLOCK)):
            tx = ty = tz = 0.0
            for lo in range(0, k, TILE):
                sx, sy, sz = _segment_flux_tile(
                    points[0, i], points[1, i], points[2, i], a, b, turns, lo, min(k, lo + TILE)
                )
                tx += sx
                ty += sy
                tz += sz
            out[i, 0] = MU0_OVER_4PI * tx
            out[i, 1] = MU0_OVER_4PI * ty
            out[i, 2] = MU0_OVER_4PI * tz


@nb.njit(fastmath=_FAST, error_model="numpy", cache=True)
def _dipole_potential_tile(x, y, z, q, m, lo, hi):  # pragma: no cover
    sx = sy = sz = 0.0
    for j in range(lo, hi):
        dx = x - q[0, j]
        dy = y - q[1, j]
        dz = z - q[2, j]
        r2 = dx * dx + dy * dy + dz * dz
        w = 1 / (r2 * np.sqrt(r2))
        sx += (m[1, j] * dz - m[2, j] * dy) * w
        sy += (m[2, j] * dx - m[0, j] * dz) * w
        sz += (m[0, j] * dy - m[1, j] * dx) * w
    return sx, sy, sz


@nb.njit(parallel=True, error_model="numpy", cache=True)
def dipole_potential(points, q, m, out):  # pragma: no cover
    """A of magnetic dipoles, (n, 3) into ``out``: mu0/(4 pi) m x d / d^3. [V s/m per A]"""
    n, k = points.shape[1], q.shape[1]
    for block in nb.prange((n + BLOCK - 1) // BLOCK):
        for i in range(block * BLOCK, min(n, block * BLOCK + BLOCK)):
            tx = ty = tz = 0.0
            for lo in range(0, k, TILE):
                sx, sy, sz = _dipole_potential_tile(
                    points[0, i], points[1, i], points[2, i], q, m, lo, min(k, lo + TILE)
                )
                tx += sx
                ty += sy
                tz += sz
            out[i, 0] = MU0_OVER_4PI * tx
            out[i, 1] = MU0_OVER_4PI * ty
            out[i, 2] = MU0_OVER_4PI * tz


@nb.njit(fastmath=_FAST, error_model="numpy", cache=True)
def _dipole_flux_tile(x, y, z, q, m, lo, hi):  # pragma: no cover
    sx = sy = sz = 0.0
    for j in range(lo, hi):
        dx = x - q[0, j]
        dy = y - q[1, j]
        dz = z - q[2, j]
        r2 = dx * dx + dy * dy + dz * dz
        w = 1 / (r2 * np.sqrt(r2))
        s = 3 * (m[0, j] * dx + m[1, j] * dy + m[2, j] * dz) / r2
        sx += (s * dx - m[0, j]) * w
        sy += (s * dy - m[1, j]) * w
        sz += (s * dz - m[2, j]) * w
    return sx, sy, sz


@nb.njit(parallel=True, error_model="numpy", cache=True)
def dipole_flux(points, q, m, out):  # pragma: no cover
    """B of magnetic dipoles, (n, 3) into ``out``: mu0/(4 pi) (3 (m.d) d / d^2 - m) / d^3. [T/A]"""
    n, k = points.shape[1], q.shape[1]
    for block in nb.prange((n + BLOCK - 1) // BLOCK):
        for i in range(block * BLOCK, min(n, block * BLOCK + BLOCK)):
            tx = ty = tz = 0.0
            for lo in range(0, k, TILE):
                sx, sy, sz = _dipole_flux_tile(
                    points[0, i], points[1, i], points[2, i], q, m, lo, min(k, lo + TILE)
                )
                tx += sx
                ty += sy
                tz += sz
            out[i, 0] = MU0_OVER_4PI * tx
            out[i, 1] = MU0_OVER_4PI * ty
            out[i, 2] = MU0_OVER_4PI * tz


@nb.njit(parallel=True, error_model="numpy", cache=True)
def chebyshev_sums(points, first, center, half, coefficients, out):  # pragma: no cover
    """Tensor Chebyshev series at points sorted by box, (n, 3) into ``out``.

    Box ``b`` holds the points ``first[b]`` to ``first[b + 1]`` of ``points`` (3, n); it spans ``center``
    +- ``half``, both (boxes, 3), and has ``coefficients[b]``, (3, p, p, p).
    """
    p = coefficients.shape[2]
    for box in nb.prange(first.shape[0] - 1):
        t = np.empty((3, p, BLOCK))
        row = np.empty(BLOCK)
        plane = np.empty(BLOCK)
        total = np.empty(BLOCK)
        for lo in range(first[box], first[box + 1], BLOCK):
            m = min(BLOCK, first[box + 1] - lo)
            for axis in range(3):
                t[axis, 0, :m] = 1.0
                t[axis, 1, :m] = (points[axis, lo : lo + m] - center[box, axis]) / half[box, axis]
                for k in range(2, p):
                    for i in range(m):
                        t[axis, k, i] = 2 * t[axis, 1, i] * t[axis, k - 1, i] - t[axis, k - 2, i]
            for axis in range(3):
                total[:m] = 0.0
                for kx in range(p):
                    plane[:m] = 0.0
                    for ky in range(p):
                        row[:m] = coefficients[box, axis, kx, ky, 0]
                        for kz in range(1, p):
                            c = coefficients[box, axis, kx, ky, kz]
                            for i in range(m):
                                row[i] += c * t[2, kz, i]
                        for i in range(m):
                            plane[i] += row[i] * t[1, ky, i]
                    for i in range(m):
                        total[i] += plane[i] * t[0, kx, i]
                for i in range(m):
                    out[lo + i, axis] = total[i]


def columns(array: FloatArray) -> FloatArray:
    """(n, 3) to contiguous (3, n), the layout of the kernels."""
    return np.ascontiguousarray(array.T, dtype=np.float64)
