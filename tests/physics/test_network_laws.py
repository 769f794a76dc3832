"""Laws of the network: kernels against plain twins, orders, invariants, second methods."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import solve_continuous_lyapunov
from scipy.sparse.csgraph import shortest_path
from scipy.stats import spearmanr

from tmsim.network import (
    Connectome,
    JansenRit,
    MeanField,
    Resting,
    Trials,
    activity,
    after_plasticity,
    connectome,
    evoked,
    resting,
    similarity,
    simulated_rest,
)
from tmsim.network.kernels import (
    JansenRitConstants,
    MeanFieldConstants,
    advance_jansen_rit,
    advance_mean_field,
    firing,
    stationary_covariance,
    transfer,
)
from tmsim.network.parameters import JANSEN_RIT, MEAN_FIELD, TARGET_Hz, TARGET_INPUT_nA

SITE = "L_rostralmiddlefrontal"
JR = JansenRitConstants(**{name: entry.value for name, entry in JANSEN_RIT.items()})
MF = MeanFieldConstants(**{name: entry.value for name, entry in MEAN_FIELD.items()})


@pytest.fixture(scope="module")
def brain() -> Connectome:
    return connectome()


@pytest.fixture(scope="module")
def rest(brain) -> Resting:
    return resting(brain)


def chain(n: int, *, spacing_m: float = 0.02) -> Connectome:
    """n regions in a row, each connected to the next."""
    weights = np.diag(np.ones(n - 1), 1)
    place = spacing_m * np.arange(n)
    return Connectome(
        name="chain",
        labels=tuple(f"L_{k}" for k in range(n)),
        weights=weights + weights.T,
        lengths_m=np.abs(place[:, None] - place),
    )


# Kernels and their twins.


def jansen_rit_twin(y, coupling, lag, input_Hz, rest_Hz, noise, share, volley, cut, step_s, n_steps):
    """The same by whole arrays and a history that is kept for ever."""
    A, a, B, b, c1, c2, c3, c4, most, half, slope = JR

    def rate(v):
        return most / (1 + np.exp(slope * (half - v)))

    history, potential = [rate(y[1] - y[2])], []
    for step in range(n_steps):
        f = share * (volley[0] <= step < volley[1])

        def slopes(state, arriving, f=f):
            fires = rate(state[1] - state[2])
            pulled = (
                fires * (1 - f) + f * most,
                arriving + c2 * rate(c1 * state[0]),
                c4 * rate(c3 * state[0]),
            )
            rows = [
                size * k * x - 2 * k * v - k**2 * s
                for size, k, x, s, v in zip((A, A, B), (a, a, b), pulled, state[:3], state[3:], strict=True)
            ]
            return np.array([*state[3:], *rows])

        potential.append(y[1] - y[2])
        fires = rate(potential[-1])
        now = fires * (1 - f) + f * most
        history = [now] if step == 0 else [*history, now]
        before = rate(potential[0])
        arriving = input_Hz + noise[step]
        if step < cut:
            for i in range(len(arriving)):
                for j in range(len(arriving)):
                    late = step - lag[i, j]
                    arriving[i] += coupling[i, j] * ((history[late] if late >= 0 else before)[j] - rest_Hz)
        first = slopes(y, arriving)
        y = y + step_s / 2 * (first + slopes(y + step_s * first, arriving))
    return np.array(potential).T


def test_the_jansen_rit_kernel_does_what_its_plain_twin_does():
    rng = np.random.default_rng(1)
    n, n_steps = 5, 60
    coupling = rng.uniform(0, 30, (n, n))
    lag = rng.integers(0, 20, (n, n)).astype(np.int32)
    y = rng.normal([0.1, 20, 13, 0, 0, 0], 0.1, (n, 6))
    noise, share = rng.normal(0, 20, (n_steps, n)), rng.uniform(0, 1, n)
    shared = (coupling, lag, 100.0, 0.7, noise, share, (12, 22), 50, 1e-3)
    wanted = jansen_rit_twin(y.T, *shared, n_steps)
    for kernel in (advance_jansen_rit, advance_jansen_rit.py_func):
        found = np.empty((n, n_steps))
        kernel(y.copy(), *shared, JR, found)
        assert found == pytest.approx(wanted, rel=1e-10)


def test_the_mean_field_kernel_does_what_its_plain_twin_does():
    rng = np.random.default_rng(2)
    n, n_steps, step = 4, 50, 0.5
    E, inhibitory = rng.uniform(0.1, 0.3, n), rng.uniform(0.02, 0.06, n)
    coupling, recurrent, J = rng.uniform(0, 1, (n, n)), rng.uniform(1, 1.6, n), rng.uniform(1, 2, n)
    draws = rng.standard_normal((n_steps, 2, n))

    def H(x, a, b, d):
        return (a * x - b) / (1 - np.exp(-d * (a * x - b)))

    s, t, gating, rates = E.copy(), inhibitory.copy(), [], np.zeros(n)
    for draw in draws:
        r_E = H(0.382 + 0.15 * (recurrent * s + coupling @ s) - J * t, 310, 125, 0.16)
        r_I = H(0.7 * 0.382 + 0.15 * s - t, 615, 177, 0.087)
        s, t = (
            np.clip(s + step * (-s / 100 + (1 - s) * 0.641e-3 * r_E) + 0.01 * np.sqrt(step) * draw[0], 0, 1),
            np.maximum(t + step * (-t / 10 + r_I / 1000) + 0.01 * np.sqrt(step) * draw[1], 0),
        )
        rates += r_E
        gating.append(s)
    for kernel in (advance_mean_field, advance_mean_field.py_func):
        got, fired = np.empty((n_steps, n)), np.zeros(n)
        kernel(E.copy(), inhibitory.copy(), coupling, recurrent, J, draws, 0.01, step, MF, got, fired)
        assert got == pytest.approx(np.array(gating), rel=1e-10)
        assert fired == pytest.approx(rates, rel=1e-10)


def test_the_transfer_function_is_smooth_where_its_formula_is_zero_over_zero():
    at = MF.offset_E / MF.gain_E
    around = [transfer(at + shift, MF.gain_E, MF.offset_E, MF.curve_E) for shift in (-1e-8, 0.0, 1e-8, 1e-7)]
    assert around[1] == pytest.approx(1 / MF.curve_E)
    assert around == pytest.approx(
        [1 / MF.curve_E + MF.gain_E / 2 * d for d in (-1e-8, 0, 1e-8, 1e-7)], rel=1e-9
    )


def test_the_covariance_kernel_solves_the_lyapunov_equation_and_knows_where_there_is_none():
    rng = np.random.default_rng(6)
    flow = rng.normal(0, 0.02, (12, 12)) - np.diag(rng.uniform(0.1, 0.3, 12))
    wanted = solve_continuous_lyapunov(flow, -0.04 * np.eye(12))
    for kernel in (stationary_covariance, stationary_covariance.py_func):
        for shift in (0.025, 0.2):
            found = np.empty((12, 12))
            assert kernel(flow, 0.04, shift, 30, found)
            assert found == pytest.approx(wanted, rel=1e-10, abs=1e-14)
    growing = flow + 0.4 * np.eye(12)
    assert not stationary_covariance(growing, 0.04, 0.025, 30, np.empty((12, 12)))


# Jansen-Rit.


def test_heun_is_of_second_order():
    def potential(step_s):
        n_steps = round(0.2 / step_s) + 1
        out, y = np.empty((1, n_steps)), np.array([[0.1, 24.0, 17.0, 0.0, 0.0, 0.0]])
        none = np.zeros((1, 1))
        advance_jansen_rit(
            y, none, none.astype(np.int32), 220.0, 0.0, np.zeros((n_steps, 1)), np.zeros(1), (0, 0), 0,
            step_s, JR, out,
        )  # fmt: skip
        return out[0, -1]

    exact = potential(1e-5)
    errors = [abs(potential(step_s) - exact) for step_s in (2e-3, 1e-3, 5e-4)]
    assert np.log2(np.array(errors[:-1]) / errors[1:]) == pytest.approx(2.0, abs=0.25)


def test_without_a_pulse_rest_stays_rest(brain):
    tiny = evoked(brain, {SITE: 1e-12})
    assert np.abs(tiny.potential_mV).max() < 1e-9


def test_nothing_comes_before_the_pulse(brain):
    response = evoked(brain, {SITE: 0.13})
    assert np.abs(response.potential_mV[:, response.time_s <= 0]).max() < 1e-10


def test_the_response_is_linear_in_small_shares(brain):
    small, twice = (evoked(brain, {SITE: share}).potential_mV for share in (1e-4, 2e-4))
    assert np.abs(twice - 2 * small).max() < 0.01 * np.abs(twice).max()


def test_the_site_responds_most_and_first(brain):
    response = evoked(brain, {SITE: 0.13})
    peaks = np.abs(response.potential_mV)
    site = brain.index(SITE)
    assert peaks.max(axis=1).argmax() == site
    others = response.elsewhere
    assert peaks[site].max() > 5 * peaks[others].max()
    assert response.time_s[peaks[site].argmax()] < 0.05


def test_cutting_connections_at_50_ms_silences_the_late_response_elsewhere_and_spares_the_early_local_one(
    brain,
):
    whole, cut = (evoked(brain, {SITE: 0.13}, cut_s=cut_s) for cut_s in (None, 0.05))
    site, others = brain.index(SITE), whole.elsewhere
    assert whole.late_mV[others].mean() > 0.3 * whole.early_mV[others].mean()
    assert cut.late_mV[others].mean() < 0.15 * whole.late_mV[others].mean()
    assert cut.early_mV[site] == pytest.approx(whole.early_mV[site], rel=0.05)


def test_without_coupling_only_the_site_responds_and_early(brain):
    alone = evoked(brain, {SITE: 0.13}, mass=JansenRit(coupling=0.0))
    site = brain.index(SITE)
    assert np.abs(alone.potential_mV[alone.elsewhere]).max() < 1e-10
    assert alone.late_mV[site] < 0.15 * alone.early_mV[site]
    assert evoked(brain, {SITE: 0.13}, cut_s=0.0).potential_mV == pytest.approx(alone.potential_mV, abs=1e-12)


def test_the_response_falls_with_structural_and_with_spatial_distance(brain):
    response = evoked(brain, {SITE: 0.13})
    site, others = brain.index(SITE), np.flatnonzero(response.elsewhere)
    size = np.abs(response.potential_mV[others]).max(axis=1)
    steps = np.divide(1.0, brain.weights, out=np.zeros_like(brain.weights), where=brain.weights > 0)
    path = shortest_path(steps)[site, others]
    assert spearmanr(path, size)[0] < -0.8
    assert spearmanr(brain.lengths_m[site, others], size)[0] < -0.4


def test_a_pulse_arrives_after_the_conduction_delay():
    row = chain(4, spacing_m=0.039)
    slow, fast = (
        evoked(row, {"L_0": 0.5}, mass=JansenRit(speed_m_per_s=speed)).potential_mV for speed in (1.95, 3.9)
    )

    def onset(potential):
        return int((np.abs(potential) > 1e-12).argmax())

    # 20 and 10 ms to the next region, so 10 ms later for half the speed; and so from region to region.
    assert onset(slow[1]) - onset(fast[1]) == 10
    assert onset(slow[2]) - onset(fast[2]) == 20
    assert onset(slow[0]) == onset(fast[0])


def test_a_stronger_connection_carries_more():
    labels = ("L_a", "L_b", "L_c")
    weights = np.array([[0.0, 1.0, 2.0], [1.0, 0.0, 0.0], [2.0, 0.0, 0.0]])
    response = evoked(Connectome(name="fork", labels=labels, weights=weights), {"L_a": 0.1})
    _, weak, strong = np.abs(response.potential_mV).max(axis=1)
    assert strong == pytest.approx(2 * weak, rel=0.05)


def test_the_mean_of_trials_comes_near_to_the_response_without_noise(brain):
    clean, noisy = evoked(brain, {SITE: 0.3}), evoked(brain, {SITE: 0.3}, trials=Trials(count=60, seed=3))
    site = brain.index(SITE)
    error = (noisy.potential_mV - clean.potential_mV)[site]
    expected = noisy.spread_mV[site].mean() / np.sqrt(60)
    assert np.sqrt((error**2).mean()) < 3 * expected
    assert np.corrcoef(noisy.potential_mV[site], clean.potential_mV[site])[0, 1] > 0.9


def test_a_weight_matrix_in_another_unit_gives_the_same(brain):
    other = Connectome(name="x", labels=brain.labels, weights=1e3 * brain.weights, lengths_m=brain.lengths_m)
    one, same = (evoked(which, {SITE: 0.13}).potential_mV for which in (brain, other))
    assert same == pytest.approx(one, abs=1e-10)


def test_the_order_of_regions_does_not_matter(brain, rest):
    order = np.random.default_rng(4).permutation(len(brain.labels))
    other = Connectome(
        name="shuffled",
        labels=tuple(brain.labels[k] for k in order),
        weights=brain.weights[np.ix_(order, order)],
        lengths_m=brain.lengths_m[np.ix_(order, order)],
    )
    one, same = (evoked(which, {SITE: 0.13}).potential_mV for which in (brain, other))
    assert same == pytest.approx(one[order], abs=1e-10)
    assert resting(other).fc == pytest.approx(rest.fc[np.ix_(order, order)], abs=1e-6)


def test_masses_run_alike_whatever_the_delays_are_where_they_are_uncoupled(brain):
    slow, fast = (
        activity(brain, mass=JansenRit(input_Hz=220, coupling=0.0, speed_m_per_s=speed), duration_s=2.0)
        for speed in (1.0, 10.0)
    )
    assert slow.potential_mV == pytest.approx(fast.potential_mV, abs=1e-12)


# The mean field.


def test_rates_are_at_the_target_with_any_coupling_and_noise(brain):
    for mass in (MeanField(), MeanField(coupling=0.3, noise=1e-5, target_Hz=4.0)):
        found = simulated_rest(resting(brain, mass=mass), duration_s=10.0)
        # Of the whole simulation, not of the equation that was solved: up to 10 % off.
        assert found.rates_Hz.mean() == pytest.approx(mass.target_Hz, rel=0.1)


def test_without_noise_inhibition_solves_the_published_equations(brain):
    """Deco2014: at 0.3774 nA the excitatory rate is 3.08 Hz; all flows are 0 there."""
    rest = resting(brain, mass=MeanField(noise=1e-7))
    arriving = rest.recurrent * rest.gating_E + rest.coupling @ rest.gating_E
    current = MF.background_nA + MF.nmda_nA * arriving - rest.inhibition * rest.gating_I
    assert current == pytest.approx(TARGET_INPUT_nA.value, abs=5e-5)
    rate = np.array([transfer(value, MF.gain_E, MF.offset_E, MF.curve_E) for value in current])
    assert rate == pytest.approx(TARGET_Hz.value, rel=1e-8)
    assert rest.gating_E / 100 == pytest.approx((1 - rest.gating_E) * 0.641e-3 * rate, rel=1e-7)
    inhibitory = 0.7 * 0.382 + 0.15 * rest.gating_E - rest.gating_I
    rate_I = [transfer(value, MF.gain_I, MF.offset_I, MF.curve_I) for value in inhibitory]
    assert rest.gating_I == pytest.approx(1e-2 * np.array(rate_I), rel=1e-7)


def test_regions_with_stronger_connections_need_more_inhibition(brain, rest):
    assert spearmanr(rest.inhibition, brain.scaled.sum(axis=1))[0] > 0.99


def test_functional_connectivity_is_that_of_simulated_rest():
    """Two methods, the Lyapunov equation and correlations over time, on two strongly coupled rings."""
    rng = np.random.default_rng(5)
    weights = np.kron(np.eye(2), np.ones((3, 3))) + rng.uniform(0, 0.3, (6, 6))
    small = Connectome(name="rings", labels=tuple("abcdef"), weights=weights + weights.T)
    # The published noise is large enough for what linearisation leaves out to show.
    for noise, fc_within, rates_within in ((0.002, 0.03, 0.005), (0.01, 0.07, 0.08)):
        rest = resting(small, mass=MeanField(coupling=0.8, noise=noise))
        sample = simulated_rest(rest, duration_s=1500.0, seed=1)
        assert np.ptp(rest.fc[np.triu_indices(6, 1)]) > 0.15
        assert sample.fc == pytest.approx(rest.fc, abs=fc_within)
        assert sample.rates_Hz == pytest.approx(rest.rates_Hz, rel=rates_within)


def test_functional_connectivity_is_a_correlation(rest):
    fc = rest.fc
    assert np.diag(fc) == pytest.approx(1.0)
    assert fc == pytest.approx(fc.T, abs=1e-12)
    assert np.linalg.eigvalsh(fc).min() > 0
    assert np.abs(fc).max() < 1 + 1e-9


def test_uncoupled_regions_do_not_correlate(brain):
    fc = resting(brain, mass=MeanField(coupling=0.0)).fc
    assert np.abs(fc - np.eye(len(fc))).max() < 1e-12


def test_no_change_of_synapses_changes_nothing(rest):
    for synapses in ("recurrent", "outgoing"):
        same = after_plasticity(rest, SITE, 0.0, synapses=synapses)
        assert same.after.rates_Hz == pytest.approx(rest.rates_Hz, rel=1e-6)
        assert np.abs(same.fc_change).max() < 1e-6


def test_opposite_changes_have_opposite_and_nearly_equal_effects(rest):
    for synapses in ("recurrent", "outgoing"):
        up, down = (after_plasticity(rest, SITE, change, synapses=synapses) for change in (0.01, -0.01))
        assert np.abs(up.fc_change + down.fc_change).max() < 0.05 * np.abs(up.fc_change).max()
        assert (up.after.rates_Hz > rest.rates_Hz).all()


def test_the_changed_network_is_that_of_simulated_rest(brain):
    """The new fixed point against a simulation with the same synapses."""
    changed = after_plasticity(resting(brain, mass=MeanField(noise=0.002)), SITE, 0.2).after
    sample = simulated_rest(changed, duration_s=60.0)
    assert sample.rates_Hz == pytest.approx(changed.rates_Hz, rel=0.02)
    assert changed.rates_Hz[brain.index(SITE)] > 3.5


def test_rest_that_is_given_twice_is_the_same_to_the_bit(brain, rest):
    assert (resting(brain).fc == rest.fc).all()
    one, same = (simulated_rest(rest, duration_s=10.0, seed=7).fc for _ in range(2))
    assert (one == same).all()
    assert (one != simulated_rest(rest, duration_s=10.0, seed=8).fc).any()


def test_similarity_counts_each_pair_of_the_named_regions_once():
    one = np.array([[9.0, 1, 2, 50], [1, 9, 3, 60], [2, 3, 9, 70], [50, 60, 70, 9]])
    assert similarity(one, 2 * one + 1, [True, True, True, False]) == pytest.approx(1.0)
    assert similarity(one, -one, [True, True, True, False]) == pytest.approx(-1.0)


def test_firing_is_half_its_highest_at_the_half_potential():
    assert firing(6.0, JR) == pytest.approx(2.5)
    assert firing(1e3, JR) == pytest.approx(5.0)
