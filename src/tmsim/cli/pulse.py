"""``tmsim pulse``: waveforms, what a pulse asks of the stimulator, and trains in words."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tmsim.cli.show import Json, Picture, print_facts, print_list, save_picture

app = typer.Typer(help="Pulses: waveforms of stimulators, their strength, and trains.")


@app.command("list")
def pulse_list(as_json: Json = False) -> None:
    """List the built-in waveforms. Besides there is ctms-60us-5: any width, and ratio of the two phases."""
    from tmsim.pulse import STIMULATORS

    rows = [
        {
            "name": name,
            "label": entry.label + (" (unverified)" if entry.status == "unverified" else ""),
            "kind": entry.kind,
            "status": entry.status,
        }
        for name, entry in STIMULATORS.items()
    ]
    print_list(rows, as_json)


@app.command("show")
def pulse_show(
    source: Annotated[
        str, typer.Argument(help="A built-in waveform, such as ctms-60us-5, or a file with a recorded one.")
    ],
    coil: Annotated[str | None, typer.Option(help="The coil, for dI/dt at --mso.")] = None,
    mso: Annotated[float | None, typer.Option(help="Stimulator output, in percent of the maximum.")] = None,
    didt: Annotated[str | None, typer.Option(help="Peak dI/dt instead, such as '67.5 A/us'.")] = None,
    table: Annotated[
        Path | None, typer.Option(help="CSV with stimulator,coil,didt_max_A_per_us: your own measurements.")
    ] = None,
    stimulator: Annotated[str, typer.Option(help="The stimulator's name in that table.")] = "",
    picture: Picture = None,
    as_json: Json = False,
) -> None:
    """Show a waveform and, at some strength, its current, voltage and energy.

    Energy is known of built-in circuits only, and rests on an inductance that is assumed for most of them.
    """
    from tmsim.core import InputError, to_si
    from tmsim.pulse import STIMULATORS, CurrentSlope, GeneratedWaveform, PercentMSO, waveform

    pulse = waveform(source)
    slope_A_per_s = CurrentSlope(to_si(didt, "A/s", name="--didt")).didt_A_per_s if didt else None
    if (mso is None) != (coil is None):
        raise InputError("--coil, --mso", "one of the two", "both or neither")
    if mso is not None and coil is not None:
        if didt:
            raise InputError("--didt, --mso", "both are given", "one of the two")
        from tmsim.coil import Coil
        from tmsim.pulse import didt_max_A_per_s, read_output_table

        maximal = didt_max_A_per_s(
            Coil.load(coil), stimulator=stimulator, table=read_output_table(table) if table else None
        )
        slope_A_per_s = PercentMSO(mso).didt_A_per_s(maximal)
    entry = STIMULATORS.get(source)
    facts: dict[str, object] = {
        "name": pulse.name,
        "label": entry.label if entry else "",
        "kind": pulse.kind,
        "duration_s": _short(pulse.duration_s),
        "first_phase_s": _short(pulse.first_phase_s),
        "second_peak": _short(pulse.second_peak),
        "imbalance": round(pulse.imbalance, 5),
    }
    if slope_A_per_s is not None:
        if isinstance(pulse, GeneratedWaveform):
            facts |= {name: _short(value) for name, value in asdict(pulse.output(slope_A_per_s)).items()}
        else:
            facts["didt_A_per_s"] = _short(slope_A_per_s)
            facts["current_A"] = _short(pulse.peak_current_A(slope_A_per_s))
    if entry:
        facts |= {
            "figures": [
                f"{name} {figure.value:g} {figure.unit} ({figure.source}, {figure.status})"
                for name, figure in entry.figures.items()
            ],
            "status": entry.status,
            "note": entry.note,
        }
    if picture is not None:
        from tmsim.report.pulse import pulse_figure

        save_picture(pulse_figure(pulse, slope_A_per_s or 1e6), picture)
    print_facts(facts, as_json)


@app.command("train")
def pulse_train(
    sentence: Annotated[
        str, typer.Argument(help="Such as 'iTBS' or '10 Hz, 4 s on, 26 s off, for 3000 pulses'.")
    ],
    picture: Picture = None,
    as_json: Json = False,
) -> None:
    """Read a train in words, and show its layers and how long it takes. Intervals run onset to onset."""
    from tmsim.pulse import parse_train

    train = parse_train(sentence)
    facts: dict[str, object] = {
        "train": str(train),
        "layers": [f"{layer.count} x {layer.interval_s:g} s" for layer in train.layers],
        "n_pulses": train.n_pulses,
        "cycle_s": train.cycle_s,
        "last_pulse_s": train.last_pulse_s,
    }
    if as_json:
        facts["layers"] = [asdict(layer) for layer in train.layers]
    if picture is not None:
        from tmsim.report.pulse import train_figure

        save_picture(train_figure(train), picture)
    print_facts(facts, as_json)


def _short(value: float) -> float:
    return float(f"{value:.4g}")
