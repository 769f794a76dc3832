"""``tmsim uncertainty``: how far the field of a plan may be off, and what from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tmsim.cli.show import Json, Picture, PlanFile, progress_bar, save_picture
from tmsim.core import InputError

if TYPE_CHECKING:
    from tmsim.field import Uncertainty
    from tmsim.field.study import Variable
    from tmsim.result import FieldUncertainty

DRAWS = 200


def uncertainty(
    plan: PlanFile = None,
    draws: Annotated[
        int | None, typer.Option(help="Draws; each is one solve. 0: first order alone, no draws.")
    ] = None,
    held: Annotated[
        str | None,
        typer.Option(help="How the coil is held: tracked (robot or navigation), cap, or exactly as planned."),
    ] = None,
    borders: Annotated[
        bool | None, typer.Option("--borders/--no-borders", help="Whether borders of tissues are uncertain.")
    ] = None,
    order: Annotated[
        int | None, typer.Option(help="Order of the finite elements; 2 takes ten times as long.")
    ] = None,
    picture: Picture = None,
    as_json: Json = False,
) -> None:
    """Say how far a plan's field scatters with what is uncertain of it, and what the scatter comes from.

    Conductivities come from published ranges, the pose and the borders of tissues scatter as far as is known
    or assumed. Options that are left out are the plan's; 200 draws if it has none. Draws are kept: a run that
    was stopped goes on, and more draws add to those there are.
    """
    import tmsim.plan
    from tmsim.core.cache import Cache
    from tmsim.placement import Placement, check_clear
    from tmsim.plan.read import from_table
    from tmsim.plan.stages import coil_of, head_of, pose_of
    from tmsim.plan.uncertainty import uncertainty_of

    what = tmsim.plan.load(plan) if plan else tmsim.plan.default()
    given = {"draws": draws, "held": held, "borders": borders, "order": order}
    asked = what.uncertainty.model_dump() | {name: x for name, x in given.items() if x is not None}
    if draws is None and not asked["draws"]:
        asked["draws"] = DRAWS
    asked = from_table({"uncertainty": asked}, name="tmsim uncertainty").uncertainty
    what = what.model_copy(update={"uncertainty": asked})
    if picture is not None and not asked.draws:
        raise InputError("--picture", "no draws", "draws to make a map of")
    cache = Cache()
    with progress_bar() as progress:
        head, coil = head_of(what, cache), coil_of(what)
        pose = pose_of(what, head, coil)
        check_clear(head, coil, pose)
        found = uncertainty_of(what, head, coil, pose, cache=cache, progress=progress)
    if found is None:
        raise InputError("head", f"{head.name} has no cortex", "one with grey matter round white matter")
    if picture is not None and found.drawn is not None:
        from tmsim.report.uncertainty import uncertainty_figure

        save_picture(uncertainty_figure(head, pose, found.drawn), picture)
    if as_json:
        print(json.dumps(_facts(found), indent=2))
        return
    over = f" over {pose.target}" if isinstance(pose, Placement) else ""
    print(f"{coil.name}{over} on {head.name}, order {asked.order}. Fields in V/m at 1 A/us.\n")
    if found.drawn is None:
        _show_linear(found)
    else:
        _show(found, found.drawn)


def _facts(found: FieldUncertainty) -> dict[str, Any]:
    """What a script reads; fields at 1 A/us. [V/m]"""
    drawn = found.drawn
    return {
        "didt_A_per_s": 1e6,
        "variables": [_variable_facts(variable) for variable in found.variables],
        "sources": [source.name for source in found.sources],
        "first_order": [asdict(spread) for spread in found.linear],
        "draws": 0 if drawn is None else drawn.n_draws,
        "seed": None if drawn is None else drawn.seed,
        "readouts": [] if drawn is None else [asdict(spread) for spread in drawn.spreads],
    }


def _variable_facts(variable: Variable) -> dict[str, Any]:
    return {
        "name": variable.name,
        "source": variable.source.name,
        "unit": variable.unit,
        "nominal": variable.nominal,
        "distribution": type(variable.distribution).__name__.lower(),
        **asdict(variable.distribution),
    }


def _show(found: FieldUncertainty, drawn: Uncertainty) -> None:
    print(f"{drawn.n_draws} draws, seed {drawn.seed}\n")
    _print_table(
        ("", "as planned", "mean", "SD", "90 % of draws"),
        [
            (
                spread.label,
                f"{spread.nominal:.3f}",
                f"{spread.mean:.3f}",
                _percent(spread.sd, spread.mean),
                f"{spread.low:.3f} to {spread.high:.3f}",
            )
            for spread in drawn.spreads
        ],
    )
    print("\nWhat it comes from: share of the variance alone (Sobol index), and with others (total index)\n")
    rows = [
        (
            source.label,
            found.inputs_of(source),
            *(f"{s.first_order[k]:.0%} ({s.total[k]:.0%})" for s in drawn.spreads),
        )
        for k, source in enumerate(found.sources)
    ]
    missed = ("not explained", "", *(f"{spread.unexplained:.1%}" for spread in drawn.spreads))
    _print_table(("", "", *(spread.readout for spread in drawn.spreads)), [*rows, missed])
    print()
    for spread in drawn.spreads:
        most = max(spread.first_order)
        source = found.sources[spread.first_order.index(most)]
        print(f"{spread.readout}: most of it comes from the {source.label}, {most:.0%}.")
    _print_footing()


def _show_linear(found: FieldUncertainty) -> None:
    print("To first order, round the field as planned\n")
    _print_table(
        ("", "as planned", "SD"),
        [(s.label, f"{s.nominal:.3f}", _percent(s.sd, s.nominal)) for s in found.linear],
    )
    print("\nWhat it comes from: standard deviation that each source makes alone\n")
    rows = [
        (
            source.label,
            found.inputs_of(source),
            *(_percent(spread.sd_by_source[k], spread.nominal) for spread in found.linear),
        )
        for k, source in enumerate(found.sources)
    ]
    _print_table(("", "", *(spread.readout for spread in found.linear)), rows)
    print("\nFirst order holds for small changes only; the ranges of conductivity are not small.")
    _print_footing()


def _percent(sd: float, value: float) -> str:
    return f"{100 * sd / abs(value):.1f} %" if value else f"{sd:.3f}"


def _print_footing() -> None:
    print("\nConductivities and pose: published figures, in part unverified or widened. Borders: assumed.")
    print("Doubt about inputs, not differences between people. Research software, not a medical device.")


def _print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        print("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
