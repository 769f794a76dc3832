"""Label volume to tetrahedra, on a body-centred cubic lattice.

The lattice is bisected where tissues need finer cells (`lattice_kernels.bisect`), each tetrahedron takes
the label that fills most of it, and border nodes then move to where the blurred indicators of
the two tissues are equal, guarded by the quality of the tetrahedra round them; lattice and guard are
after Labelle2007. Every step keeps orientation, and equal input gives equal bits.

Range: voxels up to some 1.5 mm; tissue sheets thinner than about half a cell fall out or fray. Where
brain would touch bone or scalp, CSF is put between: the field is singular where three conductivities
meet, and a real brain touches neither.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage, sparse
from scipy.spatial import cKDTree

from tmsim.core import FloatArray, InputError, IntArray, Progress, silent, stream
from tmsim.head import lattice_kernels as kernels
from tmsim.head.faults import MeshArrays
from tmsim.head.parameters import BRAIN_TAGS, CSF, GREY_MATTER, SCALP, SKULL_TAGS, WHITE_MATTER
from tmsim.head.quality import EDGES, matched_faces, mean_ratio
from tmsim.head.types import Labels

LEVELS = 3
"""Bisections from the coarsest cells (bone and scalp inside) to the finest; three halve all edges."""

_SIDE = 64  # lattice units a coarsest cell: whole even after all bisections
_FAVOUR = {WHITE_MATTER: 1.06, CSF: 1.06}  # keeps thin sheets of both alive through the blur
_SOFT_mm = 1.0
_SHARP_mm = 0.7
_HARD = (*SKULL_TAGS, SCALP)
_NEAR_SKULL_mm = 30.0  # white matter may touch CSF farther in: the ventricles have no cortex


def mesh_labels(
    labels: Labels,
    *,
    cell_m: float = 0.0028,
    separate: bool = True,
    seed: int = 0,
    progress: Progress = silent,
) -> MeshArrays:
    """Tetrahedra from tissue labels, in head coordinates.

    Parameters
    ----------
    labels
        Tissue tags on voxels; 0 is air.
    cell_m
        Side of the lattice cells in grey matter and CSF; twice that inside bone, scalp and white matter.
        Edges are 0.87 to 1 of it. [m]
    separate
        Put CSF between brain and bone or scalp, and grey matter between white matter and CSF, wherever they
        touch. Turn it off for volumes that are no heads.
    seed
        Of the random search for better places of the nodes of slivers.

    Raises
    ------
    InputError
        No tissue in the volume, more than 15 kinds, or a cell size out of range.
    """
    voxel_mm = 1e3 * np.linalg.norm(labels.affine_m[:3, :3], axis=0)
    cell_mm = 1e3 * cell_m
    if not 0.5 <= cell_mm <= 20:
        raise InputError("cell", f"{cell_mm:g} mm", "0.5 to 20 mm")
    if not labels.tags.any():
        raise InputError("labels", "no tissue at all", "tissue tags above 0")
    # Some millimetres of air stay round the head, so that the blur sees the skin from both sides.
    margin = np.ceil(4 * _SOFT_mm / voxel_mm).astype(int) + 1
    corner, tags = _cropped(labels.tags, margin)
    progress("blurring labels", 0.0)
    if separate:
        tags = separated(blurred(tags, voxel_mm, _SOFT_mm), voxel_mm)
    present = np.unique(tags)
    if separate:
        # What goes between tissues that touch may be new to the volume.
        present = np.union1d(present, np.array([GREY_MATTER, CSF], np.uint8))
    if len(present) > 16:
        raise InputError("labels", f"{len(present) - 1} kinds of tissue", "15 at most")
    rank = np.zeros(256, np.uint8)
    rank[present] = np.arange(len(present))
    volume = rank[tags]

    progress("cutting the lattice", 0.3)
    nodes_mm, tets, tet_labels = _cut(volume, present, voxel_mm, cell_mm)
    if separate:
        tags_now = clean_contacts(nodes_mm, tets, present[tet_labels].astype(np.int32))
        tet_labels = np.searchsorted(present, tags_now).astype(np.int32)
    progress("moving borders", 0.6)
    where = fit_borders(
        nodes_mm, tets, tet_labels, blurred_indicators(volume, voxel_mm), 1 / voxel_mm, cell_mm / 4
    )
    remove_slivers(nodes_mm, tets, np.where(where.on_border, 0.1 * cell_mm, cell_mm), seed=seed)
    voxels = np.column_stack([nodes_mm / voxel_mm + corner, np.ones(len(nodes_mm))])
    if np.linalg.det(labels.affine_m[:3, :3]) < 0:
        tets = tets[:, [0, 1, 3, 2]]
    progress("meshed", 1.0)
    return MeshArrays(
        nodes_m=np.ascontiguousarray((voxels @ labels.affine_m.T)[:, :3]),
        tets=np.ascontiguousarray(tets),
        tags=present[tet_labels].astype(np.int32),
    )


def blurred(tags: npt.NDArray[np.uint8], voxel_mm: FloatArray, sigma_mm: float) -> npt.NDArray[np.uint8]:
    """The label whose blurred indicator is largest, voxel by voxel: smooth borders instead of stairs."""
    best, out = np.full(tags.shape, -1.0, np.float32), np.zeros_like(tags)
    for tag in np.unique(tags).tolist():
        share = ndimage.gaussian_filter((tags == tag).astype(np.float32), sigma_mm / voxel_mm, truncate=3)
        share *= _FAVOUR.get(tag, 1.0)
        better = share > best
        best[better], out[better] = share[better], tag
    parts, _ = ndimage.label(out > 0)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    out[parts != sizes.argmax()] = 0
    return out


def separated(
    tags: npt.NDArray[np.uint8], voxel_mm: FloatArray, *, gap_mm: float = 1.5, cortex_mm: float = 1.5
) -> npt.NDArray[np.uint8]:
    """Labels with CSF between brain and bone or scalp, and grey matter between white matter and CSF.

    Bone and scalp within ``gap_mm`` of the brain become CSF; white matter within ``cortex_mm`` of the CSF
    round the brain becomes grey.
    Distances are between voxel centres; the clear gap is about a voxel less.
    """
    out = tags.copy()
    out[_within(np.isin(tags, BRAIN_TAGS), gap_mm, voxel_mm) & np.isin(tags, _HARD)] = CSF
    if np.isin(tags, SKULL_TAGS).any():
        # A coarse grid does for 30 mm; 4 voxels are some 3 mm.
        bone = np.isin(tags[::4, ::4, ::4], SKULL_TAGS)
        near = ndimage.distance_transform_edt(~bone, sampling=4 * voxel_mm) < _NEAR_SKULL_mm
        near = near.repeat(4, 0).repeat(4, 1).repeat(4, 2)[tuple(slice(n) for n in tags.shape)]
        out[_within((out == CSF) & near, cortex_mm, voxel_mm) & (out == WHITE_MATTER)] = GREY_MATTER
    return out


def clean_contacts(nodes_mm: FloatArray, tets: IntArray, tags: IntArray) -> IntArray:
    """Tags of a mesh in which brain meets neither bone nor scalp, nor white matter CSF near the skull.

    Bone and scalp with a node of the brain turn to CSF; white matter with a node of CSF, bone or scalp
    turns to grey.
    """
    out = tags.copy()
    touches = np.zeros(len(nodes_mm), bool)
    touches[tets[np.isin(out, BRAIN_TAGS)]] = True
    out[np.isin(out, _HARD) & touches[tets].any(axis=1)] = CSF
    touches[:] = False
    touches[tets[np.isin(out, (CSF, *_HARD))]] = True
    bare = np.flatnonzero((out == WHITE_MATTER) & touches[tets].any(axis=1))
    bone = np.isin(out, SKULL_TAGS)
    if bone.any() and len(bare):
        centers = nodes_mm[tets].mean(axis=1)
        near = cKDTree(centers[bone]).query(centers[bare])[0] < _NEAR_SKULL_mm
        out[bare[near]] = GREY_MATTER
    return out


def remove_slivers(
    nodes_mm: FloatArray,
    tets: IntArray,
    reach_mm: FloatArray,
    *,
    target: float = 0.35,
    rounds: int = 12,
    tries: int = 12,
    seed: int = 0,
) -> None:
    """Move the nodes of tetrahedra whose mean ratio is below ``target`` to better places nearby, in place.

    No tetrahedron gets worse than the worst round its node was. ``reach_mm`` limits how far each node may
    go, (n_nodes,).
    """
    starts, around = _around(tets, len(nodes_mm))
    anchors = nodes_mm.copy()
    for turn in range(rounds):
        chosen = np.unique(tets[mean_ratio(nodes_mm, tets) < target])
        if not len(chosen):
            return
        draws = stream(seed, "mesh", turn).random((len(chosen), tries, 3))
        kernels.search(nodes_mm, tets, starts, around, chosen, anchors, reach_mm, draws)


def _cropped(tags: npt.NDArray[np.uint8], margin: IntArray) -> tuple[IntArray, npt.NDArray[np.uint8]]:
    """The part of a volume that holds tissue, with a margin of air; and the voxel where it begins."""
    low, high = np.empty(3, int), np.empty(3, int)
    for axis in range(3):
        filled = np.flatnonzero(tags.any(axis=tuple(a for a in range(3) if a != axis)))
        low[axis], high[axis] = filled[0], filled[-1] + 1
    inner = tags[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    return low - margin, np.pad(inner, [(m, m) for m in margin.tolist()])


def blurred_indicators(labels: npt.NDArray[np.uint8], voxel_mm: FloatArray) -> npt.NDArray[np.uint8]:
    """Share of label 0, 1, ... round each voxel, in parts of 255, (n_labels, i, j, k)."""
    out = np.empty((int(labels.max()) + 1, *labels.shape), np.uint8)
    for label in range(len(out)):
        mask = (labels == label).astype(np.float32)
        # A byte is enough: across a border 1/255 is about a hundredth of a voxel.
        out[label] = np.round(255 * ndimage.gaussian_filter(mask, _SHARP_mm / voxel_mm, truncate=3))
    return out


def _within(mask: npt.NDArray[np.bool_], distance_mm: float, voxel_mm: FloatArray) -> npt.NDArray[np.bool_]:
    """Voxels whose centre lies closer than ``distance_mm`` to that of a voxel of ``mask``."""
    reach = np.floor(distance_mm / voxel_mm).astype(int)
    grid = np.stack(np.meshgrid(*[np.arange(-r, r + 1) for r in reach], indexing="ij"), axis=-1)
    ball = np.linalg.norm(grid * voxel_mm, axis=-1) < distance_mm
    return ndimage.binary_dilation(mask, ball)


def _cut(
    volume: npt.NDArray[np.uint8], present: npt.NDArray[np.uint8], voxel_mm: FloatArray, cell_mm: float
) -> tuple[FloatArray, IntArray, IntArray]:
    """Lattice tetrahedra inside the head with their labels; nodes in mm from voxel (0, 0, 0)."""
    side_mm = cell_mm * 2 ** (LEVELS / 3)
    cells = np.ceil(np.array(volume.shape) * voxel_mm / side_mm).astype(int) + 2
    origin_mm = -1.5 * side_mm * np.ones(3)
    unit_mm = side_mm / _SIDE
    points, tets = _lattice(cells)
    origin, step = origin_mm / voxel_mm, unit_mm / voxel_mm
    fine = np.isin(present, (GREY_MATTER, CSF))
    # Borders of the rest lie in between; volumes that are no heads are fine at every border.
    wanted = np.where(fine, LEVELS, 0)
    mixed = LEVELS - 1 if fine[np.unique(volume)].any() else LEVELS
    points, tets = kernels.bisect(points, tets, volume, origin, step, wanted, mixed)
    tet_labels = np.empty(len(tets), np.int32)
    kernels.vote(points, tets, volume, origin, step, tet_labels)
    inside = tet_labels > 0
    tets, tet_labels = _largest_part(tets[inside].astype(np.int32), tet_labels[inside])
    used, where = np.unique(tets, return_inverse=True)
    nodes_mm = origin_mm + unit_mm * points[used]
    tets = where.reshape(-1, 4).astype(np.int32)
    inverted = mean_ratio(nodes_mm, tets) < 0
    tets[inverted] = tets[inverted][:, [0, 1, 3, 2]]
    return nodes_mm, tets, tet_labels


def _lattice(cells: IntArray) -> tuple[npt.NDArray[np.int32], IntArray]:
    """Corners and middles of cubes, in lattice units; four tetrahedra round each face between two cubes."""
    corner_shape, middle_shape = cells + 1, cells
    corners = np.stack(np.meshgrid(*[np.arange(n) for n in corner_shape], indexing="ij"), -1).reshape(-1, 3)
    middles = np.stack(np.meshgrid(*[np.arange(n) for n in middle_shape], indexing="ij"), -1).reshape(-1, 3)
    points = np.concatenate([_SIDE * corners, _SIDE * middles + _SIDE // 2]).astype(np.int32)
    tets = []
    for axis in range(3):
        ahead, u, v = np.roll(np.eye(3, dtype=int), -axis, axis=0)
        cell = middles[middles[:, axis] + 1 < cells[axis]]
        here, there = (
            len(corners) + np.ravel_multi_index(tuple((cell + shift).T), tuple(middle_shape))
            for shift in (0, ahead)
        )
        ring = [
            np.ravel_multi_index(tuple((cell + ahead + shift).T), tuple(corner_shape))
            for shift in (0 * u, u, u + v, v)
        ]
        tets += [np.column_stack([here, there, ring[k], ring[(k + 1) % 4]]) for k in range(4)]
    return points, np.concatenate(tets).astype(np.int32)


def _largest_part(tets: IntArray, labels: IntArray) -> tuple[IntArray, IntArray]:
    """Tetrahedra joined through faces to the largest part: what hangs on by an edge is stray."""
    order, starts = matched_faces(tets)
    pair = starts[np.diff(starts, append=len(order)) == 2]
    one, other = order[pair] // 4, order[pair + 1] // 4
    graph = sparse.coo_matrix((np.ones(len(one), np.int8), (one, other)), shape=(len(tets), len(tets)))
    _, part = sparse.csgraph.connected_components(graph, directed=False)
    keep = part == np.bincount(part).argmax()
    return tets[keep], labels[keep]


@dataclass(frozen=True, kw_only=True)
class Borders:
    """Where tissues meet, by node."""

    pairs: npt.NDArray[np.int64]  # (n, 2) the two labels that meet at a border node, -1 elsewhere
    on_border: npt.NDArray[np.bool_]  # (n,)
    near_starts: npt.NDArray[
        np.int64
    ]  # neighbours that a node may follow: near[near_starts[i]:near_starts[i + 1]]
    near: npt.NDArray[np.int64]


def borders(tets: IntArray, labels: IntArray, n_nodes: int) -> Borders:
    """Find the borders of a mesh; the outside counts as label 0.

    Nodes between two labels follow their border; those between more follow the curve along which
    these meet, or stay where such curves end or cross.
    """
    order, starts = matched_faces(tets)
    sizes = np.diff(starts, append=len(order))
    single, pair = order[starts[sizes == 1]], starts[sizes == 2]
    differ = labels[order[pair] // 4] != labels[order[pair + 1] // 4]
    faces = np.concatenate([single, order[pair[differ]]])
    corners = tets[faces // 4]
    corners = corners[np.arange(4) != (faces % 4)[:, None]].reshape(-1, 3)
    seen = np.zeros(n_nodes, np.int64)
    np.bitwise_or.at(seen, tets.ravel(), np.repeat(np.int64(1) << labels.astype(np.int64), 4))
    seen[tets[single // 4][np.arange(4) != (single % 4)[:, None]]] |= 1
    kinds = np.array([bin(k).count("1") for k in range(1 << 16)])[seen]
    pairs = np.full((n_nodes, 2), -1, np.int64)
    two = kinds == 2
    pairs[two, 0] = np.round(np.log2(seen[two] & -seen[two]))
    pairs[two, 1] = np.round(np.log2(seen[two] - (seen[two] & -seen[two])))
    edges = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])
    border_edges, count = _unique_edges(edges, n_nodes)
    inner_edges, _ = _unique_edges(np.concatenate([tets[:, e] for e in EDGES]), n_nodes)
    on_border = kinds > 1
    junction = kinds > 2
    curve = border_edges[count > 2]
    curve = curve[junction[curve].all(axis=1)]
    ends = np.bincount(curve.ravel(), minlength=n_nodes) != 2
    rows = [
        _both_ways(inner_edges, ~on_border),
        _both_ways(border_edges, on_border & ~junction),
        _both_ways(curve, junction & ~ends),
    ]
    table = np.concatenate(rows)
    table = table[np.lexsort((table[:, 1], table[:, 0]))]
    near_starts = np.searchsorted(table[:, 0], np.arange(n_nodes + 1))
    return Borders(pairs=pairs, on_border=on_border, near_starts=near_starts, near=table[:, 1].copy())


def _unique_edges(edges: npt.NDArray, n_nodes: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    keys = edges.min(axis=1).astype(np.int64) * n_nodes + edges.max(axis=1)
    unique, count = np.unique(keys, return_counts=True)
    return np.column_stack(np.divmod(unique, n_nodes)), count


def _both_ways(edges: npt.NDArray, at: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Rows of (node, neighbour) for the nodes where ``at`` holds."""
    table = np.concatenate([edges, edges[:, ::-1]]).astype(np.int64)
    return table[at[table[:, 0]]]


def _around(tets: IntArray, n_nodes: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    order = np.argsort(tets.ravel(), kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(tets.ravel(), minlength=n_nodes))])
    return starts, order // 4


def fit_borders(
    nodes_mm: FloatArray,
    tets: IntArray,
    labels: IntArray,
    indicators: npt.NDArray[np.uint8],
    per_mm: FloatArray,
    longest_mm: float,
    *,
    rounds: int = 10,
    floor: float = 0.2,
) -> Borders:
    """Move border nodes to the level set of their two tissues and even out the rest, in place.

    ``labels`` number the ``indicators``; voxel (0, 0, 0) of these lies at the origin.
    """
    starts, around = _around(tets, len(nodes_mm))
    where = borders(tets, labels, len(nodes_mm))
    for turn in range(rounds):
        # The last rounds hardly smooth, so that nodes end on the border and not short of it.
        pull = 0.5 if turn < rounds - 3 else 0.1
        kernels.relax(
            nodes_mm, tets, starts, around, where.near_starts, where.near, where.pairs,
            indicators, per_mm, pull, longest_mm, floor,
        )  # fmt: skip
    return where
