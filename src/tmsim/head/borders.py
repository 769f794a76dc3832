"""Borders of tissues moved by millimetres: another thickness of cortex, CSF, skull or scalp.

The nodes of a border go along its normal. Those inside the two layers beside it follow, each part of the way,
as in Laplace's equation with the moved border on one side and the layers' other borders, which stay, on the
other; small tetrahedra are stiffer than large ones. None is made or lost, so results on the two heads
compare point by point.

Range: shifts up to the size of tetrahedra are nearly always possible. No node goes farther than 0.6 of the
way to the other side of its layer, and where a tetrahedron would shrink below a tenth of its volume the
border goes less far: `MovedBorders` says how far it came. A place where three tissues meet stays where it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.linalg import cg
from scipy.spatial import KDTree

from tmsim.core import FloatArray, InputError, read_only
from tmsim.head.locate import barycentric_gradients
from tmsim.head.parameters import CSF, GREY_MATTER, SCALP, SKULL_TAGS
from tmsim.head.quality import signed_volumes_m3
from tmsim.head.types import Head

MOST_SHIFT_m = 0.010
"""No border is moved farther: whole tissues would vanish."""

_MOST_SHARE = 0.6  # of the way to the other side of a layer
_LEAST_VOLUME = 0.1  # of a tetrahedron, against what it was
_LESS, _REACH_m, _TRIES = 0.7, 0.006, 40  # near a crushed one the border goes 0.7 as far, and again
_SMOOTHINGS = 4
_RTOL = 1e-5


@dataclass(frozen=True, kw_only=True)
class Border:
    """The border between a layer and the one round it, by tissue tags; shifts are positive outwards."""

    name: str
    label: str
    inner: tuple[int, ...]
    outer: tuple[int, ...]


BORDERS: dict[str, Border] = {
    b.name: b
    for b in (
        Border(name="pial", label="grey matter to CSF", inner=(GREY_MATTER,), outer=(CSF,)),
        Border(name="inner_skull", label="CSF to skull", inner=(CSF,), outer=SKULL_TAGS),
        Border(name="outer_skull", label="skull to scalp", inner=SKULL_TAGS, outer=(SCALP,)),
    )
}


@dataclass(frozen=True, kw_only=True, eq=False)
class MovedBorders:
    """A head's nodes after a shift, (n_nodes, 3) [m], and how far each border came, as a mean. [m]"""

    nodes_m: FloatArray
    shift_m: Mapping[str, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class MovableBorder:
    """A border of one head made ready to be moved, by `movable`."""

    border: Border
    nodes: npt.NDArray[np.intp]  # (n,) of the head, on the border
    normals: FloatArray  # (n, 3) from the inner layer to the outer
    areas_m2: FloatArray  # (n,) of the border
    room_in_m: FloatArray  # (n,) to the other side of the inner layer
    room_out_m: FloatArray
    mean: sparse.csr_matrix  # (n, n) a value of the border to the mean of its neighbours'
    tets: npt.NDArray[np.intp]  # that have a corner among the moving nodes
    free: npt.NDArray[np.intp]  # nodes inside the two layers
    stiffness: sparse.csr_matrix  # of the free nodes among each other
    pull: sparse.csr_matrix  # of the border's nodes on the free ones

    def allowed(self, shift_m: float) -> FloatArray:
        """A shift of the whole border, less where a layer is thin, (n,). [m]"""
        limit = _MOST_SHARE * (self.room_out_m if shift_m > 0 else self.room_in_m)
        return np.sign(shift_m) * self.eased(np.minimum(abs(shift_m), limit))

    def eased(self, value: FloatArray) -> FloatArray:
        """A value of the border without cliffs, never above what it was."""
        for _ in range(_SMOOTHINGS):
            value = np.minimum(self.mean @ value, value)
        return value

    def displacement(self, shift_m: FloatArray, n_nodes: int) -> FloatArray:
        """Where all nodes of the head go when those of the border go by ``shift_m``, (n_nodes, 3). [m]"""
        out = np.zeros((n_nodes, 3))
        out[self.nodes] = shift_m[:, None] * self.normals
        if not len(self.free):  # both layers one tetrahedron thick
            return out
        scale = 1 / np.sqrt(self.stiffness.diagonal())
        jacobi = sparse.diags_array(scale)
        matrix = jacobi @ self.stiffness @ jacobi
        for axis in range(3):
            load = -scale * (self.pull @ out[self.nodes, axis])
            solution, failed = cg(matrix, load, rtol=_RTOL, maxiter=5000)
            if failed:
                raise InputError("border", f"{self.border.label} could not be moved", "a sound mesh")
            out[self.free, axis] = scale * solution
        return out


def movable(head: Head, name: str) -> MovableBorder:
    """A border of ``head`` made ready to be moved; names are those of `BORDERS`.

    Raises
    ------
    InputError
        The name is unknown, or the head has no such border.
    """
    if name not in BORDERS:
        raise InputError("border", repr(name), f"one of {', '.join(BORDERS)}")
    border, n = BORDERS[name], len(head.nodes_m)
    layers = np.flatnonzero(np.isin(head.tags, (*border.inner, *border.outer)))
    tets, inside = head.tets[layers], np.isin(head.tags[layers], border.inner)
    at_inner, at_outer = (np.zeros(n, dtype=bool) for _ in range(2))
    at_inner[tets[inside]], at_outer[tets[~inside]] = True, True

    gradients = barycentric_gradients(head.nodes_m[tets])
    # The integral of a hat function's gradient over some tetrahedra is that over their border: zero for a
    # node that they surround. What is left marks third tissues and air, which hold a node where it is.
    fluxes = head.volumes_m3[layers][:, None, None] * gradients
    size = np.bincount(tets.ravel(), np.linalg.norm(fluxes, axis=2).ravel(), n)
    held = np.linalg.norm(_gathered(tets, fluxes, n), axis=1) > 1e-6 * size
    outward = _gathered(tets[inside], fluxes[inside], n)

    nodes = np.flatnonzero(at_inner & at_outer & ~held)
    free = np.flatnonzero((at_inner ^ at_outer) & ~held)
    if not len(nodes):
        raise InputError("head", f"{head.name} has no border {border.label} that can move", "one")
    local = np.einsum("tia,tja->tij", gradients, gradients)  # not times the volume: small ones are stiffer
    rows, columns = np.repeat(tets, 4, axis=1).ravel(), np.tile(tets, (1, 4)).ravel()
    stiffness = sparse.csr_matrix((local.ravel(), (rows, columns)), shape=(n, n))
    mean = _averaging(stiffness[nodes][:, nodes])
    moving = np.zeros(n, dtype=bool)
    moving[nodes] = moving[free] = True
    return MovableBorder(
        border=border,
        nodes=nodes,
        normals=_smoothed(outward[nodes], mean),
        areas_m2=read_only(np.linalg.norm(outward[nodes], axis=1)),
        room_in_m=_room(head.nodes_m, nodes, at_inner & held),
        room_out_m=_room(head.nodes_m, nodes, at_outer & held),
        mean=mean,
        tets=layers[moving[tets].any(axis=1)],
        free=free,
        stiffness=sparse.csr_matrix(stiffness[free][:, free]),
        pull=sparse.csr_matrix(stiffness[free][:, nodes]),
    )


def move_borders(head: Head, shifts_m: Mapping[MovableBorder, float]) -> MovedBorders:
    """Move borders of ``head`` along their normals, outwards where the shift is positive. [m]

    Raises
    ------
    InputError
        A shift is larger than 10 mm, or turns tetrahedra over however far it is cut back.
    """
    for border, shift_m in shifts_m.items():
        if not abs(shift_m) <= MOST_SHIFT_m:
            raise InputError(
                f"shift of the border {border.border.label}",
                f"{shift_m * 1e3:g} mm",
                f"at most {MOST_SHIFT_m * 1e3:g} mm",
            )
    wanted = {border: border.allowed(shift_m) for border, shift_m in shifts_m.items()}
    moves = np.zeros(len(head.tets), dtype=bool)
    for border in wanted:
        moves[border.tets] = True
    watched = np.flatnonzero(moves)
    tets, least_m3 = head.tets[watched], _LEAST_VOLUME * head.volumes_m3[watched]
    for _ in range(_TRIES):
        moved = np.array(head.nodes_m)
        for border, shift in wanted.items():
            moved += border.displacement(shift, len(moved))
        crushed = signed_volumes_m3(moved, tets) < least_m3
        if not crushed.any():
            came = {
                b.border.name: float(np.average(shift, weights=b.areas_m2)) for b, shift in wanted.items()
            }
            return MovedBorders(nodes_m=read_only(moved), shift_m=came)
        tree = KDTree(head.centers_m[watched[crushed]])
        for border, shift in wanted.items():
            distance_m, _ = tree.query(head.nodes_m[border.nodes])
            shift *= border.eased(np.where(distance_m < _REACH_m, _LESS, 1.0))
    raise InputError("shift of borders", "tetrahedra that turn over", "a smaller shift")


def _gathered(tets: npt.NDArray[Any], vectors: FloatArray, n: int) -> FloatArray:
    """Vectors at the corners of tetrahedra summed at nodes, (n_tets, 4, 3) to (n, 3)."""
    sums = [np.bincount(tets.ravel(), vectors[..., k].ravel(), n).astype(float) for k in range(3)]
    return np.stack(sums, axis=1)


def _averaging(links: Any) -> sparse.csr_matrix:
    """The matrix that replaces a value by the mean of its own and its neighbours'."""
    ones = sparse.csr_matrix((np.ones_like(links.data), links.indices, links.indptr), shape=links.shape)
    return sparse.csr_matrix(sparse.diags_array(1 / np.asarray(ones.sum(axis=1)).ravel()) @ ones)


def _smoothed(normals: FloatArray, mean: sparse.csr_matrix) -> FloatArray:
    for _ in range(_SMOOTHINGS):
        normals = mean @ (normals / np.linalg.norm(normals, axis=1, keepdims=True))
    return read_only(normals / np.linalg.norm(normals, axis=1, keepdims=True))


def _room(nodes_m: FloatArray, nodes: npt.NDArray[np.intp], wall: npt.NDArray[np.bool_]) -> FloatArray:
    """Distance of each of ``nodes`` to the nearest node of ``wall``. [m]"""
    if not wall.any():
        return read_only(np.full(len(nodes), MOST_SHIFT_m))
    distance_m, _ = KDTree(nodes_m[wall]).query(nodes_m[nodes])
    return read_only(np.asarray(distance_m))
