"""``tmsim run``: a whole plan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tmsim.cli.show import Json, progress_bar


def run(
    out: Annotated[
        Path,
        typer.Option(
            help="Folder for the results: new, empty, or that of an earlier run, which is replaced."
        ),
    ],
    plan: Annotated[
        Path | None,
        typer.Argument(help="A plan in TOML, or the outcome.json of an earlier run.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Carry out a plan: from head and coil to field, dose, who fires, files and report.

    Without a plan: the built-in head, a 70 mm figure-8 coil over F3 at 45 degrees, at 120 % of the motor
    threshold that the same coil has over the hand area.
    Solved fields are kept (TMSIM_CACHE names the folder), so a run that was stopped goes on where it was.
    """
    import tmsim.plan

    what = tmsim.plan.load(plan) if plan else tmsim.plan.default()
    with progress_bar() as progress:
        outcome = tmsim.plan.run(what, out, progress=progress)
    if as_json:
        print(outcome.model_dump_json(indent=2))
    else:
        _print_outcome(outcome, out)


def _print_outcome(outcome: Any, out: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    numbers, solved = outcome.metrics, outcome.field
    rows = [
        ("99.9th percentile of |E| in grey matter", f"{numbers.p999_V_per_m:.3g} V/m"),
        ("at", "  ".join(f"{1e3 * x:.1f}" for x in numbers.peak_m) + " mm"),
        ("cortex above half of it", f"{numbers.area_50_m2 * 1e4:.1f} cm²"),
        ("half-depth", f"{numbers.half_depth_m * 1e2:.2f} cm"),
        ("dI/dt", f"{solved.didt_A_per_s / 1e6:.4g} A/us"),
        *_response_rows(outcome.response),
    ]
    if numbers.target_mean_V_per_m is not None:
        rows.insert(2, ("mean |E| round the target", f"{numbers.target_mean_V_per_m:.3g} V/m"))
    if solved.error is not None:
        share = f"{100 * solved.error.median:.1f} % median, {100 * solved.error.p95:.1f} % 95th percentile"
        if solved.misses_error:
            share += f"; {outcome.plan.field.error} asked for, but the limit of unknowns came first"
        rows.append(("error of discretisation", share))
    if outcome.at_coil_maximum is not None:
        most = outcome.at_coil_maximum
        rows.append((f"at full output, {most.didt_A_per_s / 1e6:.0f} A/us", f"{most.p999_V_per_m:.0f} V/m"))
    table = Table(show_header=False, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    console = Console()
    console.print(table)
    console.print(f"{len(outcome.files) + 1} files in {out}", highlight=False)


def _response_rows(response: Any) -> list[tuple[str, str]]:
    rows = [("pulse", response.waveform)]
    if threshold := response.threshold:
        how = "measured" if threshold.measured else "simulated"
        output = "" if threshold.percent_mso is None else f"{threshold.percent_mso:.0f} %MSO, "
        rows.append((f"motor threshold, {how}", f"{output}{threshold.didt_A_per_s / 1e6:.3g} A/us"))
        rows.append(("dose", f"{100 * response.didt_A_per_s / threshold.didt_A_per_s:.0f} %RMT"))
    area_m2 = {layer.population: layer.area_m2 for layer in response.layers}
    if "L5" in area_m2:
        rows.append(("cortex whose L5 cells fire", f"{area_m2['L5'] * 1e4:.2g} cm²"))
    return rows
