"""The virtual subject: one pulse at a time, its recruitment curve, and the hunt for its threshold."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from tmsim.core import stream
from tmsim.neuron.motor import (
    MaximumLikelihood,
    Subject,
    Trial,
    draw_mep_V,
    draw_subject,
    hunt,
    mep_trace,
    recruitment_curve,
    share_reaching,
    threshold_mso,
    with_threshold,
)
from tmsim.neuron.motor.parameters import CRITERION_V
from tmsim.neuron.motor.types import DEVICE_MSO
from tmsim.neuron.motor.waves import MAX_TIMES_RMT
from tmsim.plan import Plan
from tmsim.plan.types import Section
from tmsim.web.asked import body_as
from tmsim.web.panels.door import Asked, answer, number, numbers, remembered, results_if_ready
from tmsim.web.panels.evidence import badge

router = APIRouter()

_CURVE_RMT, _CURVE_STEPS = (0.6, 1.6), 21
_OWN_SHOTS = 1_000_000  # streams of shots lie beyond those of recruitment curves, whose number is small


class AskedPerson(Asked):
    """Whose hand: 0 is the plan's subject, with the threshold of this head where that is known."""

    person: int = Field(default=0, ge=0, le=10**6)


class AskedShot(AskedPerson):
    """One pulse; the same number of the shot gives the same MEP."""

    amplitude_mso: float = Field(ge=0, le=DEVICE_MSO)
    shot: int = Field(ge=0, le=10**6)


class Judged(Section):
    """A pulse and what the one who looked said of it."""

    amplitude_mso: float = Field(ge=0, le=DEVICE_MSO)
    mep_mV: float = Field(ge=0, lt=1000)
    responded: bool


class AskedHunt(AskedPerson):
    """The pulses of a hunt so far; ``reveal`` asks for the true threshold."""

    trials: list[Judged] = Field(max_length=200)
    reveal: bool = False


class AskedRun(AskedPerson):
    """A hunt that runs by itself."""

    method: str = "ml-pest"
    pulses: int = Field(default=20, ge=2, le=200)
    repeat: int = Field(default=0, ge=0, le=10**6)


@router.post("/person")
def person(asked: Annotated[AskedPerson, Depends(body_as(AskedPerson))], request: Request) -> JSONResponse:
    """The recruitment curve: what was recorded and what to expect, over multiples of the threshold."""
    subject, origin = _subject(asked, request)
    rmt_mso = threshold_mso(subject)

    def compute() -> dict[str, Any]:
        low, high = (share * rmt_mso for share in _CURVE_RMT)
        amplitudes = np.linspace(low, min(high, DEVICE_MSO), _CURVE_STEPS)
        curve = recruitment_curve(subject, amplitudes)
        return {
            "rmt_mso": number(rmt_mso),
            "expected_mso": numbers(curve.expected_mso),
            "shares": numbers(curve.shares),
            "quantiles_mV": numbers(curve.quantiles_V * 1e3),
            "amplitude_mso": numbers(curve.amplitude_mso),
            "mep_mV": numbers(curve.mep_V * 1e3),
            "reaching": numbers(share_reaching(subject, curve.expected_mso)),
        }

    told = remembered("curve", asked.checked.seed, asked.person, rmt_mso, compute=compute)
    return answer(
        {**told, "origin": origin, "criterion_mV": CRITERION_V.value * 1e3, "evidence": badge("mep")}
    )


@router.post("/person/shot")
def shot(asked: Annotated[AskedShot, Depends(body_as(AskedShot))], request: Request) -> JSONResponse:
    """The electromyogram after one pulse."""
    subject, _ = _subject(asked, request)
    generator = stream(subject.seed, "mep", subject.index, _OWN_SHOTS + asked.shot)
    size_V = float(draw_mep_V(subject, asked.amplitude_mso, generator))
    # Beyond the range of the waves the shape stays as it is at its end; the size doesn't.
    shaped_mso = min(asked.amplitude_mso, MAX_TIMES_RMT * threshold_mso(subject))
    trace = mep_trace(subject, shaped_mso, size_V)
    return answer(
        {
            "shot": asked.shot,
            "amplitude_mso": asked.amplitude_mso,
            "mep_mV": number(size_V * 1e3),
            "reaches": size_V >= CRITERION_V.value,
            "time_ms": numbers(trace.time_s[::4] * 1e3),
            "emg_mV": numbers(trace.emg_V[::4] * 1e3),
            "latency_ms": number(trace.latency_s * 1e3),
        }
    )


@router.post("/person/hunt")
def hunt_by_hand(asked: Annotated[AskedHunt, Depends(body_as(AskedHunt))], request: Request) -> JSONResponse:
    """What maximum likelihood makes of pulses that someone chose and judged."""
    subject, _ = _subject(asked, request)
    state = MaximumLikelihood(n_pulses=max(2, len(asked.trials) + 1))
    for judged in asked.trials:
        trial = Trial(
            amplitude_mso=judged.amplitude_mso, mep_V=judged.mep_mV / 1e3, responded=judged.responded
        )
        state = state.record_trial(trial)
    told: dict[str, Any] = {
        "next_mso": state.next_mso,
        "estimate_mso": number(state.estimate_mso),
        "band_mso": None if state.band_mso is None else numbers(state.band_mso),
    }
    if asked.reveal:
        true_mso = threshold_mso(subject)
        told["true_mso"] = number(true_mso)
        told["error"] = None if state.estimate_mso is None else number(state.estimate_mso / true_mso - 1)
    return answer(told)


@router.post("/person/run")
def hunt_by_itself(asked: Annotated[AskedRun, Depends(body_as(AskedRun))], request: Request) -> JSONResponse:
    """A whole hunt, its estimate after each pulse, and the true threshold."""
    subject, _ = _subject(asked, request)
    found = hunt(subject, method=asked.method, n_pulses=asked.pulses, repeat=asked.repeat)
    return answer(
        {
            "method": found.method,
            "trials": [
                {
                    "amplitude_mso": trial.amplitude_mso,
                    "mep_mV": number(trial.mep_V * 1e3),
                    "responded": trial.responded,
                    "estimate_mso": number(estimate),
                    "band_mso": None if band is None else numbers(band),
                }
                for trial, estimate, band in zip(
                    found.trials, found.estimates_mso, found.bands_mso, strict=True
                )
            ],
            "estimate_mso": number(found.estimate_mso),
            "true_mso": number(found.true_mso),
            "error": number(found.error),
        }
    )


def _subject(asked: AskedPerson, request: Request) -> tuple[Subject, str]:
    """The subject, and in words where its threshold is from."""
    plan: Plan = asked.checked
    subject = draw_subject(plan.seed, asked.person)
    if asked.person:
        return subject, "someone else, with a threshold of their own"
    ready = results_if_ready(request, plan)
    threshold = None if ready is None else ready.threshold
    if threshold is None or threshold.percent_mso is None:
        return subject, "a person drawn at random: this head's threshold is not known in %MSO"
    return with_threshold(
        subject, threshold.percent_mso
    ), "the plan's person, with the threshold of this head"
