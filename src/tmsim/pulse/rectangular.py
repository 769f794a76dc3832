"""Near-rectangular pulses of controllable width and amplitude (cTMS), exact between the switchings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tmsim.core import InputError
from tmsim.pulse.circuit import Circuit, Discharge
from tmsim.pulse.generate import LEFT, Phase, assemble
from tmsim.pulse.parameters import CTMS2, CTMS2_SECOND_CAPACITANCE, RATIO, WIDTH
from tmsim.pulse.types import GeneratedWaveform


def ctms(*, width_s: float, ratio: float, name: str = "") -> GeneratedWaveform:
    """A pulse of two capacitors, as cTMS2 makes it: the first drives the current up, the second down to zero.

    Parameters
    ----------
    width_s
        Of the first phase, 10 to 310 us, and no longer than the first capacitor drives the current up. [s]
    ratio
        Voltage of the first capacitor to that of the second, 1 to 56. The second phase lasts until the
        current is zero, so that it is the longer, the higher the ratio.

    Raises
    ------
    InputError
        Width or ratio out of range.
    """
    _check_width(width_s)
    if not RATIO[0].value <= ratio <= RATIO[1].value:
        raise InputError("amplitude ratio", f"{ratio:g}", f"{RATIO[0].value:g} to {RATIO[1].value:g}")
    up, first = _first_phase(CTMS2, width_s)
    second_F = CTMS2_SECOND_CAPACITANCE.value * 1e-6
    down = Discharge(
        circuit=replace(CTMS2, capacitance_F=second_F),
        current_A=float(up.current_at(width_s)),
        voltage_V=-1 / ratio,
    )
    end_s = down.current_zeros_s(1)[0]
    stored_J = (CTMS2.capacitance_F + second_F / ratio**2) / 2
    left_J = CTMS2.capacitance_F / 2 * float(up.voltage_at(width_s)) ** 2
    left_J += second_F / 2 * float(down.voltage_at(end_s)) ** 2
    return assemble(
        [first, Phase(duration_s=end_s, slope_at=down.slope_at)], "rectangular",
        name=name or f"ctms-{width_s * 1e6:g}us-{ratio:g}",
        voltage_V=1.0, stored_J=stored_J, lost_J=stored_J - left_J,
    )  # fmt: skip


def switched_off(circuit: Circuit, width_s: float, *, name: str) -> GeneratedWaveform:
    """A pulse of one capacitor that is cut off after ``width_s``, as cTMS1 makes it.

    From then on the coil current runs dead in the freewheel resistor, so that the second phase starts at a
    voltage proportional to the current reached: the wider the pulse, the larger it is.

    Raises
    ------
    InputError
        No freewheel path, or a width out of range.
    """
    _check_width(width_s)
    if circuit.freewheel is None:
        raise InputError("circuit", "no freewheel path", "one, for a pulse that is cut off")
    discharge, first = _first_phase(circuit, width_s)
    fall_s = circuit.inductance_H / (circuit.resistance_ohm + circuit.freewheel.resistance_ohm)
    slope = -float(discharge.current_at(width_s)) / fall_s
    dying = Phase(
        duration_s=-fall_s * float(np.log(LEFT)), slope_at=lambda time_s: slope * np.exp(-time_s / fall_s)
    )
    stored_J = circuit.capacitance_F / 2
    return assemble(
        [first, dying], "rectangular", name=name, voltage_V=1.0,
        stored_J=stored_J, lost_J=stored_J * (1 - float(discharge.voltage_at(width_s)) ** 2),
    )  # fmt: skip


def _check_width(width_s: float) -> None:
    low, high = (limit.value for limit in WIDTH)
    if not low * 1e-6 <= width_s <= high * 1e-6:
        raise InputError("phase width", f"{width_s * 1e6:g} us", f"{low:g} to {high:g} us")


def _first_phase(circuit: Circuit, width_s: float) -> tuple[Discharge, Phase]:
    discharge = Discharge(circuit=circuit, current_A=0.0, voltage_V=1.0)
    if float(discharge.slope_at(width_s)) <= 0:
        raise InputError(
            "phase width", f"{width_s * 1e6:g} us, while the current already falls",
            f"a width over which the capacitor of {circuit.capacitance_F * 1e6:g} uF drives it up",
        )  # fmt: skip
    return discharge, Phase(duration_s=width_s, slope_at=discharge.slope_at)
