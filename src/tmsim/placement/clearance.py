"""Whether a coil is clear of the head, and how far it must be moved out to be."""

from __future__ import annotations

import numpy as np
from scipy.spatial import KDTree

from tmsim.coil import Coil
from tmsim.core import FloatArray, InputError, Surface
from tmsim.core.frames import apply, inverse
from tmsim.head import Head, nearest_on_surface
from tmsim.placement.types import Pose

CELL_m = 1e-3
"""The grid on which coil and skin are held against each other."""

TOLERANCE_m = 0.002
"""A casing may dip this far into the skin of a given pose: navigation is no more exact than that."""


def lift_to_clear(skin: Surface, coil: Coil, matrix: FloatArray) -> float:
    """How far the coil must move out along its axis for a free way in, to a millimetre. [m]

    On a grid of 1 mm across the axis the deepest part of the casing is held against the outermost skin: a
    coil that clears the skin so can be brought to its place along its axis. Without a casing
    the windings are taken.

    Parameters
    ----------
    matrix
        From coil to head coordinates, (4, 4).
    """
    coil_samples = outline(coil, CELL_m)
    low, high = coil_samples[:, :2].min(axis=0) - CELL_m, coil_samples[:, :2].max(axis=0) + CELL_m
    points = apply(inverse(matrix), skin.points_m)
    corners = points[skin.triangles]
    beneath = (corners[..., :2].max(axis=1) > low).all(axis=1) & (corners[..., :2].min(axis=1) < high).all(
        axis=1
    )
    skin_samples = samples_on(corners[beneath], CELL_m)
    skin_samples = skin_samples[((skin_samples[:, :2] > low) & (skin_samples[:, :2] < high)).all(axis=1)]

    shape = np.ceil((high - low) / CELL_m).astype(int) + 1
    deepest, outermost = np.full(shape, -np.inf), np.full(shape, np.inf)
    np.maximum.at(deepest, tuple(_cells(coil_samples, low)), coil_samples[:, 2])
    np.minimum.at(outermost, tuple(_cells(skin_samples, low)), skin_samples[:, 2])
    return max(0.0, float((deepest - outermost).max()))


def check_clear(head: Head, coil: Coil, pose: Pose) -> None:
    """Refuse a pose that puts the coil into the head, or turns its back to it.

    Windings may nowhere be inside the skin, and the casing no deeper than 2 mm.

    Raises
    ------
    InputError
        The coil is inside the head, or its z axis points away from it.
    """
    nearest = nearest_on_surface(head.skin, pose.center_m[None])
    if nearest.distance_m[0] < -TOLERANCE_m:
        raise InputError(
            "pose",
            f"the coil's centre is {-nearest.distance_m[0] * 1e3:.1f} mm inside the head",
            "a coil outside it",
        )
    if pose.inward @ (head.skin.points_m.mean(axis=0) - pose.center_m) < 0:
        raise InputError(
            "pose", "its z axis points away from the head", "z into the head", "Flip y and z to mend it."
        )
    for what, samples, allowed_m in (
        ("windings", coil.element_points_m, 0.0),
        ("casing", outline(coil, 2 * CELL_m), TOLERANCE_m),
    ):
        depth_m = _deepest_in(head.skin, pose.to_head(samples))
        if depth_m > allowed_m:
            raise InputError(
                "pose", f"the {what} of {coil.name} is {depth_m * 1e3:.1f} mm inside the scalp",
                "a coil that clears it", "Move the coil out along its z axis.",
            )  # fmt: skip


def _deepest_in(skin: Surface, points_m: FloatArray) -> float:
    if not len(points_m):
        return 0.0
    # Far outside by the nearest skin point is outside: only the rest is worth the exact distance.
    _, nearest = KDTree(skin.points_m).query(points_m)
    height = np.einsum("ij,ij->i", points_m - skin.points_m[nearest], skin.normals[nearest])
    close = points_m[height < 0.005]
    if not len(close):
        return 0.0
    return float(-nearest_on_surface(skin, close).distance_m.min())


def outline(coil: Coil, step_m: float) -> FloatArray:
    """Points on the casing ``step_m`` apart at most, or the windings, or else the origin, (n, 3). [m]"""
    if coil.casing is None:
        return coil.element_points_m if len(coil.element_points_m) else np.zeros((1, 3))
    return samples_on(coil.casing.points_m[coil.casing.triangles], step_m)


def samples_on(corners: FloatArray, step_m: float) -> FloatArray:
    """Points on triangles (n, 3, 3) at most ``step_m`` apart, corners included, (k, 3). [m]"""
    # Rows run from a corner to the opposite side; with the shortest side there, slivers take few points.
    lengths = np.linalg.norm(np.roll(corners, -1, axis=1) - np.roll(corners, 1, axis=1), axis=2)
    first = lengths.argmin(axis=1)
    a, b, c = (corners[np.arange(len(corners)), (first + k) % 3] for k in range(3))
    along = np.ceil(np.partition(lengths, 2, axis=1)[:, 2] / step_m).astype(int)
    across = np.ceil(lengths.min(axis=1) / step_m).astype(int)
    out = [np.empty((0, 3))]
    for m, n in np.unique(np.stack([along, across], axis=1), axis=0).tolist():
        same = (along == m) & (across == n)
        s = np.linspace(0, 1, m + 1)[:, None, None, None]
        t = np.linspace(0, 1, n + 1)[:, None, None]
        rows = a[same] + s * (b[same] - a[same] + t * (c[same] - b[same]))
        out.append(rows.reshape(-1, 3))
    return np.concatenate(out)


def _cells(samples: FloatArray, low: FloatArray) -> FloatArray:
    return np.floor((samples[:, :2] - low) / CELL_m).astype(int).T
