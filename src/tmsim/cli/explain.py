"""``tmsim explain``: the chain of a plan in plain words."""

from __future__ import annotations

import json
import textwrap
from dataclasses import asdict

from tmsim.cli.show import Json, PlanFile, progress_bar


def explain(
    plan: PlanFile = None,
    as_json: Json = False,
) -> None:
    """Explain how TMS works on a plan: one sentence a link, with its own figures, and what it rests on."""
    import tmsim.plan

    what = tmsim.plan.load(plan) if plan else tmsim.plan.default()
    with progress_bar() as progress:
        links = tmsim.plan.explain(tmsim.plan.carry_out(what, progress=progress))
    if as_json:
        print(json.dumps([asdict(link) for link in links], indent=2))
        return
    for number, link in enumerate(links, start=1):
        print(textwrap.fill(f"{number}. {link.name}: {link.sentence}", 100, subsequent_indent="   "))
        print(textwrap.fill(f"[{link.evidence}]", 100, initial_indent="   ", subsequent_indent="   "))
    print("\nResearch software, not a medical device.")
