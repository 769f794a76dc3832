"""Loops of the field basis. Arrays in, arrays out; every sum runs in a fixed order, whatever the threads."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from tmsim.coil.kernels import MU0_OVER_4PI
from tmsim.field.register_kernels import FIELDS, ROWS, multiply_tile

_PIECES = 64
_TILE = 64  # sources a tile
_TOGETHER = 8  # panels whose products are written in one go: longer runs of memory, a tenth faster


@njit(cache=True)
def _scalp_radius(x, y, z, scalp):
    polar, azimuth = scalp.shape
    i = int(np.arctan2(np.hypot(x, y), z) / np.pi * polar)
    j = int(np.arctan2(y, x) / (2 * np.pi) % 1.0 * azimuth)
    return scalp[min(i, polar - 1), min(j, azimuth - 1)]


@njit(cache=True)
def scalp_radii(offsets, scalp, out):
    """Radius of the scalp in the directions of ``offsets`` (n, 3), from a table by polar angle, azimuth."""
    for i in range(len(offsets)):
        out[i] = _scalp_radius(offsets[i, 0], offsets[i, 1], offsets[i, 2], scalp)


@njit(cache=True, parallel=True)
def deepest(points, matrices, center, scalp, out):
    """How far the deepest of ``points`` (n, 3) comes under the scalp at each of poses (n_poses, 4, 4)."""
    for pose in prange(len(matrices)):
        m = matrices[pose]
        worst = -np.inf
        at = np.empty(3)
        for i in range(len(points)):
            for axis in range(3):
                at[axis] = m[axis, 3] - center[axis]
                for k in range(3):
                    at[axis] += m[axis, k] * points[i, k]
            radius = _scalp_radius(at[0], at[1], at[2], scalp)
            worst = max(worst, radius - np.sqrt(at[0] ** 2 + at[1] ** 2 + at[2] ** 2))
        out[pose] = worst


@njit(cache=True, error_model="numpy", fastmath={"contract", "arcp", "nsz"})
def _sphere_fields(x, y, z, sources, moments, lo, hi, out):
    """E in a layered sphere round 0 of each dipole ``lo`` to ``hi`` at one point, into ``out`` (3, tile)."""
    for j in range(lo, hi):
        qx, qy, qz = sources[0, j], sources[1, j], sources[2, j]
        ax, ay, az = qx - x, qy - y, qz - z
        a2 = ax * ax + ay * ay + az * az
        r2 = qx * qx + qy * qy + qz * qz
        a, r = np.sqrt(a2), np.sqrt(r2)
        along = (ax * qx + ay * qy + az * qz) / a
        f = 1 / (a * (r * a + r2 - (x * qx + y * qy + z * qz)))
        cq = a2 / r + along + 2 * a + 2 * r
        cp = a + 2 * r + along
        mx, my, mz = moments[0, j], moments[1, j], moments[2, j]
        s = f * (mx * (cq * qx - cp * x) + my * (cq * qy - cp * y) + mz * (cq * qz - cp * z))
        vx, vy, vz = f * (mx - s * qx), f * (my - s * qy), f * (mz - s * qz)
        out[0, j - lo] = MU0_OVER_4PI * (z * vy - y * vz)
        out[1, j - lo] = MU0_OVER_4PI * (x * vz - z * vx)
        out[2, j - lo] = MU0_OVER_4PI * (y * vx - x * vy)


@njit(cache=True, parallel=True)
def _mode_fields(points, sources, moments, weights, center, out):
    n, modes = points.shape[0], weights.shape[1]
    for piece in prange(_PIECES):
        tile = np.empty((3, _TILE))
        sums = np.empty((3, modes))
        for i in range(piece * n // _PIECES, (piece + 1) * n // _PIECES):
            x, y, z = points[i, 0] - center[0], points[i, 1] - center[1], points[i, 2] - center[2]
            sums[:] = 0.0
            for lo in range(0, sources.shape[1], _TILE):
                hi = min(sources.shape[1], lo + _TILE)
                _sphere_fields(x, y, z, sources, moments, lo, hi, tile)
                for j in range(lo, hi):
                    ex, ey, ez = tile[0, j - lo], tile[1, j - lo], tile[2, j - lo]
                    for k in range(modes):
                        w = weights[j, k]
                        sums[0, k] += w * ex
                        sums[1, k] += w * ey
                        sums[2, k] += w * ez
            for k in range(modes):
                for axis in range(3):
                    out[k, i, axis] = sums[axis, k]


def primary_of_modes(points_m, sources_m, normals, weights, center_m):
    """E of modes in a sphere round ``center_m``, (n_modes, n_points, 3). [V/m]

    Parameters
    ----------
    sources_m, normals
        Dipoles of unit moment, (n_sources, 3).
    weights
        Rates of change of moment of each source in each mode, (n_sources, n_modes). [A m^2/s]
    """
    out = np.empty((weights.shape[1], len(points_m), 3))
    sources, moments = np.ascontiguousarray((sources_m - center_m).T), np.ascontiguousarray(normals.T)
    _mode_fields(points_m, sources, moments, np.ascontiguousarray(weights), center_m, out)
    return out


@njit(cache=True, parallel=True)
def recovered_at_corners(cells, gradients, potentials, volumes, tags, start, touching, corners, wanted, out):
    """First-order grad(phi) at corners, averaged over the cells of one tissue, (n_corners, 3, n_fields).

    ``corners`` and ``wanted`` (n_corners,) name node and tissue; ``potentials`` is (n_nodes, n_fields).
    """
    n, fields = corners.shape[0], potentials.shape[1]
    for piece in prange(_PIECES):
        slope = np.empty((3, fields))
        for i in range(piece * n // _PIECES, (piece + 1) * n // _PIECES):
            slope[:] = 0.0
            total = 0.0
            for p in range(start[corners[i]], start[corners[i] + 1]):
                e = touching[p] // 4
                if tags[e] == wanted[i]:
                    total += volumes[e]
                    for a in range(4):
                        for axis in range(3):
                            w = volumes[e] * gradients[e, a, axis]
                            for f in range(fields):
                                slope[axis, f] += w * potentials[cells[e, a], f]
            for axis in range(3):
                for f in range(fields):
                    out[i, axis, f] = slope[axis, f] / total


@njit(cache=True, parallel=True)
def recovered_fields(primary, slopes, nodes, corners, weights, out):
    """E0 - grad(phi) at points between four corners, (n_fields, n_points, 3).

    ``primary`` is (n_fields, n_nodes, 3); ``nodes`` and ``corners`` (n_points, 4) say where each corner of a
    point stands in it and in ``slopes`` (n_corners, 3, n_fields).
    """
    fields, n = out.shape[0], out.shape[1]
    for piece in prange(_PIECES):
        for q in range(piece * n // _PIECES, (piece + 1) * n // _PIECES):
            for f in range(fields):
                for axis in range(3):
                    s = 0.0
                    for a in range(4):
                        s += weights[q, a] * (primary[f, nodes[q, a], axis] - slopes[corners[q, a], axis, f])
                    out[f, q, axis] = s


@njit(cache=True, parallel=True, fastmath={"contract"})
def product(panels, scales, coefficients, out):
    """out = U c of one field: ``panels`` (n_panels, modes, ROWS); ``scales``, ``out`` (n_panels * ROWS,)."""
    n, modes = panels.shape[0], panels.shape[1]
    for piece in prange(_PIECES):
        sums = np.empty(ROWS, np.float32)
        for p in range(piece * n // _PIECES, (piece + 1) * n // _PIECES):
            sums[:] = 0.0
            for k in range(0, modes, 4):
                a, b = coefficients[k], coefficients[k + 1]
                c, d = coefficients[k + 2], coefficients[k + 3]
                for r in range(ROWS):
                    sums[r] += (
                        a * np.float32(panels[p, k, r])
                        + b * np.float32(panels[p, k + 1, r])
                        + c * np.float32(panels[p, k + 2, r])
                        + d * np.float32(panels[p, k + 3, r])
                    )
            for r in range(ROWS):
                out[p * ROWS + r] = sums[r] * scales[p * ROWS + r]


@njit(cache=True, parallel=True)
def products(panels, scales, coefficients, out):
    """The same for many fields: each panel is read once.

    ``coefficients`` (n / FIELDS, modes, FIELDS) hold a field in each column; ``out`` (n, n_panels * ROWS).
    """
    n, modes = panels.shape[0], panels.shape[1]
    groups = -(-n // _TOGETHER)
    for piece in prange(_PIECES):
        tiles = np.empty((_TOGETHER, modes, ROWS), np.float32)
        sums = np.empty((_TOGETHER, FIELDS, ROWS), np.float32)
        for group in range(piece * groups // _PIECES, (piece + 1) * groups // _PIECES):
            first, last = group * _TOGETHER, min(group * _TOGETHER + _TOGETHER, n)
            stored, numbers = panels[first:last].reshape(-1), tiles.reshape(-1)
            for k in range(stored.size):
                numbers[k] = stored[k]
            for block in range(coefficients.shape[0]):
                for p in range(last - first):
                    multiply_tile(tiles[p], coefficients[block], sums[p])  # pyright: ignore[reportCallIssue]
                for f in range(FIELDS):
                    for p in range(last - first):
                        for r in range(ROWS):
                            row = (first + p) * ROWS + r
                            out[block * FIELDS + f, row] = sums[p, f, r] * scales[row]


@njit(cache=True, parallel=True, fastmath={"reassoc", "contract"})
def transform(matrix, vectors, out):
    """``out`` (n, m) = ``vectors`` (n, k) times the transpose of ``matrix`` (m, k)."""
    for i in prange(matrix.shape[0]):
        for v in range(vectors.shape[0]):
            total = 0.0
            for k in range(matrix.shape[1]):
                total += matrix[i, k] * vectors[v, k]
            out[v, i] = total
