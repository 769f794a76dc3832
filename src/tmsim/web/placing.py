"""Where the coil sits, as fast as it is dragged: :func:`tmsim.place` on a head made ready for it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from tmsim.coil import Coil
from tmsim.core import FloatArray, InputError, Surface
from tmsim.head import Head, nearest_on_surface
from tmsim.placement import Placement, Pose, Target, parse_target, resolve
from tmsim.placement.place import MAX_LIFT_m, scalp_frame, scalp_of, scalp_point
from tmsim.placement.targets import HeadPoint, on_scalp
from tmsim.search.candidates import lifted, pose_matrices
from tmsim.search.clearance import Clearance, Skin

_MOST_TILT_rad = math.radians(45)
_MOST_GAP_m = 0.1


@dataclass(frozen=True, kw_only=True, eq=False)
class Place:
    """Where the coil is to go: tangential at the scalp nearest to a target, turned, tilted, a gap away.

    Parameters
    ----------
    angle_rad
        Of the handle, as :func:`tmsim.place` takes it. [rad]
    tilt_rad
        About the coil's own x and y axes, (2,). [rad]
    gap_m
        Scalp to casing. [m]
    """

    target: Target
    angle_rad: float = 0.0
    tilt_rad: tuple[float, float] = (0.0, 0.0)
    gap_m: float = 0.004

    def __post_init__(self) -> None:
        if not abs(self.angle_rad) <= 2 * math.pi:
            raise InputError("angle", f"{math.degrees(self.angle_rad):.4g} deg", "-360 to 360 deg")
        if not max(abs(tilt) for tilt in self.tilt_rad) <= _MOST_TILT_rad:
            raise InputError(
                "tilt", f"{', '.join(f'{math.degrees(tilt):.4g}' for tilt in self.tilt_rad)} deg",
                "at most 45 deg to either side",
            )  # fmt: skip
        if not 0 <= self.gap_m <= _MOST_GAP_m:
            raise InputError("gap", f"{self.gap_m * 1e3:.4g} mm", "0 to 100 mm")


class Placer:
    """Puts coils on one head; the same as :func:`tmsim.place`, some thirty times as fast, and it tilts."""

    def __init__(self, head: Head) -> None:
        self.head = head
        self._scalp = scalp_of(head)
        corners = self._scalp.points_m[self._scalp.triangles]
        self._longest_m = float(np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max())
        self._corner_tree = KDTree(corners.reshape(-1, 3))
        self._skin = Skin(head.skin)
        self._clearances: dict[Coil, Clearance] = {}

    def place(self, coil: Coil, at: Place) -> Placement:
        """The pose of a coil.

        Raises
        ------
        InputError
            The target is outside the head, or the casing clears the scalp only far out.
        """
        target_m = resolve(at.target, self.head)
        scalp_m = target_m if on_scalp(at.target) else self._scalp_point(target_m, str(at.target))
        frame = np.stack(scalp_frame(self.head, scalp_m))
        matrix = pose_matrices(
            scalp_m[None], frame[None], np.array([at.angle_rad]), np.array([at.tilt_rad]), at.gap_m
        )
        lift_m = self._clearance(coil).lifts_m(matrix)
        if lift_m[0] > MAX_LIFT_m:
            raise InputError(
                f"coil {coil.name} at {at.target}",
                f"its casing clears the scalp only {lift_m[0] * 1e3:.0f} mm farther out",
                f"at most {MAX_LIFT_m * 1e3:.0f} mm", "Choose another target, angle or coil.",
            )  # fmt: skip
        return Placement(
            matrix=lifted(matrix, lift_m)[0],
            target=str(at.target),
            target_m=target_m,
            scalp_m=scalp_m,
            gap_m=at.gap_m,
            lifted_m=float(lift_m[0]),
            angle_rad=at.angle_rad,
            reference="midline",
        )

    def seen(self, pose: Pose) -> Placement:
        """A pose as it is, with the scalp under it, its gap and the angle of its handle."""
        scalp_m = self._nearest(pose.center_m)
        back, lateral, _ = scalp_frame(self.head, scalp_m)
        return Placement(
            matrix=pose.matrix,
            target=str(HeadPoint(_triple(scalp_m))),
            target_m=scalp_m,
            scalp_m=scalp_m,
            gap_m=float(np.linalg.norm(pose.center_m - scalp_m)),
            lifted_m=0.0,
            angle_rad=math.atan2(float(pose.handle @ lateral), float(pose.handle @ back)),
            reference="midline",
        )

    def _clearance(self, coil: Coil) -> Clearance:
        if coil not in self._clearances:
            self._clearances[coil] = Clearance(self._skin, coil)
        return self._clearances[coil]

    def _scalp_point(self, target_m: FloatArray, name: str) -> FloatArray:
        found_m = self._nearest(target_m)
        if np.linalg.norm(found_m - target_m) > _NEAR_m:
            return scalp_point(self.head, target_m, name)  # which refuses what is far outside the head
        return found_m

    def _nearest(self, point_m: FloatArray) -> FloatArray:
        """The scalp point nearest to a place, (3,). [m]"""
        distance_m, _ = self._corner_tree.query(point_m)
        # The nearest triangle comes nearer than the nearest corner; its own corners lie an edge away at most.
        near = self._corner_tree.query_ball_point(point_m, float(distance_m) + self._longest_m)
        used, corners = np.unique(
            self._scalp.triangles[np.unique(np.asarray(near) // 3)], return_inverse=True
        )
        patch = Surface(
            points_m=self._scalp.points_m[used], triangles=corners.reshape(-1, 3).astype(np.int32)
        )
        return nearest_on_surface(patch, point_m[None]).points_m[0]


_NEAR_m = 0.025


def aim_at(target: str | None, point_mm: tuple[float, float, float] | None) -> Target:
    """A target from its text, or from a point in head coordinates. [mm]

    Raises
    ------
    InputError
        The text is no target, or neither or both are given.
    """
    if (target is None) == (point_mm is None):
        raise InputError("target", "none, or a point as well", "a target or a point_mm")
    if target is not None:
        return parse_target(target)
    assert point_mm is not None
    return HeadPoint(_triple(np.array(point_mm) * 1e-3))


def _triple(point: FloatArray) -> tuple[float, float, float]:
    x, y, z = point.tolist()
    return x, y, z
