"""Surfaces of a head: skin, skull, pial surface, and the mid-cortical surface.

The mid-cortical surface is the level 0.5 of the potential that solves Laplace's equation in grey matter
with 0 on the border to white matter and 1 on the border to everything else (Jones2000). Its gradient is
the direction of the cortical column. The cerebellar cortex is part of it, since it is grey matter with
a white core like any other and stimulated in practice; its folia are far below the resolution of
any head mesh, so what stands for it is a smooth envelope. Nuclei wholly inside white matter have no
pial side and hence no surface; sheets along the ventricles are dropped where they are separate.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import fast_simplification
import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import cg
from scipy.spatial import KDTree

from tmsim.core import FloatArray, InputError, IntArray, Surface
from tmsim.head.locate import barycentric_gradients, locate
from tmsim.head.parameters import BRAIN_TAGS, CSF, GREY_MATTER, SKULL_TAGS, WHITE_MATTER
from tmsim.head.quality import EDGES, FACES

if TYPE_CHECKING:
    from tmsim.head.types import Cortex, Head

_Indices = npt.NDArray[np.integer[Any]]

_FACES, _EDGES = np.array(FACES), np.array(EDGES)

_SMALLEST_SHARE = 0.05  # of the largest piece's area; smaller pieces of mid-cortex are dropped


def outer_surface(head: Head) -> Surface:
    """The skin: the outer border of all tetrahedra, its largest piece, outward oriented and closed."""
    return _border(head, None, "skin")


def skull_surface(head: Head) -> Surface:
    """The outer border of the skull: of bone together with all that it holds."""
    return _border(head, (*SKULL_TAGS, CSF, *BRAIN_TAGS), "skull surface")


def grey_surface(head: Head) -> Surface:
    """The pial surface: the outer border of grey and white matter, its largest piece."""
    return _border(head, BRAIN_TAGS, "pial surface")


def _border(head: Head, tags: Collection[int] | None, name: str) -> Surface:
    tets = head.tets if tags is None else head.tets[np.isin(head.tags, list(tags))]
    if not len(tets):
        raise InputError(name, f"head {head.name} has no tetrahedra of tissue {tags}", "at least one")
    triangles = _faces_seen_once(tets)
    pieces = _pieces(triangles, len(head.nodes_m))
    areas = np.linalg.norm(_cross(head.nodes_m, triangles), axis=1)
    largest = np.bincount(pieces, areas).argmax()
    return _compact(head.nodes_m, triangles[pieces == largest])


def _faces_seen_once(tets: _Indices) -> _Indices:
    faces = tets[:, _FACES].reshape(-1, 3)
    low, middle, high = np.sort(faces, axis=1).T
    pair = low.astype(np.int64) * (int(tets.max()) + 1) + middle
    order = np.lexsort((high, pair))
    pair, high = pair[order], high[order]
    same = (pair[1:] == pair[:-1]) & (high[1:] == high[:-1])
    alone = np.ones(len(faces), dtype=bool)
    alone[1:] &= ~same
    alone[:-1] &= ~same
    return faces[np.sort(order[alone])]


def _cross(points: FloatArray, triangles: _Indices) -> FloatArray:
    a, b, c = (points[triangles[:, k]] for k in range(3))
    return np.cross(b - a, c - a)


def _adjacency(triangles: _Indices, n_points: int) -> sparse.csr_matrix:
    """Which points share an edge, as ones in a symmetric (n, n) matrix."""
    i = triangles[:, [0, 1, 2, 1, 2, 0]].ravel()
    j = triangles[:, [1, 2, 0, 0, 1, 2]].ravel()
    graph = sparse.csr_matrix((np.ones(len(i)), (i, j)), shape=(n_points, n_points))
    graph.data[:] = 1
    return graph


def _pieces(triangles: _Indices, n_points: int) -> _Indices:
    """The connected piece of each triangle."""
    _, piece_of_point = connected_components(_adjacency(triangles, n_points), directed=False)
    return piece_of_point[triangles[:, 0]]


def _compact(points: FloatArray, triangles: _Indices) -> Surface:
    used, renumbered = np.unique(triangles, return_inverse=True)
    return Surface(points_m=points[used], triangles=renumbered.reshape(-1, 3).astype(np.int32))


def mid_cortex(head: Head, *, spacing_m: float = 1.4e-3) -> Cortex:
    """The mid-cortical surface, with about ``spacing_m`` between points; each lies in grey matter.

    Every step is deterministic. A node of grey matter that touches both white matter and anything else
    counts as pial: the cortex has no thickness there and the sheet has a hole.

    Parameters
    ----------
    spacing_m
        Distance between neighbouring points; 1.4 mm gives some 80,000 on an adult head. The mesh itself
        is the finest that can be had. [m]

    Raises
    ------
    InputError
        The head has no grey matter between white matter and the rest.
    """
    from tmsim.head.types import Cortex

    if not spacing_m > 0:
        raise InputError("spacing", f"{spacing_m} m", "above 0")
    grey = np.flatnonzero(head.tags == GREY_MATTER)
    potential = _cortical_potential(head, grey)
    fine, owner, gradient = _half_level(head, grey, potential)

    kept = _large_pieces(fine)
    fine_triangles, owner, gradient = fine.triangles[kept], owner[kept], gradient[kept]
    raw = fine.points_m
    area_m2 = float(fine.areas_m2[kept].sum())

    points, triangles = _compacted(_smoothed(raw, fine_triangles), fine_triangles)
    # In a lattice of equilateral triangles each point has an area of sqrt(3)/2 times spacing squared.
    wanted_triangles = int(2 * area_m2 / (np.sqrt(3) / 2 * spacing_m**2))
    if wanted_triangles < len(triangles):
        simplified = fast_simplification.simplify(points, triangles, target_count=wanted_triangles)
        points, triangles = _compacted(np.asarray(simplified[0], dtype=float), simplified[1])

    centres = raw[fine_triangles].mean(axis=1)
    tets = locate(head, points, tags=(GREY_MATTER,))
    lost = np.flatnonzero(tets < 0)
    # Thin gyral walls can be missed by the smoothed sheet; the unsmoothed triangle is inside for certain.
    nearest = np.asarray(KDTree(centres).query(points)[1])
    points[lost], tets[lost] = centres[nearest[lost]], owner[nearest[lost]]

    column = _smoothed_directions(gradient[nearest], triangles)
    return Cortex(points_m=points, triangles=triangles, tets=tets, column=column)


def _cortical_potential(head: Head, grey: _Indices) -> FloatArray:
    """Laplace in grey matter: 0 at white matter, 1 at the pial side; NaN at nodes off grey matter."""
    tets = head.tets[grey]
    n = len(head.nodes_m)
    in_grey, at_white, at_pia = (np.zeros(n, dtype=bool) for _ in range(3))
    in_grey[tets] = True
    at_white[head.tets[head.tags == WHITE_MATTER]] = True
    at_pia[head.tets[~np.isin(head.tags, BRAIN_TAGS)]] = True
    # Air, or the cut through the neck. All tetrahedra on either side of a face between grey nodes are
    # looked at, so such a face is seen once only if it is on the border of the mesh.
    beside = head.tets[in_grey[head.tets].sum(axis=1) >= 3]
    bare = _faces_seen_once(beside)
    at_pia[bare[in_grey[bare].all(axis=1)]] = True
    at_white, at_pia = at_white & in_grey & ~at_pia, at_pia & in_grey
    if not at_white.any() or not at_pia.any():
        raise InputError(
            "head",
            f"{head.name} has no grey matter between white matter and CSF",
            "a cortex to find the middle of",
        )
    potential = np.full(n, np.nan)
    potential[at_white], potential[at_pia] = 0.0, 1.0
    free = np.flatnonzero(in_grey & ~at_white & ~at_pia)
    potential[free] = 0.0
    if not len(free):
        return potential

    gradients = barycentric_gradients(head.nodes_m[tets])
    local = np.einsum("tia,tja->tij", gradients, gradients) * head.volumes_m3[grey][:, None, None]
    rows, columns = np.repeat(tets, 4, axis=1).ravel(), np.tile(tets, (1, 4)).ravel()
    stiffness = sparse.csr_matrix((local.ravel(), (rows, columns)), shape=(n, n))[free]
    matrix = stiffness[:, free]
    load = -stiffness @ np.nan_to_num(potential)
    scale = 1 / np.sqrt(matrix.diagonal())
    jacobi = sparse.diags_array(scale)
    solution, failed = cg(jacobi @ matrix @ jacobi, scale * load, rtol=1e-6, maxiter=2000)
    if failed:
        raise InputError("head", f"the cortical potential of {head.name} did not converge", "a sound mesh")
    potential[free] = scale * solution
    return potential


def _half_level(head: Head, grey: _Indices, potential: FloatArray) -> tuple[Surface, _Indices, FloatArray]:
    """Marching tetrahedra at 0.5: the surface, and the tetrahedron and unit gradient of each triangle."""
    above = potential[head.tets[grey]] > 0.5
    cut = grey[(above.any(axis=1)) & ~above.all(axis=1)]
    if not len(cut):
        raise InputError(
            "head", f"the cortex of {head.name} is empty", "grey matter between white matter and CSF"
        )
    tets = head.tets[cut]
    above = potential[tets] > 0.5
    gradients = barycentric_gradients(head.nodes_m[tets])
    slope = np.einsum("tia,ti->ta", gradients, potential[tets])

    # One corner apart from three gives a triangle on its three edges; two from two, a quadrilateral.
    edge_cut = above[:, _EDGES[:, 0]] != above[:, _EDGES[:, 1]]
    three = np.flatnonzero(edge_cut.sum(axis=1) == 3)
    four = np.flatnonzero(edge_cut.sum(axis=1) == 4)
    edges_of_three = np.nonzero(edge_cut[three])[1].reshape(-1, 3)
    # Of four cut edges in this order the first and last are opposite, as are the middle two:
    # a, b, d, c goes round the quadrilateral.
    edges_of_four = np.nonzero(edge_cut[four])[1].reshape(-1, 4)
    owner = np.concatenate([three, four, four])
    edges = np.concatenate([edges_of_three, edges_of_four[:, [0, 1, 3]], edges_of_four[:, [0, 3, 2]]])

    ends = np.sort(tets[owner[:, None, None], _EDGES[edges]], axis=2).reshape(-1, 2).astype(np.int64)
    keys, triangles = np.unique(ends[:, 0] * len(head.nodes_m) + ends[:, 1], return_inverse=True)
    i, j = np.divmod(keys, len(head.nodes_m))
    share = ((0.5 - potential[i]) / (potential[j] - potential[i]))[:, None]
    points = (1 - share) * head.nodes_m[i] + share * head.nodes_m[j]

    triangles = triangles.reshape(-1, 3)
    normal = _cross(points, triangles)
    inward = np.einsum("ta,ta->t", normal, slope[owner]) < 0
    triangles[inward] = triangles[inward][:, [0, 2, 1]]
    unit = slope / np.linalg.norm(slope, axis=1, keepdims=True)
    surface = Surface(points_m=points, triangles=triangles.astype(np.int32))
    return surface, cut[owner], unit[owner]


def _large_pieces(surface: Surface) -> _Indices:
    pieces = _pieces(surface.triangles, len(surface.points_m))
    areas = np.bincount(pieces, surface.areas_m2)
    return np.flatnonzero(areas[pieces] > _SMALLEST_SHARE * areas.max())


def _compacted(points: FloatArray, triangles: _Indices) -> tuple[FloatArray, IntArray]:
    surface = _compact(points, triangles)
    return np.array(surface.points_m), np.array(surface.triangles)


def _averaging(triangles: _Indices, n_points: int) -> sparse.csr_matrix:
    """The matrix that replaces each point's value by the mean of its neighbours'."""
    graph = _adjacency(triangles, n_points)
    degree = np.asarray(graph.sum(axis=1)).ravel()
    return sparse.csr_matrix(sparse.diags_array(1 / np.maximum(degree, 1)) @ graph)


def _smoothed(points: FloatArray, triangles: _Indices) -> FloatArray:
    """Taubin smoothing: a step in and a slightly larger step out, so that nothing shrinks."""
    mean = _averaging(triangles, len(points))
    for _ in range(5):
        for step in (0.5, -0.53):
            points = points + step * (mean @ points - points)
    return points


def _smoothed_directions(vectors: FloatArray, triangles: _Indices) -> FloatArray:
    mean = _averaging(triangles, len(vectors))
    for _ in range(3):
        vectors = vectors + mean @ vectors
        vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors
