"""Cortical regions: the 68 of Desikan and Killiany (Desikan2006), by MNI position.

Each point of the mid-cortical surface takes the region of the nearest vertex of fsaverage5 (half way
between its white and pial surfaces) in MNI152. This knows nothing of the individual's sulci: near a
border between regions it is right to about a centimetre, no better.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import KDTree

from tmsim.core import FloatArray, IntArray, as_index_array, read_only

if TYPE_CHECKING:
    from tmsim.head.types import Head

UNASSIGNED = "unassigned"
_REGION_WORDS = re.compile(
    "(rostral|caudal|superior|inferior|middle|medial|lateral|anterior|posterior|isthmus|transverse|pars|banks"
    "|frontal|temporal)(?=[a-z])"
)
REACH_MNI_M = 0.012
"""Points farther than this from every vertex, in MNI space, belong to no region: cerebellum, brainstem."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Regions:
    """The region of each mid-cortical point: ``names[index[k]]``; the last name is ``"unassigned"``."""

    names: tuple[str, ...]
    index: IntArray  # (n_points,)

    def __post_init__(self) -> None:
        index = as_index_array("regions", self.index, (None,), len(self.names))
        object.__setattr__(self, "index", index)


def region_text(name: str) -> str:
    """An atlas label in words: ``"L_middletemporal"`` is ``"left middle temporal"``."""
    if name == UNASSIGNED:
        return "outside the atlas"
    side, _, rest = name.partition("_")
    if side not in ("L", "R") or not rest:
        return name
    words = _REGION_WORDS.sub(r"\1 ", rest)
    return f"{'left' if side == 'L' else 'right'} {words}"


def regions_of(head: Head) -> Regions:
    """The Desikan-Killiany region of each point of ``head.cortex``, e.g. ``"L_precentral"``.

    Raises
    ------
    InputError
        The head has no transform to MNI.
    """
    names, vertices_m, region = _atlas()
    distance, nearest = KDTree(vertices_m).query(head.to_mni(head.cortex.points_m))
    index = np.where(distance <= REACH_MNI_M, region[nearest], len(names))
    return Regions(names=(*names, UNASSIGNED), index=index)


@cache
def _atlas() -> tuple[tuple[str, ...], FloatArray, IntArray]:
    """Region names, vertex positions in MNI152 [m], and the region of each vertex."""
    path = resources.files("tmsim.head") / "data" / "regions" / "desikan_killiany.npz"
    with path.open("rb") as file, np.load(file) as archive:
        names = tuple(str(name) for name in archive["names"])
        vertices_m = archive["mni_tenth_mm"] * 1e-4
        region = archive["region"].astype(np.int32)
    return names, read_only(vertices_m), read_only(region)
