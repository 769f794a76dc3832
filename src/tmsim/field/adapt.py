"""Refinement where the coil is: solve, estimate, mark, split, until the field is as good as was asked for.

What marks a tetrahedron is the residual of the field in it: the current that appears inside, and that which
is lost across its faces. It counts by how far a source of current there reaches the places where the field
is read, the mid-cortical points with more than half of the peak: a moment p changes the field at a distance
d by p / d^3. The fewest tetrahedra that hold nearly all of the sum are split (Doerfler1996). The first
round goes by a first-order solve, which costs a fifth.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from tmsim.coil import Coil
from tmsim.core import FloatArray, Progress, read_only
from tmsim.field.solve import Places, Potential, Solver, prepare, strong_points
from tmsim.field.types import EField
from tmsim.head import Head
from tmsim.head.locate import barycentric_gradients
from tmsim.head.quality import FACES, matched_faces
from tmsim.head.refine import RefinedHead
from tmsim.placement import Pose

_HELD = 0.95  # of the sum over all tetrahedra, by those that are split
_MARKING_TOLERANCE = 1e-4
_ROUGH, _ROUND = 0.2, 0.8  # of the work, for the bar: first order, and each round of what is left
_REACH_m = 0.015  # residuals farther from all that is read are left alone
# Three points of a face by their shares of its corners: exact for squares of linear functions.
_ON_FACE = np.array([[4, 1, 1], [1, 4, 1], [1, 1, 4]]) / 6


def adapted(base: Solver, coil: Coil, pose: Pose, where: Places | None, progress: Progress) -> EField:
    """The field of one placement at the reference current slope, on a mesh refined for it.

    Parameters
    ----------
    base
        A head made ready at first order; its method says what is wanted.
    where
        Points of the head at which E is wanted besides.
    """
    method = base.method
    refined, field = RefinedHead.of(base.head), None
    rough = replace(method, order=1, error=None, tolerance=max(method.tolerance, _MARKING_TOLERANCE))
    solver = replace(base, method=rough)
    [solution] = solver.solutions(coil, [pose], lambda what, done: progress(what, _ROUGH * done))
    at_cortex = solver.field(solution).cortex_V_per_m
    passed = _ROUGH

    def one_round(what: str, done: float) -> None:
        progress(what, passed + (1 - passed) * _ROUND * done)

    while True:
        read_m = base.head.cortex.points_m[strong_points(at_cortex)]
        finer = refined.split(fewest(goal_shares(solver, solution.potential, read_m)))
        fits = _unknowns(finer.head) <= method.most_unknowns
        if fits:
            refined = finer
        elif field is not None:
            return field
        del solver, solution  # before the next ones take their memory
        solver = prepare(refined.head, replace(method, error=None))
        [solution] = solver.solutions(coil, [pose], one_round)
        on_mesh = solver.field(solution, None if where is None else _moved(where, base, solver, refined))
        at_cortex = on_mesh.cortex_V_per_m
        field = replace(
            on_mesh, E_V_per_m=read_only(refined.mean_over_base(on_mesh.E_V_per_m)), method=method
        )
        if not fits or not field.misses_error:
            return field
        passed += (1 - passed) * _ROUND


def _moved(where: Places, base: Solver, solver: Solver, refined: RefinedHead) -> Places:
    """Points of the head in tetrahedra of the refined one."""
    tets = base.spaces[1].tet_order[where.rows]
    points_m = np.einsum("na,nak->nk", where.weights, base.head.nodes_m[base.head.tets[tets]])
    return solver.places(refined.tets_within(tets, points_m), points_m)


def goal_shares(solver: Solver, potential: Potential, read_m: FloatArray) -> FloatArray:
    """What each tetrahedron adds to the squared error of the field at ``read_m``, (n_tets,), up to a factor.

    Its energy norm residual r gives a local error of about r / sqrt(sigma V), so a moment of r sqrt(sigma V),
    and the sum of 1/d^6 over a sheet of points at a distance d is as 1/d^4.
    """
    head = solver.head
    low, high = read_m.min(axis=0) - _REACH_m, read_m.max(axis=0) + _REACH_m
    near = np.flatnonzero(((head.centers_m > low) & (head.centers_m < high)).all(axis=1))
    distance_m, _ = KDTree(read_m).query(head.centers_m[near], distance_upper_bound=_REACH_m)
    near, distance_m = near[distance_m < _REACH_m], distance_m[distance_m < _REACH_m]
    squares, sigma = _residual_squares(solver, potential, near)
    volume_m3 = head.volumes_m3[near]
    out = np.zeros(len(head.tets))
    out[near] = squares * sigma * volume_m3 / (distance_m**2 + np.cbrt(volume_m3) ** 2) ** 2
    return out


def _residual_squares(
    solver: Solver, potential: Potential, tets: npt.NDArray[np.intp]
) -> tuple[FloatArray, FloatArray]:
    """Squared residual of each of some tetrahedra in the energy norm, and its mean conductivity.

    Faces to others than these are left out.
    """
    head, n, own = solver.head, len(tets), tets.astype(np.int32)
    nodes = head.tets[tets]
    corners_m, volume_m3 = head.nodes_m[nodes], head.volumes_m3[tets]
    sigma = np.multiply.outer(head.element_sigma_S_per_m[tets], np.eye(3))
    if head.tensors_S_per_m is not None:
        sigma = head.tensors_S_per_m[tets]
    mean_sigma = np.trace(sigma, axis1=1, axis2=2) / 3

    def current(shares: FloatArray) -> FloatArray:
        """At one point of each, given by barycentric coordinates, (n, 4) to (n, 3). [A/m^2]"""
        E = potential.at(solver.places(own, np.einsum("na,nak->nk", shares, corners_m)))
        return np.einsum("nij,nj->ni", sigma, E)

    gradients = barycentric_gradients(corners_m)
    source = sum(
        np.einsum("nk,nk->n", current(np.tile(np.eye(4)[a], (n, 1))), gradients[:, a]) for a in range(4)
    )
    squares = volume_m3 ** (5 / 3) * source**2 / mean_sigma

    area_m2, outflow = np.empty((n, 4)), np.empty((n, 4, len(_ON_FACE)))
    for f, face in enumerate(FACES):
        a, b, c = (corners_m[:, k] for k in face)
        normal = np.cross(b - a, c - a)
        length = np.linalg.norm(normal, axis=1)
        area_m2[:, f] = length / 2
        # By rising node, so that both sides of a face take the same points.
        rising = np.array(face)[np.argsort(nodes[:, face], axis=1)]
        for p, on_face in enumerate(_ON_FACE):
            shares = np.zeros((n, 4))
            np.put_along_axis(shares, rising, np.broadcast_to(on_face, (n, 3)), axis=1)
            outflow[:, f, p] = np.einsum("nk,nk->n", current(shares), normal) / length
    order, starts = matched_faces(nodes)
    pair = starts[np.diff(starts, append=len(order)) == 2]
    one, other = order[pair], order[pair + 1]
    outflow, area_m2 = outflow.reshape(4 * n, len(_ON_FACE)), area_m2.ravel()
    jump = ((outflow[one] + outflow[other]) ** 2).mean(axis=1)
    each = 0.5 * area_m2[one] ** 1.5 * jump / (mean_sigma[one // 4] + mean_sigma[other // 4])
    for side in (one, other):
        squares += np.bincount(side // 4, each, n)
    return squares, mean_sigma


def fewest(shares: FloatArray) -> npt.NDArray[np.intp]:
    """The fewest tetrahedra that hold nearly all of the sum, rising."""
    order = np.argsort(-shares, kind="stable")
    count = np.searchsorted(np.cumsum(shares[order]), _HELD * shares.sum()) + 1
    return np.sort(order[:count])


def _unknowns(head: Head) -> int:
    """Second-order unknowns, but for half of the outer faces: nodes, and edges by Euler's formula."""
    return 2 * len(head.nodes_m) + len(head.tets)
