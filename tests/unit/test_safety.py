"""Findings are graded, careful and never a verdict."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmsim.core import InputError, Parameter
from tmsim.core.citations import citations
from tmsim.pulse import (
    Block,
    CurrentSlope,
    Layer,
    PercentAMT,
    PercentMSO,
    PercentRMT,
    Protocol,
    Train,
    list_protocols,
    parse_train,
    protocol,
)
from tmsim.safety import (
    SCREENING,
    SEVERITIES,
    TRAIN_TABLES,
    check_session,
    form,
    parameters,
    read_answers,
    screen,
)
from tmsim.safety.precedent import precedent
from tmsim.safety.trains import shortest_pause_s

FORBIDDEN = re.compile(r"\b(safe|safely|cures?|cleared|harmless)\b", re.IGNORECASE)


def of(findings, rule):
    return [found for found in findings if found.rule == rule]


def one(findings, rule):
    (found,) = of(findings, rule)
    return found


def train(count, interval_s, *outer):
    layers = [Layer(count=count, interval_s=interval_s)]
    return Train(layers=(*layers, *(Layer(count=n, interval_s=s) for n, s in outer)))


@pytest.mark.parametrize("name", list_protocols())
def test_findings_have_a_known_grade_a_source_and_none_of_the_forbidden_words(name):
    findings = check_session(protocol(name), device="magstim-super-rapid2-plus", percent_mso=50)
    assert findings
    grades = [SEVERITIES.index(found.severity) for found in findings]
    assert grades == sorted(grades)
    for found in findings:
        assert found.source in citations() or found.source == "assumed"
        assert found.doi == (citations()[found.source].doi if found.source in citations() else "")
        assert not FORBIDDEN.search(found.message)
        assert found.message.endswith(".")
    assert one(findings, "sound").message.count("Hearing protection is advised") == 1


def test_what_rests_on_recalled_tables_says_that_it_is_a_draft():
    for found in check_session(protocol("hf10-standard")):
        if found.rule.startswith("train-"):
            assert found.status == "unverified"
            assert "draft" in found.message
    assert {table.status for table in TRAIN_TABLES} == {"unverified"}


def test_what_a_draft_protocol_leaves_unread_is_said():
    assert (
        "saint (draft): train, waveform recalled"
        in one(check_session(protocol("saint")), "protocol-status").message
    )
    assert of(check_session(protocol("qps5")), "protocol-status") == []


rates_Hz = st.floats(0.2, 25)
percents = st.floats(50, 130)


@given(st.integers(2, 400), rates_Hz, percents, st.floats(1, 1.5), st.floats(1, 1.5))
def test_more_pulses_or_more_intensity_is_never_graded_milder(count, rate_Hz, percent, more, stronger):
    def grade(n, at):
        findings = check_session(train(n, 1 / rate_Hz), intensity=PercentRMT(at))
        return [
            SEVERITIES.index(found.severity.removesuffix("-with-precedent"))
            for found in sorted(of(findings, "train-duration"), key=lambda f: f.table)
        ]

    # Above 130 % no table is read.
    milder, harder = grade(count, percent), grade(round(count * more), min(percent * stronger, 130))
    assert all(a >= b for a, b in zip(milder, harder, strict=True))


@pytest.mark.parametrize(
    ("rate_Hz", "percent", "cell"),
    [
        (10, 120, "10 Hz, 120 %"),
        (10.1, 120, "20 Hz, 120 %"),
        (7, 111, "10 Hz, 120 %"),
        (0.2, 50, "1 Hz, 90 %"),
        (1 / 0.05, 130, "20 Hz, 130 %"),
    ],
)
def test_tables_are_read_at_the_next_rate_and_intensity_up(rate_Hz, percent, cell):
    hit = TRAIN_TABLES[0].look_up(rate_Hz, percent)
    assert hit is not None
    assert hit[0] == cell


@pytest.mark.parametrize(("rate_Hz", "percent"), [(25.1, 100), (10, 130.1), (50, 80)])
def test_beyond_a_table_nothing_is_extrapolated(rate_Hz, percent):
    assert TRAIN_TABLES[0].look_up(rate_Hz, percent) is None
    findings = of(check_session(train(10, 1 / rate_Hz), intensity=PercentRMT(percent)), "train-duration")
    assert {found.severity for found in findings} == {"outside-table"}
    assert all("Compare with a published protocol" in found.message for found in findings)


@pytest.mark.parametrize(
    ("pause_s", "rate_Hz", "percent", "severity"),
    [
        (5, 20, 110, "info"),  # tolerated, as the abstract says
        (5, 20, 111, "outside-table"),  # too few data
        (1, 20, 101, "caution"),  # too short, as the abstract says
        (0.25, 10, 120, "caution"),
        (4.9, 20, 110, "caution"),  # between what failed and what was tolerated
        (1, 20, 100, "outside-table"),
        (30, 25, 100, "outside-table"),
    ],
)
def test_pauses_between_trains_against_chen(pause_s, rate_Hz, percent, severity):
    trains = train(10, 1 / rate_Hz, (10, 10 / rate_Hz + pause_s))
    found = one(check_session(trains, intensity=PercentRMT(percent)), "train-pause")
    assert found.severity == severity
    assert found.value == pytest.approx(pause_s)


def test_the_shortest_pause_may_lie_between_groups_of_trains():
    trains = train(40, 0.1, (75, 30), (2, 2226))
    assert shortest_pause_s(trains) == pytest.approx(2226 - 74 * 30 - 4)
    onsets_s = trains.onsets_s()
    gaps_s = onsets_s[1:] - onsets_s[:-1]
    assert shortest_pause_s(trains) == pytest.approx(gaps_s[gaps_s > 0.2].min() - 0.1)


def test_active_threshold_is_read_as_if_it_were_the_resting_one():
    def cells(intensity):
        return [found.cell for found in check_session(train(40, 0.1), intensity=intensity)]

    assert cells(PercentAMT(110)) == cells(PercentRMT(110))
    findings = check_session(train(40, 0.1), intensity=PercentAMT(110))
    assert "taken as if of the resting threshold" in of(findings, "train-duration")[0].message


@pytest.mark.parametrize("intensity", [None, PercentMSO(60), CurrentSlope(60e6)])
def test_without_a_share_of_threshold_the_tables_are_not_read(intensity):
    found = one(check_session(train(40, 0.1), intensity=intensity), "train-duration")
    assert found.severity == "outside-table"
    assert "can't be read" in found.message


def test_an_intensity_in_place_of_the_protocols_own_takes_its_notes_along():
    findings = check_session(protocol("itms"), intensity=PercentRMT(100))
    assert of(findings, "protocol-status") == []
    assert all("1 mV" not in found.message for found in findings)


HF10 = protocol("hf10-standard").blocks[0]


@pytest.mark.parametrize(
    ("block", "found"),
    [
        (HF10, "hf10-standard"),
        (replace(HF10, intensity=PercentRMT(110)), "hf10-dash"),  # weaker; the first verified one
        (replace(HF10, intensity=PercentRMT(121)), None),
        (replace(HF10, intensity=PercentAMT(120)), None),
        (replace(HF10, train=train(40, 0.1, (75, 29.8))), "hf10-dash"),  # pauses as long as Dash's
        (replace(HF10, train=train(40, 0.1, (75, 14.8))), "hf10-dash"),  # within 2 %
        (replace(HF10, train=train(40, 0.1, (75, 14))), None),
        (replace(HF10, train=train(40, 0.1, (76, 30))), None),
        (replace(HF10, train=train(40, 0.2, (75, 30))), None),  # another rhythm is another protocol
        (replace(HF10, train=train(40, 0.1)), None),
    ],
)
def test_a_precedent_does_the_same_or_more(block, found):
    like = precedent(block, "hand")
    assert (like[0].id if like else None) == found


def test_the_threshold_of_the_foot_is_no_precedent_for_that_of_the_hand():
    h7 = protocol("dtms-h7-ocd")
    assert precedent(h7.blocks[0], "hand") is None
    findings = check_session(replace(h7, muscle="hand"))
    assert findings[0].severity == "caution"


def test_a_precedent_is_named_with_its_badge_and_its_place():
    found = of(check_session(protocol("hf10-standard")), "train-duration")[0]
    assert found.severity == "caution-with-precedent"
    assert found.precedent == "hf10-standard (verified)"
    assert "left DLPFC" in found.message


def test_no_precedent_softens_a_stop():
    findings = check_session(protocol("hf10-standard"), device="magstim-rapid2", percent_mso=100)
    assert of(findings, "device-rate")[0].severity == "info"
    findings = check_session(protocol("qps5"), device="magstim-rapid2", percent_mso=50)
    assert findings[0].rule == "device-rate"
    assert (findings[0].severity, findings[0].precedent) == ("stop", "")


def course(**changes):
    block = Block(train=parse_train("10 Hz, 4 s on, 26 s off, for 3000 pulses"), intensity=PercentRMT(110))
    return Protocol(id="mine", label="mine", blocks=(block,), **changes)


@pytest.mark.parametrize(
    ("session", "rule", "limit"),
    [
        (course(sessions_per_day=6), "pulses-per-day", 18_000),
        (course(sessions_per_day=10), "sessions-per-day", 10),
        (course(sessions_total=36), "pulses-per-course", 108_000),
        (course(sessions_per_day=2, between_sessions_s=3000.0), "between-sessions", 3000),
    ],
)
def test_doses_up_to_the_largest_of_the_library_are_noted(session, rule, limit):
    found = one(check_session(session), rule)
    assert (found.severity, found.limit) == ("info", limit)


@pytest.mark.parametrize(
    ("session", "rule"),
    [
        (course(sessions_per_day=7), "pulses-per-day"),
        (course(sessions_per_day=11), "sessions-per-day"),
        (course(sessions_total=37), "pulses-per-course"),
        (course(sessions_per_day=2, between_sessions_s=2900.0), "between-sessions"),
    ],
)
def test_doses_beyond_every_protocol_of_the_library_are_cautions(session, rule):
    assert one(check_session(session), rule).severity == "caution"


def test_more_pulses_than_any_session_of_the_library_are_a_caution():
    found = one(check_session(parse_train("1 Hz for 3001 pulses")), "pulses-per-session")
    assert (found.severity, found.value, found.limit) == ("caution", 3001, 3000)


def test_each_block_is_checked_with_its_own_intensity():
    two = replace(
        protocol("bilat-seq"),
        blocks=(
            protocol("bilat-seq").blocks[0],
            replace(protocol("bilat-seq").blocks[1], intensity=PercentRMT(140)),
        ),
        intensity_range=None,
    )
    findings = of(check_session(two), "train-duration")
    assert all(
        found.message.startswith(("Block 1, right DLPFC", "Block 2, left DLPFC")) for found in findings
    )
    assert {found.cell for found in findings if "Block 2" in found.message} == {""}


@pytest.mark.parametrize(
    ("text", "percent", "rule"),
    [
        ("20 Hz, 2 s on, 20 s off, for 400 pulses", 80, "device-rate"),
        ("10 Hz for 300 pulses", 100, "device-on-time"),
        ("10 Hz, 4 s on, 5.5 s off, for 400 pulses", 100, "device-wait"),
        ("5 Hz, 1 s on, 0.4 s off, for 100 pulses", 30, "device-wait"),
    ],
)
def test_what_the_device_cannot_do_is_a_stop(text, percent, rule):
    findings = check_session(parse_train(text), device="magstim-rapid2", percent_mso=percent)
    assert rule in [found.rule for found in findings if found.severity == "stop"]


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        ("10 Hz for 249 pulses", 100),
        ("10 Hz, 4 s on, 5.6 s off, for 400 pulses", 100),
        ("10 Hz for 6000 pulses", 57),
        ("iTBS", 30),
        ("1 pulse", 100),
    ],
)
def test_what_it_can_do_is_not(text, percent):
    findings = check_session(parse_train(text), device="magstim-rapid2", percent_mso=percent)
    assert [found for found in findings if found.severity == "stop"] == []


def test_of_the_magpro_only_the_rate_is_known():
    findings = check_session(protocol("qps5"), device="magpro-x100", percent_mso=50)
    assert one(findings, "device-rate").severity == "stop"
    assert [found.rule for found in findings if found.rule.startswith("device")] == ["device-rate"]


def test_the_output_comes_from_the_intensity_where_that_has_it():
    findings = check_session(parse_train("iTBS"), intensity=PercentMSO(60), device="magstim-super-rapid2")
    assert one(findings, "device-rate").cell == "60 %MSO"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"device": "magstim-rapid2"}, "none given for magstim-rapid2"),
        ({"coil": "magstim-70mm-fig8"}, "none given for magstim-70mm-fig8"),
        ({"device": "magstim-rapid3", "percent_mso": 50}, "magstim-rapid2"),
        ({"coil": "butterfly", "percent_mso": 50}, "magstim-70mm-fig8"),
        ({"coil": "magstim-25mm-fig8", "percent_mso": 50}, "no dI/dt"),
        ({"device": "magstim-rapid2", "percent_mso": 101}, "0 to 100"),
        ({"device": "magstim-rapid2", "percent_mso": float("nan")}, "0 to 100"),
        ({"device": "magstim-rapid2", "percent_mso": 0}, "above 0"),
        ({"percent_mso": 40, "intensity": PercentMSO(50)}, "one of them"),
    ],
)
def test_an_unknown_device_or_an_output_that_makes_no_sense_is_refused(options, says):
    with pytest.raises(InputError, match=says):
        check_session(protocol("hf10-standard"), **options)


def test_no_answers_refer_to_a_physician_and_so_does_an_unknown_one():
    assert len(screen({}).raised) == len(SCREENING)
    answers = {item.id: "no" for item in SCREENING}
    for item in SCREENING:
        for answer in ("yes", "unknown"):
            result = screen({**answers, item.id: answer})
            assert result.raised == ((item, answer),)
            assert result.ending.startswith("Refer to a physician: 1 of")


def test_all_answers_no_are_not_a_clearance():
    result = screen({item.id: "no" for item in SCREENING})
    assert result.raised == ()
    assert "not a clearance" in result.ending
    assert not FORBIDDEN.search(result.ending)


@pytest.mark.parametrize("answers", [{"epilepsi": "no"}, {"epilepsy": "maybe"}, {"epilepsy": ""}])
def test_items_and_answers_that_are_not_known_are_refused(answers):
    with pytest.raises(InputError, match="screening"):
        screen(answers)


def test_the_form_is_read_back_as_all_unknown(tmp_path):
    path = tmp_path / "form.toml"
    path.write_text(form(), encoding="utf-8")
    assert read_answers(path) == {item.id: "unknown" for item in SCREENING}
    path.write_text("epilepsy = false", encoding="utf-8")
    with pytest.raises(InputError, match="epilepsy"):
        read_answers(path)


def test_every_figure_names_its_work_or_says_that_it_is_assumed():
    figures = []
    for value in vars(parameters).values():
        for item in value if isinstance(value, tuple) else (value,):
            figures += item if isinstance(item, tuple) else (item,)
    figures = [figure for figure in figures if isinstance(figure, Parameter)]
    assert len(figures) > 25
    for figure in figures:
        assert figure.source in citations() or (figure.source, figure.status) == ("assumed", "unverified")
    assert {device.source for device in parameters.DEVICES.values()} <= set(citations())
    assert {table.source for table in TRAIN_TABLES} <= set(citations())


def test_the_questions_say_where_they_are_from():
    for item in SCREENING:
        assert item.source in citations()
        assert item.question.endswith("?")
    assert {item.status for item in SCREENING if item.source == "Rossi2011"} == {"unverified"}
