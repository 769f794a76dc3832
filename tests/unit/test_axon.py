"""Axons, cells and their thresholds: what they are made of, and what is refused."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmsim.cli import main
from tmsim.core import InputError, OutsideModelError
from tmsim.neuron import (
    Axon,
    AxonTerminal,
    Cable,
    Drive,
    Membrane,
    membrane_response,
    neuron_model,
    threshold,
)
from tmsim.pulse import waveform

PULSE = waveform("magpro-x100-monophasic")


@given(st.floats(0.2, 5.0), st.integers(3, 40), st.integers(2, 12))
def test_an_axon_is_internodes_of_100_diameters_with_a_node_behind_each(
    diameter_um, internodes, compartments
):
    axon = Axon(diameter_um=diameter_um, internodes=internodes)
    cable = axon.cable(compartments=compartments)
    assert len(cable.parent) == internodes * (compartments + 1)
    assert cable.length_um.sum() == pytest.approx(axon.length_um)
    assert axon.length_um == pytest.approx(internodes * (100 * diameter_um + 1))
    assert len(cable.nodes) == internodes
    assert (cable.length_um[cable.nodes] == 1).all()
    assert cable.membrane[-1] == Membrane.NODE  # the terminal, at the origin
    assert cable.center_m[-1, 1] == pytest.approx(-0.5e-6)
    g_ratio = cable.core_um / cable.membrane_um
    assert (g_ratio[cable.nodes] == 1).all()
    assert 0.4 <= g_ratio.min() <= 0.8 + 1e-12
    assert np.allclose(np.diff(cable.center_m[:, 1]), (cable.length_um[1:] + cable.length_um[:-1]) / 2e6)


def test_g_ratio_of_a_thick_axon_is_held_at_four_fifths():
    g_ratio = [
        (cable.core_um / cable.membrane_um).min()
        for cable in (Axon(diameter_um=d).cable() for d in (0.3, 1.0, 3.0))
    ]
    assert g_ratio == pytest.approx([0.5338, 0.7653, 0.8], abs=1e-4)


def test_silent_nodes_are_those_farthest_from_the_terminal():
    nodes = Axon(internodes=6, silent_nodes=2).cable().nodes
    assert nodes.tolist() == Axon(internodes=6).cable().nodes[2:].tolist()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Axon(diameter_um=0.1), "axon diameter: 0.1 um; expected 0.2 to 5 um"),
        (lambda: Axon(diameter_um=math.nan), "axon diameter: nan um"),
        (lambda: Axon(internodes=2), "internodes: 2; expected a whole number from 3 to 400"),
        (lambda: Axon(internodes=6.5), "internodes: 6.5"),
        (lambda: Axon(internodes=6, silent_nodes=4), "silent nodes: 4; expected a whole number from 0 to 3"),
        (lambda: AxonTerminal(terminals=0), "axon terminals: 0"),
        (lambda: threshold(Axon(), PULSE, angle_rad=4.0), "angle: 4 rad; expected 0 to pi"),
        (lambda: threshold(Axon(), PULSE, angle_rad=math.nan), "angle: nan rad"),
        (lambda: threshold(Axon(), PULSE, tolerance=0.0), "tolerance: 0"),
        (lambda: membrane_response(Axon(), PULSE, field_V_per_m=-1.0), "field: -1 V/m"),
        (lambda: membrane_response(Axon(), PULSE, field_V_per_m=math.nan), "field: nan V/m"),
    ],
)
def test_impossible_values_are_refused_in_one_sentence(make, says):
    with pytest.raises(InputError, match=says) as refused:
        make()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("gradient_per_m", [1001.0, -2e3, math.nan])
def test_gradients_that_nobody_studied_are_outside_the_model(gradient_per_m):
    with pytest.raises(OutsideModelError, match="field gradient: .* expected at most 100 %/mm"):
        threshold(Axon(), PULSE, gradient_per_m=gradient_per_m)


def cylinders(**changes) -> Cable:
    given = {
        "parent": [-1, 0, 1], "center_m": np.zeros((3, 3)), "length_um": [1.0, 1.0, 1.0],
        "core_um": [1.0, 1.0, 1.0], "membrane_um": [1.0, 1.0, 1.0], "membrane": [0, 0, 2],
    }  # fmt: skip
    return Cable(**given | changes)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"parent": [-1, 1, 0]}, "parents: not in order"),
        ({"parent": [0, 0, 1]}, "parents: not in order"),
        ({"parent": [-1, -1, 0]}, "parents: not in order"),
        ({"core_um": [1.0, 0.0, 1.0]}, "core without thickness"),
        ({"core_um": [1.0, 2.0, 1.0]}, "wider than its membrane"),
        ({"length_um": [1.0, -1.0, 1.0]}, "a length below 0"),
        ({"length_um": [0.0, 0.0, 1.0]}, "two joints in a row"),
        ({"length_um": [1.0, np.nan, 1.0]}, "compartment lengths: NaN"),
        ({"membrane": [0, 0, 4]}, "compartment membranes"),
        ({"center_m": np.zeros((2, 3))}, "compartment centres: shape"),
    ],
)
def test_cables_that_are_no_trees_of_cylinders_are_refused(changes, says):
    with pytest.raises(InputError, match=says):
        cylinders(**changes)


def test_a_cell_with_too_few_nodes_to_tell_a_spike_by_is_refused():
    with pytest.raises(InputError, match="cell: 1 nodes of Ranvier; expected at least 3"):
        threshold(cylinders(), PULSE)


def test_a_cable_can_not_be_changed():
    cable = Axon().cable()
    with pytest.raises(ValueError, match="read-only"):
        cable.parent[0] = 3


def test_terminals_point_the_same_way_for_the_same_seed_and_every_way_in_the_mean():
    model = AxonTerminal(seed=4, terminals=1000)
    ends = model.directions(0)
    np.testing.assert_array_equal(ends, AxonTerminal(seed=4, terminals=1000).directions(0))
    assert not np.array_equal(ends, model.directions(1))
    assert not np.array_equal(ends, AxonTerminal(seed=5, terminals=1000).directions(0))
    np.testing.assert_allclose(np.linalg.norm(ends, axis=1), 1.0)
    assert np.abs(ends.mean(axis=0)).max() < 0.1
    assert np.allclose((ends**2).mean(axis=0), 1 / 3, atol=0.05)


def test_the_model_gives_each_place_its_own_threshold():
    model = neuron_model("axon", terminals=5)
    drive = Drive(polar_rad=np.array([0.0, 1.0, 1.0]), gradient_per_m=np.array([0.0, 0.0, 600.0]))
    three = model.thresholds_V_per_m(drive, PULSE)
    assert three.shape == (1, 3)
    for k in range(3):
        np.testing.assert_allclose(model.thresholds_V_per_m(drive.at(k), PULSE)[:, 0], three[:, k])
    assert len({round(value, 6) for value in three[0]}) == 3
    with pytest.raises(OutsideModelError, match="100 %/mm"):
        model.thresholds_V_per_m(Drive(polar_rad=np.zeros(1), gradient_per_m=np.array([1500.0])), PULSE)


def test_a_cell_of_one_terminal_has_thresholds_or_none_but_no_nan():
    drive = Drive(polar_rad=np.linspace(0, math.pi, 50), gradient_per_m=np.linspace(-900, 900, 50))
    found = AxonTerminal(terminals=1).thresholds_V_per_m(drive, waveform("ctms1-30us"))
    assert not np.isnan(found).any()
    assert (found > 200).all()


def test_the_command_line_prints_thresholds_and_draws_the_membrane(capsys, tmp_path):
    picture = tmp_path / "membrane.png"
    argv = [
        "neuron",
        "threshold",
        "--model",
        "axon",
        "--diameter",
        "2 um",
        "--json",
        "--picture",
        str(picture),
    ]
    assert main(argv) == 0
    said = json.loads(capsys.readouterr().out)
    expected = threshold(Axon(diameter_um=2.0, internodes=6, silent_nodes=2), PULSE)
    assert said["terminal"]["threshold_V_per_m"] == pytest.approx(expected)
    assert said["thresholds_V_per_m"]["L5"] > expected
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert main(["neuron", "threshold", "--angle", "90 deg"]) == 0
    assert "L2/3" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--diameter", "1 um"], "--diameter: given with the model directional"),
        (["--picture", "x.png"], "--picture: given with the model directional"),
        (["--model", "axon", "--diameter", "1"], "--diameter: '1'"),
        (["--model", "axon", "--gradient", "500 %/mm"], "100 %/mm"),
        (["--angle", "200 deg"], "polar angle"),
        (["--waveform", "none"], "waveform"),
    ],
)
def test_the_command_line_refuses_in_one_sentence(options, says, capsys):
    assert main(["neuron", "threshold", *options]) == 2
    said = capsys.readouterr()
    assert says in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
