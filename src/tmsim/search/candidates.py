"""Poses: scalp points, frames on them, handle angles, tilts, and how far each coil is lifted."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from tmsim.core import FloatArray, InputError, IntArray
from tmsim.head import Head
from tmsim.placement.clearance import samples_on
from tmsim.placement.place import scalp_frame, scalp_of
from tmsim.search.thin import spread_out
from tmsim.search.types import Grid

_MOST = 2_000_000


def scalp_points(head: Head, around_m: FloatArray, grid: Grid) -> FloatArray:
    """Scalp points within the grid's radius of one, that first, a spacing apart at least, (n, 3). [m]"""
    scalp = scalp_of(head)
    corners = scalp.points_m[scalp.triangles]
    near = np.linalg.norm(corners - around_m, axis=2).min(axis=1) < grid.radius_m + grid.spacing_m
    points = samples_on(corners[near], grid.spacing_m / 4)
    points = np.concatenate([around_m[None], points])
    distance = np.linalg.norm(points - around_m, axis=1)
    points, distance = points[distance <= grid.radius_m], distance[distance <= grid.radius_m]
    return points[spread_out(points, grid.spacing_m, distance)]


def frames(head: Head, points_m: FloatArray) -> FloatArray:
    """At each scalp point the handle at 0 and at 90 degrees and the outward normal, as rows, (n, 3, 3)."""
    return np.array([np.stack(scalp_frame(head, point)) for point in points_m])


def pose_matrices(
    points_m: FloatArray, frames_: FloatArray, angle_rad: FloatArray, tilt_rad: FloatArray, gap_m: float
) -> FloatArray:
    """Poses from coil to head coordinates, (n, 4, 4), before any lift.

    Parameters
    ----------
    points_m, frames_
        Scalp points, (n, 3), and their :func:`frames`.
    angle_rad, tilt_rad
        Of the handle, (n,), and about the coil's x and y axes, (n, 2).
    """
    out = np.zeros((len(points_m), 4, 4))
    back, lateral, outward = (frames_[:, k] for k in range(3))
    y = -np.cos(angle_rad)[:, None] * back - np.sin(angle_rad)[:, None] * lateral
    flat = np.stack([np.cross(y, -outward), y, -outward], axis=2)
    tilt = np.column_stack([tilt_rad, np.zeros(len(tilt_rad))])
    out[:, :3, :3] = flat @ Rotation.from_rotvec(tilt).as_matrix()
    out[:, :3, 3] = points_m + gap_m * outward
    out[:, 3, 3] = 1.0
    return out


def lifted(matrices: FloatArray, lift_m: FloatArray) -> FloatArray:
    """The same poses moved out along the coil's axis. [m]"""
    out = matrices.copy()
    out[:, :3, 3] -= lift_m[:, None] * matrices[:, :3, 2]
    return out


def combinations(n_points: int, grid: Grid) -> tuple[IntArray, FloatArray, FloatArray]:
    """Scalp point, angle and tilt of every candidate of one coil: (n,), (n,) and (n, 2).

    Raises
    ------
    InputError
        There are more than two million.
    """
    tilts, angles = np.array(grid.tilts_rad), np.array(grid.angles_rad)
    count = n_points * len(tilts) * len(angles)
    if count > _MOST:
        raise InputError(
            "search", f"{count:,} placements of a coil", f"at most {_MOST:,}", "Take a wider spacing."
        )
    point, tilt, angle = np.unravel_index(np.arange(count), (n_points, len(tilts), len(angles)))
    return point.astype(np.int32), angles[angle], tilts[tilt]
