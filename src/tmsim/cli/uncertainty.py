"""``tmsim uncertainty``: how far the field of a plan may be off, and what from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from tmsim.cli.show import Json, Picture, PlanFile, progress_bar, save_picture
from tmsim.core import InputError, to_si

if TYPE_CHECKING:
    from tmsim.field.sensitivity import LinearSpread
    from tmsim.field.uncertainty import Study, Uncertainty, Variable


def uncertainty(
    plan: PlanFile = None,
    samples: Annotated[int, typer.Option(help="Draws; each is one solve.")] = 200,
    seed: Annotated[int | None, typer.Option(help="Of the draws; the plan's if left out.")] = None,
    held: Annotated[
        str, typer.Option(help="How the coil is held: tracked (robot or navigation), cap, none (exactly).")
    ] = "tracked",
    borders: Annotated[bool, typer.Option(help="Let the borders of tissues be uncertain too.")] = True,
    radius: Annotated[str, typer.Option(help="Of the cortex round the target that is read.")] = "10 mm",
    order: Annotated[int, typer.Option(help="Order of the finite elements; 2 takes ten times as long.")] = 1,
    linear: Annotated[
        bool, typer.Option("--linear", help="First order only, from adjoint solves: in seconds, no draws.")
    ] = False,
    picture: Picture = None,
    as_json: Json = False,
) -> None:
    """Draw what is uncertain of a plan's field, and say how far it scatters and what from.

    Conductivities come from published ranges, the pose and the borders of tissues scatter as far as is known
    or assumed. Draws are kept: a run that was stopped goes on, and more samples add to those there are.
    """
    import tmsim.plan
    from tmsim.core.cache import Cache
    from tmsim.field.sensitivity import linear_spreads
    from tmsim.plan.uncertainty import study_of, uncertainty_of

    if held not in ("tracked", "cap", "none"):
        raise InputError("--held", repr(held), "tracked, cap or none")
    if order not in (1, 2):
        raise InputError("--order", str(order), "1 or 2")
    if seed is not None and not 0 <= seed < 2**63:
        raise InputError("--seed", str(seed), "0 or more")
    radius_m = to_si(radius, "m", name="--radius")
    if not 0 < radius_m <= 0.1:
        raise InputError("--radius", radius, "up to 100 mm, above zero")
    if linear and picture is not None:
        raise InputError("--picture", f"{picture} beside --linear", "one of the two")
    what = tmsim.plan.load(plan) if plan else tmsim.plan.default()
    cache = Cache()
    with progress_bar() as progress:
        study = study_of(
            what,
            scatter=cast("Literal['tracked', 'cap', 'none']", held),
            borders=borders,
            order=cast("Literal[1, 2]", order),
            radius_m=radius_m,
            seed=seed,
            cache=cache,
            progress=lambda what, done: progress(what, 0.05 * done),
        )
        if linear:
            outcome = linear_spreads(study, progress=progress)
        else:
            outcome = uncertainty_of(study, samples, cache=cache, progress=progress)
    if isinstance(outcome, tuple):
        _show_linear(study, outcome, as_json)
        return
    if picture is not None:
        from tmsim.report.uncertainty import uncertainty_figure

        save_picture(uncertainty_figure(study, outcome), picture)
    _show(study, outcome, as_json)


def _show(study: Study, outcome: Uncertainty, as_json: bool) -> None:
    if as_json:
        facts = {
            "draws": outcome.n_draws,
            "seed": outcome.seed,
            "didt_A_per_s": 1e6,
            "variables": [_variable_facts(variable) for variable in study.variables],
            "sources": [source.name for source in outcome.sources],
            "readouts": [asdict(spread) for spread in outcome.spreads],
        }
        print(json.dumps(facts, indent=2))
        return
    print(f"{_what(study)}; {outcome.n_draws} draws, seed {outcome.seed}. Fields in V/m at 1 A/us.\n")
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
            for spread in outcome.spreads
        ],
    )
    print("\nWhat it comes from: share of the variance alone, and with what it does together with others\n")
    rows = [
        (
            source.label,
            _ranges(study, source.name),
            *(f"{s.first_order[k]:.0%} ({s.total[k]:.0%})" for s in outcome.spreads),
        )
        for k, source in enumerate(outcome.sources)
    ]
    missed = ("not explained", "", *(f"{spread.unexplained:.1%}" for spread in outcome.spreads))
    _print_table(("", "", *(spread.readout for spread in outcome.spreads)), [*rows, missed])
    _print_footing(study)


def _show_linear(study: Study, spreads: Sequence[LinearSpread], as_json: bool) -> None:
    if as_json:
        facts = {
            "didt_A_per_s": 1e6,
            "variables": [_variable_facts(variable) for variable in study.variables],
            "sources": [source.name for source in study.sources],
            "readouts": [asdict(spread) for spread in spreads],
        }
        print(json.dumps(facts, indent=2))
        return
    print(f"{_what(study)}; to first order. Fields in V/m at 1 A/us.\n")
    _print_table(
        ("", "as planned", "SD"),
        [(s.label, f"{s.value:.3f}", _percent(s.sd, s.value)) for s in spreads],
    )
    print("\nWhat it comes from: standard deviation by each source alone\n")
    rows = [
        (
            source.label,
            _ranges(study, source.name),
            *(_percent(spread.sd_by_source[k], spread.value) for spread in spreads),
        )
        for k, source in enumerate(study.sources)
    ]
    _print_table(("", "", *(spread.readout for spread in spreads)), rows)
    print("\nFirst order holds for small changes only; the ranges of conductivity are not small.")
    _print_footing(study)


def _what(study: Study) -> str:
    from tmsim.placement import Placement

    where = f" over {study.pose.target}" if isinstance(study.pose, Placement) else ""
    return f"{study.coil.name}{where} on {study.solver.head.name}, order {study.solver.method.order}"


def _percent(sd: float, value: float) -> str:
    return f"{100 * sd / abs(value):.1f} %" if value else f"{sd:.3f}"


def _variable_facts(variable: Variable) -> dict[str, Any]:
    return {
        "name": variable.name,
        "source": variable.source.name,
        "unit": variable.unit,
        "nominal": variable.nominal,
        "distribution": type(variable.distribution).__name__.lower(),
        **asdict(variable.distribution),
    }


def _ranges(study: Study, source: str) -> str:
    """The distribution of a source, in the units of the field's papers."""
    from tmsim.field.chaos import Beta

    texts = []
    for variable in study.variables:
        if variable.source.name != source:
            continue
        spread = variable.distribution
        if isinstance(spread, Beta):
            texts.append(f"{spread.low:g} to {spread.high:g} {variable.unit}")
        else:
            scale, unit = {"m": (1e3, "mm"), "rad": (57.29577951308232, "deg")}[variable.unit]
            texts.append(f"SD {spread.sd * scale:.3g} {unit}")
    return ", ".join(dict.fromkeys(texts))


def _print_footing(study: Study) -> None:
    print(
        "\nConductivities and pose: published figures, in part unverified, in part widened by us."
        + (" Borders: assumed." if study.borders else "")
        + "\nDoubt about inputs, not differences between people. Research software, not a medical device."
    )


def _print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        print("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
