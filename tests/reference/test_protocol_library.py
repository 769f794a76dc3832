"""Every protocol of the library against the published figures of its timing."""

import pytest

from tmsim.core.citations import citations
from tmsim.placement import parse_target
from tmsim.pulse import PercentAMT, PercentRMT, list_protocols, parse_train, protocol

# Pulses, duration [s] and last pulse [s] of a session. Sources: NIBS-BIDS timing README (3000 in 2250 s,
# 600 in 200 s, 600 in 40 s, 1440 in 1800 s), Cole2020 (1800), Blumberger2016 (2100), vendors' pages (1980).
# Of the others the structure is recalled and the figures follow from it.
TIMING = {
    "avh": (1200, 1200, 1199),
    "bilat-seq": (2100, 2250, 2219.9),
    "ctbs600": (600, 40, 39.84),
    "dtms-h1-mdd": (1980, 1210, 54 * 22 + 35 / 18),
    "dtms-h4-smoking": (1800, 1080, 1064.9),
    "dtms-h7-ocd": (2000, 1100, 1079.95),
    "hf10-dash": (3000, 18.75 * 60, 18 * 60 + 33.9),
    "hf10-standard": (3000, 2250, 2223.9),
    "itbs600": (600, 200, 191.84),
    "itms": (360, 900, 895.0015),
    "lf1-right": (1800, 1800, 1799),
    "pain-m1": (3000, 1800, 1749.9),
    "pas10": (90, 1800, 1780),
    "pas25": (90, 1800, 1780),
    "qps5": (1440, 1800, 1795.015),
    "qps50": (1440, 1800, 1795.15),
    "saint": (1800, 600, 591.84),
    "stms-migraine": (4, 1800, 930),
    "stroke-lf": (1800, 1800, 1799),
    "tinnitus": (2000, 2000, 1999),
}
# Sessions a day, in all without taper, pulses of the whole course.
COURSE = {
    "hf10-standard": (1, 30, 3000 * 36),
    "saint": (10, 50, 90_000),
    "dtms-h1-mdd": (1, 30, 1980 * 36),
    "dtms-h7-ocd": (1, 29, 2000 * 29),
    "dtms-h4-smoking": (1, 15, 1800 * 18),
    "stms-migraine": (2, None, None),
}


def test_the_library_has_every_protocol_and_no_other():
    assert set(list_protocols()) == set(TIMING)


@pytest.mark.parametrize("name", TIMING)
def test_pulses_duration_and_last_pulse_are_those_published(name):
    found = protocol(name)
    pulses, duration_s, last_s = TIMING[name]
    assert found.n_pulses == pulses
    assert found.duration_s == pytest.approx(duration_s, rel=1e-9)
    assert found.last_pulse_s == pytest.approx(last_s, rel=1e-9)


@pytest.mark.parametrize("name", TIMING)
def test_counting_the_onsets_gives_the_same_as_counting_the_layers(name):
    for block in protocol(name).blocks:
        onsets_s = block.train.onsets_s()
        assert len(onsets_s) == block.train.n_pulses
        assert onsets_s[-1] == pytest.approx(block.train.last_pulse_s, rel=1e-9)


@pytest.mark.parametrize("name", COURSE)
def test_courses_are_those_published(name):
    found = protocol(name)
    assert (found.sessions_per_day, found.sessions_total, found.pulses_total) == COURSE[name]


def test_a_day_of_saint_is_18000_pulses_with_50_minutes_between_sessions():
    saint = protocol("saint")
    assert saint.pulses_per_day == 18_000
    assert saint.between_sessions_s == 50 * 60
    assert saint.days_per_week * saint.sessions_per_day == saint.sessions_total == 50


def test_the_last_pulse_of_dash_is_not_where_the_vendor_prints_it():
    dash = protocol("hf10-dash")
    assert dash.last_pulse_s == pytest.approx(18 * 60 + 33.9)  # 18:34 when rounded
    assert "18:26" in dash.notes


@pytest.mark.parametrize(
    ("name", "intensity"),
    [
        ("hf10-standard", PercentRMT(120)),  # brainultimate.com/protocols
        ("saint", PercentRMT(90)),  # Cole2020
        ("qps5", PercentAMT(90)),  # text of an eLife paper
        ("ctbs600", PercentAMT(80)),  # recalled
    ],
)
def test_intensities_are_relative_to_the_threshold_they_were_published_with(name, intensity):
    assert protocol(name).intensity == intensity


def test_the_two_sides_of_bilateral_stimulation_are_two_blocks_in_order():
    right, left = protocol("bilat-seq").blocks
    assert (right.site, right.target, str(right.train)) == ("right DLPFC", "F4", "1 Hz for 600 pulses")
    assert (left.site, left.target, left.train.n_pulses) == ("left DLPFC", "F3", 1500)
    assert left.train.layers[0].interval_s == 0.1


@pytest.mark.parametrize(("name", "lead_s"), [("pas25", 0.025), ("pas10", 0.010)])
def test_paired_association_has_its_shock_to_the_nerve(name, lead_s):
    nerve = protocol(name).nerve
    assert nerve is not None
    assert nerve.lead_s == pytest.approx(lead_s)
    assert "median" in nerve.site


def test_the_threshold_of_h7_is_that_of_the_foot():
    assert [name for name in list_protocols() if protocol(name).muscle == "foot"] == ["dtms-h7-ocd"]


@pytest.mark.parametrize("name", TIMING)
def test_a_protocol_with_recalled_pulses_or_intensity_is_a_draft_and_no_other_is(name):
    found = protocol(name)
    recalled = {"train", "intensity"} & set(found.unverified)
    assert found.status == ("draft" if recalled else "verified")
    assert found.verified_by or found.status == "draft"


def test_four_protocols_are_verified():
    assert [n for n in list_protocols() if protocol(n).status == "verified"] == [
        "hf10-dash", "hf10-standard", "qps5", "qps50",
    ]  # fmt: skip


@pytest.mark.parametrize("name", TIMING)
def test_every_protocol_names_its_works_evidence_and_regulation(name):
    found = protocol(name)
    assert set(found.sources) <= set(citations())
    assert found.sources
    assert found.doi == citations()[found.sources[0]].doi
    for text in (found.label, found.indication, found.coil, found.evidence_level, found.regulatory):
        assert text
    assert all(block.site for block in found.blocks)


@pytest.mark.parametrize("name", TIMING)
def test_every_target_of_the_library_is_placement_text(name):
    for block in protocol(name).blocks:
        if block.target:
            assert str(parse_target(block.target)).lower() == block.target.lower()


@pytest.mark.parametrize("name", TIMING)
def test_every_train_of_the_library_reads_back_from_its_sentence(name):
    for block in protocol(name).blocks:
        assert parse_train(str(block.train)) == block.train
