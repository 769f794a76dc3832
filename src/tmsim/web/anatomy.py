"""What the page draws of a head: its surfaces, the cortex once more with fewer points, and its landmarks.

All of it is kept in the cache under the bytes of the head's file, so that the page is there before the head
is read.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import fast_simplification
import numpy as np
from scipy.spatial import KDTree

from tmsim.core import FloatArray, InputError, IntArray, Surface, read_only
from tmsim.core.cache import Arrays, Cache, stage_key
from tmsim.core.provenance import sha256_of_file
from tmsim.field.depth import directions
from tmsim.head import TISSUES, Head, builtin_names, electrode_positions
from tmsim.head.builtin import DATA
from tmsim.head.parameters import BRAIN_TAGS
from tmsim.placement import NAMED_POINTS, Named, resolve

LIVE_POINTS = 20_000
"""Points of the cortex that follows the coil."""

_HULL_DIRECTIONS = 1000


@dataclass(frozen=True, kw_only=True, eq=False)
class Anatomy:
    """A head as the page shows it.

    Parameters
    ----------
    tags
        Tissue tags in the head.
    bounds_m
        Its least and greatest coordinates, (2, 3). [m]
    skin, cortex
        The outer surface, and the mid-cortical one; without points where the head has no cortex.
    column, areas_m2, depth_m
        At each point of the cortex: the unit vector along the column, (n, 3), its area, and how deep it lies
        below the convex hull of the brain, (n,). [m^2, m]
    live, live_triangles, live_areas_m2
        The points of the cortex that follow the coil, by index, the surface on them, and their areas.
    electrodes_m, named_m
        Scalp positions by 10-10 label, and cortical targets by name, (3,) each; none where the head lacks
        the landmarks. [m]
    """

    name: str
    tags: tuple[int, ...]
    bounds_m: FloatArray
    skin: Surface
    cortex: Surface
    column: FloatArray
    areas_m2: FloatArray
    depth_m: FloatArray
    live: IntArray
    live_triangles: IntArray
    live_areas_m2: FloatArray
    electrodes_m: dict[str, FloatArray]
    named_m: dict[str, FloatArray]

    @cached_property
    def live_cortex(self) -> Surface:
        """The cortex that follows the coil."""
        return Surface(points_m=self.cortex.points_m[self.live], triangles=self.live_triangles)


def anatomy_of(source: str, repair: bool, load: Callable[[], Head], cache: Cache) -> Anatomy:
    """From the cache, or worked out from the head.

    Parameters
    ----------
    load
        Reads the head; called only where the cache has nothing.

    Raises
    ------
    InputError
        The file is missing, or what it holds is no sound head.
    """
    key = stage_key(
        "page", _content(source), repair, sha256_of_file(Path(__file__)), rooms=("core", "head", "placement")
    )
    arrays, _ = cache.arrays(key, lambda: _worked_out(load()))
    return _from_arrays(arrays)


def packed(surface: Surface) -> bytes:
    """A surface as the page reads it: ``TMSG``, counts, points in mm, normals, triangles; little-endian."""
    return b"".join(
        [
            struct.pack("<4sIII", b"TMSG", len(surface.points_m), len(surface.triangles), 0),
            (surface.points_m * 1e3).astype("<f4").tobytes(),
            surface.normals.astype("<f4").tobytes(),
            surface.triangles.astype("<u4").tobytes(),
        ]
    )


def thinned(surface: Surface, count: int) -> tuple[IntArray, IntArray]:
    """Some ``count`` points of a surface, by index, and a surface on them: each point is one of the old."""
    points, triangles = surface.points_m, surface.triangles
    if len(points) > count:
        share = count / len(points)
        points, triangles = fast_simplification.simplify(  # which takes writable arrays alone
            np.array(points), np.array(triangles), target_count=round(share * len(triangles))
        )
    _, nearest = KDTree(surface.points_m).query(np.asarray(points, dtype=float))
    corners = np.asarray(nearest)[np.asarray(triangles)]
    # Two points may have moved to one: the triangle between them has no area.
    a, b, c = corners.T
    corners = corners[(a != b) & (b != c) & (c != a)]
    kept, renumbered = np.unique(corners, return_inverse=True)
    return kept.astype(np.int32), renumbered.reshape(-1, 3).astype(np.int32)


def _content(source: str) -> str:
    """SHA-256 of all bytes that a head is read from."""
    if source not in builtin_names():
        path = Path(source)
        # A path that is no file is refused by whoever reads it, in a sentence that says what is expected.
        return sha256_of_file(path) if path.is_file() else ""
    digests = [sha256_of_file(path) for path in sorted((DATA / source).iterdir())]
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def _worked_out(head: Head) -> Arrays:
    skin = head.skin
    cortex, column, depth_m = _cortex_of(head)
    live, live_triangles = thinned(cortex, LIVE_POINTS) if len(cortex.points_m) else _NOTHING
    areas_m2 = cortex.point_areas_m2
    live_areas_m2 = np.zeros(0)
    if len(live):
        # Each point stands for all that are nearer to it than to another.
        _, nearest = KDTree(cortex.points_m[live]).query(cortex.points_m)
        live_areas_m2 = np.bincount(np.asarray(nearest), areas_m2, minlength=len(live))
    electrodes_m, named_m = _landmarks(head)
    return {
        "name": np.array(head.name),
        "tags": np.unique(head.tags),
        "bounds_m": np.stack([head.nodes_m.min(axis=0), head.nodes_m.max(axis=0)]),
        "skin_points_m": skin.points_m,
        "skin_triangles": skin.triangles,
        "cortex_points_m": cortex.points_m,
        "cortex_triangles": cortex.triangles,
        "column": column,
        "areas_m2": areas_m2,
        "depth_m": depth_m,
        "live": live,
        "live_triangles": live_triangles,
        "live_areas_m2": live_areas_m2,
        "electrodes": np.array(list(electrodes_m), dtype=str),
        "electrodes_m": np.array(list(electrodes_m.values())).reshape(-1, 3),
        "named": np.array(list(named_m), dtype=str),
        "named_m": np.array(list(named_m.values())).reshape(-1, 3),
    }


def _from_arrays(arrays: Arrays) -> Anatomy:
    def surface(name: str) -> Surface:
        return Surface(points_m=arrays[f"{name}_points_m"], triangles=arrays[f"{name}_triangles"])

    def places(name: str) -> dict[str, FloatArray]:
        return dict(zip(arrays[name].tolist(), arrays[f"{name}_m"], strict=True))

    same = ("bounds_m", "column", "areas_m2", "depth_m", "live", "live_triangles", "live_areas_m2")
    return Anatomy(
        name=str(arrays["name"]),
        tags=tuple(arrays["tags"].tolist()),
        skin=surface("skin"),
        cortex=surface("cortex"),
        electrodes_m=places("electrodes"),
        named_m=places("named"),
        **{name: read_only(np.asarray(arrays[name])) for name in same},
    )


_NOTHING: tuple[IntArray, IntArray] = (np.zeros(0, np.int32), np.zeros((0, 3), np.int32))


def _cortex_of(head: Head) -> tuple[Surface, FloatArray, FloatArray]:
    if not head.has_cortex:
        nothing = Surface(points_m=np.zeros((0, 3)), triangles=np.zeros((0, 3), np.int32))
        return nothing, np.zeros((0, 3)), np.zeros(0)
    outward = directions(_HULL_DIRECTIONS).T
    brain = head.nodes_m[np.unique(head.tets[np.isin(head.tags, BRAIN_TAGS)])]
    parts = np.array_split(brain, len(brain) // 20_000 + 1)
    reach_m = np.max([(part @ outward).max(axis=0) for part in parts], axis=0)
    depth_m = (reach_m - head.cortex.points_m @ outward).min(axis=1)
    return head.cortex, head.cortex.column, depth_m


def _landmarks(head: Head) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    try:
        electrodes = {label: np.asarray(point) for label, point in electrode_positions(head).items()}
    except InputError:
        electrodes = {}
    if head.head_to_mni is None:
        return electrodes, {}
    return electrodes, {name: resolve(Named(name), head) for name in NAMED_POINTS}


def tissues_of(anatomy: Anatomy) -> list[dict[str, object]]:
    """Tag, name, label and colour of each tissue, for the slices."""
    return [
        {"tag": tag, "name": TISSUES[tag].name, "label": TISSUES[tag].label, "color": _COLORS[tag]}
        for tag in anatomy.tags
        if tag in TISSUES
    ]


_COLORS = {
    1: "#e8e4da", 2: "#b9b2a6", 3: "#9cc7de", 4: "#efe3bb", 5: "#dcae94", 6: "#8fa6c9", 7: "#e6d7a3",
    8: "#d8c48a", 9: "#b5524c", 10: "#b5766b", 11: "#a9c9b4", 12: "#ecd58c",
}  # fmt: skip
