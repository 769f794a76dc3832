"""The rest of the brain: what a pulse of the plan evokes, and rest before and after its session."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from tmsim.head import Head
from tmsim.head.regions import region_text, regions_of
from tmsim.network import similarity
from tmsim.result import Brain
from tmsim.web.asked import body_as
from tmsim.web.panels.door import Asked, answer, live_results, number, numbers, packed, sources
from tmsim.web.panels.evidence import badge

router = APIRouter()

_REGIONS = 12
_TRACES = 5
_MOST_POINTS = 300
_LAST_s = 0.4
_SUBCORTICAL = {
    "accumb": "accumbens",
    "amyg": "amygdala",
    "caud": "caudate",
    "hippo": "hippocampus",
    "pal": "pallidum",
    "put": "putamen",
    "thal": "thalamus",
}
"""Nuclei of the built-in connectome, whose labels are a side and one of these."""


class AskedNetwork(Asked):
    """Which part of the response the cortex shows, if any; at all points, or the live ones."""

    shown: Literal["", "early", "late"] = ""
    full: bool = False


@router.post("/network")
def network(asked: Annotated[AskedNetwork, Depends(body_as(AskedNetwork))], request: Request) -> JSONResponse:
    """The evoked response by region, early and late, and how rates and correlations at rest change."""
    results = live_results(request, asked.checked)
    brain = results.brain
    if brain is None:
        missing = "This pulse makes next to no cells fire in any region of the connectome."
        return answer({"missing": missing, "evidence": badge("network")})
    evoked, cut = brain.evoked, brain.without_connections
    size = evoked.early_mV + evoked.late_mV
    order = [int(k) for k in np.argsort(-size)[:_REGIONS]]
    shown = evoked.time_s <= _LAST_s
    step = max(1, int(shown.sum()) // _MOST_POINTS)
    far = evoked.late_mV[evoked.elsewhere].sum()
    return answer(
        {
            "missing": "",
            "connectome": brain.connectome.name,
            "source": brain.connectome.source,
            "site": brain.site,
            "site_text": region_text(brain.site),
            "regions": [
                {
                    "region": evoked.labels[k],
                    "text": _text(evoked.labels[k]),
                    "recruited": number(evoked.recruited[k]),
                    "early_mV": number(evoked.early_mV[k]),
                    "late_mV": number(evoked.late_mV[k]),
                    "late_cut_mV": number(cut.late_mV[k]),
                }
                for k in order
            ],
            "time_ms": numbers(evoked.time_s[shown][::step] * 1e3),
            "traces": [
                {
                    "text": _text(evoked.labels[k]),
                    "recruited": bool(evoked.recruited[k] > 0),
                    "mV": numbers(evoked.potential_mV[k, shown][::step]),
                }
                for k in order[:_TRACES]
            ],
            "far_share": number(far / evoked.late_mV.sum()),
            "far_kept_when_cut": number(cut.late_mV[evoked.elsewhere].sum() / far) if far > 0 else None,
            "overlay": _on_cortex(asked, brain, results.head, request) if asked.shown else None,
            "rest": _rest(brain),
            "rest_missing": brain.missing,
            "notes": list(evoked.notes),
            "sources": sources(*evoked.sources, *brain.resting.sources),
            "evidence": badge("network"),
        }
    )


def _text(label: str) -> str:
    nucleus = _SUBCORTICAL.get(label[1:])
    return f"{'left' if label[0] == 'L' else 'right'} {nucleus}" if nucleus else region_text(label)


def _on_cortex(asked: AskedNetwork, brain: Brain, head: Head, request: Request) -> str:
    """The response of each point's region, over that of the strongest region of the cortex."""
    size = brain.evoked.early_mV if asked.shown == "early" else brain.evoked.late_mV
    share = np.minimum(size / size[brain.connectome.cortical].max(), 1.0)
    by_region = dict(zip(brain.evoked.labels, share.tolist(), strict=True))
    regions = regions_of(head)
    at = regions.index if asked.full else regions.index[request.app.state.bench.anatomy.live]
    return packed(np.array([by_region.get(name, 0.0) for name in regions.names])[at])


def _rest(brain: Brain) -> dict[str, Any] | None:
    wiring, change = brain.connectome, brain.change
    if change is None:
        return None
    site = wiring.index(change.region)
    measured = wiring.functional
    return {
        "synapses": change.synapses,
        "change_percent": number(100 * change.change),
        "rate_before_Hz": number(change.before.rates_Hz[site]),
        "rate_after_Hz": number(change.after.rates_Hz[site]),
        "similarity": None
        if measured is None
        else number(similarity(brain.resting.fc, measured, wiring.cortical)),
        "regions": [
            {
                "text": _text(row.region),
                "fc_before": number(row.fc_before),
                "fc_after": number(row.fc_after),
            }
            for row in change.regions[:_REGIONS]
        ],
        "notes": list(change.notes),
    }
