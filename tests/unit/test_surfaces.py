"""Border surfaces and the mid-cortical surface, on shells where both are known in closed form."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from spheres import ellipsoid, mapped, sphere_head
from tmsim.core import InputError
from tmsim.head.locate import locate
from tmsim.head.surfaces import grey_surface, mid_cortex, outer_surface, skull_surface

INNER, OUTER = (
    0.062,
    0.076,
)  # of grey matter; thick, so that the middle in potential is not the middle in metres


@pytest.fixture(scope="module")
def head():
    return sphere_head((INNER, OUTER, 0.079, 0.085, 0.092), (1, 2, 3, 4, 5), cell_m=0.0045)


@pytest.fixture(scope="module")
def cortex(head):
    return mid_cortex(head, spacing_m=0.004)


def enclosed_m3(surface):
    first = surface.points_m[surface.triangles[:, 0]]
    return np.einsum("ij,ij->", first, surface.triangle_area_vectors_m2) / 3


def edge_counts(surface):
    t = surface.triangles
    edges = np.sort(np.concatenate([t[:, [0, 1]], t[:, [1, 2]], t[:, [2, 0]]]), axis=1)
    return np.unique(edges, axis=0, return_counts=True)[1]


@pytest.mark.parametrize(
    ("surface_of", "tags"),
    [(outer_surface, (1, 2, 3, 4, 5)), (skull_surface, (1, 2, 3, 4)), (grey_surface, (1, 2))],
)
def test_a_border_surface_is_closed_and_encloses_its_tissues_exactly(head, surface_of, tags):
    surface = surface_of(head)
    assert set(edge_counts(surface)) == {2}
    wanted = head.volumes_m3[np.isin(head.tags, tags)].sum()
    assert enclosed_m3(surface) == pytest.approx(wanted, rel=1e-12)  # the sign says: outward


def test_the_border_is_what_a_plain_count_of_faces_says():
    head = mapped(sphere_head((0.05, 0.06), (2, 5), cell_m=0.02), ellipsoid)
    count = Counter()
    for tet in head.tets.tolist():
        for k in range(4):
            count[frozenset(tet[:k] + tet[k + 1 :])] += 1
    plain = {face for face, n in count.items() if n == 1}
    used = np.flatnonzero(np.isin(np.arange(len(head.nodes_m)), [i for face in plain for i in face]))
    found = {frozenset(used[t].tolist()) for t in outer_surface(head).triangles}
    assert found == plain


def test_an_island_off_the_head_is_no_part_of_the_skin(head):
    n = len(head.nodes_m)
    island = np.array([[0.2, 0, 0], [0.21, 0, 0], [0.2, 0.01, 0], [0.2, 0, 0.01]])
    more = replace(
        head,
        nodes_m=np.concatenate([head.nodes_m, island]),
        tets=np.concatenate([head.tets, [[n, n + 1, n + 2, n + 3]]]),
        tags=np.concatenate([head.tags, [5]]),
    )
    assert len(outer_surface(more).triangles) == len(outer_surface(head).triangles)


def test_the_middle_of_a_spherical_cortex_is_where_its_potential_is_a_half(cortex):
    # u = (1/a - 1/r) / (1/a - 1/b) is one half at the harmonic mean, 0.7 mm below the arithmetic one.
    radius = np.linalg.norm(cortex.points_m, axis=1)
    harmonic = 2 * INNER * OUTER / (INNER + OUTER)
    assert np.median(radius) == pytest.approx(harmonic, abs=2e-4)
    assert np.abs(radius - harmonic).max() < 1.5e-3
    assert cortex.areas_m2.sum() == pytest.approx(4 * np.pi * harmonic**2, rel=0.02)


def test_the_cortex_is_closed_and_its_normals_and_columns_point_outward(cortex):
    assert set(edge_counts(cortex)) == {2}
    radial = cortex.points_m / np.linalg.norm(cortex.points_m, axis=1, keepdims=True)
    assert (cortex.normals * radial).sum(axis=1).min() > 0.9
    assert (cortex.column * radial).sum(axis=1).min() > 0.97
    np.testing.assert_allclose(np.linalg.norm(cortex.column, axis=1), 1, rtol=1e-12)


def test_every_point_of_the_cortex_lies_in_the_grey_tetrahedron_it_names(head, cortex):
    assert (head.tags[cortex.tets] == 2).all()
    corners = head.nodes_m[head.tets[cortex.tets]]
    edges = (corners[:, 1:] - corners[:, :1]).transpose(0, 2, 1)
    share = np.linalg.solve(edges, (cortex.points_m - corners[:, 0])[..., None])[..., 0]
    assert share.min() > -1e-6
    assert share.sum(axis=1).max() < 1 + 1e-6


def test_the_cortex_comes_out_the_same_twice(head, cortex):
    again = mid_cortex(head, spacing_m=0.004)
    for name in ("points_m", "triangles", "tets", "column"):
        assert (getattr(again, name) == getattr(cortex, name)).all()


def test_the_spacing_of_the_cortex_is_what_was_asked_for(cortex):
    # In a lattice of equilateral triangles each point has sqrt(3)/2 times the spacing squared.
    wanted = cortex.areas_m2.sum() / (np.sqrt(3) / 2 * 0.004**2)
    assert len(cortex.points_m) == pytest.approx(wanted, rel=0.03)


def test_a_head_without_white_matter_has_no_cortex():
    with pytest.raises(InputError, match="no grey matter between white matter and CSF"):
        mid_cortex(sphere_head(cell_m=0.02))
    with pytest.raises(InputError, match="spacing"):
        mid_cortex(sphere_head(cell_m=0.02), spacing_m=0.0)


def test_points_are_located_as_a_search_of_every_tetrahedron_does(head):
    rng = np.random.default_rng(1)
    points = rng.uniform(-0.1, 0.1, (300, 3))
    corners = head.nodes_m[head.tets]
    inverse = np.linalg.inv((corners[:, 1:] - corners[:, :1]).transpose(0, 2, 1))
    for tags in (None, (2, 3)):
        found = locate(head, points, tags=tags)
        for point, tet in zip(points, found, strict=True):
            share = np.einsum("tij,tj->ti", inverse, point - corners[:, 0])
            inside = (share.min(axis=1) >= 0) & (share.sum(axis=1) <= 1)
            if tags is not None:
                inside &= np.isin(head.tags, tags)
            assert inside.any() == (tet >= 0)
            assert tet < 0 or inside[tet]
    assert (locate(head, points, tags=(9,)) == -1).all()
