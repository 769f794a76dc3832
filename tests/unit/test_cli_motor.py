"""``tmsim motor`` in tables, JSON and pictures."""

import json

import pytest
from matplotlib.image import imread

from tmsim.cli import main
from tmsim.neuron.motor import PAIRED_PULSES, draw_subject, threshold_mso

COMMANDS = ("curve", "hunt", "pairs", "waves")


def told(capsys, *command):
    assert main(["motor", *command, "--json"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return json.loads(said.out)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_says_whom_it_measured_and_what_is_unverified(command, capsys):
    assert main(["motor", command, "--subject", "3"]) == 0
    said = capsys.readouterr().out
    rmt_mso = threshold_mso(draw_subject(0, 3))
    assert said.startswith(
        f"Subject 3 of seed 0: RMT {rmt_mso:.1f} %MSO, AMT {0.8 * rmt_mso:.1f} %MSO (unverified)"
    )
    assert max(len(line) for line in said.splitlines()) <= 100


@pytest.mark.parametrize("command", COMMANDS)
def test_a_given_threshold_is_the_subject_s(command, capsys):
    facts = told(capsys, command, "--rmt", "55 %MSO")
    assert facts["rmt_mso"] == pytest.approx(55)
    assert facts["movement_threshold_mso"] == pytest.approx(1.113 * 55)  # Westin2014


@pytest.mark.parametrize("command", COMMANDS)
def test_the_picture_is_written_whole(command, tmp_path, capsys):
    picture = tmp_path / "motor.png"
    more = ["--errors", "4"] if command == "hunt" else []
    assert main(["motor", command, *more, "--picture", str(picture)]) == 0
    assert imread(picture).shape[0] > 500
    assert list(tmp_path.iterdir()) == [picture]


def test_the_curve_goes_through_half_of_the_pulses_at_the_threshold(capsys):
    curve = told(capsys, "curve", "--rmt", "50 %MSO", "--step", "5", "--pulses", "7")
    at = curve["amplitude_mso"].index(50)
    assert curve["amplitude_rmt"][at] == pytest.approx(100)
    assert curve["share"][at] == pytest.approx(0.5, abs=1e-4)
    assert curve["median_mV"][at] == pytest.approx(0.05, rel=0.05)
    assert curve["median_mV"] == sorted(curve["median_mV"])
    assert [len(row) for row in curve["mep_mV"]] == [7] * len(curve["amplitude_mso"])


def test_the_hunt_lists_its_pulses_and_the_error_of_others(capsys):
    facts = told(capsys, "hunt", "--pulses", "12", "--errors", "6")
    assert len(facts["pulses"]) == 12
    assert facts["pulses"][0]["estimate_mso"] is None
    low, high = facts["pulses"][-1]["band_mso"]
    assert low < facts["estimate_mso"] < high
    assert [curve["method"] for curve in facts["errors"]] == ["ml-pest", "5-of-10"]
    assert facts["errors"][1]["error"][0] is None  # two pulses give no estimate


def test_pairs_are_told_with_source_and_status(capsys):
    pairs = told(capsys, "pairs")["pairs"]
    assert [pair["name"] for pair in pairs] == list(PAIRED_PULSES)
    assert {pair["status"] for pair in pairs} == {"unverified"}


def test_an_intensity_may_be_of_the_device_or_of_either_threshold(capsys):
    amplitudes = [
        told(capsys, "waves", "--rmt", "50 %MSO", "--intensity", text)["amplitude_mso"]
        for text in ("60 %MSO", "120 %RMT", "150 %AMT")
    ]
    assert amplitudes == pytest.approx([60, 60, 60])


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("curve --rmt 55", "intensity: '55'"),
        ("curve --rmt 120%RMT", "expected a threshold in %MSO"),
        ("curve --rmt 0%MSO", "motor threshold: 0.0 %MSO"),
        ("curve --pulses 0", "pulses: 0"),
        ("curve --seed -1", "seed -1"),
        ("curve --picture curve.pdf", "expected a .png file"),
        ("hunt --method guess", "expected one of ml-pest, 5-of-10"),
        ("hunt --pulses 1", "pulses: 1"),
        ("hunt --errors -3", "subjects: -3"),
        ("pairs --rmt 95%MSO", "test pulse: 1.2 times a motor threshold of 95 %MSO"),
        ("waves --intensity 300%RMT", "3 times the motor threshold"),
        ("waves --intensity 150%RMT --rmt 80%MSO", "120 %MSO; expected 0 to 100 %MSO"),
        ("waves --intensity 67A/us", "expected such as '120 %RMT'"),
        ("waves --direction XX", "direction: 'XX'"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_sentence(command, says, capsys):
    assert main(["motor", *command.split()]) == 2
    said = capsys.readouterr()
    assert says in said.err
    assert len(said.err.splitlines()) == 1
    assert said.out == ""
