"""Sphere heads for tests: concentric shells of tetrahedra with every border node exactly on its radius.

Geodesic triangles are stacked into layers of prisms, each cut in three, and thinned out two to one with
depth; a cone closes the middle. Nodes are jittered, tangentially on borders and freely between them, so
that no solver profits from a regular mesh. All sizes scale with ``cell_m``, so halving it halves them
everywhere: fit for orders of convergence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tmsim.core import FloatArray, IntArray, stream
from tmsim.formats import msh
from tmsim.head.types import Head, Origin

GRADING_m = 0.005
"""Depth below the innermost border over which the cell size may double."""


def sphere_head(
    radii_m: Sequence[float] = (0.078, 0.080, 0.086, 0.092),
    tags: Sequence[int] = (2, 3, 4, 5),
    *,
    cell_m: float = 0.003,
    jitter: float = 0.12,
    seed: int = 0,
) -> Head:
    """Concentric spheres centred on the origin.

    Parameters
    ----------
    radii_m
        Outer radius of each tissue, from the inside out. [m]
    tags
        Tissue tag of each shell, from the inside out.
    cell_m
        Edge length at the innermost border; a little more outside, growing inside. [m]
    jitter
        How far nodes are moved off the regular places, as a fraction of the local edge.
    """
    levels = _geodesics(radii_m[0], cell_m)
    layers = _layers(radii_m, tags, cell_m, levels)
    rng = stream(seed, "mesh", len(levels))
    nodes: list[FloatArray] = []
    start = 0
    starts = []
    for radius_m, level, _ in layers:
        unit = levels[level].points
        edge_m = levels[level].edge * radius_m
        on_border = min(abs(radius_m - r) for r in radii_m) < 1e-12
        push = jitter * edge_m * (2 * rng.random(unit.shape) - 1)
        if on_border:
            push -= unit * np.einsum("ij,ij->i", unit, push)[:, None]
        points = unit * radius_m + push
        if on_border:
            points *= radius_m / np.linalg.norm(points, axis=1, keepdims=True)
        nodes.append(points)
        starts.append(start)
        start += len(points)
    nodes.append(np.zeros((1, 3)))
    tets: list[IntArray] = []
    tet_tags: list[int] = []
    for k in range(len(layers) - 1):
        (_, outer, tag), (_, inner, _) = layers[k], layers[k + 1]
        if outer == inner:
            block = _prisms(levels[inner].triangles, starts[k + 1], starts[k])
        else:
            block = _transition(levels[inner].triangles, levels[outer].middles, starts[k + 1], starts[k])
        tets.append(block)
        tet_tags += [tag] * len(block)
    last = levels[layers[-1][1]].triangles + starts[-1]
    tets.append(np.column_stack([last, np.full(len(last), start)]))
    tet_tags += [tags[0]] * len(last)
    points, elements = np.concatenate(nodes), np.concatenate(tets)
    a, b, c, d = (points[elements[:, i]] for i in range(4))
    inverted = np.einsum("ij,ij->i", np.cross(b - a, c - a), d - a) < 0
    elements[inverted] = elements[inverted][:, [0, 1, 3, 2]]
    return Head(
        name="spheres",
        nodes_m=points,
        tets=elements,
        tags=np.array(tet_tags),
        origin=Origin(source=f"spheres {tuple(radii_m)} cell {cell_m}", sha256=""),
    )


def mapped(head: Head, mapping: Callable[[FloatArray], FloatArray]) -> Head:
    """The same head with its nodes moved by ``mapping``, (n, 3) to (n, 3). [m]"""
    return replace(head, name=f"{head.name}, mapped", nodes_m=mapping(head.nodes_m))


def ellipsoid(points_m: FloatArray, axes: tuple[float, float, float] = (0.86, 1.04, 0.95)) -> FloatArray:
    """A mapping that stretches the spheres to the proportions of a head."""
    return points_m * axes


def folded(points_m: FloatArray, height_m: float = 8e-4, wave_m: float = 0.025) -> FloatArray:
    """A mapping to an ellipsoid whose borders are rippled, so that no closed form and no symmetry helps."""
    phase = 2 * np.pi * points_m / wave_m
    ripple = np.sin(phase[:, 0]) * np.sin(phase[:, 1] + 1) * np.sin(phase[:, 2] + 2)
    radius_m = np.linalg.norm(points_m, axis=1, keepdims=True)
    outward = points_m / np.maximum(radius_m, 1e-3)
    return ellipsoid(points_m + height_m * ripple[:, None] * outward)


@dataclass(frozen=True)
class _Geodesic:
    """Triangles on the unit sphere; ``middles`` are the edge midpoints of the parent level's triangles."""

    points: FloatArray  # (n, 3); the first ones are the parent level's
    triangles: IntArray  # (k, 3)
    middles: IntArray  # (k / 4, 3) of edges ab, bc, ca

    @property
    def edge(self) -> float:
        """Mean edge length of the unit sphere."""
        a, b = self.points[self.triangles[:, 0]], self.points[self.triangles[:, 1]]
        return float(np.linalg.norm(a - b, axis=1).mean())


def _geodesics(radius_m: float, cell_m: float) -> list[_Geodesic]:
    """Levels of triangles, coarsest first; the last has edges of about ``cell_m`` at ``radius_m``."""
    wanted = 1.16 * radius_m / cell_m
    doublings = max(int(np.floor(np.log2(wanted / 3.9))), 0)
    levels = [_icosahedron(max(round(wanted / 2**doublings), 1))]
    for _ in range(doublings):
        levels.append(_subdivided(levels[-1]))
    return levels


def _icosahedron(frequency: int) -> _Geodesic:
    """The icosahedron with each edge cut in ``frequency`` parts, on the unit sphere."""
    golden = (1 + 5**0.5) / 2
    corners = np.array(
        [p for s in (1, -1) for t in (golden, -golden) for p in ((0, s, t), (s, t, 0), (t, 0, s))],
        dtype=float,
    )
    corners /= np.linalg.norm(corners, axis=1, keepdims=True)
    gap = np.linalg.norm(corners[:, None] - corners[None], axis=2)
    near = (gap < 1.1) & (gap > 0)
    faces = [
        (i, j, k)
        for i in range(12)
        for j in range(i + 1, 12)
        for k in range(j + 1, 12)
        if near[i, j] and near[j, k] and near[i, k]
    ]
    points, triangles = [], []
    n = frequency
    for face in faces:
        a, b, c = corners[list(face)]
        at = {}
        for i in range(n + 1):
            for j in range(n + 1 - i):
                at[i, j] = len(points)
                points.append(a * (n - i - j) + b * i + c * j)
        for i in range(n):
            for j in range(n - i):
                triangles.append((at[i, j], at[i + 1, j], at[i, j + 1]))
                if i + j < n - 1:
                    triangles.append((at[i + 1, j], at[i + 1, j + 1], at[i, j + 1]))
    unit = np.array(points) / np.linalg.norm(points, axis=1, keepdims=True)
    # Faces share their edges: merge the points that coincide.
    _, first, where = np.unique(np.round(unit, 9), axis=0, return_index=True, return_inverse=True)
    return _Geodesic(
        unit[first], where.ravel()[np.array(triangles)].astype(np.int32), np.empty((0, 3), np.int32)
    )


def _subdivided(parent: _Geodesic) -> _Geodesic:
    """Each triangle in four, the new points on the unit sphere."""
    a, b, c = parent.triangles.T
    edges = np.sort(np.concatenate([np.column_stack(e) for e in ((a, b), (b, c), (c, a))]), axis=1)
    unique, where = np.unique(edges, axis=0, return_inverse=True)
    middle = parent.points[unique].mean(axis=1)
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    ab, bc, ca = where.ravel().reshape(3, -1) + len(parent.points)
    triangles = np.concatenate(
        [np.column_stack(t) for t in ((a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca))]
    )
    middles = np.column_stack([ab, bc, ca])
    return _Geodesic(
        np.concatenate([parent.points, middle]), triangles.astype(np.int32), middles.astype(np.int32)
    )


def _layers(
    radii_m: Sequence[float], tags: Sequence[int], cell_m: float, levels: list[_Geodesic]
) -> list[tuple[float, int, int]]:
    """Spheres of nodes from outside in: radius, level of subdivision, tag of the tissue just inside."""
    top = len(levels) - 1
    layers = []
    for outer_m, inner_m, tag in zip(radii_m[:0:-1], radii_m[-2::-1], tags[:0:-1], strict=True):
        count = max(round((outer_m - inner_m) / (1.1 * cell_m)), 1)
        layers += [(r, top, tag) for r in np.linspace(outer_m, inner_m, count + 1)[:-1].tolist()]
    radius_m, level = radii_m[0], top
    core_m = 0.2 * radii_m[0]
    while radius_m > core_m:
        layers.append((radius_m, level, tags[0]))
        edge_m = levels[level].edge * radius_m
        allowed_m = cell_m * (1 + (radii_m[0] - radius_m) / GRADING_m)
        if level > 0 and 2 * edge_m < allowed_m:
            level -= 1
            radius_m -= 1.3 * edge_m
        else:
            radius_m -= 0.9 * edge_m
    layers.append((radius_m, level, tags[0]))
    return layers


def _prisms(triangles: IntArray, inner: int, outer: int) -> IntArray:
    """Prisms between two equal layers, three tetrahedra each.

    Corners are taken in rising order, so that neighbours cut their common side along the same diagonal.
    """
    a, b, c = np.sort(triangles, axis=1).T + inner
    a2, b2, c2 = (x + outer - inner for x in (a, b, c))
    return np.concatenate([np.column_stack(t) for t in ((a, b, c, c2), (a, b, b2, c2), (a, a2, b2, c2))])


def _transition(triangles: IntArray, middles: IntArray, inner: int, outer: int) -> IntArray:
    """From a layer to one twice as fine outside it: three corners and an octahedron cut in four."""
    a, b, c = triangles.T + inner
    a2, b2, c2 = triangles.T + outer
    ab, bc, ca = middles.T + outer
    corners = ((a, a2, ab, ca), (b, b2, bc, ab), (c, c2, ca, bc))
    # The octahedron's diagonal is a-bc; the other four corners go round it.
    octahedron = ((a, bc, ab, b), (a, bc, b, c), (a, bc, c, ca), (a, bc, ca, ab))
    return np.concatenate([np.column_stack(t) for t in corners + octahedron])


def write_mesh(path: Path, head: Head) -> Path:
    """A head as a gmsh file."""
    mesh = msh.MshFile(
        nodes_mm=head.nodes_m * 1e3,
        tets=head.tets,
        tet_tags=head.tags,
        triangles=np.empty((0, 3), np.int32),
        triangle_tags=np.empty(0, np.int32),
    )
    msh.write(path, mesh)
    return path
