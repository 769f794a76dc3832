"""Plans and placements by request: TOML to JSON and back, a target to a pose."""

from __future__ import annotations

import math
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from tmsim.placement import Electrode, Named
from tmsim.placement.parameters import NAMED_POINTS
from tmsim.plan import dump, parse
from tmsim.plan.read import from_table
from tmsim.plan.types import Section
from tmsim.web.asked import body_as
from tmsim.web.bench import Bench
from tmsim.web.live import Triple, where
from tmsim.web.placing import Place, aim_at

router = APIRouter(prefix="/api")


class TomlAsked(Section):
    """A plan as text."""

    toml: str


class PlanAsked(Section):
    """A plan as JSON; what is left out takes its default."""

    plan: dict[str, Any]


class PlaceAsked(Section):
    """A coil over a target or a point. [mm, deg]"""

    coil: str
    target: str | None = None
    point_mm: Triple | None = None
    angle_deg: float = 45.0
    tilt_deg: tuple[float, float] = (0.0, 0.0)
    gap_mm: float = 4.0


@router.post("/plan/parse")
def plan_parse(asked: Annotated[TomlAsked, Depends(body_as(TomlAsked))]) -> dict[str, Any]:
    """TOML to a plan with every default written out."""
    return {"plan": parse(asked.toml).model_dump(mode="json")}


@router.post("/plan/toml")
def plan_toml(asked: Annotated[PlanAsked, Depends(body_as(PlanAsked))]) -> dict[str, str]:
    """A plan to TOML, every default written out."""
    return {"toml": dump(from_table(asked.plan))}


@router.post("/plan/check")
def plan_check(asked: Annotated[PlanAsked, Depends(body_as(PlanAsked))]) -> dict[str, Any]:
    """A plan with every default written out."""
    return {"plan": from_table(asked.plan).model_dump(mode="json")}


@router.post("/place")
def place(asked: Annotated[PlaceAsked, Depends(body_as(PlaceAsked))], request: Request) -> dict[str, Any]:
    """Where a coil sits over a target."""
    bench: Bench = request.app.state.bench
    target = aim_at(asked.target, asked.point_mm)
    about_x, about_y = (math.radians(tilt) for tilt in asked.tilt_deg)
    spot = Place(
        target=target,
        angle_rad=math.radians(asked.angle_deg),
        tilt_rad=(about_x, about_y),
        gap_m=asked.gap_mm * 1e-3,
    )
    placement = bench.placer.place(bench.coil(asked.coil), spot)
    match target:
        case Named(name):
            label = NAMED_POINTS[name].label
        case Electrode(name):
            label = name
        case _:
            label = str(target)
    return {**where(placement), "target_mm": (placement.target_m * 1e3).tolist(), "label": label}
