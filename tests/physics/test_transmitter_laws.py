"""Transmitters: balances, exact answers, orders of convergence, second methods, signs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.special import lambertw

from tmsim.core import FloatArray
from tmsim.transmitters import (
    CASES,
    HEALTHY,
    Desensitisation,
    Gain,
    Pharmacology,
    PrefrontalDrive,
    SerotoninTerminal,
    binding_change,
    circuit,
    course_release,
    dopamine_terminal,
    driven_circuit,
    extracellular,
    noradrenaline_terminal,
    resting,
    session_release,
)
from tmsim.transmitters.kernels import TerminalConstants, advance_terminal, terminal_slope
from tmsim.transmitters.parameters import CIRCUIT_START, SEROTONIN_TERMINAL, STATES

CONSTANTS = TerminalConstants(**{name: entry.value for name, entry in SEROTONIN_TERMINAL.items()})
REST = SerotoninTerminal().settled()
G, V, SPACE = (STATES.index(name) for name in ("g", "vesicles", "extracellular"))


def compiled_slope(y: FloatArray, firing: float = 1.0, scale: float = 1.0, sensitivity: float = 1.0):
    out = np.empty(15)
    terminal_slope(y, out, firing, scale, sensitivity, REST[G], REST[V], CONSTANTS)
    return out


def plain_slope(y: FloatArray, fire: float = 1.0, s: float = 1.0, q: float = 1.0) -> FloatArray:
    """The twin: the equations as printed, numbers and all."""
    btrp, bh2, bh4, trp, htp, c, v, r, e, hia, pool, b, g, t, gl = y
    above = q * (g - REST[G])

    def vm(inside: float) -> float:
        return max(0.0, 1230 * c / (0.2 + c) - inside)

    def mao(x: float) -> float:
        return 4000 * x / (95 + x)

    trp_in, p = 700 * btrp / (330 + btrp), 9 * trp - 0.6 * pool
    tph = 278 * trp / (40 + trp + trp**2 / 1000) * bh4 / (20 + bh4) * max(0.0, 1 - 0.1 * above)
    drr = 5000 * bh2 * 330 / ((100 + bh2) * (75 + 330)) - 3 * bh4 * 26 / ((10 + bh4) * (75 + 26))
    aadc, sert = 400 * htp / (160 + htp), s * 250 * e / (0.06 + e)
    rel = 1.89 * v * min(12.0, fire * max(0.0, 1 - 1.5 * above))
    traf = float(np.clip(15 * (REST[V] - v), 0, 100)) * r / (1 + r)
    return np.array(
        [
            157.6 - trp_in - 5 * (btrp - 96), tph - drr, drr - tph, trp_in - tph - p - 2 * trp, tph - aadc,
            aadc - vm(v) - vm(r) + sert - mao(c) - (c - e), vm(v) - rel + traf, vm(r) - traf,
            rel - sert - 40 * e + (c - e) + (gl - e), mao(c) + mao(gl) - hia, p - pool,
            36 * e * (10 - b) - 20 * b, 20 * b**2 * (10 - g) - 200 * t * g, 30 * g**2 * (10 - t) - 200 * t,
            -mao(gl) - (gl - e),
        ]
    )  # fmt: skip


# Any state in which each substance is a hundredth to a hundred times what it is at rest, receptors bounded.
states = st.lists(st.floats(-2, 2), min_size=15, max_size=15).map(
    lambda tens: np.minimum(
        REST * 10.0 ** np.array(tens), np.where(np.isin(np.arange(15), (11, 12, 13)), 9.9, np.inf)
    )
)
scales = st.floats(0.15, 5.0)


# The serotonin terminal.


@given(states, st.floats(0, 30), scales, st.floats(0, 1))
def test_terminal_kernel_equals_the_equations_as_printed(y, firing, scale, sensitivity):
    expected = plain_slope(y, firing, scale, sensitivity)
    turnover = np.abs(expected).max() + 1
    np.testing.assert_allclose(
        compiled_slope(y, firing, scale, sensitivity), expected, rtol=1e-9, atol=1e-12 * turnover
    )


@given(states, st.floats(0, 30), scales, st.floats(0, 1))
def test_what_enters_as_tryptophan_leaves_by_known_ways_only(y, firing, scale, sensitivity):
    slope = dict(zip(STATES, compiled_slope(y, firing, scale, sensitivity), strict=True))
    now = dict(zip(STATES, y, strict=True))
    indoles = set(STATES) - {"bh2", "bh4", "bound", "g", "t"}
    lost = 2 * now["tryptophan"] + now["pool"] + 40 * now["extracellular"] + now["hia"]
    entered = 157.6 - 5 * (now["blood_tryptophan"] - 96)
    size = sum(abs(slope[name]) for name in indoles) + abs(entered) + lost
    assert sum(slope[name] for name in indoles) == pytest.approx(entered - lost, abs=1e-11 * size)
    assert slope["bh2"] == -slope["bh4"]


@given(states, st.floats(0, 30), scales, st.floats(0, 1))
def test_nothing_that_has_run_out_goes_below_zero(y, firing, scale, sensitivity):
    for k in range(15):
        empty = y.copy()
        empty[k] = 0.0
        assert compiled_slope(empty, firing, scale, sensitivity)[k] >= 0


def test_nothing_changes_at_rest():
    assert np.abs(compiled_slope(REST) / REST).max() < 1e-9  # per hour
    run = extracellular(SerotoninTerminal(), np.ones(3600))
    np.testing.assert_allclose(run.concentration_M, REST[SPACE] * 1e-6, rtol=1e-8)


def test_terminal_steps_converge_with_the_fourth_order():
    def end(steps: int) -> float:
        y, space = REST.copy(), np.empty(20)
        advance_terminal(
            y, np.full(20, 1.5), 1.0, 1.0, REST[G], REST[V], CONSTANTS, steps, 1 / steps / 3600, space
        )
        return float(y[SPACE])

    values = [end(steps) for steps in (2, 4, 8, 16)]
    change = [abs(b - a) for a, b in pairwise(values)]
    orders = [np.log2(a / b) for a, b in pairwise(change)]
    assert orders[-1] == pytest.approx(4.0, abs=0.5)


@pytest.mark.parametrize(("scale", "sensitivity"), [(1.0, 1.0), (0.2, 1.0), (5.0, 1.0), (1.0, 0.3)])
def test_terminal_agrees_with_an_implicit_method(scale, sensitivity):
    firing = 1.8
    terminal = SerotoninTerminal(sert_scale=scale, autoreceptor=sensitivity)
    mine = extracellular(terminal, np.full(900, firing), start=REST)
    other = solve_ivp(
        lambda _, y: plain_slope(y, firing, scale, sensitivity), (0, 0.25), REST,
        method="Radau", rtol=1e-9, atol=1e-12,
    )  # fmt: skip
    np.testing.assert_allclose(mine.state, other.y[:, -1], rtol=1e-6)


def test_a_day_that_is_settled_equals_a_day_that_is_stepped():
    terminal = SerotoninTerminal(sert_scale=0.5)
    stepped = extracellular(terminal, np.full(86400, 0.8), start=REST)
    np.testing.assert_allclose(terminal.settled(0.8), stepped.state, rtol=1e-5)


def test_a_night_brings_the_terminal_back_to_rest():
    # What a course takes for granted.
    terminal = SerotoninTerminal()
    for firing in (1.6, 0.4):
        after = extracellular(terminal, np.full(2250, firing)).state
        night = extracellular(terminal, np.ones(16 * 3600), start=after)
        assert night.concentration_M[-1] == pytest.approx(REST[SPACE] * 1e-6, rel=0.005)


def test_fewer_transporters_and_faster_cells_leave_more_serotonin_outside():
    def settled_M(scale: float, firing: float) -> float:
        terminal = SerotoninTerminal(sert_scale=scale)
        return terminal.concentration_M(terminal.settled(firing))

    fewer = [settled_M(scale, 1.0) for scale in (2.0, 1.0, 0.5, 0.2)]
    faster = [settled_M(1.0, firing) for firing in (0.5, 1.0, 1.5, 2.5)]
    assert all(b > 1.1 * a for rising in (fewer, faster) for a, b in pairwise(rising))


def test_autoreceptors_that_lost_sensitivity_hold_release_back_less():
    fast = [
        extracellular(SerotoninTerminal(autoreceptor=q), np.full(1800, 2.0)).concentration_M[-1]
        for q in (1.0, 0.5, 0.0)
    ]
    assert fast[0] < 0.8 * fast[1] < 0.8 * fast[2]


# Dopamine and noradrenaline.


@pytest.mark.parametrize("scale", [1.0, 0.3, 4.0])
@pytest.mark.parametrize("make", [dopamine_terminal, noradrenaline_terminal])
def test_uptake_without_release_follows_the_exact_course(make, scale):
    named = {"dat_scale": scale} if make is dopamine_terminal else {"net_scale": scale}
    terminal = make(2.0, **named)
    c = terminal.constants_uM
    start = np.array([3 * scale * c.vmax + 0.2, 0.5])  # some is left after three seconds
    run = extracellular(terminal, np.zeros(3), start=start)
    left = c.km * lambertw(start[0] / c.km * np.exp((start[0] - 3 * scale * c.vmax) / c.km)).real
    assert run.state[0] == pytest.approx(left, rel=1e-4)


@given(st.floats(0.2, 2.0), scales, st.floats(0.0, 4.0))
def test_at_rest_release_equals_uptake(rate_Hz, scale, firing):
    terminal = noradrenaline_terminal(rate_Hz, net_scale=scale)
    run = extracellular(terminal, np.full(2, firing), start=terminal.settled(firing))
    assert run.concentration_M[-1] == pytest.approx(terminal.concentration_M(run.state), rel=1e-6, abs=1e-15)
    if (scale, firing) == (1.0, 1.0):
        c = terminal.constants_uM
        assert run.state[0] == pytest.approx(c.km * c.release * rate_Hz / (c.vmax - c.release * rate_Hz))


def test_healthy_dopamine_is_where_michaelis_and_menten_put_it():
    # 0.1 uM x 5 Hz = 4 uM/s x c / (0.15 uM + c)
    terminal = dopamine_terminal(5.0)
    assert terminal.concentration_M(terminal.settled()) == pytest.approx(0.15e-6 * 0.5 / 3.5)


def test_dopamine_agrees_with_an_adaptive_method():
    terminal = dopamine_terminal(5.0, dat_scale=0.5)
    c, rest = terminal.constants_uM, dopamine_terminal(5.0).settled()

    def slope(_: float, y: FloatArray) -> list[float]:
        bound = 1 / (1 + np.exp(-10 * (y[0] - 0.1)))
        released = 0.1 * 15 * max(0.0, 1 - 1.5 * (y[1] - rest[1]))
        return [released - 0.5 * 4 * y[0] / (0.15 + y[0]), (bound - y[1]) / 0.15]

    assert (c.release, c.vmax, c.km) == pytest.approx((0.1, 4.0, 0.15))
    other = solve_ivp(slope, (0, 2), rest, rtol=1e-10, atol=1e-13)
    run = extracellular(terminal, np.full(2, 3.0), start=rest)
    np.testing.assert_allclose(run.state, other.y[:, -1], rtol=1e-4)


# The circuit.

WEIGHTS = {"first": (5.0, 0.0), "second": (10.0, 2.0)}


def plain_circuit(
    weights: str, drive: tuple[float, float, float], drugs: Pharmacology, n: int, dt: float
) -> tuple[FloatArray, tuple[float, float]]:
    """The twin: Euler as printed, populations one after the other as the published code has them."""
    j, k = WEIGHTS[weights]
    d, s, a_d, a_5, hd, h5 = CIRCUIT_START
    f5i = fi = f5e = rate = rate5 = 0.0
    for _ in range(n):
        for _ in range(60):  # cells without a time constant follow their own rates at once
            f5i = max(0.0, 0.06 * (-4 * h5 + 10 * hd - 0.5 * f5i + 250 + 200))
            fi = max(0.0, 0.06 * (20 * h5 + 2 * hd - 10 * fi + 200))
            f5e = max(0.0, 0.04 * (-0.1 * h5 + 0.5 * f5e + drive[2] + 100))
        rate = max(0.0, 0.019 * (-25 * fi + 100 * f5e + 200 - a_d + drive[0] + 10))
        current = -0.1 * f5i + j * f5e - k * fi + 100 - drugs.autoreceptor * a_5 + drive[1]
        rate5 = max(0.0, 0.033 * (current - 0.13))
        slopes = (
            1e-4 * rate - drugs.dat_scale * 4e-3 * d / (d + 0.15),
            8e-5 * rate5 - drugs.sert_scale * 1.3e-3 * s / (s + 0.17),
            (-a_d + 80 / (1 + np.exp(-10 * (d - 0.1)))) / 150,
            (-a_5 + 80 / (1 + np.exp(-10 * (s - 0.1)))) / 500,
            -hd / 1000 + 0.03 / (1 + np.exp(-20 * (d - 0.3))),
            -h5 / 1200 + 0.03 / (1 + np.exp(-20 * (s - 0.1))),
        )
        d, s, a_d, a_5, hd, h5 = (x + dt * v for x, v in zip((d, s, a_d, a_5, hd, h5), slopes, strict=True))
    return np.array([d, s, a_d, a_5, hd, h5]), (rate, rate5)


@pytest.mark.parametrize("weights", ["first", "second"])
@pytest.mark.parametrize(
    ("drive", "drugs"),
    [
        ((0.0, 0.0, 0.0), HEALTHY),
        ((60.0, -40.0, 5.0), Pharmacology(sert_scale=0.4, dat_scale=1.7, autoreceptor=0.6)),
        ((-500.0, 300.0, -150.0), HEALTHY),
    ],
)
def test_circuit_kernel_equals_plain_euler(weights, drive, drugs):
    state, _ = plain_circuit(weights, drive, drugs, 400, 5.0)
    run = driven_circuit(np.array([drive] * 2), weights=weights, pharmacology=drugs, step_s=5e-3)
    np.testing.assert_allclose(run.state, state, rtol=1e-9)


def test_circuit_converges_with_the_first_order():
    drive = np.array([[100.0, 20.0, 0.0]])
    ends = [driven_circuit(drive, step_s=step_s).state for step_s in (4e-3, 2e-3, 1e-3, 5e-4)]
    change = [np.abs(b - a).max() for a, b in pairwise(ends)]
    for coarse, fine in pairwise(change):
        assert np.log2(coarse / fine) == pytest.approx(1.0, abs=0.1)


def test_circuit_is_settled_after_a_minute():
    one, two = circuit(duration_s=60), circuit(duration_s=120)
    np.testing.assert_allclose(one.state, two.state, rtol=1e-6)
    assert one.serotonin_M[-1] * 1e6 == pytest.approx(one.state[1], rel=1e-9)


def test_steps_of_a_session_change_no_second_by_a_hundredth():
    drive = np.zeros((40, 3))
    drive[5:9] = drive[20:24] = (676.0, -52.0, 0.0)
    published, coarse = (driven_circuit(drive, step_s=step_s) for step_s in (1e-4, 5e-3))
    for name in ("dopamine_Hz", "serotonin_Hz", "dopamine_M", "serotonin_M"):
        np.testing.assert_allclose(getattr(coarse, name), getattr(published, name), rtol=0.01)


def test_a_circuit_that_stops_and_goes_on_equals_one_that_runs_through():
    drive = np.random.default_rng(3).normal(0, 60, (20, 3))
    through = driven_circuit(drive, weights="second")
    first = driven_circuit(drive[:7], weights="second")
    rest = driven_circuit(drive[7:], weights="second", start=first.state)
    assert np.array_equal(through.state, rest.state)
    assert np.array_equal(through.dopamine_M[7:], rest.dopamine_M)


# Sessions and courses.

SHORT = PrefrontalDrive(pulses_Hz=np.tile([10.0] * 4 + [0.0] * 26, 4), share=0.13)


def test_without_recruitment_nothing_happens():
    release = session_release(PrefrontalDrive(pulses_Hz=SHORT.pulses_Hz, share=0.0), aftermath_s=60)
    np.testing.assert_allclose(release.change, 0.0, atol=1e-6)
    np.testing.assert_allclose(
        release.concentration_M, np.broadcast_to(release.rest_M[:, :, None], release.concentration_M.shape),
        rtol=1e-5,
    )  # fmt: skip


def test_more_recruitment_releases_more_dopamine_in_every_case():
    means = [
        session_release(PrefrontalDrive(pulses_Hz=SHORT.pulses_Hz, share=share), aftermath_s=0).mean_M[0]
        for share in (0.03, 0.1, 0.2)
    ]
    assert (means[0] < means[1]).all()
    assert (means[1] < means[2]).all()


def test_serotonin_and_noradrenaline_go_both_ways_and_dopamine_one():
    change = session_release(SHORT, aftermath_s=0).change
    sign = np.array([case.sign for case in CASES])
    assert (change[0] > 0.1).all()
    assert (np.sign(change[1]) == sign).all()
    assert (np.sign(change[2]) == sign).all()


def test_without_gain_the_terminals_of_that_transmitter_stay_at_rest():
    release = session_release(SHORT, gain=Gain(noradrenaline=0.0), aftermath_s=0)
    np.testing.assert_allclose(release.change[2], 0.0, atol=1e-9)
    assert (np.abs(release.change[:2]) > 0.01).all()


def test_transmitters_are_back_at_rest_half_an_hour_after_a_session():
    release = session_release(SHORT)
    np.testing.assert_allclose(release.concentration_M[:, :, -1], release.rest_M, rtol=0.01)
    assert release.time_s[-1] == pytest.approx(SHORT.session_s + 1800 - 0.5)


def test_without_desensitisation_every_session_of_a_day_each_is_the_same():
    course = course_release(SHORT, sessions=3, desensitisation=Desensitisation(floor=1.0))
    assert np.array_equal(course.mean_M[:, :, 0], course.mean_M[:, :, 2])
    release = session_release(SHORT, aftermath_s=0)
    np.testing.assert_allclose(course.mean_M[:, :, 0], release.mean_M, rtol=1e-12)


def test_sessions_of_one_day_carry_on_where_the_last_left_off():
    # Two sessions with no time between them are one of twice the length.
    both = PrefrontalDrive(pulses_Hz=np.tile(SHORT.pulses_Hz, 2), share=SHORT.share)
    halves = course_release(
        SHORT, sessions=2, sessions_per_day=2, desensitisation=Desensitisation(floor=1.0)
    ).mean_M.mean(axis=2)
    np.testing.assert_allclose(halves, session_release(both, aftermath_s=0).mean_M, rtol=1e-12)


def test_as_autoreceptors_lose_sensitivity_serotonin_rises_at_rest_and_answers_more():
    course = course_release(SHORT, sessions=12)
    assert course.autoreceptor == pytest.approx(0.5 + 0.5 * np.exp(-np.arange(12) / 10))
    assert (np.diff(course.rest_M[1], axis=1) > 0).all()
    assert (np.abs(course.change[1, :, -1]) > np.abs(course.change[1, :, 0])).all()
    np.testing.assert_allclose(np.diff(course.rest_M[2], axis=1), 0.0, atol=1e-20)


def test_fewer_transporters_of_a_kind_leave_more_of_their_transmitter():
    healthy = resting().concentration_M
    for k, name in enumerate(("dat_scale", "sert_scale", "net_scale")):
        fewer = resting(Pharmacology(**{name: 0.6})).concentration_M
        assert (fewer[k] > 1.1 * healthy[k]).all()


@given(st.floats(0, 1e-6), st.floats(0, 1e-6), st.floats(1e-9, 1e-6))
def test_binding_falls_as_dopamine_rises_and_comes_back_with_it(rest, during, ki):
    there = float(binding_change(rest, during, ki_M=ki))
    back = float(binding_change(during, rest, ki_M=ki))
    assert (1 + there) * (1 + back) == pytest.approx(1.0)
    assert there * (during - rest) <= 0
    assert there == pytest.approx((rest - during) / (ki + during), rel=1e-9, abs=1e-12)
