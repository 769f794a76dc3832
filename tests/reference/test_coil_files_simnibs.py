"""Coils against the files that SimNIBS has of them; skipped where the files aren't."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tmsim.coil import Coil
from tmsim.core import InputError, stream


@pytest.fixture(scope="module")
def files() -> Path:
    folder = Path(__file__).parents[2].parent / "shared" / "data" / "coils"
    if not folder.is_dir():
        pytest.skip("no folder shared/data/coils beside the project: sample coil files are not ours to ship")
    return folder


@pytest.fixture(scope="module")
def in_head() -> np.ndarray:
    """A head-sized ball, its top 4 mm under the casing."""
    rng = stream(3, "mesh")
    x = rng.normal(size=(3000, 3))
    x *= (0.09 * rng.random(3000) ** (1 / 3) / np.linalg.norm(x, axis=1))[:, None]
    return x + np.array([0, 0, 0.094])


def relative(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


def test_generated_figure8_agrees_with_the_dipoles_made_from_its_x_ray(files, in_head):
    theirs = Coil.load(files / "Magstim_70mm_Fig8.ccd").vector_potential(in_head)
    # The middle of their wire lies 6.5 mm above the casing's face, of ours 6 mm: hold ours 0.5 mm higher.
    ours = Coil.load("magstim-70mm-fig8").vector_potential(in_head + np.array([0, 0, 0.0005]))
    assert relative(ours, theirs) < 0.03
    assert np.sum(ours * theirs) / np.sum(theirs**2) == pytest.approx(1, abs=0.02)


def test_sampled_potential_agrees_with_the_dipoles_it_was_sampled_from(files, in_head):
    dipoles = Coil.load(files / "Magstim_70mm_Fig8.ccd")
    grid = Coil.load(files / "Magstim_70mm_Fig8.nii.gz")
    assert relative(grid.vector_potential(in_head), dipoles.vector_potential(in_head)) < 0.01
    deep = in_head[in_head[:, 2] > 0.02]
    assert relative(grid.vector_potential(deep), dipoles.vector_potential(deep)) < 0.001
    assert relative(grid.flux_density(deep), dipoles.flux_density(deep)) < 0.01


@pytest.mark.parametrize("name", ["Magstim_70mm_Fig8.ccd", "MagStim_D70.ccd"])
def test_files_and_generated_coils_have_the_same_sign(files, name):
    at = np.array([[0, 0, 0.02]])
    ours = -Coil.load("magstim-70mm-fig8").vector_potential(at)[0, 1]
    theirs = -Coil.load(files / name).vector_potential(at)[0, 1]
    assert ours > 0
    assert theirs > 0.8 * ours


def test_header_of_the_dipole_file_is_kept(files):
    coil = Coil.load(files / "MagStim_D70.ccd")
    assert coil.didt_max_A_per_s == pytest.approx(114.73e6)
    assert (coil.label, coil.brand, coil.stimulator) == ("D70", "Magstim", "Magstim Rapid")
    assert len(coil.element_points_m) == 964


def test_twin_coil_loads_with_casing_waveform_and_moving_parts(files):
    path = files / "MagVenture_MST-Twin.tcd"
    coil = Coil.load(path)
    assert [len(part.positions_m) for part in coil.elements] == [2036, 2036]
    assert coil.didt_max_A_per_s == pytest.approx(200.08e6)
    assert coil.casing is not None
    # Metres, not millimetres: the coil is about a quarter of a metre wide.
    assert np.ptp(coil.element_points_m[:, 0]) == pytest.approx(0.241, abs=0.005)
    assert coil.waveform is not None
    assert np.abs(coil.waveform.didt).max() == 1
    # The wings mirror each other; turning both about their mirrored axes keeps that.
    bent = Coil.load(path, deformation={2: -5.0, "range5": -5.0})
    left, right = bent.elements
    assert left.positions_m[:, 0].min() == pytest.approx(-right.positions_m[:, 0].max(), abs=0.01)
    moved = np.linalg.norm(left.positions_m - coil.elements[0].positions_m, axis=1)
    arm = coil.elements[0].positions_m[:, [0, 2]] - (0.0169, 0.0536)
    np.testing.assert_allclose(moved, 2 * np.sin(np.radians(2.5)) * np.linalg.norm(arm, axis=1), rtol=1e-9)
    with pytest.raises(InputError, match="-10 to 0"):
        Coil.load(path, deformation={2: 5.0})
