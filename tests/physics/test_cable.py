"""The cable solver against a plain twin, exact passive cables, orders of convergence, and invariants."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tmsim.core import OutsideModelError
from tmsim.neuron import Axon, Cable, Membrane, membrane_response, threshold
from tmsim.neuron.cable_kernels import fires, respond
from tmsim.neuron.threshold import coefficients, course_of, field_along, voltage_drops_mV
from tmsim.pulse import Waveform, waveform

REST_mV, LEAK, RESISTIVITY, CAPACITANCE = -72.0, 3e-5, 100.0, 1.0  # S/cm2, Ohm cm, uF/cm2
MONOPHASIC = "magpro-x100-monophasic"


def passive_cable(length_um=2000.0, diameter_um=1.0, count=200) -> Cable:
    """A straight cylinder of bare membrane along y, its middle at the origin."""
    middle_um = (np.arange(count) + 0.5) * length_um / count - length_um / 2
    return Cable(
        parent=np.arange(-1, count - 1),
        center_m=np.column_stack([0 * middle_um, middle_um, 0 * middle_um]) * 1e-6,
        length_um=np.full(count, length_um / count),
        core_um=np.full(count, diameter_um),
        membrane_um=np.full(count, diameter_um),
        membrane=np.full(count, Membrane.PASSIVE),
    )


def polarised(cable, field, *, duration_s, step_s, E=100.0) -> np.ndarray:
    """Membrane potential above rest after a constant field of ``duration_s``, by compartment. [mV]"""
    course = np.full(round(duration_s / step_s), E)
    out = np.empty((len(course) + 1, len(cable.parent)))
    respond(course, step_s * 1e3, REST_mV, *coefficients(cable, field, step_s=step_s), out)
    return out[-1] - REST_mV


def length_constant_m(diameter_um: float) -> float:
    return math.sqrt(diameter_um * 1e-4 / (4 * RESISTIVITY * LEAK)) * 1e-2


def steady(y_m, length_m, lambda_m, E, slope_V_per_m2=0.0) -> np.ndarray:
    """Exact steady polarisation of a sealed cable in the field ``E + slope y``. [V]

    lambda^2 V'' - V = lambda^2 slope with V' = E + slope y at both ends.
    """
    half = length_m / 2
    odd = E * lambda_m * np.sinh(y_m / lambda_m) / math.cosh(half / lambda_m)
    even = lambda_m * half * np.cosh(y_m / lambda_m) / math.sinh(half / lambda_m) - lambda_m**2
    return odd + slope_V_per_m2 * even


# --- Twin ------------------------------------------------------------------------------------------------


def twin(cable: Cable, field_V_per_m: float, course, step_s: float, angle_rad: float) -> np.ndarray:
    """The same cable with dense matrices and the rates as they are printed; plain, slow, plainly right."""
    n, dt = len(cable.parent), step_s * 1e3
    area = np.pi * cable.membrane_um * cable.length_um * 1e-8
    capacity, leak, sodium, potassium = np.zeros((4, n))
    for i, kind in enumerate(cable.membrane):
        capacity[i] = (0.02 if kind == Membrane.MYELIN else 1.0) * area[i] * 1e-6  # F
        leak[i] = (1 / 1.125e6 if kind == Membrane.MYELIN else 3e-5) * area[i]  # S
        if kind in (Membrane.NODE, Membrane.BARE):
            sodium[i] = (2 if kind == Membrane.NODE else 1) * 3.137968 * area[i]
            potassium[i] = 1.021945 * area[i]
    conductance = np.zeros((n, n))
    outside = np.zeros(n)  # V, at 1 V/m
    direction = np.array([math.sin(angle_rad), math.cos(angle_rad), 0])
    for i in range(1, n):
        j = cable.parent[i]
        ohm = sum(
            100.0 * cable.length_um[k] / 2 * 1e-4 / (np.pi * (cable.core_um[k] / 2 * 1e-4) ** 2)
            for k in (i, j)
        )
        conductance[i, j] = conductance[j, i] = 1 / ohm
        outside[i] = outside[j] - direction @ (cable.center_m[i] - cable.center_m[j])
    laplacian = conductance - np.diag(conductance.sum(axis=1))

    def rates(v):
        q = 2.3 ** ((37 - 21) / 10)
        am, bm = (
            0.182 * (v + 38) / (1 - np.exp(-(v + 38) / 6)),
            0.124 * (-v - 38) / (1 - np.exp((v + 38) / 6)),
        )
        ah, bh = (
            -0.015 * (v + 66) / (1 - np.exp((v + 66) / 6)),
            -0.015 * (-v - 66) / (1 - np.exp(-(v + 66) / 6)),
        )
        n_inf, n_tau = 1 / (1 + np.exp(-(v - 18.7) / 9.7)), 4 / (1 + np.exp(-(v + 46.56) / 44.14))
        return am / (am + bm), 1 / (q * (am + bm)), ah / (ah + bh), 1 / (q * (ah + bh)), n_inf, n_tau

    v = np.full(n, REST_mV)
    m, _, h, _, k, _ = rates(v)
    reversal = REST_mV + (sodium * m**3 * h * (REST_mV - 50) + potassium * k * (REST_mV + 85)) / np.where(
        leak, leak, 1
    )
    out = [v]
    for E in field_V_per_m * course:
        m_inf, m_tau, h_inf, h_tau, k_inf, k_tau = rates(v)
        m = m_inf + (m - m_inf) * np.exp(-dt / m_tau)
        h = h_inf + (h - h_inf) * np.exp(-dt / h_tau)
        k = k_inf + (k - k_inf) * np.exp(-dt / k_tau)
        g_na, g_k = sodium * m**3 * h, potassium * k
        matrix = np.diag(capacity / step_s + leak + g_na + g_k) - laplacian
        right = capacity / step_s * v + leak * reversal + g_na * 50 - g_k * 85 + E * laplacian @ outside * 1e3
        v = np.linalg.solve(matrix, right)
        out.append(v)
    return np.array(out)


def branched_axon() -> Cable:
    """Axon that forks into a bare and a myelinated branch, off the y axis."""
    stem, branch = Axon(internodes=4).cable(), Axon(diameter_um=0.6, internodes=3).cable()
    n, b = len(stem.parent), len(branch.parent)
    aside = branch.center_m[:, [1, 0, 2]] - branch.center_m[0, [1, 0, 2]] + [30e-6, 0, 0]
    bare = np.array([[-2e-6, 3e-6 + 5e-6 * k, 0] for k in range(6)])
    return Cable(
        parent=np.concatenate([stem.parent, [n - 1], [n], n + np.arange(1, b), [n], n + b + np.arange(1, 6)]),
        center_m=np.concatenate([stem.center_m, [[0, 0.5e-6, 0]], aside, bare]),
        length_um=np.concatenate([stem.length_um, [0], branch.length_um, np.full(6, 5.0)]),
        core_um=np.concatenate([stem.core_um, [1], branch.core_um, np.full(6, 0.5)]),
        membrane_um=np.concatenate([stem.membrane_um, [1], branch.membrane_um, np.full(6, 0.5)]),
        membrane=np.concatenate([stem.membrane, [0], branch.membrane, np.full(6, Membrane.BARE)]),
    )


@pytest.mark.parametrize("cell", ["straight", "branched"])
@pytest.mark.parametrize("compiled", [True, False])
def test_kernel_agrees_with_dense_matrices_through_a_spike(cell, compiled):
    cable = Axon(internodes=4).cable() if cell == "straight" else branched_axon()
    angle, step_s, E = 0.4, 5e-6, 1500.0
    course = course_of(waveform(MONOPHASIC), step_s=step_s)[: 160 if compiled else 20]
    arrays = coefficients(cable, field_along(cable, angle, 0.0), step_s=step_s)
    out = np.empty((len(course) + 1, len(cable.parent)))
    kernel = respond if compiled else respond.py_func
    kernel(E * course, step_s * 1e3, REST_mV, *arrays, out)
    expected = twin(cable, E, course, step_s, angle)
    np.testing.assert_allclose(out, expected, rtol=0, atol=1e-6)
    assert not compiled or expected.max() > 20  # a spike was in it
    fired = (expected[:, cable.nodes] > 0).any(axis=0).sum() >= 3
    assert fires(E, course, step_s * 1e3, REST_mV, *arrays, cable.nodes, 3) == fired


# --- Passive cables --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("length_um", "diameter_um"), [(300.0, 1.0), (2000.0, 1.0), (6000.0, 2.0)])
def test_ends_of_a_sealed_cable_polarise_by_E_lambda_tanh(length_um, diameter_um):
    cable = passive_cable(length_um, diameter_um, count=400)
    V = polarised(cable, field_along(cable, 0.0, 0.0), duration_s=0.5, step_s=5e-4)
    length_m, lambda_m = length_um * 1e-6, length_constant_m(diameter_um)
    end_mV = 1e3 * 100 * lambda_m * math.tanh(length_m / (2 * lambda_m))
    # The last compartment's middle lies half a compartment from the end.
    assert V[-1] == pytest.approx(end_mV, rel=6e-3)
    assert V[0] == pytest.approx(-end_mV, rel=6e-3)
    np.testing.assert_allclose(
        V, 1e3 * steady(cable.center_m[:, 1], length_m, lambda_m, 100.0), rtol=1e-4, atol=1e-4 * end_mV
    )


@pytest.mark.parametrize("gradient_per_m", [400.0, -1000.0])
def test_a_gradient_of_the_field_polarises_as_the_exact_solution(gradient_per_m):
    cable = passive_cable(count=400)
    V = polarised(cable, field_along(cable, 0.0, gradient_per_m), duration_s=0.5, step_s=5e-4)
    exact = 1e3 * steady(cable.center_m[:, 1], 2e-3, length_constant_m(1.0), 100.0, 100 * gradient_per_m)
    np.testing.assert_allclose(V, exact, rtol=0, atol=2e-4 * np.abs(exact).max())
    assert V[len(V) // 2] * gradient_per_m < 0  # where field rises along the cable, it hyperpolarises


def charged(y_m, time_s, length_m, lambda_m) -> np.ndarray:
    """Exact polarisation at ``time_s`` after a field of 100 V/m came on. [V]"""
    tau_s = CAPACITANCE * 1e-6 / LEAK
    V = steady(y_m, length_m, lambda_m, 100.0)
    k = np.arange(1, 4001, 2)[:, None] * math.pi / length_m  # modes sin(k y) that are flat at the ends
    sign = np.where(np.arange(len(k)) % 2 == 0, 1, -1)[:, None]
    amplitude = 4 / length_m * 100.0 * sign / (k**2 + lambda_m**-2)
    return V - (amplitude * np.sin(k * y_m) * np.exp(-time_s / tau_s * (1 + (k * lambda_m) ** 2))).sum(axis=0)


def error_of_charging(*, step_s=2e-6, count=200, at_s=2e-4) -> float:
    """Relative error 0.2 ms after a field came on, in the middle of each compartment."""
    cable, lambda_m = passive_cable(600.0, count=count), length_constant_m(1.0)
    V = polarised(cable, field_along(cable, 0.0, 0.0), duration_s=at_s, step_s=step_s)
    exact = 1e3 * charged(cable.center_m[:, 1], at_s, 6e-4, lambda_m)
    return float(np.linalg.norm(V - exact) / np.linalg.norm(exact))


def test_a_cable_charges_as_the_exact_series():
    assert error_of_charging() < 2e-3
    early = charged(np.array([2.9e-4]), 2e-4, 6e-4, length_constant_m(1.0))
    late = steady(np.array([2.9e-4]), 6e-4, length_constant_m(1.0), 100.0)
    assert early < 0.75 * late  # it is not charged yet


def test_error_falls_with_the_first_order_of_the_time_step():
    coarse, fine = error_of_charging(step_s=2e-5), error_of_charging(step_s=5e-6)
    assert math.log(coarse / fine) / math.log(4) == pytest.approx(1.0, abs=0.1)


def test_error_falls_with_the_second_order_of_the_compartments():
    coarse, fine = (error_of_charging(count=n, step_s=2e-8, at_s=2e-5) for n in (15, 30))
    assert math.log2(coarse / fine) == pytest.approx(2.0, abs=0.15)


def test_a_cable_split_lengthwise_into_two_branches_is_the_same_cable():
    whole = passive_cable(1000.0, count=40)
    whole = Cable(
        parent=whole.parent, center_m=whole.center_m, length_um=whole.length_um, core_um=whole.core_um,
        membrane_um=2 * whole.membrane_um, membrane=whole.membrane,
    )  # fmt: skip
    half, first = slice(20, 40), np.arange(-1, 19)
    branch = np.arange(20)
    split = Cable(
        parent=np.concatenate(
            [first, [19], np.where(branch, 20 + branch, 20), np.where(branch, 40 + branch, 20)]
        ),
        center_m=np.concatenate(
            [whole.center_m[:20], [[0, 0, 0]], whole.center_m[half], whole.center_m[half]]
        ),
        length_um=np.concatenate([whole.length_um[:20], [0], whole.length_um]),
        core_um=np.concatenate([np.ones(20), [1], np.full(40, math.sqrt(0.5))]),
        membrane_um=np.concatenate([np.full(20, 2.0), [1], np.ones(40)]),
        membrane=np.zeros(61, dtype=int),
    )
    at = {"duration_s": 1e-3, "step_s": 1e-5}
    one, two = (polarised(c, field_along(c, 0.0, 300.0), **at) for c in (whole, split))
    np.testing.assert_allclose(two[:20], one[:20], rtol=1e-9)
    np.testing.assert_allclose(two[21:41], one[20:], rtol=1e-9)
    np.testing.assert_allclose(two[41:], one[20:], rtol=1e-9)


# --- Invariants ------------------------------------------------------------------------------------------


def test_a_field_moves_charge_along_the_cell_and_makes_none():
    cable = branched_axon()
    drive = coefficients(cable, field_along(cable, 0.7, -300.0)).drive
    assert abs(drive.sum()) < 1e-12 * np.abs(drive).sum()
    drops = voltage_drops_mV(cable, field_along(cable, 0.0, 0.0))
    assert drops[5] == pytest.approx(1e3 * (cable.center_m[5, 1] - cable.center_m[4, 1]))


def test_without_a_field_the_membrane_rests():
    rest = membrane_response(Axon(internodes=5), waveform(MONOPHASIC), field_V_per_m=0.0).membrane_mV
    assert np.abs(rest - REST_mV).max() < 1e-6


def test_a_field_towards_the_terminal_depolarises_it_and_one_away_hyperpolarises_it():
    pulse = waveform(MONOPHASIC)
    for angle, sign in ((0.0, 1), (math.pi, -1)):
        response = membrane_response(Axon(), pulse, field_V_per_m=20.0, angle_rad=angle)
        early = response.membrane_mV[20] - REST_mV  # 40 us into the pulse
        assert sign * early[-1] > 1
        assert sign * early[0] < -1
        assert abs(early[100]) < 1e-3  # in a uniform field nothing happens far from the ends


def test_threshold_goes_with_one_over_the_cosine():
    axon, pulse = Axon(internodes=6), waveform(MONOPHASIC)
    straight = threshold(axon, pulse, tolerance=1e-4)
    for degrees in (30, 60, 80):
        angle = math.radians(degrees)
        found = threshold(axon, pulse, angle_rad=angle, tolerance=1e-4)
        assert found * math.cos(angle) == pytest.approx(straight, rel=3e-4)


def test_a_field_across_the_axon_never_fires_it():
    with pytest.raises(OutsideModelError, match="No spike at fields up to 10 kV/m") as refused:
        threshold(Axon(internodes=6), waveform(MONOPHASIC), angle_rad=math.pi / 2)
    assert str(refused.value).count(".") == 1


def test_threshold_does_not_depend_on_where_the_cell_lies_in_a_uniform_field():
    there = branched_axon()
    moved = Cable(
        parent=there.parent, center_m=there.center_m + np.array([1e-3, -2e-3, 5e-4]),
        length_um=there.length_um, core_um=there.core_um, membrane_um=there.membrane_um,
        membrane=there.membrane,
    )  # fmt: skip
    pulse = waveform(MONOPHASIC)
    assert threshold(moved, pulse) == threshold(there, pulse)


def test_threshold_is_the_field_between_silence_and_a_spike_that_runs_the_whole_axon():
    axon, pulse = Axon(), waveform(MONOPHASIC)
    found = threshold(axon, pulse, tolerance=1e-3)
    below = membrane_response(axon, pulse, field_V_per_m=0.998 * found).membrane_mV
    above = membrane_response(axon, pulse, field_V_per_m=found)
    nodes = axon.cable().nodes
    assert below[:, nodes].max() < -30
    peaks = above.membrane_mV[:, nodes].argmax(axis=0)
    assert (above.membrane_mV[:, nodes].max(axis=0) > 20).all()
    assert (np.diff(peaks) < 0).all()  # from the terminal, the last compartment, to the far end
    speed_m_per_s = 1e-6 * (axon.length_um - 101) / (above.time_s[peaks[0]] - above.time_s[peaks[-1]])
    assert 0.5 < speed_m_per_s < 15  # per um of fibre diameter myelinated axons make about 5 m/s


def test_threshold_is_free_of_step_and_compartments_within_a_percent():
    axon, pulse = Axon(internodes=6), waveform(MONOPHASIC)

    def found(step_s, compartments):
        cable = axon.cable(compartments=compartments)
        arrays = coefficients(cable, field_along(cable, 0.0, 0.0), step_s=step_s)
        low, high, course = 100.0, 400.0, course_of(pulse, step_s=step_s)
        while high - low > 0.01:
            E = (low + high) / 2
            if fires(E, course, step_s * 1e3, REST_mV, *arrays, cable.nodes, 3):
                high = E
            else:
                low = E
        return high

    fine = found(2.5e-7, 27)
    assert found(2e-6, 9) == pytest.approx(fine, rel=0.01)
    assert found(2e-6, 9) != fine


def test_the_course_of_a_pulse_keeps_its_charge_whatever_the_step():
    pulse = Waveform(
        name="33 us", kind="rectangular", time_s=[0, 1e-9, 33e-6, 33e-6 + 1e-9], didt=[0, 1, 1, 0]
    )
    for step_s in (2e-6, 7e-6, 1e-5):
        course = course_of(pulse, step_s=step_s)
        assert course.sum() * step_s == pytest.approx(33e-6, rel=1e-3)
        assert len(course) * step_s >= 2e-3
        assert course.max() == pytest.approx(1.0, rel=1e-3)
