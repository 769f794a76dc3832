"""Motor physiology: thresholds against drawn pulses and quadrature, invariances, hunts on known answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial.hermite_e import hermegauss
from numpy.polynomial.legendre import leggauss
from scipy.optimize import brentq
from scipy.stats import genextreme, norm

from tmsim.neuron.motor import (
    METHODS,
    PAIRED_PULSES,
    MaximumLikelihood,
    RelativeFrequency,
    descending_volley,
    draw_mep_V,
    draw_population,
    draw_subject,
    hunt,
    mep_latency_s,
    mep_quantiles_V,
    mep_trace,
    paired_pulse,
    recruitment_curve,
    share_reaching,
    silent_period,
    threshold_mso,
    with_threshold,
)
from tmsim.neuron.motor.parameters import WAVES

SUBJECTS = draw_population(5, 12)


def mep_reference_V(subject, amplitude_mso, drive, size, noise_V):
    """The generator as the paper writes it, one pulse at a time: the twin."""
    p3 = subject.midpoint_mso**subject.steepness
    x = max(amplitude_mso - subject.onset_mso + subject.drive_spread_mso * drive, 1e-9)
    exponent = subject.size_spread_log10 * size + subject.range_log10 / (1 + p3 / x**subject.steepness)
    return max(10e-9, noise_V + 1e-7 * 10**exponent)


class GivenNumbers:
    """A generator that hands out what it was given."""

    def __init__(self, normal, uniform):
        self.normal, self.uniform = normal, uniform

    def standard_normal(self, shape):
        return self.normal.reshape(shape)

    def random(self, shape):
        return self.uniform.reshape(shape)


@pytest.mark.parametrize("subject", SUBJECTS[:4], ids=lambda s: f"subject {s.index}")
def test_an_mep_is_the_generator_of_the_paper(subject):
    rng = np.random.default_rng(1)
    amplitudes = np.linspace(20, 110, 40)
    normal, uniform = rng.standard_normal((2, 40)), rng.random(40)
    # scipy's shape parameter has the other sign.
    noise_V = genextreme.ppf(uniform, -subject.noise_shape, loc=subject.noise_V, scale=subject.noise_scale_V)
    expected = [
        mep_reference_V(subject, *numbers) for numbers in zip(amplitudes, *normal, noise_V, strict=True)
    ]
    drawn = draw_mep_V(subject, amplitudes, GivenNumbers(normal, uniform))
    assert drawn == pytest.approx(expected, rel=1e-9)


def threshold_by_quadrature(subject):
    """Half of the pulses reach 50 uV: Gauss quadrature over size and noise, exact over the drive."""
    u, w = leggauss(200)
    z, v = hermegauss(60)
    noise_V = genextreme.ppf(
        (u + 1) / 2, -subject.noise_shape, loc=subject.noise_V, scale=subject.noise_scale_V
    )
    weights = (v / v.sum())[:, None] * w / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        decades = np.log10((50e-6 - noise_V) / 1e-7) - subject.size_spread_log10 * z[:, None]
        rise = decades / (subject.range_log10 - decades)
        needed = subject.onset_mso + subject.midpoint_mso * rise ** (1 / subject.steepness)
    needed = np.where(noise_V >= 50e-6, -np.inf, np.where(np.isnan(needed), np.inf, needed))

    def excess(amplitude_mso):
        return (weights * norm.cdf((amplitude_mso - needed) / subject.drive_spread_mso)).sum() - 0.5

    return brentq(excess, 10, 150)


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda s: f"subject {s.index}")
def test_the_threshold_is_that_of_quadrature(subject):
    assert threshold_mso(subject) == pytest.approx(threshold_by_quadrature(subject), abs=0.02)


@pytest.mark.parametrize("subject", SUBJECTS[:4], ids=lambda s: f"subject {s.index}")
def test_half_of_drawn_meps_reach_50_microvolt_at_the_threshold(subject):
    n = 40_000
    meps_V = draw_mep_V(subject, np.full(n, threshold_mso(subject)), np.random.default_rng(3))
    assert (meps_V >= 50e-6).mean() == pytest.approx(0.5, abs=4 * 0.5 / n**0.5)
    assert share_reaching(subject, threshold_mso(subject)) == pytest.approx(0.5, abs=0.002)


@pytest.mark.parametrize("subject", SUBJECTS[:4], ids=lambda s: f"subject {s.index}")
def test_quantiles_are_those_of_drawn_meps(subject):
    amplitude_mso = 1.1 * threshold_mso(subject)
    n = 40_000
    meps_V = draw_mep_V(subject, np.full(n, amplitude_mso), np.random.default_rng(4))
    for share in (0.25, 0.5, 0.75):
        expected_V = mep_quantiles_V(subject, [amplitude_mso], [share])[0, 0]
        assert (meps_V <= expected_V).mean() == pytest.approx(share, abs=0.012)


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda s: f"subject {s.index}")
def test_quantiles_never_fall_with_amplitude(subject):
    curve = recruitment_curve(subject, np.arange(10, 101.0), n_pulses=1)
    assert (np.diff(curve.quantiles_V, axis=1) >= 0).all()
    assert (np.diff(share_reaching(subject, np.arange(10, 101.0))) >= 0).all()
    assert curve.quantiles_V[2, -1] > 10 * curve.quantiles_V[2, 0]


@given(rmt_mso=st.floats(5, 150), times_rmt=st.floats(0.5, 1.6))
def test_another_threshold_leaves_the_curve_in_multiples_of_it(rmt_mso, times_rmt):
    subject = SUBJECTS[0]
    other = with_threshold(subject, rmt_mso)
    assert threshold_mso(other) == pytest.approx(rmt_mso, rel=1e-9)
    shares = [0.25, 0.5, 0.75]
    at_own = mep_quantiles_V(subject, [times_rmt * threshold_mso(subject)], shares)
    assert mep_quantiles_V(other, [times_rmt * rmt_mso], shares) == pytest.approx(at_own, rel=1e-6)


def test_a_subject_is_the_same_alone_and_in_a_population():
    assert draw_subject(5, 7) == SUBJECTS[7]
    assert draw_subject(5, 7) != draw_subject(6, 7)


def test_a_larger_size_takes_a_larger_amplitude():
    thresholds = [threshold_mso(SUBJECTS[0], size_V) for size_V in (50e-6, 200e-6, 500e-6)]
    assert thresholds == sorted(set(thresholds))


# --- Threshold hunts, first on a muscle that answers whenever the amplitude reaches its threshold.


def answer(state, threshold, size_V=1e-3):
    """Run a hunt on a muscle without chance."""
    while state.next_mso is not None:
        state = state.record(size_V if state.next_mso >= threshold else 5e-6)
    return state


@given(threshold=st.floats(20.01, 95))
def test_maximum_likelihood_closes_in_on_a_muscle_without_chance(threshold):
    state = answer(MaximumLikelihood(n_pulses=30), threshold)
    # Amplitudes are whole: responses bound the threshold to within 1 %MSO.
    assert abs(state.estimate_mso - threshold) < 1.5
    low, high = state.band_mso
    assert low < state.estimate_mso < high


@given(threshold=st.floats(5, 99.9), step=st.sampled_from([1.0, 2.0]))
def test_the_5_of_10_rule_finds_the_lowest_amplitude_that_answers(threshold, step):
    state = answer(RelativeFrequency(step_mso=step), threshold)
    assert threshold <= state.estimate_mso < threshold + step


def test_the_5_of_10_rule_goes_up_again_where_the_first_large_mep_was_chance():
    state = RelativeFrequency().record(1e-3)  # at 35 %MSO, by chance
    assert state.next_mso == 35
    state = answer(state, 60)
    assert state.estimate_mso == 60


@given(st.lists(st.booleans(), min_size=1, max_size=15))
def test_the_next_amplitude_is_that_of_the_largest_likelihood(responses):
    state = MaximumLikelihood(n_pulses=40)
    for responded in responses:
        state = state.record(1e-3 if responded else 1e-6)
    t = np.arange(1, 1301) / 10
    trials = [(0.0, False), (130.0, True)] + [(x.amplitude_mso, x.responded) for x in state.trials]
    likelihood = sum(norm.logcdf((1 if yes else -1) * (x - t) / (0.07 * t)) for x, yes in trials)
    likeliest = t[likelihood > likelihood.max() - 1e-9].mean()
    assert state.next_mso == pytest.approx(np.clip(likeliest, 1, 100), abs=0.5 + 1e-9)


def test_a_state_does_not_change_when_a_pulse_is_recorded():
    first = MaximumLikelihood()
    second = first.record(1e-3)
    assert first.trials == ()
    assert first.next_mso > second.next_mso
    assert first.record(1e-6).next_mso > first.next_mso


@pytest.mark.parametrize("method", METHODS)
def test_a_hunt_is_repeatable_and_its_repeat_is_another(method):
    subject = SUBJECTS[1]
    once, again = hunt(subject, method=method), hunt(subject, method=method)
    assert once.trials == again.trials
    assert hunt(subject, method=method, repeat=1).trials != once.trials
    assert once.estimates_mso[-1] == once.estimate_mso
    assert once.error == pytest.approx(0, abs=0.15)


def test_the_band_of_a_hunt_holds_the_threshold_nine_times_of_ten():
    # It is 95 % of a likelihood that takes everyone's spread for 7 %; in some it is wider.
    held = []
    for subject in draw_population(8, 150):
        result = hunt(subject)
        low, high = result.bands_mso[-1]
        held.append(low <= result.true_mso <= high)
    assert 0.82 < np.mean(held) < 0.98


# --- Waves, trace, silent period.


@pytest.mark.parametrize("name", WAVES)
def test_a_wave_is_half_grown_at_its_midpoint_and_rises_there_with_its_slope(name):
    wave = WAVES[name]
    middle, width = wave.midpoint.value, 1e-4
    low, at, high = (descending_volley(middle + d).waves[name] for d in (-width, 0.0, width))
    assert at == pytest.approx(wave.plateau.value / 2, rel=1e-9)
    assert (high - low) / (2 * width) == pytest.approx(wave.plateau.value * wave.slope.value / 4, rel=1e-4)


def test_the_volley_has_one_peak_for_each_wave_every_1_4_milliseconds():
    volley = descending_volley(2.0)
    inner = volley.height[1:-1]
    peaks = 1 + np.flatnonzero((inner > volley.height[:-2]) & (inner >= volley.height[2:]))
    assert volley.time_s[peaks] * 1e3 == pytest.approx([5.0, 6.4, 7.8, 9.2, 10.6], abs=0.06)
    area = np.trapezoid(volley.height, volley.time_s)
    assert area == pytest.approx(sum(volley.waves.values()) * 0.25e-3 * (2 * np.pi) ** 0.5, rel=1e-3)


def test_the_direct_wave_needs_more_than_the_first_indirect_one():
    waves = descending_volley(1.2).waves
    assert waves["D"] < 0.01 < waves["I1"]


def onset_s(trace, size_V):
    return trace.time_s[np.argmax(np.abs(trace.emg_V) >= 0.02 * size_V)]


@pytest.mark.parametrize("direction", ["LM", "PA", "AP"])
def test_a_trace_has_the_size_that_was_drawn_and_leaves_the_baseline_at_the_latency(direction):
    subject = SUBJECTS[2]
    trace = mep_trace(subject, 1.3 * threshold_mso(subject), 1.7e-3, direction)
    assert np.ptp(trace.emg_V) == pytest.approx(1.7e-3, rel=2e-3)
    assert onset_s(trace, 1.7e-3) == pytest.approx(mep_latency_s(subject, direction), abs=0.1e-3)


def test_current_from_the_front_comes_last_and_lateral_current_first():
    subject = SUBJECTS[2]
    latencies = [mep_latency_s(subject, direction) for direction in ("LM", "PA", "AP")]
    assert latencies == sorted(set(latencies))
    assert latencies[1] == subject.latency_s


def test_far_above_threshold_more_waves_make_a_longer_mep():
    subject = SUBJECTS[2]
    lengths_ms = []
    for times_rmt in (1.0, 2.0):
        trace = mep_trace(subject, times_rmt * threshold_mso(subject), 1e-3)
        lengths_ms.append((np.abs(trace.emg_V) > 0.02e-3).sum() * np.diff(trace.time_s)[0] * 1e3)
    assert lengths_ms[0] > 5
    assert lengths_ms[1] > lengths_ms[0] + 0.5


def test_no_drive_makes_a_trace_of_the_size_asked_for():
    subject = SUBJECTS[2]
    assert np.ptp(mep_trace(subject, 0.0, 20e-6).emg_V) == pytest.approx(20e-6, rel=2e-3)
    assert not mep_trace(subject, 50.0, 0.0).emg_V.any()


def test_a_silent_period_begins_at_the_active_threshold_grows_and_saturates():
    times = np.linspace(0.5, 2.5, 81)
    silence = silent_period(SUBJECTS[3], times)
    assert not silence.quantiles_s[:, times <= 0.8].any()
    growth = np.diff(silence.quantiles_s[1, times >= 0.8])
    assert (growth > 0).all()
    assert (np.diff(growth) < 0).all()
    assert growth[-1] < 0.05 * growth[0]


def test_people_differ_in_their_silent_period_by_one_factor_within_its_spread():
    times = [1.0, 1.3, 1.6]
    silences = [silent_period(subject, times) for subject in draw_population(1, 200)]
    factors = np.array([s.subject_s / s.quantiles_s[1] for s in silences])
    assert np.ptp(factors, axis=1) == pytest.approx(0, abs=1e-12)
    low, high = silences[0].quantiles_s[[0, 2], 0] / silences[0].quantiles_s[1, 0]
    assert ((factors[:, 0] > low) & (factors[:, 0] < high)).mean() == pytest.approx(0.9, abs=0.06)


# --- Paired pulses.


@pytest.mark.parametrize("name", PAIRED_PULSES)
def test_the_shift_gives_the_ratio_at_the_test_pulse(name):
    for subject in SUBJECTS[:6]:
        result = paired_pulse(subject, name)
        alone, pair = (
            mep_quantiles_V(who, [result.test_mso], [0.5])[0, 0] for who in (subject, result.conditioned)
        )
        assert pair / alone == pytest.approx(result.ratio, rel=1e-9)
        assert (result.shift_mso > 0) == (result.ratio < 1)
        # The pair is the curve moved along: what it does at A, one pulse does at A - shift.
        moved = mep_quantiles_V(subject, [result.test_mso - result.shift_mso], [0.5])[0, 0]
        assert moved == pytest.approx(pair, rel=1e-9)


@pytest.mark.parametrize("name", ["SICI", "LICI"])
def test_people_fill_the_range_of_an_inhibition_from_its_5th_to_its_95th_percentile(name):
    low, high = (p.value for p in PAIRED_PULSES[name].ratio)
    ratios = [paired_pulse(with_threshold(s, 50), name, n_pulses=2).ratio for s in draw_population(2, 250)]
    assert np.median(ratios) == pytest.approx((low * high) ** 0.5, rel=0.08)
    assert np.mean([low <= ratio <= high for ratio in ratios]) == pytest.approx(0.9, abs=0.06)


def test_near_the_plateau_there_is_no_room_for_facilitation():
    # A steep curve is at its plateau by 120 %RMT.
    steep = with_threshold(replace(SUBJECTS[0], drive_spread_mso=0.5, steepness=12.0), 50)
    plateau_V = 1e-7 * 10**steep.range_log10
    result = paired_pulse(steep, "SICF-1")
    test_V = mep_quantiles_V(steep, [result.test_mso], [0.5])[0, 0]
    assert result.limited
    assert result.ratio <= 1.03 * plateau_V / test_V


def test_twenty_pulses_measure_a_ratio_only_roughly_and_many_exactly():
    subject = with_threshold(SUBJECTS[4], 50)
    few = [paired_pulse(subject, "SICI", repeat=k) for k in range(20)]
    assert len({result.ratio for result in few}) == 1  # the subject's own
    assert np.std([np.log(result.measured_ratio) for result in few]) > 0.1
    many = paired_pulse(subject, "SICI", n_pulses=40_000)
    assert many.measured_ratio == pytest.approx(many.ratio, rel=0.03)
