"""Shape of tetrahedra."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tmsim.core import FloatArray

Corners = npt.NDArray[np.integer]

EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
FACES = ((1, 2, 3), (0, 3, 2), (0, 1, 3), (0, 2, 1))
"""Corners of each face, seen counter-clockwise from outside; face k lies opposite to corner k."""


def signed_volumes_m3(nodes_m: FloatArray, tets: Corners) -> FloatArray:
    """Volume of each tetrahedron, negative where it is inverted, (n_tets,). [m^3]"""
    a, b, c, d = (nodes_m[tets[:, k]] for k in range(4))
    return np.einsum("ij,ij->i", np.cross(b - a, c - a), d - a) / 6


def edge_lengths_m(nodes_m: FloatArray, tets: Corners) -> FloatArray:
    """Length of the six edges of each tetrahedron, (n_tets, 6). [m]"""
    return np.stack(
        [np.linalg.norm(nodes_m[tets[:, i]] - nodes_m[tets[:, j]], axis=1) for i, j in EDGES], axis=1
    )


def mean_ratio(nodes_m: FloatArray, tets: Corners) -> FloatArray:
    """``12 (3 V)^(2/3) / sum of squared edges`` (Liu1994), (n_tets,).

    1 for a regular tetrahedron, 0 for a flat one, negative for an inverted one.
    """
    volume = signed_volumes_m3(nodes_m, tets)
    squares = (edge_lengths_m(nodes_m, tets) ** 2).sum(axis=1)
    squares = np.where(squares > 0, squares, 1)
    return np.sign(volume) * 12 * np.abs(3 * volume) ** (2 / 3) / squares


def smallest_dihedral_deg(nodes_m: FloatArray, tets: Corners) -> FloatArray:
    """Smallest angle between two faces of each tetrahedron, (n_tets,). [deg] 70.5 for a regular one."""
    normals = []
    for face in FACES:
        a, b, c = (nodes_m[tets[:, k]] for k in face)
        normal = np.cross(b - a, c - a)
        length = np.linalg.norm(normal, axis=1, keepdims=True)
        normals.append(normal / np.where(length > 0, length, 1))
    # Outward normals of a sharp edge point almost opposite ways.
    cosines = [-np.einsum("ij,ij->i", normals[i], normals[j]) for i, j in EDGES]
    return np.degrees(np.arccos(np.clip(np.max(cosines, axis=0), -1, 1)))


def aspect(nodes_m: FloatArray, tets: Corners) -> FloatArray:
    """Longest edge over ``2 sqrt(6)`` inradii, (n_tets,): 1 for a regular tetrahedron, 2e5 at most."""
    area = np.zeros(len(tets))
    for face in FACES:
        a, b, c = (nodes_m[tets[:, k]] for k in face)
        area += np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
    inradius_m = 3 * np.abs(signed_volumes_m3(nodes_m, tets)) / np.where(area > 0, area, 1)
    longest_m = edge_lengths_m(nodes_m, tets).max(axis=1)
    # Flat ones would be infinite, which no JSON can say; past a million the number means nothing more.
    return longest_m / (2 * np.sqrt(6) * np.maximum(inradius_m, 1e-6 * longest_m + 1e-300))


def matched_faces(tets: Corners) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """`equal_rows` of the faces; face ``f`` is that of tetrahedron ``f // 4``, opposite corner ``f % 4``."""
    return equal_rows(np.sort(np.stack([tets[:, f] for f in FACES], axis=1).reshape(-1, 3), axis=1))


def equal_rows(rows: npt.NDArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Numbers of the rows with equal ones side by side, rising among equals; and where each group starts."""
    order = np.lexsort(rows.T[::-1])
    changed = np.zeros(len(rows), bool)
    changed[:1] = True
    for column in rows.T:
        in_order = column[order]
        changed[1:] |= in_order[1:] != in_order[:-1]
    return order, np.flatnonzero(changed)
