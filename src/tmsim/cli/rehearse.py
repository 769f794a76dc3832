"""``tmsim rehearse``: a session on an emulated stimulator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tmsim.cli.show import Json, Picture, save_picture

if TYPE_CHECKING:
    from tmsim.rehearsal import Rehearsal


def rehearse(
    source: Annotated[
        str, typer.Argument(help="A protocol of the library, a .toml file, or a sentence: 'iTBS'.")
    ],
    mso: Annotated[int, typer.Option(help="Output of the stimulator in percent of its maximum.")],
    device: Annotated[
        str,
        typer.Option(help="magstim-rapid2, magstim-super-rapid2, magstim-super-rapid2-plus, magpro-x100."),
    ] = "magstim-rapid2",
    pull_cable_after: Annotated[
        str | None, typer.Option(help="Pull the serial cable this long into the session: '3 s'.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the latencies.")] = 0,
    log: Annotated[
        Path | None, typer.Option(help="Write what became of every planned pulse to this .csv file.")
    ] = None,
    picture: Picture = None,
    as_json: Json = False,
) -> None:
    """Send a session to an emulated stimulator, and tell which pulses it delivers and which not.

    A host speaks the stimulator's serial protocol over a pseudo-terminal; the emulator has its limits and
    interlocks, and a clock of its own, so half an hour takes a second or two. No real device is spoken to.
    The blocks of a session are rehearsed one by one: the coil is moved between them.
    """
    from tmsim.core import InputError, to_si
    from tmsim.pulse import PercentMSO, protocol
    from tmsim.rehearsal import CablePulled, find_device, write_pulse_log
    from tmsim.rehearsal import rehearse as send

    faults = []
    if pull_cable_after is not None:
        faults = [CablePulled(at_s=to_si(pull_cable_after, "s", name="--pull-cable-after"))]
    blocks = protocol(source).blocks
    if picture is not None and len(blocks) > 1:
        raise InputError("--picture", f"a session of {len(blocks)} blocks", "a session of one block")
    stimulator = find_device(device)
    rehearsals = [
        send(block.train, PercentMSO(mso), stimulator, faults=faults, seed=seed) for block in blocks
    ]
    if log is not None:
        write_pulse_log(rehearsals, log)
    if picture is not None:
        from tmsim.report.session import pulse_log_figure

        save_picture(pulse_log_figure(rehearsals[0]), picture)
    if as_json:
        print(json.dumps([_facts(rehearsal) for rehearsal in rehearsals], indent=2))
        return
    for rehearsal in rehearsals:
        _print(rehearsal)


def _facts(rehearsal: Rehearsal) -> dict[str, Any]:
    return {
        "device": rehearsal.device.label,
        "train": str(rehearsal.train),
        "intensity": str(rehearsal.intensity),
        "planned": rehearsal.train.n_pulses,
        "delivered": len(rehearsal.delivered_s),
        "not_delivered": {why.value: count for why, count in rehearsal.refusals.items()},
        "latest_s": rehearsal.latest_s,
        "end_state": rehearsal.end_state,
        "notes": list(rehearsal.notes),
        "events": [
            {
                "time_s": event.time_s,
                "what": event.what,
                "why": event.refusal.value if event.refusal else None,
            }
            for event in rehearsal.events
        ],
        "delivered_s": rehearsal.delivered_s.tolist(),
        "delivered_mso": rehearsal.delivered_mso.tolist(),
        "seed": rehearsal.seed,
    }


def _print(rehearsal: Rehearsal) -> None:
    print(f"{rehearsal.device.label}, emulated: {rehearsal.train} at {rehearsal.intensity}")
    for event in rehearsal.events:
        print(f"  {event.time_s:10.3f} s  {event.what}{f' ({event.refusal})' if event.refusal else ''}")
    for note in rehearsal.notes:
        print(f"  {note}")
    print(f"{len(rehearsal.delivered_s)} of {rehearsal.train.n_pulses} pulses delivered")
    for why, count in rehearsal.refusals.items():
        print(f"{count} not delivered: {why}")
    if len(rehearsal.delivered_s):
        print(f"the latest came {rehearsal.latest_s:.3f} s after its time")
    print(f"at the end: {rehearsal.end_state}")
