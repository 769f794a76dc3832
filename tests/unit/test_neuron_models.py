"""Neuron models: what they take, what they refuse, and what the membrane makes of a pulse."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmsim.core import InputError, OutsideModelError
from tmsim.neuron import MODELS, POPULATIONS, Drive, membrane_peaks, neuron_model, threshold_curve
from tmsim.pulse import Waveform, waveform

MONOPHASIC, BIPHASIC = waveform("magpro-x100-monophasic"), waveform("magpro-x100-biphasic")
OWN = ("directional", "magnitude", "cosine")  # the models of the threshold table
TAU_s = 185e-6


def uniform(*polar_rad):
    return Drive(polar_rad=np.array(polar_rad), gradient_per_m=np.zeros(len(polar_rad)))


def pulse(time_us, didt):
    return Waveform(name="test", kind="recorded", time_s=np.array(time_us) * 1e-6, didt=np.array(didt))


def two_phases(second):
    """100 us up, 300 us down ``second`` times as strongly."""
    return pulse([0, 100, 100.001, 400], [1, 1, -second, -second])


def low_passed(wave, tau_s, step_s=5e-8):
    """The twin: small steps of Euler's rule."""
    response, all_of_it = 0.0, []
    for value in wave.sampled(step_s):
        response += step_s / tau_s * (value - response)
        all_of_it.append(response)
    return max(all_of_it), -min(all_of_it)


def test_the_default_model_is_the_directional_table_and_not_the_cosine():
    assert neuron_model().name == "directional"
    assert neuron_model("cosine").name == "cosine"


def test_an_unknown_model_is_refused_with_the_names_that_there_are():
    with pytest.raises(InputError, match=r"neuron model: 'sine'; expected one of directional, .*cosine"):
        neuron_model("sine")


@pytest.mark.parametrize("name", OWN)
def test_each_model_states_where_it_holds_and_has_a_threshold_for_each_population(name):
    model = neuron_model(name)
    assert model is not MODELS[name]
    assert len(model.validity) > 50
    thresholds = model.thresholds_V_per_m(uniform(0.2, 1.0, 3.0), MONOPHASIC)
    assert model.populations == POPULATIONS
    assert thresholds.shape == (5, 3)
    assert (thresholds > 0).all()


@pytest.mark.parametrize("name", ["magnitude", "cosine"])
def test_models_without_cells_say_that_they_are_for_comparison(name):
    assert neuron_model(name).validity.startswith("For comparison with the literature")


@pytest.mark.parametrize("name", OWN)
def test_a_field_that_changes_faster_than_was_studied_is_refused(name):
    steep = Drive(polar_rad=np.ones(2), gradient_per_m=np.array([0.0, -1100.0]))
    with pytest.raises(OutsideModelError, match=r"110 %/mm along the column; expected at most 100 %/mm\."):
        neuron_model(name).thresholds_V_per_m(steep, MONOPHASIC)


@pytest.mark.parametrize("name", OWN)
def test_no_places_have_no_thresholds(name):
    assert neuron_model(name).thresholds_V_per_m(uniform(), MONOPHASIC).shape == (5, 0)


@pytest.mark.parametrize(
    ("polar_rad", "gradient_per_m", "message"),
    [
        ([0.1, math.nan], [0, 0], "polar angle: NaN or infinite values"),
        ([0.1], [math.inf], "field gradient: NaN or infinite values"),
        ([3.2], [0], "polar angle: 3.2 to 3.2 rad; expected 0 to pi"),
        ([-0.1, 1.0], [0, 0], "polar angle: -0.1 to 1 rad; expected 0 to pi"),
        ([0.1, 0.2], [0], "field gradient: shape"),
        ([[0.1]], [0], "polar angle: shape"),
    ],
)
def test_a_drive_that_is_none_is_refused(polar_rad, gradient_per_m, message):
    with pytest.raises(InputError, match=message):
        Drive(polar_rad=np.array(polar_rad), gradient_per_m=np.array(gradient_per_m, dtype=float))


def test_one_place_of_a_drive_is_a_drive():
    drive = Drive(polar_rad=np.array([0.1, 0.2, 0.3]), gradient_per_m=np.array([1.0, 2.0, 3.0]))
    assert drive.at(1).polar_rad.tolist() == [0.2]
    assert drive.at(1).gradient_per_m.tolist() == [2.0]


def test_the_magnitude_model_knows_no_direction_and_the_cosine_model_only_the_component_along_the_column():
    drive = uniform(0.0, math.pi / 3, math.pi / 2, 2 * math.pi / 3, math.pi)
    magnitude = neuron_model("magnitude").thresholds_V_per_m(drive, MONOPHASIC)
    assert np.ptp(magnitude, axis=1).max() == 0
    cosine = neuron_model("cosine").thresholds_V_per_m(drive, MONOPHASIC)
    np.testing.assert_allclose(cosine[:, [0, 4]], magnitude[:, [0, 4]])
    np.testing.assert_allclose(cosine[:, [1, 3]], 2 * magnitude[:, [1, 3]])
    assert np.isinf(cosine[:, 2]).all()


def test_the_magnitude_threshold_is_the_mean_of_the_directional_one_over_all_directions_in_space():
    curve = threshold_curve(neuron_model(), MONOPHASIC, n_angles=2000)
    weight = np.sin(curve.polar_rad)
    mean = curve.thresholds_V_per_m @ weight / weight.sum()
    np.testing.assert_allclose(
        neuron_model("magnitude").thresholds_V_per_m(uniform(1.0), MONOPHASIC)[:, 0], mean, rtol=1e-5
    )


@pytest.mark.parametrize("wave", [MONOPHASIC, BIPHASIC], ids=lambda wave: wave.name)
def test_models_without_polarity_do_not_see_the_field_turned_round(wave):
    angles = np.linspace(0, math.pi, 50)
    for name in ("magnitude", "cosine"):
        model = neuron_model(name)
        np.testing.assert_allclose(
            model.thresholds_V_per_m(uniform(*angles), wave),
            model.thresholds_V_per_m(uniform(*(math.pi - angles)), wave),
        )


def test_a_pulse_whose_phases_act_alike_does_not_see_the_field_turned_round():
    def l5(second, polar_rad):
        return neuron_model().thresholds_V_per_m(uniform(polar_rad), two_phases(second))[3, 0]

    # How strong the second phase must be is found at one angle, and then holds at every other.
    low, high = 0.1, 1.0
    for _ in range(40):
        second = (low + high) / 2
        low, high = (second, high) if l5(second, 0.3) < l5(second, math.pi - 0.3) else (low, second)
    for polar_rad in (0.0, 0.5, 0.9):
        assert l5(second, polar_rad) == pytest.approx(l5(second, math.pi - polar_rad), rel=1e-6)
        assert abs(l5(0.1, polar_rad) / l5(0.1, math.pi - polar_rad) - 1) > 0.01


def test_a_stronger_second_phase_never_raises_a_threshold():
    drive = uniform(*np.linspace(0, math.pi, 19))
    weaker, stronger = (neuron_model().thresholds_V_per_m(drive, two_phases(s)) for s in (0.3, 0.9))
    assert (stronger <= weaker).all()
    assert (stronger < weaker).any()


@given(st.floats(0, math.pi))
def test_thresholds_between_the_angles_of_the_table_stay_near_its_range(polar_rad):
    curve = threshold_curve(neuron_model(), MONOPHASIC, n_angles=7).thresholds_V_per_m
    between = neuron_model().thresholds_V_per_m(uniform(polar_rad), MONOPHASIC)[:, 0]
    assert (between > 0.98 * curve.min(axis=1)).all()
    assert (between < 1.03 * curve.max(axis=1)).all()


def test_thresholds_are_smooth_and_level_where_the_field_lies_along_the_column():
    polar = np.array([0.0, 1e-4, math.pi - 1e-4, math.pi])
    thresholds = neuron_model().thresholds_V_per_m(uniform(*polar), MONOPHASIC)
    np.testing.assert_allclose(thresholds[:, 0], thresholds[:, 1], rtol=1e-7)
    np.testing.assert_allclose(thresholds[:, 3], thresholds[:, 2], rtol=1e-7)


@pytest.mark.parametrize("n_angles", [1, 5000])
def test_a_curve_of_too_few_or_too_many_angles_is_refused(n_angles):
    with pytest.raises(InputError, match="angles"):
        threshold_curve(neuron_model(), MONOPHASIC, n_angles=n_angles)


@pytest.mark.parametrize("width_us", [30.0, 120.0, 300.0])
def test_a_rectangle_charges_the_membrane_by_the_exponential_law(width_us):
    square = pulse([0, width_us, width_us + 0.001, 2 * width_us], [1, 1, 0, 0])
    first, second = membrane_peaks(square, TAU_s)
    assert first == pytest.approx(1 - math.exp(-width_us * 1e-6 / TAU_s), rel=1e-4)
    assert second == 0


def test_the_second_of_two_rectangles_starts_from_what_the_first_left():
    first, second = membrane_peaks(two_phases(0.8), TAU_s)
    charged, kept = 1 - math.exp(-100e-6 / TAU_s), math.exp(-300e-6 / TAU_s)
    assert first == pytest.approx(charged, rel=1e-4)
    assert second == pytest.approx(0.8 * (1 - kept) - charged * kept, rel=1e-4)


def test_a_sine_charges_the_membrane_as_the_linear_equation_says():
    time = np.linspace(0, 400e-6, 801)
    w = 2 * math.pi / 400e-6
    wave = Waveform(name="sine", kind="recorded", time_s=time, didt=np.sin(w * time))
    a = w * TAU_s
    exact = (np.sin(w * time) - a * np.cos(w * time) + a * np.exp(-time / TAU_s)) / (1 + a * a)
    np.testing.assert_allclose(membrane_peaks(wave, TAU_s), (exact.max(), -exact.min()), rtol=1e-4)


@pytest.mark.parametrize("wave", [MONOPHASIC, BIPHASIC], ids=lambda wave: wave.name)
@pytest.mark.parametrize("tau_s", [50e-6, 190e-6, 1e-3])
def test_the_membrane_agrees_with_small_steps(wave, tau_s):
    np.testing.assert_allclose(membrane_peaks(wave, tau_s), low_passed(wave, tau_s), rtol=2e-3)


@given(st.floats(0.2, 5.0))
def test_a_pulse_stretched_with_its_membrane_has_the_same_peaks(stretch):
    wave = pulse([0, 40, 90, 150, 260], [0, 1, 0.2, -0.7, 0])
    longer = pulse([0, 40 * stretch, 90 * stretch, 150 * stretch, 260 * stretch], [0, 1, 0.2, -0.7, 0])
    np.testing.assert_allclose(
        membrane_peaks(wave, 100e-6), membrane_peaks(longer, 100e-6 * stretch), rtol=1e-4
    )


@pytest.mark.parametrize("tau_s", [0.0, -1e-4, 187.0, math.nan])
def test_a_time_constant_in_the_wrong_unit_is_refused(tau_s):
    with pytest.raises(InputError, match="membrane time constant: .*; expected 20 us to 5 ms"):
        membrane_peaks(MONOPHASIC, tau_s)
