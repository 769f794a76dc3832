"""The composer: sentence, nested blocks and name of a train, its raster, totals, sound, and what is found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from tmsim.core import InputError, OutsideModelError
from tmsim.placement import Pose
from tmsim.plan import Plan, protocol_of
from tmsim.plan.live import LiveResults
from tmsim.plan.session import hearing_of, strength_of
from tmsim.plan.types import Section
from tmsim.pulse import Block, Intensity, PercentAMT, PercentMSO, PercentRMT, Protocol, Train, protocol
from tmsim.pulse.types import Layer
from tmsim.safety import Finding, check_session
from tmsim.sensation import Sound, click_train
from tmsim.sensation.clicks import wav_bytes
from tmsim.web.asked import body_as
from tmsim.web.panels.door import Asked, answer, number, numbers, results_if_ready, sources
from tmsim.web.panels.evidence import badge

router = APIRouter()

_CLOSEST = 1 / 400  # of the raster's width; pulses closer than that are drawn as a block
_MOST_TICKS = 1200
_LONGEST_SOUND_s = 60.0
_CLOSING = "Findings are for a person to weigh. Research software, not a medical device."


class AskedLayer(Section):
    """One layer of a train, inner to outer; ``interval_s`` from onset to onset."""

    count: int = Field(ge=1, le=1_000_000)
    interval_s: float


class AskedTrain(Section):
    """A train as it is being written: in words, or as nested blocks."""

    words: str = Field(default="", max_length=2000)
    layers: list[AskedLayer] | None = Field(default=None, max_length=8)


@router.post("/train")
def train(asked: Annotated[Asked, Depends(body_as(Asked))], request: Request) -> JSONResponse:
    """The plan's session in all its forms, with its findings."""
    plan = asked.checked
    held = protocol_of(plan)
    if held is None:
        held = Protocol(id="single", label="A single pulse", blocks=(Block(train=Train(layers=())),))
    ready = results_if_ready(request, plan)
    intensity, percent_mso, missing = plan_strength(plan, ready)
    findings = check_session(
        held,
        intensity=intensity,
        device="" if percent_mso is None else plan.session.device,
        percent_mso=percent_mso,
    )
    return answer(
        {
            "id": held.id,
            "label": held.label,
            "status": held.status,
            "indication": held.indication,
            "evidence_level": held.evidence_level,
            "regulatory": held.regulatory,
            "notes": held.notes,
            "sources": sources(*held.sources),
            "blocks": [_block(block) for block in held.blocks],
            "totals": _totals(held),
            "intensity": None if intensity is None else str(intensity),
            "percent_mso": number(percent_mso),
            "missing": missing,
            "findings": [_finding(found) for found in findings],
            "closing": _CLOSING,
            "hearing": [] if ready is None else _hearing(held, ready, percent_mso),
            "evidence": badge("session"),
        }
    )


@router.post("/train/read")
def read(asked: Annotated[AskedTrain, Depends(body_as(AskedTrain))]) -> JSONResponse:
    """The same train in words and as blocks, or in ``refused`` why it can't be read while it is typed."""
    try:
        if asked.layers is None:
            made = protocol(asked.words).blocks[0].train
        else:
            made = Train(
                layers=tuple(Layer(count=one.count, interval_s=one.interval_s) for one in asked.layers)
            )
    except InputError as refused:
        return answer({"sentence": "", "layers": [], "refused": str(refused)})
    return answer({"sentence": str(made), "layers": _layers(made), "refused": ""})


@router.get("/clicks.wav")
def clicks(
    source: str = Query(max_length=2000),
    start_s: float = Query(default=0.0, ge=0),
    duration_s: float = Query(default=10.0, gt=0, le=_LONGEST_SOUND_s),
    block: int = Query(default=0, ge=0, le=100),
) -> Response:
    """What a session sounds like, in its own rhythm; loudness and timbre are of no one coil."""
    if source.lower().endswith(".toml"):
        raise InputError("source", "a file", "a name of the library or a sentence")
    blocks = protocol(source).blocks
    sound = click_train(blocks[min(block, len(blocks) - 1)].train, start_s=start_s, duration_s=duration_s)
    return Response(wav_bytes(sound), media_type="audio/wav", headers={"Cache-Control": "no-store"})


def plan_strength(plan: Plan, ready: LiveResults | None) -> tuple[Intensity | None, float | None, str]:
    """The dose as the tables want it, in %MSO where known, and what is missing."""
    asked = plan.pulse.intensity
    plain = asked if isinstance(asked, PercentRMT | PercentAMT | PercentMSO) else None
    percent = asked.value if isinstance(asked, PercentMSO) else None
    if ready is None:
        return plain, percent, "Output and loudness follow once the live field is ready."
    try:
        intensity, percent_mso = strength_of(
            plan, ready.threshold, ready.didt_max_A_per_s, ready.hand.missing
        )
    except (InputError, OutsideModelError) as refused:
        return plain, percent, str(refused)
    return intensity, percent_mso, ""


def _hearing(held: Protocol, ready: LiveResults, percent_mso: float | None) -> list[dict[str, Any]]:
    pose: Pose = ready.solved.pose
    return [
        {"ear": heard.ear, **_sound(heard.sound)} for heard in hearing_of(held, ready.head, pose, percent_mso)
    ]


def _sound(sound: Sound) -> dict[str, Any]:
    ranges = ("click", "busiest", "session", "protected_click", "protected_busiest", "protected_session")
    return {
        "distance_cm": number(sound.distance_m * 100, 3),
        **{
            f"{name}_dB": [round(r.low_dB), round(r.high_dB)]
            for name in ranges
            for r in [getattr(sound, name)]
        },
    }


def _finding(found: Finding) -> dict[str, Any]:
    return {
        "rule": found.rule,
        "severity": found.severity,
        "message": found.message,
        "status": found.status,
        "table": found.table,
        "cell": found.cell,
        "precedent": found.precedent,
        "sources": sources(found.source),
    }


def _totals(held: Protocol) -> dict[str, Any]:
    per_week = held.pulses_per_day * held.days_per_week
    return {
        "pulses": held.n_pulses,
        "duration_s": number(held.duration_s),
        "last_pulse_s": number(held.last_pulse_s, 6),
        "sessions_per_day": held.sessions_per_day,
        "between_sessions_min": held.between_sessions_s and number(held.between_sessions_s / 60),
        "days_per_week": held.days_per_week,
        "sessions_total": held.sessions_total,
        "taper_sessions": held.taper_sessions,
        "taper": held.taper,
        "pulses_per_day": held.pulses_per_day,
        "pulses_per_week": per_week,
        "pulses_total": held.pulses_total,
    }


def _block(block: Block) -> dict[str, Any]:
    return {
        "sentence": str(block.train),
        "layers": _layers(block.train),
        "site": block.site,
        "target": block.target,
        "intensity": "" if block.intensity is None else str(block.intensity),
        "pulses": block.train.n_pulses,
        "cycle_s": number(block.train.cycle_s),
        "rasters": rasters(block.train),
    }


def _layers(one: Train) -> list[dict[str, Any]]:
    return [{"count": layer.count, "interval_s": layer.interval_s} for layer in one.layers]


def rasters(one: Train) -> list[dict[str, Any]]:
    """All of a train, and one repetition of each layer within it; what lies too close is one block."""
    return [_raster(one.layers[:depth]) for depth in range(len(one.layers), 0, -1)] or [_raster(())]


def _raster(layers: Sequence[Layer]) -> dict[str, Any]:
    part = Train(layers=tuple(layers))
    length_s = part.cycle_s or 1.0
    apart = tuple(layer for layer in layers if layer.interval_s > _CLOSEST * length_s)
    width_s = Train(layers=tuple(layers[: len(layers) - len(apart)])).last_pulse_s
    onsets_s = Train(layers=apart).onsets_s()
    step = -(-len(onsets_s) // _MOST_TICKS)
    return {
        "length_s": number(length_s, 6),
        "pulses": part.n_pulses,
        "onsets_s": numbers(onsets_s[::step], 6),
        "width_s": number(np.float64(width_s), 6),
    }
