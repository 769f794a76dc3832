"""Connectomes from files, what is refused, and who fires by region."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmsim.core import InputError, OutsideModelError, stream
from tmsim.core.citations import citations
from tmsim.head.regions import _atlas
from tmsim.network import (
    BUILT_IN,
    Connectome,
    JansenRit,
    MeanField,
    Resting,
    Trials,
    activity,
    after_plasticity,
    connectome,
    evoked,
    parameters,
    recruited_by_region,
    resting,
    simulated_rest,
)
from tmsim.neuron.types import POPULATIONS, Recruitment, RegionRecruitment

SITE = "L_rostralmiddlefrontal"
ABC = "L_a,L_b,Lput\n0,1,2\n1,0,3\n2,3,0\n"


@pytest.fixture(scope="module")
def brain() -> Connectome:
    return connectome()


@pytest.fixture(scope="module")
def rest(brain) -> Resting:
    return resting(brain)


def small(**changed) -> Connectome:
    given = {"name": "small", "labels": ("L_a", "L_b", "Lput"), "weights": [[0, 1, 2], [1, 0, 3], [2, 3, 0]]}
    return Connectome(**{**given, **changed})


# Connectomes.


def test_the_built_in_connectome_has_the_regions_of_the_head_and_fourteen_below(brain):
    names, _, _ = _atlas()
    assert brain.labels[:68] == names
    assert brain.cortical.sum() == 68
    assert {label[1:] for label in brain.labels[68:]} == {
        "accumb", "amyg", "caud", "hippo", "pal", "put", "thal",
    }  # fmt: skip
    assert brain.functional is not None
    assert brain.functional.min() == 0  # clipped


def test_the_largest_eigenvalue_of_the_scaled_weights_is_one(brain):
    assert np.linalg.eigvalsh(brain.scaled)[-1] == pytest.approx(1.0)
    assert not brain.weights.flags.writeable
    assert not brain.scaled.flags.writeable


def test_lengths_are_those_between_places_in_the_brain(brain):
    lengths = brain.lengths_m
    one, other = brain.index("L_precentral"), brain.index("R_precentral")
    assert lengths[one, brain.index("L_postcentral")] == pytest.approx(0.02, abs=0.01)
    assert lengths[one, other] == pytest.approx(0.075, abs=0.015)
    assert lengths[brain.index("Lput"), brain.index("Rput")] == pytest.approx(0.05, abs=0.002)
    assert lengths.max() < 0.18


def test_a_connectome_of_the_user_reads_the_same_from_csv_with_and_without_row_labels_and_from_npz(tmp_path):
    plain, labelled, packed = (tmp_path / name for name in ("plain.csv", "labelled.csv", "packed.npz"))
    plain.write_text(ABC)
    labelled.write_text(",L_a,L_b,Lput\nL_a,0,1,2\nL_b,1,0,3\nLput,2,3,0\n")
    np.savez(packed, labels=["L_a", "L_b", "Lput"], weights=small().weights, lengths_m=np.ones((3, 3)) / 20)
    for path in (plain, labelled, packed):
        found = connectome(path)
        assert found.labels == ("L_a", "L_b", "Lput")
        assert (found.weights == small().weights).all()
        assert found.cortical.tolist() == [True, True, False]
    assert connectome(plain).lengths_m is None
    assert connectome(packed).delays_s(5.0)[0, 1] == pytest.approx(0.01)
    assert evoked(connectome(plain), {"L_a": 0.1}).potential_mV.shape == (3, 600)


def test_the_built_in_connectome_written_as_csv_is_the_same(brain, tmp_path):
    path = tmp_path / "own.csv"
    lines = [
        ",".join(brain.labels),
        *(",".join(map(repr, row)) for row in brain.weights.tolist()),
    ]
    path.write_text("\n".join(lines))
    assert (connectome(path).weights == brain.weights).all()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "0 lines; expected a first line of labels"),
        ("0,1\n1,0\n", "2 lines"),
        ("0,1,2\n1,0,3\n2,3,0\n", "no labels in its first line"),
        ("L_a,L_b,L_c\n0,1,2\n1,0,3\n", "2 lines of 3 to 3 numbers under 3 labels; expected a square matrix"),
        ("L_a,L_b,L_c\n0,1\n1,0\n2,1\n", "a square matrix"),
        ("L_a,L_b\n0,x\nx,0\n", "not a number: 'x'"),
        ("L_a,L_b\n0,nan\nnan,0\n", "NaN or infinite values"),
        ("L_a,L_b\n0,-1\n-1,0\n", "values from -1 to 0; expected 0 or more"),
        ("L_a,L_b\n0,1\n2,0\n", "not symmetric, by up to 1"),
        ("L_a,L_a\n0,1\n1,0\n", "2 labels, 1 different ones"),
        ("L_a,L_b\n0,0\n0,0\n", "0 everywhere"),
        (",L_a,L_b\nL_b,0,1\nL_a,1,0\n", "labels of lines differ"),
    ],
)
def test_a_matrix_that_cannot_be_used_is_refused_in_one_sentence(text, says, tmp_path):
    path = tmp_path / "own.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=says):
        connectome(path)


def test_files_that_are_no_connectome_are_refused(tmp_path):
    broken, bare, words = (tmp_path / name for name in ("broken.npz", "bare.npz", "words.npz"))
    broken.write_bytes(b"PK no")
    np.savez(bare, weights=np.ones((2, 2)))
    np.savez(words, labels=["a", "b"], weights=[["x", "y"], ["z", "w"]])
    binary = tmp_path / "binary.csv"
    binary.write_bytes(bytes(range(128, 256)) * 3)
    for path, says in (
        (broken, "not a readable npz file"),
        (bare, "no array labels"),
        (words, "arrays that hold no numbers"),
        (binary, "not a text"),
        (tmp_path / "none.csv", "is not there"),
        ("hcp", "expected enigma-82, or a .csv or .npz file"),
    ):
        with pytest.raises(InputError, match=says):
            connectome(path)


@given(st.text(max_size=60))
def test_any_text_is_a_connectome_or_a_refusal(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("wild") / "wild.csv"
    path.write_text(text, encoding="utf-8")
    try:
        found = connectome(path)
    except InputError:
        return
    assert found.weights.shape == (len(found.labels), len(found.labels))


def test_small_asymmetries_are_averaged_and_the_diagonal_is_left_out():
    found = small(weights=[[7, 1.0005, 2], [1, 7, 3], [2, 3, 7]])
    assert found.weights[0, 1] == found.weights[1, 0] == pytest.approx(1.00025)
    assert np.diag(found.weights).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"weights": [[0, 1], [1, 0]]}, r"shape \(2, 2\); expected \(3, 3\)"),
        ({"labels": ("a", "b")}, "shape"),
        ({"labels": ("a", "b", " ")}, "a name of its own"),
        ({"lengths_m": [[0, 40, 50], [40, 0, 60], [50, 60, 0]]}, "They are in metres"),
        ({"functional": [[1, 2, 0], [2, 1, 0], [0, 0, 1]]}, "Take Fisher z back"),
    ],
)
def test_parts_of_a_connectome_that_cannot_be_are_refused(changed, says):
    with pytest.raises(InputError, match=says):
        small(**changed)


def test_an_unknown_region_is_refused_and_near_ones_are_named(brain):
    with pytest.raises(InputError, match="Near: L_rostralmiddlefrontal"):
        brain.index("L_rostralmidlefrontal")


# What is refused.


@pytest.mark.parametrize(
    ("spec", "given", "says"),
    [
        (JansenRit, {"input_Hz": -1}, "0 to 1000 Hz"),
        (JansenRit, {"input_Hz": float("nan")}, "0 to 1000 Hz"),
        (JansenRit, {"coupling": -1}, "0 or more"),
        (JansenRit, {"speed_m_per_s": 0}, "0.1 to 200 m/s"),
        (Trials, {"count": 1}, "2 to 1000"),
        (Trials, {"noise_Hz": 0}, "above 0"),
        (Trials, {"seed": -1}, "0 or more"),
        (MeanField, {"coupling": float("inf")}, "0 or more"),
        (MeanField, {"target_Hz": 30}, "1 to 10 Hz"),
        (MeanField, {"noise": 0}, "published is 0.01"),
    ],
)
def test_specs_refuse_what_cannot_be(spec, given, says):
    with pytest.raises(InputError, match=says):
        spec(**given)


@pytest.mark.parametrize(
    ("recruited", "given", "says"),
    [
        ({}, {}, "none above 0"),
        ({SITE: 0.0}, {}, "none above 0"),
        ({SITE: 1.1}, {}, "0 to 1"),
        ({SITE: float("nan")}, {}, "0 to 1"),
        ({"M1": 0.1}, {}, "region"),
        ({SITE: 0.1}, {"cut_s": -0.1}, "time of the cut"),
        ({SITE: 0.1}, {"cut_s": 0.9}, "time of the cut"),
        ({SITE: 0.1}, {"duration_s": 0.1}, "0.3 to 600 s"),
    ],
)
def test_a_pulse_that_cannot_be_is_refused(brain, recruited, given, says):
    with pytest.raises(InputError, match=says):
        evoked(brain, recruited, **given)


def test_masses_without_rest_are_refused_with_the_cure(brain):
    with pytest.raises(OutsideModelError, match="take less than 113 Hz"):
        evoked(brain, {SITE: 0.1}, mass=JansenRit(input_Hz=114))
    with pytest.raises(OutsideModelError, match="At a coupling of 170 the regions drive each other"):
        evoked(brain, {SITE: 0.1}, mass=JansenRit(coupling=170))
    evoked(brain, {SITE: 0.1}, mass=JansenRit(input_Hz=113, coupling=1))
    with pytest.raises(OutsideModelError, match="lower the coupling"):
        resting(small(), mass=MeanField(coupling=4.0))


def test_a_response_that_does_not_come_back_says_so(brain):
    strong = evoked(brain, dict.fromkeys(brain.labels[:68], 1.0), mass=JansenRit(coupling=150))
    assert any("not come back to rest" in note for note in strong.notes)
    assert len(evoked(brain, {SITE: 0.1}).notes) == 1


def test_a_change_of_synapses_that_cannot_be_is_refused(rest):
    for what, says in (
        (("M1", 0.1), "region"),
        ((SITE, float("nan")), "-100 % to"),
        ((SITE, 3.0), "-100 % to"),
    ):
        with pytest.raises(InputError, match=says):
            after_plasticity(rest, *what)
    with pytest.raises(InputError, match="recurrent or outgoing"):
        after_plasticity(rest, SITE, 0.1, synapses="incoming")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="10 to 3600 s"):
        simulated_rest(rest, duration_s=1.0)


@pytest.mark.parametrize(
    ("given", "says"), [({"duration_s": 1.0}, "2 to 600 s"), ({"noise_Hz": -1.0}, "0 to 1000")]
)
def test_a_run_that_cannot_be_is_refused(brain, given, says):
    with pytest.raises(InputError, match=says):
        activity(brain, mass=JansenRit(), **given)


# What comes out.


def test_the_table_of_a_change_has_every_other_region_once_the_most_changed_first(brain, rest):
    change = after_plasticity(rest, SITE, 0.1)
    names = [row.region for row in change.regions]
    assert sorted([*names, SITE]) == sorted(brain.labels)
    sizes = [abs(row.fc_change) for row in change.regions]
    assert sizes == sorted(sizes, reverse=True)
    first = change.regions[0]
    assert first.fc_after - first.fc_before == pytest.approx(
        change.fc_change[brain.index(SITE), brain.index(first.region)]
    )


def test_a_site_that_leaves_the_band_of_rates_is_named(rest):
    strong = after_plasticity(rest, SITE, 0.5)
    assert any(f"Rates beyond 2.6 to 3.6 Hz: {SITE}" in note for note in strong.notes)
    assert len(after_plasticity(rest, SITE, 0.02).notes) == 1


def test_trials_depend_on_their_seed_and_number_alone(brain):
    first, same, other = (
        evoked(brain, {SITE: 0.2}, trials=Trials(count=3, seed=seed)).potential_mV for seed in (1, 1, 2)
    )
    assert (first == same).all()
    assert (first != other).any()
    assert (stream(1, "trial", 2).random(3) != stream(1, "trial", 1).random(3)).all()


def test_the_spread_between_trials_is_there_with_noise_alone(brain):
    assert evoked(brain, {SITE: 0.2}).spread_mV is None
    noisy = evoked(brain, {SITE: 0.2}, trials=Trials(count=4))
    assert noisy.spread_mV is not None
    assert noisy.spread_mV.min() >= 0
    assert any("mean of 4 trials" in note for note in noisy.notes)


def test_recruited_cells_of_a_region_are_the_mean_over_layers_of_pyramidal_cells():
    def row(region, *share):
        return RegionRecruitment(region=region, area_m2=1e-3, share=share)

    none = np.zeros(5)
    recruitment = Recruitment(
        model="directional",
        waveform="x",
        populations=POPULATIONS,
        fraction=np.zeros((5, 1)),
        motor_threshold_V_per_m=100.0,
        scale=1.0,
        area_m2=none,
        volume_m3=none,
        share=none,
        regions=(
            row(SITE, 0.9, 0.3, 0.9, 0.15, 0.0),
            row("unassigned", 0.0, 0.5, 0.0, 0.5, 0.5),
            row("L_insula", 0.5, 0.0, 0.5, 0.0, 0.0),
        ),
    )
    assert recruited_by_region(recruitment) == {SITE: pytest.approx(0.15)}


def test_every_number_has_a_source_that_is_in_the_bibliography():
    found = [
        entry
        for value in vars(parameters).values()
        for entry in (
            value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
        )
        if isinstance(entry, parameters.Parameter)
    ]
    assert len(found) > 30
    assert {entry.source for entry in found} - {"assumed"} <= set(citations())
    assert all(entry.status == "unverified" for entry in found if entry.source == "assumed")
    assert all("Lariviere2021" in source for source in BUILT_IN.values())
