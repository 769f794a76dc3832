"""The after-effect: how excitability changes over two hours, and how people differ in it."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from tmsim.plan import protocol_of
from tmsim.plan.session import blocks_of
from tmsim.plasticity import MODELS, threshold_change
from tmsim.result import BlockResult
from tmsim.web.asked import body_as
from tmsim.web.panels.door import Asked, answer, number, numbers, results_if_ready, sources
from tmsim.web.panels.evidence import badge
from tmsim.web.panels.train import plan_strength

router = APIRouter()

_STEP = 2  # of the model's half minutes
_SHOWN = 40  # people drawn as lines
_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


@router.post("/after")
def after(asked: Annotated[Asked, Depends(body_as(Asked))], request: Request) -> JSONResponse:
    """What each block of the plan's session leaves in a group of people."""
    plan = asked.checked
    held = protocol_of(plan)
    if held is None:
        return answer({"blocks": [], "missing": "A single pulse leaves no after-effect that is known."})
    intensity, _, _ = plan_strength(plan, results_if_ready(request, plan))
    blocks = [_told(result) for result in blocks_of(plan, held, intensity)]
    return answer({"blocks": blocks, "missing": ""})


def _told(result: BlockResult) -> dict[str, Any]:
    block, group = result.block, result.group
    told: dict[str, Any] = {
        "site": block.site,
        "sentence": str(block.train),
        "missing": result.missing,
        "group": None,
    }
    if group is None:
        return told
    effect, model = group.effect, MODELS[group.effect.model]()
    percent = 100 * group.change[:, ::_STEP]
    told["group"] = {
        "model": effect.model,
        "label": model.label,
        "validity": model.validity,
        "time_min": numbers(effect.time_s[::_STEP] / 60),
        "model_percent": numbers(100 * effect.change[::_STEP]),
        "mean_percent": numbers(100 * group.mean[::_STEP]),
        "sd_percent": numbers(100 * group.sd[::_STEP]),
        "levels": _LEVELS,
        "quantiles_percent": numbers(np.quantile(percent, _LEVELS, axis=0)),
        "people_percent": numbers(percent[:_SHOWN, ::2], 3),
        "people_responded": group.responders[:_SHOWN].tolist(),
        "people": len(percent),
        "peak_min": number(effect.time_s[effect.peak] / 60),
        "peak_percent": number(100 * group.mean[effect.peak]),
        "peak_sd_percent": number(100 * group.sd[effect.peak]),
        "left_percent": number(100 * group.mean[-1]),
        "responders": number(group.responders.mean()),
        "effect_size": number(group.effect_size) if group.sd[effect.peak] > 0 else None,
        "threshold_percent": number(100 * float(threshold_change(group.mean[effect.peak]))),
        "notes": list(effect.notes),
        "sources": sources(*effect.sources),
        "evidence": badge(effect.model),
    }
    return told
