"""The command line prints what machines and people read, and its exit code says how it ended."""

import json
import signal
import subprocess
import sys

import pytest

from tmsim import plan
from tmsim.cli import main
from tmsim.cli.show import progress_bar
from tmsim.core import InputError


def test_help_and_version_end_well_and_name_every_command(capsys):
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    for word in (
        "run", "field", "head", "coil", "pulse", "protocol", "neuron", "motor", "session", "plasticity",
        "course", "explain", "rehearse", "screen", "plan", "not a medical device",
    ):  # fmt: skip
        assert word in said
    assert main([]) == 0
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("tmsim ")


@pytest.mark.parametrize(
    "command", [["run"], ["field"], ["head", "check"], ["coil", "show"], ["plan", "check"]]
)
def test_each_command_has_help(command, capsys):
    assert main([*command, "--help"]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 8


def test_json_is_one_document_on_stdout_and_nothing_else(capsys):
    for argv in (["coil", "list"], ["coil", "show", "magstim-70mm-fig8"], ["head", "list"]):
        assert main([*argv, "--json"]) == 0
        said = capsys.readouterr()
        json.loads(said.out)
        assert said.err == ""
    main(["coil", "list", "--json"])
    assert "magstim-70mm-fig8" in [coil["name"] for coil in json.loads(capsys.readouterr().out)]


def test_the_default_plan_is_printed_as_a_plan(capsys, tmp_path):
    assert main(["plan", "default"]) == 0
    text = capsys.readouterr().out
    assert plan.parse(text) == plan.default()
    (tmp_path / "plan.toml").write_text(text)
    assert main(["plan", "check", str(tmp_path / "plan.toml"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pulse"] == {
        "waveform": "magstim-rapid2-biphasic",
        "dose": "120 %RMT",
        "didt_max": "",
    }


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        (KeyboardInterrupt(), 130, ""),
        (InputError("gap", "'4 V'", "a length"), 2, "tmsim: gap: '4 V'; expected a length.\n"),
        (
            OSError(28, "No space left on device", "E.nii.gz"),
            2,
            "tmsim: E.nii.gz: No space left on device.\n",
        ),
        (PermissionError(13, "Permission denied"), 2, "tmsim: Permission denied.\n"),
    ],
)
def test_how_a_run_ended_is_told_by_exit_code_and_one_sentence(
    fault, code, says, capsys, monkeypatch, tmp_path
):
    def stopped(*_args, **_options):
        raise fault

    monkeypatch.setattr(plan, "run", stopped)
    assert main(["run", "--out", str(tmp_path / "out")]) == code
    said = capsys.readouterr()
    assert said.err == says
    assert said.out == ""


def test_ctrl_c_in_compiled_code_is_ctrl_c(capsys, monkeypatch, tmp_path):
    def kernel(*_args, **_options):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise SystemError("returned a result with an exception set") from None  # as numba does

    monkeypatch.setattr(plan, "run", kernel)
    before = signal.getsignal(signal.SIGINT)
    assert main(["run", "--out", str(tmp_path / "out")]) == 130
    assert capsys.readouterr() == ("", "")
    assert signal.getsignal(signal.SIGINT) is before


def test_a_fault_of_the_program_itself_is_not_hidden(monkeypatch, tmp_path):
    def broken(*_args, **_options):
        raise ZeroDivisionError

    monkeypatch.setattr(plan, "run", broken)
    with pytest.raises(ZeroDivisionError):
        main(["run", "--out", str(tmp_path / "out")])


def test_the_command_line_starts_without_the_science():
    """Help must come at once: numba and scipy take a second to load."""
    code = "import sys, tmsim.cli; sys.exit(any(m in sys.modules for m in ('numba', 'scipy', 'matplotlib')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_progress_is_silent_where_nobody_watches(capsys):
    with progress_bar() as progress:
        progress("solving", 0.5)
    assert capsys.readouterr() == ("", "")
