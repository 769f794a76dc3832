"""What no device, muscle or hunt can do is refused in one sentence."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from tmsim.core import InputError, Parameter
from tmsim.core.citations import citations
from tmsim.neuron.motor import (
    METHODS,
    MaximumLikelihood,
    RelativeFrequency,
    UnbracketedError,
    descending_volley,
    draw_mep_V,
    draw_population,
    draw_subject,
    error_curve,
    hunt,
    mep_latency_s,
    mep_trace,
    paired_pulse,
    parameters,
    recruitment_curve,
    silent_period,
    threshold_mso,
    with_threshold,
)

SUBJECT = draw_subject(0, 0)


@pytest.mark.parametrize(
    "amplitudes", [[-1.0], [100.5], [math.nan], [50.0, 40.0], [50.0, 50.0], [], [[50.0]]]
)
def test_amplitudes_that_no_device_gives_are_refused(amplitudes):
    with pytest.raises(InputError, match="amplitude"):
        recruitment_curve(SUBJECT, amplitudes)


@pytest.mark.parametrize("amplitude", [-0.1, math.nan, math.inf])
def test_no_mep_is_drawn_at_an_impossible_amplitude(amplitude):
    with pytest.raises(InputError, match="amplitude"):
        draw_mep_V(SUBJECT, amplitude, np.random.default_rng(0))


@pytest.mark.parametrize("threshold", [0.0, -5.0, math.nan, math.inf])
def test_an_impossible_threshold_is_refused(threshold):
    with pytest.raises(InputError, match="motor threshold"):
        with_threshold(SUBJECT, threshold)


@pytest.mark.parametrize("size_V", [50e-3, 1e-9])
def test_a_size_beyond_plateau_or_noise_has_no_threshold(size_V):
    with pytest.raises(InputError, match="MEP size"):
        threshold_mso(SUBJECT, size_V)


def test_a_subject_of_impossible_numbers_is_refused():
    for name in ("steepness", "noise_V", "latency_s"):
        for value in (0.0, -1.0, math.nan):
            with pytest.raises(InputError, match=name):
                dataclasses.replace(SUBJECT, **{name: value})
    with pytest.raises(InputError, match="index -1"):
        draw_subject(0, -1)
    with pytest.raises(InputError, match="subjects"):
        draw_population(0, 0)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("mep_V", [math.nan, -1e-6, 2.0, math.inf])
def test_an_impossible_mep_is_not_recorded(method, mep_V):
    with pytest.raises(InputError, match="peak-to-peak"):
        METHODS[method](20).record(mep_V)


def test_no_pulse_is_recorded_after_the_last():
    state = MaximumLikelihood(n_pulses=2).record(1e-3).record(1e-6)
    assert state.next_mso is None
    with pytest.raises(InputError, match="after the end"):
        state.record(1e-3)


def test_too_few_pulses_or_an_odd_step_are_refused():
    for n_pulses in (0, 1, 1001):
        with pytest.raises(InputError, match="pulses"):
            MaximumLikelihood(n_pulses=n_pulses)
    with pytest.raises(InputError, match="step"):
        RelativeFrequency(step_mso=5)
    with pytest.raises(InputError, match="first amplitude"):
        RelativeFrequency(start_mso=0)
    with pytest.raises(InputError, match="pulses"):
        recruitment_curve(SUBJECT, [50.0], n_pulses=0)
    with pytest.raises(InputError, match="method"):
        hunt(SUBJECT, method="guess")
    with pytest.raises(InputError, match="subjects"):
        error_curve([])


def test_a_hunt_without_both_answers_has_no_estimate_and_no_band():
    state = MaximumLikelihood().record(1e-3).record(1e-3)
    assert state.estimate_mso is None
    assert state.band_mso is None
    assert RelativeFrequency().record(1e-6).estimate_mso is None


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("mep_V", [1e-3, 1e-6], ids=["always", "never"])
def test_a_muscle_that_always_or_never_answers_has_no_threshold(method, mep_V):
    def to_the_end():
        state = METHODS[method](1000)
        while state.next_mso is not None:
            state = state.record(mep_V)

    with pytest.raises(UnbracketedError, match="motor threshold"):
        to_the_end()


@pytest.mark.parametrize("method", METHODS)
def test_a_threshold_beyond_the_device_is_not_made_up(method):
    with pytest.raises(UnbracketedError, match="100 %MSO"):
        hunt(with_threshold(SUBJECT, 160), method=method)
    with pytest.raises(UnbracketedError, match="each of 3 pulses"):
        hunt(with_threshold(SUBJECT, 160), n_pulses=3)


def test_an_error_curve_counts_those_without_estimate():
    people = [with_threshold(SUBJECT, 160), SUBJECT, draw_subject(0, 1)]
    curve = error_curve(people, n_pulses=15)
    assert curve.with_estimate[-1] == pytest.approx(2 / 3)
    assert np.isfinite(curve.error[:, -1]).all()
    assert np.isnan(curve.error[:, 0]).all()  # one pulse brackets nothing


def test_a_test_pulse_beyond_the_device_is_refused():
    with pytest.raises(InputError, match="1.2 times a motor threshold of 90 %MSO"):
        paired_pulse(with_threshold(SUBJECT, 90), "SICI")
    with pytest.raises(InputError, match="SICI, ICF"):
        paired_pulse(SUBJECT, "SICK")
    with pytest.raises(InputError, match="2 or more"):
        paired_pulse(SUBJECT, "SICI", n_pulses=1)


@pytest.mark.parametrize("times_rmt", [-0.1, 120.0, math.nan])
def test_a_percentage_in_place_of_a_multiple_is_refused(times_rmt):
    with pytest.raises(InputError, match="intensity"):
        descending_volley(times_rmt)
    with pytest.raises(InputError, match=r"intensity|times_rmt"):
        silent_period(SUBJECT, [times_rmt])


def test_a_trace_of_no_size_or_direction_is_refused():
    with pytest.raises(InputError, match="direction"):
        mep_latency_s(SUBJECT, "up")
    with pytest.raises(InputError, match="MEP"):
        mep_trace(SUBJECT, 60.0, math.nan)


def _numbers(value):
    """All parameters inside a value, however deep."""
    if isinstance(value, Parameter):
        yield value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from _numbers(getattr(value, field.name))
    elif isinstance(value, dict):
        for part in value.values():
            yield from _numbers(part)
    elif isinstance(value, tuple):
        for part in value:
            yield from _numbers(part)


def test_every_number_names_its_work_and_own_choices_say_so():
    numbers = [number for value in vars(parameters).values() for number in _numbers(value)]
    assert len(numbers) > 60
    for number in numbers:
        assert number.source in citations() or (number.source, number.status) == ("assumed", "unverified")
    pairs = [number for pair in parameters.PAIRED_PULSES.values() for number in pair.ratio]
    assert {number.status for number in pairs} == {"unverified"}
