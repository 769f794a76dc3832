"""``tmsim target`` on a small folded head: table, JSON, files to go on with, and bad input."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

import tmsim.plan
from spheres import folded, mapped, sphere_head, write_mesh
from tmsim.cli import main
from tmsim.formats import navigation
from tmsim.head import Head
from tmsim.placement import check_clear, read_pose
from tmsim.plan.stages import coil_of, pose_of

TARGET = "head -20 20 66 mm"
QUICK = ("--radius", "8 mm", "--spacing", "8 mm", "--angles", "0 45 90 deg")


@pytest.fixture(scope="module")
def head_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shells = ((0.066, 0.078, 0.082, 0.086, 0.092), (1, 2, 3, 4, 5))
    head = mapped(sphere_head(*shells, cell_m=0.014), folded)
    return write_mesh(tmp_path_factory.mktemp("head") / "folded.msh", head)


def call(head: Path, *extra: str) -> list[str]:
    return ["target", "--head", str(head), "--target", TARGET, *QUICK, *extra]


def test_the_best_of_two_coils_as_files_to_go_on_with(head_file, tmp_path, capsys):
    out, picture = tmp_path / "best", tmp_path / "best.png"
    coils = ("--coil", "magstim-25mm-fig8", "--coil", "magventure-mc-b70")
    asked = call(head_file, *coils, "--objective", "vector", "--robust", "3 mm, 5 deg", "--json")
    assert main([*asked, "--out", str(out), "--picture", str(picture)]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["coil"] == "magventure-mc-b70"  # the larger one
    assert facts["verified_value"] == pytest.approx(facts["value"], rel=0.005)
    assert facts["second_order_value"] == pytest.approx(facts["value"], rel=0.1)
    assert facts["robust"]["fifth_percentile"] < facts["robust"]["expected"] < facts["value"]
    assert imread(picture).shape[1] == 2160

    # The plan leads to the same coil in the same place, and so do the files of navigation systems.
    plan = tmsim.plan.load(out / "plan.toml")
    head, coil = Head.load(plan.head.source), coil_of(plan)
    pose = pose_of(plan, head, coil)
    assert coil.name == facts["coil"]
    np.testing.assert_allclose(pose.to_simnibs_mm(), facts["pose_simnibs_mm"], atol=1e-5)
    check_clear(head, coil, pose)
    np.testing.assert_allclose(read_pose(out / "pose_simnibs.txt").matrix, pose.matrix, atol=1e-6)
    wanted = [facts["pose_simnibs_mm"], *facts["alternatives_simnibs_mm"]]
    for poses in (
        navigation.read_brainsight(out / "pose_brainsight.txt"),
        navigation.read_localite(out / "pose_localite.xml"),
    ):
        np.testing.assert_allclose(list(poses.values()), wanted, atol=1e-3)
    with (out / "map.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert max(float(row["value"]) for row in rows) == pytest.approx(facts["grid_value"])


def test_the_table_says_what_was_found_and_how_it_was_verified(head_file, capsys):
    assert main(call(head_file, "--tilt", "5 deg", "--coil", "magstim-25mm-fig8")) == 0
    said = capsys.readouterr().out
    for row in ("handle", "tilt about x, y", "the same, forward solve", "in second order"):
        assert row in said


BAD = {
    "a target without a place": (("--target", "F99"), "F99"),
    "a target off the head": (("--target", "head 0 0 900 mm"), "head 0 0 900"),
    "a coil that is not there": (("--coil", "magstim-71mm"), "magstim-71mm"),
    "an objective that is not there": (("--objective", "best"), "--objective"),
    "a direction of two numbers": (("--objective", "mean", "--direction", "head 1 0"), "--direction"),
    "a direction of NaN": (("--objective", "mean", "--direction", "head nan 0 1"), "NaN"),
    "a direction that counts for nothing": (("--direction", "inward"), "--objective mean"),
    "a radius without a unit": (("--radius", "20"), "--radius"),
    "a region of a metre": (("--region", "1 m"), "region"),
    "a negative spacing": (("--spacing", "-4 mm"), "spacing"),
    "a gap of words": (("--gap", "near"), "--gap"),
    "no angle": (("--angles", ""), "--angles"),
    "a step of nothing": (("--angles", "0 deg"), "--angles"),
    "a tilt over the edge": (("--tilt", "80 deg"), "tilt"),
    "half a placement error": (("--robust", "3 mm"), "--robust"),
    "a placement error of a metre": (("--robust", "1 m, 5 deg"), "placement error"),
    "a seed below zero": (("--robust", "3 mm, 5 deg", "--seed", "-1"), "seed"),
    "a dose of nothing": (("--didt", "0 A/us"), "dI/dt"),
    "recruited without a dose": (("--objective", "recruited"), "--objective"),
    "an order of three": (("--order", "3"), "order"),
    "a picture of another kind": (("--picture", "map.pdf"), "--picture"),
    "a folder in a folder that isn't": (("--out", "no/such/folder"), "parent"),
    "a head that is not there": (("--head", "nobody"), "nobody"),
    "a plan that is not there": (("missing.toml",), "missing.toml"),
}


@pytest.mark.parametrize("fault", BAD)
def test_bad_input_is_refused_in_one_sentence(fault, head_file, tmp_path, monkeypatch, capsys):
    words, says = BAD[fault]
    monkeypatch.chdir(tmp_path)
    assert main(call(head_file, *words)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("tmsim: ")
    assert captured.err.count("\n") == 1
    assert says in captured.err
    assert list(tmp_path.iterdir()) == []
