"""``tmsim pulse`` on the command line, and its pictures."""

import json

import numpy as np
import pytest

from tmsim.cli import main
from tmsim.pulse import parse_train, waveform
from tmsim.report.pulse import pulse_figure, train_figure


def told(capsys, *argv):
    assert main(["pulse", *argv, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_list_says_what_is_unverified(capsys):
    rows = {row["name"]: row for row in told(capsys, "list")}
    assert rows["magpro-x100-biphasic"]["status"] == "recomputed"
    assert "unverified" in rows["magstim-200-monophasic"]["label"]


def test_show_gives_strength_and_energy_for_a_coil_and_an_output(capsys):
    facts = told(capsys, "show", "magpro-x100-biphasic", "--coil", "magventure-mc-b70", "--mso", "50")
    assert facts["didt_A_per_s"] == pytest.approx(155.3e6 / 2, rel=1e-3)
    assert facts["voltage_V"] == pytest.approx(12 * 155.3 / 2, rel=0.01)
    expected = waveform("magpro-x100-biphasic").output(155.3e6 / 2)
    assert facts["lost_J"] == pytest.approx(expected.lost_J, rel=1e-3)
    assert facts["lost_J"] < facts["stored_J"]
    assert any("inductance 12 uH (assumed, unverified)" in figure for figure in facts["figures"])


def test_show_reads_a_record_and_a_table_of_the_lab(capsys, tmp_path):
    time = np.linspace(0, 300e-6, 301)
    np.savetxt(
        tmp_path / "scope.csv", np.column_stack([time, np.cos(2 * np.pi * time / 300e-6)]), delimiter=","
    )
    (tmp_path / "output.csv").write_text("stimulator,coil,didt_max_A_per_us\nours,magstim-25mm-fig8,200\n")
    facts = told(
        capsys, "show", str(tmp_path / "scope.csv"), "--coil", "magstim-25mm-fig8", "--mso", "30",
        "--table", str(tmp_path / "output.csv"), "--stimulator", "ours",
    )  # fmt: skip
    assert facts["didt_A_per_s"] == pytest.approx(60e6)
    assert facts["current_A"] == pytest.approx(60e6 * 300e-6 / (2 * np.pi), rel=1e-3)
    assert "stored_J" not in facts


def test_train_shows_layers_and_length(capsys):
    facts = told(capsys, "train", "iTBS")
    assert facts["train"] == "3 pulses at 50 Hz every 0.2 s, 2 s on, 8 s off, for 600 pulses"
    assert facts["layers"][2] == {"count": 20, "interval_s": 10.0}
    assert (facts["n_pulses"], facts["cycle_s"], facts["last_pulse_s"]) == (600, 200.0, 191.84)


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["show", "nothing"], "'nothing'; expected one of"),
        (["show", "pynibs-biphasic", "--mso", "50"], "one of the two; expected both or neither"),
        (["show", "pynibs-biphasic", "--coil", "magventure-mc-b70", "--mso", "101"], "101 %MSO"),
        (["show", "pynibs-biphasic", "--didt", "70"], "--didt: '70'"),
        (["train", "10 Hz"], "no end"),
        (["train", "iTBS", "--picture", "train.pdf"], "a .png file"),
    ],
)
def test_bad_input_ends_in_one_sentence(argv, says, capsys):
    assert main(["pulse", *argv]) == 2
    said = capsys.readouterr()
    assert says in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_pictures_are_written(capsys, tmp_path):
    for argv in (["show", "ctms-60us-5"], ["train", "cTBS"]):
        picture = tmp_path / f"{argv[0]}.png"
        assert main(["pulse", *argv, "--picture", str(picture)]) == 0
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_figure_of_a_pulse_shows_its_slope_and_its_current():
    pulse = waveform("magpro-x100-monophasic")
    slope_ax, current_ax = pulse_figure(pulse, 100e6).axes[:2]
    _, slope = slope_ax.lines
    assert np.max(slope.get_ydata()) == pytest.approx(100)
    assert np.min(slope.get_ydata()) == pytest.approx(100 * pulse.second_peak)
    assert slope_ax.get_ylabel() == "dI/dt  [A/µs]"
    assert np.max(current_ax.lines[1].get_ydata()) == pytest.approx(pulse.peak_current_A(100e6))


def test_the_raster_of_a_train_draws_each_pulse_or_block_of_pulses():
    whole, ten_bursts, burst = train_figure(parse_train("iTBS")).axes
    assert [len(ax.collections) for ax in (whole, ten_bursts, burst)] == [20, 30, 3]
    assert burst.get_xlabel() == "time  [ms]: 3 pulses, 3 × 20 ms"
    assert [len(ax.collections) for ax in train_figure(parse_train("1 Hz for 900 pulses")).axes] == [1, 20]
    assert len(train_figure(parse_train("1 pulse")).axes) == 1
