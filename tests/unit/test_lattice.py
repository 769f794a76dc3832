"""The lattice mesher against balls, whose volumes are known, and its kernels against plain NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from tmsim.core import InputError
from tmsim.formats.nifti import write_volume
from tmsim.head import Head, Labels
from tmsim.head import lattice_kernels as kernels
from tmsim.head.faults import find_faults
from tmsim.head.lattice import _lattice, borders, clean_contacts, mesh_labels, separated
from tmsim.head.quality import matched_faces, mean_ratio, signed_volumes_m3, smallest_dihedral_deg

CENTER_m = np.array([0.010, -0.020, 0.030])
RADII_mm = {2: 20.0, 3: 24.0, 4: 32.0, 5: 40.0}


def balls(affine_m: np.ndarray, shape: tuple[int, int, int], radii_mm: dict[int, float]) -> Labels:
    """Concentric balls round ``CENTER_m``, sampled at voxel centres."""
    index = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    radius_mm = 1e3 * np.linalg.norm(index @ affine_m[:3, :3].T + affine_m[:3, 3] - CENTER_m, axis=-1)
    tags = np.zeros(shape, np.uint8)
    for tag, outer_mm in reversed(radii_mm.items()):
        tags[radius_mm < outer_mm] = tag
    return Labels(tags=tags, affine_m=affine_m)


def grid(flip: bool = False) -> np.ndarray:
    """1 mm voxels with axes shuffled: i runs backward along y if flipped, j along x, k along z."""
    affine_m = np.zeros((4, 4))
    affine_m[1, 0], affine_m[0, 1], affine_m[2, 2] = -1e-3 if flip else 1e-3, 1e-3, 1e-3
    affine_m[:3, 3] = [-0.037, 0.030 if flip else -0.070, -0.0165]
    affine_m[3, 3] = 1
    return affine_m


@pytest.fixture(scope="module")
def mesh():
    return mesh_labels(balls(grid(), (100, 94, 93), RADII_mm), cell_m=0.004)


def test_volumes_are_those_of_the_balls(mesh):
    volumes_ml = signed_volumes_m3(mesh.nodes_m, mesh.tets) * 1e6
    assert volumes_ml.min() > 0
    inner, found = 0.0, 0.0
    for tag, outer_mm in RADII_mm.items():
        ball_ml = 4 / 3 * np.pi * (outer_mm / 10) ** 3
        mine = volumes_ml[mesh.tags == tag].sum()
        found += mine
        # A polyhedron with cells of a fifth of the radius has some 1 % less volume than its ball.
        assert found == pytest.approx(ball_ml, rel=0.02)
        assert mine == pytest.approx(ball_ml - inner, rel=0.03)
        inner = ball_ml


def test_halving_the_cell_brings_the_volume_nearer():
    exact = 4 / 3 * np.pi * 0.03**3
    error = [
        1 - signed_volumes_m3(m.nodes_m, m.tets).sum() / exact
        for m in (mesh_labels(balls(grid(), (100, 94, 93), {5: 30.0}), cell_m=h) for h in (0.008, 0.004))
    ]
    assert 0 < error[1] < 0.012 < error[0] < 0.04


def test_the_ball_lies_where_the_affine_puts_it(mesh):
    volumes = signed_volumes_m3(mesh.nodes_m, mesh.tets)
    middle = (mesh.nodes_m[mesh.tets].mean(axis=1) * volumes[:, None]).sum(axis=0) / volumes.sum()
    np.testing.assert_allclose(middle, CENTER_m, atol=1e-4)
    radius_mm = 1e3 * np.linalg.norm(mesh.nodes_m - CENTER_m, axis=1)
    order, starts = matched_faces(mesh.tets)
    single = order[starts[np.diff(starts, append=len(order)) == 1]]
    outer = mesh.tets[single // 4][np.arange(4) != (single % 4)[:, None]]
    # Cells are 4 and 5 mm, and nodes stay behind where moving them would crush a tetrahedron.
    assert np.abs(radius_mm[outer] - 40.0).mean() < 0.6
    for tag in (2, 3, 4):
        shared = np.intersect1d(mesh.tets[mesh.tags == tag], mesh.tets[mesh.tags == tag + 1])
        assert np.abs(radius_mm[shared] - RADII_mm[tag]).mean() < 0.6


def test_the_mesh_is_sound_well_shaped_and_its_borders_closed(mesh):
    assert find_faults(mesh) == ()
    assert smallest_dihedral_deg(mesh.nodes_m, mesh.tets).min() > 8
    for tag in RADII_mm:
        # Every edge of a closed border has an even number of its triangles.
        order, starts = matched_faces(mesh.tets[mesh.tags == tag])
        single = order[starts[np.diff(starts, append=len(order)) == 1]]
        corners = mesh.tets[mesh.tags == tag][single // 4][np.arange(4) != (single % 4)[:, None]].reshape(
            -1, 3
        )
        edges = np.sort(np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]), axis=1)
        assert (np.unique(edges, axis=0, return_counts=True)[1] % 2 == 0).all()


def test_the_brain_touches_csf_only(mesh):
    for nodes_of, other in ((2, 4), (2, 5)):
        shared = np.intersect1d(mesh.tets[mesh.tags == nodes_of], mesh.tets[mesh.tags == other])
        assert len(shared) == 0


def test_a_mirrored_affine_gives_positive_tetrahedra_in_the_same_place():
    flipped = mesh_labels(balls(grid(flip=True), (100, 94, 93), {5: 40.0}), cell_m=0.008)
    volumes = signed_volumes_m3(flipped.nodes_m, flipped.tets)
    assert volumes.min() > 0
    middle = (flipped.nodes_m[flipped.tets].mean(axis=1) * volumes[:, None]).sum(axis=0) / volumes.sum()
    np.testing.assert_allclose(middle, CENTER_m, atol=3e-4)
    assert volumes.sum() * 1e6 == pytest.approx(4 / 3 * np.pi * 4**3, rel=0.025)


def test_equal_input_gives_equal_bits_and_the_seed_matters_little():
    labels = balls(grid(), (100, 94, 93), {2: 20.0, 3: 24.0, 5: 30.0})
    one, two, other = (mesh_labels(labels, cell_m=0.005, seed=s) for s in (0, 0, 1))
    for name in ("nodes_m", "tets", "tags"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    np.testing.assert_array_equal(one.tets, other.tets)
    assert np.abs(one.nodes_m - other.nodes_m).max() < 0.005


def test_a_label_file_loads_as_a_head(tmp_path):
    labels = balls(
        np.array([[2e-3, 0, 0, -0.03], [0, 2e-3, 0, -0.06], [0, 0, 2e-3, -0.01], [0, 0, 0, 1]]),
        (40, 40, 40),
        {2: 25.0, 3: 29.0, 5: 35.0},
    )
    write_volume(tmp_path / "tissues.nii.gz", labels.tags, labels.affine_m)
    head = Head.load(tmp_path / "tissues.nii.gz")
    assert head.name == "tissues"
    assert head.volumes_m3.sum() * 1e6 == pytest.approx(4 / 3 * np.pi * 3.5**3, rel=0.02)
    assert head.labels is not None
    np.testing.assert_array_equal(head.labels.tags, labels.tags)


def test_bisection_leaves_no_hanging_node_and_no_sharp_angle():
    points, tets = _lattice(np.array([4, 4, 4]))
    volume = np.zeros((40, 40, 40), np.uint8)
    volume[15:24, 12:30, 20] = 1
    out, fine = kernels.bisect(points, tets, volume, np.zeros(3), np.full(3, 40 / 256), np.array([0, 3]), 2)
    assert len(fine) > 1.5 * len(tets)
    _, starts = matched_faces(fine)
    assert np.diff(starts, append=4 * len(fine)).max() == 2
    # Volume is kept, and so is the area of single faces: a hanging node would leave some inside.
    before, after = (
        np.abs(signed_volumes_m3(p.astype(float), t)).sum() for p, t in ((points, tets), (out, fine))
    )
    assert after == pytest.approx(before, rel=1e-12)
    order, starts = matched_faces(fine)
    single = order[starts[np.diff(starts, append=len(order)) == 1]]
    hull = matched_faces(tets)
    hull_single = hull[0][hull[1][np.diff(hull[1], append=len(hull[0])) == 1]]
    assert _area(out, fine, single) == pytest.approx(_area(points, tets, hull_single), rel=1e-12)
    assert smallest_dihedral_deg(out.astype(float), fine).min() > 44.9


def _area(points, tets, faces):
    corners = tets[faces // 4][np.arange(4) != (faces % 4)[:, None]].reshape(-1, 3)
    a, b, c = (points[corners[:, k]].astype(float) for k in range(3))
    return np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2


@pytest.mark.parametrize("compiled", [True, False])
def test_the_contrast_kernel_is_trilinear_interpolation(compiled):
    rng = np.random.default_rng(1)
    indicators = rng.integers(0, 255, (3, 6, 7, 8)).astype(np.uint8)
    kernel = kernels.contrast if compiled else kernels.contrast.py_func
    difference = indicators[2].astype(float) - indicators[0]
    gradient, h = np.empty(3), 1e-6

    def plain(p):
        return ndimage.map_coordinates(difference, np.reshape(p, (3, 1)), order=1)[0]

    for p in rng.random((20, 3)) * [4.9, 5.9, 6.9]:
        assert kernel(indicators, 2, 0, *p, gradient) == pytest.approx(plain(p), abs=1e-9)
        slope = [(plain(p + h * e) - plain(p - h * e)) / (2 * h) for e in np.eye(3)]
        if (np.abs(p - np.round(p)) > 2 * h).all():
            np.testing.assert_allclose(gradient, slope, atol=1e-4)


@pytest.mark.parametrize("compiled", [True, False])
def test_the_quality_kernel_is_the_mean_ratio(compiled):
    rng = np.random.default_rng(2)
    nodes = rng.random((30, 3))
    tets = np.array([rng.choice(30, 4, replace=False) for _ in range(40)])
    kernel = kernels.worst_quality if compiled else kernels.worst_quality.py_func
    found = [kernel(nodes, tets, np.arange(40), k, k + 1) for k in range(40)]
    np.testing.assert_allclose(found, mean_ratio(nodes, tets), rtol=1e-9)
    assert kernel(nodes, tets, np.arange(40), 3, 17) == pytest.approx(min(found[3:17]))


def test_csf_comes_between_even_where_the_volume_had_none():
    affine_m = np.diag([2e-3, 2e-3, 2e-3, 1.0])
    affine_m[:3, 3] = CENTER_m - 0.04
    bare = mesh_labels(balls(affine_m, (41, 41, 41), {1: 20.0, 5: 35.0}), cell_m=0.006)
    assert find_faults(bare) == ()
    assert set(bare.tags.tolist()) == {1, 3, 5}
    assert not np.intersect1d(bare.tets[bare.tags == 1], bare.tets[bare.tags == 5]).size


def test_separation_puts_csf_and_grey_matter_where_they_belong():
    tags = np.full((9, 9, 60), 5, np.uint8)
    for tag, stop in ((4, 40), (2, 30), (1, 20)):
        tags[:, :, :stop] = tag
    out = separated(tags, np.ones(3))[4, 4]
    # Brain against bone: one voxel of bone within 1.5 mm turns to CSF; white matter is deep enough.
    assert out.tolist() == [1] * 20 + [2] * 10 + [3] + [4] * 9 + [5] * 20
    tags[:, :, 20:30] = 3  # no cortex at all
    assert separated(tags, np.ones(3))[4, 4].tolist() == [1] * 19 + [2] + [3] * 10 + [4] * 10 + [5] * 20


def test_contacts_of_tetrahedra_are_relabelled():
    nodes = np.vstack([np.zeros(3), np.eye(3), np.ones(3) * 1.1])
    tets = np.array([[0, 1, 2, 3], [1, 2, 3, 4]], np.int32)
    for before, after in (([2, 4], [2, 3]), ([2, 5], [2, 3]), ([2, 3], [2, 3]), ([4, 5], [4, 5])):
        assert clean_contacts(nodes, tets, np.array(before, np.int32)).tolist() == after


def test_border_nodes_know_their_two_tissues():
    # Tissue 1 beside tissue 2, air (0) outside.
    nodes = np.vstack([np.zeros(3), np.eye(3), np.ones(3) * 1.1])
    tets = np.array([[0, 1, 2, 3], [1, 2, 3, 4]], np.int32)
    found = borders(tets, np.array([1, 2]), len(nodes))
    assert found.on_border.all()
    assert found.pairs[[0, 4]].tolist() == [[0, 1], [0, 2]]
    # Where both tissues meet the air, the junction is the ring 1-2-3, which its nodes follow.
    assert (found.pairs[1:4] == -1).all()
    assert found.near[found.near_starts[1] : found.near_starts[2]].tolist() == [2, 3]


@pytest.mark.parametrize("cell_m", [0.0, 0.0001, 0.1, np.nan])
def test_senseless_cells_are_refused(cell_m):
    with pytest.raises(InputError, match="cell"):
        mesh_labels(balls(grid(), (100, 94, 93), {5: 20.0}), cell_m=cell_m)
