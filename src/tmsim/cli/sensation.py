"""``tmsim listen``: what the person in the chair hears."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tmsim.cli.show import Json


def listen(
    source: Annotated[
        str, typer.Argument(help="A protocol of the library, a .toml file, or a sentence: 'iTBS'.")
    ],
    out: Annotated[Path | None, typer.Option(help="Write the clicks to this .wav file.")] = None,
    start: Annotated[str, typer.Option(help="Where the sound starts.")] = "0 s",
    duration: Annotated[str, typer.Option(help="How long it is.")] = "30 s",
    mso: Annotated[float, typer.Option(help="Output of the stimulator in percent of its maximum.")] = 100.0,
    distance: Annotated[str, typer.Option(help="From the coil to the ear, 5 to 25 cm.")] = "12 cm",
    as_json: Json = False,
) -> None:
    """Tell how loud the clicks of a session are at the ear, and make them heard.

    Levels are ranges over seven measured coils. The sound has the rhythm of the session, but the loudness
    and timbre of no one coil. Of a session in blocks, the first is taken.
    """
    from tmsim.core import to_si
    from tmsim.pulse import PercentMSO, protocol
    from tmsim.sensation import click_train, hear, write_wav

    train = protocol(source).blocks[0].train
    heard = hear(train, PercentMSO(mso), to_si(distance, "m", name="--distance"))
    if out is not None:
        window = {
            "start_s": to_si(start, "s", name="--start"),
            "duration_s": to_si(duration, "s", name="--duration"),
        }
        write_wav(click_train(train, **window), out)
    if as_json:
        print(json.dumps(asdict(heard), indent=2))
        return
    print(f"{train}, {mso:g} %MSO, ear {100 * heard.distance_m:.3g} cm from the coil (range over coils):")
    for what, bare, protected in (
        ("a click, peak", f"{heard.click}(Z)", f"{heard.protected_click}(Z)"),
        (
            f"busiest second, {heard.busiest_Hz:g} pulses",
            f"{heard.busiest}(A)",
            f"{heard.protected_busiest}(A)",
        ),
        (f"whole session, {heard.session_Hz:.3g} Hz", f"{heard.session}(A)", f"{heard.protected_session}(A)"),
    ):
        print(f"  {what:32} {bare:18} {protected} under a protector")
    print("  How levels follow output and distance, and what a protector takes off, is assumed.")
    if out is not None:
        print(f"{out}: clicks in the rhythm of the session; loudness and timbre are of no one coil")
