"""Block kernels of the multigrid-preconditioned conjugate gradients, compiled for a fixed block width.

Rows are cut into pieces by their number alone, whatever the number of threads, and every sum runs in a
fixed order within its piece: the same bits come out on one core and on many.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

import numpy as np
from numba import njit, prange

PIECES = 32


@njit(cache=True)
def _sweep_pieces(n):
    """Pieces of a Gauss-Seidel sweep: large ones, since between pieces it is only a Jacobi sweep."""
    return min(max(n // 16384, 1), PIECES)


@njit(cache=True, parallel=True)
def sweep_diagonal(indptr, indices, data):
    """Where the diagonal of each row stands, and what sweeps divide by.

    That is the diagonal plus half the sum of |a_ij| to other pieces: sweeps by pieces then stay convergent.
    """
    n = indptr.shape[0] - 1
    at = np.empty(n, np.int64)
    out = np.empty(n, np.float32)
    pieces = _sweep_pieces(n)
    for piece in prange(pieces):
        low, high = piece * n // pieces, (piece + 1) * n // pieces
        for i in range(low, high):
            s = 0.0
            for p in range(indptr[i], indptr[i + 1]):
                if indices[p] == i:
                    at[i] = p
                    s += data[p]
                elif indices[p] < low or indices[p] >= high:
                    s += 0.5 * abs(data[p])
            out[i] = s
    return at, out


@cache
def block_kernels(width: int) -> SimpleNamespace:
    """Kernels for ``width`` right-hand sides at once; arrays are (n, width), row-major."""

    @njit(cache=True, parallel=True)
    def product(indptr, indices, data, x, out):
        """out = A x."""
        n = out.shape[0]
        for piece in prange(PIECES):
            for i in range(piece * n // PIECES, (piece + 1) * n // PIECES):
                for k in range(width):
                    out[i, k] = 0
                for p in range(indptr[i], indptr[i + 1]):
                    a, j = data[p], indices[p]
                    for k in range(width):
                        out[i, k] += a * x[j, k]

    @njit(cache=True, parallel=True)
    def add_product(indptr, indices, data, x, out):
        """out += A x."""
        n = out.shape[0]
        for piece in prange(PIECES):
            for i in range(piece * n // PIECES, (piece + 1) * n // PIECES):
                for p in range(indptr[i], indptr[i + 1]):
                    a, j = data[p], indices[p]
                    for k in range(width):
                        out[i, k] += a * x[j, k]

    @njit(cache=True, parallel=True)
    def difference_product(indptr, indices, data, x, out):
        """out_i = sum a_ij (x_j - x_i): A x for zero row sums, with constants exactly in the null space."""
        n = out.shape[0]
        for piece in prange(PIECES):
            for i in range(piece * n // PIECES, (piece + 1) * n // PIECES):
                for k in range(width):
                    out[i, k] = 0
                for p in range(indptr[i], indptr[i + 1]):
                    a, j = np.float64(data[p]), indices[p]
                    for k in range(width):
                        out[i, k] += a * (x[j, k] - x[i, k])

    @njit(cache=True, parallel=True)
    def forward_sweep(indptr, indices, data, diagonal_at, divisor, b, x):
        """One Gauss-Seidel sweep from x = 0, each piece on its own."""
        n = b.shape[0]
        pieces = _sweep_pieces(n)
        for piece in prange(pieces):
            low = piece * n // pieces
            for i in range(low, (piece + 1) * n // pieces):
                for k in range(width):
                    x[i, k] = b[i, k]
                for p in range(indptr[i], diagonal_at[i]):
                    j = indices[p]
                    if j >= low:
                        a = data[p]
                        for k in range(width):
                            x[i, k] -= a * x[j, k]
                for k in range(width):
                    x[i, k] /= divisor[i]

    @njit(cache=True, parallel=True)
    def residual_after_forward(indptr, indices, data, diagonal_at, divisor, x, out):
        """b - A x after ``forward_sweep``: only what the sweep did not see is left."""
        n = out.shape[0]
        pieces = _sweep_pieces(n)
        for piece in prange(pieces):
            low = piece * n // pieces
            for i in range(low, (piece + 1) * n // pieces):
                for k in range(width):
                    out[i, k] = divisor[i] * x[i, k]
                p = indptr[i]
                while indices[p] < low:
                    for k in range(width):
                        out[i, k] -= data[p] * x[indices[p], k]
                    p += 1
                for p in range(diagonal_at[i], indptr[i + 1]):
                    a, j = data[p], indices[p]
                    for k in range(width):
                        out[i, k] -= a * x[j, k]

    @njit(cache=True, parallel=True)
    def backward_sweep(indptr, indices, data, diagonal_at, divisor, b, before, x):
        """One backward sweep, the transpose of ``forward_sweep``; ``before`` is a copy of x."""
        n = b.shape[0]
        pieces = _sweep_pieces(n)
        for piece in prange(pieces):
            high = (piece + 1) * n // pieces
            for i in range(high - 1, piece * n // pieces - 1, -1):
                for k in range(width):
                    x[i, k] = b[i, k] + divisor[i] * before[i, k]
                for p in range(indptr[i], diagonal_at[i] + 1):
                    a, j = data[p], indices[p]
                    for k in range(width):
                        x[i, k] -= a * before[j, k]
                for p in range(diagonal_at[i] + 1, indptr[i + 1]):
                    a, j = data[p], indices[p]
                    if j < high:
                        for k in range(width):
                            x[i, k] -= a * x[j, k]
                    else:
                        for k in range(width):
                            x[i, k] -= a * before[j, k]
                for k in range(width):
                    x[i, k] /= divisor[i]

    @njit(cache=True, parallel=True)
    def dot(x, y):
        """Inner product of each column, in float64."""
        n = x.shape[0]
        parts = np.zeros((PIECES, width))
        for piece in prange(PIECES):
            for i in range(piece * n // PIECES, (piece + 1) * n // PIECES):
                for k in range(width):
                    parts[piece, k] += x[i, k] * y[i, k]
        total = np.zeros(width)
        for piece in range(PIECES):
            for k in range(width):
                total[k] += parts[piece, k]
        return total

    @njit(cache=True, parallel=True)
    def subtract_mean(x):
        """Take the mean of each column away: the null space of the problem."""
        n = x.shape[0]
        parts = np.zeros((PIECES, width))
        for piece in prange(PIECES):
            for i in range(piece * n // PIECES, (piece + 1) * n // PIECES):
                for k in range(width):
                    parts[piece, k] += x[i, k]
        mean = np.zeros(width)
        for piece in range(PIECES):
            for k in range(width):
                mean[k] += parts[piece, k] / n
        for piece in prange(PIECES):
            for i in range(piece * n // PIECES, (piece + 1) * n // PIECES):
                for k in range(width):
                    x[i, k] -= mean[k]

    @njit(cache=True, parallel=True)
    def axpy(scale, x, y):
        """y += scale x, column by column."""
        n = x.shape[0]
        for piece in prange(PIECES):
            for i in range(piece * n // PIECES, (piece + 1) * n // PIECES):
                for k in range(width):
                    y[i, k] += scale[k] * x[i, k]

    @njit(cache=True, parallel=True)
    def direction(scale, z, p):
        """p = z + scale p, column by column."""
        n = z.shape[0]
        for piece in prange(PIECES):
            for i in range(piece * n // PIECES, (piece + 1) * n // PIECES):
                for k in range(width):
                    p[i, k] = z[i, k] + scale[k] * p[i, k]

    return SimpleNamespace(
        product=product,
        add_product=add_product,
        difference_product=difference_product,
        forward_sweep=forward_sweep,
        residual_after_forward=residual_after_forward,
        backward_sweep=backward_sweep,
        dot=dot,
        subtract_mean=subtract_mean,
        axpy=axpy,
        direction=direction,
    )
