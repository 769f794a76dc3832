"""The command line: it parses, calls `tmsim.plan`, and prints. What it can do, three lines of Python can.

Results go to stdout (``--json``: one JSON document), everything else to stderr. Exit codes: 0 done,
1 a fault of tmsim itself, 2 a fault that the one sentence on stderr names, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from tmsim.core import Progress, TmsimError, silent

app = typer.Typer(
    name="tmsim",
    help="Simulate transcranial magnetic stimulation: which electric field a coil induces in a head.\n\n"
    "Research software, not a medical device.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
head_app = typer.Typer(help="Heads: which are built in, and whether a file is sound.")
coil_app = typer.Typer(help="Coils: which are built in, and what is known of one.")
plan_app = typer.Typer(help="Plans: print the default, and check one without running it.")
app.add_typer(head_app, name="head")
app.add_typer(coil_app, name="coil")
app.add_typer(plan_app, name="plan")

_STOPPED = 130  # 128 + SIGINT, as shells have it

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line on ``argv`` (default: the program's own) and return its exit code."""
    with _ctrl_c() as pressed:
        try:
            return app(args=argv, prog_name="tmsim", standalone_mode=False) or 0
        except typer.TyperException as refused:
            message = " ".join(refused.format_message().split())
            return _refuse(f"{message.rstrip('.')}; see `tmsim --help`.")
        except TmsimError as refused:
            return _refuse(str(refused))
        except OSError as fault:
            where = f"{fault.filename}: " if fault.filename else ""
            return _refuse(f"{where}{fault.strerror or fault}.")
        except (KeyboardInterrupt, typer.Abort):
            return _STOPPED
        except Exception:
            if pressed:
                return _STOPPED
            raise


@contextmanager
def _ctrl_c() -> Iterator[list[int]]:
    """Note each Ctrl-C: one that strikes inside compiled code comes back as an error of another kind."""
    pressed: list[int] = []

    def note(number: int, _frame: object) -> None:
        pressed.append(number)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield pressed  # only the main thread may handle signals
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _refuse(sentence: str) -> int:
    print(f"tmsim: {sentence}", file=sys.stderr)
    return 2


@app.callback(invoke_without_command=True)
def tmsim(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Simulate transcranial magnetic stimulation: which electric field a coil induces in a head.

    Research software, not a medical device.
    """
    if version:
        from importlib.metadata import version as release

        print(f"tmsim {release('tmsim')}")
    elif context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
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
    """Carry out a plan: from head and coil to field, numbers, files and report.

    Without a plan: the built-in head, a 70 mm figure-8 coil over F3 at 45 degrees, 1 A/us.
    Solved fields are kept (TMSIM_CACHE names the folder), so a run that was stopped goes on where it was.
    """
    import tmsim.plan

    what = tmsim.plan.load(plan) if plan else tmsim.plan.default()
    with _progress() as progress:
        outcome = tmsim.plan.run(what, out, progress=progress)
    if as_json:
        print(outcome.model_dump_json(indent=2))
    else:
        _print_outcome(outcome, out)


@app.command()
def field(
    out: Annotated[Path, typer.Option(help="The .npz file to write.")],
    head: Annotated[str, typer.Option(help="A built-in head, or a .msh or NIfTI file.")] = "colin27",
    coil: Annotated[
        str, typer.Option(help="A built-in coil, or a .ccd, .tcd or .nii.gz file.")
    ] = "magstim-70mm-fig8",
    pose: Annotated[
        Path | None, typer.Option(help="Text file with the 4x4 of the coil in mm, SimNIBS convention.")
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(help="Where to aim instead: F3, beam-f3, hand-knob-left, 'mni -42 44 26 mm', ..."),
    ] = None,
    angle: Annotated[
        str | None, typer.Option(help="Handle away from the midline; 45 deg if not given.")
    ] = None,
    gap: Annotated[
        str | None, typer.Option(help="Scalp to casing, hair included; 4 mm if not given.")
    ] = None,
    didt: Annotated[str, typer.Option(help="Rate of change of the coil current.")] = "1 A/us",
    order: Annotated[int, typer.Option(help="Order of the finite elements, 1 or 2.")] = 2,
    as_json: Json = False,
) -> None:
    """Solve one field and write it by tetrahedron.

    The .npz holds E_V_per_m (n_tets, 3), centers_m (n_tets, 3) and tags (n_tets,), in the order of the
    head's file, and pose_simnibs_mm (4, 4) and didt_A_per_s.
    """
    import numpy as np

    from tmsim.core import InputError, whole_file
    from tmsim.plan.read import from_table
    from tmsim.plan.stages import solve

    aim = {"target": target, "angle": angle, "gap": gap, "pose_file": str(pose) if pose else None}
    given = {key: value for key, value in aim.items() if value is not None}
    if pose is None and target is None:
        raise InputError("--pose, --target", "neither is given", "one of the two")
    if out.is_dir():
        raise InputError(str(out), "a folder", "a file to write")
    what = from_table(
        {
            "head": {"source": head},
            "coil": {"source": coil},
            "placement": given,
            "pulse": {"didt": didt},
            "field": {"order": order},
        },
        name="tmsim field",
    )
    with whole_file(out) as part:
        with _progress() as progress:
            solved = solve(what, progress=progress)
        arrays = {
            "E_V_per_m": solved.field.E_V_per_m,
            "centers_m": solved.head.centers_m,
            "tags": solved.head.tags,
            "pose_simnibs_mm": solved.pose.to_simnibs_mm(),
            "didt_A_per_s": np.array(solved.field.didt_A_per_s),
        }
        with part.open("wb") as file:
            np.savez(file, **arrays)
    summary = {
        "file": str(out),
        "n_tets": len(arrays["tags"]),
        "unknowns": solved.field.unknowns,
        "iterations": solved.field.iterations,
        "relative_residual": solved.field.relative_residual,
        "pose_simnibs_mm": arrays["pose_simnibs_mm"].tolist(),
        "didt_A_per_s": solved.field.didt_A_per_s,
    }
    if as_json:
        print(json.dumps(summary, indent=2))
    else:
        print(f"{out}: E in {summary['n_tets']:,} tetrahedra, {summary['unknowns']:,} unknowns")


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar with the time left on stderr, where someone watches."""
    if not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("", total=1.0)

        def show(what: str, fraction: float) -> None:
            # A bar that runs back unsettles whoever waits.
            bars.update(task, description=what, completed=max(fraction, bars.tasks[task].completed))

        yield show


def _print_outcome(outcome: Any, out: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    numbers, solved = outcome.metrics, outcome.field
    rows = [
        ("99.9th percentile of |E| in grey matter", f"{numbers.p999_V_per_m:.3g} V/m"),
        ("at", "  ".join(f"{1e3 * x:.1f}" for x in numbers.peak_m) + " mm"),
        ("cortex above half of it", f"{numbers.area_50_m2 * 1e4:.1f} cm²"),
        ("half-depth", f"{numbers.half_depth_m * 1e2:.2f} cm"),
        ("dI/dt", f"{solved.didt_A_per_s / 1e6:g} A/us"),
    ]
    if numbers.target_mean_V_per_m is not None:
        rows.insert(2, ("mean |E| round the target", f"{numbers.target_mean_V_per_m:.3g} V/m"))
    if solved.error is not None:
        share = f"{100 * solved.error.median:.0f} % median, {100 * solved.error.p95:.0f} % 95th percentile"
        rows.append(("error of discretisation", share))
    if outcome.at_coil_maximum is not None:
        most = outcome.at_coil_maximum
        rows.append((f"at the coil's {most.didt_A_per_s / 1e6:.0f} A/us", f"{most.p999_V_per_m:.0f} V/m"))
    table = Table(show_header=False, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    console = Console()
    console.print(table)
    console.print(f"{len(outcome.files) + 1} files in {out}", highlight=False)


@head_app.command("list")
def head_list(as_json: Json = False) -> None:
    """List the built-in heads."""
    from tmsim.head import builtin_names, metadata

    _print_list([{"name": name, "label": metadata(name)["title"]} for name in builtin_names()], as_json)


@head_app.command("check")
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


@coil_app.command("list")
def coil_list(as_json: Json = False) -> None:
    """List the built-in coils."""
    from tmsim.coil import Coil, list_coils

    coils = [Coil.load(name) for name in list_coils()]
    _print_list([{"name": coil.name, "label": coil.label} for coil in coils], as_json)


@coil_app.command("show")
def coil_show(
    source: Annotated[str, typer.Argument(help="A built-in coil, or a .ccd, .tcd or .nii.gz file.")],
    as_json: Json = False,
) -> None:
    """Show what is known of a coil."""
    from tmsim.coil import Coil

    coil = Coil.load(source)
    facts = {
        "name": coil.name,
        "label": coil.label,
        "brand": coil.brand,
        "stimulator": coil.stimulator,
        "elements": [type(part).__name__ for part in coil.elements],
        "didt_max_A_per_s": coil.didt_max_A_per_s,
        "casing": coil.casing is not None,
        "waveform": coil.waveform.name if coil.waveform else None,
        "source": coil.source,
        "status": coil.status,
        "note": coil.note,
    }
    _print_facts(facts, as_json)


@plan_app.command("default")
def plan_default() -> None:
    """Print the default plan, every key with its value: a plan to start from."""
    import tmsim.plan

    print(tmsim.plan.dump(tmsim.plan.default()), end="")


@plan_app.command("check")
def plan_check(
    file: Annotated[Path, typer.Argument(help="A plan in TOML, or an outcome.json.")],
    as_json: Json = False,
) -> None:
    """Check a plan and print it with every default written out."""
    import tmsim.plan

    plan = tmsim.plan.load(file)
    print(plan.model_dump_json(indent=2) if as_json else tmsim.plan.dump(plan), end="\n" if as_json else "")


def _print_list(rows: Sequence[Mapping[str, str]], as_json: bool) -> None:
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    width = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        print(f"{row['name']:{width}}  {row.get('label', '')}".rstrip())


def _print_facts(facts: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(facts, indent=2))
        return
    for name, value in facts.items():
        if value not in (None, "", [], ()):
            print(f"{name:20} {', '.join(value) if isinstance(value, list) else value}")
