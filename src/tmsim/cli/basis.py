"""``tmsim basis``: a head made ready for live fields."""

from __future__ import annotations

from typing import Annotated, Literal, cast

import typer

from tmsim.cli.show import Json, print_facts, progress_bar
from tmsim.core import InputError


def basis(
    head: Annotated[str, typer.Argument(help="A built-in head, or a .msh or NIfTI file.")] = "colin27",
    order: Annotated[
        int, typer.Option(help="Of the finite elements: 1 within a minute, 2 within minutes and truer.")
    ] = 1,
    modes: Annotated[int, typer.Option(help="Modes that are solved: more for coils below 50 mm.")] = 192,
    as_json: Json = False,
) -> None:
    """Prepare the field basis of a head, from which the field of any coil takes milliseconds.

    It is kept in the cache, where `FieldBasis.load_or_build` finds it. Ctrl-C stops; the same command
    goes on where it was.
    """
    from tmsim.field import BasisSpec, FieldBasis
    from tmsim.head import Head

    if order not in (1, 2):
        raise InputError("--order", str(order), "1 or 2")
    spec = BasisSpec(order=cast("Literal[1, 2]", order), modes=modes)
    with progress_bar() as progress:
        ready = FieldBasis.load_or_build(Head.load(head), spec, progress=progress)
    facts = {
        "head": ready.head_name,
        "order": ready.spec.order,
        "points": ready.n_points,
        "modes": ready.modes.moments.shape[1],
        "size_MB": round(ready.panels.nbytes / 1e6, 1),
        "relative_residual": float(f"{ready.relative_residual:.2g}"),
    }
    print_facts(facts, as_json)
