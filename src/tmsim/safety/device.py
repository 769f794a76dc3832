"""What the stimulator can do: pulse rate at the output, energy, and pauses in which it charges.

Of the Magstim Rapid², with J the energy of a pulse, f the rate and n the pulses of a train::

    continuous rate       f <= 1050 W / J
    train                 at most 63 000 J / (f J) of a minute; a whole minute is without end
    wait between trains   max(0.5 s, n (f J - 1050 W) / (1050 W f))
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tmsim.core import InputError
from tmsim.pulse import PercentMSO, Train
from tmsim.safety.parameters import (
    DEVICES,
    ENERGY_PER_MINUTE,
    MEAN_POWER,
    PULSE_ENERGY,
    SHORTEST_WAIT,
)
from tmsim.safety.trains import shortest_pause_s
from tmsim.safety.types import Device, Finding

_BURST_Hz = 25.0  # faster pulses are bursts: what the device charges between are the groups of them
_ROUNDING = 1e-9


def device_by_name(name: str) -> Device:
    """The stimulator of that name.

    Raises
    ------
    InputError
        There is none.
    """
    if name not in DEVICES:
        raise InputError("device", repr(name), f"one of {', '.join(DEVICES)}")
    return DEVICES[name]


def max_rate_Hz(device: Device, percent_mso: float) -> int:
    """Highest pulse rate at an output, linear between the figures and rounded down. [Hz]"""
    PercentMSO(percent_mso)
    percents, rates_Hz = zip(*device.rates_by_percent, strict=True)
    return int(np.interp(percent_mso, percents, rates_Hz) * (1 + _ROUNDING))


def pulse_energy_J(percent_mso: float) -> float:
    """Energy that a pulse of the Rapid² takes, linear in the square of the output between the figures. [J]"""
    PercentMSO(percent_mso)
    squares = [percent**2 for percent, _ in PULSE_ENERGY]
    return float(np.interp(percent_mso**2, squares, [energy.value for _, energy in PULSE_ENERGY]))


def continuous_rate_Hz(percent_mso: float) -> float:
    """Rate that can go on without end; infinite at no output. [Hz]"""
    energy_J = pulse_energy_J(percent_mso)
    return MEAN_POWER.value / energy_J if energy_J else float("inf")


def on_time_per_minute_s(rate_Hz: float, percent_mso: float) -> float:
    """Longest time with pulses in a minute; a minute and more is without end. [s]"""
    power_W = rate_Hz * pulse_energy_J(percent_mso)
    return ENERGY_PER_MINUTE.value / power_W if power_W else float("inf")


def wait_between_trains_s(n_pulses: int, rate_Hz: float, percent_mso: float) -> float:
    """Shortest wait after a train, from the end of its last interval. [s]"""
    excess_W = rate_Hz * pulse_energy_J(percent_mso) - MEAN_POWER.value
    return max(SHORTEST_WAIT.value, n_pulses * excess_W / (MEAN_POWER.value * rate_Hz))


def check_device(device: Device, percent_mso: float, train: Train) -> Iterator[Finding]:
    """Findings on one block: its rate, and the energy and wait of its trains."""
    if not train.layers:
        return
    rate_Hz, most_Hz = 1 / train.layers[0].interval_s, max_rate_Hz(device, percent_mso)
    within = rate_Hz <= most_Hz * (1 + _ROUNDING)
    said = f"pulses at {rate_Hz:.4g} Hz; it allows up to {most_Hz} Hz"
    yield _finding(device, percent_mso, "device-rate", within, rate_Hz, most_Hz, "Hz", said)
    if not device.energy_limited:
        return
    # Bursts and their repetition are one train to the device.
    inner = 2 if rate_Hz > _BURST_Hz * (1 + _ROUNDING) else 1
    one = Train(layers=train.layers[:inner])
    mean_Hz = one.n_pulses / one.cycle_s
    on_s = on_time_per_minute_s(mean_Hz, percent_mso)
    within = on_s >= 60 or one.cycle_s <= on_s * (1 + _ROUNDING)
    said = f"trains of {one.cycle_s:.4g} s at {mean_Hz:.4g} Hz; it allows "
    said += "them without end" if on_s >= 60 else f"{on_s:.3g} s in a minute"
    limit_s = None if on_s >= 60 else on_s
    yield _finding(device, percent_mso, "device-on-time", within, one.cycle_s, limit_s, "s", said)
    if len(train.layers) > inner:
        wait_s = wait_between_trains_s(one.n_pulses, mean_Hz, percent_mso)
        pause_s = shortest_pause_s(train, inner)
        within = pause_s >= wait_s * (1 - _ROUNDING)
        said = f"{pause_s:.4g} s between trains of {one.n_pulses} pulses; it needs {wait_s:.3g} s"
        yield _finding(device, percent_mso, "device-wait", within, pause_s, wait_s, "s", said)


def _finding(
    device: Device,
    percent_mso: float,
    rule: str,
    within: bool,
    value: float,
    limit: float | None,
    unit: str,
    said: str,
) -> Finding:
    return Finding(
        rule=rule,
        severity="info" if within else "stop",
        value=value,
        limit=limit,
        unit=unit,
        table=device.label,
        cell=f"{percent_mso:g} %MSO",
        source=device.source,
        status="read",
        message=f"{device.label} at {percent_mso:g} %MSO: {said}.",
    )
