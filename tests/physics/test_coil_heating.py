"""Heat in a coil: the closed form against steps through time, and the laws that hold for any coil."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmsim.coil import CATALOGUE
from tmsim.pulse import Layer, Train, parse_train, protocol, waveform
from tmsim.safety import check_session, coil_heating, pulse_energy_J
from tmsim.safety.heating import _equivalent_pulses, winding_heat
from tmsim.safety.parameters import COOLING_TIME, ROOM_TEMPERATURE

FIG8 = CATALOGUE["magstim-70mm-fig8"]
RAPID2 = waveform("magstim-rapid2-biphasic")
FULL_A_PER_S = 114.7e6


def stepped(trains, tau_s):
    """The twin: pulse after pulse, the rise fading between them; in pulses, after the warmest block."""
    rise, warmest, start_s, before_s = 0.0, 0.0, 0.0, 0.0
    for train in trains:
        for onset_s in start_s + train.onsets_s():
            rise = rise * math.exp(-(onset_s - before_s) / tau_s) + 1
            before_s = onset_s
        warmest = max(warmest, rise)
        start_s += train.cycle_s
    return warmest


@st.composite
def trains(draw):
    layers, span_s = [], 0.0
    for _ in range(draw(st.integers(0, 3))):
        interval_s = span_s + draw(st.floats(0.01, 20))
        count = draw(st.integers(1, 6))
        layers.append(Layer(count=count, interval_s=interval_s))
        span_s += (count - 1) * interval_s
    return Train(layers=tuple(layers))


@given(st.lists(trains(), min_size=1, max_size=3), st.floats(1, 3000))
def test_geometric_sums_are_the_sum_over_all_pulses(blocks, tau_s):
    assert _equivalent_pulses(tuple(blocks), tau_s) == pytest.approx(stepped(blocks, tau_s), rel=1e-9)


def test_without_time_to_cool_every_pulse_counts_and_long_after_only_the_last():
    hf10 = protocol("hf10-standard").blocks[0].train
    assert _equivalent_pulses((hf10,), 1e12) == pytest.approx(3000, rel=1e-6)
    assert _equivalent_pulses((parse_train("0.1 Hz for 100 pulses"),), 0.1) == pytest.approx(1)


def test_heat_goes_with_the_square_of_the_current_and_with_the_length_of_the_wire():
    heat_J, capacity_J_per_K = winding_heat(FIG8, RAPID2, FULL_A_PER_S)
    half_J, same = winding_heat(FIG8, RAPID2, FULL_A_PER_S / 2)
    assert half_J == pytest.approx(heat_J / 4)
    assert same == capacity_J_per_K
    # 2 wings of 9 turns, 71.5 mm across in the mean, of 1.75 x 6 mm copper: 4.04 m, 6.5 mOhm, 0.38 kg.
    length_m, area_m2 = 18 * math.pi * 0.0715, 10.5e-6
    assert capacity_J_per_K == pytest.approx(length_m * area_m2 * 8960 * 385, rel=0.01)
    current_A = RAPID2.current_s * FULL_A_PER_S
    resistance_ohm = 1.7e-8 * length_m / area_m2
    mean_A2 = (current_A[1:] ** 2 + current_A[:-1] ** 2) / 2
    joule_J = resistance_ohm * float(np.sum(mean_A2 * np.diff(RAPID2.time_s)))
    assert heat_J == pytest.approx(joule_J)


def test_a_pulse_leaves_less_heat_in_the_coil_than_the_stimulator_takes_for_it():
    heat_J, _ = winding_heat(FIG8, RAPID2, FULL_A_PER_S)
    assert 0.05 * pulse_energy_J(100) < heat_J < pulse_energy_J(100) / 3  # even at the largest resistance


def test_the_range_starts_at_the_room_and_widens_with_the_pulses():
    low, high = (temperature.value for temperature in ROOM_TEMPERATURE)
    before = (low, high)
    for pulses in (1, 10, 100, 1000):
        found = coil_heating((parse_train(f"1 Hz for {pulses} pulses"),), FIG8, RAPID2, FULL_A_PER_S / 2)
        assert found.hottest_C > found.coolest_C
        assert found.coolest_C >= before[0]
        assert found.hottest_C > before[1]
        before = (found.coolest_C, found.hottest_C)


def test_an_endless_train_settles_where_heat_and_cooling_balance():
    rate_Hz, didt = 1.0, FULL_A_PER_S / 2
    one = coil_heating((parse_train("1 pulse"),), FIG8, RAPID2, didt)
    endless = coil_heating((parse_train("1 Hz for 100000 pulses"),), FIG8, RAPID2, didt)
    rise_K = one.coolest_C - ROOM_TEMPERATURE[0].value
    balance_K = rise_K * rate_Hz * COOLING_TIME.value
    assert endless.coolest_C - ROOM_TEMPERATURE[0].value == pytest.approx(balance_K, rel=1e-3)


def test_the_earliest_pulse_is_where_the_hottest_case_passes_the_limit():
    found = coil_heating((parse_train("1 pulse"),), FIG8, RAPID2, FULL_A_PER_S / 2)
    for pulses, above in ((found.earliest_pulses - 1, False), (found.earliest_pulses + 1, True)):
        train = parse_train(f"1 Hz for {pulses} pulses")
        assert (coil_heating((train,), FIG8, RAPID2, FULL_A_PER_S / 2).hottest_C > 40) is above


@pytest.mark.parametrize(
    ("text", "percent", "says"),
    [
        ("1 Hz for 10 pulses", 30, r"20 °C to 26 °C; a Magstim"),
        ("iTBS", 50, r"29 °C to above 40 °C, that after 60 pulses at the earliest"),
        ("10 Hz for 6000 pulses", 80, "above 40 °C at the end whatever is assumed"),
    ],
)
def test_the_finding_is_a_range_and_never_graded_above_info(text, percent, says):
    findings = check_session(parse_train(text), percent_mso=percent, coil="magstim-70mm-fig8")
    (found,) = [finding for finding in findings if finding.rule == "coil-heating"]
    assert says in found.message
    assert "are assumed" in found.message
    assert (found.severity, found.status) == ("info", "unverified")
