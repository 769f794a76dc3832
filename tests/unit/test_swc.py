"""Cells from SWC files: read as they are, cut into compartments, or refused in one sentence."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from tmsim.cli import main
from tmsim.core import InputError
from tmsim.formats import swc
from tmsim.neuron import Axon, Membrane, load_cell, threshold
from tmsim.pulse import waveform

ROWS = """\
# a soma with a dendrite and an axon
1 1 0 0 0 8 -1
2 3 0 58 0 1 1
3 2 0 -8 0 0.5 1
4 2 0 -310 0 0.5 3
5 2 100 -310 0 0.4 4
6 2 -105 -310 0 0.4 4
7 2 -105 -310 5 0.4 6
8 2 0 -310 15 0.5 4
"""


def write(tmp_path, text):
    path = tmp_path / "cell.swc"
    path.write_text(text)
    return path


def test_a_file_is_read_with_parents_before_children_in_whatever_order_it_stands(tmp_path):
    head, *rows = ROWS.splitlines()
    for lines in ([head, *rows], [head, *rows[::-1]]):
        cell = swc.read(write(tmp_path, "\n".join(lines)))
        assert cell.parents[0] == -1
        assert (cell.parents[1:] < np.arange(1, 8)).all()
        assert cell.points_um[0].tolist() == [0, 0, 0]
        tip = np.flatnonzero((cell.points_um == [-105, -310, 5]).all(axis=1))[0]
        assert cell.points_um[cell.parents[tip]].tolist() == [-105, -310, 0]
        assert cell.radii_um[tip] == 0.4
        assert sorted(cell.kinds.tolist()) == [1, 2, 2, 2, 2, 2, 2, 3]


def test_compartments_follow_the_shape(tmp_path):
    cable = load_cell(write(tmp_path, ROWS))
    soma = cable.membrane_um == 16
    assert np.flatnonzero(soma).tolist() == [0]
    assert cable.length_um[0] == 16  # a cylinder with the surface of the ball
    area = np.pi * cable.membrane_um[0] * cable.length_um[0]
    assert area == pytest.approx(4 * np.pi * 8**2)
    # The dendrite runs from the surface of the soma at y = 8 to 58 um.
    dendrite = (cable.center_m[:, 1] > 1e-6) & ~soma
    assert cable.length_um[dendrite].sum() == pytest.approx(50)
    assert (cable.membrane[dendrite] == Membrane.PASSIVE).all()
    assert cable.length_um[dendrite].max() <= 10
    # 302 um of axon of 1 um: three internodes; two branches of one each; one of 15 um that stays bare.
    assert len(cable.nodes) == 3 + 1 + 1
    assert (cable.length_um[cable.nodes] == 1).all()
    stem = (np.abs(cable.center_m[:, 0]) < 1e-9) & (cable.center_m[:, 1] < 0) & (cable.center_m[:, 2] == 0)
    assert cable.length_um[stem & (cable.membrane != Membrane.PASSIVE)].sum() == pytest.approx(302)
    bare = cable.membrane == Membrane.BARE
    assert cable.length_um[bare].tolist() == [5, 5, 5]
    joints = np.flatnonzero(cable.length_um == 0)
    assert len(joints) == 1
    assert (cable.parent == joints[0]).sum() == 3
    np.testing.assert_allclose(cable.center_m[joints[0]], [0, -310e-6, 0])
    # The branch to the left bends: 105 um and then 5 um to the front, cut by the length along it.
    tip = cable.center_m[np.argmin(cable.center_m[:, 0])]
    assert tip[2] > 0


def test_branches_of_an_axon_start_where_fields_are_given_at_the_first_point(tmp_path):
    shifted = write(tmp_path, "1 2 500 700 -300 0.5 -1\n2 2 500 1306 -300 0.5 1\n")
    cable, straight = load_cell(shifted), Axon(internodes=6).cable()
    np.testing.assert_allclose(cable.length_um[1:], straight.length_um)
    np.testing.assert_allclose(cable.membrane_um[1:], straight.membrane_um)
    np.testing.assert_array_equal(cable.membrane[1:], straight.membrane)
    np.testing.assert_allclose(cable.center_m[1:, 1] - 606e-6, straight.center_m[:, 1], atol=1e-15)
    pulse = waveform("magpro-x100-monophasic")
    assert threshold(cable, pulse) == pytest.approx(threshold(Axon(internodes=6), pulse), rel=1e-9)


def test_a_cell_turned_with_the_field_keeps_its_threshold(tmp_path):
    pulse, length = waveform("magpro-x100-monophasic"), 808.0
    along_y = load_cell(write(tmp_path, f"1 2 0 0 0 0.5 -1\n2 2 0 {length} 0 0.5 1\n"))
    expected = threshold(along_y, pulse, tolerance=1e-4)
    s, c = length * math.sin(0.8), length * math.cos(0.8)
    turned = load_cell(write(tmp_path, f"1 2 0 0 0 0.5 -1\n2 2 {s} {c} 0 0.5 1\n"))
    assert threshold(turned, pulse, angle_rad=0.8, tolerance=1e-4) == pytest.approx(expected, rel=1e-3)
    assert threshold(turned, pulse, tolerance=1e-4) == pytest.approx(expected / math.cos(0.8), rel=1e-3)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no points"),
        ("# only a comment\n", "no points"),
        ("1 1 0 0 0 8\n", "6 columns; expected 7"),
        ("1 1 0 0 0 8 -1\n2 2 0 1\n", "differ in length"),
        ("1 1 0 0 zero 8 -1\n", "aren't numbers"),
        ("1 1 0 0 nan 8 -1\n", "NaN"),
        ("1.5 1 0 0 0 8 -1\n", "fraction"),
        ("1 1 0 0 0 8 -1\n1 2 0 9 0 1 1\n", "occurs twice"),
        ("1 1 0 0 0 8 -1\n2 6 0 9 0 1 1\n", "points of kind 6; expected 1 soma, 2 axon"),
        ("1 1 0 0 0 8 -1\n2 2 0 9 0 -1 1\n", "radii from -1"),
        ("1 1 0 0 0 0.0000008 -1\n2 2 0 9e-6 0 1e-6 1\n", "Is the file in um"),
        ("1 1 0 0 0 8 -1\n2 2 0 9e6 0 1 1\n", "9e.06 um across"),
        ("1 1 0 0 0 8 -1\n2 2 0 9 0 1 7\n", "point 2 follows 7, which isn't there"),
        ("1 1 0 0 0 8 -1\n2 2 0 9 0 1 -1\n", "2 points without a parent"),
        ("1 1 0 0 0 8 2\n2 2 0 9 0 1 1\n", "0 points without a parent"),
        ("1 1 0 0 0 8 -1\n2 2 0 9 0 1 3\n3 2 0 19 0 1 2\n", "run in a circle"),
        ("1 2 0 0 0 1 -1\n2 1 0 9 0 8 1\n", "a soma that doesn't begin at the first point"),
        ("1 1 0 0 0 8 -1\n2 2 0 20 0 1 1\n3 2 0 20 0 1 2\n4 2 0 20 0 1 2\n", "a branch without length"),
        ("1 1 0 0 0 8 -1\n2 2 0 5 0 1 1\n", "within the soma"),
        ("1 1 0 0 0 8 -1\n", "no branch"),
    ],
)  # fmt: skip
def test_bad_files_are_refused_in_one_sentence(text, says, tmp_path):
    with pytest.raises(InputError, match=says) as refused:
        load_cell(write(tmp_path, text))
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith("cell.swc: ")


def test_a_missing_file_or_one_of_bytes_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"none\.swc"):
        load_cell(tmp_path / "none.swc")
    path = tmp_path / "cell.swc"
    path.write_bytes(bytes(range(256)) * 20)
    with pytest.raises(InputError, match=r"cell\.swc"):
        load_cell(path)


def test_the_command_line_gives_the_threshold_of_a_cell(capsys, tmp_path):
    path = write(tmp_path, ROWS)
    assert main(["neuron", "cell", str(path), "--angle", "180 deg", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    expected = threshold(load_cell(path), waveform("magpro-x100-monophasic"), angle_rad=math.pi)
    assert said["threshold_V_per_m"] == pytest.approx(expected)
    assert said["nodes"] == 5
    for wrong in (["--simulator", "arbor"], ["--gradient", "5"]):
        assert main(["neuron", "cell", str(path), *wrong]) == 2
        assert capsys.readouterr().err.count("\n") == 1
