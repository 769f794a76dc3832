"""A and B of a coil's elements."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.ndimage import map_coordinates

from tmsim.coil.boxes import evaluate_in_boxes
from tmsim.coil.kernels import columns, dipole_flux, dipole_potential, segment_flux, segment_potential
from tmsim.coil.types import Dipoles, Elements, SampledPotential, Segments
from tmsim.core import FloatArray, InputError, as_array
from tmsim.core.frames import apply, inverse

Evaluate = Callable[[FloatArray], FloatArray]


def vector_potential(elements: tuple[Elements, ...], points_m: FloatArray, rtol: float) -> FloatArray:
    """A of all elements together, (n, 3). [V s/m per A]"""
    return _sum_of_parts(elements, points_m, rtol, _potential_of, boxes_rtol=rtol)


def flux_density(elements: tuple[Elements, ...], points_m: FloatArray, rtol: float) -> FloatArray:
    """B of all elements together, (n, 3). [T/A]"""
    # B is a derivative of A, and costs a polynomial of the same order about that factor of accuracy.
    return _sum_of_parts(elements, points_m, rtol, _flux_of, boxes_rtol=rtol / 8)


def sources_of(part: Segments | Dipoles) -> FloatArray:
    """Balls that hold the elements, (k, 4): centre and radius. [m]"""
    if isinstance(part, Dipoles):
        return np.column_stack([part.positions_m, np.zeros(len(part.positions_m))])
    radius = np.linalg.norm(part.ends_m - part.starts_m, axis=1) / 2
    return np.column_stack([(part.starts_m + part.ends_m) / 2, radius])


def _sum_of_parts(
    elements: tuple[Elements, ...],
    points_m: FloatArray,
    rtol: float,
    evaluator: Callable[[Elements], Evaluate],
    boxes_rtol: float,
) -> FloatArray:
    points = as_array("points", points_m, (None, 3))
    if not 1e-10 <= rtol <= 1e-2:
        raise InputError("rtol", f"{rtol:g}", "1e-10 to 1e-2")
    total = np.zeros((len(points), 3))
    for part in elements:
        evaluate = evaluator(part)
        if isinstance(part, SampledPotential):
            total += evaluate(points)
        else:
            total += evaluate_in_boxes(evaluate, points, sources_of(part), boxes_rtol)
    return total


def _potential_of(part: Elements) -> Evaluate:
    if isinstance(part, Dipoles):
        q, m = columns(part.positions_m), columns(part.moments_m2)
        return lambda points: _filled(dipole_potential, points, q, m)
    if isinstance(part, Segments):
        a, b, direction, length = _wires(part)
        moment = direction * part.turns
        return lambda points: _filled(segment_potential, points, a, b, moment, length)
    return lambda points: _interpolated(part, points)


def _flux_of(part: Elements) -> Evaluate:
    if isinstance(part, Dipoles):
        q, m = columns(part.positions_m), columns(part.moments_m2)
        return lambda points: _filled(dipole_flux, points, q, m)
    if isinstance(part, Segments):
        a, b, _, _ = _wires(part)
        return lambda points: _filled(segment_flux, points, a, b, part.turns)
    return lambda points: _curl(part, points)


def _filled(kernel: Callable[..., None], points_m: FloatArray, *sources: FloatArray) -> FloatArray:
    out = np.empty((len(points_m), 3))
    kernel(columns(points_m), *sources, out)
    return out


def _wires(part: Segments) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    a, b = columns(part.starts_m), columns(part.ends_m)
    length = np.linalg.norm(b - a, axis=0)
    return a, b, (b - a) / np.where(length > 0, length, 1), length


def _interpolated(part: SampledPotential, points_m: FloatArray) -> FloatArray:
    index = apply(inverse(part.affine_m), points_m).T
    last = np.array(part.potential_Vs_per_m_A.shape[:3])[:, None] - 1
    # A point on the face of the grid may fall outside it by rounding.
    if points_m.size and ((index < -1e-6) | (index > last + 1e-6)).any():
        raise InputError(
            "points", "some lie outside the grid on which the coil's field is known",
            "points inside the grid", "Use the coil's .ccd or .tcd file, or one with a larger grid.",
        )  # fmt: skip
    index = np.clip(index, 0, last)
    return np.stack(
        [
            map_coordinates(c, index, order=3, mode="mirror", prefilter=False)
            for c in part.spline_coefficients
        ],
        axis=1,
    )


def _curl(part: SampledPotential, points_m: FloatArray) -> FloatArray:
    """Curl of the interpolated A, by central differences small against the grid."""
    step = 1e-3 * float(np.linalg.norm(part.affine_m[:3, :3], axis=0).min())
    d = [
        (_interpolated(part, points_m + h) - _interpolated(part, points_m - h)) / (2 * step)
        for h in step * np.eye(3)
    ]
    return np.stack([d[1][:, 2] - d[2][:, 1], d[2][:, 0] - d[0][:, 2], d[0][:, 1] - d[1][:, 0]], axis=1)
