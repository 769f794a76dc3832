"""Laws of the plasticity models: rest stays rest, stop and go equals going on, and second methods."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from tmsim.core import FloatArray, stream
from tmsim.plasticity import Calcium, GraupnerBrunel, Huang
from tmsim.plasticity.calcium import CONSTANTS, STEP_s, rest
from tmsim.plasticity.graupner_brunel import SynapseState, drifted, excited
from tmsim.plasticity.kernels import advance
from tmsim.plasticity.parameters import CALCIUM_RULE, SYNAPSE
from tmsim.pulse import Layer, Train, parse_train

ITBS = parse_train("iTBS")
HALF_ITBS = parse_train("iTBS for 300 pulses")
PAUSE_s = ITBS.layers[-1].interval_s - (1.8 + 0.04)  # last pulse of a train to the first of the next


# Huang and Rothwell.


def huang_twin(bursts: int, trains: int, gap_s: float, peak: float) -> tuple[float, float]:
    """Facilitation and inhibition burst by burst, as the equations are printed."""
    k, pause_s = 1.2, 0.16
    calcium = facilitation = inhibition = 0.0
    for n in range(1, bursts + 1):
        before, q = calcium, math.exp(-k * pause_s)
        calcium = peak * q * (1 - q**n) / (1 - q)
        facilitation = (1.45 * (calcium - before) + facilitation) * math.exp(-0.005 / peak)
        inhibition = (0.123 / peak**2 * calcium + inhibition) * math.exp(-0.07 / peak**2)
    total = 0.0
    for _ in range(trains):
        total = total * math.exp(-0.1 * gap_s) + 1
    return total * facilitation, total * inhibition


@pytest.mark.parametrize(
    ("bursts", "trains", "cycle_s"), [(100, 1, 0), (200, 1, 0), (10, 20, 10), (25, 8, 15)]
)
@pytest.mark.parametrize("contraction", [True, False])
def test_substances_agree_with_the_recursion_burst_by_burst(bursts, trains, cycle_s, contraction):
    layers = [Layer(count=3, interval_s=0.02), Layer(count=bursts, interval_s=0.2)]
    if trains > 1:
        layers.append(Layer(count=trains, interval_s=cycle_s))
    induced = Huang(contraction_before=contraction).induction(Train(layers=tuple(layers)))
    twin = huang_twin(bursts, trains, cycle_s - 0.2 * bursts, 1.0 if contraction else 3.0)
    assert (induced.facilitation, induced.inhibition) == pytest.approx(twin, rel=1e-12)


def test_theta_burst_in_two_blocks_is_the_same_as_in_one():
    model = Huang()
    first = model.after_effect(HALF_ITBS)
    assert first.state is not None
    second = model.after_effect(HALF_ITBS, state=first.state.rested(PAUSE_s))
    assert second.change == pytest.approx(model.after_effect(ITBS).change, rel=1e-9)
    assert second.change.max() != pytest.approx(first.change.max(), rel=0.001)


# The population.


def population_twin(
    state: FloatArray, onsets: list[int], amplitude: float, width: int, n_steps: int, step_s: float
) -> FloatArray:
    """Euler steps on the equations as printed, in plain Python."""
    c = {name: parameter.value for name, parameter in CALCIUM_RULE.items()}

    def s(x: float) -> float:
        return 1 / (1 + math.exp(-x))

    y = [float(value) for value in state]
    for step in range(n_steps):
        stimulus = amplitude if any(0 <= step - onset < width for onset in onsets) else 0.0
        v1, w1, v2, w2, phi, dphi, glu, ca, nu_target, nu, dnu, g = y
        v = v1 + v2
        a, b, gamma, z = c["alpha"], c["beta"], c["gamma"], c["expression"]
        x = c["rate_rest"] + c["rate_up"] * s((ca - c["potentiation"]) * c["calcium_slope"])
        between = s((ca - c["depression"]) * c["calcium_slope"]) - s(
            (ca - c["potentiation"]) * c["calcium_slope"]
        )
        y_th = c["rate_rest"] * (c["coupling_max"] - c["coupling_rest"]) / c["coupling_rest"]
        binding = s((glu - c["glutamate_half"]) * c["glutamate_slope"])
        opening = (c["reversal"] - v) * s((v - c["unblock_half"]) * c["unblock_slope"])
        q = c["rate_max"] / (1 + math.exp(-(v - c["threshold"]) / c["threshold_spread"]))
        d = [
            w1,
            a * b * (nu * phi - v1) - (a + b) * w1,
            w2,
            a * b * (c["stimulus_coupling"] * stimulus - v2) - (a + b) * w2,
            dphi,
            gamma**2 * (q - phi) - 2 * gamma * dphi,
            c["glutamate_release"] * (phi + stimulus) - glu / c["glutamate_s"],
            g * binding * opening - ca / c["calcium_s"],
            x * (c["coupling_max"] - nu_target) - (y_th + c["rate_down"] * between) * nu_target,
            dnu,
            z**2 * (nu_target - nu) - 2 * z * dnu,
            -g / c["metaplasticity_s"] * (nu_target / nu - 1) + (c["nmda_rest"] - g) / c["recovery_s"],
        ]
        y = [value + step_s * slope for value, slope in zip(y, d, strict=True)]
    return np.array(y)


@pytest.mark.parametrize("kernel", [advance, advance.py_func], ids=["compiled", "plain"])
def test_the_population_agrees_with_its_plain_twin(kernel):
    onsets = [0, 200, 400, 2000]
    found = np.array(rest().values)
    kernel(found, np.array(onsets, dtype=np.int32), 9.0, 5, 3000, STEP_s, CONSTANTS)
    twin = population_twin(rest().values, onsets, 9.0, 5, 3000, STEP_s)
    assert found == pytest.approx(twin, rel=1e-9)
    assert abs(found[8] / rest().values[8] - 1) > 1e-4  # something did change


def test_without_pulses_the_population_stays_at_rest():
    later = rest().rested(600.0)
    assert later.values == pytest.approx(rest().values, rel=1e-9, abs=1e-15)


def test_steps_converge_at_first_order():
    def target(refinement: int) -> float:
        values = np.array(rest().values)
        onsets = (parse_train("cTBS for 60 pulses").onsets_s() / STEP_s).round().astype(np.int32)
        step_s = STEP_s / refinement
        advance(values, onsets * refinement, 9.0, 5 * refinement, round(4.0 / step_s), step_s, CONSTANTS)
        return float(values[8] / rest().values[8])

    coarse, middle, fine = target(1), target(2), target(4)
    assert math.log2((coarse - middle) / (middle - fine)) == pytest.approx(1.0, abs=0.15)
    assert coarse == pytest.approx(fine, rel=0.01)


def test_the_population_in_two_blocks_is_the_same_to_the_bit():
    model = Calcium(amplitude=9.0)
    first = model.stimulated(HALF_ITBS)
    second = model.stimulated(HALF_ITBS, first.rested(PAUSE_s))
    assert np.array_equal(second.values, model.stimulated(ITBS).values)


def test_coarse_steps_after_a_train_give_the_same_after_effect():
    model = Calcium(amplitude=9.0)
    effect = model.after_effect(parse_train("cTBS for 300 pulses"))
    assert isinstance(effect.state, type(rest()))
    for minutes in (2, 10):
        fine = effect.state.rested(60.0 * minutes + STEP_s * 5).coupling - 1
        assert effect.change[2 * minutes] == pytest.approx(fine, abs=1e-4)


def test_a_block_that_potentiates_leaves_nothing_for_the_next_one_to_potentiate():
    # Metaplasticity after Bienenstock, Cooper and Munro: the NMDA conductance has fallen.
    model, train = Calcium(amplitude=9.0), parse_train("cTBS for 150 pulses")
    first = model.stimulated(train)
    primed = first.rested(60.0)
    second = model.stimulated(train, primed)
    assert primed.values[11] < 0.8 * rest().values[11]
    assert first.target - 1 > 0.3
    assert abs(second.target - primed.target) < 0.1 * (first.target - 1)


# The synapse.

P = {name: parameter.value for name, parameter in SYNAPSE.items()}


def time_above(rate_Hz: float, post_delay_s: float, threshold: float) -> float:
    """Share of time that calcium spends above a threshold under endless pairs, sampled at 20 us."""
    times_s = np.arange(0.0, 3 / rate_Hz, 20e-6)
    last_period = times_s >= 2 / rate_Hz
    calcium = np.zeros_like(times_s)
    for delay_s, height in ((P["delay_s"], P["calcium_pre"]), (post_delay_s, P["calcium_post"])):
        for pulse in range(-20, 3):
            age_s = times_s - pulse / rate_Hz - delay_s
            calcium += np.where(age_s >= 0, height * np.exp(-np.maximum(age_s, 0) / P["calcium_s"]), 0)
    return float((calcium[last_period] > threshold).mean())


@pytest.mark.parametrize(("rate_Hz", "post_delay_s"), [(10, 0.002), (20, 0.002), (30, 0.010), (5, 0.020)])
def test_synapses_move_as_the_published_closed_form_says(rate_Hz, post_delay_s):
    # Graupner2012: moments of the efficacy under periodic pairs, for trains short against tau.
    lasts_s = 5.0
    up = P["rate_up"] * time_above(rate_Hz, post_delay_s, P["potentiation"])
    shares = time_above(rate_Hz, post_delay_s, P["potentiation"]) + time_above(
        rate_Hz, post_delay_s, P["depression"]
    )
    both = up + P["rate_down"] * time_above(rate_Hz, post_delay_s, P["depression"])
    goal, left = up / both, math.exp(-lasts_s * both / P["efficacy_s"])
    variance = shares * P["noise"] ** 2 / (2 * both) * (1 - left**2)

    model = GraupnerBrunel(post_delay_s=post_delay_s, synapses=10_000)
    train = Train(layers=(Layer(count=round(lasts_s * rate_Hz), interval_s=1 / rate_Hz),))
    after = model.stimulated(train).efficacy
    for start, efficacy in ((0.0, after[:5000]), (1.0, after[5000:])):
        assert efficacy.mean() == pytest.approx(goal + (start - goal) * left, abs=0.015)
        assert efficacy.var() == pytest.approx(variance, rel=0.08)


def test_drift_solves_its_equation_and_leaves_up_and_down_alone():
    def slope(_: float, rho: FloatArray) -> FloatArray:
        return -rho * (1 - rho) * (0.5 - rho) / P["efficacy_s"]

    start = np.array([0.0, 0.2, 0.499, 0.5, 0.7, 1.0, 1.1, -0.1])
    solved = solve_ivp(slope, (0, 3000), start, rtol=1e-10, atol=1e-12).y[:, -1]
    assert drifted(start, 3000.0) == pytest.approx(solved, abs=1e-8)
    assert np.array_equal(drifted(np.array([0.0, 1.0]), 1e5), [0.0, 1.0])


def test_calcium_below_its_thresholds_moves_nothing():
    efficacy = np.array([0.0, 0.3, 1.0])
    assert np.array_equal(excited(efficacy, 0.999, 1.0, stream(0, "synapse", 0)), efficacy)


def test_synapses_in_two_blocks_end_as_in_one():
    model = GraupnerBrunel(synapses=200)
    first = model.stimulated(HALF_ITBS)
    second = model.stimulated(HALF_ITBS, first.rested(PAUSE_s))
    whole = model.stimulated(ITBS)
    assert isinstance(whole, SynapseState)
    assert second.efficacy == pytest.approx(whole.efficacy, abs=1e-9)
    assert (second.calcium, second.events) == (pytest.approx(whole.calcium), whole.events)


def test_slow_pairs_depress_and_fast_pairs_potentiate():
    # The rate dependence of slices of cortex, which the set was fitted to.
    model = GraupnerBrunel()
    slow, fast = (model.after_effect(parse_train(f"900 pulses at {rate} Hz")).change for rate in (1, 40))
    assert slow[-1] < -0.05
    assert fast[-1] > 0.2
