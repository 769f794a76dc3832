"""Who fires: the share of each population that the plan's pulse recruits, in the stage's own points."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from tmsim.head.regions import region_text
from tmsim.neuron import POPULATIONS
from tmsim.web.asked import body_as
from tmsim.web.bench import Bench
from tmsim.web.panels.door import Asked, answer, live_results, number, numbers, packed
from tmsim.web.panels.evidence import badge

router = APIRouter()

_REGIONS = 8


class AskedPopulation(Asked):
    """Which population is drawn on the cortex, none where it is empty; at all points, or the live ones."""

    population: str = ""
    full: bool = False


@router.post("/recruit")
def recruit(
    asked: Annotated[AskedPopulation, Depends(body_as(AskedPopulation))], request: Request
) -> JSONResponse:
    """Area, share and regions by population, and one's share at each point of the page's cortex."""
    results = live_results(request, asked.checked)
    response = results.response
    fired = response.recruitment
    if fired is None:
        return answer({"missing": "This head has no cortex.", "evidence": badge("neurons")})
    bench: Bench = request.app.state.bench
    shown = None
    if asked.population in fired.populations:
        share = fired.fraction[fired.populations.index(asked.population)]
        share = share if asked.full else share[bench.anatomy.live]
        shown = packed(share)
    return answer(
        {
            "model": fired.model,
            "didt_A_per_us": number(response.field.didt_A_per_s / 1e6),
            "threshold_V_per_m": number(fired.motor_threshold_V_per_m),
            "scale": number(fired.scale),
            "order": POPULATIONS,
            "populations": [
                {
                    "name": name,
                    "area_cm2": number(fired.area_m2[k] * 1e4),
                    "volume_cm3": number(fired.volume_m3[k] * 1e6),
                    "share": number(fired.share[k]),
                }
                for k, name in enumerate(fired.populations)
            ],
            "regions": [
                {
                    "region": row.region,
                    "text": region_text(row.region),
                    "area_cm2": number(row.area_m2 * 1e4),
                    "share": numbers(row.share),
                }
                for row in fired.regions[:_REGIONS]
            ],
            "overlay": shown,
            "evidence": badge("neurons"),
            "missing": "",
        }
    )
