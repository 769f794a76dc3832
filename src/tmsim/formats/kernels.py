"""Walks over rows of unequal length, which NumPy can't slice."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

TRIANGLE, TET, TET_SECOND_ORDER = 2, 4, 11


@numba.njit(cache=True)
def walk_elements(
    ints: npt.NDArray[np.integer],
    count: int,
    blocked: bool,
    nodes_of_type: npt.NDArray[np.int64],
    tets: npt.NDArray[np.int64],
    triangles: npt.NDArray[np.int64],
) -> tuple[int, int, int, int]:
    """Pick tetrahedra and triangles out of the ``$Elements`` of a version 2 gmsh file.

    A row is ``id type n_tags tags... nodes...``; with ``blocked``, rows come in blocks headed by
    ``type n_rows n_tags`` and are ``id tags... nodes...``. Rows of ``tets`` (k, 7) and ``triangles`` (k, 6)
    take ``id physical elementary nodes...``; a missing tag is 0.

    Returns
    -------
    Numbers read (-1: the rows make no sense or end too early), of tetrahedra, of triangles, and of
    second-order tetrahedra, which are passed over like all other elements.
    """
    at, done, n_tets, n_triangles, n_second = 0, 0, 0, 0, 0
    size = len(ints)
    while done < count:
        if at + 3 > size:
            return -1, n_tets, n_triangles, n_second
        if blocked:
            kind, rows, n_tags = ints[at], ints[at + 1], ints[at + 2]
            at += 3
        else:
            kind, rows, n_tags = ints[at + 1], 1, ints[at + 2]
        if kind < 1 or kind >= len(nodes_of_type) or n_tags < 0 or rows < 1 or rows > count - done:
            return -1, n_tets, n_triangles, n_second
        n_nodes = nodes_of_type[kind]
        head = 1 if blocked else 3
        length = head + n_tags + n_nodes
        if n_nodes == 0 or length > size or rows > (size - at) // length:
            return -1, n_tets, n_triangles, n_second
        for _ in range(rows):
            tags = at + head
            nodes = tags + n_tags
            physical = ints[tags] if n_tags > 0 else 0
            elementary = ints[tags + 1] if n_tags > 1 else 0
            if kind == TET and n_tets < len(tets):
                tets[n_tets, 0], tets[n_tets, 1], tets[n_tets, 2] = ints[at], physical, elementary
                for k in range(4):
                    tets[n_tets, 3 + k] = ints[nodes + k]
                n_tets += 1
            elif kind == TRIANGLE and n_triangles < len(triangles):
                triangles[n_triangles, 0], triangles[n_triangles, 1] = ints[at], physical
                triangles[n_triangles, 2] = elementary
                for k in range(3):
                    triangles[n_triangles, 3 + k] = ints[nodes + k]
                n_triangles += 1
            elif kind == TET_SECOND_ORDER:
                n_second += 1
            at += length
        done += rows
    return at, n_tets, n_triangles, n_second
