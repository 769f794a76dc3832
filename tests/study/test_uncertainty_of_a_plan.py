"""The uncertainty of a plan on a small head: what is printed and drawn, and what is never solved twice."""

from __future__ import annotations

import json

import numpy as np
import pytest

from spheres import folded, mapped, sphere_head
from tmsim import plan
from tmsim.cli import main
from tmsim.core.cache import Cache
from tmsim.field import Study, uncertainty
from tmsim.formats import msh
from tmsim.plan.uncertainty import study_of, uncertainty_of
from tmsim.report.uncertainty import uncertainty_figure

POSE = np.array([[1.0, 0, 0, 0], [0, -1.0, 0, 0], [0, 0, -1.0, 98.0], [0, 0, 0, 1.0]])
PLAN = """
seed = 3
[head]
source = "folded.msh"
[coil]
source = "magstim-25mm-fig8"
[placement]
pose_file = "pose.txt"
"""
FEW = ["--samples", "14", "--held", "none", "--no-borders"]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uncertain")
    head = mapped(sphere_head((0.070, 0.078, 0.081, 0.086, 0.092), (1, 2, 3, 4, 5), cell_m=0.010), folded)
    mesh = msh.MshFile(
        nodes_mm=head.nodes_m * 1e3,
        tets=head.tets,
        tet_tags=head.tags,
        triangles=np.empty((0, 3), np.int32),
        triangle_tags=np.empty(0, np.int32),
    )
    msh.write(folder / "folded.msh", mesh)
    np.savetxt(folder / "pose.txt", POSE)
    (folder / "plan.toml").write_text(PLAN)
    return folder / "plan.toml"


@pytest.fixture
def drawn(monkeypatch):
    """The numbers of the draws that were solved, as a list that grows."""
    done = []
    draw = uncertainty.draw

    def counted(study, number):
        done.append(number)
        return draw(study, number)

    monkeypatch.setattr(uncertainty, "draw", counted)
    return done


@pytest.fixture(scope="module")
def outcome(file):
    study = study_of(plan.load(file), scatter="none", borders=False)
    return study, uncertainty_of(study, 14)


def test_json_has_what_the_library_says(file, outcome, capsys):
    study, said = outcome
    assert main(["uncertainty", str(file), *FEW, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["draws"], facts["seed"]) == (14, 3)
    assert facts["sources"] == ["white_matter", "grey_matter", "csf", "bone", "scalp"]
    assert [row["sd"] for row in facts["readouts"]] == [spread.sd for spread in said.spreads]
    assert facts["variables"][1]["low"] == study.variables[1].distribution.low == 0.1
    assert facts["variables"][1]["nominal"] == 0.275


def test_text_has_a_row_for_each_readout_and_each_source(file, outcome, capsys):
    assert main(["uncertainty", str(file), *FEW]) == 0
    text = capsys.readouterr().out
    for spread in outcome[1].spreads:
        row = next(line for line in text.splitlines() if line.startswith(spread.label))
        assert f"{spread.mean:.3f}  {100 * spread.sd / abs(spread.mean):.1f} %" in row
    row = next(line for line in text.splitlines() if line.startswith("conductivity of grey matter"))
    assert "0.1 to 0.6 S/m" in row
    assert f"{outcome[1].spreads[0].first_order[1]:.0%}" in row
    assert "unverified" in text


def test_draws_are_kept_and_more_of_them_add_to_the_first(file, drawn, tmp_path):
    cache = Cache(folder=tmp_path)
    study = study_of(plan.load(file), scatter="none", borders=False)
    first = uncertainty_of(study, 12, cache=cache)
    assert drawn == list(range(12))
    again = uncertainty_of(study, 12, cache=cache)
    assert drawn == list(range(12))
    assert again.spreads == first.spreads
    uncertainty_of(study, 14, cache=cache)
    assert drawn == list(range(14))


def test_another_seed_or_input_is_another_study(file, drawn, tmp_path):
    cache = Cache(folder=tmp_path)
    for options in ({}, {"seed": 4}, {"radius_m": 0.02}, {"order": 1}):
        study = study_of(plan.load(file), scatter="none", borders=False, **options)
        uncertainty_of(study, 12, cache=cache)
    assert len(drawn) == 3 * 12


def test_first_order_needs_no_draws(file, drawn, capsys):
    assert main(["uncertainty", str(file), "--linear", "--held", "cap", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert drawn == []
    assert {"grey_matter", "position", "gap", "tilt", "angle", "outer_skull"} <= set(facts["sources"])
    for row in facts["readouts"]:
        assert row["sd"] == pytest.approx(np.linalg.norm(row["sd_by_source"]))
    assert main(["uncertainty", str(file), "--linear", "--held", "none", "--no-borders"]) == 0
    assert "ranges of conductivity are not small" in capsys.readouterr().out


def test_the_figure_shows_map_sources_and_shares(outcome):
    figure = uncertainty_figure(*outcome)
    scatter, dominant, bar, shares = figure.axes
    assert scatter.images
    assert dominant.images
    assert "% of the mean" in bar.get_xlabel()
    spreads = outcome[1].spreads
    widths = np.array([patch.get_width() for patch in shares.patches]).reshape(-1, len(spreads))
    assert widths[:-1] == pytest.approx(100 * np.array([spread.first_order for spread in spreads]).T)
    assert widths.sum(axis=0) == pytest.approx(100)
    assert "grey matter" in figure.legends[0].get_texts()[0].get_text()


def test_the_picture_is_written(file, tmp_path, capsys):
    assert main(["uncertainty", str(file), *FEW, "--picture", str(tmp_path / "u.png")]) == 0
    assert (tmp_path / "u.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--samples", "3"], "draws: 3; expected at least"),
        (["--held", "loosely"], "'loosely'; expected tracked, cap or none"),
        (["--order", "3"], "expected 1 or 2"),
        (["--radius", "4"], "--radius"),
        (["--radius", "2 m"], "up to 100 mm"),
        (["--seed", "-1"], "expected 0 or more"),
        (["--linear", "--picture", "u.png"], "beside --linear"),
    ],
)
def test_bad_options_are_refused_in_one_sentence(file, options, sentence, capsys):
    assert main(["uncertainty", str(file), *options]) == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_a_study_reads_the_cortex_under_the_coil_where_there_is_no_target(file):
    study = study_of(plan.load(file), scatter="none", borders=False)
    assert isinstance(study, Study)
    weights = study.readouts[0].weights
    centre = weights @ study.solver.head.cortex.points_m
    assert centre[2] > 0.05
    assert np.linalg.norm(centre[:2]) < 0.03
