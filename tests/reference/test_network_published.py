"""Published figures of the network, and a second of The Virtual Brain."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import numpy as np
import pytest

from tmsim.core.citations import citations
from tmsim.network import (
    Connectome,
    JansenRit,
    MeanField,
    activity,
    connectome,
    resting,
    similarity,
    simulated_rest,
)
from tmsim.network.parameters import (
    LONG_DELAYS,
    MEDIAN_DELAY_s,
    RATE_BAND_Hz,
    SPEED_m_per_s,
)

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def brain() -> Connectome:
    return connectome()


def test_each_stored_figure_has_its_source_and_recipe_and_was_not_changed():
    manifest = tomllib.loads((DATA / "MANIFEST.toml").read_text(encoding="utf-8"))
    assert set(manifest) == {path.name for path in DATA.iterdir()} - {"MANIFEST.toml"}
    for name, entry in manifest.items():
        assert hashlib.sha256((DATA / name).read_bytes()).hexdigest() == entry["sha256"]
        assert (Path(__file__).parents[2] / entry["recipe"]).is_file()
        assert entry["source"]
        assert entry["licence"]
    assert "SanzLeon2013" in citations()


def test_a_second_agrees_with_the_virtual_brain(brain):
    """82 coupled, delayed masses that oscillate: same equations, Heun, 1 ms (scripts/tvb_jansen_rit.py)."""
    with np.load(DATA / "tvb_jansen_rit.npz") as stored:
        time_s, potential_mV = stored["time_s"], stored["potential_mV"]
        mass = JansenRit(
            input_Hz=float(stored["input_Hz"]),
            coupling=float(stored["coupling"]),
            speed_m_per_s=float(stored["speed_m_per_s"]),
        )
    ours = activity(brain, mass=mass, duration_s=2.0)
    steps = np.searchsorted(ours.time_s, time_s - 1e-6)
    assert ours.time_s[steps] == pytest.approx(time_s)
    assert time_s[-1] == pytest.approx(1.0)
    assert np.ptp(potential_mV, axis=1).mean() > 1.0
    # Its history is kept in single precision, which leaves 1e-7 mV.
    assert np.abs(ours.potential_mV[:, steps] - potential_mV).max() < 1e-5


@pytest.mark.parametrize("input_Hz", [120, 160, 220, 270, 320])
def test_one_mass_has_an_alpha_rhythm(brain, input_Hz):
    """Jansen1995: 8 to 12 Hz for inputs of 120 to 320."""
    found = activity(brain, mass=JansenRit(input_Hz=input_Hz, coupling=0.0))
    assert ((found.peak_Hz >= 8) & (found.peak_Hz <= 12)).all()


def test_noise_over_120_to_320_has_an_alpha_rhythm(brain):
    """Jansen1995 drew the input evenly from that range: mean 220, standard deviation 58."""
    found = activity(brain, mass=JansenRit(input_Hz=220, coupling=0.0), noise_Hz=57.7, duration_s=20.0)
    assert ((found.peak_Hz >= 8) & (found.peak_Hz <= 12)).all()
    assert np.ptp(found.potential_mV[:, 5000:], axis=1).min() > 2.0


def test_weakly_coupled_masses_keep_their_alpha_rhythm(brain):
    found = activity(brain, mass=JansenRit(input_Hz=220, coupling=10.0))
    assert ((found.peak_Hz >= 8) & (found.peak_Hz <= 12)).all()


def test_conduction_delays_are_those_of_cortico_cortical_potentials(brain):
    """Lemarechal2022: median 10.2 ms between cortical regions, 16 % above 20 ms."""
    cortex = np.ix_(brain.cortical, brain.cortical)
    connected = brain.weights[cortex] > 0
    delays_s = brain.delays_s(SPEED_m_per_s.value)[cortex][connected]
    assert np.median(delays_s) == pytest.approx(MEDIAN_DELAY_s.value, rel=0.35)
    assert (delays_s > 0.02).mean() == pytest.approx(LONG_DELAYS.value, abs=0.06)


def test_the_built_in_connectome_is_that_of_the_enigma_toolbox(brain, shared):
    folder = shared / "data" / "connectome"
    assert list(brain.labels) == (folder / "strucLabels_with_sctx.csv").read_text().strip().split(",")
    weights = np.loadtxt(folder / "strucMatrix_with_sctx.csv", delimiter=",")
    fisher_z = np.loadtxt(folder / "funcMatrix_with_sctx.csv", delimiter=",")
    assert (brain.weights == weights).all()
    pairs = np.triu_indices(82, 1)
    assert brain.functional[pairs] == pytest.approx(np.tanh(fisher_z[pairs]), abs=1e-5)


def test_structure_and_function_of_the_cortex_go_together_as_computed_before(brain):
    """0.40 over all pairs of the cortex and 0.50 over connected ones, of Fisher z."""
    z = np.arctanh(np.where(np.eye(82, dtype=bool), 0.0, brain.functional))
    assert similarity(brain.weights, z, brain.cortical) == pytest.approx(0.40, abs=0.01)
    inside = np.flatnonzero(brain.cortical)
    edges = brain.weights[np.ix_(inside, inside)] * np.triu(np.ones((68, 68)), 1) > 0
    weights, strengths = brain.weights[np.ix_(inside, inside)][edges], z[np.ix_(inside, inside)][edges]
    assert np.corrcoef(weights, strengths)[0, 1] == pytest.approx(0.50, abs=0.01)


def test_simulated_and_given_connectivity_agree_at_the_working_coupling(brain):
    """At least 0.30 with all rates within 2.6 to 3.6 Hz; so over the cortex, not with the nuclei below it."""
    rest = resting(brain)
    assert similarity(rest.fc, brain.functional, brain.cortical) == pytest.approx(0.43, abs=0.01)
    assert similarity(rest.fc, brain.functional, np.ones(82, bool)) == pytest.approx(0.23, abs=0.01)
    low, high = (bound.value for bound in RATE_BAND_Hz)
    rates = simulated_rest(rest, duration_s=30.0).rates_Hz
    assert low < rates.min()
    assert rates.max() < high


def test_the_working_coupling_is_near_the_best(brain):
    found = {
        coupling: similarity(
            resting(brain, mass=MeanField(coupling=coupling)).fc, brain.functional, brain.cortical
        )
        for coupling in (0.2, 1.0, 1.4)
    }
    assert max(found.values()) - found[1.0] < 0.005
    assert found[0.2] < found[1.0]
