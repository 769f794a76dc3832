"""The best placement of a coil for a target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from tmsim.coil import Coil
from tmsim.core import FloatArray, InputError, Progress, read_only, silent
from tmsim.field import REFERENCE_DIDT_A_PER_S, FiniteElements, simulate
from tmsim.head import Head
from tmsim.placement import Target
from tmsim.search.objectives import Objective, RecruitedShare, value_of
from tmsim.search.prepare import Prepared, REGION_RADIUS_m, prepare_search
from tmsim.search.refine import Refined, refine
from tmsim.search.robust import values_under
from tmsim.search.types import Candidates, Found, Grid, PlacementError, Robustness, ScalpMap

_SHORTLIST = 100  # candidates whose robustness is worked out
_STARTS = 3  # candidates from which the search goes on continuously
_PORTION = 1024
_NOTHING = 1e-6  # a share recruited below this is none

Watch = Callable[[ScalpMap], None]
"""Sees the map while it grows: points yet to come are NaN. Raise inside it to stop the search."""


def _unwatched(_map: ScalpMap) -> None:
    """The watch of someone who only wants the answer."""


def search(
    head: Head,
    coil: Coil | Sequence[Coil],
    target: str | Target,
    objective: Objective,
    *,
    region_radius_m: float = REGION_RADIUS_m,
    grid: Grid | None = None,
    robust: PlacementError | None = None,
    didt_A_per_s: float | None = REFERENCE_DIDT_A_PER_S,
    method: FiniteElements | None = None,
    progress: Progress = silent,
    watch: Watch = _unwatched,
) -> Found:
    """The position, angle, tilt and coil that are best for a target.

    Every placement of the grid is tried, its casing lifted clear of the scalp; the best are refined
    continuously, and the winner is solved for once more from the coil's side.

    Parameters
    ----------
    coil
        One coil or several to choose from.
    target
        Text (:mod:`tmsim.placement.targets`) or a parsed target, in the brain or on the scalp.
    region_radius_m
        Mid-cortex within this distance of the point nearest to the target is what counts. [m]
    robust
        Choose by the mean over placement errors and not by the value at the exact place.
    didt_A_per_s
        At which the field is taken, or None for each coil at its own full output. [A/s]
    method
        First order where None: preview and search. Second order is three to five times slower.
    watch
        Called with the map as it grows, outward from the target, one coil after the other.

    Raises
    ------
    InputError
        Target or region are not in the cortex, no placement clears the scalp or recruits anything, a coil
        has no dipoles, or full output is asked for and unknown.
    """
    prepared = prepare_search(
        head, coil, target, objective, region_radius_m=region_radius_m, grid=grid,
        didt_A_per_s=didt_A_per_s, method=method, progress=lambda what, done: progress(what, 0.6 * done),
    )  # fmt: skip
    return search_prepared(
        prepared, robust=robust, watch=watch, progress=lambda what, done: progress(what, 0.6 + 0.4 * done)
    )


def search_prepared(
    prepared: Prepared,
    *,
    robust: PlacementError | None = None,
    progress: Progress = silent,
    watch: Watch = _unwatched,
) -> Found:
    """The search itself, on what :func:`prepare_search` made ready."""
    candidates = _valued(prepared, lambda done: progress("placements", 0.3 * done), watch)
    grid_value = float(np.nanmax(candidates.values))
    if isinstance(prepared.objective, RecruitedShare) and grid_value < _NOTHING:
        slopes = " or ".join(f"{slope / 1e6:.4g}" for slope in prepared.didt_A_per_s)
        raise InputError("dI/dt", f"{slopes} A/us recruits nothing in the region", "a pulse above threshold")
    worth = candidates.values
    if robust is not None:
        worth = np.full(len(candidates.values), np.nan)
        best = np.argsort(-candidates.values, kind="stable")[:_SHORTLIST]
        for k, i in enumerate(best[np.isfinite(candidates.values[best])].tolist()):
            progress("placement errors", 0.3 + 0.2 * k / _SHORTLIST)
            worth[i] = values_under(prepared, candidates.matrices[i], int(candidates.coil[i]), robust).mean()

    refined: list[Refined] = []
    for k, i in enumerate(candidates.ranked(worth)[:_STARTS]):
        progress("refining", 0.5 + 0.3 * k / _STARTS)
        refined.append(refine(prepared, i, robust))
    place = max(refined, key=lambda each: each.worth)
    progress("forward solve", 0.8)
    pose, coil, didt_A_per_s = place.pose, prepared.coils[place.coil], prepared.didt_A_per_s[place.coil]
    field = prepared.solver.simulate(coil, pose, didt_A_per_s=didt_A_per_s)
    robustness = None
    if robust is not None:
        spread = values_under(prepared, pose.matrix, place.coil, robust)
        robustness = Robustness(
            error=robust, expected=float(spread.mean()), fifth_percentile=float(np.percentile(spread, 5))
        )
    progress("done", 1.0)
    return Found(
        pose=pose,
        coil=coil,
        tilt_rad=place.tilt_rad,
        objective=prepared.objective,
        region=prepared.region,
        didt_A_per_s=didt_A_per_s,
        value=float(prepared.values(pose.matrix[None], place.coil)[0]),
        verified_value=value_of(prepared.objective, prepared.head, prepared.region, field.cortex_V_per_m),
        robust=robustness,
        grid_value=grid_value,
        outside_modes=prepared.measures.outside,
        candidates=candidates,
        map=_map(prepared.scalp_points_m, candidates),
    )


def second_order_value(head: Head, found: Found, *, progress: Progress = silent) -> float:
    """The objective at the best placement by a forward solve of second order, as fields are reported."""
    field = simulate(head, found.coil, found.pose, didt_A_per_s=found.didt_A_per_s, progress=progress)
    return value_of(found.objective, head, found.region, field.cortex_V_per_m)


def _valued(prepared: Prepared, progress: Callable[[float], None], watch: Watch) -> Candidates:
    """The candidates with their values."""
    candidates, values = prepared.candidates, np.full(len(prepared.candidates.values), np.nan)
    for k in range(len(prepared.coils)):
        rows = np.flatnonzero((candidates.coil == k) & np.isfinite(candidates.values))
        for first in range(0, len(rows), _PORTION):
            progress((k + first / len(rows)) / len(prepared.coils))
            part = rows[first : first + _PORTION]
            values[part] = prepared.values(candidates.matrices[part], k)
            valued = replace(candidates, values=read_only(values.copy()))
            watch(_map(prepared.scalp_points_m, valued))
    return replace(candidates, values=read_only(values))


def _map(points_m: FloatArray, candidates: Candidates) -> ScalpMap:
    values = np.full(len(points_m), np.nan)
    np.fmax.at(values, candidates.scalp, candidates.values)
    return ScalpMap(points_m=points_m, values=read_only(values))
