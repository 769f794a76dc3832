"""``tmsim plan``: print the default, check one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tmsim.cli.show import Json

app = typer.Typer(help="Plans: print the default, and check one without running it.")


@app.command("default")
def plan_default() -> None:
    """Print the default plan, every key with its value: a plan to start from."""
    import tmsim.plan

    print(tmsim.plan.dump(tmsim.plan.default()), end="")


@app.command("check")
def plan_check(
    file: Annotated[Path, typer.Argument(help="A plan in TOML, or an outcome.json.")],
    as_json: Json = False,
) -> None:
    """Check a plan and print it with every default written out."""
    import tmsim.plan

    plan = tmsim.plan.load(file)
    print(plan.model_dump_json(indent=2) if as_json else tmsim.plan.dump(plan), end="\n" if as_json else "")
