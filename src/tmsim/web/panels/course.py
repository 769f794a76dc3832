"""The course: its calendar, what cohorts show in it week by week, and the figures of trials beside them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from tmsim.core import FloatArray, InputError
from tmsim.course import (
    INDICATIONS,
    MODELS,
    Cohort,
    Schedule,
    TrialArm,
    binomial_band,
    effect_size,
    indication_of,
)
from tmsim.plan import protocol_of
from tmsim.plan.weeks import weeks_of
from tmsim.pulse import Protocol
from tmsim.web.asked import body_as
from tmsim.web.panels.door import Asked, answer, number, numbers, remembered, sources
from tmsim.web.panels.evidence import badge

router = APIRouter()

_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
_TRIAL_OUTCOMES = ("response", "remission")


@router.post("/course")
def course(asked: Annotated[Asked, Depends(body_as(Asked))]) -> JSONResponse:
    """Sessions on their days, two arms of virtual people, and published arms."""
    plan = asked.checked
    held = protocol_of(plan)
    if held is None:
        return answer(
            {"schedule": None, "missing": "A single pulse has no course.", "evidence": badge("course")}
        )

    def compute() -> dict[str, Any]:
        weeks = weeks_of(plan, held)
        if weeks is None:
            missing = f"{held.label} has no course of its own: say how many sessions are given."
            return {"schedule": None, "missing": missing}
        arms = weeks.cohorts
        return {
            "schedule": _schedule(weeks.schedule),
            "missing": weeks.missing,
            "arms": [_arm(cohort) for cohort in arms],
            "effect_size": numbers(effect_size(*arms)) if len(arms) == 2 else None,
            "model": _model(arms[0]) if arms else None,
            "notes": list(arms[0].notes) if arms else [],
            "trials": [_trial(arm) for arm in weeks.trials if _is_shown(arm)],
        }

    told = remembered("course", plan.session.protocol, plan.course, plan.seed, compute=compute)
    choices = [{"name": model.name, "label": model.label} for model in MODELS.values()]
    return answer({**told, "indication": _indication(held), "models": choices, "evidence": badge("course")})


def _schedule(schedule: Schedule) -> dict[str, Any]:
    tapered = {session.day for session in schedule.sessions if session.taper}
    days = range(1, 7 * schedule.sessions[-1].week + 1)
    gap_s = schedule.between_sessions_s
    return {
        "name": schedule.name,
        "planned": len(schedule.sessions),
        "given": len(schedule.given),
        "pulses_total": schedule.pulses_total,
        "last_day": schedule.last_day,
        "weeks": schedule.sessions[-1].week,
        "most_a_day": schedule.most_sessions_a_day,
        "between_min": None if gap_s is None else number(gap_s / 60),
        "days": [
            {
                "day": day,
                "planned": schedule.planned_on[day],
                "given": schedule.given_on[day],
                "taper": day in tapered,
                "pulses": schedule.pulses_by(day),
            }
            for day in days
        ],
    }


def _arm(cohort: Cohort) -> dict[str, Any]:
    remission = cohort.remission
    return {
        "arm": cohort.spec.arm,
        "people": len(cohort),
        "day": cohort.day.tolist(),
        "sessions": cohort.sessions.tolist(),
        "mean": numbers(cohort.mean),
        "mean_band": numbers(cohort.mean_band),
        "sd": numbers(cohort.sd),
        "levels": _LEVELS,
        "quantiles": numbers(cohort.quantiles(_LEVELS)),
        "response": _share(cohort.response, len(cohort)),
        "remission": None if remission is None else _share(remission, len(cohort)),
        "classes": [
            {"name": kind.name, "share": number(share), "mean": numbers(cohort.class_mean(k))}
            for k, (kind, share) in enumerate(zip(cohort.classes, cohort.class_share.tolist(), strict=True))
        ],
    }


def _share(share: FloatArray, people: int) -> dict[str, Any]:
    low, high = binomial_band(share, people)
    return {
        "percent": numbers(100 * share),
        "low_percent": numbers(100 * low),
        "high_percent": numbers(100 * high),
    }


def _model(cohort: Cohort) -> dict[str, Any]:
    model, scale = cohort.spec.model, cohort.spec.scale
    return {
        "name": model.name,
        "label": model.label,
        "scale": scale.name,
        "scale_label": scale.label,
        "scales": [one.name for one in model.scales],
        "remission_at": None if scale.remission is None else scale.remission.value,
        "published": model.published,
        "calibrated": model.calibrated,
        "sources": sources(*model.sources),
    }


def _is_shown(arm: TrialArm) -> bool:
    return any(outcome.name in _TRIAL_OUTCOMES for outcome in arm.outcomes)


def _trial(arm: TrialArm) -> dict[str, Any]:
    return {
        "trial": arm.trial,
        "label": arm.label,
        "arm": arm.arm,
        "design": arm.design,
        "people": arm.n,
        "scale": arm.scale,
        "note": arm.note,
        "outcomes": [
            {
                "name": outcome.name,
                "percent": number(100 * outcome.value.value),
                "low_percent": None if outcome.low is None else number(100 * outcome.low),
                "high_percent": None if outcome.high is None else number(100 * outcome.high),
                "when": outcome.when,
                "status": outcome.value.status,
                "sources": sources(outcome.value.source),
            }
            for outcome in arm.outcomes
            if outcome.name in _TRIAL_OUTCOMES
        ],
    }


def _indication(held: Protocol) -> dict[str, str] | None:
    try:
        found = INDICATIONS[indication_of(held).name]
    except InputError:
        return None
    return {"name": found.name, "label": found.label, "evidence": found.evidence}
