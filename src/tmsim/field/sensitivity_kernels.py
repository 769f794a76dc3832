"""Loops of the adjoint: the transposes of reading a field at points, and a power by tetrahedron."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from tmsim.field.kernels import _ENDS, _couplings, _local_row


@njit(cache=True)
def field_transposed(cells, gradients, where, weights, cotangent, out):
    """Add the transpose of ``kernels.field_at`` by the potential, on (n_points, 3), to (n_unknowns,)."""
    width = cells.shape[1]
    for q in range(where.shape[0]):
        e = where[q]
        for k in range(3):
            c = cotangent[q, k]
            for a in range(4):
                slope = gradients[e, a, k] * (1.0 if width == 4 else 4 * weights[q, a] - 1)
                out[cells[e, a]] -= c * slope
            for b in range(4, width):
                i, j = _ENDS[b, 0], _ENDS[b, 1]
                slope = weights[q, i] * gradients[e, j, k] + weights[q, j] * gradients[e, i, k]
                out[cells[e, b]] -= 4 * c * slope


@njit(cache=True)
def recovery_transposed(cells, gradients, volumes, tags, start, touching, where, weights, cotangent, out):
    """Add the transpose of ``kernels.recover_at`` by the potential, on (n_points, 3), to (n_unknowns,)."""
    for q in range(where.shape[0]):
        tag = tags[where[q]]
        for a in range(4):
            corner = cells[where[q], a]
            total = 0.0
            for p in range(start[corner], start[corner + 1]):
                e = touching[p] // 4
                if tags[e] == tag:
                    total += volumes[e]
            for p in range(start[corner], start[corner + 1]):
                e = touching[p] // 4
                if tags[e] == tag:
                    share = weights[q, a] * volumes[e] / total
                    for b in range(4):
                        s = 0.0
                        for k in range(3):
                            s += cotangent[q, k] * gradients[e, b, k]
                        out[cells[e, b]] -= share * s


@njit(cache=True, parallel=True)
def power(cells, coupling, load, potential, adjoint):
    """Integral of sigma E.grad(adjoint) over each cell, (n_cells,); ``load`` is the local load of E0."""
    n, width = cells.shape
    out = np.empty(n)
    for e in prange(n):
        p = np.empty((4, 4))
        row = np.empty(width)
        _couplings(coupling, e, p)
        total = 0.0
        for a in range(width):
            _local_row(p, width, a, row)
            s = load[e, a]
            for b in range(width):
                s -= row[b] * potential[cells[e, b]]
            total += s * adjoint[cells[e, a]]
        out[e] = total
    return out
