"""``tmsim neuron``: who fires, and at which field."""

from __future__ import annotations

import json
import math
import textwrap
from typing import Annotated

import typer

from tmsim.cli.show import Json, Picture, save_picture

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
