"""Head, coils, region and objective made ready for any number of placements."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from tmsim.coil import Coil, Dipoles
from tmsim.core import FloatArray, InputError, Progress, read_only, silent, stream
from tmsim.field import REFERENCE_DIDT_A_PER_S, FiniteElements, prepare
from tmsim.field.solve import Solver
from tmsim.head import Head
from tmsim.placement import Target
from tmsim.placement.place import MAX_LIFT_m
from tmsim.search.adjoint import adjoint_currents
from tmsim.search.candidates import combinations, frames, lifted, pose_matrices, scalp_points
from tmsim.search.clearance import Clearance, Skin
from tmsim.search.evaluate import Evaluator
from tmsim.search.measures import TRIALS, Measures, linear_measures, modal_measures
from tmsim.search.objectives import MeanAlong, MeanVector, Objective
from tmsim.search.region import region_round
from tmsim.search.thin import thin
from tmsim.search.types import Candidates, Grid, Region

REGION_RADIUS_m = 0.005

_THIN_BY = 12  # poses at which a coil of few dipoles is fitted and checked
_NEARBY_m, _NEARBY_rad = 0.003, (0.06, 0.06, 0.3)  # across the axis; about x, y and the axis itself
_PORTION = 1024
_ROOM_m = 0.08  # round the coil, for what placement errors add


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """Head, coils, region and objective made ready: any placement nearby is then worth microseconds."""

    head: Head
    coils: tuple[Coil, ...]
    region: Region
    objective: Objective
    grid: Grid
    didt_A_per_s: tuple[float, ...]
    solver: Solver
    measures: Measures
    thinned: tuple[Dipoles, ...]
    clearances: tuple[Clearance, ...]
    evaluator: Evaluator
    scalp_points_m: FloatArray
    candidates: Candidates

    def values(self, matrices: FloatArray, coil: int = 0) -> FloatArray:
        """The objective at poses from coil to head coordinates, (n, 4, 4) to (n,).

        Poses are taken as they are, in the scalp or not.
        """
        sums = self.evaluator(self.thinned[coil], matrices, self.didt_A_per_s[coil])
        return np.concatenate(
            [self.measures.value(sums[first : first + _PORTION]) for first in range(0, len(sums), _PORTION)]
        )


def prepare_search(
    head: Head,
    coil: Coil | Sequence[Coil],
    target: str | Target,
    objective: Objective,
    *,
    region_radius_m: float = REGION_RADIUS_m,
    grid: Grid | None = None,
    didt_A_per_s: float | None = REFERENCE_DIDT_A_PER_S,
    method: FiniteElements | None = None,
    progress: Progress = silent,
) -> Prepared:
    """All of :func:`search` that comes before the first value; arguments as there."""
    coils = (coil,) if isinstance(coil, Coil) else tuple(coil)
    grid = grid or Grid()
    slopes = _slopes(coils, didt_A_per_s)
    progress("region and scalp", 0.0)
    region = region_round(head, target, region_radius_m)
    points_m = scalp_points(head, region.scalp_m, grid)
    skin = Skin(head.skin)
    clearances = tuple(Clearance(skin, each) for each in coils)
    candidates = _candidates(
        head, coils, clearances, points_m, grid, lambda done: progress("casings", 0.1 * done)
    )

    thinned, trials = [], []
    for k, each in enumerate(coils):
        progress("coil", 0.1)
        own = candidates.matrices[(candidates.coil == k) & np.isfinite(candidates.values)]
        few, _ = thin(each, head.skin.points_m, _nearby(own, clearances[k], _THIN_BY))
        thinned.append(few)
        count = math.ceil(TRIALS / len(coils))
        trials += [(few, matrix) for matrix in _nearby(own, clearances[k], count)]
    progress("assembling", 0.15)
    solver = prepare(head, method or FiniteElements(order=1))
    if isinstance(objective, MeanAlong | MeanVector):
        measures = linear_measures(solver, objective, region)
    else:
        order = stream(0, "target search", 2).permutation(len(trials))
        measures = modal_measures(
            solver, objective, region, [trials[i] for i in order],
            lambda what, done: progress(what, 0.2 + 0.4 * done),
        )  # fmt: skip
    progress("adjoint solves", 0.6)
    currents = adjoint_currents(solver, measures.places, measures.functionals)
    reach_m = max(np.linalg.norm(few.positions_m, axis=1).max() for few in thinned)
    half_m = float(np.linalg.norm(points_m - region.scalp_m, axis=1).max() + reach_m)
    half_m += grid.gap_m + MAX_LIFT_m + _ROOM_m
    return Prepared(
        head=head,
        coils=coils,
        region=region,
        objective=objective,
        grid=grid,
        didt_A_per_s=slopes,
        solver=solver,
        measures=measures,
        thinned=tuple(thinned),
        clearances=clearances,
        evaluator=Evaluator(currents, frames(head, points_m[:1])[0], region.scalp_m, half_m),
        scalp_points_m=read_only(points_m),
        candidates=candidates,
    )


def _slopes(coils: tuple[Coil, ...], didt_A_per_s: float | None) -> tuple[float, ...]:
    """The rate of change of the current in each coil. [A/s]"""
    if not coils:
        raise InputError("coil", "none", "at least one")
    if didt_A_per_s is not None:
        if not 0 < didt_A_per_s < 1e10:
            raise InputError("dI/dt", f"{didt_A_per_s:g} A/s", "above 0 and below 1e10 A/s")
        return (didt_A_per_s,) * len(coils)
    for coil in coils:
        if coil.didt_max_A_per_s is None:
            raise InputError(
                f"coil {coil.name}", "its dI/dt at full output isn't known", "a dI/dt", "Give one in A/us."
            )
    return tuple(coil.didt_max_A_per_s or 0.0 for coil in coils)


def _candidates(
    head: Head,
    coils: tuple[Coil, ...],
    clearances: tuple[Clearance, ...],
    points_m: FloatArray,
    grid: Grid,
    progress: Callable[[float], None],
) -> Candidates:
    """All poses of the grid, lifted clear; their values yet to come, but NaN where they can't be."""
    point, angle_rad, tilt_rad = combinations(len(points_m), grid)
    matrices = pose_matrices(points_m[point], frames(head, points_m)[point], angle_rad, tilt_rad, grid.gap_m)
    lifts = []
    for k, clearance in enumerate(clearances):
        for first in range(0, len(matrices), _PORTION):
            progress((k + first / len(matrices)) / len(coils))
            lifts.append(clearance.lifts_m(matrices[first : first + _PORTION]))
    lifted_m, n = np.concatenate(lifts), len(coils)
    clear = lifted_m <= MAX_LIFT_m
    for k, coil in enumerate(coils):
        if not clear[k * len(matrices) : (k + 1) * len(matrices)].any():
            raise InputError(
                f"coil {coil.name}", "its casing clears the scalp nowhere on the grid",
                f"a lift of at most {MAX_LIFT_m * 1e3:.0f} mm", "Choose another target or coil.",
            )  # fmt: skip
    return Candidates(
        matrices=read_only(lifted(np.tile(matrices, (n, 1, 1)), lifted_m)),
        coil=read_only(np.repeat(np.arange(n, dtype=np.int32), len(matrices))),
        scalp=read_only(np.tile(point.astype(np.int32), n)),
        angle_rad=read_only(np.tile(angle_rad, n)),
        tilt_rad=read_only(np.tile(tilt_rad, (n, 1))),
        lifted_m=read_only(lifted_m),
        values=read_only(np.where(clear, 0.0, np.nan)),
    )


def _nearby(matrices: FloatArray, clearance: Clearance, count: int) -> FloatArray:
    """So many poses drawn from some and moved a little, lifted clear: where refining may come to."""
    rng = stream(0, "target search", 2)
    drawn = matrices[rng.integers(len(matrices), size=count)]
    off = np.tile(np.eye(4), (count, 1, 1))
    off[:, :3, :3] = Rotation.from_rotvec(np.array(_NEARBY_rad) * rng.normal(size=(count, 3))).as_matrix()
    off[:, :2, 3] = _NEARBY_m * rng.normal(size=(count, 2))
    moved = drawn @ off
    return lifted(moved, clearance.lifts_m(moved))
