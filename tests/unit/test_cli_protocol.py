"""``tmsim protocol`` and ``tmsim screen``: results on stdout, exit code 0; contradictions refused with 2."""

import importlib.util
import json
from pathlib import Path

import pytest

from tmsim.cli import main
from tmsim.pulse import list_protocols, protocol
from tmsim.safety import SCREENING

ROOT = Path(__file__).parents[2]


def said(capsys, *argv):
    assert main([*argv]) == 0
    out = capsys.readouterr()
    assert out.err == ""
    return out.out


def test_the_list_shows_every_protocol_with_its_badge(capsys):
    lines = said(capsys, "protocol", "list").splitlines()
    assert len(lines) == len(list_protocols())
    for line, name in zip(lines, list_protocols(), strict=True):
        assert line.split()[:2] == [name, f"[{protocol(name).status}]"]
    rows = json.loads(said(capsys, "protocol", "list", "--json"))
    assert {row["name"]: row["status"] for row in rows}["saint"] == "draft"


def test_a_protocol_is_shown_with_badge_marks_and_source(capsys):
    text = said(capsys, "protocol", "show", "dtms-h7-ocd")
    for word in ("draft", "train, intensity, sessions_total", "of the foot", "Carmi2019", "[dmpfc]"):
        assert word in text
    facts = json.loads(said(capsys, "protocol", "show", "pas25", "--json"))
    assert facts["nerve"].startswith("median nerve")
    assert facts["intensity_range"] == "120 %RMT to 130 %RMT"


def test_findings_are_results_even_a_stop(capsys):
    argv = ["protocol", "check", "itbs600", "--device", "magstim-rapid2", "--mso", "60"]
    text = said(capsys, *argv)
    assert text.splitlines()[0].startswith("itbs600 [draft]")
    assert "stop " in text
    assert text.rstrip().endswith("not a medical device.")
    document = json.loads(said(capsys, *argv, "--json"))
    worst = document["findings"][0]
    assert (worst["severity"], worst["rule"], worst["value"], worst["limit"]) == (
        "stop", "device-rate", 50, 25,
    )  # fmt: skip
    assert worst["doi"]
    assert document["protocol"]["status"] == "draft"


def test_a_sentence_is_checked_at_the_intensity_given(capsys):
    text = said(
        capsys, "protocol", "check", "10 Hz, 4 s on, 26 s off, for 3000 pulses", "--intensity", "120 %RMT"
    )
    assert "caution-with-precedent" in text
    assert "hf10-standard (verified)" in text


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["check", "hf10"], "Near: hf10-dash"),
        (["show", "3 pulses at 50 Hz every 0.01 s, 2 s on, 8 s off, for 600 pulses"], "longer than what it"),
        (["check", "saint", "--device", "magstim-rapid2"], "output"),
        (["check", "saint", "--device", "magstim", "--mso", "50"], "magpro-x100"),
        (["check", "saint", "--mso", "nan"], "0 to 100"),
        (["check", "saint", "--intensity", "120"], "120"),
        (["check", "none.toml"], "none.toml"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(argv, says, capsys):
    assert main(["protocol", *argv]) == 2
    out = capsys.readouterr()
    assert out.out == ""
    assert out.err.count("\n") == 1
    assert says in out.err


def test_a_file_with_a_place_that_no_head_has_is_refused(tmp_path, capsys):
    path = tmp_path / "mine.toml"
    path.write_text('label = "x"\nstatus = "draft"\n[[block]]\ntrain = "1 Hz for 60 s"\ntarget = "F33"\n')
    assert main(["protocol", "check", str(path)]) == 2
    assert "Near: F3" in capsys.readouterr().err


def test_the_example_of_the_documentation_is_read_and_its_fault_is_refused_as_written(tmp_path, capsys):
    page = (ROOT / "docs" / "protocols.md").read_text(encoding="utf-8")
    example = page.split("```toml\n")[1].split("```")[0]
    path = tmp_path / "mine.toml"
    path.write_text(example, encoding="utf-8")
    assert json.loads(said(capsys, "protocol", "show", str(path), "--json"))["pulses_total"] == 60_000
    path.write_text(example.replace('"30 s"]]', '"3 s"]]'), encoding="utf-8")
    assert main(["protocol", "check", str(path)]) == 2
    assert capsys.readouterr().err in page


def test_the_form_answered_no_is_not_a_clearance(tmp_path, capsys):
    form = said(capsys, "screen")
    path = tmp_path / "answers.toml"
    path.write_text(form, encoding="utf-8")
    assert said(capsys, "screen", str(path)).splitlines()[-1].startswith("Refer to a physician: 15 of 15")
    path.write_text(form.replace('"unknown"\n', '"no"\n'), encoding="utf-8")
    assert "not a clearance" in said(capsys, "screen", str(path))
    path.write_text(form.replace('"unknown"\n', '"no"\n').replace('syncope = "no"', 'syncope = "yes"'))
    document = json.loads(said(capsys, "screen", str(path), "--json"))
    assert [item["id"] for item in document["raised"]] == ["syncope"]
    assert len(json.loads(said(capsys, "screen", "--json"))) == len(SCREENING)


def test_the_table_of_the_documentation_is_that_of_the_library():
    spec = importlib.util.spec_from_file_location("protocols_page", ROOT / "scripts" / "protocols_page.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    page = script.PAGE.read_text(encoding="utf-8")
    assert script.written(page) == page, "run scripts/protocols_page.py"
    for name in list_protocols():
        assert f"`{name}`" in page
