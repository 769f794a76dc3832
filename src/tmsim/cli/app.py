"""The program: its commands put together, and what becomes of an error."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer

from tmsim.cli import (
    basis,
    cache,
    coil,
    course,
    explain,
    field,
    head,
    motor,
    network,
    neuron,
    plan,
    plasticity,
    protocol,
    pulse,
    rehearse,
    run,
    sensation,
    serve,
    session,
    target,
    transmitters,
    uncertainty,
)
from tmsim.core import TmsimError

app = typer.Typer(
    name="tmsim",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(run.run)
app.command()(field.field)
app.command()(target.target)
app.command()(basis.basis)
app.command()(uncertainty.uncertainty)
app.command()(explain.explain)
app.command()(session.session)
app.command()(serve.serve)
app.command()(rehearse.rehearse)
app.command()(sensation.listen)
app.command()(protocol.screen)
app.add_typer(head.app, name="head")
app.add_typer(coil.app, name="coil")
app.add_typer(pulse.app, name="pulse")
app.add_typer(protocol.app, name="protocol")
app.add_typer(neuron.app, name="neuron")
app.add_typer(motor.app, name="motor")
app.add_typer(plasticity.app, name="plasticity")
app.add_typer(transmitters.app, name="transmitters")
app.add_typer(network.app, name="network")
app.add_typer(course.app, name="course")
app.add_typer(plan.app, name="plan")
app.add_typer(cache.app, name="cache")

_STOPPED = 130  # 128 + SIGINT, as shells have it


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
    """Simulate transcranial magnetic stimulation on a real head: coil, field, neurons, session, aftermath.

    Research software, not a medical device.
    """
    if version:
        from importlib.metadata import version as release

        print(f"tmsim {release('tmsim')}")
    elif context.invoked_subcommand is None:
        print(context.get_help())
