"""``tmsim course`` in tables, JSON, pictures and state files."""

import json

import pytest
from matplotlib.image import imread

from tmsim.cli import main
from tmsim.course import INDICATIONS, MODELS, cohort, schedule_of
from tmsim.pulse import protocol


def said(capsys, *argv):
    assert main(["course", *argv]) == 0
    out = capsys.readouterr()
    assert out.err == ""
    return out.out


def told(capsys, *argv):
    return json.loads(said(capsys, *argv, "--json"))


def test_the_schedule_is_a_calendar(capsys):
    text = said(capsys, "schedule", "--protocol", "saint", "--missed", "day 2, 21-25")
    assert text.strip() == str(schedule_of(protocol("saint"), missed=("day 2", "21-25")))
    facts = told(capsys, "schedule", "--protocol", "hf10-standard", "--taper", "3,2,1", "--sessions", "20")
    assert facts["sessions_given"] == 26
    assert [row["day"] for row in facts["sessions"]][20:23] == [29, 31, 33]


def test_a_cohort_is_told_in_both_arms_with_notes_and_trials(capsys):
    text = said(capsys, "cohort", "--n", "300")
    for words in (
        "itbs600: 30 of 30 sessions", "300 people, active and sham", "SD more than sham",
        "not a prediction for a person", "Calibrated by this project", "THREE-D, iTBS [active], n 209",
        "remission 32 %, after 20 to 30 sessions [Blumberger2018, unverified]", "effect size -0.42 (-0.66 to",
    ):  # fmt: skip
        assert words in text
    facts = told(capsys, "cohort", "--n", "300", "--seed", "4")
    expected = cohort(schedule_of(protocol("itbs600")), n=300, seed=4, arm="sham")
    assert facts["arms"]["sham"]["mean"] == expected.mean.tolist()
    assert facts["arms"]["sham"]["pulses"][-1] == 18_000
    assert facts["effect_size"][-1] > 0
    assert len(facts["arms"]["active"]["classes"]) == 4


def test_a_scale_without_remission_has_none(capsys):
    facts = told(capsys, "cohort", "--protocol", "dtms-h7-ocd", "--arm", "active", "--n", "50")
    assert facts["scale"] == "Y-BOCS"
    assert facts["arms"]["active"]["remission"] is None
    assert facts["effect_size"] is None
    assert " -\n" in said(capsys, "cohort", "--protocol", "dtms-h7-ocd", "--n", "50")


def test_stop_and_go_on_from_a_file_is_the_course_that_ran_through(tmp_path, capsys):
    state = tmp_path / "state.json"
    one_arm = ("cohort", "--protocol", "saint", "--arm", "active", "--n", "60", "--follow-up", "1")
    stopped = told(capsys, *one_arm, "--until", "2", "--save", str(state))
    assert stopped["arms"]["active"]["reached_day"] == 2
    told(capsys, "cohort", "--state", str(state), "--until", "4", "--save", str(state))
    resumed = told(capsys, "cohort", "--state", str(state), "--missed", "day 5")
    assert resumed == told(capsys, *one_arm, "--missed", "day 5")


def test_trials_are_told_with_source_and_status_and_evidence(capsys):
    text = said(capsys, "trials", "stroke")
    assert "67 (58 to 75) %, 6 months after [Harvey2018, read]" in text
    assert INDICATIONS["stroke"].evidence in text
    rows = told(capsys, "trials")
    assert {row["name"] for row in rows} == set(INDICATIONS)
    assert not next(row for row in rows if row["name"] == "pain")["arms"]


def test_models_are_listed_with_what_is_published_and_what_is_calibrated(capsys):
    rows = told(capsys, "models")
    assert [row["name"] for row in rows] == list(MODELS)
    assert all(row["published"] and row["calibrated"] for row in rows)


@pytest.mark.parametrize(
    "command",
    [
        "schedule --protocol saint --missed 3",
        "cohort --n 2 --arm sham --model prolonged",
        "cohort --n 40 --protocol dtms-h7-ocd",
        "cohort --n 40 --until 0",
    ],
)
def test_the_picture_is_written_whole(command, tmp_path, capsys):
    picture = tmp_path / "course.png"
    said(capsys, *command.split(), "--picture", str(picture))
    assert imread(picture).shape[1] == 2160
    assert list(tmp_path.iterdir()) == [picture]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("schedule --protocol hf10", "Near: hf10-dash"),
        ("schedule --protocol stms-migraine", "how many are to be given"),
        ("schedule --taper 3,x", "--taper: 'x'"),
        ("schedule --taper 9", "0 to 7 sessions in each week"),
        ("schedule --missed 31", "missed session: 31"),
        ("schedule --missed 1-30", "all 30 sessions missed"),
        ("cohort --protocol stroke-lf", "See `tmsim course trials stroke`"),
        ("cohort --protocol qps5 --sessions 3", "indication of 'qps5': 'research'"),
        ("cohort --n 1", "people: 1"),
        ("cohort --arm placebo", "arm: 'placebo'"),
        ("cohort --model guess", "symptom model: 'guess'"),
        ("cohort --scale HAM-A", "one of HRSD-17, MADRS, PHQ-9"),
        ("cohort --until -1", "day: -1"),
        ("cohort --save state.json", "Give --arm active or --arm sham"),
        ("cohort --state none.json", "none.json"),
        ("cohort --state none.json --seed 0", "--seed: 0 beside --state"),
        ("trials insomnia", "indication: 'insomnia'"),
    ],
)
def test_what_can_t_be_done_is_refused_in_one_sentence(command, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["course", *command.split()]) == 2
    out = capsys.readouterr()
    assert says in out.err
    assert len(out.err.splitlines()) == 1
    assert out.out == ""
    assert list(tmp_path.iterdir()) == []
