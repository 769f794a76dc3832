"""Finite-element spaces on tetrahedra: where the unknowns sit and how the stiffness matrix is put together.

Unknowns are numbered along a space-filling curve, each node followed by the edges it owns, so that
neighbours in the head are neighbours in memory; the file's own order of tetrahedra is kept for results.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tmsim.core import FloatArray, IntArray
from tmsim.core.curve import along_curve
from tmsim.field import kernels
from tmsim.head import Head

# Local edges of a tetrahedron, in the order of the second-order unknowns after its four corners.
EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))


@dataclass(frozen=True, kw_only=True, eq=False)
class CSR:
    """A sparse matrix by rows, as the kernels want it: sorted columns, 32-bit values.

    Columns are unsigned: signed ones would be tested for negative indices at every access.
    """

    indptr: npt.NDArray[np.int64]
    indices: npt.NDArray[np.uint32]
    data: npt.NDArray[np.float32]
    shape: tuple[int, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Space:
    """First- or second-order Lagrange elements on the tetrahedra of a head.

    ``cells`` holds the unknowns of each tetrahedron (4 corners, then for order 2 its 6 edges as in
    ``EDGES``); its rows are in a memory-friendly order, and row ``i`` is tetrahedron ``tet_order[i]``
    of the head.
    """

    order: Literal[1, 2]
    cells: IntArray  # (n_tets, 4 or 10)
    points_m: FloatArray  # (n_unknowns, 3)
    vertex_unknown: IntArray  # (n_nodes,) unknown of each node along the curve
    edge_nodes: IntArray  # (n_edges, 2) nodes along the curve; empty for order 1
    edge_unknown: IntArray  # (n_edges,)
    tet_order: npt.NDArray[np.int64]
    coupling: FloatArray  # (n_tets, 6) V grad(l_a).sigma.grad(l_b) for the pairs in EDGES [S]
    flux: FloatArray  # (n_tets, 4, 3) V sigma grad(l_a) [S m]
    gradients: FloatArray  # (n_tets, 4, 3) grad(l_a) [1/m]
    touching_start: npt.NDArray[np.int64]  # tetrahedra of each unknown: cell * local size + local index
    touching: npt.NDArray[np.int32]

    @property
    def unknowns(self) -> int:
        """Number of unknowns."""
        return len(self.points_m)


def build_spaces(head: Head, order: Literal[1, 2]) -> dict[int, Space]:
    """The first-order space of a head, and the second-order one above it if ``order`` is 2."""
    curve = along_curve(head.nodes_m)
    rank = np.empty(len(curve), np.int32)
    rank[curve] = np.arange(len(curve), dtype=np.int32)
    nodes_m = np.ascontiguousarray(head.nodes_m[curve])
    tets = rank[head.tets]
    tet_order = np.argsort(tets.min(axis=1), kind="stable")
    tets = np.ascontiguousarray(tets[tet_order])

    tensors = np.empty((0, 3, 3)) if head.tensors_S_per_m is None else head.tensors_S_per_m[tet_order]
    sigma = head.element_sigma_S_per_m[tet_order]
    gradients, flux, coupling = kernels.geometry(nodes_m, tets, sigma, tensors)
    shared: dict[str, Any] = {
        "tet_order": tet_order,
        "coupling": coupling,
        "flux": flux,
        "gradients": gradients,
    }

    n = len(nodes_m)
    start, touching = kernels.incidence(tets, n)
    spaces = {
        1: Space(
            order=1,
            cells=tets,
            points_m=nodes_m,
            vertex_unknown=np.arange(n, dtype=np.int32),
            edge_nodes=np.empty((0, 2), np.int32),
            edge_unknown=np.empty(0, np.int32),
            touching_start=start,
            touching=touching,
            **shared,
        )
    }
    if order == 2:
        edge_start, far_node = kernels.edges(tets, start, touching)
        edge_nodes = np.column_stack([np.repeat(np.arange(n, dtype=np.int32), np.diff(edge_start)), far_node])
        vertex_unknown = (np.arange(n) + edge_start[:-1]).astype(np.int32)
        edge_unknown = (np.arange(len(edge_nodes)) + edge_nodes[:, 0] + 1).astype(np.int32)
        cells = kernels.second_order_cells(tets, edge_start, far_node)
        points_m = np.empty((n + len(edge_nodes), 3))
        points_m[vertex_unknown] = nodes_m
        points_m[edge_unknown] = (nodes_m[edge_nodes[:, 0]] + nodes_m[edge_nodes[:, 1]]) / 2
        start, touching = kernels.incidence(cells, len(points_m))
        spaces[2] = Space(
            order=2,
            cells=cells,
            points_m=points_m,
            vertex_unknown=vertex_unknown,
            edge_nodes=edge_nodes,
            edge_unknown=edge_unknown,
            touching_start=start,
            touching=touching,
            **shared,
        )
    return spaces


def stiffness(space: Space) -> CSR:
    """The stiffness matrix, integral of grad(u).sigma.grad(v). [S]

    Values are float32: the operator is applied in difference form, so constants stay in its null space
    exactly, and the residual that is reported is taken element by element in float64.
    """
    indptr, indices, data = kernels.assemble(
        space.cells, space.coupling, space.touching_start, space.touching
    )
    n = space.unknowns
    return CSR(indptr=indptr, indices=indices, data=data, shape=(n, n))


def embedding(space: Space) -> tuple[CSR, CSR]:
    """First-order functions as second-order ones: the matrix to the finer space, and its transpose."""
    n_fine, n_coarse = space.unknowns, len(space.vertex_unknown)
    rows = np.concatenate([space.vertex_unknown, space.edge_unknown, space.edge_unknown])
    columns = np.concatenate(
        [np.arange(n_coarse, dtype=np.int32), space.edge_nodes[:, 0], space.edge_nodes[:, 1]]
    )
    values = np.concatenate([np.ones(n_coarse), np.full(2 * len(space.edge_nodes), 0.5)])
    return csr_from_triplets(rows, columns, values, (n_fine, n_coarse)), csr_from_triplets(
        columns, rows, values, (n_coarse, n_fine)
    )


def csr_from_triplets(rows: Any, columns: Any, values: Any, shape: tuple[int, int]) -> CSR:
    """A CSR matrix from triplets."""
    from scipy.sparse import coo_matrix

    return csr_from_scipy(coo_matrix((values, (rows, columns)), shape=shape))


def csr_from_scipy(matrix: Any) -> CSR:
    """A CSR matrix from any scipy.sparse one."""
    matrix = matrix.tocsr()
    matrix.sum_duplicates()
    return CSR(
        indptr=matrix.indptr.astype(np.int64),
        indices=matrix.indices.astype(np.uint32),
        data=matrix.data.astype(np.float32),
        shape=matrix.shape,
    )
