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
    60.0,
    "V/m",
    "Weise2025",
    "read",
    "the middle of the 50 to 70 V/m that head models show when a muscle twitches",
)


def _axon(value: float, unit: str, note: str = "") -> Parameter:
    return Parameter(value, unit, "Aberra2018", "read", note)


AXIAL_RESISTIVITY = _axon(100.0, "Ohm cm")
CAPACITANCE = _axon(1.0, "uF/cm2", "nodes, bare axon, soma and dendrites")
MYELIN_CAPACITANCE = _axon(0.02, "uF/cm2", "over the whole thickness of the myelin")
LEAK = _axon(3e-5, "S/cm2", "of the axon; taken for soma and dendrites too")
MYELIN_LEAK = _axon(1 / 1.125e6, "S/cm2")
SODIUM = _axon(3.137968, "S/cm2", "transient sodium of the axon of L5 cells; doubled in nodes")
SODIUM_IN_NODES = _axon(2.0, "1", "times that of the bare axon")
POTASSIUM = _axon(1.021945, "S/cm2", "Kv3.1 of the axon of L5 cells")
RESTING_POTENTIAL = Parameter(
    -72.0, "mV", "assumed", "unverified", "leak reversal is set in each compartment so that this is rest"
)
NODE_LENGTH = _axon(1.0, "um")
INTERNODE_LENGTH = _axon(100.0, "1", "in diameters of the axon; 70 on the terminal branches of some cells")
G_RATIO = (
    _axon(0.1518, "1"), _axon(1.749, "1/um"), _axon(-1.778, "1/um2"), _axon(0.6425, "1/um3"),
)  # fmt: skip
"""Axon over fibre diameter as a polynomial of the axon's diameter, held within 0.4 and 0.8."""
G_RATIO_RANGE = (0.4, 0.8)
THINNEST_MYELINATED = _axon(0.2, "um")
SHORTEST_MYELINATED = _axon(20.0, "um", "branches shorter than this stay bare")
NODES_THAT_FIRE = _axon(3.0, "1", "compartments that pass 0 mV count as a spike that travels")


def _tau_DOstilio(microseconds: float, spread: float, note: str) -> Parameter:
    return Parameter(microseconds * 1e-6, "s", "DOstilio2016", "read", f"{note}; SD {spread:g} us")


STRENGTH_DURATION_TAU: dict[str, Parameter] = {
    "motor cortex, PA": _tau_DOstilio(230.9, 97.2, "active muscle"),
    "motor cortex, AP": _tau_DOstilio(294.2, 90.9, "active muscle"),
    "ulnar nerve": _tau_DOstilio(197.0, 47.0, "peripheral"),
    "motor cortex, mean thresholds": Parameter(
        187e-6,
        "s",
        "Peterchev2013",
        "recomputed",
        "fitted to the mean of 49 sessions; by session 192, SD 32 us",
    ),
}
"""Measured strength-duration time constants."""
MEASURED_THRESHOLDS: dict[int, Parameter] = {
    width: Parameter(ratio, "1", "Peterchev2013", "recomputed", "over that at 60 us, mean of 49 sessions")
    for width, ratio in ((30, 1.598), (60, 1.0), (120, 0.733))
}
"""Motor thresholds by nominal width of a near-rectangular pulse in us."""
