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
    """Sum of t atanh(L / (ra + rb)) over one tile; also how many arguments are too large for the series."""
    sx = sy = sz = 0.0
    near = 0
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
        near += u > _SERIES_LIMIT
    return sx, sy, sz, near


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
                sx, sy, sz, near = _segment_potential_tile(x, y, z, a, b, moment, length, lo, hi)
                if near > 0:
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


@nb.njit(error_model="numpy", cache=True)
def divide(points, index, sources, reach, few):  # pragma: no cover
    """Sort points into boxes far from all sources, in place, and say where each ends.

    ``points`` (3, n) and ``index`` (n,) are reordered alike; ``sources`` (4, k) are balls. Returns for
    each leaf its first point and one past its last, and its box (3,) centre and half width; the half
    width is 0 for leaves to be evaluated directly: too near a source, or of at most ``few`` points.
    """
    n = points.shape[1]
    first, last = [np.int64(0) for _ in range(0)], [np.int64(0) for _ in range(0)]
    centers, halves = [np.zeros(3) for _ in range(0)], [np.zeros(3) for _ in range(0)]
    stack = [(0, n)]
    while len(stack) > 0:
        lo, hi = stack.pop()
        center, half = np.empty(3), np.zeros(3)
        for axis in range(3):
            low = high = points[axis, lo]
            for i in range(lo + 1, hi):
                low = min(low, points[axis, i])
                high = max(high, points[axis, i])
            center[axis] = (low + high) / 2
            half[axis] = max((high - low) / 2, 1e-6)  # a flat box still needs a width to divide by
        axis = np.argmax(half)
        alone = hi - lo <= few
        far = not alone
        for j in range(sources.shape[1] if far else 0):
            d2 = 0.0
            for k in range(3):
                d2 += max(abs(sources[k, j] - center[k]) - half[k], 0.0) ** 2
            if d2 < (reach * half[axis] + sources[3, j]) ** 2:
                far = False
                break
        if alone or far:
            first.append(np.int64(lo))
            last.append(np.int64(hi))
            centers.append(center)
            halves.append(half if far else np.zeros(3))
            continue
        i, j = lo, hi
        while i < j:
            if points[axis, i] <= center[axis]:
                i += 1
            else:
                j -= 1
                for k in range(3):
                    points[k, i], points[k, j] = points[k, j], points[k, i]
                index[i], index[j] = index[j], index[i]
        stack.append((lo, i))
        stack.append((i, hi))
    leaves = len(first)
    bounds, center, half = np.empty((leaves, 2), np.int64), np.empty((leaves, 3)), np.empty((leaves, 3))
    for leaf in range(leaves):
        bounds[leaf, 0], bounds[leaf, 1] = first[leaf], last[leaf]
        center[leaf], half[leaf] = centers[leaf], halves[leaf]
    return bounds, center, half


@nb.njit(parallel=True, error_model="numpy", cache=True)
def chebyshev_sums(points, index, bounds, center, half, coefficients, out):  # pragma: no cover
    """Tensor Chebyshev series at points sorted by box, into the rows ``index`` of ``out`` (n, 3).

    Box ``b`` holds the points ``bounds[b, 0]`` to ``bounds[b, 1]`` of ``points`` (3, n); it spans
    ``center`` +- ``half``, both (boxes, 3), and has ``coefficients[b]``, (3, p, p, p).
    """
    p = coefficients.shape[2]
    for box in nb.prange(bounds.shape[0]):
        t = np.empty((3, p, BLOCK))
        row = np.empty(BLOCK)
        plane = np.empty(BLOCK)
        total = np.empty(BLOCK)
        for lo in range(bounds[box, 0], bounds[box, 1], BLOCK):
            m = min(BLOCK, bounds[box, 1] - lo)
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
                    out[index[lo + i], axis] = total[i]


def columns(array: FloatArray) -> FloatArray:
    """(n, 3) to contiguous (3, n), the layout of the kernels."""
    return np.ascontiguousarray(array.T, dtype=np.float64)
