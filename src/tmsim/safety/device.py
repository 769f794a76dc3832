"""What the stimulator can do: pulse rate at the output, energy, and pauses in which it charges.

Of the Magstim Rapid², with J the energy of a pulse, f the rate and n the pulses of a train::

    continuous rate       f <= 1050 W / J
    energy                at most 63 000 J in any minute, that is trains of 63 000 J / (f J) seconds
    wait between trains   max(0.5 s, n (f J - 1050 W) / (1050 W f))
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tmsim.core import FloatArray, InputError
from tmsim.pulse import PercentMSO, Train
from tmsim.safety.parameters import (
    DEVICE_SOURCE,
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


def max_rate_Hz(stimulator: Device, percent_mso: float) -> float:
    """Highest pulse rate at an output: that of the next tabulated output up. [Hz]"""
    PercentMSO(percent_mso)
    return next(
        rate
        for percent, rate in zip(stimulator.percents, stimulator.rates_Hz, strict=True)
        if percent_mso <= percent
    )


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
    """Longest time with pulses in any minute, at most 60 s. [s]"""
    power_W = rate_Hz * pulse_energy_J(percent_mso)
    return min(60.0, ENERGY_PER_MINUTE.value / power_W) if power_W else 60.0


def wait_between_trains_s(n_pulses: int, rate_Hz: float, percent_mso: float) -> float:
    """Shortest wait after a train, from the end of its last interval. [s]"""
    excess_W = rate_Hz * pulse_energy_J(percent_mso) - MEAN_POWER.value
    return max(SHORTEST_WAIT.value, n_pulses * excess_W / (MEAN_POWER.value * rate_Hz))


def check_device(
    stimulator: Device, percent_mso: float, trains: tuple[Train, ...], onsets_s: FloatArray
) -> Iterator[Finding]:
    """Findings on a session's blocks; ``onsets_s`` are those of all its pulses."""
    most_Hz = max_rate_Hz(stimulator, percent_mso)
    rates_Hz = [1 / train.layers[0].interval_s for train in trains if train.layers]
    if rates_Hz:
        yield _finding(
            stimulator,
            percent_mso,
            "device-rate",
            max(rates_Hz),
            most_Hz,
            "Hz",
            f"pulses at {max(rates_Hz):.4g} Hz",
            f"up to {most_Hz:g} Hz",
        )
    energy_J = pulse_energy_J(percent_mso)
    busiest = _most_in_a_minute(onsets_s)
    yield _finding(
        stimulator,
        percent_mso,
        "device-energy",
        busiest * energy_J,
        ENERGY_PER_MINUTE.value,
        "J",
        f"{busiest} pulses of {energy_J:.4g} J in the busiest minute, {busiest * energy_J / 1e3:.4g} kJ",
        f"up to {ENERGY_PER_MINUTE.value / 1e3:g} kJ",
    )
    for train in trains:
        yield from _wait(stimulator, percent_mso, train)


def _wait(stimulator: Device, percent_mso: float, train: Train) -> Iterator[Finding]:
    """The pause after each train; bursts and their repetition are one train."""
    if not train.layers:
        return
    inner = 2 if 1 / train.layers[0].interval_s > _BURST_Hz * (1 + _ROUNDING) else 1
    if len(train.layers) <= inner:
        return
    one = Train(layers=train.layers[:inner])
    rate_Hz = one.n_pulses / one.cycle_s
    wait_s = wait_between_trains_s(one.n_pulses, rate_Hz, percent_mso)
    pause_s = shortest_pause_s(train, inner)
    yield _finding(
        stimulator,
        percent_mso,
        "device-wait",
        pause_s,
        wait_s,
        "s",
        f"{pause_s:.4g} s between trains of {one.n_pulses} pulses at {rate_Hz:.4g} Hz",
        f"from {wait_s:.3g} s",
        least=True,
    )


def _most_in_a_minute(onsets_s: FloatArray) -> int:
    after = np.searchsorted(onsets_s, onsets_s + 60.0 * (1 - _ROUNDING))
    return int((after - np.arange(len(onsets_s))).max())


def _finding(
    stimulator: Device, percent_mso: float, rule: str, value: float, limit: float, unit: str, found: str,
    can: str, *, least: bool = False,
) -> Finding:  # fmt: skip
    within = value >= limit * (1 - _ROUNDING) if least else value <= limit * (1 + _ROUNDING)
    return Finding(
        rule=rule,
        severity="info" if within else "stop",
        value=value,
        limit=limit,
        unit=unit,
        table=stimulator.label,
        cell=f"{percent_mso:g} %MSO",
        source=DEVICE_SOURCE,
        status="read",
        message=f"{stimulator.label} at {percent_mso:g} %MSO: {found}; it allows {can}.",
    )
