"""Text with a unit, parsed once at the doors. Inside, everything is SI and the name carries the unit."""

from __future__ import annotations

import math
import re

from tmsim.core.errors import InputError

# Factor to SI by dimension. Only units that a TMS lab writes.
_UNITS: dict[str, dict[str, float]] = {
    "m": {"m": 1.0, "cm": 1e-2, "mm": 1e-3, "um": 1e-6},
    "rad": {"rad": 1.0, "deg": math.pi / 180, "°": math.pi / 180},
    "A/s": {"A/s": 1.0, "A/us": 1e6, "A/µs": 1e6, "A/μs": 1e6, "kA/ms": 1e6},
    "S/m": {"S/m": 1.0, "mS/m": 1e-3},
    "V/m": {"V/m": 1.0},
    "1/m": {"1/m": 1.0, "%/mm": 10.0},
    "s": {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "min": 60.0},
    "Hz": {"Hz": 1.0, "kHz": 1e3},
    "m/s": {"m/s": 1.0},
    "1": {"%": 1e-2},
}
_NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(\S.*?)?\s*\Z")


def to_si(text: str, unit: str, *, name: str = "value") -> float:
    """Parse ``"4 mm"`` to SI, here ``0.004`` for ``unit="m"``; a number without its unit is refused.

    Parameters
    ----------
    text
        A number and a unit.
    unit
        The SI unit wanted, one of ``m``, ``rad``, ``A/s``, ``S/m``, ``V/m``, ``1/m``, ``s``, ``Hz``, ``m/s``,
        or ``1`` for a share in %.
    name
        What the text is, for the error.

    Raises
    ------
    InputError
        No number, no unit, or a unit of another dimension.
    """
    known = _UNITS[unit]
    match = _NUMBER.match(text)
    if match is None or match[2] is None or match[2] not in known:
        raise InputError(name, repr(text), f"a number with one of the units {', '.join(known)}")
    value = float(match[1]) * known[match[2]]
    if not math.isfinite(value):
        raise InputError(name, repr(text), "a finite number")
    return value
