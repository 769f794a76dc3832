"""Loops over tetrahedra and unknowns. Arrays in, arrays out; every sum runs in a fixed order.

Second-order stiffness needs no quadrature: with p_ab = V grad(l_a).sigma.grad(l_b) of the barycentric
coordinates, every entry is a short sum of p's with the weights 0.6, -0.2, 0.8 and 1.6 (integrals of
products of barycentric coordinates, V 3! a! b! / (3 + a + b)!).
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

_PIECES = 16  # rows are shared out in so many pieces, each with its own work arrays

# Corners of the local unknowns of a second-order tetrahedron; a corner stands for itself twice.
_ENDS = np.array(
    [[0, 0], [1, 1], [2, 2], [3, 3], [0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]], dtype=np.int64
)
# Position of the pair (a, b) in the six couplings.
_PAIR = np.array([[-1, 0, 1, 2], [0, -1, 3, 4], [1, 3, -1, 5], [2, 4, 5, -1]], dtype=np.int64)


@njit(cache=True, parallel=True)
def geometry(nodes, tets, sigma, tensors):
    """Gradients, flux = V sigma grad and coupling = V grad.sigma.grad of the barycentric coordinates."""
    n = tets.shape[0]
    gradients = np.empty((n, 4, 3))
    flux = np.empty((n, 4, 3))
    coupling = np.empty((n, 6))
    anisotropic = tensors.shape[0] > 0
    for e in prange(n):
        o = nodes[tets[e, 0]]
        u = nodes[tets[e, 1]] - o
        v = nodes[tets[e, 2]] - o
        w = nodes[tets[e, 3]] - o
        volume6 = (
            u[0] * (v[1] * w[2] - v[2] * w[1])
            + u[1] * (v[2] * w[0] - v[0] * w[2])
            + u[2] * (v[0] * w[1] - v[1] * w[0])
        )
        volume = volume6 / 6
        for k in range(3):
            i, j = (k + 1) % 3, (k + 2) % 3
            gradients[e, 1, k] = (v[i] * w[j] - v[j] * w[i]) / volume6
            gradients[e, 2, k] = (w[i] * u[j] - w[j] * u[i]) / volume6
            gradients[e, 3, k] = (u[i] * v[j] - u[j] * v[i]) / volume6
            gradients[e, 0, k] = -(gradients[e, 1, k] + gradients[e, 2, k] + gradients[e, 3, k])
        for a in range(4):
            for k in range(3):
                if anisotropic:
                    s = 0.0
                    for m in range(3):
                        s += tensors[e, k, m] * gradients[e, a, m]
                    flux[e, a, k] = volume * s
                else:
                    flux[e, a, k] = volume * sigma[e] * gradients[e, a, k]
        for a in range(4):
            for b in range(a + 1, 4):
                s = 0.0
                for k in range(3):
                    s += gradients[e, a, k] * flux[e, b, k]
                coupling[e, _PAIR[a, b]] = s
    return gradients, flux, coupling


@njit(cache=True)
def incidence(cells, n):
    """For each unknown the cells it is in, as ``cell * width + local``, in rows."""
    width = cells.shape[1]
    start = np.zeros(n + 1, np.int64)
    for e in range(cells.shape[0]):
        for a in range(width):
            start[cells[e, a] + 1] += 1
    for i in range(n):
        start[i + 1] += start[i]
    fill = start[:-1].copy()
    out = np.empty(start[n], np.int32)
    for e in range(cells.shape[0]):
        for a in range(width):
            i = cells[e, a]
            out[fill[i]] = e * width + a
            fill[i] += 1
    return start, out


@njit(cache=True)
def _later_neighbours(tets, start, touching, i, buffer):
    """Nodes that share a tetrahedron with node i and come after it, sorted, in ``buffer``; their number."""
    m = 0
    for p in range(start[i], start[i + 1]):
        e = touching[p] // 4
        for a in range(4):
            j = tets[e, a]
            if j > i:
                buffer[m] = j
                m += 1
    values = buffer[:m]
    values.sort()
    k = 0
    for q in range(m):
        if q == 0 or values[q] != values[k - 1]:
            values[k] = values[q]
            k += 1
    return k


@njit(cache=True, parallel=True)
def edges(tets, start, touching):
    """Edges by their lower node: row starts, and the higher node of each."""
    n = start.shape[0] - 1
    widest = 4 * np.max(start[1:] - start[:-1])
    count = np.zeros(n + 1, np.int64)
    for i in prange(n):
        count[i + 1] = _later_neighbours(tets, start, touching, i, np.empty(widest, np.int32))
    edge_start = np.cumsum(count)
    far = np.empty(edge_start[n], np.int32)
    for i in prange(n):
        buffer = np.empty(widest, np.int32)
        m = _later_neighbours(tets, start, touching, i, buffer)
        far[edge_start[i] : edge_start[i] + m] = buffer[:m]
    return edge_start, far


@njit(cache=True, parallel=True)
def second_order_cells(tets, edge_start, far):
    """Unknowns of each tetrahedron; node i is unknown i + edges owned before it, its edges follow it."""
    n = tets.shape[0]
    cells = np.empty((n, 10), np.int32)
    for e in prange(n):
        for a in range(4):
            i = tets[e, a]
            cells[e, a] = i + edge_start[i]
        for k in range(4, 10):
            i = tets[e, _ENDS[k, 0]]
            j = tets[e, _ENDS[k, 1]]
            if i > j:
                i, j = j, i
            at = edge_start[i] + np.searchsorted(far[edge_start[i] : edge_start[i + 1]], j)
            cells[e, k] = at + i + 1
    return cells


@njit(cache=True)
def _couplings(coupling, e, p):
    """All V grad(l_a).sigma.grad(l_b) of tetrahedron e, (4, 4); its rows sum to zero."""
    for a in range(4):
        p[a, a] = 0.0
    for a in range(4):
        for b in range(a + 1, 4):
            s = coupling[e, _PAIR[a, b]]
            p[a, b] = s
            p[b, a] = s
            p[a, a] -= s
            p[b, b] -= s


@njit(cache=True)
def _local_row(p, width, a, row):
    """Row of the local stiffness of unknown a."""
    if width == 4:
        for b in range(4):
            row[b] = p[a, b]
        return
    i, j = _ENDS[a, 0], _ENDS[a, 1]
    if a < 4:
        for b in range(4):
            row[b] = (0.6 if a == b else -0.2) * p[a, b]
        for b in range(4, 10):
            k, m = _ENDS[b, 0], _ENDS[b, 1]
            row[b] = (0.6 if a == k else -0.2) * p[a, m] + (0.6 if a == m else -0.2) * p[a, k]
    else:
        for b in range(4):
            row[b] = (0.6 if b == i else -0.2) * p[b, j] + (0.6 if b == j else -0.2) * p[b, i]
        for b in range(4, 10):
            k, m = _ENDS[b, 0], _ENDS[b, 1]
            # In pairs, so that the entry is the same to the last bit from either side.
            row[b] = ((1.6 if i == k else 0.8) * p[j, m] + (1.6 if j == m else 0.8) * p[i, k]) + (
                (1.6 if i == m else 0.8) * p[j, k] + (1.6 if j == k else 0.8) * p[i, m]
            )


@njit(cache=True, parallel=True)
def assemble(cells, coupling, start, touching):
    """Stiffness matrix by rows: row starts, sorted columns, float32 values. No two rows share a write."""
    n = start.shape[0] - 1
    width = cells.shape[1]
    count = np.zeros(n + 1, np.int64)
    for piece in prange(_PIECES):
        last_row = np.full(n, -1, np.int32)  # the last row that each column was seen in
        for i in range(piece * n // _PIECES, (piece + 1) * n // _PIECES):
            m = 0
            for t in range(start[i], start[i + 1]):
                e = touching[t] // width
                for b in range(width):
                    j = cells[e, b]
                    if last_row[j] != i:
                        last_row[j] = i
                        m += 1
            count[i + 1] = m
    indptr = np.cumsum(count)
    widest = np.max(count)
    indices = np.empty(indptr[n], np.uint32)
    data = np.empty(indptr[n], np.float32)
    for piece in prange(_PIECES):
        place = np.full(n, -1, np.int64)  # where each column stands, if at or after the row's start
        columns = np.empty(widest, np.int32)
        sums = np.empty(widest)
        p = np.empty((4, 4))
        row = np.empty(width)
        for i in range(piece * n // _PIECES, (piece + 1) * n // _PIECES):
            first = indptr[i]
            m = 0
            for t in range(start[i], start[i + 1]):
                e = touching[t] // width
                _couplings(coupling, e, p)
                _local_row(p, width, touching[t] % width, row)
                for b in range(width):
                    j = cells[e, b]
                    if place[j] < first:
                        place[j] = first + m
                        columns[m] = j
                        sums[m] = row[b]
                        m += 1
                    else:
                        sums[place[j] - first] += row[b]
            for q in range(m):  # insertion sort: rows are short and half in order
                column, value = columns[q], sums[q]
                k = q
                while k > 0 and columns[k - 1] > column:
                    columns[k], sums[k] = columns[k - 1], sums[k - 1]
                    k -= 1
                columns[k], sums[k] = column, value
            for q in range(m):
                indices[first + q] = columns[q]
                data[first + q] = sums[q]
    return indptr, indices, data


@njit(cache=True, parallel=True)
def apply_by_element(cells, coupling, start, touching, x):
    """Stiffness times x, (n_unknowns, k), in float64 without the matrix: the check on the solve."""
    n = start.shape[0] - 1
    width = cells.shape[1]
    columns = x.shape[1]
    out = np.zeros((n, columns))
    for piece in prange(_PIECES):
        p = np.empty((4, 4))
        row = np.empty(width)
        for i in range(piece * n // _PIECES, (piece + 1) * n // _PIECES):
            for t in range(start[i], start[i + 1]):
                e = touching[t] // width
                _couplings(coupling, e, p)
                _local_row(p, width, touching[t] % width, row)
                for b in range(width):
                    j = cells[e, b]
                    for c in range(columns):
                        out[i, c] += row[b] * (x[j, c] - x[i, c])
    return out


@njit(cache=True)
def _moments(primary, cells, e, out):
    """Integral of E0 l_a over the tetrahedron, per volume, for the four corners: (4, 3)."""
    width = cells.shape[1]
    for k in range(3):
        corners = 0.0
        for b in range(4):
            corners += primary[cells[e, b], k]
        if width == 4:
            for a in range(4):
                out[a, k] = 0.05 * (primary[cells[e, a], k] + corners)
            continue
        edges = 0.0
        for b in range(4, 10):
            edges += primary[cells[e, b], k]
        for a in range(4):
            out[a, k] = (1 / 60) * (primary[cells[e, a], k] - corners) + (1 / 30) * edges
        for b in range(4, 10):
            on = (1 / 30) * primary[cells[e, b], k]
            out[_ENDS[b, 0], k] += on
            out[_ENDS[b, 1], k] += on


@njit(cache=True, parallel=True)
def local_load(cells, flux, primary):
    """Integral of sigma E0.grad(phi_a) over each cell, (n_cells, width); E0 given at the unknowns."""
    n, width = cells.shape
    out = np.empty((n, width))
    for piece in prange(_PIECES):
        moment, dot = np.empty((4, 3)), np.empty((4, 4))
        for e in range(piece * n // _PIECES, (piece + 1) * n // _PIECES):
            _moments(primary, cells, e, moment)
            for a in range(4):
                for b in range(4):
                    s = 0.0
                    for k in range(3):
                        s += moment[a, k] * flux[e, b, k]
                    dot[a, b] = s
            for b in range(4):
                mean = dot[0, b] + dot[1, b] + dot[2, b] + dot[3, b]
                out[e, b] = mean if width == 4 else 4 * dot[b, b] - mean
            for b in range(4, width):
                i, j = _ENDS[b, 0], _ENDS[b, 1]
                out[e, b] = 4 * (dot[i, j] + dot[j, i])
    return out


@njit(cache=True, parallel=True)
def gather(local, start, touching):
    """Sum local values into their unknowns."""
    n = start.shape[0] - 1
    flat = local.ravel()
    out = np.zeros(n)
    for i in prange(n):
        s = 0.0
        for p in range(start[i], start[i + 1]):
            s += flat[touching[p]]
        out[i] = s
    return out


@njit(cache=True, parallel=True)
def mean_field(cells, gradients, primary, potential):
    """Mean of E = E0 - grad(phi) over each cell, (n_cells, 3)."""
    n, width = cells.shape
    out = np.empty((n, 3))
    for e in prange(n):
        for k in range(3):
            s = 0.0
            if width == 4:
                for a in range(4):
                    s += 0.25 * primary[cells[e, a], k] - potential[cells[e, a]] * gradients[e, a, k]
            else:
                for a in range(4):
                    s -= primary[cells[e, a], k] / 20
                for b in range(4, 10):
                    i, j = _ENDS[b, 0], _ENDS[b, 1]
                    s += primary[cells[e, b], k] / 5
                    s -= potential[cells[e, b]] * (gradients[e, i, k] + gradients[e, j, k])
            out[e, k] = s
    return out


@njit(cache=True, parallel=True)
def field_at(cells, gradients, primary, potential, where, weights):
    """E = E0 - grad(phi) at points given by cell and barycentric coordinates, (n_points, 3)."""
    n = where.shape[0]
    width = cells.shape[1]
    out = np.empty((n, 3))
    for q in prange(n):
        e = where[q]
        for k in range(3):
            s = 0.0
            for a in range(4):
                w = weights[q, a]
                if width == 4:
                    s += w * primary[cells[e, a], k] - potential[cells[e, a]] * gradients[e, a, k]
                else:
                    s += w * (2 * w - 1) * primary[cells[e, a], k]
                    s -= potential[cells[e, a]] * (4 * w - 1) * gradients[e, a, k]
            for b in range(4, width):
                i, j = _ENDS[b, 0], _ENDS[b, 1]
                s += 4 * weights[q, i] * weights[q, j] * primary[cells[e, b], k]
                s -= (
                    4
                    * potential[cells[e, b]]
                    * (weights[q, i] * gradients[e, j, k] + weights[q, j] * gradients[e, i, k])
                )
            out[q, k] = s
    return out


@njit(cache=True, parallel=True)
def recover_at(cells, gradients, primary, potential, volumes, tags, start, touching, where, weights):
    """First-order E at points, (n_points, 3), with the gradient recovered at the corners.

    A corner's gradient is the mean by volume over its cells of the point's own tissue.
    """
    n = where.shape[0]
    out = np.zeros((n, 3))
    for q in prange(n):
        tag = tags[where[q]]
        for a in range(4):
            corner = cells[where[q], a]
            total = 0.0
            mean = np.zeros(3)
            for p in range(start[corner], start[corner + 1]):
                e = touching[p] // 4
                if tags[e] == tag:
                    total += volumes[e]
                    for b in range(4):
                        u = potential[cells[e, b]] * volumes[e]
                        for k in range(3):
                            mean[k] += u * gradients[e, b, k]
            for k in range(3):
                out[q, k] += weights[q, a] * (primary[corner, k] - mean[k] / total)
    return out
