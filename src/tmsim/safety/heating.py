"""How warm a coil may get over a session: the balance of the heat in its winding.

With R0 the resistance of the winding to direct current and C0 the heat capacity of its copper, both from the
windings, a pulse adds ``k R0 / (c C0)`` times the integral of i^2, and the rise decays with time constant
tau. Layers are geometric sums, so the rise after the last pulse of a train needs no steps through time::

    rise = rise of a pulse x product over layers of (1 - g^n) / (1 - g),    g = exp(-interval / tau)

Range: uncooled coils with published windings. k, c, tau and the temperature of the room are assumed, each as
a least and a most: the two ends of the result are those of all assumptions together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.integrate import trapezoid

from tmsim.coil import CATALOGUE, WindingSpec
from tmsim.core import InputError
from tmsim.pulse import Train, Waveform, waveform
from tmsim.safety.parameters import (
    CAPACITY_FACTOR,
    COOLING_TIME,
    COPPER_HEAT_CAPACITY,
    COPPER_RESISTIVITY,
    DISARM_TEMPERATURE,
    RESISTANCE_FACTOR,
    ROOM_TEMPERATURE,
)
from tmsim.safety.types import Finding

_PULSES = {"Magstim": "magstim-rapid2-biphasic", "MagVenture": "magpro-x100-biphasic"}


@dataclass(frozen=True, kw_only=True)
class Heating:
    """Range of a coil's temperature after the warmest of its trains.

    ``earliest_pulses`` is the number of pulses after which the hottest case is above the temperature at which
    the device disarms.
    """

    coolest_C: float
    hottest_C: float
    earliest_pulses: int


def winding_heat(coil: WindingSpec, pulse: Waveform, didt_A_per_s: float) -> tuple[float, float]:
    """Heat of a pulse in the winding [J] and heat capacity of its copper [J/K], at direct-current resistance.

    Parameters
    ----------
    didt_A_per_s
        Peak dI/dt of the pulse.
    """
    area_m2 = coil.wire_width_mm * coil.wire_height_mm * 1e-6
    mean_diameter_m = (coil.outer_mm + coil.inner_mm) / 2 * 1e-3
    length_m = coil.wings * coil.layers * coil.turns * math.pi * mean_diameter_m
    square_A2_s = float(trapezoid(pulse.current_s**2, pulse.time_s)) * didt_A_per_s**2
    heat_J = COPPER_RESISTIVITY.value * length_m / area_m2 * square_A2_s
    return heat_J, COPPER_HEAT_CAPACITY.value * length_m * area_m2


def coil_heating(
    trains: tuple[Train, ...], coil: WindingSpec, pulse: Waveform, didt_A_per_s: float
) -> Heating:
    """Temperature of a coil after trains that follow each other, from the room's."""
    heat_J, copper_J_per_K = winding_heat(coil, pulse, didt_A_per_s)
    least_K, most_K = (
        heat_J * resistance.value / (copper_J_per_K * capacity.value)
        for resistance, capacity in zip(RESISTANCE_FACTOR, CAPACITY_FACTOR, strict=True)
    )
    cool, warm = (temperature.value for temperature in ROOM_TEMPERATURE)
    n_pulses = sum(train.n_pulses for train in trains)
    return Heating(
        coolest_C=cool + least_K * _equivalent_pulses(trains, COOLING_TIME.value),
        hottest_C=warm + most_K * n_pulses,
        earliest_pulses=math.ceil((DISARM_TEMPERATURE.value - warm) / most_K),
    )


def _equivalent_pulses(trains: tuple[Train, ...], tau_s: float) -> float:
    """How many pulses at one moment would warm the coil as much as it is after its warmest train."""
    rise = warmest = 0.0
    for train in trains:
        own = math.prod(
            math.expm1(-layer.count * layer.interval_s / tau_s) / math.expm1(-layer.interval_s / tau_s)
            for layer in train.layers
        )
        rise = rise * math.exp(-train.last_pulse_s / tau_s) + own
        warmest = max(warmest, rise)
        rise *= math.exp((train.last_pulse_s - train.cycle_s) / tau_s)
    return warmest


def check_heating(trains: tuple[Train, ...], coil: str, percent_mso: float) -> Finding:
    """The temperature of a built-in coil over a session, as a range.

    Raises
    ------
    InputError
        The coil isn't built in, or nothing is known of its current or its stimulator's pulse.
    """
    if coil not in CATALOGUE:
        raise InputError("coil", repr(coil), f"one of {', '.join(CATALOGUE)}")
    spec = CATALOGUE[coil]
    if spec.didt_max is None or spec.brand not in _PULSES:
        known = [name for name, s in CATALOGUE.items() if s.didt_max and s.brand in _PULSES]
        raise InputError("coil", f"{coil}, of which no dI/dt is known", f"one of {', '.join(known)}")
    didt_A_per_s = spec.didt_max.value * 1e6 * percent_mso / 100
    limit = DISARM_TEMPERATURE
    found = coil_heating(trains, spec, waveform(_PULSES[spec.brand]), didt_A_per_s)
    hottest = f"{found.hottest_C:.0f} °C" if found.hottest_C <= limit.value else f"above {limit.value:g} °C"
    if found.coolest_C > limit.value:
        said = f"above {limit.value:g} °C at the end whatever is assumed"
    else:
        said = f"{found.coolest_C:.0f} °C to {hottest}"
    if found.hottest_C > limit.value:
        said += f", that after {found.earliest_pulses} pulses at the earliest"
    return Finding(
        rule="coil-heating",
        severity="info",
        value=found.coolest_C,
        limit=limit.value,
        unit="°C",
        source=limit.source,
        status="unverified",
        message=f"{spec.label}, uncooled, at {percent_mso:g} %MSO: {said}; a Magstim disarms above "
        f"{limit.value:g} °C. Resistance, heat capacity and cooling are assumed.",
    )
