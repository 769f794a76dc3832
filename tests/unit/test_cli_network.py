"""``tmsim network`` in tables, JSON and pictures."""

from __future__ import annotations

import json

import numpy as np
import pytest
from matplotlib.image import imread

from tmsim.cli import main
from tmsim.network import (
    Connectome,
    Trials,
    after_plasticity,
    connectome,
    evoked,
    resting,
)
from tmsim.report.network import change_figure, connectivity_figure, evoked_figure

SITE = "L_rostralmiddlefrontal"


def test_the_built_in_connectome_is_told_with_what_it_cannot_show(capsys):
    assert main(["network", "connectome"]) == 0
    said = capsys.readouterr().out
    assert "clipped at 0" in said
    assert main(["network", "connectome", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["regions"], facts["cortical"], len(facts["labels"])) == (82, 68, 82)
    assert facts["functional_min"] == 0
    assert facts["structure_function_r_cortex"] == pytest.approx(0.39, abs=0.01)


def test_a_connectome_of_ones_own_goes_through_all_commands(tmp_path, capsys):
    path = tmp_path / "own.csv"
    path.write_text("L_a,L_b,Lput\n0,1,2\n1,0,3\n2,3,0\n")
    assert main(["network", "connectome", str(path)]) == 0
    assert main(["network", "evoked", "--connectome", str(path), "--at", "L_a=0.2"]) == 0
    assert main(["network", "rest", "--connectome", str(path), "--at", "L_a", "--coupling", "0.5"]) == 0
    said = capsys.readouterr().out
    assert "L_a  *" in said
    assert "r with the measured" not in said


def test_the_evoked_table_has_the_site_first_and_the_late_part_gone_where_connections_are_cut(capsys):
    assert main(["network", "evoked", "--at", f"{SITE}=0.13", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["recruited"] == {SITE: 0.13}
    assert max(facts["early_mV"], key=lambda name: facts["early_mV"][name]) == SITE
    late, cut = (
        sum(value for name, value in facts[key].items() if name != SITE) for key in ("late_mV", "late_cut_mV")
    )
    assert cut < 0.15 * late
    assert len(facts["potential_mV"][SITE]) == len(facts["time_s"])
    assert main(["network", "evoked", "--coupling", "0", "--speed", "5 m/s", "--cut", "0 ms"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith(f"{SITE}  *")
    assert any("assumed volley" in line for line in lines)


def test_rest_is_told_with_its_change(capsys):
    assert main(["network", "rest"]) == 0
    said = capsys.readouterr().out
    assert "3.08 Hz in all regions" in said
    assert "0.43 over pairs of the cortex" in said
    assert main(["network", "rest", "--at", SITE, "--change", "-20", "--synapses", "outgoing", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["change"] == -0.2
    assert all(row["fc_after"] < row["fc_before"] for row in facts["regions"])
    assert np.shape(facts["fc"]) == (82, 82)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["connectome", "hcp"], "connectome: 'hcp'; expected enigma-82"),
        (["evoked", "--at", "M1"], "region: 'M1'"),
        (["evoked", "--at", f"{SITE}=much"], "--at:"),
        (["evoked", "--at", f"{SITE}=2"], "expected 0 to 1"),
        (["evoked", "--cut", "50"], "--cut: '50'; expected a number with one of the units s"),
        (["evoked", "--speed", "4 m"], "--speed: '4 m'"),
        (["evoked", "--coupling", "900"], "drive each other out of rest"),
        (["evoked", "--trials", "1"], "2 to 1000"),
        (["rest", "--synapses", "incoming"], "recurrent or outgoing"),
        (["rest", "--picture", "rest.pdf"], "a .png file"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_sentence(command, says, capsys):
    assert main(["network", *command]) == 2
    said = capsys.readouterr()
    assert says in said.err
    assert len(said.err.splitlines()) == 1
    assert said.out == ""


def test_pictures_are_written_whole(tmp_path, capsys):
    """Of regions that no head has, so that none needs to be loaded."""
    path = tmp_path / "own.csv"
    path.write_text("a,b,c,d\n0,1,2,1\n1,0,3,1\n2,3,0,2\n1,1,2,0\n")
    for name, command in (
        ("evoked", ["evoked", "--at", "a"]),
        ("change", ["rest", "--at", "b", "--change", "5"]),
        ("rest", ["rest"]),
    ):
        picture = tmp_path / f"{name}.png"
        command = [*command, "--connectome", str(path), "--picture", str(picture)]
        assert main(["network", *command]) == 0
        assert imread(picture).shape[1] == 2160
    assert len(list(tmp_path.iterdir())) == 4


def test_regions_are_drawn_on_the_cortex_of_a_head(colin27):
    """Red where correlations with the left site rise: most on the left, and the site itself grey."""
    figure = change_figure(after_plasticity(resting(connectome()), SITE, 0.3), head=colin27)
    left, _, right = (
        ax.images[0].get_array() for part in figure.subfigs for ax in part.axes if ax.images and not ax.lines
    )

    def redness(image):
        seen = np.asarray(image)[..., :3].astype(float)
        seen = seen[seen.sum(axis=-1) < 3 * seen.max() - 30]
        return (seen[:, 0] - seen[:, 2]).mean() / seen.mean()

    assert redness(left) > redness(right) > 0.1


def test_the_evoked_figure_draws_each_region_once_with_and_once_without_connections():
    wiring = connectome()
    whole, cut = (evoked(wiring, {SITE: 0.13}, cut_s=cut_s) for cut_s in (None, 0.05))
    figure = evoked_figure(whole, cut)
    drawn = [line for ax in figure.axes for line in ax.lines if len(line.get_xdata()) == len(whole.time_s)]
    assert len(drawn) == 2 * 82
    assert len(evoked_figure(whole).axes) == 3


def test_figures_can_be_drawn_of_any_connectome():
    weights = np.ones((3, 3)) - np.eye(3)
    tiny = Connectome(name="tiny", labels=("x", "y", "z"), weights=weights)
    noisy = evoked(tiny, {"x": 0.1, "y": 0.1, "z": 0.1}, trials=Trials(count=3))
    assert evoked_figure(noisy).axes
    rest = resting(tiny, mass=None)
    assert connectivity_figure(rest).axes
    assert change_figure(after_plasticity(rest, "x", 0.0)).axes
    measured = Connectome(name="m", labels=("x", "y", "z"), weights=weights, functional=np.eye(3) * 0.9 + 0.1)
    assert connectivity_figure(resting(measured)).axes
