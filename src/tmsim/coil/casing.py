"""A plausible casing for windings whose real casing was not published: for placement and pictures."""

from __future__ import annotations

import math

import numpy as np

from tmsim.coil.parameters import CASING_RIM, HANDLE_LENGTH, WINDING_TO_FACE, WindingSpec
from tmsim.core import FloatArray, Surface

_ARC = 24  # points along the rounded end of a wing


def casing_and_handle(spec: WindingSpec) -> tuple[Surface, FloatArray]:
    """A slab with rounded ends round the windings, bent where the coil is bent, and its handle's line.

    The face at z = 0 (towards the head) has the origin at its centre, on the hinge of a bent coil.
    """
    radius = (spec.outer_mm / 2 + CASING_RIM.value) * 1e-3
    thickness = (2 * WINDING_TO_FACE.value + spec.layers * spec.wire_height_mm) * 1e-3
    bend = math.radians(180 - spec.wing_angle_deg) / 2
    # Outline of the half with u >= 0, from the hinge at y = -radius to the hinge at y = +radius.
    angle = np.linspace(-math.pi / 2, math.pi / 2, _ARC)
    u = spec.center_m + radius * np.cos(angle)
    y = radius * np.sin(angle)
    u, y = np.concatenate([[0.0], u, [0.0]]), np.concatenate([[-radius], y, [radius]])
    if spec.wings == 1:  # the arc already ends on the hinge
        u, y = u[1:-1], y[1:-1]
    u[[0, -1]] = 0.0
    right = _slab(u, y, bend, 1.0, thickness)
    left = _slab(u, y, bend, -1.0, thickness)
    casing = _joined(right, left, len(u))
    level = -thickness / 2 / math.cos(bend)
    handle = np.array([[0.0, -radius, level], [0.0, -radius - HANDLE_LENGTH.value * 1e-3, level]])
    return casing, handle


def _slab(u: FloatArray, y: FloatArray, bend: float, side: float, thickness: float) -> FloatArray:
    """Points of one half, (2, 1 + n, 3): face and back; the first is the middle of the hinge."""
    c, s = math.cos(bend), math.sin(bend)
    u, y = np.concatenate([[0.0], u]), np.concatenate([[0.0], y])
    levels = []
    for depth in (0.0, -thickness):
        points = np.stack([side * (u * c - depth * s), y, u * s + depth * c], axis=1)
        # Mitred: on the hinge both halves meet at x = 0.
        points[u == 0] = np.column_stack(
            [np.zeros((u == 0).sum()), y[u == 0], np.full((u == 0).sum(), depth / c)]
        )
        levels.append(points)
    return np.array(levels)


def _joined(right: FloatArray, left: FloatArray, n: int) -> Surface:
    """One closed surface of two halves of ``n`` outline points each, which share their hinge points."""
    k = np.arange(1, n)
    face = np.column_stack([np.zeros(n - 1, int), k, k + 1])
    back = face[:, ::-1] + n + 1
    rim = np.concatenate(
        [np.column_stack([k, k + n + 1, k + 1]), np.column_stack([k + 1, k + n + 1, k + n + 2])]
    )
    half = np.concatenate([face, back, rim])
    points = np.concatenate([right.reshape(-1, 3), left.reshape(-1, 3)])
    triangles = np.concatenate([half, half[:, ::-1] + 2 * (n + 1)])
    unique, inverse = np.unique(points.round(9), axis=0, return_inverse=True)
    return Surface(points_m=unique, triangles=inverse.reshape(-1)[triangles].astype(np.int32))
