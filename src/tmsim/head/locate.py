"""Which tetrahedron holds a point."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from tmsim.core import FloatArray, IntArray, as_array

if TYPE_CHECKING:
    from tmsim.head.types import Head

_BORDER = 1e-9  # barycentric slack, so that a point on a shared face is in one of the two


def locate(head: Head, points_m: npt.ArrayLike, tags: Collection[int] | None = None) -> IntArray:
    """The tetrahedron that holds each point, (n,) indices into ``head.tets``; -1 where none does.

    The search is exact: a tetrahedron holds no point that is farther from its barycentre than its
    farthest corner, so candidates are taken in order of distance until that bound is passed.

    Parameters
    ----------
    points_m
        Points in head coordinates, (n, 3). [m]
    tags
        Search these tissues only, by SimNIBS tag; all where None.
    """
    points = as_array("points", points_m, (None, 3))
    found = np.full(len(points), -1, dtype=np.int32)
    pool = np.arange(len(head.tets)) if tags is None else np.flatnonzero(np.isin(head.tags, list(tags)))
    if not len(pool) or not len(points):
        return found
    corners = head.nodes_m[head.tets[pool]]
    centres = head.centers_m[pool]
    reach = float(np.sqrt(((corners - centres[:, None]) ** 2).sum(axis=2).max()))
    to_barycentric = np.linalg.inv((corners[:, 1:] - corners[:, :1]).transpose(0, 2, 1))
    tree = cKDTree(centres)

    left = np.arange(len(points))
    tried, count = 0, 8
    while len(left):
        count = min(count, len(pool))
        distance, candidate = tree.query(points[left], k=np.arange(tried + 1, count + 1))
        offset = points[left][:, None] - corners[candidate, 0]
        shares = np.einsum("pkij,pkj->pki", to_barycentric[candidate], offset)
        inside = (shares.min(axis=2) >= -_BORDER) & (shares.sum(axis=2) <= 1 + _BORDER)
        hit = inside.any(axis=1)
        found[left[hit]] = pool[candidate[hit, inside[hit].argmax(axis=1)]]
        if count == len(pool):
            break
        left = left[~hit & (distance[:, -1] <= reach)]
        tried, count = count, 2 * count
    return found


def barycentric_gradients(corners_m: FloatArray) -> FloatArray:
    """Gradients of the four linear basis functions of each tetrahedron, (n, 4, 3) to (n, 4, 3). [1/m]"""
    gradients = np.empty_like(corners_m)
    gradients[:, 1:] = np.linalg.inv((corners_m[:, 1:] - corners_m[:, :1]).transpose(0, 2, 1))
    gradients[:, 0] = -gradients[:, 1:].sum(axis=1)
    return gradients
