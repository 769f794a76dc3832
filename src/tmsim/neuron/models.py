"""The neuron models by name: a new one is a module in this room and one line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tmsim.core import InputError, read_only
from tmsim.neuron.axon_terminal import AxonTerminal
from tmsim.neuron.directional import Directional
from tmsim.neuron.simple import Cosine, Magnitude
from tmsim.neuron.types import Drive, NeuronModel, ThresholdCurve
from tmsim.pulse.types import Waveform

MODELS: dict[str, Callable[..., NeuronModel]] = {
    Directional.name: Directional,
    AxonTerminal.name: AxonTerminal,
    Magnitude.name: Magnitude,
    Cosine.name: Cosine,
}


def neuron_model(name: str = "directional", **options: Any) -> NeuronModel:
    """The model of that name, with its own options; the default is the directional table.

    Raises
    ------
    InputError
        There is no model of that name.
    """
    if name not in MODELS:
        raise InputError("neuron model", repr(name), f"one of {', '.join(MODELS)}")
    return MODELS[name](**options)


def threshold_curve(model: NeuronModel, waveform: Waveform, *, n_angles: int = 37) -> ThresholdCurve:
    """Thresholds in a uniform field at so many angles from 0 (towards the pia) to pi.

    Raises
    ------
    InputError
        There are fewer than 2 angles or more than 2000.
    """
    if not 2 <= n_angles <= 2000:
        raise InputError("angles", str(n_angles), "2 to 2000")
    polar = np.linspace(0.0, np.pi, n_angles)
    drive = Drive(polar_rad=polar, gradient_per_m=np.zeros(n_angles))
    return ThresholdCurve(
        model=model.name,
        waveform=waveform.name,
        populations=model.populations,
        polar_rad=read_only(polar),
        thresholds_V_per_m=read_only(model.thresholds_V_per_m(drive, waveform)),
    )
