"""A virtual subject, and what is measured on it. Amplitudes ``_mso`` are in percent of stimulator output."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tmsim.core import FloatArray, InputError, as_array
from tmsim.neuron.motor.parameters import PairedPulse

DEVICE_MSO = 100.0
"""The largest amplitude of a stimulator, by definition. [%MSO]"""


def as_amplitudes(name: str, value: FloatArray | list[float] | tuple[float, ...]) -> FloatArray:
    """Amplitudes that a device can give, (n,), or refuse them. [%MSO]"""
    amplitudes = as_array(name, value, (None,))
    if len(amplitudes) and not (amplitudes.min() >= 0 and amplitudes.max() <= DEVICE_MSO):
        worst = amplitudes.min() if amplitudes.min() < 0 else amplitudes.max()
        raise InputError(name, f"{worst:.4g} %MSO", "0 to 100 %MSO, as the device has it")
    return amplitudes


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The corticospinal tract of one virtual subject, from amplitude to MEP (Goetz2019).

    Parameters
    ----------
    seed, index
        Who it is: the same two numbers give the same subject, and the same pulses the same MEPs.
    onset_mso
        Amplitude at which the response begins to rise. [%MSO]
    midpoint_mso
        How far above the onset the rise is half done, in decades. [%MSO]
    steepness
        Exponent of the rise.
    range_log10
        Height of the rise, in decades above 0.1 uV.
    drive_spread_mso
        SD of the amplitude that seems to arrive, from pulse to pulse. [%MSO]
    size_spread_log10
        SD of the size of the MEP, from pulse to pulse. [decades]
    noise_V, noise_scale_V, noise_shape
        Location, scale and shape of the recording's peak-to-peak noise, which follows a generalised
        extreme-value distribution. [V]
    latency_s
        From the pulse to the MEP in the first dorsal interosseous, for current from posterior to
        anterior. [s]
    """

    seed: int
    index: int
    onset_mso: float
    midpoint_mso: float
    steepness: float
    range_log10: float
    drive_spread_mso: float
    size_spread_log10: float
    noise_V: float
    noise_scale_V: float
    noise_shape: float
    latency_s: float

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            # A conditioning pulse may move the onset below zero.
            if not math.isfinite(value) or (value <= 0 and name not in ("seed", "index", "onset_mso")):
                raise InputError(f"{name} of the subject", f"{value}", "a finite number above 0")


@dataclass(frozen=True, kw_only=True, eq=False)
class RecruitmentCurve:
    """MEP size against amplitude: what was recorded, and what the model expects.

    Parameters
    ----------
    rmt_mso
        Resting motor threshold of the subject. [%MSO]
    amplitude_mso
        Amplitudes, (n,), ascending. [%MSO]
    mep_V
        Recorded peak-to-peak sizes, (n, n_pulses). [V]
    expected_mso
        Amplitudes over the same range, closer together, (m,). [%MSO]
    shares, quantiles_V
        Quantiles over pulses, (5,), from 0 to 1, and the sizes to expect at them, (5, m). [V]
    """

    subject: Subject
    rmt_mso: float
    amplitude_mso: FloatArray
    mep_V: FloatArray
    expected_mso: FloatArray
    shares: FloatArray
    quantiles_V: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "amplitude_mso", as_amplitudes("amplitude", self.amplitude_mso))
        mep_V = as_array("MEP", self.mep_V, (len(self.amplitude_mso), None))
        object.__setattr__(self, "mep_V", mep_V)
        object.__setattr__(self, "expected_mso", as_array("amplitude", self.expected_mso, (None,)))
        object.__setattr__(self, "shares", as_array("shares", self.shares, (None,)))
        shape = (len(self.shares), len(self.expected_mso))
        object.__setattr__(self, "quantiles_V", as_array("quantiles", self.quantiles_V, shape))


@dataclass(frozen=True, kw_only=True, eq=False)
class Trace:
    """The electromyogram after one pulse: time from the pulse and potential, (n,). [s, V]

    ``direction`` is that of the current in the brain across the hand area: ``"PA"``, ``"AP"`` or ``"LM"``.
    """

    time_s: FloatArray
    emg_V: FloatArray
    latency_s: float
    direction: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "time_s", as_array("time", self.time_s, (None,)))
        object.__setattr__(self, "emg_V", as_array("EMG", self.emg_V, (len(self.time_s),)))


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One pulse of a threshold hunt: its amplitude and the peak-to-peak size of the MEP. [%MSO, V]"""

    amplitude_mso: float
    mep_V: float
    responded: bool


@dataclass(frozen=True, kw_only=True)
class HuntResult:
    """A hunt from its first pulse to its last.

    Parameters
    ----------
    method
        Name of the procedure.
    trials
        Its pulses, in order.
    estimates_mso, bands_mso
        The estimate after each pulse and the range that holds 95 % of its likelihood; None while there is
        none, or where the procedure has none. [%MSO]
    true_mso
        The threshold that was hunted, from the subject's own parameters. [%MSO]
    """

    method: str
    subject: Subject
    trials: tuple[Trial, ...]
    estimates_mso: tuple[float | None, ...]
    bands_mso: tuple[tuple[float, float] | None, ...]
    estimate_mso: float
    true_mso: float

    @property
    def error(self) -> float:
        """Estimate against the true threshold, as a share of it."""
        return self.estimate_mso / self.true_mso - 1


@dataclass(frozen=True, kw_only=True, eq=False)
class ErrorCurve:
    """How far off a procedure is after so many pulses, over subjects.

    Parameters
    ----------
    shares
        Quantiles over subjects of the absolute error, (3,): lower quartile, median, upper quartile.
    error
        ``|estimate / threshold - 1|`` at these quantiles, (3, n_pulses); NaN while fewer than half of the
        subjects have an estimate.
    with_estimate
        Share of subjects with an estimate, (n_pulses,).
    pulses_used
        Median number of pulses until the procedure ended, none counted above ``n_pulses``.
    """

    method: str
    n_subjects: int
    shares: FloatArray
    error: FloatArray
    with_estimate: FloatArray
    pulses_used: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Volley:
    """What goes down the corticospinal tract after one pulse.

    Parameters
    ----------
    times_rmt
        Intensity, in multiples of the resting motor threshold.
    waves
        Height of each wave, by name, where the plateau of I1 is 1.
    time_s, height
        The sum of the waves over time from the pulse, (n,). [s]
    """

    times_rmt: float
    waves: dict[str, float]
    time_s: FloatArray
    height: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class SilentPeriod:
    """Length of the cortical silent period against intensity; every figure of it is unverified.

    Parameters
    ----------
    times_rmt
        Intensity in multiples of the resting motor threshold, (n,).
    subject_s
        Length in the subject, (n,). [s]
    shares, quantiles_s
        Quantiles over people, (3,), and the length at them, (3, n). [s]
    """

    times_rmt: FloatArray
    subject_s: FloatArray
    shares: FloatArray
    quantiles_s: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Conditioned:
    """A paired-pulse measure taken on a subject.

    Parameters
    ----------
    pair
        Which, with the published ratio.
    test_mso
        Amplitude of the test pulse. [%MSO]
    ratio
        Of the expected (median) conditioned MEP to that of the test pulse alone.
    shift_mso
        How far the conditioning pulse moves the recruitment curve up; negative where it facilitates. [%MSO]
    limited
        Whether the curve had no room for the ratio drawn, for its plateau or its noise.
    conditioned
        The subject as the test pulse finds it.
    test_V, conditioned_V
        Recorded MEPs of the test pulse alone and of the pair, (n_pulses,). [V]
    measured_ratio
        Of the medians of these: what a lab would report of so many pulses.
    """

    pair: PairedPulse
    test_mso: float
    ratio: float
    shift_mso: float
    limited: bool
    conditioned: Subject
    test_V: FloatArray
    conditioned_V: FloatArray
    measured_ratio: float
