"""Pulses in closed form against the circuit's differential equation, its energy and its charge."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from tmsim.core import InputError
from tmsim.pulse import STIMULATORS, Circuit, Freewheel, ctms, generate, list_waveforms, waveform
from tmsim.pulse.parameters import CTMS2, CTMS2_SECOND_CAPACITANCE

PLAIN = Circuit(inductance_H=16e-6, resistance_ohm=0.03, capacitance_F=185e-6)
SLOW_SWITCH = Circuit(inductance_H=16e-6, resistance_ohm=0.03, capacitance_F=185e-6, rise_s=10e-6)


def integral(time_s, values):
    return float(np.sum(np.diff(time_s) * (values[1:] + values[:-1]) / 2))


def stepped(circuit, time_s):
    """dI/dt at 1 V by a Runge-Kutta solver; the freewheel diode opens once the capacitor is empty."""
    L, R, C = circuit.inductance_H, circuit.resistance_ohm, circuit.capacitance_F
    path = circuit.freewheel

    def branch(v, bridge):
        return max(0.0, -v + path.bridged_ohm * bridge) / (path.resistance_ohm + path.bridged_ohm)

    def slope(t, i, v):
        switch = max(0.0, 1 - t / circuit.rise_s) if circuit.rise_s else 0.0
        return (v - switch - R * i) / L

    def system(t, state):
        i, v, bridge = state
        through = branch(v, bridge) if path and v < 0 else 0.0
        bridging = path.bridged_ohm * (through - bridge) / path.bridge_H if path and path.bridge_H else 0.0
        return slope(t, i, v), -(i - through) / C, bridging

    found = solve_ivp(
        system, (0, time_s[-1]), (0.0, 1.0, 0.0), t_eval=time_s, rtol=1e-7, atol=1e-7, max_step=2e-6
    )
    return np.array([slope(t, i, v) for t, (i, v, _) in zip(found.t, found.y.T, strict=True)])


@pytest.mark.parametrize(
    ("circuit", "kind"),
    [
        (PLAIN, "biphasic"),
        (SLOW_SWITCH, "half-sine"),
        (STIMULATORS["magpro-x100-biphasic"].circuit, "biphasic"),
        (STIMULATORS["magpro-x100-monophasic"].circuit, "monophasic"),
    ],
)
def test_the_closed_form_is_what_stepping_the_circuit_through_time_gives(circuit, kind):
    pulse = generate(circuit, kind)
    time_s = np.linspace(0, min(pulse.duration_s - 1e-6, 400e-6), 150)
    expected = stepped(circuit, time_s)
    found = np.interp(time_s, pulse.time_s, pulse.didt) * (1e6 / pulse.voltage_V)
    np.testing.assert_allclose(found, expected, atol=2e-4 * np.abs(expected).max())


def test_a_switch_that_closes_at_once_gives_the_full_voltage_over_the_inductance():
    pulse = generate(PLAIN, "biphasic")
    assert pulse.didt[0] == 1.0
    assert pulse.voltage_V == pytest.approx(16.0)  # 16 uH at 1 A/us
    assert pulse.stored_J == pytest.approx(0.5 * 185e-6 * 16.0**2)


def test_a_slow_switch_delays_the_pulse_by_half_the_time_it_takes():
    delay_s = generate(SLOW_SWITCH, "biphasic").first_phase_s - generate(PLAIN, "biphasic").first_phase_s
    assert delay_s == pytest.approx(5e-6, rel=0.01)


def test_the_current_peaks_where_its_slope_is_zero_and_as_the_closed_form_has_it():
    pulse = generate(PLAIN, "half-sine")
    alpha, omega = PLAIN.damping_per_s, PLAIN.omega_rad_per_s
    peak_s = np.arctan2(omega, alpha) / omega
    assert pulse.first_phase_s == pytest.approx(peak_s, rel=1e-5)
    current_A = np.exp(-alpha * peak_s) * np.sin(omega * peak_s) / omega  # at 1 A/s
    assert pulse.peak_current_A(100e6) == pytest.approx(100e6 * current_A, rel=1e-4)


@pytest.mark.parametrize("kind", ["biphasic", "half-sine"])
def test_what_the_capacitor_lost_went_into_the_resistance(kind):
    pulse = generate(PLAIN, kind)
    heat_J = 0.03 * integral(pulse.time_s, (pulse.current_s * 1e6) ** 2)
    assert pulse.lost_J == pytest.approx(heat_J, rel=1e-3)
    assert pulse.lost_J < pulse.stored_J


def test_a_monophasic_pulse_burns_all_that_was_stored_and_more_of_it_outside_the_coil():
    circuit = STIMULATORS["magpro-x100-monophasic"].circuit
    pulse = generate(circuit, "monophasic")
    assert pulse.lost_J == pulse.stored_J
    heat_J = circuit.resistance_ohm * integral(pulse.time_s, (pulse.current_s * 1e6) ** 2)
    assert 0.1 * pulse.lost_J < heat_J < 0.5 * pulse.lost_J


def test_the_energy_of_a_two_capacitor_pulse_is_what_both_capacitors_lost():
    pulse = ctms(width_s=60e-6, ratio=5)
    heat_J = CTMS2.resistance_ohm * integral(pulse.time_s, (pulse.current_s * 1e6) ** 2)
    assert pulse.lost_J == pytest.approx(heat_J, rel=1e-3)
    second_V = pulse.voltage_V / 5
    assert pulse.stored_J == pytest.approx(
        CTMS2.capacitance_F / 2 * pulse.voltage_V**2 + CTMS2_SECOND_CAPACITANCE.value * 1e-6 / 2 * second_V**2
    )


def test_the_second_phase_of_a_two_capacitor_pulse_starts_at_the_second_voltage_and_the_drop():
    pulse = ctms(width_s=60e-6, ratio=5)
    after = np.searchsorted(pulse.time_s, 60.2e-6)
    drop = CTMS2.resistance_ohm * pulse.current_s[after] / CTMS2.inductance_H
    assert pulse.didt[after] == pytest.approx(-(1 / 5 + drop), rel=2e-3)


def test_a_higher_ratio_makes_the_second_phase_weaker_and_longer():
    low, high = ctms(width_s=30e-6, ratio=2), ctms(width_s=30e-6, ratio=20)
    assert low.second_peak < high.second_peak < 0
    assert high.duration_s > 2 * low.duration_s


def test_after_a_mere_resistor_took_over_the_current_dies_with_the_time_constant_of_coil_and_resistor():
    path = Freewheel(resistance_ohm=0.02)
    circuit = Circuit(inductance_H=16e-6, resistance_ohm=0.01, capacitance_F=50e-6, freewheel=path)
    pulse = generate(circuit, "monophasic")
    late = (pulse.time_s > 0.7 * pulse.duration_s) & (pulse.time_s < 0.95 * pulse.duration_s)
    rate = -np.polyfit(pulse.time_s[late], np.log(-pulse.didt[late]), 1)[0]
    assert 1 / rate == pytest.approx(16e-6 / 0.03, rel=0.01)


def test_a_lossless_coil_on_a_critically_damped_path_has_a_second_peak_of_one_over_e():
    L, C = 16e-6, 185e-6
    path = Freewheel(resistance_ohm=np.sqrt(L / C) / 2)
    circuit = Circuit(inductance_H=L, resistance_ohm=0.0, capacitance_F=C, freewheel=path)
    pulse = generate(circuit, "monophasic")
    assert pulse.second_peak == pytest.approx(-1 / np.e, rel=1e-5)
    lag_s = pulse.time_s[pulse.didt.argmin()] - pulse.first_phase_s
    assert lag_s == pytest.approx(np.sqrt(L * C), abs=0.5e-6)


@pytest.mark.parametrize("name", [*list_waveforms(), "ctms-30us-1", "ctms-100us-20"])
def test_each_built_in_pulse_brings_the_current_back_to_zero(name):
    assert abs(waveform(name).imbalance) < 0.005


@given(
    st.floats(5e-6, 40e-6), st.floats(60e-6, 400e-6), st.floats(0, 0.5),
    st.just(0.0) | st.floats(1e-9, 10e-6), st.sampled_from(["biphasic", "half-sine"]),
)  # fmt: skip
def test_any_closed_pulse_starts_up_and_has_no_net_integral(inductance, capacitance, share, rise_s, kind):
    circuit = Circuit(
        inductance_H=inductance,
        capacitance_F=capacitance,
        resistance_ohm=share * 2 * np.sqrt(inductance / capacitance),
        rise_s=rise_s,
    )
    pulse = generate(circuit, kind)
    assert abs(pulse.imbalance) < 1e-3
    assert np.abs(pulse.didt).max() == 1.0
    # A slow switch takes sin(x)/x from the first peak and half as long an average from the second.
    assert pulse.didt.max() >= np.cos(circuit.omega_rad_per_s * rise_s / 2) - 1e-3
    assert pulse.lost_J <= pulse.stored_J * (1 + 1e-12)


def test_energy_goes_with_the_square_of_the_strength_and_voltage_and_current_with_the_strength():
    one, two = (waveform("pynibs-biphasic").output(slope) for slope in (50e6, 100e6))
    assert two.stored_J == pytest.approx(4 * one.stored_J)
    assert two.lost_J == pytest.approx(4 * one.lost_J)
    assert two.voltage_V == pytest.approx(2 * one.voltage_V)
    assert two.current_A == pytest.approx(2 * one.current_A)


def test_the_inductance_sets_voltage_and_energy_but_not_the_shape():
    same = {"frequency_Hz": 3000.0, "damping_per_s": 900.0, "rise_s": 3e-6}
    small, large = (
        generate(Circuit.from_resonance(inductance_H=value, **same), "biphasic") for value in (10e-6, 20e-6)
    )
    np.testing.assert_allclose(small.didt, large.didt, rtol=1e-9, atol=1e-12)
    assert large.voltage_V == pytest.approx(2 * small.voltage_V)
    assert large.stored_J == pytest.approx(2 * small.stored_J)


def test_a_circuit_from_its_resonance_has_that_resonance():
    circuit = Circuit.from_resonance(frequency_Hz=3328, damping_per_s=911, inductance_H=12e-6)
    assert circuit.frequency_Hz == pytest.approx(3328)
    assert circuit.damping_per_s == pytest.approx(911)
    assert circuit.inductance_H * circuit.capacitance_F * (
        circuit.omega_rad_per_s**2 + 911**2
    ) == pytest.approx(1)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"resistance_ohm": 0.6}, "overdamps"),
        ({"resistance_ohm": -0.01}, "resistance: -0.01 ohm"),
        ({"inductance_H": -16e-6}, "inductance: -1.6e-05 H"),
        ({"inductance_H": 16.0}, "inductance: 16 H"),
        ({"capacitance_F": 0.0}, "capacitance: 0 F"),
        ({"capacitance_F": float("nan")}, "capacitance: nan F"),
        ({"rise_s": 1e-3}, "rise time"),
    ],
)
def test_a_circuit_that_makes_no_pulse_is_refused(change, says):
    values = {"inductance_H": 16e-6, "resistance_ohm": 0.03, "capacitance_F": 185e-6} | change
    with pytest.raises(InputError, match=says):
        Circuit(**values)


def test_a_monophasic_pulse_needs_a_freewheel_path_that_does_not_ring():
    with pytest.raises(InputError, match="no freewheel path"):
        generate(PLAIN, "monophasic")
    rings = Circuit(
        inductance_H=16e-6,
        resistance_ohm=0.03,
        capacitance_F=185e-6,
        freewheel=Freewheel(resistance_ohm=5.0),
    )
    with pytest.raises(InputError, match="swings back"):
        generate(rings, "monophasic")
    with pytest.raises(InputError, match="freewheel resistance"):
        Freewheel(resistance_ohm=0.0)
    with pytest.raises(InputError, match="biphasic, half-sine or monophasic"):
        generate(PLAIN, "rectangular")


@pytest.mark.parametrize(
    ("width_s", "ratio", "says"),
    [
        (5e-6, 5, "phase width: 5 us"),
        (400e-6, 5, "phase width: 400 us"),
        (250e-6, 5, "already falls"),
        (60e-6, 0.5, "amplitude ratio: 0.5"),
        (60e-6, 57, "amplitude ratio: 57"),
        (float("nan"), 5, "phase width: nan"),
    ],
)
def test_rectangular_pulses_beyond_the_device_are_refused(width_s, ratio, says):
    with pytest.raises(InputError, match=says):
        ctms(width_s=width_s, ratio=ratio)
