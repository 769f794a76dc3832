"""``tmsim neuron`` in tables, JSON and pictures."""

import json
import math

import pytest
from matplotlib.image import imread

from tmsim.cli import main
from tmsim.neuron import MODELS


def test_the_list_names_each_model_and_where_it_holds(capsys):
    assert main(["neuron", "list"]) == 0
    said = capsys.readouterr().out
    assert all(f"\n{name} " in f"\n{said}" for name in MODELS)
    assert "For comparison with the literature" in said
    assert max(len(line) for line in said.splitlines()) <= 100
    assert main(["neuron", "list", "--json"]) == 0
    assert {row["name"] for row in json.loads(capsys.readouterr().out)} == set(MODELS)


def test_the_curve_is_a_table_with_a_row_for_each_angle(capsys):
    assert main(["neuron", "curve", "--angles", "7"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["degrees", "L1", "L2/3", "L4", "L5", "L6"]
    assert lines[2].split() == ["0", "590", "305", "265", "226", "368"]  # Aberra2020
    assert lines[-1].split() == ["180", "579", "273", "246", "252", "574"]


def test_the_curve_in_json_has_null_where_no_field_fires_a_cell(capsys):
    command = ["neuron", "curve", "--model", "cosine", "--waveform", "magpro-x100-biphasic", "--angles", "3"]
    assert main([*command, "--json"]) == 0
    curve = json.loads(capsys.readouterr().out)
    assert curve["polar_rad"] == pytest.approx([0, math.pi / 2, math.pi])
    first, across, last = curve["thresholds_V_per_m"]["L5"]
    assert across is None
    assert first == pytest.approx(last)
    assert first == pytest.approx(0.70 * 275, rel=0.01)


def test_the_picture_is_written_whole(tmp_path, capsys):
    picture = tmp_path / "curve.png"
    assert main(["neuron", "curve", "--picture", str(picture)]) == 0
    assert imread(picture).shape[0] > 500
    assert list(tmp_path.iterdir()) == [picture]
    assert "L2/3" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--model", "sine"], "neuron model: 'sine'; expected one of directional"),
        (["--waveform", "square"], "waveform: 'square'; expected one of magpro"),
        (["--angles", "1"], "angles: 1; expected 2 to 2000"),
        (["--picture", "curve.pdf"], "--picture: curve.pdf; expected a .png file"),
        (["--picture", "nowhere/curve.png"], "its folder does not exist"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_sentence(options, says, capsys):
    assert main(["neuron", "curve", *options]) == 2
    said = capsys.readouterr()
    assert says in said.err
    assert len(said.err.splitlines()) == 1
    assert said.out == ""
