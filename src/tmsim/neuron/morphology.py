"""A cell of one's own: from the points of an SWC file to compartments."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tmsim.core import FloatArray, InputError, IntArray
from tmsim.formats import swc
from tmsim.neuron.cable import COMPARTMENTS, Cable, Membrane, myelinated, wrapped
from tmsim.neuron.parameters import INTERNODE_LENGTH, NODE_LENGTH, SHORTEST_MYELINATED, THINNEST_MYELINATED

_LONGEST_PASSIVE_um, _LONGEST_BARE_um = 10.0, 5.0


def load_cell(source: str | Path) -> Cable:
    """The compartments of a cell in an ``.swc`` file, with the first of its points at the origin.

    The soma is a ball at the first point, if that belongs to one; soma and dendrites are passive. Each
    stretch of axon between branchings is cut into internodes of about 100 diameters, each with a node behind
    it; a stretch shorter than 20 um or thinner than 0.2 um stays bare. There is no axon initial segment.

    Raises
    ------
    InputError
        A file that `tmsim.formats.swc.read` refuses, a soma that isn't at the first point, or points of a
        branch that all lie at one place, or within the soma.
    """
    path = Path(source)
    return _compartments(path.name, swc.read(path))


@dataclass
class _Rows:
    """Compartments as they come, in um."""

    parent: list[int] = field(default_factory=list)
    center: list[FloatArray] = field(default_factory=list)
    length: list[float] = field(default_factory=list)
    core: list[float] = field(default_factory=list)
    kind: list[int] = field(default_factory=list)

    def add(self, parent: int, center: FloatArray, length: float, core: float, kind: int) -> int:
        """Append one and return its index."""
        self.parent.append(parent)
        self.center.append(center)
        self.length.append(length)
        self.core.append(core)
        self.kind.append(kind)
        return len(self.parent) - 1


def _compartments(name: str, cell: swc.SwcFile) -> Cable:
    children: list[list[int]] = [[] for _ in cell.parents]
    for point, parent in enumerate(cell.parents[1:].tolist(), start=1):
        children[parent].append(point)
    soma = _soma(name, cell)
    size = 2 * float(cell.radii_um[0])
    rows = _Rows()
    root = rows.add(-1, cell.points_um[0], size if soma else 0.0, size, Membrane.PASSIVE)
    around = [child for point in soma or [0] for child in children[point] if child not in soma]
    waiting = [(0, child, root) for child in around]
    while waiting:
        start, point, joint = waiting.pop()
        path = [start, point]
        while len(children[path[-1]]) == 1 and cell.kinds[children[path[-1]][0]] == cell.kinds[point]:
            path.append(children[path[-1]][0])
        last = _stretch(name, cell, path, rows, joint)
        onwards = children[path[-1]]
        if len(onwards) > 1:
            last = rows.add(last, cell.points_um[path[-1]], 0.0, rows.core[last], Membrane.PASSIVE)
        waiting += [(path[-1], child, last) for child in onwards]
    if len(rows.parent) < 2:
        raise InputError(name, "no branch", "a cell with an axon")
    core, kinds = np.array(rows.core), np.array(rows.kind, dtype=np.int32)
    return Cable(
        parent=np.array(rows.parent, dtype=np.int32),
        center_m=(np.array(rows.center) - cell.points_um[0]) * 1e-6,
        length_um=np.array(rows.length),
        core_um=core,
        membrane_um=wrapped(core, kinds),
        membrane=kinds,
    )


def _soma(name: str, cell: swc.SwcFile) -> set[int]:
    """The points of the soma, which must hang together from the first one on."""
    points = set(np.flatnonzero(cell.kinds == swc.SOMA).tolist())
    if any(point != 0 and int(cell.parents[point]) not in points for point in points):
        raise InputError(name, "a soma that doesn't begin at the first point", "the soma first, in one piece")
    return points


def _stretch(name: str, cell: swc.SwcFile, path: list[int], rows: _Rows, joint: int) -> int:
    """Add the compartments along a path without branchings; the index of the last."""
    points, radii = cell.points_um[path].copy(), cell.radii_um[path].copy()
    kind = int(cell.kinds[path[1]])
    if cell.kinds[path[0]] != kind:
        radii[0] = radii[1]  # an axon is not as thick as the soma where it leaves it
    if cell.kinds[path[0]] == swc.SOMA:
        points[0] += (points[1] - points[0]) * min(1.0, _share_inside(points, float(cell.radii_um[0])))
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    length = float(along[-1])
    if length == 0:
        raise InputError(name, "a branch without length, or within the soma", "branches that lead outwards")
    mean_um = float(np.sum(np.diff(along) * (radii[1:] + radii[:-1])) / length)
    lengths, kinds = _cut(length, mean_um, axon=kind == swc.AXON)
    middle = np.cumsum(lengths) - lengths / 2
    core = 2 * np.interp(middle, along, radii)
    center = np.stack([np.interp(middle, along, points[:, k]) for k in range(3)], axis=1)
    for k in range(len(lengths)):
        joint = rows.add(joint, center[k], float(lengths[k]), float(core[k]), int(kinds[k]))
    return joint


def _share_inside(points: FloatArray, radius: float) -> float:
    """How much of the way from the soma's centre to the next point lies within the soma."""
    distance = float(np.linalg.norm(points[1] - points[0]))
    return radius / distance if distance else 1.0


def _cut(length: float, diameter: float, *, axon: bool) -> tuple[FloatArray, IntArray]:
    """Lengths [um] and membranes of the compartments of a stretch."""
    if axon and length >= SHORTEST_MYELINATED.value and diameter >= THINNEST_MYELINATED.value:
        count = round(length / (INTERNODE_LENGTH.value * diameter + NODE_LENGTH.value))
        return myelinated(length, max(1, count), COMPARTMENTS)
    longest, kind = (_LONGEST_BARE_um, Membrane.BARE) if axon else (_LONGEST_PASSIVE_um, Membrane.PASSIVE)
    count = math.ceil(length / longest)
    return np.full(count, length / count), np.full(count, kind, dtype=np.int32)
