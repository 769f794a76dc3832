"""Published numbers of cortical neurons in an induced field, and our own choices, marked as such.

Populations are those of :data:`tmsim.neuron.POPULATIONS`.
"""

from __future__ import annotations

import math

from tmsim.core import Parameter

POLAR_ANGLES_rad = tuple(math.radians(degrees) for degrees in range(0, 181, 30))
"""Angles of the threshold table: E along the column towards the pia is 0."""


def _thresholds(*values: float) -> tuple[Parameter, ...]:
    return tuple(Parameter(value, "V/m", "Aberra2020", "recomputed", _TABLE) for value in values)


_TABLE = "mean over azimuth and five morphologies of a data file that stores integers"
THRESHOLDS: dict[str, tuple[Parameter, ...]] = {
    "L1": _thresholds(590, 515, 447, 438, 480, 546, 579),
    "L2/3": _thresholds(305, 338, 349, 322, 306, 289, 273),
    "L4": _thresholds(265, 276, 288, 291, 297, 259, 246),
    "L5": _thresholds(226, 243, 278, 297, 279, 257, 252),
    "L6": _thresholds(368, 392, 436, 452, 481, 538, 574),
}
"""Peak of a uniform field at threshold for a monophasic pulse (MagPro X100), by polar angle."""


def _ratio(value: float, note: str) -> Parameter:
    return Parameter(value, "1", "Aberra2020", "recomputed", note)


_MEDIANS = "of the medians in the hand area, PA"
_MINIMA = "of the lowest in-head thresholds, 89.4/116.7 and 64.7/82.7 A/us; no medians are at hand"
BIPHASIC_RATIO: dict[str, Parameter] = {
    "L1": _ratio(89.4 / 116.7, _MINIMA),
    "L2/3": _ratio(0.59, _MEDIANS),
    "L4": _ratio(0.76, _MEDIANS),
    "L5": _ratio(0.70, _MEDIANS),
    "L6": _ratio(64.7 / 82.7, _MINIMA),
}
"""Threshold of a biphasic over that of a monophasic pulse of the same stimulator and direction."""


def _tau(microseconds: float) -> Parameter:
    return Parameter(
        microseconds * 1e-6, "s", "Aberra2020", "recomputed", "fitted to thresholds at 30, 60 and 120 us"
    )


_ASSUMED_TAU = Parameter(190e-6, "s", "assumed", "unverified", "the mean of the three that are known")
MEMBRANE_TAU: dict[str, Parameter] = {
    "L1": _ASSUMED_TAU, "L2/3": _tau(188), "L4": _tau(195), "L5": _tau(185), "L6": _ASSUMED_TAU,
}  # fmt: skip
"""Strength-duration time constant."""


def _extremes(*values: float) -> tuple[Parameter, ...]:
    note = "over 398 directions and five morphologies"
    return tuple(Parameter(value, "V/m", "Aberra2020", "recomputed", note) for value in values)


CELL_EXTREMES: dict[str, dict[str, tuple[Parameter, ...]]] = {
    "L2/3": {
        "minimum": _extremes(175, 261), "median": _extremes(259, 365), "maximum": _extremes(498, 835),
    },
    "L5": {
        "minimum": _extremes(184, 223), "median": _extremes(226, 337), "maximum": _extremes(444, 577),
    },
}  # fmt: skip
"""Lowest and highest among five cells of each cell's minimum, median and maximum over all directions of a
uniform field, monophasic."""
N_DIRECTIONS, N_CELLS = 398, 5


def _depth(value: float) -> Parameter:
    return Parameter(value, "1", "Aberra2020", "unverified", "as an open reimplementation places the somata")


LAYER_DEPTH: dict[str, Parameter] = {
    "L1": _depth(0.06), "L2/3": _depth(0.40), "L4": _depth(0.55), "L5": _depth(0.65), "L6": _depth(0.85),
}  # fmt: skip
"""Depth of the somata as a share of the cortex, from the pia (0) to white matter (1)."""

CORTICAL_THICKNESS = Parameter(2.5e-3, "m", "Fischl2000", "unverified", "average; 1 to 4.5 mm by place")

MOTOR_THRESHOLD = Parameter(
    60.0, "V/m", "Weise2025", "unverified", "head models show 50 to 70 V/m at the threshold of the muscle"
)
