"""``tmsim head``: which heads are built in, and whether a file is sound."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from tmsim.cli.show import Json, print_list

app = typer.Typer(help="Heads: which are built in, and whether a file is sound.")


@app.command("list")
def head_list(as_json: Json = False) -> None:
    """List the built-in heads."""
    from tmsim.head import builtin_names, metadata

    print_list([{"name": name, "label": metadata(name)["title"]} for name in builtin_names()], as_json)


@app.command("check")
def head_check(
    file: Annotated[str, typer.Argument(help="A .msh or NIfTI file, or a built-in head.")],
    repair: Annotated[bool, typer.Option("--repair", help="Check it as it is once mended.")] = False,
    as_json: Json = False,
) -> None:
    """Report sizes, quality, anatomy and faults of a head.

    Exit code 0 if it is sound, 2 if a field can't be computed on it.
    """
    from tmsim.core import InputError
    from tmsim.head import Head
    from tmsim.head.check import check

    report = check(Head.load(file, repair=True) if repair else file)
    print(json.dumps(report.as_dict(), indent=2) if as_json else report.as_text())
    if not report.sound:
        raise InputError(
            file, f"{len(report.faults)} fault(s)", "a sound head", "`--repair` mends what it can."
        )
