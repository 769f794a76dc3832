"""What is heard and felt, by the laws it has to follow: distance, energy, superposition, the closed form."""

from __future__ import annotations

import io
import math
import wave

import numpy as np
import pytest

from spheres import sphere_head
from tmsim.coil import Coil
from tmsim.core import InputError, OutsideModelError
from tmsim.field import LayeredSphere, simulate, sphere_field
from tmsim.field.depth import directions
from tmsim.field.metrics import weighted_percentile
from tmsim.head import Head
from tmsim.placement import Pose
from tmsim.pulse import Layer, PercentMSO, Train, Waveform, parse_train, waveform
from tmsim.sensation import (
    LevelRange,
    SAMPLE_RATE_Hz,
    click,
    click_train,
    ear_distances,
    hear,
    nerve_threshold_V_per_m,
    scalp_to_cortex,
    wav_bytes,
    write_wav,
)

FULL = PercentMSO(100)
TEN_HZ = parse_train("10 Hz, 4 s on, 26 s off, for 3000 pulses")


def train(count: int, interval_s: float) -> Train:
    return Train(layers=(Layer(count=count, interval_s=interval_s),))


def levels(sound) -> list[LevelRange]:
    return [sound.click, sound.busiest, sound.session]


def ends(level: LevelRange) -> tuple[float, float]:
    return level.low_dB, level.high_dB


@pytest.mark.parametrize(
    ("distance_m", "click_dB", "train_dB"), [(0.25, (98, 125), (76, 98)), (0.05, (112, 139), (90, 112))]
)
def test_the_published_levels_are_those_at_the_published_distances(distance_m, click_dB, train_dB):
    sound = hear(train(100, 0.05), FULL, distance_m)
    assert ends(sound.click) == pytest.approx(click_dB)
    assert ends(sound.busiest) == pytest.approx(train_dB)
    assert ends(sound.session) == pytest.approx(train_dB)


def test_a_train_of_15_hz_is_as_loud_as_an_earlier_version_of_the_paper_has_it():
    far, near = (hear(train(150, 1 / 15), FULL, distance_m) for distance_m in (0.25, 0.05))
    assert ends(far.session) == pytest.approx((75, 97), abs=0.3)
    assert ends(near.session) == pytest.approx((89, 111), abs=0.3)


def test_twice_the_distance_is_six_decibels_less():
    near, far = hear(TEN_HZ, FULL, 0.1), hear(TEN_HZ, FULL, 0.2)
    for close, away in zip(levels(near), levels(far), strict=True):
        assert np.subtract(ends(close), ends(away)) == pytest.approx(20 * math.log10(2), abs=0.03)


def test_twice_the_clicks_are_three_decibels_more_and_a_single_click_is_as_loud():
    slow, fast = hear(train(60, 0.1), FULL, 0.12), hear(train(120, 0.05), FULL, 0.12)
    assert slow.click == fast.click
    assert np.subtract(ends(fast.busiest), ends(slow.busiest)) == pytest.approx(10 * math.log10(2))


def test_pauses_make_the_session_quieter_than_its_busiest_second_by_the_share_of_pulses():
    sound = hear(TEN_HZ, FULL, 0.12)
    assert (sound.busiest_Hz, sound.session_Hz) == (10.0, pytest.approx(3000 / 2250))
    assert np.subtract(ends(sound.busiest), ends(sound.session)) == pytest.approx(10 * math.log10(7.5))


@pytest.mark.parametrize(
    ("text", "in_a_second"),
    [("iTBS", 15), ("cTBS", 15), ("1 Hz for 60 pulses", 1), ("20 Hz for 40 pulses", 20)],
)
def test_the_busiest_second_counts_each_pulse_once(text, in_a_second):
    assert hear(parse_train(text), FULL, 0.12).busiest_Hz == in_a_second


def test_half_the_output_is_6_to_12_decibels_less():
    full, half = hear(TEN_HZ, FULL, 0.12), hear(TEN_HZ, PercentMSO(50), 0.12)
    for loud, quiet in zip(levels(full), levels(half), strict=True):
        low, high = np.subtract(ends(loud), ends(quiet))
        assert (low, high) == pytest.approx((40 * math.log10(2), 20 * math.log10(2)))


def test_protection_lowers_the_range_and_widens_it():
    sound = hear(TEN_HZ, PercentMSO(70), 0.12)
    bare, protected = levels(sound), [sound.protected_click, sound.protected_busiest, sound.protected_session]
    for open_ear, plugged in zip(bare, protected, strict=True):
        assert np.subtract(ends(open_ear), ends(plugged)) == pytest.approx((30, 10))


@pytest.mark.parametrize("distance_m", [0.049, 0.251, 0.0, -1.0, float("nan")])
def test_a_distance_outside_the_published_ones_is_refused(distance_m):
    with pytest.raises(OutsideModelError, match="5 and 25 cm"):
        hear(TEN_HZ, FULL, distance_m)


def test_no_output_makes_no_click_to_speak_of():
    with pytest.raises(InputError, match="above 0 %MSO"):
        hear(TEN_HZ, PercentMSO(0), 0.12)


def test_a_range_the_wrong_way_round_is_refused():
    with pytest.raises(InputError, match="lower one first"):
        LevelRange(low_dB=3.0, high_dB=2.0)


# The sound itself


def starts(samples: np.ndarray) -> np.ndarray:
    """Where sound sets in after silence. [samples]"""
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.abs(samples).max())
    return loud[np.concatenate([[True], np.diff(loud) > 200])]


def test_a_click_is_over_in_25_ms_and_lies_between_1_and_8_khz():
    one = click()
    assert len(one) == 0.025 * SAMPLE_RATE_Hz
    assert one[0] == 0
    assert np.abs(one[-100:]).max() < 1e-3 * np.abs(one).max()
    power = np.abs(np.fft.rfft(one, 1 << 15)) ** 2
    rate_Hz = np.fft.rfftfreq(1 << 15, 1 / SAMPLE_RATE_Hz)
    assert power[(rate_Hz > 1000) & (rate_Hz < 8000)].sum() > 0.9 * power.sum()


def test_clicks_come_when_pulses_do():
    theta = parse_train("iTBS")
    samples = click_train(theta, duration_s=12.0)
    onsets_s = theta.onsets_s()[theta.onsets_s() < 12.0]
    assert len(onsets_s) == 60
    np.testing.assert_allclose(starts(samples) / SAMPLE_RATE_Hz, onsets_s, atol=1e-4)


def test_a_window_holds_the_pulses_that_lie_in_it():
    samples = click_train(TEN_HZ, start_s=29.5, duration_s=1.0)
    np.testing.assert_allclose(starts(samples) / SAMPLE_RATE_Hz, [0.5, 0.6, 0.7, 0.8, 0.9], atol=1e-4)


def test_clicks_that_overlap_add_up():
    both = click_train(train(2, 0.005))
    one, shift = click(), int(0.005 * SAMPLE_RATE_Hz)
    sum_of_both = np.zeros(len(one) + shift)
    sum_of_both[: len(one)] += one
    sum_of_both[shift:] += one
    np.testing.assert_allclose(both, 0.9 * sum_of_both / np.abs(sum_of_both).max(), atol=1e-12)
    assert np.abs(both).max() == pytest.approx(0.9)


def test_a_wav_file_holds_the_samples_and_is_the_same_each_time(tmp_path):
    samples = click_train(train(5, 0.1))
    write_wav(samples, tmp_path / "clicks.wav")
    content = (tmp_path / "clicks.wav").read_bytes()
    assert content == wav_bytes(click_train(train(5, 0.1)))
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, SAMPLE_RATE_Hz)
        read = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32767
    np.testing.assert_allclose(read, samples, atol=1 / 32767)


@pytest.mark.parametrize(
    "window", [(0.0, 0.0), (0.0, 601.0), (-1.0, 5.0), (float("nan"), 5.0), (3000.0, 10.0)]
)
def test_a_window_without_pulses_or_too_long_is_refused(window):
    with pytest.raises(InputError, match="time window"):
        click_train(TEN_HZ, start_s=window[0], duration_s=window[1])


def test_only_sound_goes_into_a_wav_file(tmp_path):
    with pytest.raises(InputError, match="beyond 1"):
        wav_bytes(np.array([0.0, 1.2]))
    with pytest.raises(InputError, match=r"\.wav"):
        write_wav(np.zeros(4), tmp_path / "clicks.mp3")
    assert list(tmp_path.iterdir()) == []


# The field in the scalp

RADIUS_m = 0.092
PULSE = waveform("magpro-x100-biphasic")


def pose(gap_m: float) -> Pose:
    """Over the north pole."""
    matrix = np.diag([1.0, -1.0, -1.0, 1.0])
    matrix[2, 3] = RADIUS_m + gap_m
    return Pose(matrix=matrix)


@pytest.fixture(scope="module")
def head() -> Head:
    return sphere_head(cell_m=0.003)


@pytest.fixture(scope="module")
def coil() -> Coil:
    return Coil.load("magstim-70mm-fig8")


@pytest.fixture(scope="module")
def field(head, coil):
    return simulate(head, coil, pose(0.004), LayeredSphere())


def closed_form_peak(coil: Coil, radii_m: np.ndarray) -> float:
    """99.9th percentile of |E| over shells of these radii, by area of the shells, at 1 A/us."""
    dipoles, rays = coil.dipoles().moved(pose(0.004).matrix), directions(8000)
    E = sphere_field(dipoles, (radii_m[:, None, None] * rays).reshape(-1, 3)) * 1e6
    return weighted_percentile(np.linalg.norm(E, axis=1), np.repeat(radii_m**2, len(rays)), 99.9)


def test_scalp_and_cortex_are_those_of_the_closed_form(head, coil, field):
    found = scalp_to_cortex(head, field, PULSE)
    grey_m = np.linspace(0, 0.078, 40) + 0.001
    assert found.cortex_V_per_m == pytest.approx(closed_form_peak(coil, grey_m[grey_m < 0.078]), rel=0.03)
    # A tetrahedron of 3 mm under the skin has its middle a quarter of that below it.
    assert found.scalp_V_per_m == pytest.approx(
        closed_form_peak(coil, np.array([RADIUS_m - 0.0008])), rel=0.03
    )
    assert found.ratio == found.scalp_V_per_m / found.cortex_V_per_m > 1.5


def test_the_strongest_scalp_lies_under_the_middle_of_a_figure_of_eight(head, field):
    x, y, z = scalp_to_cortex(head, field, PULSE).at_m
    assert np.hypot(x, y) < 0.010
    assert z > 0.085


def test_fields_grow_with_the_current_and_their_ratio_does_not(head, field):
    one, many = (scalp_to_cortex(head, field.scaled_to(didt), PULSE) for didt in (20e6, 60e6))
    assert many.scalp_V_per_m == pytest.approx(3 * one.scalp_V_per_m)
    assert many.cortex_V_per_m == pytest.approx(3 * one.cortex_V_per_m)
    assert many.ratio == pytest.approx(one.ratio)
    assert many.nerve_area_m2[0] > one.nerve_area_m2[0]
    assert many.nerve_area_m2[1] > one.nerve_area_m2[1]


def test_the_area_is_that_of_the_skin_above_the_threshold(head, field):
    """All of a sphere lies above no field at all, and the areas fall in the order of their thresholds."""
    strong = scalp_to_cortex(head, field.scaled_to(1e12), PULSE)
    assert strong.nerve_area_m2[1] == pytest.approx(4 * np.pi * RADIUS_m**2, rel=0.01)
    found = scalp_to_cortex(head, field.scaled_to(60e6), PULSE)
    assert found.nerve_area_m2[0] < found.nerve_area_m2[1]
    half = scalp_to_cortex(head, field.scaled_to(60e6 * np.divide(*found.nerve_threshold_V_per_m)), PULSE)
    assert half.nerve_area_m2[1] == pytest.approx(found.nerve_area_m2[0], rel=1e-6)


def test_a_coil_farther_off_brings_scalp_and_cortex_nearer_to_each_other(head, coil, field):
    far = simulate(head, coil, pose(0.03), LayeredSphere())
    near, away = (scalp_to_cortex(head, solved, PULSE).ratio for solved in (field, far))
    assert 1 < away < 0.95 * near


def test_a_rectangular_pulse_excites_a_nerve_by_the_strength_duration_law():
    for width_s in (100e-6, 300e-6):
        pulse = Waveform(name="step", kind="rectangular", time_s=np.array([0.0, width_s]), didt=np.ones(2))
        low, high = nerve_threshold_V_per_m(pulse)
        assert low == pytest.approx(6.2 / -np.expm1(-width_s / 150e-6), rel=1e-3)
        assert high == pytest.approx(12.4 / -np.expm1(-width_s / 244e-6), rel=1e-3)


def test_a_head_without_grey_matter_has_no_cortex_to_compare_with(coil):
    bare = sphere_head((0.080, 0.092), (4, 5), cell_m=0.008)
    solved = simulate(bare, coil, pose(0.004), LayeredSphere())
    with pytest.raises(InputError, match="no grey matter"):
        scalp_to_cortex(bare, solved, PULSE)


def test_ears_are_as_far_as_the_fiducials_say(colin27, head):
    matrix = np.diag([1.0, -1.0, -1.0, 1.0])
    matrix[:3, 3] = np.add(colin27.fiducials.lpa, (-0.03, 0.0, 0.04))
    left, right = ear_distances(colin27, Pose(matrix=matrix))
    assert left == pytest.approx(0.05)
    assert right > 0.15
    with pytest.raises(InputError, match="no fiducials"):
        ear_distances(head, pose(0.004))
