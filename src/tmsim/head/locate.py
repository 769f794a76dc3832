"""Which tetrahedron holds a point, and which place on a surface is nearest to it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from tmsim.core import FloatArray, IntArray, Surface, as_array

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
    tree = KDTree(centres)

    left = np.arange(len(points))
    tried, count = 0, 8
    while len(left):
        count = min(count, len(pool))
        distance, candidate = _by_distance(tree, points[left], tried, count)
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


def _by_distance(
    tree: KDTree, points: FloatArray, first: int, last: int
) -> tuple[FloatArray, npt.NDArray[np.integer]]:
    """Distances and indices of the neighbours ``first`` to ``last`` of each point, nearest first."""
    ranks = np.arange(first + 1, last + 1)
    distance, index = tree.query(points, k=ranks)  # pyright: ignore[reportArgumentType]
    return np.asarray(distance), np.asarray(index)


def barycentric_gradients(corners_m: FloatArray) -> FloatArray:
    """Gradients of the four linear basis functions of each tetrahedron, (n, 4, 3) to (n, 4, 3). [1/m]"""
    gradients = np.empty_like(corners_m)
    gradients[:, 1:] = np.linalg.inv((corners_m[:, 1:] - corners_m[:, :1]).transpose(0, 2, 1))
    gradients[:, 0] = -gradients[:, 1:].sum(axis=1)
    return gradients


@dataclass(frozen=True, kw_only=True, eq=False)
class Nearest:
    """The nearest place on a surface to each of n points."""

    points_m: FloatArray  # (n, 3) on the surface
    triangles: IntArray  # (n,) which triangle that is
    distance_m: FloatArray  # (n,) negative where the point is inside a closed surface


def nearest_on_surface(surface: Surface, points_m: npt.ArrayLike) -> Nearest:
    """The exact nearest place on a triangle surface, and the distance, signed by the side. [m]

    Negative means inside. The side is told by the normal of the nearest triangle, or, where an edge or a
    corner is nearest, by the point normals between its ends, which is right for skin and cortex but can
    fail next to an edge much sharper than 90 degrees.
    """
    points = as_array("points", points_m, (None, 3))
    corners = surface.points_m[surface.triangles]
    centres = corners.mean(axis=1)
    reach = float(np.sqrt(((corners - centres[:, None]) ** 2).sum(axis=2).max()))
    tree = KDTree(centres)

    n = len(points)
    best = np.full(n, np.inf)
    place, weights = np.empty((n, 3)), np.empty((n, 3))
    triangle = np.zeros(n, dtype=np.int32)
    left, tried, count = np.arange(n), 0, 8
    while len(left):
        count = min(count, len(centres))
        far, candidate = _by_distance(tree, points[left], tried, count)
        share = _nearest_shares(points[left][:, None], corners[candidate])
        spot = np.einsum("pkc,pkca->pka", share, corners[candidate])
        distance = np.linalg.norm(spot - points[left][:, None], axis=2)
        row, first = np.arange(len(left)), distance.argmin(axis=1)
        better = distance[row, first] < best[left]
        row, first = row[better], first[better]
        changed = left[row]
        best[changed], place[changed] = distance[row, first], spot[row, first]
        weights[changed], triangle[changed] = share[row, first], candidate[row, first]
        if count == len(centres):
            break
        # A triangle holds nothing nearer than its barycentre's distance less its longest reach.
        left = left[far[:, -1] - reach < best[left]]
        tried, count = count, 2 * count

    normal = np.where(
        weights.min(axis=1, keepdims=True) > 1e-9,
        surface.triangle_area_vectors_m2[triangle],
        np.einsum("pc,pca->pa", weights, surface.normals[surface.triangles[triangle]]),
    )
    inside = np.einsum("pa,pa->p", points - place, normal) < 0
    return Nearest(points_m=place, triangles=triangle, distance_m=np.where(inside, -best, best))


def _nearest_shares(point: FloatArray, corners: FloatArray) -> FloatArray:
    """Barycentric shares (..., 3) of the place in each triangle (..., 3, 3) nearest to ``point``."""
    a = corners[..., 0, :]
    u, v, w = corners[..., 1, :] - a, corners[..., 2, :] - a, point - a
    uu, uv, vv = (u * u).sum(-1), (u * v).sum(-1), (v * v).sum(-1)
    wu, wv = (w * u).sum(-1), (w * v).sum(-1)
    tiny = np.finfo(float).tiny
    area = np.maximum(uu * vv - uv * uv, tiny)
    s, t = (vv * wu - uv * wv) / area, (uu * wv - uv * wu) / area
    inside = np.stack([1 - s - t, s, t], axis=-1)

    # Outside the triangle the nearest place is on one of its three edges.
    zero = np.zeros_like(s)
    ab = np.clip(wu / np.maximum(uu, tiny), 0, 1)
    ac = np.clip(wv / np.maximum(vv, tiny), 0, 1)
    bc = np.clip(((w - u) * (v - u)).sum(-1) / np.maximum(((v - u) ** 2).sum(-1), tiny), 0, 1)
    edges = np.stack(
        [
            np.stack([1 - ab, ab, zero], axis=-1),
            np.stack([1 - ac, zero, ac], axis=-1),
            np.stack([zero, 1 - bc, bc], axis=-1),
        ]
    )
    spots = np.einsum("e...c,...ca->e...a", edges, corners)
    nearest_edge = ((spots - point) ** 2).sum(-1).argmin(axis=0)
    on_edge = np.take_along_axis(edges, nearest_edge[None, ..., None], axis=0)[0]
    return np.where((inside >= 0).all(-1, keepdims=True), inside, on_edge)
