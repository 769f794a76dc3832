"""What all panels share: the plan they are asked with, the live head behind it, and how they refuse."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from tmsim.core import FloatArray, Parameter
from tmsim.core.citations import citations
from tmsim.plan import Plan
from tmsim.plan.live import LiveResults, Memory
from tmsim.plan.read import from_table
from tmsim.plan.types import Section
from tmsim.web.bench import Bench

_MEMORY = Memory()


class Asked(Section):
    """What every panel is asked with."""

    plan: dict[str, Any]

    @property
    def checked(self) -> Plan:
        """The plan, or a refusal."""
        return from_table(self.plan)


def live_results(request: Request, plan: Plan) -> LiveResults:
    """The plan on the live head.

    Raises
    ------
    HTTPException
        With 409: the head or its basis isn't there yet.
    """
    ready = results_if_ready(request, plan)
    if ready is None:
        raise HTTPException(409, "The live field is still being prepared; this follows once it is ready.")
    return ready


def results_if_ready(request: Request, plan: Plan) -> LiveResults | None:
    """The same, None while it isn't there: for panels that have something to say without a field."""
    bench: Bench = request.app.state.bench
    if bench.fields is None:
        return None
    return LiveResults(plan=plan, head=bench.head, basis=bench.fields.full, memory=_MEMORY)


def remembered(name: str, *parts: object, compute: Callable[[], Any]) -> Any:
    """What ``compute`` gives, kept under the parts it depends on: numbers, text or sections."""
    told = [part.model_dump(mode="json") if isinstance(part, BaseModel) else part for part in parts]
    return _MEMORY.of((name, json.dumps(told, sort_keys=True)), compute)


def numbers(values: npt.ArrayLike, digits: int = 4) -> Any:
    """An array as nested lists with so many significant digits: what a curve on a screen can show."""
    array = np.asarray(values, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        power = 10.0 ** (digits - 1 - np.floor(np.log10(np.abs(array))))
    scale = np.where(np.isfinite(power) & (power > 0), power, 1.0)
    rounded = np.round(array * scale) / scale
    return np.where(np.isfinite(rounded), rounded.astype(object), np.array(None)).tolist()


def number(value: float | None, digits: int = 4) -> float | None:
    """One such number."""
    return None if value is None else numbers(value, digits)


def packed(share: FloatArray) -> str:
    """Shares, 0 to 1, as base64 of a byte each: 255 steps are finer than a colour can show."""
    return base64.b64encode(np.rint(255 * share).astype(np.uint8).tobytes()).decode()


def parameter(name: str, figure: Parameter) -> dict[str, Any]:
    """A published number as a row of a table."""
    return {
        "name": name,
        "value": figure.value,
        "unit": figure.unit,
        "source": figure.source,
        "status": figure.status,
        "note": figure.note,
    }


def sources(*keys: str) -> list[dict[str, str]]:
    """Works by their keys, as a reader wants them; words that are no key are left out."""
    known = citations()
    return [
        {
            "key": key,
            "text": str(known[key]).partition(" doi:")[0],
            "url": f"https://doi.org/{known[key].doi}" if known[key].doi else "",
        }
        for key in dict.fromkeys(keys)
        if key in known
    ]


def answer(content: Any) -> JSONResponse:
    """JSON that no one keeps: it is of this plan."""
    return JSONResponse(content, headers={"Cache-Control": "no-store"})
