"""Transmitters over the plan's session and over its course, for each case of what isn't known."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from numpy.lib.stride_tricks import sliding_window_view

from tmsim.core import FloatArray
from tmsim.transmitters import TRANSMITTERS, CourseRelease, Evidence, Release
from tmsim.web.asked import body_as
from tmsim.web.panels.door import Asked, answer, live_results, number, numbers, sources
from tmsim.web.panels.evidence import badge

router = APIRouter()

_SMOOTH_s = 30  # the cycle of standard trains, which would be a solid block
_MOST_POINTS = 240


@router.post("/transmitters")
def transmitters(asked: Annotated[Asked, Depends(body_as(Asked))], request: Request) -> JSONResponse:
    """Concentrations over the session and half an hour after it, and over the course."""
    found = live_results(request, asked.checked).transmission
    if found is None:
        missing = (
            "Nothing is known here: it takes pulses over the left prefrontal cortex, and a head with regions."
        )
        return answer({"missing": missing, "evidence": badge("transmitters")})
    release = found.release
    return answer(
        {
            "missing": "",
            "share": number(found.share),
            "session_min": number(release.session_s / 60),
            "cases": [
                {"sign": case.sign, "weights": case.weights, "text": str(case)} for case in release.cases
            ],
            "transmitters": [_told(release, k, known) for k, known in enumerate(release.evidence)],
            "binding_percent": {
                "change": numbers(100 * found.binding.change),
                "low": numbers(100 * found.binding.low),
                "high": numbers(100 * found.binding.high),
            },
            "course": None if found.over_course is None else _course(found.over_course),
            "notes": list(release.notes),
            "sources": sources(*release.sources),
            "evidence": badge("transmitters"),
        }
    )


def _told(release: Release, k: int, known: Evidence) -> dict[str, Any]:
    time_s, shown = _thinned(release.time_s, release.concentration_M[k] * 1e9)
    change = release.change[k]
    return {
        "name": TRANSMITTERS[k],
        "level": known.level,
        "sign": known.sign,
        "words": known.words,
        "model": known.model,
        "time_min": numbers(time_s / 60),
        "nM": numbers(shown),
        "rest_nM": numbers(release.rest_M[k] * 1e9),
        "change_percent": numbers(100 * change),
        "observations": [
            {
                "subjects": row.subjects,
                "stimulation": row.stimulation,
                "found": row.found,
                "status": row.change.status if row.change else "read",
                "change_percent": None if row.change is None else number(100 * row.change.value),
                "sources": sources(row.source),
            }
            for row in known.observations
        ],
    }


def _thinned(time_s: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Means over half a minute, as many as a curve on a screen can show."""
    width = min(_SMOOTH_s, len(time_s))
    time_s, values = (sliding_window_view(a, width, axis=-1).mean(axis=-1) for a in (time_s, values))
    step = max(1, len(time_s) // _MOST_POINTS)
    return time_s[::step], values[..., ::step]


def _course(course: CourseRelease) -> dict[str, Any]:
    return {
        "session": np.arange(1, len(course.autoreceptor) + 1).tolist(),
        "autoreceptor": numbers(course.autoreceptor),
        "rest_nM": numbers(course.rest_M * 1e9),
        "mean_nM": numbers(course.mean_M * 1e9),
    }
