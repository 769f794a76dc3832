"""From the best placement of the grid to the best near it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numba
import numpy as np
from scipy.optimize import minimize

from tmsim.core import FloatArray, Surface
from tmsim.head.locate import nearest_on_surface
from tmsim.placement import Placement
from tmsim.placement.place import MAX_LIFT_m, scalp_of
from tmsim.search.candidates import frames, lifted, pose_matrices
from tmsim.search.prepare import Prepared
from tmsim.search.robust import values_under
from tmsim.search.types import PlacementError

_EVALUATIONS = 40  # for each parameter
_STEP_rad = math.radians(5)  # of handle and tilt, where the simplex starts; half the spacing along the scalp
_DONE = 0.02  # of the step


@dataclass(frozen=True, kw_only=True, eq=False)
class Refined:
    """A placement and what it is worth: the value, or its mean under placement errors."""

    worth: float
    pose: Placement
    coil: int
    tilt_rad: tuple[float, float]


def refine(prepared: Prepared, candidate: int, robust: PlacementError | None) -> Refined:
    """Slide, turn and, if the grid has tilts, tilt the coil from a candidate to the best place near it.

    The simplex of Nelder and Mead, which asks for no derivative: lifts have kinks. It stays within the grid's
    radius, angles and tilts, and is never worse than where it starts.
    """
    grid, region, candidates = prepared.grid, prepared.region, prepared.candidates
    coil = int(candidates.coil[candidate])
    origin_m = prepared.scalp_points_m[candidates.scalp[candidate]]
    (back, lateral, _) = frames(prepared.head, origin_m[None])[0]
    patch = _patch(scalp_of(prepared.head), region.scalp_m, grid.radius_m + 2 * grid.spacing_m)
    first_angle, first_tilt = candidates.angle_rad[candidate], candidates.tilt_rad[candidate]
    turns = (min(grid.angles_rad), max(grid.angles_rad))
    tilts = bool(grid.tilt_rad)

    def place(steps: FloatArray) -> tuple[Placement | None, tuple[float, float]]:
        """The pose so many steps from the candidate, or None off limits."""
        slid = origin_m + grid.spacing_m / 2 * (steps[0] * back + steps[1] * lateral)
        scalp_m = nearest_on_surface(patch, slid[None]).points_m[0] if steps[:2].any() else origin_m
        angle = first_angle + _STEP_rad * steps[2]
        tilt = first_tilt + _STEP_rad * steps[3:] if tilts else first_tilt
        if (
            np.linalg.norm(scalp_m - region.scalp_m) > grid.radius_m + 1e-9
            or not (grid.whole_turn or turns[0] <= angle <= turns[1])
            or np.abs(tilt).max() > grid.tilt_rad
        ):
            return None, (0.0, 0.0)
        matrix = pose_matrices(
            scalp_m[None], frames(prepared.head, scalp_m[None]), np.array([angle]), tilt[None], grid.gap_m
        )
        lift_m = prepared.clearances[coil].lifts_m(matrix)
        if lift_m[0] > MAX_LIFT_m:
            return None, (0.0, 0.0)
        pose = Placement(
            matrix=lifted(matrix, lift_m)[0],
            target=region.target,
            target_m=region.target_m,
            scalp_m=scalp_m,
            gap_m=grid.gap_m,
            lifted_m=float(lift_m[0]),
            angle_rad=math.remainder(angle, 2 * math.pi),
            reference="midline",
        )
        return pose, (float(tilt[0]), float(tilt[1]))

    def loss(steps: FloatArray) -> float:
        pose, _ = place(steps)
        if pose is None:
            return math.inf
        if robust is not None:
            return -float(values_under(prepared, pose.matrix, coil, robust).mean())
        return -float(prepared.values(pose.matrix[None], coil)[0])

    n = 5 if tilts else 3
    simplex = np.vstack([np.zeros(n), np.eye(n)])
    if tilts:  # inwards, where the candidate is at the limit
        simplex[4:, 3:] *= np.where(first_tilt > 0, -1.0, 1.0)
    options = {
        "initial_simplex": simplex,
        "xatol": _DONE,
        "fatol": np.inf,
        "maxfev": n * _EVALUATIONS,
    }
    with _one_thread():
        found = minimize(loss, np.zeros(n), method="Nelder-Mead", options=options)
    pose, tilt_rad = place(found.x)
    assert pose is not None  # the simplex starts at a candidate, and infinities never win
    return Refined(worth=-float(found.fun), pose=pose, coil=coil, tilt_rad=tilt_rad)


@contextmanager
def _one_thread() -> Iterator[None]:
    """One placement at a time is too little to be shared out: threads would wait for each other."""
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(threads)


def _patch(scalp: Surface, around_m: FloatArray, radius_m: float) -> Surface:
    """The scalp within a radius: what is nearest is found faster there."""
    corners = scalp.points_m[scalp.triangles]
    near = np.linalg.norm(corners - around_m, axis=2).min(axis=1) <= radius_m
    return Surface(points_m=scalp.points_m, triangles=scalp.triangles[near])
