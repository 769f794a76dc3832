"""Simulate transcranial magnetic stimulation: given this head, this coil and this pulse, what field results?

::

    head = tmsim.Head.load("colin27")
    coil = tmsim.Coil.load("magstim-70mm-fig8")
    pose = tmsim.place(head, coil, target="F3", angle="45 deg")
    field = tmsim.simulate(head, coil, pose)
    metrics = tmsim.summarize(head, field)

Names below are loaded on first use, so that ``import tmsim`` costs nothing. Each room of the package
(:mod:`tmsim.head`, :mod:`tmsim.coil`, :mod:`tmsim.placement`, :mod:`tmsim.field`, :mod:`tmsim.plan`) says in
its docstring which equations it stands on and where they hold.

Research software, not a medical device.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tmsim.coil import Coil
    from tmsim.core import ConvergenceError, InputError, OutsideModelError, TmsimError
    from tmsim.field import (
        EField,
        FieldBasis,
        FiniteElements,
        LayeredSphere,
        LiveField,
        Metrics,
        simulate,
        summarize,
    )
    from tmsim.head import Head
    from tmsim.placement import Placement, Pose, place
    from tmsim.plan import Outcome, Plan, run

    __version__: str

__all__ = [
    "Coil",
    "ConvergenceError",
    "EField",
    "FieldBasis",
    "FiniteElements",
    "Head",
    "InputError",
    "LayeredSphere",
    "LiveField",
    "Metrics",
    "Outcome",
    "OutsideModelError",
    "Placement",
    "Plan",
    "Pose",
    "TmsimError",
    "__version__",
    "place",
    "run",
    "simulate",
    "summarize",
]

_ROOM = {
    "Coil": "coil",
    "ConvergenceError": "core",
    "EField": "field",
    "FieldBasis": "field",
    "FiniteElements": "field",
    "Head": "head",
    "InputError": "core",
    "LayeredSphere": "field",
    "LiveField": "field",
    "Metrics": "field",
    "Outcome": "plan",
    "OutsideModelError": "core",
    "Placement": "placement",
    "Plan": "plan",
    "Pose": "placement",
    "TmsimError": "core",
    "place": "placement",
    "run": "plan",
    "simulate": "field",
    "summarize": "field",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("tmsim")
    elif name in _ROOM:
        value = getattr(import_module(f"tmsim.{_ROOM[name]}"), name)
    else:
        raise AttributeError(f"module 'tmsim' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
