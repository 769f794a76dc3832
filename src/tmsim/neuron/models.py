"""The neuron models by name: a new one is a module in this room and one line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tmsim.core import InputError
from tmsim.neuron.types import NeuronModel

MODELS: dict[str, Callable[..., NeuronModel]] = {}


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
