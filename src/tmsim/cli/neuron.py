"""``tmsim neuron``: who fires, and at which field."""

from __future__ import annotations

import json
import math
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from tmsim.cli.show import Json, Picture, PlanFile, progress_bar, save_picture
from tmsim.core import InputError, to_si

app = typer.Typer(help="Neurons: which models there are, and at which field their cells fire.")


@app.command("list")
def neuron_list(as_json: Json = False) -> None:
    """List the neuron models, and where each holds."""
    from tmsim.neuron import MODELS, neuron_model

    models = [neuron_model(name) for name in MODELS]
    if as_json:
        print(json.dumps([{"name": model.name, "validity": model.validity} for model in models], indent=2))
        return
    indent = max(len(model.name) for model in models) + 2
    for model in models:
        print(textwrap.fill(f"{model.name:{indent}}{model.validity}", 100, subsequent_indent=" " * indent))


@app.command("curve")
def neuron_curve(
    model: Annotated[str, typer.Option(help="A neuron model (`tmsim neuron list`).")] = "directional",
    waveform: Annotated[
        str, typer.Option(help="A built-in waveform (`tmsim pulse list`).")
    ] = "magpro-x100-monophasic",
    angles: Annotated[int, typer.Option(help="How many angles, from 0 to 180 degrees.")] = 13,
    picture: Picture = None,
    as_json: Json = False,
) -> None:
    """Threshold of each population in a uniform field, against its angle to the cortical column.

    0 degrees is E along the column towards the pia, 180 towards white matter. Absolute values are those of
    the model, 2 to 4 times what heads show at motor threshold: compare them, don't dose by them.
    """
    from tmsim.neuron import neuron_model, threshold_curve
    from tmsim.pulse import waveform as pulse_of

    cells, pulse = neuron_model(model), pulse_of(waveform)
    curve = threshold_curve(cells, pulse, n_angles=angles)
    if picture is not None:
        from tmsim.report.neuron import threshold_figure

        save_picture(threshold_figure(threshold_curve(cells, pulse, n_angles=361)), picture)
    if as_json:
        facts = {
            "model": curve.model,
            "waveform": curve.waveform,
            "polar_rad": curve.polar_rad.tolist(),
            "thresholds_V_per_m": {
                name: [value if math.isfinite(value) else None for value in row]
                for name, row in zip(curve.populations, curve.thresholds_V_per_m.tolist(), strict=True)
            },
        }
        print(json.dumps(facts, indent=2))
        return
    print(f"Threshold |E| in V/m of the {curve.model} model, {curve.waveform}")
    print("degrees" + "".join(f"{name:>8}" for name in curve.populations))
    for polar_rad, row in zip(curve.polar_rad.tolist(), curve.thresholds_V_per_m.T.tolist(), strict=True):
        print(f"{math.degrees(polar_rad):7.4g}" + "".join(f"{value:8.0f}" for value in row))


_Waveform = Annotated[
    str, typer.Option(help="A built-in waveform (`tmsim pulse list`), or the file of a recorded one.")
]
_Gradient = Annotated[str, typer.Option(help="Relative change of E along that axis, such as '10 %/mm'.")]


@app.command("threshold")
def neuron_threshold(
    model: Annotated[str, typer.Option(help="A neuron model (`tmsim neuron list`).")] = "directional",
    diameter: Annotated[
        str | None,
        typer.Option(help="Of the axons of the model axon inside their myelin; 1 um if left out."),
    ] = None,
    waveform: _Waveform = "magpro-x100-monophasic",
    angle: Annotated[str, typer.Option(help="Between E and the column towards the pia.")] = "0 deg",
    gradient: _Gradient = "0 %/mm",
    picture: Picture = None,
    as_json: Json = False,
) -> None:
    """Threshold field of each population of a model, at one angle.

    Of the model axon also that of one straight terminal with E along it; the picture shows the membrane of
    that terminal over time and place at threshold. Absolute values are those of the model, 2 to 4 times what
    heads show at motor threshold: compare them, don't dose by them.
    """
    import numpy as np

    from tmsim.neuron import AxonTerminal, Drive, membrane_response, neuron_model, threshold
    from tmsim.pulse import waveform as pulse_of

    cells, pulse = neuron_model(model), pulse_of(waveform)
    angle_rad = to_si(angle, "rad", name="--angle")
    gradient_per_m = to_si(gradient, "1/m", name="--gradient")
    facts: dict[str, Any] = {
        "model": cells.name,
        "waveform": pulse.name,
        "angle_rad": angle_rad,
        "gradient_per_m": gradient_per_m,
    }
    if isinstance(cells, AxonTerminal):
        if diameter is not None:
            diameter_um = to_si(diameter, "m", name="--diameter") * 1e6
            cells = replace(cells, axon=replace(cells.axon, diameter_um=diameter_um))
        axon = cells.axon
        along = threshold(axon, pulse)
        facts["terminal"] = {
            "diameter_um": axon.diameter_um,
            "internodes": axon.internodes,
            "threshold_V_per_m": along,
        }
        if picture is not None:
            from tmsim.report.neuron import membrane_figure

            save_picture(membrane_figure(membrane_response(axon, pulse, field_V_per_m=along)), picture)
    else:
        for name, value in (("--diameter", diameter), ("--picture", picture)):
            if value is not None:
                raise InputError(name, f"given with the model {cells.name}", "--model axon with it")
    drive = Drive(polar_rad=np.array([angle_rad]), gradient_per_m=np.array([gradient_per_m]))
    found = cells.thresholds_V_per_m(drive, pulse)[:, 0].tolist()
    facts["thresholds_V_per_m"] = {
        name: value if math.isfinite(value) else None
        for name, value in zip(cells.populations, found, strict=True)
    }
    if as_json:
        print(json.dumps(facts, indent=2))
        return
    print(f"Threshold |E| of the {cells.name} model, {pulse.name}, {math.degrees(angle_rad):g} degrees")
    for name, value in zip(cells.populations, found, strict=True):
        print(f"{name:6}{value:6.0f} V/m")
    if "terminal" in facts:
        terminal = facts["terminal"]
        along = f"{terminal['threshold_V_per_m']:.0f} V/m"
        print(f"One terminal of {terminal['diameter_um']:g} um with E along it: {along}")


@app.command("recruit")
def neuron_recruit(
    plan: PlanFile = None,
    picture: Picture = None,
    as_json: Json = False,
) -> None:
    """Who fires where, by layer, at the dose of a plan."""
    import tmsim.plan

    what = tmsim.plan.load(plan) if plan else tmsim.plan.default()
    with progress_bar() as progress:
        solved, response = tmsim.plan.response_of(what, progress=progress)
    fired = response.recruitment
    if fired is None:
        raise InputError("head", f"{solved.head.name} has no cortex", "white matter under grey")
    if picture is not None:
        from tmsim.report.neuron import recruitment_figure

        save_picture(recruitment_figure(solved.head, fired), picture)
    if as_json:
        facts = {
            "model": fired.model,
            "waveform": fired.waveform,
            "didt_A_per_s": response.field.didt_A_per_s,
            "motor_threshold_V_per_m": fired.motor_threshold_V_per_m,
            "area_m2": dict(zip(fired.populations, fired.area_m2.tolist(), strict=True)),
            "volume_m3": dict(zip(fired.populations, fired.volume_m3.tolist(), strict=True)),
            "share_by_region": {
                row.region: dict(zip(fired.populations, row.share, strict=True)) for row in fired.regions
            },
        }
        print(json.dumps(facts, indent=2))
        return
    print(f"{fired.model} model, {fired.waveform}, {response.field.didt_A_per_s / 1e6:.4g} A/us")
    print(f"{'':28}" + "".join(f"{name:>8}" for name in fired.populations))
    print(f"{'cortex that fires, cm²':28}" + "".join(f"{1e4 * area:8.2f}" for area in fired.area_m2))
    for row in fired.regions:
        if max(row.share) >= 0.005:
            print(f"{row.region + ', %':28}" + "".join(f"{100 * share:8.1f}" for share in row.share))


@app.command("cell")
def neuron_cell(
    file: Annotated[Path, typer.Argument(help="The shape of the cell, an .swc file in um.")],
    waveform: _Waveform = "magpro-x100-monophasic",
    angle: Annotated[str, typer.Option(help="Between E and the y axis of the file.")] = "0 deg",
    gradient: _Gradient = "0 %/mm",
    simulator: Annotated[
        str, typer.Option(help="What steps the cell through time: tmsim, or NEURON if installed.")
    ] = "tmsim",
    as_json: Json = False,
) -> None:
    """Threshold field of a cell of your own, at its first point.

    Soma and dendrites are passive, the axon is myelinated from 20 um and 0.2 um on.
    """
    from tmsim.neuron import load_cell, threshold, threshold_in_neuron
    from tmsim.pulse import waveform as pulse_of

    simulators = {"tmsim": threshold, "neuron": threshold_in_neuron}
    if simulator not in simulators:
        raise InputError("--simulator", repr(simulator), "tmsim or neuron")
    pulse, cell = pulse_of(waveform), load_cell(file)
    angle_rad = to_si(angle, "rad", name="--angle")
    gradient_per_m = to_si(gradient, "1/m", name="--gradient")
    found = simulators[simulator](cell, pulse, angle_rad=angle_rad, gradient_per_m=gradient_per_m)
    facts = {
        "cell": file.name,
        "compartments": len(cell.parent),
        "nodes": len(cell.nodes),
        "waveform": pulse.name,
        "angle_rad": angle_rad,
        "gradient_per_m": gradient_per_m,
        "simulator": simulator,
        "threshold_V_per_m": found,
    }
    if as_json:
        print(json.dumps(facts, indent=2))
        return
    print(f"{file.name}: {facts['compartments']} compartments, {facts['nodes']} nodes of Ranvier")
    print(f"Threshold |E| at {math.degrees(angle_rad):g} degrees, {pulse.name}: {found:.0f} V/m")
