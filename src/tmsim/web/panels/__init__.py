"""What the panels of the page ask for: a plan in, plain JSON out.

Each module is a panel: it reads the plan, asks the rooms, and writes down what they say. What was worked out
lately is kept by what it depends on. A refusal is 422 with one sentence; 409 says that the field that a panel
needs isn't there yet.
"""

from __future__ import annotations

from fastapi import APIRouter

from tmsim.web.panels import (
    after,
    course,
    evidence,
    explain,
    network,
    person,
    pulse,
    recruit,
    train,
    transmitters,
)

router = APIRouter(prefix="/api/panels")
for panel in (
    pulse, recruit, person, train, after, transmitters, network, course, explain, evidence,
):  # fmt: skip
    router.include_router(panel.router)

__all__ = ["router"]
