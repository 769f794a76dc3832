"""Measured levels of the click, and what is taken for the ear, the protector and the nerve."""

from __future__ import annotations

from tmsim.core import Parameter

FAR_m, NEAR_m = 0.25, 0.05
"""The two distances of the published levels; those at 5 cm were estimated, not recorded. [m]"""

_QUIETEST, _LOUDEST = "quietest of seven coils at full output", "loudest of seven coils at full output"


def _levels(low: float, high: float, unit: str) -> tuple[Parameter, Parameter]:
    return (
        Parameter(low, unit, "Koponen2020", "read", _QUIETEST),
        Parameter(high, unit, "Koponen2020", "read", _LOUDEST),
    )


CLICK_dB = {FAR_m: _levels(98, 125, "dB(Z)"), NEAR_m: _levels(112, 139, "dB(Z)")}
"""Peak level of a pulse by distance."""
TRAIN_dB = {FAR_m: _levels(76, 98, "dB(A)"), NEAR_m: _levels(90, 112, "dB(A)")}
"""Level of a train of ``TRAIN_RATE`` by distance."""
TRAIN_RATE = Parameter(20.0, "Hz", "Koponen2020", "read", "of that train")

OUTPUT_SLOPE_dB = (
    Parameter(40.0, "dB", "assumed", "unverified", "a tenfold output: force goes with I^2"),
    Parameter(20.0, "dB", "assumed", "unverified", "if sound went with I itself"),
)
"""How the level follows the output; the first makes the quiet end of a range, the second the loud one."""

PROTECTION_dB = (
    Parameter(10.0, "dB", "assumed", "unverified", "by a protector that sits badly"),
    Parameter(30.0, "dB", "assumed", "unverified", "by one that sits well"),
)

CLICK_MODES = (
    # frequency [Hz], decay time [s], share of the amplitude at the start
    (1700.0, 0.0030, 0.5),
    (2900.0, 0.0020, 1.0),
    (4600.0, 0.0012, 0.7),
    (7100.0, 0.0007, 0.4),
)
"""What a synthesised click rings with: an own choice between 1 and 8 kHz, where coils click; no one coil."""

NERVE_RHEOBASE = Parameter(
    6.2,
    "V/m",
    "Reilly1989",
    "unverified",
    "along an axon of 20 um; as 1/diameter",
)
NERVE_DIAMETERS_um = (
    Parameter(20.0, "um", "assumed", "unverified", "the thickest fibres"),
    Parameter(10.0, "um", "assumed", "unverified", "thin ones of those that move muscles and feel taps"),
)
NERVE_TAU_SD = Parameter(47e-6, "s", "DOstilio2016", "read", "of the time constant of the ulnar nerve")
