"""Voxels show the tetrahedron at their centre, in the frame of the image."""

import numpy as np
import pytest

from spheres import sphere_head
from tmsim.core.frames import apply
from tmsim.field.grid import grid_round, on_grid, tets_on_grid
from tmsim.head.locate import locate


@pytest.fixture(scope="module")
def head():
    return sphere_head(cell_m=0.012)


def turned_affine(voxel_m):
    """Axes as a scanner has them: turned, first axis to the left, centre off the origin."""
    c, s = np.cos(0.3), np.sin(0.3)
    affine = np.eye(4)
    affine[:3, :3] = np.array([[-c, s, 0], [s, c, 0], [0, 0, 1]]) * voxel_m
    affine[:3, 3] = [0.085, -0.11, -0.07]
    return affine


def test_each_voxel_holds_the_tetrahedron_at_its_centre(head):
    shape, affine = (17, 20, 15), turned_affine(0.009)
    tets = tets_on_grid(head, affine, shape)
    centres = apply(affine, np.stack(np.indices(shape), axis=-1).reshape(-1, 3).astype(float))
    assert np.array_equal(tets.ravel(), locate(head, centres))
    assert 0.3 < (tets >= 0).mean() < 0.9


def test_the_volume_of_the_voxels_is_that_of_the_head(head):
    affine, shape = grid_round(head, voxel_m=0.003)
    tets = tets_on_grid(head, affine, shape)
    assert (tets >= 0).sum() * 0.003**3 == pytest.approx(head.volumes_m3.sum(), rel=0.003)
    edge = np.ones(shape, bool)
    edge[1:-1, 1:-1, 1:-1] = False
    assert (tets[edge] >= 0).sum() <= 6  # the poles alone


def test_a_linear_field_keeps_its_axes_and_is_zero_outside(head):
    affine, shape = turned_affine(0.006), (26, 30, 22)
    volume = on_grid(head.centers_m, tets_on_grid(head, affine, shape))
    centres = apply(affine, np.stack(np.indices(shape), axis=-1).astype(float))
    inside = np.linalg.norm(centres, axis=-1) < 0.085
    assert volume.dtype == np.float32
    assert np.abs(volume - centres)[inside].max() < 0.02  # a barycentre is within its tetrahedron's reach
    assert np.abs((volume - centres)[inside].mean(axis=0)).max() < 5e-4
    assert (volume[np.linalg.norm(centres, axis=-1) > 0.093] == 0).all()
