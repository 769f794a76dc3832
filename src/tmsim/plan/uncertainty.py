"""How uncertain the field of a plan is: its draws from the user's cache where they were made before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Literal

import numpy as np

from tmsim.core import Progress, silent
from tmsim.core.cache import Cache, stage_key
from tmsim.core.provenance import sha256_of
from tmsim.field import FiniteElements, prepare
from tmsim.field.parameters import POSE_SCATTER
from tmsim.field.readouts import TARGET_RADIUS_m, standard_readouts
from tmsim.field.study import Study, standard_borders, standard_conductivity
from tmsim.field.uncertainty import Draw, Uncertainty, propagate
from tmsim.placement import Placement, check_clear
from tmsim.plan.stages import ROOMS, coil_content, coil_of, head_of, pose_of, target_of
from tmsim.plan.types import Plan

Scatter = Literal["tracked", "cap", "none"]


def study_of(
    plan: Plan,
    *,
    scatter: Scatter = "tracked",
    borders: bool = True,
    order: Literal[1, 2] = 1,
    radius_m: float = TARGET_RADIUS_m,
    seed: int | None = None,
    cache: Cache | None = None,
    progress: Progress = silent,
) -> Study:
    """The field of a plan with its standard uncertainties, made ready to draw.

    Parameters
    ----------
    scatter
        How the coil is held (`POSE_SCATTER`), or ``"none"`` where it is as planned.
    borders
        Whether the borders of tissues are uncertain too.
    radius_m
        Of the cortex round the target that is read; without a target, round the strongest field. [m]
    seed
        Of the draws, if not the plan's.
    """
    head, coil = head_of(plan, cache), coil_of(plan)
    pose = pose_of(plan, head, coil)
    check_clear(head, coil, pose)
    solver = prepare(head, FiniteElements(order=order, tolerance=plan.field.tolerance), progress=progress)
    if isinstance(pose, Placement):
        target_m = target_of(head, pose)
    else:
        field = solver.simulate(coil, pose, progress=progress)
        strongest = np.linalg.norm(field.cortex_V_per_m, axis=1).argmax()
        target_m = head.cortex.points_m[strongest]
    return Study(
        solver=solver,
        coil=coil,
        pose=pose,
        readouts=standard_readouts(head, target_m, radius_m=radius_m),
        conductivity={} if head.tensors_S_per_m is not None else standard_conductivity(head),
        scatter=None if scatter == "none" else POSE_SCATTER[scatter],
        borders=standard_borders(head) if borders else {},
        seed=plan.seed if seed is None else seed,
    )


def uncertainty_of(
    study: Study, n_draws: int, *, cache: Cache | None = None, progress: Progress = silent
) -> Uncertainty:
    """The outcome of a study; each draw is kept in ``cache``, so that one that was stopped goes on."""
    if cache is None:
        return propagate(study, n_draws, progress=progress)
    content = _content(study)

    def recall(number: int, compute: Callable[[], Draw]) -> Draw:
        key = stage_key("draw", content, number, rooms=ROOMS)
        arrays, _ = cache.arrays(key, lambda: _to_arrays(compute()))
        return Draw(**arrays)

    return propagate(study, n_draws, recall=recall, progress=progress)


def _to_arrays(one: Draw) -> dict[str, object]:
    return {f.name: getattr(one, f.name) for f in fields(Draw)}


def _content(study: Study) -> str:
    """A hash of all that decides the draws."""
    head = study.solver.head
    tensors = head.tensors_S_per_m
    readouts = [part for readout in study.readouts for part in vars(readout).values()]
    variables = [asdict(variable) for variable in study.variables]
    return sha256_of(
        head.nodes_m,
        head.tets,
        head.tags,
        head.element_sigma_S_per_m if tensors is None else tensors,
        *coil_content(study.coil),
        study.pose.matrix,
        asdict(study.solver.method),
        variables,
        *readouts,
        study.seed,
    )
