"""The chain of the plan in plain words, link by link: each is worked out when it is asked for."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from tmsim.plan import explain
from tmsim.web.asked import body_as
from tmsim.web.panels.door import Asked, answer, live_results

router = APIRouter()


class AskedLinks(Asked):
    """Names of links; all if there are none."""

    links: tuple[str, ...] = ()


@router.post("/explain")
def chain(asked: Annotated[AskedLinks, Depends(body_as(AskedLinks))], request: Request) -> JSONResponse:
    """Sentences with this plan's own figures, and what each rests on."""
    links = explain(live_results(request, asked.checked), *asked.links)
    return answer({"links": [asdict(link) for link in links]})
