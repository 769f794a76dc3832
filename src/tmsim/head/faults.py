"""Faults of a mesh that break a solve: found, named, and mended where that is possible."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from tmsim.core import FloatArray, IntArray
from tmsim.head.parameters import TISSUES
from tmsim.head.quality import edge_lengths_m, equal_rows, matched_faces, signed_volumes_m3

SMALLEST_EXTENT_m, LARGEST_EXTENT_m = 0.05, 0.6
"""A head, a phantom or an animal's head in the right unit lies between these."""

NON_TISSUE_TAG = 100
"""SimNIBS gives tags from here on to electrodes, gel and surfaces."""

_FLAT = 1e-6
"""A tetrahedron of less than this share of the volume of a regular one with its edges is degenerate: rounding
could turn its sign, and its gradients are a million times too large."""


@dataclass(frozen=True, kw_only=True)
class MeshArrays:
    """A mesh as a file gives it, before it is known to be sound."""

    nodes_m: FloatArray
    tets: IntArray
    tags: npt.NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with a mesh, how often, and what ``repair`` does about it (empty: nothing)."""

    name: str
    count: int
    found: str
    expected: str
    repair: str = ""


def find_faults(mesh: MeshArrays) -> tuple[Fault, ...]:
    """Every kind of fault that a mesh has; those that make the others meaningless come alone."""
    broken = int(np.count_nonzero(~np.isfinite(mesh.nodes_m).all(axis=1)))
    if broken:
        return (
            Fault(
                name="non-finite nodes",
                count=broken,
                found=f"{broken} nodes at NaN or infinity",
                expected="numbers",
            ),
        )
    extent_m = float(np.ptp(mesh.nodes_m[mesh.tets], axis=(0, 1)).max()) if len(mesh.tets) else 0.0
    if not SMALLEST_EXTENT_m <= extent_m <= LARGEST_EXTENT_m:
        hint = (
            " (are its coordinates in metres?)"
            if SMALLEST_EXTENT_m <= 1e3 * extent_m <= LARGEST_EXTENT_m
            else ""
        )
        return (
            Fault(
                name="size",
                count=1,
                found=f"a mesh {extent_m * 1e3:.3g} mm across{hint}",
                expected=f"{SMALLEST_EXTENT_m * 1e3:.0f} to {LARGEST_EXTENT_m * 1e3:.0f} mm",
            ),
        )
    faults = [*_tag_faults(mesh), *_node_faults(mesh), *_tet_faults(mesh)]
    return tuple(fault for fault in faults if fault.count)


def mend(mesh: MeshArrays) -> MeshArrays:
    """A mesh without the faults that can be repaired; the order of what remains is kept."""
    nodes_m, tets, tags = mesh.nodes_m, mesh.tets, mesh.tags
    order, starts = equal_rows(nodes_m)
    same = np.empty(len(order), np.int32)
    same[order] = np.repeat(order[starts], np.diff(starts, append=len(order)))
    tets = same[tets]
    keep = tags < NON_TISSUE_TAG
    tets, tags = tets[keep], tags[keep]
    keep = ~_flat(nodes_m, tets)
    tets, tags = tets[keep], tags[keep]
    first = _distinct(tets)
    tets, tags = tets[first], tags[first]
    inverted = signed_volumes_m3(nodes_m, tets) < 0
    tets[inverted] = tets[inverted][:, [0, 1, 3, 2]]
    part = _parts(tets, len(nodes_m))
    if len(part):
        keep = part == np.bincount(part).argmax()
        tets, tags = tets[keep], tags[keep]
    used, where = np.unique(tets, return_inverse=True)
    return MeshArrays(nodes_m=nodes_m[used], tets=where.reshape(-1, 4).astype(np.int32), tags=tags)


def _tag_faults(mesh: MeshArrays) -> list[Fault]:
    foreign = mesh.tags[mesh.tags >= NON_TISSUE_TAG]
    unknown = mesh.tags[(mesh.tags < NON_TISSUE_TAG) & ~np.isin(mesh.tags, list(TISSUES))]
    return [
        Fault(
            name="non-tissue elements",
            count=len(foreign),
            found=f"{len(foreign)} tetrahedra that are no tissue (tags {_few(foreign)}, electrodes perhaps)",
            expected=f"tissue tags {min(TISSUES)} to {max(TISSUES)}",
            repair="dropped",
        ),
        Fault(
            name="unknown tags",
            count=len(unknown),
            found=f"{len(unknown)} tetrahedra of unknown tissue (tags {_few(unknown)})",
            expected=f"tissue tags {min(TISSUES)} to {max(TISSUES)}",
        ),
    ]


def _node_faults(mesh: MeshArrays) -> list[Fault]:
    unused = len(mesh.nodes_m) - len(np.unique(mesh.tets))
    twice = len(mesh.nodes_m) - len(equal_rows(mesh.nodes_m)[1])
    return [
        Fault(
            name="unreferenced nodes",
            count=unused,
            found=f"{unused} nodes that no tetrahedron uses",
            expected="none",
            repair="dropped",
        ),
        Fault(
            name="duplicate nodes",
            count=twice,
            found=f"{twice} nodes at the place of another",
            expected="each place once",
            repair="merged",
        ),
    ]


def _tet_faults(mesh: MeshArrays) -> list[Fault]:
    flat = _flat(mesh.nodes_m, mesh.tets)
    inverted = int(np.count_nonzero((signed_volumes_m3(mesh.nodes_m, mesh.tets) < 0) & ~flat))
    part = _parts(mesh.tets, len(mesh.nodes_m))
    sizes = np.bincount(part)
    sizes = sizes[sizes > 0]
    outside = sizes.sum() - sizes.max(initial=0)
    distinct = _distinct(mesh.tets)
    twice = len(mesh.tets) - len(distinct)
    # What will be dropped anyway is no overlap.
    left = mesh.tets[distinct[~flat[distinct]]]
    _, starts = matched_faces(left)
    crowded = int(np.count_nonzero(np.diff(starts, append=4 * len(left)) > 2))
    flats = int(np.count_nonzero(flat))
    return [
        Fault(
            name="inverted tetrahedra",
            count=inverted,
            found=f"{inverted} inverted tetrahedra",
            expected="positive orientation",
            repair="turned round",
        ),
        Fault(
            name="degenerate tetrahedra",
            count=flats,
            found=f"{flats} degenerate tetrahedra",
            expected="tetrahedra with a volume",
            repair="dropped",
        ),
        Fault(
            name="duplicate tetrahedra",
            count=twice,
            found=f"{twice} tetrahedra given twice",
            expected="each once",
            repair="dropped",
        ),
        Fault(
            name="overlapping tetrahedra",
            count=crowded,
            found=f"{crowded} faces with more than two tetrahedra",
            expected="two at most",
        ),
        Fault(
            name="disconnected parts",
            count=len(sizes) - 1,
            found=f"{len(sizes)} disconnected parts ({outside} tetrahedra outside the largest)",
            expected="one connected head",
            repair="all but the largest dropped",
        ),
    ]


def _flat(nodes_m: FloatArray, tets: IntArray) -> npt.NDArray[np.bool_]:
    edge_m = np.sqrt((edge_lengths_m(nodes_m, tets) ** 2).mean(axis=1))
    return 6 * np.sqrt(2) * np.abs(signed_volumes_m3(nodes_m, tets)) <= _FLAT * edge_m**3


def _parts(tets: IntArray, n_nodes: int) -> npt.NDArray[np.int32]:
    """Number of the connected part that each tetrahedron belongs to; parts are joined by shared nodes."""
    rows, columns = np.repeat(tets[:, 0], 3), tets[:, 1:].ravel()
    graph = sparse.coo_matrix((np.ones(len(rows), np.int8), (rows, columns)), shape=(n_nodes, n_nodes))
    _, part = connected_components(graph, directed=False)
    return part[tets[:, 0]]


def _distinct(tets: IntArray) -> npt.NDArray[np.int64]:
    """The first of each set of tetrahedra with the same corners, in order."""
    order, starts = equal_rows(np.sort(tets, axis=1))
    return np.sort(order[starts])


def _few(tags: npt.NDArray[np.int32]) -> str:
    unique = np.unique(tags).tolist()
    return ", ".join(map(str, unique[:5])) + (", ..." if len(unique) > 5 else "")
