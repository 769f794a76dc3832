"""The uncertainty of a plan on a small head: what is printed and drawn, and what is never solved twice."""

from __future__ import annotations

import json

import numpy as np
import pytest

from spheres import folded, mapped, sphere_head, write_mesh
from tmsim import plan
from tmsim.cli import main
from tmsim.core.cache import Cache
from tmsim.field import uncertainty
from tmsim.plan import uncertainty as of_plan
from tmsim.plan.stages import coil_of, head_of, pose_of
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
[uncertainty]
held = "exactly"
borders = false
draws = 40
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uncertain")
    head = mapped(sphere_head((0.070, 0.078, 0.081, 0.086, 0.092), (1, 2, 3, 4, 5), cell_m=0.012), folded)
    write_mesh(folder / "folded.msh", head)
    np.savetxt(folder / "pose.txt", POSE)
    (folder / "plan.toml").write_text(PLAN)
    return folder / "plan.toml"


@pytest.fixture(scope="module")
def loaded(file):
    """Plan, head, coil and pose."""
    what = plan.load(file)
    head, coil = head_of(what), coil_of(what)
    return what, head, coil, pose_of(what, head, coil)


@pytest.fixture
def solved(monkeypatch):
    """What was solved: the numbers of the draws, and ``-1`` for sensitivities."""
    done = []
    draw, sensitivities = uncertainty.draw, of_plan.sensitivities

    def counted(study, number):
        done.append(number)
        return draw(study, number)

    def first_order(study, **options):
        done.append(-1)
        return sensitivities(study, **options)

    monkeypatch.setattr(uncertainty, "draw", counted)
    monkeypatch.setattr(of_plan, "sensitivities", first_order)
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def found(loaded, folder):
    return of_plan.uncertainty_of(*loaded, cache=Cache(folder=folder))


@pytest.fixture
def kept(found, folder, monkeypatch):
    """The command line finds in the cache what `found` left there."""
    monkeypatch.setattr("tmsim.core.cache.Cache", lambda: Cache(folder=folder))


def test_json_has_what_the_library_says(file, found, kept, solved, capsys):
    assert main(["uncertainty", str(file), "--json"]) == 0
    assert solved == []
    facts = json.loads(capsys.readouterr().out)
    assert (facts["draws"], facts["seed"]) == (40, 3)
    assert facts["sources"] == ["white_matter", "grey_matter", "csf", "bone", "scalp"]
    # Without a target the peak alone is read.
    assert [row["readout"] for row in facts["readouts"]] == ["peak"]
    assert facts["readouts"][0]["sd"] == found.drawn.spreads[0].sd
    assert facts["first_order"][0]["sd"] == found.linear[0].sd
    assert facts["variables"][1] == {
        "name": "grey_matter", "source": "grey_matter", "unit": "S/m", "nominal": 0.275,
        "distribution": "beta", "low": 0.1, "high": 0.6, "a": 3.0, "b": 3.0,
    }  # fmt: skip


def test_text_has_a_row_for_each_readout_and_each_source(file, found, kept, capsys):
    assert main(["uncertainty", str(file)]) == 0
    text = capsys.readouterr().out
    (spread,) = found.drawn.spreads
    row = next(line for line in text.splitlines() if line.startswith(spread.label))
    assert f"{spread.mean:.3f}  {100 * spread.sd / spread.mean:.1f} %" in row
    row = next(line for line in text.splitlines() if line.startswith("conductivity of grey matter"))
    assert "0.1 to 0.6 S/m" in row
    assert f"{spread.first_order[1]:.0%} ({spread.total[1]:.0%})" in row
    most = found.sources[spread.first_order.index(max(spread.first_order))]
    assert f"peak: most of it comes from the {most.label}, {max(spread.first_order):.0%}." in text
    assert "unverified" in text


def test_draws_are_kept_and_more_of_them_add_to_the_first(loaded, found, folder, solved):
    what, *rest = loaded
    again = of_plan.uncertainty_of(what, *rest, cache=Cache(folder=folder))
    assert solved == []
    assert again.linear == found.linear
    assert again.drawn.spreads == found.drawn.spreads
    more = what.model_copy(update={"uncertainty": what.uncertainty.model_copy(update={"draws": 42})})
    of_plan.uncertainty_of(more, *rest, cache=Cache(folder=folder))
    assert solved == [40, 41]


def test_a_run_that_was_stopped_goes_on(loaded, solved, tmp_path):
    def stop(text, done):
        if text.startswith("draw 5 "):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        of_plan.uncertainty_of(*loaded, cache=Cache(folder=tmp_path), progress=stop)
    assert solved == [-1, 0, 1, 2, 3]
    of_plan.uncertainty_of(*loaded, cache=Cache(folder=tmp_path))
    assert solved == [-1, *range(40)]


@pytest.mark.parametrize("changes", [{"held": "cap"}, {"borders": True}, {"order": 2}])
def test_other_inputs_are_another_study(loaded, found, folder, changes):
    what, *rest = loaded
    asked = what.uncertainty.model_copy(update=changes)
    other = of_plan.study_of(what.model_copy(update={"uncertainty": asked}), *rest)
    assert of_plan._content(other) != of_plan._content(of_plan.study_of(*loaded))


def test_first_order_needs_no_draws(file, found, kept, solved, capsys):
    assert main(["uncertainty", str(file), "--draws", "0", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert solved == []
    assert (facts["draws"], facts["readouts"]) == (0, [])
    (row,) = facts["first_order"]
    assert row["sd"] == pytest.approx(np.linalg.norm(row["sd_by_source"]))
    assert 0.5 < row["sd"] / found.drawn.spreads[0].sd < 2  # ranges are wide: first order is rough
    assert main(["uncertainty", str(file), "--draws", "0"]) == 0
    assert "ranges of conductivity are not small" in capsys.readouterr().out


def test_the_figure_shows_map_sources_and_shares(loaded, found):
    _, head, _, pose = loaded
    scatter, dominant, bar, shares = uncertainty_figure(head, pose, found.drawn).axes
    assert scatter.images
    assert dominant.images
    assert "% of the mean" in bar.get_xlabel()
    spreads = found.drawn.spreads
    widths = np.array([patch.get_width() for patch in shares.patches]).reshape(-1, len(spreads))
    assert widths[:-1] == pytest.approx(100 * np.array([spread.first_order for spread in spreads]).T)
    assert widths.sum(axis=0) == pytest.approx(100)


def test_the_picture_is_written(file, kept, tmp_path, capsys):
    assert main(["uncertainty", str(file), "--picture", str(tmp_path / "u.png")]) == 0
    assert (tmp_path / "u.png").read_bytes().startswith(b"\x89PNG")
