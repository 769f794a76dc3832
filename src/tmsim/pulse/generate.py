"""From circuit to pulse, in closed form: nothing here steps through time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tmsim.core import FloatArray, InputError
from tmsim.pulse.circuit import Circuit, Discharge
from tmsim.pulse.types import GeneratedWaveform, Kind

STEP_S = 0.5e-6
"""Spacing of the samples. The straight line between two errs by less than 2e-5 of the peak up to 4 kHz."""
_JUMP_S = 1e-9  # a switch opens within this, since times must rise
LEFT = 1e-3  # a current that dies away ends the pulse when this share of its peak is left


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A stretch of a pulse over which the current slope has one closed form, from the phase's own start."""

    duration_s: float
    slope_at: Callable[[FloatArray], FloatArray]


def generate(circuit: Circuit, kind: Kind, *, name: str = "circuit") -> GeneratedWaveform:
    """The pulse of a stimulator's circuit.

    Parameters
    ----------
    kind
        ``"biphasic"``: a full period, after which the rest of the charge is back on the capacitor.
        ``"half-sine"``: half a period, until the current is zero. ``"monophasic"``: until the capacitor is
        empty; then the current runs dead in the freewheel path, and since the capacitor stays beside it,
        it takes a while to move over. The pulse ends when a thousandth of the peak current is left.

    Raises
    ------
    InputError
        A kind that no circuit makes, a monophasic pulse without a freewheel path or with one that rings, or a
        pulse outside the range of :class:`Waveform`.
    """
    if kind not in ("biphasic", "half-sine", "monophasic"):
        raise InputError("kind of pulse", repr(kind), "biphasic, half-sine or monophasic")
    closing, discharge = _closed_switch(circuit)
    if kind == "monophasic":
        empty_s = discharge.voltage_zeros_s(1)[0]
        tail = _freewheel(circuit, float(discharge.current_at(empty_s)))
        phases = [*closing, Phase(duration_s=empty_s, slope_at=discharge.slope_at), tail]
        left_V = 0.0
    else:
        end_s = discharge.current_zeros_s(2)[1 if kind == "biphasic" else 0]
        phases = [*closing, Phase(duration_s=end_s, slope_at=discharge.slope_at)]
        left_V = float(discharge.voltage_at(end_s))
    stored_J = circuit.capacitance_F / 2
    return assemble(
        phases, kind, name=name, voltage_V=1.0, stored_J=stored_J, lost_J=stored_J * (1 - left_V**2)
    )


def assemble(
    phases: Sequence[Phase], kind: Kind, *, name: str, voltage_V: float, stored_J: float, lost_J: float
) -> GeneratedWaveform:
    """Phases one after the other as a waveform; voltage and energies are those of the slopes as given."""
    times, slopes = [], []
    start_s = 0.0
    for phase in phases:
        count = int(np.ceil(phase.duration_s / STEP_S)) + 1
        # A jump lies at the end of the phase before it, so that all but the first start just after.
        first_s = _JUMP_S if start_s else 0.0
        own_s = np.linspace(first_s, phase.duration_s, count)
        times.append(start_s + own_s)
        slopes.append(phase.slope_at(own_s))
        start_s += phase.duration_s
    time_s = np.concatenate([*times, [start_s + _JUMP_S]])
    didt = np.concatenate([*slopes, [0.0]])  # the switch is open, the coil free of voltage
    gain = 1e6 / float(np.abs(didt).max())
    return GeneratedWaveform(
        name=name, kind=kind, time_s=time_s, didt=didt,
        voltage_V=voltage_V * gain, stored_J=stored_J * gain**2, lost_J=lost_J * gain**2,
    )  # fmt: skip


def _closed_switch(circuit: Circuit) -> tuple[list[Phase], Discharge]:
    """What happens while the switch closes on a capacitor charged to 1 V, and from there on.

    The circuit is linear: with a switch voltage that falls in a line, each quantity is the mean of that with
    a switch that closes at once over the rise time before it. The mean of a current is a charge.
    """
    at_once = Discharge(circuit=circuit, current_A=0.0, voltage_V=1.0)
    rise_s = circuit.rise_s
    if rise_s == 0:
        return [], at_once
    slope, current = float(at_once.current_at(rise_s)) / rise_s, float(at_once.charge_at(rise_s)) / rise_s
    after = Discharge(
        circuit=circuit,
        current_A=current,
        voltage_V=circuit.inductance_H * slope + circuit.resistance_ohm * current,
    )
    return [Phase(duration_s=rise_s, slope_at=lambda time_s: at_once.current_at(time_s) / rise_s)], after


def _freewheel(circuit: Circuit, current_A: float) -> Phase:
    """The current after the capacitor is empty, as the modes of its linear circuit.

    State: coil current, capacitor voltage, current of the bridge. The coil current goes on charging the
    capacitor backwards until the voltage, now across the freewheel path too, has drawn it over there.
    """
    path = circuit.freewheel
    if path is None:
        raise InputError("circuit", "no freewheel path", "one, for a monophasic pulse")
    conductance = 1 / (path.resistance_ohm + path.bridged_ohm)
    path_row = np.array([0.0, -1.0, path.bridged_ohm]) * conductance  # current of the path
    coil_row = np.array([-circuit.resistance_ohm, 1.0, 0.0]) / circuit.inductance_H
    capacitor_row = (path_row - [1.0, 0.0, 0.0]) / circuit.capacitance_F
    bridge_row = np.zeros(3)
    if path.bridged_ohm:
        bridge_row = path.bridged_ohm / path.bridge_H * (path_row - [0.0, 0.0, 1.0])
    system = np.array([coil_row, capacitor_row, bridge_row])
    rates, modes = np.linalg.eig(system)
    modes = modes * np.linalg.solve(modes, np.array([current_A, 0.0, 0.0]))

    def states(time_s: FloatArray) -> FloatArray:
        return np.real(np.exp(np.multiply.outer(time_s, rates)) @ modes.T)

    # The state of a bridge that isn't there stands still and is none of the modes that matter.
    slowest_s = 1 / min(-rate for rate in np.real(rates).tolist() if rate < -1.0)
    search_s = np.linspace(0.0, -slowest_s * np.log(LEFT) * 1.5, 2000)
    current, voltage, _ = states(search_s).T
    if (current[1:] <= 0).any() or (voltage[1:] >= 0).any():
        raise InputError(
            "freewheel path", "too little damping, so that the current swings back",
            f"a resistance well below {np.sqrt(circuit.inductance_H / circuit.capacitance_F) / 2:.3g} ohm",
        )  # fmt: skip
    duration_s = float(search_s[np.argmax(current < LEFT * current_A)])
    return Phase(duration_s=duration_s, slope_at=lambda time_s: states(time_s) @ coil_row)
