"""The course: sessions over days and weeks, and what cohorts of people show in them."""

from __future__ import annotations

from tmsim.core import InputError
from tmsim.course import cohort, default_model, indication_of, schedule_of, symptom_model, trials
from tmsim.course.types import Arm, TrialArm
from tmsim.plan.types import Plan
from tmsim.pulse import Protocol
from tmsim.result import Weeks


def weeks_of(plan: Plan, held: Protocol) -> Weeks | None:
    """The course of a plan's protocol, active beside sham; None where the protocol has no course.

    Nothing of field, neurons or plasticity enters: no map from them to symptoms has been validated.

    Raises
    ------
    InputError
        The schedule is impossible, or the model or scale is unknown.
    """
    asked = plan.course
    if held.sessions_total is None and not asked.sessions:
        return None
    schedule = schedule_of(held, sessions=asked.sessions or None, missed=asked.missed)
    try:
        model = symptom_model(asked.model) if asked.model else default_model(held)
    except InputError as refused:
        if asked.model:
            raise
        return Weeks(schedule=schedule, cohorts=(), trials=_trials(held), missing=str(refused))
    arms: tuple[Arm, ...] = ("active", "sham")
    cohorts = tuple(
        cohort(
            schedule,
            n=asked.people,
            arm=arm,
            seed=plan.seed,
            model=model,
            scale=asked.scale or None,
        )
        for arm in arms
    )
    found = trials(model.indication, protocols=model.protocols)
    return Weeks(schedule=schedule, cohorts=cohorts, trials=found, missing="")


def _trials(held: Protocol) -> tuple[TrialArm, ...]:
    try:
        return trials(indication_of(held).name)
    except InputError:
        return ()
