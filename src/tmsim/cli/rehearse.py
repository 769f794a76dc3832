"""``tmsim rehearse``: a session on an emulated stimulator."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tmsim.cli.show import Json, Picture, progress_bar, save_picture

if TYPE_CHECKING:
    from tmsim.pulse import Protocol
    from tmsim.rehearsal import Rehearsal


def rehearse(
    source: Annotated[
        str,
        typer.Argument(
            help="A plan in TOML, or an outcome.json; with --mso a protocol of the library, its .toml file, "
            "or a sentence: 'iTBS'."
        ),
    ],
    mso: Annotated[
        int | None,
        typer.Option(help="Output of the stimulator in percent of its maximum; a plan has its own."),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(help="magstim-rapid2, magstim-super-rapid2, magstim-super-rapid2-plus, magpro-x100."),
    ] = None,
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
    from tmsim.pulse import PercentMSO
    from tmsim.rehearsal import CablePulled, find_device, write_pulse_log
    from tmsim.rehearsal import rehearse as send

    faults = []
    if pull_cable_after is not None:
        faults = [CablePulled(at_s=to_si(pull_cable_after, "s", name="--pull-cable-after"))]
    session = _of_plan(Path(source), device) if mso is None else _of_protocol(source, mso, device)
    blocks = session.protocol.blocks
    if picture is not None and len(blocks) > 1:
        raise InputError("--picture", f"a session of {len(blocks)} blocks", "a session of one block")
    stimulator = find_device(session.device)
    rehearsals = [
        send(block.train, PercentMSO(session.mso), stimulator, faults=faults, seed=seed) for block in blocks
    ]
    if log is not None:
        write_pulse_log(rehearsals, log)
    if picture is not None:
        from tmsim.report.session import pulse_log_figure

        save_picture(pulse_log_figure(rehearsals[0]), picture)
    if as_json:
        print(json.dumps([_facts(rehearsal, session.dose) for rehearsal in rehearsals], indent=2))
        return
    for rehearsal in rehearsals:
        _print(rehearsal)
        for name, value in _delivered(rehearsal, session.dose).items():
            print(f"{name}: {value:.4g}")


@dataclass(frozen=True, kw_only=True)
class _Session:
    """What is to be rehearsed; ``dose`` is what one %MSO comes to on the plan's head, by name and unit."""

    protocol: Protocol
    mso: int
    device: str
    dose: Mapping[str, float]


def _of_protocol(source: str, mso: int, device: str | None) -> _Session:
    from tmsim.pulse import protocol

    return _Session(protocol=protocol(source), mso=mso, device=device or "magstim-rapid2", dose={})


def _of_plan(file: Path, device: str | None) -> _Session:
    """The session of a plan, at its dose in whole percent, as a dial has it."""
    import tmsim.plan
    from tmsim.core import InputError

    if file.suffix not in (".toml", ".json"):
        raise InputError("--mso", "missing", f"the output for {file}", "Only a plan has its own.")
    what = tmsim.plan.load(file)
    with progress_bar() as progress:
        _, response = tmsim.plan.response_of(what, progress=progress)
    held, most = tmsim.plan.protocol_of(what), response.didt_max_A_per_s
    if held is None:
        raise InputError("session.protocol", "empty", "a protocol", "See `tmsim protocol list`.")
    if most is None:
        raise InputError(
            "dose", what.pulse.dose, "a coil whose largest dI/dt is known", "Give pulse.didt_max."
        )
    dose = {"dI/dt [A/us]": most / 1e8}
    if response.threshold is not None:
        dose["%RMT"] = most / response.threshold.didt_A_per_s
    if response.target is not None:
        dose["drive of the target [V/m]"] = response.target.drive_V_per_m * most / 1e8
    return _Session(
        protocol=held,
        mso=round(100 * response.field.didt_A_per_s / most),
        device=device or what.session.device or "magstim-rapid2",
        dose=dose,
    )


def _delivered(rehearsal: Rehearsal, dose: Mapping[str, float]) -> dict[str, float]:
    """The dose that was delivered on average, not the one planned; nothing where no pulse came."""
    if not len(rehearsal.delivered_mso):
        return {}
    mean_mso = float(rehearsal.delivered_mso.mean())
    return {f"delivered {name}": mean_mso * value for name, value in dose.items()}


def _facts(rehearsal: Rehearsal, dose: Mapping[str, float]) -> dict[str, Any]:
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
        "dose": _delivered(rehearsal, dose),
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
