"""What one pulse sets off on its way to the muscle: descending waves, and the electromyogram."""

from __future__ import annotations

import math

import numpy as np

from tmsim.core import FloatArray, InputError, read_only
from tmsim.neuron.motor.mep import threshold_mso
from tmsim.neuron.motor.parameters import (
    LATENCY_AFTER_LM_S,
    UNIT_RATES_HZ,
    UNIT_THRESHOLDS_HZ,
    UNIT_WIDTH_S,
    UNITS,
    WAVE_INTERVAL_S,
    WAVE_START_S,
    WAVE_WIDTH_S,
    WAVES,
)
from tmsim.neuron.motor.types import Subject, Trace, Volley

MAX_TIMES_RMT = 2.5
"""No intensity above this many times the motor threshold is meant: a percentage was given for a multiple."""

_STEP_S = 50e-6
_VOLLEY_S = 15e-3  # all waves have passed by then
_TRACE_S = 60e-3
_ONSET = 0.02  # of the peak-to-peak size: where an experimenter sees the MEP leave the baseline


def descending_volley(times_rmt: float) -> Volley:
    """D- and I-waves after one pulse, by the curves fitted to epidural recordings (Numssen2021).

    Parameters
    ----------
    times_rmt
        Intensity in multiples of the resting motor threshold, 0 to 2.5.

    Raises
    ------
    InputError
        The intensity is outside this range.
    """
    check_times_rmt(times_rmt)
    time_s = np.arange(0.0, _VOLLEY_S, _STEP_S)
    height = np.zeros_like(time_s)
    heights = {}
    for k, (name, wave) in enumerate(WAVES.items()):
        growth = 1 / (1 + math.exp(-wave.slope.value * (times_rmt - wave.midpoint.value)))
        heights[name] = wave.plateau.value * growth
        arrival_s = WAVE_START_S.value + k * WAVE_INTERVAL_S.value
        height += heights[name] * np.exp(-0.5 * ((time_s - arrival_s) / WAVE_WIDTH_S.value) ** 2)
    return Volley(times_rmt=times_rmt, waves=heights, time_s=read_only(time_s), height=read_only(height))


def check_times_rmt(times_rmt: float) -> None:
    """Refuse an intensity at which no curve was fitted."""
    if not 0 <= times_rmt <= MAX_TIMES_RMT:  # NaN too
        raise InputError(
            "intensity", f"{times_rmt:g} times the motor threshold", f"0 to {MAX_TIMES_RMT}",
            "120 %RMT is 1.2 times.",
        )  # fmt: skip


def mep_latency_s(subject: Subject, direction: str = "PA") -> float:
    """From the pulse to the MEP in the first dorsal interosseous, by direction of the current. [s]

    PA is current from posterior to anterior, AP the reverse, LM from lateral to medial. The last gives the
    direct response and the shortest latency; how much later the others come is unverified (Hamada2013).

    Raises
    ------
    InputError
        The direction is not PA, AP or LM.
    """
    if direction not in LATENCY_AFTER_LM_S:
        raise InputError("direction", repr(direction), f"one of {', '.join(LATENCY_AFTER_LM_S)}")
    after_pa_s = LATENCY_AFTER_LM_S[direction].value - LATENCY_AFTER_LM_S["PA"].value
    return subject.latency_s + after_pa_s


def mep_trace(subject: Subject, amplitude_mso: float, mep_V: float, direction: str = "PA") -> Trace:
    """The electromyogram of an MEP of known size, for pictures.

    The descending volley drives 100 motor units (Moezzi2018): unit k of threshold T_k fires at once when the
    drive passes T_k and then at a rate that grows from 8 to 300 Hz with the drive. Their potentials,
    -t exp(-(t/2 ms)^2), larger the higher the threshold, add up. The sum is then scaled to ``mep_V`` and put
    where 2 % of it are passed at the subject's latency: its shape is the model's, its size and time are not.

    Parameters
    ----------
    amplitude_mso
        Of the pulse; far above threshold, from some 1.6 times on, later waves make the MEP longer. [%MSO]
    mep_V
        Peak-to-peak size, as drawn. [V]

    Raises
    ------
    InputError
        The amplitude is more than 2.5 times the threshold, or the size is negative or NaN.
    """
    if not (math.isfinite(mep_V) and 0 <= mep_V < 1):
        raise InputError("MEP", f"{mep_V} V", "a peak-to-peak size of 0 to 1 V")
    latency_s = mep_latency_s(subject, direction)
    shape = _summed_units(descending_volley(amplitude_mso / threshold_mso(subject)))
    shape *= mep_V / np.ptp(shape)
    onset = int(np.argmax(np.abs(shape) >= _ONSET * mep_V))
    time_s = np.arange(0.0, _TRACE_S, _STEP_S)
    steps = np.arange(len(shape)) - onset
    emg_V = np.interp(time_s, latency_s + steps * _STEP_S, shape, left=0.0, right=0.0)
    return Trace(time_s=time_s, emg_V=emg_V, latency_s=latency_s, direction=direction)


def _summed_units(volley: Volley) -> FloatArray:
    """Sum of the potentials of all motor units, in steps of ``_STEP_S``, of any scale."""
    low_Hz, high_Hz = (p.value for p in UNIT_THRESHOLDS_HZ)
    slowest_Hz, fastest_Hz = (p.value for p in UNIT_RATES_HZ)
    thresholds_Hz = np.geomspace(low_Hz, high_Hz, round(UNITS.value))
    drive_Hz = high_Hz * volley.height
    # The smallest unit answers to the largest drive, however weak: else there were no shape to scale.
    drive_Hz *= max(1.0, 1.01 * low_Hz / drive_Hz.max())
    fired = np.zeros(len(drive_Hz))
    ready_s = np.zeros(len(thresholds_Hz))
    for step, drive in enumerate(drive_Hz):
        fires = (drive > thresholds_Hz) & (step * _STEP_S >= ready_s)
        share = (drive - thresholds_Hz[fires]) / (high_Hz - thresholds_Hz[fires])
        rate_Hz = slowest_Hz + (fastest_Hz - slowest_Hz) * np.minimum(share, 1.0)
        ready_s[fires] = step * _STEP_S + 1 / rate_Hz
        fired[step] = thresholds_Hz[fires].sum()
    width_s = UNIT_WIDTH_S.value
    time_s = np.arange(-4 * width_s, 4 * width_s, _STEP_S)
    return np.convolve(fired, -time_s * np.exp(-((time_s / width_s) ** 2)))
