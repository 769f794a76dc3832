"""Loops of the search. Arrays in, arrays out; every sum runs in a fixed order."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

# Corners of the local unknowns of a second-order tetrahedron, as in the kernels of the field room.
_ENDS = np.array(
    [[0, 0], [1, 1], [2, 2], [3, 3], [0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]], dtype=np.int64
)


@njit(cache=True)
def field_functionals(cells, gradients, where, weights, functionals, of_primary, of_potential):
    """Add what E0 and phi at the unknowns count for in sums of w.E over points: ``field_at`` transposed.

    ``functionals`` (n_points, 3, f) holds w; E0 counts with ``of_primary`` (n_unknowns, 3, f), phi with
    ``of_potential`` (n_unknowns, f).
    """
    width, f = cells.shape[1], functionals.shape[2]
    for q in range(where.shape[0]):
        e = where[q]
        for a in range(4):
            w = weights[q, a]
            shape = w if width == 4 else w * (2 * w - 1)
            slope = 1.0 if width == 4 else 4 * w - 1
            for k in range(3):
                for c in range(f):
                    of_primary[cells[e, a], k, c] += shape * functionals[q, k, c]
                    of_potential[cells[e, a], c] -= slope * gradients[e, a, k] * functionals[q, k, c]
        for b in range(4, width):
            i, j = _ENDS[b, 0], _ENDS[b, 1]
            shape = 4 * weights[q, i] * weights[q, j]
            for k in range(3):
                slope = 4 * (weights[q, i] * gradients[e, j, k] + weights[q, j] * gradients[e, i, k])
                for c in range(f):
                    of_primary[cells[e, b], k, c] += shape * functionals[q, k, c]
                    of_potential[cells[e, b], c] -= slope * functionals[q, k, c]


@njit(cache=True)
def recovered_functionals(
    cells, gradients, volumes, tags, start, touching, where, weights, functionals, of_primary, of_potential
):
    """The same for the recovered first-order field: ``recover_at`` transposed."""
    f = functionals.shape[2]
    for q in range(where.shape[0]):
        tag = tags[where[q]]
        for a in range(4):
            corner = cells[where[q], a]
            total = 0.0
            for p in range(start[corner], start[corner + 1]):
                e = touching[p] // 4
                if tags[e] == tag:
                    total += volumes[e]
            for k in range(3):
                for c in range(f):
                    of_primary[corner, k, c] += weights[q, a] * functionals[q, k, c]
            for p in range(start[corner], start[corner + 1]):
                e = touching[p] // 4
                if tags[e] == tag:
                    share = weights[q, a] * volumes[e] / total
                    for b in range(4):
                        for k in range(3):
                            for c in range(f):
                                of_potential[cells[e, b], c] -= (
                                    share * gradients[e, b, k] * functionals[q, k, c]
                                )


@njit(cache=True)
def add_load_transposed(cells, flux, potential, out):
    """Add to ``out`` (n_unknowns, 3, f) what E0 at the unknowns counts for in psi.b, b the load of E0.

    ``local_load`` of the field room transposed; ``potential`` (n_unknowns, f) holds psi.
    """
    n, width = cells.shape
    f = potential.shape[1]
    h = np.empty((4, 3, f))  # what the four moments of E0 count for
    for e in range(n):
        h[:] = 0.0
        for b in range(4):
            i = cells[e, b]
            for k in range(3):
                for c in range(f):
                    s = flux[e, b, k] * potential[i, c]
                    for a in range(4):
                        h[a, k, c] += s if width == 4 else (3 * s if a == b else -s)
        for b in range(4, width):
            i, j = _ENDS[b, 0], _ENDS[b, 1]
            u = cells[e, b]
            for k in range(3):
                for c in range(f):
                    h[i, k, c] += 4 * flux[e, j, k] * potential[u, c]
                    h[j, k, c] += 4 * flux[e, i, k] * potential[u, c]
        for k in range(3):
            for c in range(f):
                total = h[0, k, c] + h[1, k, c] + h[2, k, c] + h[3, k, c]
                if width == 4:
                    for a in range(4):
                        out[cells[e, a], k, c] += 0.05 * (total + h[a, k, c])
                else:
                    for a in range(4):
                        out[cells[e, a], k, c] -= (total - h[a, k, c]) / 60
                    for b in range(4, width):
                        on = h[_ENDS[b, 0], k, c] + h[_ENDS[b, 1], k, c]
                        out[cells[e, b], k, c] += (total + on) / 30


LATTICE_POINTS = 6  # along each axis: Lagrange polynomials of fifth degree
_FAST = {"reassoc", "contract", "arcp", "nsz"}
_TILE = 128


@njit(cache=True)
def spread(offsets, moments, out):
    """Add point currents to the lattice points round one cell, by Lagrange's polynomials.

    ``offsets`` (n, 3) are places in the cell in units of its width, 0 to 1, ``moments`` (n, f, 3), ``out``
    (6, 6, 6, f, 3) the lattice points from two before the cell's corner to three after it.
    """
    w = np.empty((3, LATTICE_POINTS))
    for n in range(offsets.shape[0]):
        for axis in range(3):
            for i in range(LATTICE_POINTS):
                p = 1.0
                for j in range(LATTICE_POINTS):
                    if j != i:
                        p *= (offsets[n, axis] - (j - 2)) / (i - j)
                w[axis, i] = p
        for i in range(LATTICE_POINTS):
            for j in range(LATTICE_POINTS):
                for k in range(LATTICE_POINTS):
                    share = w[0, i] * w[1, j] * w[2, k]
                    for c in range(moments.shape[1]):
                        for axis in range(3):
                            out[i, j, k, c, axis] += share * moments[n, c, axis]


@njit(fastmath=_FAST, error_model="numpy", cache=True)
def _magnetic_tile(x, y, z, sources, moments, lo, hi, kernel, total):  # pragma: no cover
    """Add the field of one tile of currents at one point to ``total`` (f, 3)."""
    for j in range(lo, hi):
        dx, dy, dz = x - sources[0, j], y - sources[1, j], z - sources[2, j]
        r2 = dx * dx + dy * dy + dz * dz
        w = 1 / (r2 * np.sqrt(r2))
        kernel[0, j - lo], kernel[1, j - lo], kernel[2, j - lo] = w * dx, w * dy, w * dz
    for c in range(moments.shape[0]):
        bx = by = bz = np.float32(0)
        for j in range(lo, hi):
            dx, dy, dz = kernel[0, j - lo], kernel[1, j - lo], kernel[2, j - lo]
            mx, my, mz = moments[c, 0, j], moments[c, 1, j], moments[c, 2, j]
            bx += my * dz - mz * dy
            by += mz * dx - mx * dz
            bz += mx * dy - my * dx
        total[c, 0] += bx
        total[c, 1] += by
        total[c, 2] += bz


@njit(parallel=True, error_model="numpy", cache=True)
def magnetic_field(points, sources, moments, out):  # pragma: no cover
    """B of point currents per mu0/(4 pi): the sum of p x d / d^3, into ``out`` (n, f, 3).

    float32 arrays: ``points`` (3, n), ``sources`` (3, s), ``moments`` (f, 3, s).
    """
    s = sources.shape[1]
    for i in prange(points.shape[1]):
        total = np.zeros((moments.shape[0], 3))
        kernel = np.empty((3, _TILE), np.float32)
        for lo in range(0, s, _TILE):
            hi = min(s, lo + _TILE)
            _magnetic_tile(points[0, i], points[1, i], points[2, i], sources, moments, lo, hi, kernel, total)
        for c in range(moments.shape[0]):
            for k in range(3):
                out[i, c, k] = total[c, k]


@njit(parallel=True, error_model="numpy", cache=True)
def sum_over_coil(matrices, positions, moments, step, rows, values, out, missing):  # pragma: no cover
    """Sum of m . B over a coil's dipoles at each pose, B by linear interpolation on a grid.

    ``matrices`` (n, 4, 4) from coil to grid, ``positions`` and ``moments`` (k, 3), ``rows`` (i, j, k) the row
    of each grid point in ``values`` (p, 3 f), negative where it has none; ``out`` (n, f). ``missing`` (n,) is
    1 where such a point was wanted, and -1 where the coil leaves the grid.
    """
    f = out.shape[1]
    for n in prange(matrices.shape[0]):
        B = np.empty(3 * f, np.float32)
        total = np.zeros(f)
        t = matrices[n]
        missing[n] = 0
        for d in range(positions.shape[0]):
            px, py, pz = positions[d, 0], positions[d, 1], positions[d, 2]
            x = (t[0, 0] * px + t[0, 1] * py + t[0, 2] * pz + t[0, 3]) / step
            y = (t[1, 0] * px + t[1, 1] * py + t[1, 2] * pz + t[1, 3]) / step
            z = (t[2, 0] * px + t[2, 1] * py + t[2, 2] * pz + t[2, 3]) / step
            i, j, k = int(np.floor(x)), int(np.floor(y)), int(np.floor(z))
            if (
                i < 0 or j < 0 or k < 0
                or i + 1 >= rows.shape[0] or j + 1 >= rows.shape[1] or k + 1 >= rows.shape[2]
            ):  # fmt: skip
                missing[n] = -1
                break
            x, y, z = x - i, y - j, z - k
            B[:] = 0
            for corner in range(8):
                a, b, c = corner & 1, (corner >> 1) & 1, corner >> 2
                row = rows[i + a, j + b, k + c]
                if row < 0:
                    missing[n] = 1
                    row = 0
                w = np.float32((x if a else 1 - x) * (y if b else 1 - y) * (z if c else 1 - z))
                for e in range(3 * f):
                    B[e] += w * values[row, e]
            mx, my, mz = moments[d, 0], moments[d, 1], moments[d, 2]
            hx = t[0, 0] * mx + t[0, 1] * my + t[0, 2] * mz
            hy = t[1, 0] * mx + t[1, 1] * my + t[1, 2] * mz
            hz = t[2, 0] * mx + t[2, 1] * my + t[2, 2] * mz
            for c in range(f):
                total[c] += hx * B[c] + hy * B[f + c] + hz * B[2 * f + c]
        for c in range(f):
            out[n, c] = total[c]


@njit(cache=True)
def mark_cells(matrices, positions, step, wanted):
    """Set ``wanted`` (i, j, k) at the grid points round every dipole of every pose."""
    for n in range(matrices.shape[0]):
        t = matrices[n]
        for d in range(positions.shape[0]):
            px, py, pz = positions[d, 0], positions[d, 1], positions[d, 2]
            i = int(np.floor((t[0, 0] * px + t[0, 1] * py + t[0, 2] * pz + t[0, 3]) / step))
            j = int(np.floor((t[1, 0] * px + t[1, 1] * py + t[1, 2] * pz + t[1, 3]) / step))
            k = int(np.floor((t[2, 0] * px + t[2, 1] * py + t[2, 2] * pz + t[2, 3]) / step))
            wanted[i : i + 2, j : j + 2, k : k + 2] = True


@njit(cache=True)
def _deeper(t, point, deepest, corner, cell, top, deep):
    """How deep the coil is over a point of the skin, if deeper than ``deep``; ``top`` is its largest z."""
    x, y, z = point[0] - t[0, 3], point[1] - t[1, 3], point[2] - t[2, 3]
    depth = t[0, 2] * x + t[1, 2] * y + t[2, 2] * z
    if top - depth <= deep:
        return deep
    i = int(np.floor((t[0, 0] * x + t[1, 0] * y + t[2, 0] * z - corner[0]) / cell))
    j = int(np.floor((t[0, 1] * x + t[1, 1] * y + t[2, 1] * z - corner[1]) / cell))
    if i < 0 or j < 0 or i >= deepest.shape[0] or j >= deepest.shape[1]:
        return deep
    return max(deep, deepest[i, j] - depth)


@njit(parallel=True, cache=True)
def overlaps(
    matrices, samples, starts, middles, normals, height, reach, deepest, within, corner, cell, least, out
):
    """How deep the coil is in the skin along its axis at each pose, (n,) into ``out``; negative where clear.

    ``samples`` (s, 3) of the skin stand patch by patch from ``starts`` (b + 1,); each patch is within
    ``reach`` (b,) of its middle, and within ``height`` (b,) of the plane through it with the unit ``normals``
    (b, 3). ``deepest`` holds the coil's largest z by cell of its x, y plane, ``within`` the largest of
    ``deepest`` in all cells that a patch may span, on a wider grid; ``corner`` (2, 2) is where the two grids
    start. What is below ``least`` counts as that.
    """
    top = deepest.max()
    for n in prange(matrices.shape[0]):
        t = matrices[n]
        deep = least
        # One sample of each patch first: what can't be deeper than the deepest of them is then soon left out.
        for b in range(middles.shape[0]):
            deep = _deeper(t, samples[starts[b]], deepest, corner[0], cell, top, deep)
        for b in range(middles.shape[0]):
            x, y, z = middles[b, 0] - t[0, 3], middles[b, 1] - t[1, 3], middles[b, 2] - t[2, 3]
            depth = t[0, 2] * x + t[1, 2] * y + t[2, 2] * z
            if top - (depth - reach[b]) <= deep:
                continue
            i = int(np.floor((t[0, 0] * x + t[1, 0] * y + t[2, 0] * z - corner[1, 0]) / cell))
            j = int(np.floor((t[0, 1] * x + t[1, 1] * y + t[2, 1] * z - corner[1, 1]) / cell))
            if i < 0 or j < 0 or i >= within.shape[0] or j >= within.shape[1]:
                continue
            facing = abs(t[0, 2] * normals[b, 0] + t[1, 2] * normals[b, 1] + t[2, 2] * normals[b, 2])
            extent = facing * height[b] + np.sqrt(max(1 - facing * facing, 0.0)) * reach[b]
            if within[i, j] - (depth - extent) > deep:
                for s in range(starts[b] + 1, starts[b + 1]):
                    deep = _deeper(t, samples[s], deepest, corner[0], cell, top, deep)
        out[n] = deep
