"""A smooth field at very many points: evaluated at few, interpolated at the rest, to a stated error.

Away from the wires every Cartesian component of A, of B and of E in a layered sphere is harmonic, hence
analytic. A box whose distance from the nearest source is at least ``REACH`` times its half width lies
inside the region of analyticity with a Bernstein ellipse of parameter exp(asinh(REACH)) along each axis,
so that interpolation at p Chebyshev points per axis converges as exp(-p asinh(REACH)). The points are put
into such boxes by halving the longest side; points too close to a source, or too few to a box to be worth
it, are evaluated directly.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.fft import dct

from tmsim.coil.kernels import chebyshev_sums, columns
from tmsim.core import FloatArray

REACH = 2.0
FEW_POINTS = 20_000
"""Below this many points, direct evaluation; it is exact."""

Evaluate = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Box:
    index: np.ndarray  # of its points
    center_m: FloatArray
    half_m: FloatArray


def _divide(points: FloatArray, sources: FloatArray, few: int) -> tuple[list[_Box], list[np.ndarray]]:
    """Boxes far from all sources, and the indices of the points left for direct evaluation."""
    boxes: list[_Box] = []
    direct: list[np.ndarray] = []
    stack = [(np.arange(points.shape[1]), points)]
    while stack:
        index, own = stack.pop()
        if len(index) <= few:
            direct.append(index)
            continue
        low, high = own.min(axis=1), own.max(axis=1)
        center = (low + high) / 2
        # A flat or single-point box still needs a width to divide by.
        half = np.maximum((high - low) / 2, 1e-6)
        gap = np.maximum(np.abs(sources[:3] - center[:, None]) - half[:, None], 0)
        distance = (np.sqrt((gap * gap).sum(axis=0)) - sources[3]).min()
        if distance >= REACH * half.max():
            boxes.append(_Box(index=index, center_m=center, half_m=half))
            continue
        axis = int(half.argmax())
        upper = own[axis] > center[axis]
        for side in (upper, ~upper):
            stack.append((index[side], own[:, side]))
    return boxes, direct


def evaluate_in_boxes(
    evaluate: Evaluate, points_m: FloatArray, sources_m: FloatArray, rtol: float
) -> FloatArray:
    """A harmonic vector field at many points, (n, 3), to ``rtol`` of its largest value.

    Parameters
    ----------
    evaluate
        The field by direct summation, (k, 3) to (k, 3).
    points_m
        (n, 3).
    sources_m
        Balls that hold the sources, (k, 4): centre and radius.
    rtol
        Largest error relative to the largest field among the points, 1e-10 to 1e-2.
    """
    order = max(3, math.ceil(math.log(1 / rtol) / math.asinh(REACH)))
    if len(points_m) < max(FEW_POINTS, order**3):
        return evaluate(points_m)
    points = columns(points_m)
    boxes, direct = _divide(points, columns(sources_m), order**3)
    out = np.empty((len(points_m), 3))
    nodes = np.cos(np.pi * (np.arange(order) + 0.5) / order)
    if boxes:
        center = np.array([box.center_m for box in boxes])
        half = np.array([box.half_m for box in boxes])
        grid = np.stack(np.meshgrid(nodes, nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 3)
        at_nodes = (center[:, None] + half[:, None] * grid).reshape(-1, 3)
        values = evaluate(at_nodes).reshape(len(boxes), order, order, order, 3)
        coefficients = np.ascontiguousarray(np.moveaxis(values, -1, 1))
        for axis in (2, 3, 4):
            coefficients = dct(coefficients, type=2, axis=axis) / order
            np.moveaxis(coefficients, axis, 0)[0] /= 2
        index = np.concatenate([box.index for box in boxes])
        first = np.concatenate([[0], np.cumsum([len(box.index) for box in boxes])])
        sums = np.empty((len(index), 3))
        chebyshev_sums(points[:, index], first, center, half, np.ascontiguousarray(coefficients), sums)
        out[index] = sums
    if direct:
        index = np.concatenate(direct)
        out[index] = evaluate(points_m[index])
    return out
