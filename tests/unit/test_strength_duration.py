"""Time constant and rheobase: found again where they were put in, with errors that mean something."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tmsim.core import InputError, OutsideModelError
from tmsim.neuron import fit_strength_duration
from tmsim.pulse import Waveform, waveform

NAMES = ("ctms1-30us", "ctms1-60us", "ctms1-120us", "magpro-x100-monophasic")
PULSES = [waveform(name) for name in NAMES]


def rectangle(width_s) -> Waveform:
    return Waveform(
        name="rectangle", kind="rectangular", time_s=[0, 1e-9, width_s, width_s + 1e-9], didt=[0, 1, 1, 0]
    )


@pytest.mark.parametrize("tau_s", [60e-6, 187e-6, 700e-6])
def test_rectangular_pulses_give_back_the_law_of_lapicque(tau_s):
    widths_s = np.array([30e-6, 60e-6, 120e-6, 300e-6])
    thresholds = 42.0 / (1 - np.exp(-widths_s / tau_s))
    found = fit_strength_duration([rectangle(width_s) for width_s in widths_s], thresholds)
    assert found.time_constant_s == pytest.approx(tau_s, rel=1e-4)
    assert found.rheobase == pytest.approx(42.0, rel=1e-4)
    assert np.abs(found.residuals).max() < 1e-4
    assert found.threshold(rectangle(1e-4)) == pytest.approx(42.0 / (1 - math.exp(-1e-4 / tau_s)), rel=1e-4)


def low_pass_peak(pulse, tau_s) -> float:
    """The definition: the largest value of the convolution with exp(-t/tau)/tau, on a fine grid."""
    step_s = 5e-8
    samples = pulse.sampled(step_s)
    E = (samples[1:] + samples[:-1]) / 2
    kernel = -np.diff(np.exp(-np.arange(len(samples)) * step_s / tau_s))  # its integral over each step
    n = 2 * len(E)
    return float(np.fft.irfft(np.fft.rfft(E, n) * np.fft.rfft(kernel, n), n)[: len(E)].max())


def test_real_waveforms_give_back_what_went_in():
    thresholds = [0.6 / low_pass_peak(pulse, 210e-6) for pulse in PULSES]
    found = fit_strength_duration(PULSES, thresholds)
    assert found.time_constant_s == pytest.approx(210e-6, rel=2e-3)
    assert found.rheobase == pytest.approx(0.6, rel=2e-3)


def test_rheobase_takes_the_unit_of_the_thresholds_and_the_time_constant_none():
    thresholds = np.array([1.6, 1.0, 0.74])
    one, percent = (fit_strength_duration(PULSES[:3], unit * thresholds) for unit in (1.0, 40.0))
    assert percent.rheobase == pytest.approx(40 * one.rheobase)
    assert percent.time_constant_s == pytest.approx(one.time_constant_s)
    np.testing.assert_allclose(percent.residuals, one.residuals, atol=1e-9)


def test_standard_errors_are_those_of_repeated_measurement():
    widths_s, noise, rng = np.array([30e-6, 60e-6, 90e-6, 120e-6, 180e-6]), 0.02, np.random.default_rng(3)
    pulses = [rectangle(width_s) for width_s in widths_s]
    true = 50 / (1 - np.exp(-widths_s / 200e-6))
    fits = [fit_strength_duration(pulses, true * np.exp(noise * rng.normal(size=5))) for _ in range(40)]
    tau = np.array([fit.time_constant_s for fit in fits])
    assert tau.mean() == pytest.approx(200e-6, rel=0.05)
    # Mean squared error as stated against that found; 40 repetitions tell it within some 25 %.
    stated = math.sqrt(np.mean([fit.time_constant_error_s**2 for fit in fits]))
    assert stated == pytest.approx(tau.std(), rel=0.4)
    rheobase = np.array([fit.rheobase for fit in fits])
    stated = math.sqrt(np.mean([fit.rheobase_error**2 for fit in fits]))
    assert stated == pytest.approx(rheobase.std(), rel=0.4)


def test_two_thresholds_give_a_value_and_no_error():
    found = fit_strength_duration([rectangle(30e-6), rectangle(120e-6)], [2.5, 1.0])
    assert np.abs(found.residuals).max() < 1e-6
    assert math.isinf(found.time_constant_error_s)
    assert math.isinf(found.rheobase_error)


@pytest.mark.parametrize(
    ("pulses", "thresholds", "says"),
    [
        (PULSES[:1], [1.0], "thresholds: 1; expected at least 2"),
        (PULSES[:2], [1.0], "thresholds: shape"),
        (PULSES[:2], [1.0, 0.0], "thresholds: 0; expected values above 0"),
        (PULSES[:2], [1.0, math.nan], "thresholds: NaN"),
    ],
)
def test_thresholds_that_are_none_are_refused(pulses, thresholds, says):
    with pytest.raises(InputError, match=says):
        fit_strength_duration(pulses, thresholds)


@pytest.mark.parametrize("thresholds", [[1.0, 1.0, 1.0], [1.0, 1.5, 2.0], [4.5, 2.0, 0.9]])
def test_thresholds_that_no_membrane_has_are_outside_the_model(thresholds):
    widths_s = (30e-6, 60e-6, 120e-6)
    with pytest.raises(OutsideModelError, match="No time constant between 20 us and 5 ms"):
        fit_strength_duration([rectangle(width_s) for width_s in widths_s], thresholds)
