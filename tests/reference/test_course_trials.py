"""Cohorts against the trials that their models are calibrated to, and the trials' figures as published.

Sources: THREE-D is Blumberger2018, its classes Kaster2019; pooled effect sizes are Kedzior2014; SNT is
Cole2022 and its repetition Kratter2026; OCD is Carmi2019; the number of sessions in a registry is Hutton2023.
"""

import numpy as np
import pytest

from tmsim.core.citations import citations
from tmsim.course import (
    INDICATIONS,
    MODELS,
    SCALES,
    binomial_band,
    cohort,
    default_model,
    effect_size,
    indication_of,
    schedule_of,
    trials,
)
from tmsim.course.types import TrajectoryClass
from tmsim.pulse import list_protocols, protocol

N = 20_000
STANDARD = ("classes", "exponential", "symptom-clusters")


def arms(name, sessions=None, model=None, n=N, **more):
    schedule = schedule_of(protocol(name), sessions=sessions, taper=())
    found = model or default_model(protocol(name))
    return [cohort(schedule, n=n, arm=arm, model=found, **more) for arm in ("active", "sham")]


@pytest.mark.parametrize("model", STANDARD)
@pytest.mark.parametrize("sessions", [20, 25, 30])
def test_three_d_ends_at_13_4_from_23_5(model, sessions):
    active, _ = arms("itbs600", sessions, model)
    assert active.mean[0] == pytest.approx(23.5, abs=0.2)
    assert active.mean[-1] == pytest.approx(13.4, abs=1.0)


def test_baselines_are_normal_around_23_5_with_sd_4():
    active, _ = arms("itbs600", model="exponential")
    assert active.baseline.mean() == pytest.approx(23.5, abs=0.1)
    assert active.baseline.std() == pytest.approx(4, abs=0.1)


def test_response_and_remission_are_near_those_of_three_d_as_recalled():
    active, _ = arms("itbs600", 30)
    assert active.response[-1] == pytest.approx(0.48, abs=0.07)
    assert active.remission is not None
    assert active.remission[-1] == pytest.approx(0.295, abs=0.07)


@pytest.mark.parametrize("seed", range(4))
def test_classes_have_the_shares_of_three_d_in_5000_people(seed):
    active, _ = arms("itbs600", n=5000, seed=seed)
    assert [each.name for each in active.classes] == [
        "non-response", "rapid", "linear, higher baseline", "linear, lower baseline",
    ]  # fmt: skip
    assert active.class_share == pytest.approx([0.11, 0.19, 0.30, 0.40], abs=0.03)


@pytest.mark.parametrize(
    ("model", "shares"),
    [("prolonged", [0.225, 0.071, 0.491, 0.213]), ("symptom-clusters", [0.307, 0.330, 0.235, 0.129])],
)
def test_classes_have_the_shares_of_other_samples(model, shares):
    active, _ = arms("bilat-seq", model=model, n=5000)
    assert active.class_share == pytest.approx(shares, abs=0.03)


def test_classes_take_the_courses_they_are_named_for():
    active, _ = arms("itbs600")
    still, rapid, higher, lower = (active.class_mean(k) for k in range(4))
    assert still[-1] > 0.9 * still[0]
    assert rapid[1] < 0.6 * rapid[0]  # most of it in the first week
    assert higher[0] > lower[0] + 3
    for course in (higher, lower):  # a line to within a point or two of it
        middle = (course[0] + course[-1]) / 2
        assert 0 < middle - course[3] < 2.5


@pytest.mark.parametrize("model", STANDARD)
@pytest.mark.parametrize("sessions", [20, 25, 30, 36])
def test_active_and_sham_are_as_far_apart_as_in_pooled_trials(model, sessions):
    active, sham = arms("hf10-standard", sessions, model)
    assert 0.3 < effect_size(active, sham)[-1] < 0.6


@pytest.mark.parametrize("name", MODELS)
def test_sham_is_never_nothing(name):
    model = MODELS[name]
    active, sham = arms(model.protocols[0], model=name)
    fall = 1 - sham.mean / sham.mean[0]
    assert fall[-1] > 0.1
    assert sham.response[-1] > 0.08
    assert np.all(active.mean[1:] < sham.mean[1:])


def test_snt_lies_between_its_two_trials():
    active, sham = arms("saint", follow_up_weeks=4)
    assert active.day[-1] == 5 + 28  # the primary end point of both
    assert active.remission is not None
    assert sham.remission is not None
    for share in (active.remission[-1], active.remission_at_any_time):
        assert 0.50 <= share <= 0.79
    for share in (sham.remission[-1], sham.remission_at_any_time):
        assert 0.13 <= share <= 0.208
    change = active.mean[-1] / active.mean[0] - 1
    assert change == pytest.approx(-0.525, abs=0.08)


def test_snt_shows_both_trials_and_neither_excludes_the_model():
    model = default_model(protocol("saint"))
    found = {(arm.trial, arm.arm): arm for arm in trials("depression", protocols=model.protocols)}
    published = {
        ("Cole 2022", "active"): (14, 0.79),
        ("Cole 2022", "sham"): (15, 0.13),
        ("Kratter 2026", "active"): (24, 0.50),
        ("Kratter 2026", "sham"): (24, 0.208),
    }
    active, sham = arms("saint", follow_up_weeks=4)
    for key, (n, remission) in published.items():
        outcome = found[key].outcome("remission")
        assert outcome is not None
        assert (found[key].n, outcome.value.value, outcome.value.status) == (n, remission, "read")
        low, high = binomial_band(np.array(remission), n)
        group = active if key[1] == "active" else sham
        assert low < group.remission[-1] < high


def test_ocd_falls_and_responds_as_in_its_trial():
    active, sham = arms("dtms-h7-ocd")
    falls = [group.mean[0] - group.mean[-1] for group in (active, sham)]
    assert falls == pytest.approx([6.0, 3.3], abs=0.3)
    assert [group.response[-1] for group in (active, sham)] == pytest.approx([0.381, 0.111], abs=0.02)


def test_fewer_than_30_sessions_are_worse_and_36_better_and_more_a_little_better_still():
    ends = {n: arms("hf10-standard", n)[0].mean[-1] for n in (15, 25, 30, 36, 42)}
    assert ends[15] > ends[25] > ends[30] > ends[36] > ends[42]
    assert (ends[36] - ends[42]) / 6 < (ends[25] - ends[30]) / 5
    registry = next(arm for arm in trials("depression") if arm.n == 7215)
    best = registry.outcome("sessions with the best outcome")
    assert best is not None
    assert best.value.value == 36


@pytest.mark.parametrize(
    ("indication", "trial", "arm", "name", "value", "status"),
    [
        ("depression", "THREE-D", "active", "baseline", 23.5, "read"),
        ("depression", "THREE-D", "active", "end", 13.4, "read"),
        ("depression", "THREE-D", "active", "response", 0.47, "unverified"),
        ("depression", "O'Reardon 2007", "sham", "remission", 0.055, "unverified"),
        ("depression", "George 2010", "active", "remission", 0.141, "unverified"),
        ("depression", "Griffiths 2019", "open", "response", 0.346, "read"),
        ("depression", "Kedzior2014, pooled", "difference", "effect size", -0.42, "read"),
        ("depression", "Kratter 2026", "active", "response", 0.542, "read"),
        ("ocd", "Carmi 2019", "active", "change", -6.0, "read"),
        ("ocd", "Carmi 2019", "sham", "response", 0.111, "read"),
        ("ocd", "Roth 2021", "open", "response", 0.579, "read"),
        ("gad", "Cui2019, pooled", "difference", "effect size", -0.68, "read"),
        ("ptsd", "Cirillo2019, pooled", "difference", "effect size", -0.88, "read"),
        ("migraine", "Lan2017, pooled", "difference", "odds ratio", 2.93, "read"),
        ("smoking", "Zangen 2021", "active", "quit rate", 0.194, "read"),
    ],
)
def test_figures_of_trials_are_as_published(indication, trial, arm, name, value, status):
    found = next(a for a in trials(indication) if (a.trial, a.arm) == (trial, arm)).outcome(name)
    assert found is not None
    assert (found.value.value, found.value.status) == (value, status)
    if name == "effect size":
        assert found.low is not None
        assert found.high is not None
        assert found.low < value < found.high


def test_rates_of_few_people_are_counts_of_them():
    rates = [(arm.n, found.value.value) for arm in trials() for found in arm.outcomes
             if arm.n and arm.n < 100 and found.name in ("response", "remission")]  # fmt: skip
    assert len(rates) == 12
    for n, rate in rates:
        assert rate == pytest.approx(round(rate * n) / n, abs=0.006)


def sources():
    numbers = [outcome.value for arm in trials() for outcome in arm.outcomes]
    for scale in SCALES.values():
        numbers += [scale.baseline, scale.baseline_sd, scale.rating_sd, scale.response]
        numbers += [scale.remission] if scale.remission else []
    for model in MODELS.values():
        for found in (*model.active, *model.sham):
            numbers += [getattr(found, name) for name in TrajectoryClass.__annotations__ if name != "name"]
    return numbers


def test_every_number_names_its_work_or_says_that_it_is_ours():
    for number in sources():
        if number.source not in citations():
            assert number.source in ("assumed", "unknown")
            assert number.status == "unverified"
    for model in MODELS.values():
        assert set(model.sources) <= set(citations())
        assert model.published
        assert model.calibrated


def test_every_protocol_for_a_patient_has_an_indication_and_a_model_or_figures():
    modelled = set()
    for name in list_protocols():
        found = protocol(name)
        if found.indication == "research":
            continue
        indication = indication_of(found)
        if indication.name in ("depression", "ocd"):
            modelled.add(default_model(found).name)
        else:
            with pytest.raises(ValueError, match="only figures of trials"):
                default_model(found)
            assert trials(indication.name) or "no trial figures were read" in indication.evidence
    assert modelled == {"classes", "accelerated", "ocd"}
    assert set(INDICATIONS) >= {arm.indication for arm in trials()}


def test_a_cohort_says_what_is_published_what_is_ours_and_where_it_is_extrapolated():
    active, _ = arms("itbs600", n=10)
    text = " ".join(active.notes)
    assert "not a prediction for a person" in text
    assert "nothing of the field" in text
    assert "Kaster2019" in text
    assert "Extrapolated" not in text
    for name, model in (("lf1-right", "classes"), ("saint", "classes"), ("itbs600", "accelerated")):
        text = " ".join(arms(name, model=model, n=10)[0].notes)
        assert "Extrapolated" in text
    assert "relapse is not modelled" in " ".join(arms("saint", n=10, follow_up_weeks=1)[0].notes)
    assert "though scales differ" in " ".join(arms("itbs600", n=10, scale="PHQ-9")[0].notes)
