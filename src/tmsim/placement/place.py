"""From a target to a pose: the coil tangential, its handle turned, its casing clear of the skin."""

from __future__ import annotations

import math

import numpy as np

from tmsim.coil import Coil
from tmsim.core import FloatArray, InputError, Surface, to_si
from tmsim.core.frames import inverse
from tmsim.head import Head, nearest_on_surface
from tmsim.placement.clearance import lift_to_clear
from tmsim.placement.targets import Target, on_scalp, parse_target, resolve
from tmsim.placement.types import Placement

FOOTPRINT_m = 0.025
"""The tangent plane is that of the skin within this distance of the scalp point: a coil's footprint."""

MIDLINE_m = 0.005
"""Nearer to the midline than this a scalp point has no side; angles there turn the handle to the left."""

MAX_LIFT_m = 0.05
"""No lift above this is accepted. Wings at 100 degrees ride about a third of the head's radius above it, so
bent coils are lifted by 25 to 45 mm where they fit."""

_FAR_m = 0.03  # a target farther than this outside the skin is a mistake


def place(
    head: Head,
    coil: Coil,
    *,
    target: str | Target,
    angle: str | float = "45 deg",
    reference: str = "midline",
    gap: str | float = "4 mm",
) -> Placement:
    """Put the coil over a target, tangential to the scalp.

    The coil's centre goes to the scalp point nearest to a cortical target, or to the scalp target itself.
    Its axis is the area-weighted mean normal of the skin within 25 mm. The casing is then moved outward
    along that axis until it clears the skin everywhere on its way in.

    Parameters
    ----------
    target
        Text (:mod:`tmsim.placement.targets`) or a parsed target.
    angle
        Direction of the **handle** (not of the induced current) in the tangent plane, ``"45 deg"`` or
        radians. At 0 it points straight back: along the midline's direction, carried from the vertex to the
        scalp point by the smallest rotation, so backward on the side of the head, up at the forehead, down at
        the occiput. Positive angles turn it **away from the midline**, on either hemisphere: 45 deg
        over left M1 is posterior and lateral, the usual hand-area placement. On the midline itself
        positive is to the left.
    reference
        What the angle is measured from; ``"midline"`` is the one known.
    gap
        Scalp to casing face at the centre, hair included, ``"4 mm"`` or metres.

    Raises
    ------
    InputError
        The target, angle or gap is not understood, the target is outside the head, or the coil cannot come
        near without its casing entering the scalp.
    """
    angle_rad = _number(angle, "rad", "angle", -2 * math.pi, 2 * math.pi)
    gap_m = _number(gap, "m", "gap", 0.0, 0.1)
    if reference != "midline":
        raise InputError("reference of the angle", repr(reference), "'midline'")
    aim = parse_target(target) if isinstance(target, str) else target
    target_m = resolve(aim, head)
    scalp_m = target_m if on_scalp(aim) else scalp_point(head, target_m, str(aim))
    back, lateral, outward = scalp_frame(head, scalp_m)
    handle = math.cos(angle_rad) * back + math.sin(angle_rad) * lateral

    matrix = np.eye(4)
    matrix[:3, 2] = -outward
    matrix[:3, 1] = -handle
    matrix[:3, 0] = np.cross(matrix[:3, 1], matrix[:3, 2])
    matrix[:3, 3] = scalp_m + gap_m * outward
    lifted_m = lift_to_clear(head.skin, coil, matrix)
    if lifted_m > MAX_LIFT_m:
        raise InputError(
            f"coil {coil.name} at {aim}",
            f"its casing clears the scalp only {lifted_m * 1e3:.0f} mm farther out",
            f"at most {MAX_LIFT_m * 1e3:.0f} mm", "Choose another target, angle or coil.",
        )  # fmt: skip
    matrix[:3, 3] += lifted_m * outward
    return Placement(
        matrix=matrix,
        target=str(aim),
        target_m=target_m,
        scalp_m=scalp_m,
        gap_m=gap_m,
        lifted_m=lifted_m,
        angle_rad=angle_rad,
        reference=reference,
    )


def _number(value: str | float, unit: str, name: str, low: float, high: float) -> float:
    number = to_si(value, unit, name=name) if isinstance(value, str) else float(value)
    if not low <= number <= high:
        raise InputError(
            name,
            f"{number:.4g} {unit}",
            f"{low:.4g} to {high:.4g} {unit}",
            "Text may carry a unit: '45 deg', '4 mm'.",
        )
    return number


def anatomical_axes(head: Head) -> tuple[FloatArray, FloatArray]:
    """Unit vectors to the right, front and top as rows, (3, 3), and a point on the midline. [m]

    From the transform to MNI where there is one, else from the fiducials, else the head's own axes.
    """
    if head.head_to_mni is not None:
        u, _, vt = np.linalg.svd(inverse(head.head_to_mni)[:3, :3])
        return (u @ vt).T, head.from_mni(np.zeros(3))
    if head.fiducials is not None:
        f = head.fiducials
        nasion, inion, lpa, rpa = (np.array(p) for p in (f.nasion, f.inion, f.lpa, f.rpa))
        right = (rpa - lpa) / np.linalg.norm(rpa - lpa)
        front = nasion - inion
        front = front - (front @ right) * right
        front /= np.linalg.norm(front)
        return np.stack([right, front, np.cross(right, front)]), (nasion + inion) / 2
    return np.eye(3), np.zeros(3)


def scalp_frame(head: Head, scalp_m: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Unit vectors at a scalp point: the handle at 0 degrees, at 90 degrees, and outward."""
    axes, origin = anatomical_axes(head)
    outward = _smooth_normal(head.skin, scalp_m)
    carried = _smallest_rotation(axes[2], outward) @ axes.T  # right, front and up at the scalp point
    sideways = (scalp_m - origin) @ axes[0]
    return -carried[:, 1], carried[:, 0] if sideways > MIDLINE_m else -carried[:, 0], outward


def scalp_of(head: Head) -> Surface:
    """The skin but for what faces down: the cut through the neck, and the chin."""
    skin, up = head.skin, anatomical_axes(head)[0][2]
    facing_down = skin.triangle_area_vectors_m2 @ up < -0.8 * skin.areas_m2
    return Surface(points_m=skin.points_m, triangles=skin.triangles[~facing_down])


def scalp_point(head: Head, target_m: FloatArray, name: str) -> FloatArray:
    """The scalp point nearest to a cortical target, (3,). [m]

    Raises
    ------
    InputError
        The target is far outside the head.
    """
    nearest = nearest_on_surface(scalp_of(head), target_m[None])
    if nearest.distance_m[0] > _FAR_m:
        raise InputError(
            f"target {name}", f"{nearest.distance_m[0] * 1e3:.0f} mm outside the head",
            "a point in or on the head", "Check its frame and its unit.",
        )  # fmt: skip
    return nearest.points_m[0]


def _smooth_normal(skin: Surface, scalp_m: FloatArray) -> FloatArray:
    near = np.linalg.norm(skin.points_m - scalp_m, axis=1) < FOOTPRINT_m
    if not near.any():
        near = np.linalg.norm(skin.points_m - scalp_m, axis=1).argsort()[:20]
    normal = skin.point_areas_m2[near] @ skin.normals[near]
    return normal / np.linalg.norm(normal)


def _smallest_rotation(start: FloatArray, end: FloatArray) -> FloatArray:
    """The rotation by the smallest angle that takes one unit vector to another, (3, 3)."""
    axis, cosine = np.cross(start, end), float(start @ end)
    if cosine < -0.999:
        raise InputError("target", "a scalp point under the head", "one that a coil can be put to")
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + cross + cross @ cross / (1 + cosine)
