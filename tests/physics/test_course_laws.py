"""Laws of the course: the curve itself, its mean by a second method, dose, chance, and who people are."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from tmsim.core import InputError, Parameter
from tmsim.course import (
    INDICATIONS,
    MODELS,
    binomial_band,
    cohort,
    effect_size,
    schedule_of,
    symptom_model,
)
from tmsim.course.types import SymptomModel
from tmsim.pulse import protocol

ITBS = schedule_of(protocol("itbs600"))


def with_values(model: SymptomModel, **values: float) -> SymptomModel:
    """A model of one class without chance, and with some of its numbers changed."""
    (found,) = model.active
    exact = {"left_sd": 0.0, "tau_spread": 0.0, **values}
    changed = {name: Parameter(value, "1", "assumed", "unverified") for name, value in exact.items()}
    scale = replace(model.scales[0], rating_sd=Parameter(0.0, "points", "assumed", "unverified"))
    return replace(model, active=(replace(found, **changed),), scales=(scale,))


def test_without_chance_everyone_follows_the_exponential_to_a_rounding():
    model = with_values(symptom_model("exponential"), left=0.4, tau_sessions=7.0)
    group = cohort(ITBS, model=model, n=500)
    share = 0.4 + 0.6 * np.exp(-np.arange(0, 31, 5) / 7.0)
    assert np.abs(group.score - group.baseline[:, None] * share).max() <= 0.5 + 1e-9
    assert group.long_run == pytest.approx(0.4 * group.baseline)


def test_after_tau_sessions_the_distance_to_the_end_is_1_over_e_of_what_it_was():
    model = with_values(symptom_model("exponential"), left=0.2, tau_sessions=10.0)
    group = cohort(ITBS, model=model, n=20_000)
    fall = group.mean - 0.2 * group.mean[0]
    assert fall[2] / fall[0] == pytest.approx(math.exp(-1), abs=0.005)  # 10 sessions by week 2


def expected_share(model: SymptomModel, arm: str, sessions: int) -> float:
    """Mean of y(n) over the mean baseline by quadrature, as if nothing were cut off."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    classes = model.active if arm == "active" else model.sham
    scale = model.scales[0]
    mean_shift = sum(c.share.value * c.shift.value for c in classes)
    total = 0.0
    for c in classes:
        tau = c.tau_sessions.value * np.exp(c.tau_spread.value * nodes)
        faded = float(weights @ np.exp(-sessions / tau))
        left = c.left.value + (1 - c.left.value) * faded
        baseline = scale.baseline.value + scale.baseline_sd.value * (c.shift.value - mean_shift)
        total += c.share.value * baseline * left
    return total / scale.baseline.value


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("arm", ["active", "sham"])
def test_the_mean_of_many_people_is_that_of_quadrature(name, arm):
    model = MODELS[name]
    schedule = schedule_of(protocol(model.protocols[0]), taper=())
    group = cohort(schedule, model=model, arm=arm, n=30_000)
    expected = [expected_share(model, arm, given) for given in group.sessions.tolist()]
    # Cutting off at 0 and rating noise near it lift the mean by a little.
    assert group.mean / model.scales[0].baseline.value == pytest.approx(expected, abs=0.012)


def test_baselines_are_those_of_the_scale_though_classes_differ():
    for name in MODELS:
        scale = MODELS[name].scales[0]
        group = cohort(ITBS, model=name, n=30_000)
        assert group.baseline.mean() == pytest.approx(scale.baseline.value, abs=0.1)
        assert group.baseline.std() == pytest.approx(scale.baseline_sd.value, rel=0.03)  # cut off at the top


def test_a_rating_scatters_around_the_person_by_the_scale_s_error_and_its_rounding():
    group = cohort(ITBS, n=30_000, model="exponential", arm="sham", follow_up_weeks=2)
    high = group.score[:, -1] > 8  # away from the end of the scale
    between = (group.score[high, -1] - group.score[high, -2].astype(float)).std()
    assert between == pytest.approx(math.sqrt(2 * (2.0**2 + 1 / 12)), rel=0.03)


def test_missed_sessions_are_the_shorter_course():
    missed = ITBS.without("11-20")
    shorter = schedule_of(protocol("itbs600"), sessions=20)
    late = cohort(missed, n=2000)
    assert late.sessions.tolist() == [0, 5, 10, 10, 10, 15, 20]
    model = with_values(symptom_model("exponential"))
    a = cohort(missed, n=2000, model=model)
    b = cohort(shorter, n=2000, model=model)
    assert np.array_equal(a.score[:, -1], b.score[:, -1])
    assert np.array_equal(a.score[:, 2], a.score[:, 4])  # nothing happens where nothing is given


def test_more_sessions_are_never_worse_in_the_mean():
    ends = [
        cohort(schedule_of(protocol("itbs600"), sessions=given), n=5000).mean[-1]
        for given in (5, 10, 20, 30, 40, 60)
    ]
    assert np.all(np.diff(ends) < 0)


def test_person_k_is_the_same_in_any_cohort_in_any_order_on_any_number_of_workers():
    whole = cohort(ITBS, n=3000, seed=5)
    assert np.array_equal(cohort(ITBS, n=10, seed=5).score, whole.score[:10])
    parts = [(0, 700), (700, 1024), (1724, 2), (1726, 1274)]  # borders within and between blocks
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda part: cohort(ITBS, first=part[0], n=part[1], seed=5), reversed(parts)))
    for name in ("score", "group", "baseline", "long_run", "tau_sessions"):
        joined = np.concatenate([getattr(part, name) for part in reversed(done)])
        assert np.array_equal(joined, getattr(whole, name)), name
    assert not np.array_equal(cohort(ITBS, n=3000, seed=6).score, whole.score)


def test_the_same_people_are_rated_whatever_the_scale_and_whatever_is_missed():
    hrsd, madrs = (cohort(ITBS, n=2000, scale=scale) for scale in ("HRSD-17", "madrs"))
    assert np.array_equal(hrsd.group, madrs.group)
    assert np.corrcoef(hrsd.baseline, madrs.baseline)[0, 1] == pytest.approx(1)
    assert hrsd.long_run / hrsd.baseline == pytest.approx(madrs.long_run / madrs.baseline)
    assert np.array_equal(cohort(ITBS.without(30), n=2000).score[:, :-1], hrsd.score[:, :-1])


def test_active_and_sham_are_different_people():
    active, sham = (cohort(ITBS, n=5000, arm=arm) for arm in ("active", "sham"))
    assert abs(np.corrcoef(active.baseline, sham.baseline)[0, 1]) < 0.05


def test_response_and_remission_are_the_cuts_of_the_scale():
    group = cohort(ITBS, n=4000)
    before, after = group.score[:, 0], group.score[:, -1]
    assert group.response[-1] == np.mean(2 * after <= before)
    assert group.remission is not None
    assert group.remission[-1] == np.mean(after <= 7)
    phq = cohort(ITBS, n=4000, scale="PHQ-9")
    assert phq.remission is not None
    assert phq.remission[-1] == np.mean(phq.score[:, -1] < 5)
    ocd = cohort(ITBS, n=4000, model="ocd")
    assert ocd.response[-1] == np.mean(10 * ocd.score[:, -1].astype(int) <= 7 * ocd.score[:, 0].astype(int))
    assert ocd.remission is None


def test_the_binomial_band_solves_its_equation_and_covers_as_it_should():
    for n in (7, 24, 205):
        share = np.arange(n + 1) / n
        for bound in binomial_band(share, n):
            expected = norm.ppf(0.975) ** 2 * bound * (1 - bound) / n
            assert (share - bound) ** 2 == pytest.approx(expected, abs=1e-12)
    draws = np.random.default_rng(3).binomial(48, 0.3, 20_000) / 48
    low, high = binomial_band(draws, 48)
    assert np.mean((low <= 0.3) & (high >= 0.3)) == pytest.approx(0.95, abs=0.015)


def test_bands_narrow_as_the_root_of_the_people():
    few, many = (cohort(ITBS, n=n) for n in (500, 50_000))
    width = [np.diff(group.mean_band, axis=0)[0, -1] for group in (few, many)]
    assert width[0] / width[1] == pytest.approx(10, rel=0.1)
    halves = cohort(ITBS, n=500).quantiles([0.25, 0.75])
    assert halves == pytest.approx(many.quantiles([0.25, 0.75]), abs=1.5)  # people differ as much


def test_the_effect_size_is_the_difference_of_the_falls_over_their_spread():
    active, sham = (cohort(ITBS, n=4000, arm=arm) for arm in ("active", "sham"))
    a = active.score[:, 0] - active.score[:, -1].astype(float)
    s = sham.score[:, 0] - sham.score[:, -1].astype(float)
    pooled = math.sqrt((a.var(ddof=1) + s.var(ddof=1)) / 2)
    size = effect_size(active, sham)
    assert size[-1] == pytest.approx((a.mean() - s.mean()) / pooled)
    assert size[0] == 0
    assert effect_size(sham, active)[-1] == pytest.approx(-size[-1])
    with pytest.raises(InputError, match="two arms of one course"):
        effect_size(active, cohort(ITBS.without(30), arm="sham", scale="MADRS"))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"n": 1}, "people: 1"),
        ({"n": 100_001}, "people: 100001"),
        ({"arm": "placebo"}, "arm: 'placebo'"),
        ({"model": "guess"}, "symptom model: 'guess'"),
        ({"scale": "Y-BOCS"}, "scale: 'Y-BOCS'"),
        ({"seed": -1}, "seed: -1"),
        ({"first": -1}, "first person: -1"),
        ({"follow_up_weeks": 53}, "weeks of follow-up: 53"),
        ({"until_day": -1}, "day: -1"),
    ],
)
def test_what_makes_no_cohort_is_refused(more, says):
    with pytest.raises(InputError, match=says):
        cohort(ITBS, **more)


def test_a_model_whose_numbers_contradict_each_other_is_refused():
    model = MODELS["classes"]
    half = replace(model.active[0], share=Parameter(0.5, "1", "assumed", "unverified"))
    far = replace(half, shift=Parameter(3.0, "SD", "assumed", "unverified"))
    for classes, says in (((half,), "shares of all"), ((half, far), "a spread between classes")):
        with pytest.raises(InputError, match=says):
            replace(model, active=classes)
    with pytest.raises(InputError, match="tau"):
        with_values(symptom_model("exponential"), tau_sessions=0.0)


def test_every_model_belongs_to_an_indication():
    assert {model.indication for model in MODELS.values()} == {"depression", "ocd"} <= set(INDICATIONS)
