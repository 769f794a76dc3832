"""The pulse panel: current and field over time, and what the dose comes to on this coil."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from tmsim.core import InputError, OutsideModelError
from tmsim.neuron.dose import MotorThreshold
from tmsim.plan import Plan
from tmsim.plan.live import LiveResults
from tmsim.plan.response import didt_of
from tmsim.plan.stages import coil_of
from tmsim.pulse import STIMULATORS, GeneratedWaveform, Waveform, waveform
from tmsim.web.asked import body_as
from tmsim.web.panels.door import Asked, answer, number, numbers, parameter, results_if_ready
from tmsim.web.panels.evidence import badge

router = APIRouter()

_SHOWN = 0.005  # of the peak: a tail that stays below is cut off the picture
_MOST_POINTS = 400


@router.post("/pulse")
def pulse(asked: Annotated[Asked, Depends(body_as(Asked))], request: Request) -> JSONResponse:
    """The waveform of the plan at its dose, and the dose in all its units."""
    plan = asked.checked
    shape = waveform(plan.pulse.waveform)
    ready = results_if_ready(request, plan)
    told = _dose(plan, ready)
    didt = told["didt_A_per_us"]
    return answer(
        {
            "waveform": _shape(plan.pulse.waveform, shape),
            "curve": _curve(shape, didt or 1.0),
            "dose": told,
            "output": _output(shape, didt),
            "evidence": badge("pulse"),
        }
    )


def _shape(name: str, shape: Waveform) -> dict[str, Any]:
    entry = STIMULATORS.get(name)
    return {
        "name": shape.name,
        "label": entry.label if entry else shape.name,
        "kind": shape.kind,
        "status": entry.status if entry else "unverified",
        "note": entry.note if entry else "",
        "figures": [parameter(*row) for row in entry.figures.items()] if entry else [],
        "duration_us": number(shape.duration_s * 1e6),
        "first_phase_us": number(shape.first_phase_s * 1e6),
        "second_peak": number(shape.second_peak),
    }


def _curve(shape: Waveform, didt_A_per_us: float) -> dict[str, Any]:
    last = int(np.flatnonzero(np.abs(shape.didt) > _SHOWN)[-1])
    step = max(1, last // _MOST_POINTS)
    shown = slice(0, last + 1, step)
    return {
        "time_us": numbers(shape.time_s[shown] * 1e6),
        "share": numbers(shape.didt[shown]),
        "didt_A_per_us": numbers(shape.didt[shown] * didt_A_per_us),
        "current_A": numbers(shape.current_s[shown] * didt_A_per_us * 1e6),
    }


def _output(shape: Waveform, didt_A_per_us: float | None) -> dict[str, Any] | None:
    if didt_A_per_us is None:
        return None
    if isinstance(shape, GeneratedWaveform):
        return {name: number(value) for name, value in asdict(shape.output(didt_A_per_us * 1e6)).items()}
    return {"current_A": number(shape.peak_current_A(didt_A_per_us * 1e6))}


def _dose(plan: Plan, ready: LiveResults | None) -> dict[str, Any]:
    """The dose as a slope, as output and as a share of the threshold; ``refused`` says what is missing."""
    threshold: MotorThreshold | None = None
    missing, didt = "the live field is still being prepared", None
    didt_max = plan.pulse.didt_max_A_per_s or coil_of(plan).didt_max_A_per_s
    refused = ""
    try:
        if ready is not None:
            threshold, missing = ready.threshold, ready.hand.missing
        didt = didt_of(plan, threshold, didt_max, missing)
    except (InputError, OutsideModelError) as fault:
        refused = str(fault)
    return {
        "text": plan.pulse.dose,
        "didt_A_per_us": None if didt is None else number(didt / 1e6, 6),
        "percent_mso": number(100 * didt / didt_max) if didt and didt_max else None,
        "percent_rmt": number(100 * didt / threshold.didt_A_per_s) if didt and threshold else None,
        "didt_max_A_per_us": None if didt_max is None else number(didt_max / 1e6),
        "threshold": threshold
        and {
            "didt_A_per_us": number(threshold.didt_A_per_s / 1e6),
            "percent_mso": number(threshold.percent_mso),
            "field_V_per_m": number(threshold.drive_V_per_m),
            "measured": threshold.measured,
            "site": plan.motor.site,
        },
        "refused": refused,
        "ready": ready is not None,
    }
