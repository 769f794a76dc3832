"""The sphere heads that other tests stand on."""

from __future__ import annotations

import numpy as np
import pytest

from spheres import ellipsoid, folded, mapped, sphere_head
from tmsim.head.check import check
from tmsim.head.quality import matched_faces

RADII_m = (0.078, 0.080, 0.086, 0.092)


@pytest.fixture(scope="module", params=[0.01, 0.005])
def sphere(request):
    return sphere_head(RADII_m, cell_m=request.param)


def test_borders_lie_exactly_on_their_radii_and_nothing_between(sphere):
    radius = np.linalg.norm(sphere.nodes_m, axis=1)[sphere.tets]
    inner = 0.0
    for tag, outer in zip((2, 3, 4, 5), RADII_m, strict=True):
        mine = radius[sphere.tags == tag]
        assert mine.min() >= inner - 1e-12
        assert mine.max() <= outer + 1e-12
        # Nodes shared with the next tissue are on the border itself.
        shared = np.intersect1d(sphere.tets[sphere.tags == tag], sphere.tets[sphere.tags == tag + 1])
        if tag < 5:
            np.testing.assert_allclose(np.linalg.norm(sphere.nodes_m[shared], axis=1), outer, rtol=1e-12)
        inner = outer


def test_the_mesh_is_conforming_and_well_shaped(sphere):
    report = check(sphere)
    assert report.sound
    assert report.smallest_dihedral_deg.smallest > 8
    # Each inner face has two tetrahedra; outer ones form a closed surface on the outermost sphere.
    order, starts = matched_faces(sphere.tets)
    sizes = np.diff(starts, append=len(order))
    single = order[starts[sizes == 1]]
    corners = sphere.tets[single // 4][np.arange(4) != (single % 4)[:, None]]
    np.testing.assert_allclose(np.linalg.norm(sphere.nodes_m[corners], axis=1), RADII_m[-1], rtol=1e-12)


def test_volumes_approach_the_balls_at_second_order():
    exact = 4 / 3 * np.pi * RADII_m[-1] ** 3
    coarse, fine = (1 - sphere_head(RADII_m, cell_m=h).volumes_m3.sum() / exact for h in (0.01, 0.005))
    assert 0 < fine < 0.002
    assert np.log2(coarse / fine) == pytest.approx(2, abs=0.1)


def test_halving_the_cell_halves_edges_everywhere():
    coarse, fine = (check(sphere_head(RADII_m, cell_m=h)).edge_mm for h in (0.008, 0.004))
    assert coarse.median / fine.median == pytest.approx(2, rel=0.15)


@pytest.mark.parametrize("mapping", [ellipsoid, folded])
def test_mapped_spheres_stay_sound(sphere, mapping):
    assert check(mapped(sphere, mapping)).sound
