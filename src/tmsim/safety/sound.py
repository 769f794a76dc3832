"""How loud the click of a coil is. Only ranges over coils were read: nothing is scaled to one coil."""

from __future__ import annotations

from tmsim.core import Parameter
from tmsim.safety.parameters import SOUND_AT_EAR, SOUND_IN_ROOM, SOUND_OF_TRAIN_AT_EAR
from tmsim.safety.types import Finding


def check_sound() -> Finding:
    """The range of measured levels, and the advice that goes with it."""
    most = SOUND_AT_EAR[1]
    return Finding(
        rule="sound",
        severity="info",
        value=most.value,
        unit=most.unit,
        source=most.source,
        status=most.status,
        message=f"A click at full output: {_range(SOUND_AT_EAR)} at 5 cm, {_range(SOUND_IN_ROOM)} at 25 cm; "
        f"a train at 20 Hz: {_range(SOUND_OF_TRAIN_AT_EAR)} at 5 cm (seven coils). Hearing protection is "
        "advised for the subject and the operators.",
    )


def _range(levels: tuple[Parameter, Parameter]) -> str:
    low, high = levels
    return f"{low.value:g} to {high.value:g} {low.unit}"
