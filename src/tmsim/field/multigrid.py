"""Conjugate gradients under a multigrid cycle, for many right-hand sides at once.

The cycle runs in float32 from second order through first order into PyAMG's smoothed aggregation
(Bell2023); the iteration around it runs in float64. Gauss-Seidel sweeps go piece by piece, so that cores
share the work, with a diagonal strengthened where pieces meet (the l1 smoother of Baker2011): 18
iterations on the built-in head where one piece takes 17 and plain pieces 31. The strength of connection
is symmetric with threshold 0.04: the default of zero aggregates across the conductivity jump from CSF to
bone (x 165) and needs three times the iterations.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tmsim.core import ConvergenceError, FloatArray
from tmsim.field.multigrid_kernels import block_kernels, sweep_diagonal
from tmsim.field.space import CSR, Space, csr_from_scipy, embedding, stiffness

_STRENGTH = 0.04
_COARSEST = 400
_MAX_ITERATIONS = 100

BLOCK = 8
"""Right-hand sides that are solved together: the matrix is then read once for eight."""

Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Level:
    """One level: its matrix, what its sweeps need of the diagonal, and the ways up and down."""

    matrix: CSR
    diagonal_at: npt.NDArray[np.int64]
    divisor: Float32Array
    prolong: CSR
    restrict: CSR


@dataclass(frozen=True, kw_only=True, eq=False)
class Hierarchy:
    """Levels from fine to coarse, and the pseudo-inverse of the coarsest matrix."""

    levels: tuple[Level, ...]
    coarsest: Float32Array

    def without_finest(self) -> Hierarchy:
        """The hierarchy of the next coarser space: first order under second."""
        return Hierarchy(levels=self.levels[1:], coarsest=self.coarsest)

    def with_matrices(self, matrices: Sequence[CSR]) -> Hierarchy:
        """Other matrices for the finest levels, finest first; the coarser ones then only precondition."""
        finest = tuple(
            _level(matrix, level.prolong, level.restrict)
            for matrix, level in zip(matrices, self.levels, strict=False)
        )
        return Hierarchy(levels=finest + self.levels[len(finest) :], coarsest=self.coarsest)


def _level(matrix: CSR, prolong: CSR, restrict: CSR) -> Level:
    at, divisor = sweep_diagonal(matrix.indptr, matrix.indices, matrix.data)
    return Level(matrix=matrix, diagonal_at=at, divisor=divisor, prolong=prolong, restrict=restrict)


def _for_sweeps(level: Level) -> tuple[Any, ...]:
    matrix = level.matrix
    return matrix.indptr, matrix.indices, matrix.data, level.diagonal_at, level.divisor


def build_hierarchy(spaces: dict[int, Space]) -> Hierarchy:
    """Assemble the matrices and coarsen. ``spaces`` holds order 1 and, for second order, 2."""
    import pyamg
    from scipy.sparse import csr_matrix

    levels: list[Level] = []
    if 2 in spaces:
        levels.append(_level(stiffness(spaces[2]), *embedding(spaces[2])))
    first = stiffness(spaces[1])
    matrix = csr_matrix((first.data.astype(np.float64), first.indices, first.indptr), shape=first.shape)
    with warnings.catch_warnings(), _seeded():
        warnings.simplefilter("ignore")  # PyAMG remarks on the null space that we handle ourselves.
        amg = pyamg.smoothed_aggregation_solver(
            matrix,
            strength=("symmetric", {"theta": _STRENGTH}),
            max_coarse=min(_COARSEST, first.shape[0] // 3),  # two levels at least
            improve_candidates=None,
            presmoother=None,
            postsmoother=None,
        )
    for k, level in enumerate(amg.levels[:-1]):
        prolong = level.P.tocsr()
        levels.append(
            _level(
                first if k == 0 else csr_from_scipy(level.A),
                csr_from_scipy(prolong),
                csr_from_scipy(prolong.T),
            )
        )
    last = amg.levels[-1]
    coarsest = _inverse_across(last.A.toarray(), last.B / np.linalg.norm(last.B))
    return Hierarchy(levels=tuple(levels), coarsest=np.ascontiguousarray(coarsest, np.float32))


def _inverse_across(matrix: FloatArray, constant: FloatArray) -> FloatArray:
    """Pseudo-inverse of a symmetric matrix whose null space is ``constant``, (n, 1) and of unit length.

    Told, not found: rounding lifts the zero eigenvalue to where a cut-off could take it for a real one.
    """
    scale = float(matrix.diagonal().mean())
    null_space = constant @ constant.T
    return np.linalg.inv(matrix + scale * null_space) - null_space / scale


@contextmanager
def _seeded() -> Iterator[None]:
    """NumPy's global stream at a fixed place: PyAMG draws its start vectors from it."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002


class Cycle:
    """One V-cycle with its work arrays: a symmetric approximate inverse of the finest matrix."""

    def __init__(self, hierarchy: Hierarchy, width: int) -> None:
        self._hierarchy = hierarchy
        self._kernels = block_kernels(width)
        sizes = [level.matrix.shape[0] for level in hierarchy.levels] + [len(hierarchy.coarsest)]
        self._x, self._b, self._r = ([np.zeros((n, width), np.float32) for n in sizes] for _ in range(3))

    def __call__(self, residual: FloatArray) -> Float32Array:
        """The correction for a residual, (n, width); valid until the next call."""
        kernels, x, b, r = self._kernels, self._x, self._b, self._r
        levels = self._hierarchy.levels
        b[0][:] = residual
        for k, level in enumerate(levels):
            a = _for_sweeps(level)
            kernels.forward_sweep(*a, b[k], x[k])
            kernels.residual_after_forward(*a, x[k], r[k])
            down = level.restrict
            kernels.product(down.indptr, down.indices, down.data, r[k], b[k + 1])
        # Columns one by one: a matrix-matrix product may sum in another order for another width.
        for c in range(x[-1].shape[1]):
            x[-1][:, c] = self._hierarchy.coarsest @ np.ascontiguousarray(b[-1][:, c])
        for k in reversed(range(len(levels))):
            level = levels[k]
            up = level.prolong
            kernels.add_product(up.indptr, up.indices, up.data, x[k + 1], x[k])
            r[k][:] = x[k]
            kernels.backward_sweep(*_for_sweeps(level), b[k], r[k], x[k])
        return x[0]


def conjugate_gradients(
    hierarchy: Hierarchy, load: FloatArray, *, tolerance: float, start: FloatArray | None = None
) -> tuple[FloatArray, int]:
    """Solve A x = load for each column, to ``|residual| <= tolerance |load|``.

    Parameters
    ----------
    load
        Right-hand sides that sum to zero, (n, k).
    start
        First guess, (n, k), or zero.

    Returns
    -------
    The solutions with zero mean, (n, k), and the number of iterations.

    Raises
    ------
    ConvergenceError
        The tolerance was not reached.
    """
    columns = load.shape[1]
    width = 1 if columns == 1 else BLOCK
    x, iterations = np.empty_like(load), 0
    for first in range(0, columns, width):
        part = slice(first, first + width)
        padded = _padded(load[:, part], width)
        guess = None if start is None else _padded(start[:, part], width)
        solved, taken = _solve_block(hierarchy, padded, tolerance, guess)
        x[:, part] = solved[:, : columns - first]
        iterations = max(iterations, taken)
    return x, iterations


def _padded(columns: FloatArray, width: int) -> FloatArray:
    """Zero columns behind ``columns``: kernels are compiled for one right-hand side and for eight."""
    return np.pad(columns, ((0, 0), (0, width - columns.shape[1])))


def _solve_block(
    hierarchy: Hierarchy, load: FloatArray, tolerance: float, start: FloatArray | None
) -> tuple[FloatArray, int]:
    width = load.shape[1]
    kernels = block_kernels(width)
    matrix = hierarchy.levels[0].matrix
    a = (matrix.indptr, matrix.indices, matrix.data)
    cycle = Cycle(hierarchy, width)

    # float32 has no range to spare: solve for right-hand sides of unit length.
    scale = np.sqrt(kernels.dot(load, load))
    scale[scale == 0] = 1.0
    r = load / scale
    kernels.subtract_mean(r)
    x, q = np.zeros_like(r), np.empty_like(r)
    if start is not None:
        x[:] = start / scale
        kernels.difference_product(*a, x, q)
        r -= q
    p = np.zeros_like(r)
    rz_before = np.ones(width)
    residual = np.sqrt(kernels.dot(r, r))
    iteration = 0
    while iteration < _MAX_ITERATIONS and np.isfinite(residual).all():
        if residual.max() <= tolerance:
            kernels.subtract_mean(x)
            return x * scale, iteration
        z = cycle(r).astype(np.float64)
        kernels.subtract_mean(z)
        rz = kernels.dot(r, z)
        kernels.direction(np.where(iteration > 0, rz / rz_before, 0.0), z, p)
        rz_before = np.where(rz > 0, rz, 1.0)
        kernels.difference_product(*a, p, q)
        pq = kernels.dot(p, q)
        step = np.where(pq > 0, rz / np.where(pq > 0, pq, 1.0), 0.0)
        kernels.axpy(step, p, x)
        kernels.axpy(-step, q, r)
        kernels.subtract_mean(r)
        residual = np.sqrt(kernels.dot(r, r))
        iteration += 1
    raise ConvergenceError(iterations=iteration, residual=float(residual.max()), tolerance=tolerance)
