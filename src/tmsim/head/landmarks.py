"""Landmarks measured on the scalp: the extended 10-10 positions, tape lengths, scalp-cortex distance.

Curves are laid as a tape lies: in a plane section of the skin, taut, so that it spans hollows. Each
position sits on the skin at its fraction of the tape's length (Jasper1958, Oostenveld2001, Jurcak2007):

- Cz halves both nasion-inion and the coronal curve between the preauricular points;
- the midline and the coronal curve go in steps of 10 %;
- each quarter of the circumference, Fpz-T7-Oz and Fpz-T8-Oz, goes in fifths;
- each other row lies in the plane of its outer two positions and its midline one, in quarters of each half;
- the lowest ring (F9 to P10) lies in the plane of nasion, preauricular point and inion.

The tragus is taken to be at the preauricular point, some millimetres away. A tape in the lowest ring passes
over a modelled ear, not behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull

from tmsim.core import FloatArray, InputError, Surface, as_array, read_only
from tmsim.head.locate import nearest_on_surface
from tmsim.head.surfaces import grey_surface

if TYPE_CHECKING:
    from tmsim.head.types import Head

ALIASES = {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8"}
"""Names of the old 10-20 system and what they are called today."""

# Each row between the rings: its outer positions, and those inside a half from the outer one to the midline.
_ROWS = {
    "AF": ("AF7", "AF8", {2: "3"}),
    "F": ("F7", "F8", {1: "5", 2: "3", 3: "1"}),
    "FC": ("FT7", "FT8", {1: "5", 2: "3", 3: "1"}),
    "CP": ("TP7", "TP8", {1: "5", 2: "3", 3: "1"}),
    "P": ("P7", "P8", {1: "5", 2: "3", 3: "1"}),
    "PO": ("PO7", "PO8", {2: "3"}),
}
_MIRROR = {"1": "2", "3": "4", "5": "6"}
# Positions at each fifth of the front and of the back half of a ring; "" where the system has none.
_UPPER_RINGS = (
    (("Fp1", "AF7", "F7", "FT7"), ("TP7", "P7", "PO7", "O1")),
    (("Fp2", "AF8", "F8", "FT8"), ("TP8", "P8", "PO8", "O2")),
)
_LOWER_RINGS = (
    (("", "", "F9", "FT9"), ("TP9", "P9", "PO9", "")),
    (("", "", "F10", "FT10"), ("TP10", "P10", "PO10", "")),
)
_MIDLINE = ("Fpz", "AFz", "Fz", "FCz", "Cz", "CPz", "Pz", "POz", "Oz")
_CORONAL = ("T7", "C5", "C3", "C1", "Cz", "C2", "C4", "C6", "T8")

LABELS: tuple[str, ...] = tuple(
    dict.fromkeys(
        name
        for name in (
            *("Nz", "Iz", "T9", "T10", *_MIDLINE, *_CORONAL),
            *(name for ring in (*_UPPER_RINGS, *_LOWER_RINGS) for half in ring for name in half),
            *(row + digit for row, (*_, inner) in _ROWS.items() for odd in inner.values()
              for digit in (odd, _MIRROR[odd])),
        )
        if name
    )
)  # fmt: skip
"""The 75 positions of the extended 10-10 system."""

_RAYS = 1500


@dataclass(frozen=True, kw_only=True, eq=False)
class ScalpCurve:
    """A taut tape on the skin: places on the skin under it, and the mark of the tape over each. [m]"""

    points_m: FloatArray  # (n, 3)
    marks_m: FloatArray  # (n,) rising from 0
    over_m: float  # the mark over the second of the three points that span its plane

    @property
    def length_m(self) -> float:
        """Length of the tape. [m]"""
        return float(self.marks_m[-1])

    def at(self, distance_m: float) -> FloatArray:
        """The skin under the tape ``distance_m`` from its start, (3,). [m]"""
        if not 0 <= distance_m <= self.length_m * (1 + 1e-9):
            raise InputError("distance along the scalp", f"{distance_m:.4g} m", f"0 to {self.length_m:.4g} m")
        return np.array([np.interp(distance_m, self.marks_m, column) for column in self.points_m.T])

    def fraction(self, share: float) -> FloatArray:
        """The skin under the tape at a share of its length, (3,). [m]"""
        return self.at(share * self.length_m)


def scalp_curve(
    skin: Surface, start_m: npt.ArrayLike, over_m: npt.ArrayLike, end_m: npt.ArrayLike
) -> ScalpCurve:
    """Lay a taut tape on the skin, in the plane of three points, from ``start_m`` over ``over_m``. [m]

    Raises
    ------
    InputError
        The three points lie on a line, or the skin does not reach all along the tape.
    """
    start, over, end = (as_array("curve point", point, (3,)) for point in (start_m, over_m, end_m))
    middle, half = (start + end) / 2, float(np.linalg.norm(end - start)) / 2
    across = np.cross(start - middle, over - middle)
    if not np.linalg.norm(across) > 1e-6 * half**2:
        raise InputError("scalp curve", "three points on one line", "three points that span a plane")
    normal = across / np.linalg.norm(across)
    first = (start - middle) / half
    axes = np.stack([first, np.cross(normal, first)])

    angles = np.linspace(0, np.pi, _RAYS)
    radii = _outermost(_section(skin, middle, normal, axes), angles)
    radii[[0, -1]] = half
    if not radii.all():
        raise InputError("scalp curve", "no skin under part of it", "a skin that goes all the way round")
    skin_2d = radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)

    # The taut tape is the convex hull: straight from corner to corner, over whatever is lower.
    corner = np.sort(ConvexHull(skin_2d).vertices)
    after = np.clip(np.searchsorted(corner, np.arange(_RAYS), side="right"), 1, len(corner) - 1)
    left, right = corner[after - 1], corner[after]
    tape = radii[left] * radii[right] * np.sin(angles[right] - angles[left])
    tape /= radii[left] * np.sin(angles - angles[left]) + radii[right] * np.sin(angles[right] - angles)
    tape_2d = tape[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    steps = np.linalg.norm(np.diff(tape_2d, axis=0), axis=1)
    marks = np.concatenate([[0.0], np.cumsum(steps)])
    over_angle = np.arctan2(*((over - middle) @ axes.T)[::-1])
    return ScalpCurve(
        points_m=read_only(middle + skin_2d @ axes),
        marks_m=read_only(marks),
        over_m=float(np.interp(over_angle, angles, marks)),
    )


def _section(skin: Surface, origin: FloatArray, normal: FloatArray, axes: FloatArray) -> FloatArray:
    """The section of the skin with a plane, as line segments in the plane's axes, (n, 2, 2). [m]"""
    height = (skin.points_m - origin) @ normal
    height[height == 0] = np.finfo(float).eps  # a corner on the plane counts as above it
    flat = (skin.points_m - origin) @ axes.T
    above = height[skin.triangles] > 0
    crossed = skin.triangles[above.any(axis=1) & ~above.all(axis=1)]
    i, j = crossed, np.roll(crossed, -1, axis=1)
    cut = (height[i] > 0) != (height[j] > 0)  # two of the three edges
    i, j = i[cut], j[cut]
    share = (height[i] / (height[i] - height[j]))[:, None]
    return ((1 - share) * flat[i] + share * flat[j]).reshape(-1, 2, 2)


def _outermost(segments: FloatArray, angles: FloatArray) -> FloatArray:
    """How far out rays from the origin meet the segments last; 0 where they meet none. [m]"""
    x, y = np.cos(angles)[:, None], np.sin(angles)[:, None]
    side = [x * segments[:, k, 1] - y * segments[:, k, 0] for k in (0, 1)]
    along = [x * segments[:, k, 0] + y * segments[:, k, 1] for k in (0, 1)]
    met = (side[0] > 0) != (side[1] > 0)
    share = np.divide(side[0], side[0] - side[1], out=np.zeros_like(side[0]), where=met)
    radius = np.where(met, (1 - share) * along[0] + share * along[1], 0.0)
    return np.maximum(radius, 0.0).max(axis=1, initial=0.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class ScalpMap:
    """The curves of the 10-10 system on one scalp, and its positions by name. [m]"""

    nasion_inion: ScalpCurve  # over Cz
    coronal: ScalpCurve  # left preauricular point over Cz to the right one
    left_ring: ScalpCurve  # Fpz over T7 to Oz
    right_ring: ScalpCurve  # Fpz over T8 to Oz
    positions_m: Mapping[str, FloatArray]  # label to (3,)

    @property
    def circumference_m(self) -> float:
        """Length of the ring through Fpz, T7, Oz and T8. [m]"""
        return self.left_ring.length_m + self.right_ring.length_m


_maps: WeakKeyDictionary[Head, ScalpMap] = WeakKeyDictionary()


def scalp_map(head: Head) -> ScalpMap:
    """The 10-10 curves and positions on this scalp, measured once a head.

    Raises
    ------
    InputError
        The head has no fiducials, or its skin does not reach round the curves.
    """
    if head not in _maps:
        _maps[head] = _measured(head)
    return _maps[head]


def _measured(head: Head) -> ScalpMap:
    if head.fiducials is None:
        raise InputError(
            "head", f"{head.name} has no fiducials, from which scalp positions are measured",
            "nasion, inion and preauricular points", "Aim by a point: 'head X Y Z mm'.",
        )  # fmt: skip
    skin = head.skin
    given = head.fiducials
    snapped = nearest_on_surface(skin, [given.nasion, given.inion, given.lpa, given.rpa]).points_m
    nasion, inion, lpa, rpa = snapped
    # Cz: highest over the middle of the fiducials first, then halved on either curve until both agree.
    up = np.cross(rpa - lpa, nasion - inion)
    middle = snapped.mean(axis=0)
    cz = middle + up / np.linalg.norm(up) * np.linalg.norm(nasion - inion) / 2
    sagittal = coronal = scalp_curve(skin, nasion, cz, inion)
    for _ in range(20):
        sagittal = scalp_curve(skin, nasion, cz, inion)
        coronal = scalp_curve(skin, lpa, sagittal.fraction(0.5), rpa)
        previous, cz = cz, coronal.fraction(0.5)
        if np.linalg.norm(cz - previous) < 1e-5:
            break

    at = {"Nz": nasion, "Iz": inion, "Cz": cz, "T9": lpa, "T10": rpa}
    for k, name in enumerate(_MIDLINE, start=1):
        at.setdefault(name, sagittal.fraction(k / 10))
    for k, name in enumerate(_CORONAL, start=1):
        at.setdefault(name, coronal.fraction(k / 10))
    upper = [scalp_curve(skin, at["Fpz"], at[side], at["Oz"]) for side in ("T7", "T8")]
    lower = [scalp_curve(skin, nasion, ear, inion) for ear in (lpa, rpa)]
    for ring, names in zip(upper, _UPPER_RINGS, strict=True):
        at.update(_fifths(ring, names))
    for ring, names in zip(lower, _LOWER_RINGS, strict=True):
        at.update(_fifths(ring, names))
    for row, (outer_left, outer_right, inner) in _ROWS.items():
        curve = scalp_curve(skin, at[outer_left], at[row + "z"], at[outer_right])
        beyond_m = curve.length_m - curve.over_m
        for quarter, digit in inner.items():
            at[row + digit] = curve.at(curve.over_m * quarter / 4)
            at[row + _MIRROR[digit]] = curve.at(curve.length_m - beyond_m * quarter / 4)
    return ScalpMap(
        nasion_inion=sagittal,
        coronal=coronal,
        left_ring=upper[0],
        right_ring=upper[1],
        positions_m=MappingProxyType({name: read_only(place) for name, place in at.items()}),
    )


def _fifths(ring: ScalpCurve, names: tuple[tuple[str, ...], tuple[str, ...]]) -> dict[str, FloatArray]:
    front, back = names
    behind_m = ring.length_m - ring.over_m
    places = {name: ring.at(ring.over_m * k / 5) for k, name in enumerate(front, start=1)}
    places |= {name: ring.at(ring.over_m + behind_m * k / 5) for k, name in enumerate(back, start=1)}
    places.pop("", None)
    return places


def electrode_positions(head: Head) -> dict[str, FloatArray]:
    """The 75 positions of the extended 10-10 system on this scalp, and T3 to T6 by their old names. [m]"""
    places = dict(scalp_map(head).positions_m)
    return places | {old: places[new] for old, new in ALIASES.items()}


def scalp_cortex_distance(head: Head, points_m: npt.ArrayLike) -> FloatArray:
    """How far each scalp point, (n, 3), is from the nearest place on the pial surface, (n,). [m]"""
    return np.abs(nearest_on_surface(grey_surface(head), points_m).distance_m)
