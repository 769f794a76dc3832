"""Transmitters: what is refused, how sessions become drive, and the doors."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmsim.cli import main
from tmsim.core import InputError, OutsideModelError
from tmsim.neuron import RegionRecruitment
from tmsim.pulse import Block, Layer, Protocol, Train, list_protocols, parse_train, protocol
from tmsim.report.transmitters import course_figure, resting_figure, session_figure
from tmsim.transmitters import (
    CASES,
    SSRI,
    TRANSMITTERS,
    Desensitisation,
    Gain,
    Pharmacology,
    PrefrontalDrive,
    SerotoninTerminal,
    binding_change,
    circuit,
    course_release,
    dopamine_terminal,
    evidence,
    extracellular,
    noradrenaline_terminal,
    prefrontal_drive,
    prefrontal_share,
    resting,
    session_binding,
    session_release,
)

ITBS = prefrontal_drive(parse_train("iTBS for 60 pulses"), 0.13)


# What is refused.


@pytest.mark.parametrize(
    ("refused", "says"),
    [
        (lambda: Pharmacology(sert_scale=0.1), "sert_scale: 0.1; expected 0.15 to 5"),
        (lambda: Pharmacology(dat_scale=math.nan), "dat_scale: nan"),
        (lambda: Pharmacology(net_scale=-1), "net_scale: -1"),
        (lambda: Pharmacology(autoreceptor=1.2), "autoreceptor: 1.2"),
        (lambda: SerotoninTerminal(sert_scale=9), "sert_scale: 9"),
        (lambda: Gain(dopamine=-3), "gain of dopamine: -3"),
        (lambda: Gain(serotonin=math.inf), "gain of serotonin: inf"),
        (lambda: Desensitisation(floor=-0.1), "autoreceptor floor"),
        (lambda: Desensitisation(sessions=0), "sessions of desensitisation"),
        (lambda: PrefrontalDrive(pulses_Hz=np.array([]), share=0.1), "pulse rate"),
        (lambda: PrefrontalDrive(pulses_Hz=np.array([math.nan]), share=0.1), "pulse rate"),
        (lambda: PrefrontalDrive(pulses_Hz=np.ones(3), share=13), "recruited share: 13; expected 0 to 1"),
        (lambda: extracellular(SerotoninTerminal(), [-1.0]), "firing"),
        (lambda: extracellular(SerotoninTerminal(), []), "firing"),
        (lambda: extracellular(SerotoninTerminal(), [1.0], start=np.ones(2)), "start"),
        (lambda: dopamine_terminal(50.0), "rate of dopamine cells: 50.0 Hz; expected 0.1 to 30 Hz"),
        (lambda: noradrenaline_terminal(20.0), "expected 0.1 to 10.9 Hz"),
        (lambda: circuit(weights="third"), "one of first, second"),
        (lambda: circuit(dopamine=math.inf), "extra input"),
        (lambda: circuit(duration_s=0.5), "a whole number of seconds"),
        (lambda: circuit(step_s=0.1), "0.01 to 5 ms"),
        (lambda: session_release(ITBS, aftermath_s=-1), "aftermath"),
        (lambda: session_release(ITBS, aftermath_s=math.nan), "aftermath"),
        (lambda: course_release(ITBS, sessions=0), "sessions: 0"),
        (lambda: course_release(ITBS, sessions=2, sessions_per_day=0), "sessions per day"),
        (lambda: course_release(ITBS, sessions=2, between_sessions_s=0.5), "time between sessions"),
        (lambda: binding_change(-1e-9, 1e-9), "dopamine at rest"),
        (lambda: binding_change(1e-9, math.nan), "dopamine: "),
        (lambda: binding_change(1e-9, 1e-9, ki_M=0.0), "Ki: 0.0 mol/l"),
        (lambda: evidence("gaba"), "one of dopamine, serotonin, noradrenaline"),
    ],
)
def test_impossible_input_is_refused_in_one_sentence(refused, says):
    with pytest.raises(InputError) as error:
        refused()
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_terminal_that_can_not_take_up_what_it_releases_says_so():
    with pytest.raises(OutsideModelError, match="release more than 0.5 of the transporters take up"):
        noradrenaline_terminal(9.0, net_scale=0.5).settled()


def test_a_state_of_one_terminal_is_not_taken_by_another():
    with pytest.raises(InputError, match="a state of serotonin"):
        extracellular(SerotoninTerminal(), [1.0], start=dopamine_terminal(5.0).settled())


# From a session to drive.


def test_pulses_are_counted_in_the_second_they_fall_into():
    drive = prefrontal_drive(parse_train("10 Hz, 4 s on, 26 s off, for 3000 pulses"), 0.2)
    assert drive.session_s == 2250
    np.testing.assert_array_equal(drive.pulses_Hz.reshape(75, 30)[:, :4], 10)
    assert drive.pulses_Hz.reshape(75, 30)[:, 4:].max() == 0
    theta = prefrontal_drive(parse_train("iTBS"), 0.2)
    assert (theta.pulses_Hz[:2] == 15).all()
    assert theta.pulses_Hz.max() == 15
    assert theta.session_s == 200


layers = st.builds(
    lambda counts, gaps: Train(
        layers=tuple(
            Layer(count=n, interval_s=g)
            for n, g in zip(counts, (gaps[0], gaps[0] * counts[0] * gaps[1]), strict=True)
        )
    ),
    st.tuples(st.integers(1, 40), st.integers(1, 20)),
    st.tuples(st.floats(0.005, 2.0), st.floats(1.01, 3.0)),
)


@given(layers)
def test_no_pulse_is_lost_or_made(train):
    drive = prefrontal_drive(train, 0.1)
    assert drive.pulses_Hz.sum() == train.n_pulses
    assert train.last_pulse_s < drive.session_s < max(train.cycle_s, 1) + 1.01


def test_only_blocks_over_the_left_prefrontal_cortex_drive():
    both = protocol("bilat-seq")
    right, left = both.blocks
    drive = prefrontal_drive(both, 0.1)
    first = math.ceil(right.train.cycle_s)
    assert drive.pulses_Hz[: first - 1].max() == 0
    assert drive.pulses_Hz.sum() == left.train.n_pulses


LEFT_PREFRONTAL = ("bilat-seq", "dtms-h1-mdd", "hf10-dash", "hf10-standard", "itbs600", "saint")


@pytest.mark.parametrize("name", list_protocols())
def test_protocols_of_other_places_are_refused_and_of_this_one_taken(name):
    if name in LEFT_PREFRONTAL:
        assert prefrontal_drive(protocol(name), 0.1).pulses_Hz.max() > 0
        return
    with pytest.raises(InputError, match="no block over the left prefrontal cortex"):
        prefrontal_drive(protocol(name), 0.1)


@pytest.mark.parametrize(
    ("site", "target", "counts"),
    [
        ("", "", True),
        ("Left DLPFC", "", True),
        ("left prefrontal cortex", "[-38, 44, 26]", True),
        ("", "beam-f3 36 38 60 cm", True),
        ("", "dlpfc-sgacc", True),
        ("", "F3", True),
        ("", "F4", False),
        ("", "hand-knob-left", False),
        ("right DLPFC", "F4", False),
        ("M1", "", False),
    ],
)
def test_a_block_counts_by_its_site_or_else_its_target(site, target, counts):
    train = parse_train("10 pulses at 10 Hz")
    session = Protocol(id="mine", label="mine", blocks=(Block(train=train, site=site, target=target),))
    if counts:
        assert prefrontal_drive(session, 0.1).pulses_Hz.sum() == 10
        return
    with pytest.raises(InputError, match="no block over the left prefrontal cortex"):
        prefrontal_drive(session, 0.1)


def test_the_share_is_that_of_layer_5_in_the_region():
    rows = (
        RegionRecruitment(region="L_precentral", area_m2=1.0, share=(0.9, 0.8)),
        RegionRecruitment(region="L_rostralmiddlefrontal", area_m2=1.0, share=(0.3, 0.2)),
    )
    found = SimpleNamespace(populations=("L2/3", "L5"), regions=rows)
    assert prefrontal_share(found) == 0.2
    assert prefrontal_share(found, "L_precentral") == 0.8
    with pytest.raises(InputError, match="R_insula"):
        prefrontal_share(found, "R_insula")
    with pytest.raises(InputError, match="L5 among them"):
        prefrontal_share(SimpleNamespace(populations=("L1",), regions=rows))


# Results.


def test_each_result_carries_what_the_evidence_is():
    release = session_release(ITBS, aftermath_s=0)
    course = course_release(ITBS, sessions=1)
    for known in (release.evidence, course.evidence, resting().evidence):
        assert [row.transmitter for row in known] == list(TRANSMITTERS)
    assert session_binding(release).evidence.level == "human"
    assert extracellular(noradrenaline_terminal(), [1.0]).evidence.level == "extrapolated"
    for notes in (release.notes, course.notes):
        assert any("extrapolation" in note for note in notes)
    assert any("seen in rats" in note for note in course.notes)
    assert {"Pogarell2007", "Kanno2003", "Joshi2017", "Best2010"} <= set(release.sources)


def test_shapes_are_transmitters_by_cases_by_seconds_and_read_only():
    release = session_release(ITBS, aftermath_s=40)
    n = round(ITBS.session_s) + 40
    assert release.concentration_M.shape == release.rate_Hz.shape == (3, len(CASES), n)
    assert release.rest_M.shape == release.mean_M.shape == release.change.shape == (3, len(CASES))
    for array in (release.concentration_M, release.rate_Hz, release.rest_M, release.time_s):
        assert not array.flags.writeable


def test_silent_dopamine_cells_have_no_relative_change_and_the_notes_say_so():
    release = session_release(ITBS, pharmacology=SSRI, aftermath_s=0)
    silent = release.rest_M[0] < 1e-12
    assert silent.any()
    assert not silent.all()
    assert np.isnan(release.change[0][silent]).all()
    assert np.isfinite(release.change[0][~silent]).all()
    assert any("silent at rest" in note for note in release.notes)
    assert np.isfinite(session_binding(release).change).all()


def test_drive_beyond_what_cells_follow_is_cut_off_and_said_so():
    strong = PrefrontalDrive(pulses_Hz=np.full(20, 50.0), share=0.5)
    stronger = PrefrontalDrive(pulses_Hz=np.full(20, 50.0), share=1.0)
    release = session_release(strong, aftermath_s=0)
    assert np.array_equal(release.mean_M, session_release(stronger, aftermath_s=0).mean_M)
    assert any("cut off" in note for note in release.notes)
    assert release.rate_Hz[0].max() < 40
    assert not any("cut off" in note for note in session_release(ITBS, aftermath_s=0).notes)


# Command line and pictures.


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["transmitters", *arguments]) == 0
    return capsys.readouterr().out


def test_rest_prints_both_sets_of_weights_and_the_evidence(capsys):
    text = run(capsys, "rest", "--ssri")
    assert "first weights" in text
    assert "second weights" in text
    for level in ("[human]", "[animal]", "[extrapolated]"):
        assert level in text


def test_rest_as_json_holds_concentrations_and_observations(capsys):
    facts = json.loads(run(capsys, "rest", "--sert", "0.5", "--json"))
    assert facts["pharmacology"]["sert_scale"] == 0.5
    serotonin = facts["transmitters"]["serotonin"]
    assert 59e-9 < serotonin["concentration_M"][0] < serotonin["concentration_at_healthy_rate_M"][0]
    assert serotonin["sign_in_people"] == "unknown"
    assert {found["source"] for found in serotonin["observations"]} >= {"Gur2000", "Kanno2003"}


def test_session_prints_spans_and_what_was_measured(capsys):
    text = run(capsys, "session", "iTBS for 30 pulses", "--after", "1 min")
    assert "Pogarell2007: -9.6 ± 6.2 %" in text
    assert "unverified" in text
    assert "extrapolation" in text
    assert "isn't known" not in text  # that is in the help


def test_session_as_json_knows_no_nan(capsys, tmp_path):
    picture = tmp_path / "session.png"
    text = run(
        capsys,
        "session",
        "iTBS for 30 pulses",
        "--ssri",
        "--after",
        "20 s",
        "--json",
        "--picture",
        str(picture),
    )
    assert "NaN" not in text
    facts = json.loads(text)
    dopamine = facts["transmitters"]["dopamine"]
    assert None in dopamine["change"]
    assert len(facts["time_s"]) == len(dopamine["concentration_M"][0]) == round(facts["session_s"]) + 20
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_course_takes_sessions_from_the_protocol_or_the_option(capsys):
    facts = json.loads(run(capsys, "course", "iTBS for 30 pulses", "--sessions", "4", "--json"))
    assert len(facts["autoreceptor"]) == 4
    assert facts["transmitters"]["serotonin"]["evidence"] == "animal"
    assert "session 4" in run(capsys, "course", "iTBS for 30 pulses", "--sessions", "4")


@pytest.mark.parametrize(
    "arguments",
    [
        ("rest", "--sert", "0.01"),
        ("rest", "--ssri", "--sert", "0.5"),
        ("session", "tinnitus"),
        ("session", "nonsense"),
        ("session", "iTBS", "--share", "7"),
        ("session", "iTBS", "--after", "30"),
        ("session", "iTBS", "--after", "2 m"),
        ("course", "iTBS", "--sessions", "0"),
        ("course", "iTBS", "--sessions", "1", "--picture", "wrong.jpg"),
    ],
)
def test_bad_input_ends_with_one_sentence_and_2(capsys, arguments):
    assert main(["transmitters", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith("tmsim: ")
    assert said.count("\n") == 1


def test_figures_show_every_case_and_the_evidence():
    release = session_release(ITBS, aftermath_s=60)
    figure = session_figure(release)
    words = [ax.get_title(loc="right") for ax in figure.axes]
    assert {"human evidence", "animal evidence", "extrapolated"} <= set(words)
    assert [len(ax.lines) for ax in figure.axes[:6]] == [len(CASES)] * 6
    course = course_figure(course_release(ITBS, sessions=2))
    words = [ax.get_title(loc="right") for ax in course.axes]
    assert {"human evidence", "animal evidence", "extrapolated"} <= set(words)
    rest = resting_figure([resting(), resting(SSRI)])
    assert "neither is a prediction" in rest.get_suptitle()
