"""What is in a stimulator: a capacitor that discharges into the coil, and where the current then goes."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass

import numpy as np

from tmsim.core import FloatArray, InputError

# Past these a value is in the wrong unit: coils have 5 to 50 uH, capacitors 20 uF to some mF.
_INDUCTANCE_H = (1e-7, 1e-3)
_CAPACITANCE_F = (1e-7, 1e-1)
_RESISTANCE_OHM = (0.0, 10.0)


def _check(name: str, value: float, low: float, high: float, unit: str) -> None:
    if not low <= value <= high:
        raise InputError(name, f"{value:g} {unit}", f"{low:g} to {high:g} {unit}")


@dataclass(frozen=True, kw_only=True)
class Freewheel:
    """Where the coil current runs dead once the capacitor is empty: diode, resistor, and a bridged resistor.

    The bridge is an inductor across the second resistor: that resistance counts for fast currents and
    vanishes for slow ones.
    """

    resistance_ohm: float
    bridged_ohm: float = 0.0
    bridge_H: float = 0.0

    def __post_init__(self) -> None:
        _check("freewheel resistance", self.resistance_ohm, *_RESISTANCE_OHM, "ohm")
        _check("bridged resistance", self.bridged_ohm, *_RESISTANCE_OHM, "ohm")
        if self.resistance_ohm == 0:
            raise InputError("freewheel resistance", "0 ohm", "a resistance that uses up the current")
        if self.bridged_ohm:
            _check("bridge of the freewheel path", self.bridge_H, *_INDUCTANCE_H, "H")


@dataclass(frozen=True, kw_only=True)
class Circuit:
    """A capacitor, charged to V0, that a switch puts across the coil.

    Parameters
    ----------
    inductance_H, resistance_ohm, capacitance_F
        Of the whole loop: coil, cable, switch, capacitor.
    rise_s
        How long the voltage across the closing switch takes to fall, in a straight line, to zero: 0, or 1 ns
        to an eighth of a period. [s]
    freewheel
        For monophasic pulses.

    Raises
    ------
    InputError
        A value no stimulator has, negative ones among them, or so much resistance that the circuit can't
        oscillate: such a circuit gives none of the pulses of TMS.
    """

    inductance_H: float
    resistance_ohm: float
    capacitance_F: float
    rise_s: float = 0.0
    freewheel: Freewheel | None = None

    def __post_init__(self) -> None:
        _check("inductance", self.inductance_H, *_INDUCTANCE_H, "H")
        _check("resistance", self.resistance_ohm, *_RESISTANCE_OHM, "ohm")
        _check("capacitance", self.capacitance_F, *_CAPACITANCE_F, "F")
        critical_ohm = 2 * math.sqrt(self.inductance_H / self.capacitance_F)
        if self.resistance_ohm >= critical_ohm:
            raise InputError(
                "resistance", f"{self.resistance_ohm:g} ohm, which overdamps the circuit",
                f"below {critical_ohm:.3g} ohm, 2 sqrt(L/C)",
            )  # fmt: skip
        if self.rise_s != 0:
            _check("rise time", self.rise_s, 1e-9, 0.25 * math.pi / self.omega_rad_per_s, "s")

    @staticmethod
    def from_resonance(
        *,
        frequency_Hz: float,
        damping_per_s: float,
        inductance_H: float,
        rise_s: float = 0.0,
        freewheel: Freewheel | None = None,
    ) -> Circuit:
        """The circuit that rings at ``frequency_Hz`` and decays with ``damping_per_s``.

        These two shape the pulse; the inductance only sets voltage and energy.
        """
        _check("resonance", frequency_Hz, 100.0, 100e3, "Hz")
        _check("damping", damping_per_s, 0.0, 1e6, "1/s")
        resonance_squared = (2 * math.pi * frequency_Hz) ** 2 + damping_per_s**2
        return Circuit(
            inductance_H=inductance_H,
            resistance_ohm=2 * damping_per_s * inductance_H,
            capacitance_F=1 / (inductance_H * resonance_squared),
            rise_s=rise_s,
            freewheel=freewheel,
        )

    @property
    def damping_per_s(self) -> float:
        """alpha = R / 2L. [1/s]"""
        return self.resistance_ohm / (2 * self.inductance_H)

    @property
    def omega_rad_per_s(self) -> float:
        """Angular frequency of the ringing, sqrt(1/LC - alpha^2). [rad/s]"""
        return math.sqrt(1 / (self.inductance_H * self.capacitance_F) - self.damping_per_s**2)

    @property
    def frequency_Hz(self) -> float:
        """Frequency of the ringing. [Hz]"""
        return self.omega_rad_per_s / (2 * math.pi)


@dataclass(frozen=True, kw_only=True)
class Discharge:
    """The coil on a capacitor, exactly, from any current and voltage at t = 0."""

    circuit: Circuit
    current_A: float
    voltage_V: float  # across the capacitor, positive where it drives the current up

    @property
    def _amplitude(self) -> complex:
        c = self.circuit
        slope = self.voltage_V / c.inductance_H - c.damping_per_s * self.current_A
        return complex(self.current_A, -slope / c.omega_rad_per_s)

    def current_at(self, time_s: FloatArray | float) -> FloatArray:
        """Coil current. [A]"""
        return np.real(self._amplitude * np.exp(self._pole * np.asarray(time_s)))

    def slope_at(self, time_s: FloatArray | float) -> FloatArray:
        """dI/dt. [A/s]"""
        return np.real(self._amplitude * self._pole * np.exp(self._pole * np.asarray(time_s)))

    def voltage_at(self, time_s: FloatArray | float) -> FloatArray:
        """Voltage of the capacitor. [V]"""
        c = self.circuit
        return c.inductance_H * self.slope_at(time_s) + c.resistance_ohm * self.current_at(time_s)

    def charge_at(self, time_s: FloatArray | float) -> FloatArray:
        """Charge that has passed through the coil. [A s]"""
        return self.circuit.capacitance_F * (self.voltage_V - self.voltage_at(time_s))

    def current_zeros_s(self, count: int) -> list[float]:
        """The first ``count`` times after 0 at which the current is zero. [s]"""
        return self._zeros_s(self._amplitude, count)

    def voltage_zeros_s(self, count: int) -> list[float]:
        """The first ``count`` times after 0 at which the capacitor is empty. [s]"""
        c = self.circuit
        return self._zeros_s(self._amplitude * (c.inductance_H * self._pole + c.resistance_ohm), count)

    @property
    def _pole(self) -> complex:
        return complex(-self.circuit.damping_per_s, self.circuit.omega_rad_per_s)

    def _zeros_s(self, amplitude: complex, count: int) -> list[float]:
        # Re(amplitude exp(pole t)) is zero where the angle is a quarter turn, or any half turn more.
        first = (math.pi / 2 - cmath.phase(amplitude)) % math.pi
        if first < 1e-9:  # the zero at the start itself
            first = math.pi
        return [(first + n * math.pi) / self.circuit.omega_rad_per_s for n in range(count)]
