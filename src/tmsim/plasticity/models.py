"""The plasticity models by name: a new one is a module in this room and one line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tmsim.core import InputError
from tmsim.plasticity.calcium import Calcium
from tmsim.plasticity.graupner_brunel import GraupnerBrunel
from tmsim.plasticity.huang import Huang
from tmsim.plasticity.kernel import Kernel
from tmsim.plasticity.theta_burst import is_theta_burst
from tmsim.plasticity.types import PlasticityModel
from tmsim.pulse.types import Train

MODELS: dict[str, Callable[..., PlasticityModel]] = {
    Huang.name: Huang,
    Kernel.name: Kernel,
    Calcium.name: Calcium,
    GraupnerBrunel.name: GraupnerBrunel,
}


def plasticity_model(name: str, **options: Any) -> PlasticityModel:
    """The model of that name, with its own options.

    Raises
    ------
    InputError
        There is no model of that name.
    """
    if name not in MODELS:
        raise InputError("plasticity model", repr(name), f"one of {', '.join(MODELS)}")
    return MODELS[name](**options)


def default_model(train: Train) -> PlasticityModel:
    """The model to take unless another is asked for: ``huang`` for theta burst, ``kernel`` for the rest."""
    return Huang() if is_theta_burst(train) else Kernel()
