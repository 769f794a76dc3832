"""Our cable against the NEURON simulator: another discretisation of time and tree, other channels' code."""

from __future__ import annotations

import json
import math
import sys

import numpy as np
import pytest

from tmsim.cli import main
from tmsim.core import InputError, OutsideModelError
from tmsim.neuron import Axon, load_cell, threshold, threshold_in_neuron
from tmsim.neuron.cable_kernels import gates
from tmsim.pulse import waveform

# A pyramidal cell in little: soma, dendrite, an axon that forks twice and ends in four terminals.
CELL = """\
1 1 0 0 0 8 -1
2 4 0 150 0 1.0 1
3 3 60 -40 0 0.8 1
4 2 0 -8 0 0.6 1
5 2 0 -240 0 0.6 4
6 2 90 -330 40 0.5 5
7 2 210 -330 40 0.4 6
8 2 90 -460 40 0.4 6
9 2 -110 -300 -20 0.5 5
10 2 -200 -210 -20 0.4 9
11 2 -110 -315 -20 0.4 9
"""


@pytest.fixture(scope="module")
def cell(tmp_path_factory):
    path = tmp_path_factory.mktemp("swc") / "cell.swc"
    path.write_text(CELL)
    return path


@pytest.mark.parametrize("name", ["magpro-x100-monophasic", "ctms1-30us"])
def test_a_straight_axon_has_the_same_threshold_in_neuron(name):
    axon, pulse = Axon(internodes=6), waveform(name)
    ours = threshold(axon, pulse, tolerance=2e-3)
    assert threshold_in_neuron(axon, pulse, tolerance=2e-3) == pytest.approx(ours, rel=0.005)


@pytest.mark.parametrize(("degrees", "gradient_per_m"), [(0, 0.0), (110, 800.0)])
def test_a_branched_cell_has_the_same_threshold_in_neuron(cell, degrees, gradient_per_m):
    cable, pulse = load_cell(cell), waveform("magpro-x100-biphasic")
    at = {"angle_rad": math.radians(degrees), "gradient_per_m": gradient_per_m, "tolerance": 2e-3}
    assert threshold_in_neuron(cable, pulse, **at) == pytest.approx(threshold(cable, pulse, **at), rel=0.005)


def test_branches_that_meet_at_the_very_first_point_hang_together_in_neuron(tmp_path):
    path = tmp_path / "fork.swc"
    path.write_text("1 2 0 0 0 0.5 -1\n2 2 0 210 0 0.5 1\n3 2 0 -310 0 0.5 1\n")
    cable, pulse = load_cell(path), waveform("magpro-x100-monophasic")
    assert threshold_in_neuron(cable, pulse) == pytest.approx(threshold(cable, pulse), rel=0.006)


def test_channels_in_neuron_have_our_rates():
    from tmsim.neuron.neuron_simulator import _channels, _neuron

    h, (sodium, potassium) = _neuron(), _channels()
    v = np.array([-91.0, -72.0, -55.5, -37.0, -10.0, 33.0])
    rates = np.array([gates(x) for x in v])

    def pair(kind, channel, k):
        first, second = h.Vector(), h.Vector()
        getattr(channel.trans(k), kind)(h.Vector(v), first, second)
        return np.array(first), np.array(second)

    np.testing.assert_allclose(pair("ab", sodium, 0), rates[:, :2].T, rtol=1e-9)
    np.testing.assert_allclose(pair("ab", sodium, 1), rates[:, 2:4].T, rtol=1e-8)
    np.testing.assert_allclose(pair("inftau", potassium, 0), rates[:, 4:].T, rtol=1e-9)


def test_neuron_is_left_empty_and_is_not_shared():
    from tmsim.neuron.neuron_simulator import _neuron

    h = _neuron()
    assert not list(h.allsec())
    own = h.Section(name="of_somebody_else")
    with pytest.raises(InputError, match="NEURON: sections of another model"):
        threshold_in_neuron(Axon(), waveform("magpro-x100-monophasic"))
    del own


def test_no_spike_in_neuron_is_refused_as_in_ours():
    with pytest.raises(OutsideModelError, match="No spike"):
        threshold_in_neuron(Axon(internodes=3), waveform("magpro-x100-monophasic"), angle_rad=math.pi / 2)


def test_without_neuron_one_sentence_says_how_to_get_it(monkeypatch, cell, capsys):
    monkeypatch.setitem(sys.modules, "neuron", None)
    with pytest.raises(InputError, match=r"NEURON: not installed.*pip install 'tmsim\[neuron\]'"):
        threshold_in_neuron(Axon(), waveform("magpro-x100-monophasic"))
    assert main(["neuron", "cell", str(cell), "--simulator", "neuron"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_command_line_prints_only_json_with_neuron(cell, capfd):
    assert main(["neuron", "cell", str(cell), "--simulator", "neuron", "--json"]) == 0
    said = capfd.readouterr()
    assert json.loads(said.out)["simulator"] == "neuron"
    assert said.err == ""
