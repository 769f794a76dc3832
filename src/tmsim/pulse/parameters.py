"""Stimulators as data: circuits, limits and where each figure comes from.

Recorded pulses are other people's files; what is here are circuits fitted to figures read off them. Of most
devices the makers publish no circuit: those entries are recalled and marked unverified.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tmsim.core import Parameter, Status
from tmsim.pulse.circuit import Circuit, Freewheel
from tmsim.pulse.types import Kind


@dataclass(frozen=True, kw_only=True)
class Stimulator:
    """A built-in pulse: its circuit, and the figures that the circuit was made from.

    ``status`` is that of the shape of the pulse. Voltage and energy hang on the inductance besides, which
    has a status of its own among the figures.
    """

    label: str
    kind: Kind
    circuit: Circuit
    figures: Mapping[str, Parameter]
    status: Status
    width_s: float = 0.0  # of the first phase, of a rectangular pulse
    note: str = ""


def _assumed(value: float, unit: str, note: str) -> Parameter:
    return Parameter(value, unit, "assumed", "unverified", note)


def _recalled(value: float, unit: str, note: str = "") -> Parameter:
    return Parameter(value, unit, "unknown", "unverified", note)


# --- Resonant circuits -----------------------------------------------------------------------------------

# The path that gives a monophasic record its second phase. That record has three features: a minimum of
# -0.301 at 105 us, which is early and deep, and a slow tail of 208 us. A resistor alone has a tail of
# 208 us only where the minimum stays at -0.2; so part of the resistance must vanish for slow currents.
_FREEWHEEL = {
    "freewheel resistance": Parameter(
        4540, "1/s", "Aberra2020", "recomputed", "over the inductance; fitted to the tail of 208 us"
    ),
    "bridged resistance": Parameter(
        2500, "1/s", "Aberra2020", "recomputed", "over the inductance; fitted to the minimum of -0.301"
    ),
    "bridge": Parameter(0.2, "1", "assumed", "unverified", "over the inductance; so that nothing rings"),
}


def _freewheel(inductance_H: float) -> Freewheel:
    resistance, bridged, bridge = (figure.value * inductance_H for figure in _FREEWHEEL.values())
    return Freewheel(resistance_ohm=resistance, bridged_ohm=bridged, bridge_H=bridge)


MAGPRO_X100 = {
    "frequency": Parameter(3328, "Hz", "Aberra2020", "recomputed", "fitted to the recorded biphasic pulse"),
    "damping": Parameter(911, "1/s", "Aberra2020", "recomputed", "fitted to the recorded biphasic pulse"),
    "rise": Parameter(4, "us", "Aberra2020", "recomputed", "to the first peak of the records"),
    "inductance": _assumed(12, "uH", "of the loop, coil included: sets voltage and energy, not the shape"),
}


def _magpro(freewheel: Freewheel | None = None) -> Circuit:
    figures = MAGPRO_X100
    return Circuit.from_resonance(
        frequency_Hz=figures["frequency"].value,
        damping_per_s=figures["damping"].value,
        inductance_H=figures["inductance"].value * 1e-6,
        rise_s=figures["rise"].value * 1e-6,
        freewheel=freewheel,
    )


def _series(figures: Mapping[str, Parameter], freewheel: Freewheel | None = None) -> Circuit:
    return Circuit(
        inductance_H=figures["inductance"].value * 1e-6,
        resistance_ohm=figures["resistance"].value,
        capacitance_F=figures["capacitance"].value * 1e-6,
        freewheel=freewheel,
    )


PYNIBS = {
    "resistance": Parameter(0.0338, "ohm", "Numssen2021", "read", "default of version 0.2026.1"),
    "inductance": Parameter(15.5, "uH", "Numssen2021", "read", "default of version 0.2026.1"),
    "capacitance": Parameter(193.6, "uF", "Numssen2021", "read", "default of version 0.2026.1"),
}
_MAGSTIM_200 = {
    "inductance": _recalled(16, "uH"),
    "capacitance": _recalled(185, "uF"),
    "resistance": _assumed(0.03, "ohm", "such that the damping is like that of the MagPro X100"),
}
_MAGSTIM_RAPID2 = {
    "inductance": _recalled(16, "uH"),
    "capacitance": _assumed(253, "uF", "such that a pulse lasts 400 us, as recalled"),
    "resistance": _assumed(0.03, "ohm", "such that the damping is like that of the MagPro X100"),
}

# --- Rectangular pulses ----------------------------------------------------------------------------------

WIDTH = (
    Parameter(10, "us", "Peterchev2011", "read", "shortest phase"),
    Parameter(310, "us", "Peterchev2011", "read", "longest phase"),
)
RATIO = (
    Parameter(1, "1", "Peterchev2011", "read", "of the amplitudes of the two phases"),
    Parameter(56, "1", "Peterchev2011", "read", "of the amplitudes of the two phases"),
)
_CTMS_INDUCTANCE = _assumed(16, "uH", "of a 70 mm figure-8 coil with its cable")
_CTMS1 = {
    "capacitance": Parameter(716, "uF", "Sorkhabi2020", "read", "in a table of stimulators, of cTMS1"),
    "inductance": _CTMS_INDUCTANCE,
    "resistance": Parameter(
        0.040, "ohm", "Aberra2020", "recomputed", "fitted to the second phase of three recorded pulses"
    ),
    "freewheel resistance": Parameter(
        0.140, "ohm", "Aberra2020", "recomputed", "fitted to the second phase of three recorded pulses"
    ),
}
CTMS1 = _series(_CTMS1, Freewheel(resistance_ohm=_CTMS1["freewheel resistance"].value))
_CTMS2 = {
    "capacitance": Parameter(740, "uF", "Sorkhabi2020", "read", "in a table of stimulators, of cTMS2"),
    "inductance": _CTMS_INDUCTANCE,
    "resistance": _assumed(0.040, "ohm", "that of cTMS1"),
}
CTMS2 = _series(_CTMS2)
CTMS2_SECOND_CAPACITANCE = Parameter(
    3000, "uF", "Sorkhabi2020", "read", "in a table of stimulators, of cTMS2"
)


def _ctms1(nominal_us: int, recorded_us: float) -> Stimulator:
    width = Parameter(recorded_us, "us", "Aberra2020", "recomputed", f"recorded at a nominal {nominal_us} us")
    return Stimulator(
        label=f"cTMS1, {nominal_us} us", kind="rectangular", circuit=CTMS1, width_s=recorded_us * 1e-6,
        figures={"width": width, **_CTMS1}, status="recomputed", note="Snubbers are left out.",
    )  # fmt: skip


STIMULATORS: dict[str, Stimulator] = {
    "magpro-x100-monophasic": Stimulator(
        label="MagVenture MagPro X100, monophasic", kind="monophasic",
        circuit=_magpro(_freewheel(MAGPRO_X100["inductance"].value * 1e-6)),
        figures={**MAGPRO_X100, **_FREEWHEEL}, status="recomputed",
        note="The freewheel path is a model that gives the recorded second phase, not the device's circuit.",
    ),
    "magpro-x100-biphasic": Stimulator(
        label="MagVenture MagPro X100, biphasic", kind="biphasic", circuit=_magpro(), figures=MAGPRO_X100,
        status="recomputed",
    ),
    "magpro-x100-half-sine": Stimulator(
        label="MagVenture MagPro X100, half-sine", kind="half-sine", circuit=_magpro(), figures=MAGPRO_X100,
        status="recomputed",
    ),
    "pynibs-biphasic": Stimulator(
        label="biphasic default of pyNIBS", kind="biphasic", circuit=_series(PYNIBS), figures=PYNIBS,
        status="read",
    ),
    "magstim-200-monophasic": Stimulator(
        label="Magstim 200², monophasic", kind="monophasic",
        circuit=_series(_MAGSTIM_200, _freewheel(_MAGSTIM_200["inductance"].value * 1e-6)),
        figures={**_MAGSTIM_200, **_FREEWHEEL}, status="unverified",
        note="Its freewheel path is that of the MagPro X100, for want of a record.",
    ),
    "magstim-rapid2-biphasic": Stimulator(
        label="Magstim Rapid², biphasic", kind="biphasic", circuit=_series(_MAGSTIM_RAPID2),
        figures=_MAGSTIM_RAPID2, status="unverified",
    ),
    "ctms1-30us": _ctms1(30, 32.0),
    "ctms1-60us": _ctms1(60, 61.2),
    "ctms1-120us": _ctms1(120, 120.6),
}  # fmt: skip
"""Built-in pulses by name."""
