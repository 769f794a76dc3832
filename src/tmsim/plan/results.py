"""A plan carried out, before anything is written: all stages in their order."""

from __future__ import annotations

from dataclasses import dataclass

from tmsim.core import Progress, silent
from tmsim.core.cache import Cache
from tmsim.field import summarize
from tmsim.field.types import Metrics
from tmsim.placement import Placement
from tmsim.plan.brain import brain_of
from tmsim.plan.response import respond
from tmsim.plan.session import hold_session, protocol_of
from tmsim.plan.stages import Clock, Solved, solve, target_of
from tmsim.plan.transmission import transmission_of
from tmsim.plan.types import Plan
from tmsim.plan.uncertainty import uncertainty_of
from tmsim.plan.weeks import weeks_of
from tmsim.result import Brain, FieldUncertainty, Response, Session, Transmission, Weeks


@dataclass(frozen=True, kw_only=True, eq=False)
class Results:
    """All that a plan comes to; ``metrics`` are of the field at the dose. What it doesn't have is None."""

    solved: Solved
    response: Response
    metrics: Metrics
    uncertainty: FieldUncertainty | None
    session: Session | None
    transmission: Transmission | None
    brain: Brain | None
    weeks: Weeks | None


def carry_out(
    plan: Plan, *, cache: Cache | None = None, progress: Progress = silent, clock: Clock | None = None
) -> Results:
    """From head and coil to the session; fields come from the cache where they were solved before.

    Raises
    ------
    InputError
        The plan can't be carried out.
    """
    cache, clock = cache or Cache(), clock or Clock()
    held = protocol_of(plan)  # one that contradicts itself is refused now, not after the solve
    with clock.stage("course"):
        weeks = None if held is None else weeks_of(plan, held)
    solved = solve(plan, cache=cache, progress=share(progress, 0.0, 0.4), clock=clock)
    response = respond(plan, solved, progress=share(progress, 0.4, 0.6), clock=clock)
    with clock.stage("metrics"):
        progress("metrics", 0.6)
        target_m = target_of(solved.head, solved.pose) if isinstance(solved.pose, Placement) else None
        metrics = summarize(solved.head, response.field, target_m=target_m)
    with clock.stage("uncertainty"):
        uncertainty = uncertainty_of(
            plan,
            solved.head,
            solved.coil,
            solved.pose,
            cache=cache,
            progress=share(progress, 0.62, 0.95),
        )
    with clock.stage("session"):
        progress("session", 0.95)
        session = None if held is None else hold_session(plan, held, solved, response)
    with clock.stage("transmitters"):
        transmission = None if held is None else transmission_of(plan, held, response)
    with clock.stage("network"):
        progress("the rest of the brain", 0.97)
        brain = brain_of(plan, response, session)
    return Results(
        solved=solved,
        response=response,
        metrics=metrics,
        uncertainty=uncertainty,
        session=session,
        transmission=transmission,
        brain=brain,
        weeks=weeks,
    )


def share(progress: Progress, start: float, end: float) -> Progress:
    """Progress of a part of the work, on the scale of the whole."""
    return lambda what, fraction: progress(what, start + (end - start) * fraction)
