"""How strong a pulse is, in the units of a TMS lab; the field needs dI/dt."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tmsim.core import InputError, to_si

_MOST_OF_THRESHOLD = 300.0  # % of motor threshold; beyond it a number is a slip of the pen
_MOST_DIDT = 1e9  # A/s; coils reach some 100 A/us
_PERCENT = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*%\s*([A-Za-z]+)\s*\Z")


def _check(name: str, value: float, most: float, unit: str) -> None:
    if not 0 <= value <= most:
        raise InputError(name, f"{value:g} {unit}", f"0 to {most:g} {unit}")


def _number(value: float) -> str:
    return repr(float(value)).removesuffix(".0")


@dataclass(frozen=True)
class PercentMSO:
    """Percent of the maximal stimulator output, 0 to 100, as the dial of the device has it."""

    value: float

    def __post_init__(self) -> None:
        _check("intensity", self.value, 100.0, "%MSO")

    def __str__(self) -> str:
        return f"{_number(self.value)} %MSO"

    def didt_A_per_s(self, didt_max_A_per_s: float) -> float:
        """Peak dI/dt, linear in the output, given that at full output. [A/s]"""
        return self.value / 100 * didt_max_A_per_s


@dataclass(frozen=True)
class PercentRMT:
    """Percent of the resting motor threshold."""

    value: float

    def __post_init__(self) -> None:
        _check("intensity", self.value, _MOST_OF_THRESHOLD, "%RMT")

    def __str__(self) -> str:
        return f"{_number(self.value)} %RMT"


@dataclass(frozen=True)
class PercentAMT:
    """Percent of the active motor threshold."""

    value: float

    def __post_init__(self) -> None:
        _check("intensity", self.value, _MOST_OF_THRESHOLD, "%AMT")

    def __str__(self) -> str:
        return f"{_number(self.value)} %AMT"


@dataclass(frozen=True)
class CurrentSlope:
    """Peak dI/dt of the coil current itself. [A/s]"""

    didt_A_per_s: float

    def __post_init__(self) -> None:
        _check("intensity", self.didt_A_per_s, _MOST_DIDT, "A/s")

    def __str__(self) -> str:
        text = f"{_number(self.didt_A_per_s / 1e6)} A/us"
        same = to_si(text, "A/s") == self.didt_A_per_s  # not where the division rounded
        return text if same else f"{_number(self.didt_A_per_s)} A/s"


Intensity = PercentMSO | PercentRMT | PercentAMT | CurrentSlope

_PERCENTS = {"MSO": PercentMSO, "RMT": PercentRMT, "AMT": PercentAMT}


def parse_intensity(text: str) -> Intensity:
    """Read ``"65 %MSO"``, ``"120 %RMT"``, ``"80 %AMT"`` or ``"67.5 A/us"``.

    Raises
    ------
    InputError
        No number, no unit or another one, or a value outside its range.
    """
    match = _PERCENT.match(text)
    if match is None and "%" not in text:
        return CurrentSlope(to_si(text, "A/s", name="intensity"))
    kind = _PERCENTS.get(match[2].upper()) if match else None
    if match is None or kind is None:
        raise InputError("intensity", repr(text), "such as 65 %MSO, 120 %RMT, 80 %AMT or 67.5 A/us")
    return kind(float(match[1]))
