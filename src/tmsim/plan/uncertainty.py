"""How uncertain the field of a plan is: what was worked out before comes from the user's cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields

from tmsim.coil import Coil
from tmsim.core import Progress, silent
from tmsim.core.cache import Arrays, Cache, stage_key
from tmsim.core.provenance import sha256_of
from tmsim.field import (
    FiniteElements,
    Sensitivities,
    Study,
    linear_spreads,
    propagate,
    sensitivities,
    standard_borders,
    standard_conductivity,
    standard_readouts,
)
from tmsim.field.parameters import POSE_SCATTER
from tmsim.field.uncertainty import Draw
from tmsim.head import Head
from tmsim.placement import Placement, Pose
from tmsim.plan.stages import ROOMS, coil_content, target_of
from tmsim.plan.types import Plan
from tmsim.result import FieldUncertainty


def uncertainty_of(
    plan: Plan,
    head: Head,
    coil: Coil,
    pose: Pose,
    *,
    cache: Cache | None = None,
    progress: Progress = silent,
) -> FieldUncertainty | None:
    """How far the field of a plan may be off; None on a head without a cortex.

    Each draw is kept in ``cache``, so that a run that was stopped goes on, and more draws add to the first.
    """
    if not head.has_cortex:
        return None
    cache, study = cache or Cache(), study_of(plan, head, coil, pose)
    content = _content(study)

    def recall(number: int, compute: Callable[[], Draw]) -> Draw:
        arrays, _ = cache.arrays(
            stage_key("draw", content, number, rooms=ROOMS), lambda: _arrays_of(compute())
        )
        return Draw(**arrays)

    progress("how uncertain the field is", 0.0)
    share = 0.1 if plan.uncertainty.draws else 1.0
    arrays, _ = cache.arrays(
        stage_key("sensitivities", content, rooms=ROOMS),
        lambda: _arrays_of(sensitivities(study, progress=lambda what, done: progress(what, share * done))),
    )
    linear = linear_spreads(study, Sensitivities(**arrays))
    drawn = None
    if n_draws := plan.uncertainty.draws:
        drawn = propagate(
            study, n_draws, recall=recall, progress=lambda what, done: progress(what, 0.1 + 0.9 * done)
        )
    return FieldUncertainty(variables=study.variables, sources=study.sources, linear=linear, drawn=drawn)


def study_of(plan: Plan, head: Head, coil: Coil, pose: Pose) -> Study:
    """The field of a plan with what is uncertain of it by published and assumed ranges."""
    asked = plan.uncertainty
    return Study(
        head=head,
        coil=coil,
        pose=pose,
        readouts=standard_readouts(head, target_of(head, pose) if isinstance(pose, Placement) else None),
        method=FiniteElements(order=asked.order, tolerance=plan.field.tolerance),
        conductivity={} if head.tensors_S_per_m is not None else standard_conductivity(head),
        scatter=None if asked.held == "exactly" else POSE_SCATTER[asked.held],
        borders=standard_borders(head) if asked.borders else {},
        seed=plan.seed,
    )


def _arrays_of(one: Draw | Sensitivities) -> Arrays:
    return {f.name: getattr(one, f.name) for f in fields(one)}


def _content(study: Study) -> str:
    """A hash of all that decides sensitivities and draws."""
    head = study.head
    tensors = head.tensors_S_per_m
    readouts = [part for readout in study.readouts for part in vars(readout).values()]
    return sha256_of(
        head.nodes_m,
        head.tets,
        head.tags,
        head.element_sigma_S_per_m if tensors is None else tensors,
        *coil_content(study.coil),
        study.pose.matrix,
        asdict(study.method),
        [asdict(variable) for variable in study.variables],
        *readouts,
        study.seed,
    )
