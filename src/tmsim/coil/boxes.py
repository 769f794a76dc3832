"""A smooth field at very many points: evaluated at few, interpolated at the rest, to a stated error.

Away from the wires every Cartesian component of A, of B and of E in a layered sphere is harmonic, hence
analytic, and polynomials on a box converge geometrically in their order. A box at least ``REACH`` times its
half width from the nearest source converges as exp(-p asinh(REACH)) for a source at the worst place, and as
about exp(-2 p) for coils over heads, where few boxes lie at that limit. The points are put into such boxes
by halving the longest side; those too close to a source, or too few to a box to be worth it, are
evaluated directly.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.fft import dct

from tmsim.coil.kernels import chebyshev_sums, columns, divide
from tmsim.core import FloatArray

REACH = 1.5
FEW_POINTS = 20_000
"""Up to this many points, direct evaluation: it is exact."""


def evaluate_in_boxes(
    evaluate: Callable[[FloatArray], FloatArray], points_m: FloatArray, sources_m: FloatArray, rtol: float
) -> FloatArray:
    """A harmonic vector field at many points, (n, 3), to ``rtol`` in relative L2 and of its largest value.

    Parameters
    ----------
    evaluate
        The field by direct summation, (k, 3) to (k, 3).
    points_m
        (n, 3).
    sources_m
        Balls that hold the sources, (k, 4): centre and radius.
    rtol
        1e-10 to 1e-2.
    """
    if len(points_m) <= FEW_POINTS:
        return evaluate(points_m)
    order = math.ceil(math.log(1 / rtol) / 2) + 1
    points, index = columns(points_m), np.arange(len(points_m))
    bounds, center, half = divide(points, index, columns(sources_m), REACH, order**3)
    out = np.empty((len(points_m), 3))
    boxed = half[:, 0] > 0
    if boxed.any():
        bounds_boxed, center, half = bounds[boxed], center[boxed], half[boxed]
        nodes = np.cos(np.pi * (np.arange(order) + 0.5) / order)
        grid = np.stack(np.meshgrid(nodes, nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 3)
        values = evaluate((center[:, None] + half[:, None] * grid).reshape(-1, 3))
        coefficients = chebyshev_coefficients(values, order)
        chebyshev_sums(points, index, bounds_boxed, center, half, coefficients, out)
    if not boxed.all():
        near = np.concatenate([index[lo:hi] for lo, hi in bounds[~boxed]])
        out[near] = evaluate(points_m[near])
    return out


def chebyshev_coefficients(values: FloatArray, order: int) -> FloatArray:
    """Chebyshev series of vectors at the nodes of boxes, (n_boxes order^3, 3) to (n_boxes, 3, ...)."""
    coefficients = np.moveaxis(values.reshape(-1, order, order, order, 3), -1, 1)
    for axis in (2, 3, 4):
        coefficients = np.asarray(dct(coefficients, type=2, axis=axis)) / order
        np.moveaxis(coefficients, axis, 0)[0] /= 2
    return np.ascontiguousarray(coefficients)
