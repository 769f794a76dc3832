"""The built-in head as shipped: the figures of the mesh it was made from, at life size."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from tmsim.core import InputError
from tmsim.head import Head, builtin_names, metadata
from tmsim.head.builtin import DATA, pack_mesh, unpack_mesh
from tmsim.head.check import check
from tmsim.head.quality import signed_volumes_m3

LIFE = 0.92
VOLUMES_MNI_ml = {"white matter": 568, "grey matter": 926, "CSF": 491, "bone": 555}


@pytest.fixture(scope="module")
def report(colin27):
    return check(colin27)


def test_it_has_the_tetrahedra_and_volumes_of_its_recipe(report):
    assert (report.n_tets, report.n_nodes) == (1_068_082, 179_215)
    for tissue, mni_ml in VOLUMES_MNI_ml.items():
        assert report.volumes_ml[tissue] == pytest.approx(mni_ml * LIFE**3, rel=0.002)
    assert sum(report.tets_by_tissue.values()) == report.n_tets


def test_it_is_of_life_size(report):
    # 1.96 l in the label volume at MNI size is 1.53 l; the separation added CSF where bone was.
    assert report.intracranial_ml == pytest.approx(1530, rel=0.02)
    np.testing.assert_allclose(report.extent_mm, (166.2, 196.0, 160.6), atol=0.5)
    assert 14 < report.scalp_cortex_mm.median < 20


def test_it_is_sound_and_well_shaped(report):
    assert report.sound
    assert report.smallest_dihedral_deg.smallest > 4
    assert {"bone", "scalp"}.isdisjoint(report.brain_contacts)


def test_it_is_upright_with_left_to_the_left(colin27):
    f = colin27.fiducials
    assert f.nasion[1] > 0.07
    assert f.inion[1] < -0.09
    assert f.lpa[0] < -0.06 < 0.06 < f.rpa[0]
    eyes = colin27.centers_m[colin27.tags == 6]
    assert (eyes[:, 1] > 0.03).all()
    assert {False, True} == set((eyes[:, 0] > 0).tolist())


def test_fiducials_lie_on_the_skin(colin27):
    f = colin27.fiducials
    skin = colin27.skin
    for point in (f.nasion, f.inion, f.lpa, f.rpa):
        assert np.linalg.norm(skin.points_m - point, axis=1).min() < 0.003


def test_mni_and_back_is_the_same_point_and_the_scale_is_ours(colin27):
    mni_m = np.array([[-0.038, 0.044, 0.026], [0, 0, 0]])
    head_m = colin27.from_mni(mni_m)
    np.testing.assert_allclose(head_m, LIFE * mni_m, atol=1e-12)
    np.testing.assert_allclose(colin27.to_mni(head_m), mni_m, atol=1e-12)


def test_labels_agree_with_the_mesh(colin27):
    index = np.linalg.solve(
        colin27.labels.affine_m, np.column_stack([colin27.centers_m, np.ones(len(colin27.tets))]).T
    )
    i, j, k = np.round(index[:3]).astype(int)
    same = colin27.labels.tags[i, j, k] == colin27.tags
    # The rest lies at borders, which were smoothed and separated after the labels.
    assert np.average(same, weights=colin27.volumes_m3) > 0.9
    voxel_m = np.diag(colin27.labels.affine_m)[:3]
    np.testing.assert_allclose(voxel_m, 0.75e-3 * LIFE, rtol=1e-6)


def test_its_files_are_small_enough_to_ship_and_say_where_they_come_from():
    sizes = [p.stat().st_size for p in (DATA / "colin27").iterdir()]
    assert sum(sizes) < 15e6
    assert max(sizes) < 8.5e6
    about = metadata("colin27")
    assert "mricron-data" in about["licence"]
    assert "MNI" in about["licence"]
    assert any("too thick" in defect for defect in about["known_defects"])
    assert "colin27" in builtin_names()


def test_packing_keeps_a_mesh_to_the_last_but_its_order(tmp_path, colin27):
    some = colin27.tets[:5000]
    used, tets = np.unique(some, return_inverse=True)
    nodes_m, tets = colin27.nodes_m[used], tets.reshape(-1, 4).astype(np.int32)
    pack_mesh(tmp_path / "mesh.npz", nodes_m, tets, colin27.tags[:5000])
    nodes, packed, tags = unpack_mesh(tmp_path / "mesh.npz")
    before, after = signed_volumes_m3(nodes_m, tets), signed_volumes_m3(nodes, packed)
    np.testing.assert_allclose(np.sort(after), np.sort(before), rtol=1e-9)
    assert np.bincount(tags).tolist() == np.bincount(colin27.tags[:5000]).tolist()


def test_importing_reads_no_head():
    # The open-hook would see a data file that is touched while importing.
    code = (
        "import sys\n"
        "touched = []\n"
        "sys.addaudithook(lambda e, a: touched.append(str(a[0])) if e == 'open' else None)\n"
        "import tmsim, tmsim.head\n"
        "sys.exit(any('colin27' in name for name in touched))\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(InputError, match="colin27"):
        Head.load("colin")
