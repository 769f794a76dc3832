"""Things to draw, as triangles: surfaces, wires, balls."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from tmsim.core import FloatArray, Surface
from tmsim.report.types import Mesh


def smooth(surface: Surface, colours: npt.ArrayLike, *, opacity: float = 1.0, gloss: float = 0.1) -> Mesh:
    """A rounded surface: one normal a point."""
    return Mesh(
        points_m=surface.points_m,
        triangles=surface.triangles,
        normals=surface.normals,
        colours=colours,
        opacity=opacity,
        gloss=gloss,
    )


def creased(surface: Surface, colours: npt.ArrayLike, *, opacity: float = 1.0, gloss: float = 0.1) -> Mesh:
    """A surface with edges: triangles share a normal only if they meet at under 40 degrees."""
    corners, faces = surface.triangles.ravel(), np.repeat(np.arange(len(surface.triangles)), 3)
    area = surface.triangle_area_vectors_m2
    length = np.linalg.norm(area, axis=1, keepdims=True)
    unit = area / np.where(length > 0, length, 1)
    touches = csr_array((np.ones(len(corners)), (corners, faces)), (len(surface.points_m), len(area)))
    pairs = touches[corners].tocoo()  # row: corner; column: a face at the same point
    near = np.einsum("ij,ij->i", unit[faces[pairs.row]], unit[pairs.col]) > np.cos(np.deg2rad(40))
    row, col = pairs.row[near], pairs.col[near]
    sums = np.stack([np.bincount(row, area[col, k], minlength=len(corners)) for k in range(3)], axis=1)
    total = np.linalg.norm(sums, axis=1, keepdims=True)
    return Mesh(
        points_m=surface.points_m[corners],
        triangles=np.arange(len(corners), dtype=np.int32).reshape(-1, 3),
        normals=sums / np.where(total > 0, total, 1),
        colours=colours,
        opacity=opacity,
        gloss=gloss,
    )


def wires(starts_m: FloatArray, ends_m: FloatArray, radius_m: float, colour: npt.ArrayLike) -> Mesh:
    """Straight round wires from ``starts_m`` to ``ends_m``, (n, 3), open at their ends. [m]"""
    sides = 10
    along = ends_m - starts_m
    along = along / np.linalg.norm(along, axis=1, keepdims=True)
    # Any direction that is not along the wire will do to build its cross-section.
    other = np.eye(3)[np.argmin(np.abs(along), axis=1)]
    u = np.cross(along, other)
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    v = np.cross(along, u)
    angle = np.arange(sides) * (2 * np.pi / sides)
    ring = np.cos(angle)[:, None] * u[:, None] + np.sin(angle)[:, None] * v[:, None]  # (n, sides, 3)
    points = np.stack([starts_m[:, None] + radius_m * ring, ends_m[:, None] + radius_m * ring], axis=1)
    k = np.arange(sides)
    after = (k + 1) % sides
    one = np.concatenate(
        [np.stack([k, after, sides + k], axis=1), np.stack([after, sides + after, sides + k], axis=1)]
    )
    return Mesh(
        points_m=points.reshape(-1, 3),
        triangles=(one + (2 * sides * np.arange(len(along)))[:, None, None]).reshape(-1, 3),
        normals=np.repeat(ring[:, None], 2, axis=1).reshape(-1, 3),
        colours=colour,
        gloss=0.4,
    )


def balls(centers_m: FloatArray, radius_m: float, colour: npt.ArrayLike, *, sides: int = 12) -> Mesh:
    """Small balls at ``centers_m``, (n, 3), with so many sides to the equator. [m]"""
    rings = sides // 2 + 1
    polar = np.repeat(np.linspace(0, np.pi, rings), sides)
    turn = np.tile(np.arange(sides) * (2 * np.pi / sides), rings)
    unit = np.stack([np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.cos(polar)], axis=1)
    i, j = (x.ravel() for x in np.meshgrid(np.arange(rings - 1), np.arange(sides), indexing="ij"))
    a, b = i * sides + j, i * sides + (j + 1) % sides
    one = np.concatenate([np.stack([a, a + sides, b], axis=1), np.stack([b, a + sides, b + sides], axis=1)])
    return Mesh(
        points_m=(centers_m[:, None] + radius_m * unit).reshape(-1, 3),
        triangles=(one + (len(unit) * np.arange(len(centers_m)))[:, None, None]).reshape(-1, 3),
        normals=np.tile(unit, (len(centers_m), 1)),
        colours=colour,
        gloss=0.4,
    )
