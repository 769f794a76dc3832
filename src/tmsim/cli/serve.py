"""``tmsim serve``: the page."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tmsim.cli.show import progress_bar
from tmsim.core import InputError, Progress

if TYPE_CHECKING:
    from tmsim.web.bench import BasisState


def serve(
    head: Annotated[str, typer.Option(help="A built-in head, or a .msh or NIfTI file.")] = "colin27",
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended in the file.")] = False,
    t1: Annotated[
        Path | None, typer.Option(help="A T1 of this head in NIfTI, for the slices.", show_default=False)
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; another than this machine's own needs --token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on, 0 for a free one.", min=0, max=65535)] = 8642,
    token: Annotated[str, typer.Option(help="Secret in the address; drawn at random if left out.")] = "",
    order: Annotated[
        int, typer.Option(help="Order of live fields: 1, or 2, which is made ready behind it.")
    ] = 1,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in the browser.")
    ] = False,
) -> None:
    """Serve the page: move the coil and watch the field, compose a course, run plans.

    Prints the address to open. It answers this machine alone, and only with the token in that address. The
    first start on a head makes its field basis, in a minute or two; later ones take seconds. Ctrl-C stops it.
    """
    import tmsim.web

    if order not in (1, 2):
        raise InputError("--order", str(order), "1 or 2")
    with ExitStack() as bar:
        tmsim.web.serve(
            head,
            repair=repair,
            t1=t1,
            host=host,
            port=port,
            token=token,
            order=order,
            started=lambda address: print(address, flush=True),
            open_browser=open_browser,
            watch=_shown_by(bar),
        )


def _shown_by(bar: ExitStack) -> Callable[[BasisState], None]:
    """Show how far the basis is, in a bar that is there as long as one is being made."""
    progress: Progress | None = None

    def watch(state: BasisState) -> None:
        nonlocal progress
        if state.stage:
            progress = progress or bar.enter_context(progress_bar())
            progress(f"basis, {state.stage}", state.fraction)
        elif progress is not None:
            bar.close()
            progress = None
        if state.message:
            print(f"tmsim: {state.message}", file=sys.stderr)

    return watch
