"""How loud the click of a coil is. Only ranges over coils were read: nothing is scaled to one coil."""

from __future__ import annotations

from tmsim.core import Parameter
from tmsim.safety.types import Finding
from tmsim.sensation.parameters import CLICK_dB, FAR_m, NEAR_m, TRAIN_dB


def check_sound() -> Finding:
    """The range of measured levels, and the advice that goes with it."""
    _, most = CLICK_dB[NEAR_m]
    return Finding(
        rule="sound",
        severity="info",
        value=most.value,
        unit=most.unit,
        source=most.source,
        status=most.status,
        message=f"A click at full output: {_range(CLICK_dB[NEAR_m])} at 5 cm, {_range(CLICK_dB[FAR_m])} at "
        f"25 cm; a train at 20 Hz: {_range(TRAIN_dB[NEAR_m])} at 5 cm (seven coils). Hearing protection is "
        "advised for the subject and the operators.",
    )


def _range(levels: tuple[Parameter, Parameter]) -> str:
    low, high = levels
    return f"{low.value:g} to {high.value:g} {low.unit}"
