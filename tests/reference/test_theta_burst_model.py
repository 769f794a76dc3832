"""The revised model of Huang2011 against the figures recomputed from its published constants."""

from __future__ import annotations

import numpy as np
import pytest

from tmsim.plasticity import Huang
from tmsim.plasticity.parameters import MEP_PER_UNIT
from tmsim.plasticity.types import TIME_s
from tmsim.pulse import PercentAMT, Train, parse_train

BURST = "3 pulses at 50 Hz every 0.2 s"
PROTOCOLS = {
    "cTBS300": f"{BURST}, for 300 pulses",
    "cTBS600": f"{BURST}, for 600 pulses",
    "iTBS600": f"{BURST}, 2 s on, 8 s off, for 600 pulses",
    "imTBS600": f"{BURST}, 5 s on, 10 s off, for 600 pulses",
}
# Facilitation, inhibition, net effect in units of the model, time of the peak in s.
PUBLISHED = {
    "cTBS300": (4.256, 8.003, -3.747, 504),
    "cTBS600": (2.581, 8.014, -5.433, 1485),
    "iTBS600": (10.252, 4.673, 5.580, 297),
    "imTBS600": (9.701, 9.378, 0.323, 297),
}


def train(name: str) -> Train:
    return parse_train(PROTOCOLS[name])


def course(name: str, minutes: float) -> float:
    """After-effect in units of the model."""
    return float(Huang().induction(train(name)).course(np.array([60.0 * minutes]))[0])


@pytest.mark.parametrize("name", PUBLISHED)
def test_substances_net_effect_and_time_of_the_peak_are_the_published_ones(name):
    induced = Huang().induction(train(name))
    found = (induced.facilitation, induced.inhibition, induced.net, induced.peak_s)
    assert found == pytest.approx(PUBLISHED[name], rel=0.01)


@pytest.mark.parametrize(("name", "reaches"), [("cTBS600", 0.982), ("iTBS600", 0.985)])
def test_the_course_is_largest_at_the_time_of_the_peak(name, reaches):
    induced = Huang().induction(train(name))
    times_s = np.arange(0.0, 7200.0)
    values = np.abs(induced.course(times_s))
    assert times_s[values.argmax()] == induced.peak_s
    assert values.max() == pytest.approx(reaches * abs(induced.net), abs=0.001 * abs(induced.net))


def test_after_an_hour_ctbs600_still_lowers_excitability():
    assert course("cTBS600", 60) < -1


def test_ctbs300_is_over_after_40_minutes():
    peak = course("cTBS300", 504 / 60)
    assert abs(course("cTBS300", 30)) < 0.05 * abs(peak)
    assert abs(course("cTBS300", 40)) < 0.02 * abs(peak)


def test_itbs600_is_nearly_over_after_30_minutes():
    assert 0 < course("iTBS600", 30) < 0.15 * course("iTBS600", 297 / 60)


def test_three_times_the_itbs_has_the_same_net_effect_and_the_notes_say_what_people_show():
    thrice = parse_train(f"{BURST}, 2 s on, 8 s off, for 1800 pulses")
    model = Huang()
    assert model.induction(thrice).net == pytest.approx(model.induction(train("iTBS600")).net, rel=1e-6)
    notes = " ".join(model.after_effect(thrice).notes)
    assert "Gamboa2010" in notes
    assert "YuF2020" in notes
    assert "not to be trusted" in notes
    assert "not to be trusted" not in " ".join(model.after_effect(train("iTBS600")).notes)


def test_doubled_ctbs_stays_inhibitory_which_people_do_not():
    twice = parse_train(f"{BURST}, for 1200 pulses")
    assert Huang().induction(twice).net == pytest.approx(-7.06, rel=0.01)


def test_contraction_right_after_leaves_facilitation_alone():
    model = Huang(contraction_after=True)
    assert model.induction(train("cTBS300")).net == pytest.approx(4.256, rel=0.01)


def test_without_contraction_beforehand_ctbs300_raises_excitability_and_ctbs600_less_so():
    # Huang2011 sets out to explain this finding; the constants of the revision give its sign.
    relaxed = Huang(contraction_before=False)
    assert relaxed.induction(train("cTBS300")).net > 0
    assert relaxed.induction(train("cTBS600")).net < relaxed.induction(train("cTBS300")).net


def test_a_unit_is_ten_percent_of_the_mep_and_that_is_unverified():
    assert (MEP_PER_UNIT.value, MEP_PER_UNIT.status) == (0.1, "unverified")
    effect = Huang().after_effect(train("cTBS300"), PercentAMT(80))
    assert effect.change == pytest.approx(0.1 * Huang().induction(train("cTBS300")).course(TIME_s))
    assert "unverified" in " ".join(effect.notes)
