"""What the commands share: the bar of progress, lists and facts as text or JSON, and pictures."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tmsim.core import InputError, Progress, silent, whole_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
PlanFile = Annotated[
    Path | None,
    typer.Argument(help="A plan in TOML, or an outcome.json; the default if left out.", show_default=False),
]
Picture = Annotated[Path | None, typer.Option("--picture", help="Write the figure to this .png file.")]


@contextmanager
def progress_bar() -> Iterator[Progress]:
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


def print_list(rows: Sequence[Mapping[str, str]], as_json: bool) -> None:
    """Print names with their labels, one a line."""
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    width = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        print(f"{row['name']:{width}}  {row.get('label', '')}".rstrip())


def print_facts(facts: Mapping[str, Any], as_json: bool) -> None:
    """Print what is known of one thing, one fact a line; what is unknown is left out."""
    if as_json:
        print(json.dumps(facts, indent=2))
        return
    for name, value in facts.items():
        if value not in (None, "", [], ()):
            print(f"{name:20} {', '.join(value) if isinstance(value, list) else value}")


def check_picture(path: Path | None) -> None:
    """Refuse a picture that isn't a PNG, before long work."""
    if path is not None and path.suffix.lower() != ".png":
        raise InputError("--picture", str(path), "a .png file")


def save_picture(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, whole or not at all; a file of another name is refused."""
    check_picture(path)
    with whole_file(path) as part:
        figure.savefig(part, format="png", facecolor="white")
