"""Local refinement: what is split fits together, keeps its shape and its place, and comes out the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spheres import folded, mapped, sphere_head
from tmsim.core import InputError, stream
from tmsim.head import locate
from tmsim.head.quality import EDGES, matched_faces, mean_ratio
from tmsim.head.refine import RefinedHead
from tmsim.head.types import Head, Origin

RADII_m = (0.070, 0.078, 0.080, 0.086, 0.092)
TAGS = (1, 2, 3, 4, 5)
SPOT_m = np.array([0.01, 0.0, 0.072])


@pytest.fixture(scope="module")
def head() -> Head:
    return mapped(sphere_head(RADII_m, TAGS, cell_m=0.009), folded)


def towards_a_spot(head: Head, rounds: int) -> RefinedHead:
    """Refined again and again round a place, each time nearer."""
    refined = RefinedHead.of(head)
    for k in range(rounds):
        refined = refined.split(np.linalg.norm(refined.head.centers_m - SPOT_m, axis=1) < 0.025 * 0.6**k)
    return refined


def scattered(head: Head, rounds: int) -> RefinedHead:
    """Refined at random places: the most kinds of neighbours."""
    refined, rng = RefinedHead.of(head), stream(0, "mesh")
    for _ in range(rounds):
        refined = refined.split(rng.choice(len(refined.parent), 80, replace=False))
    return refined


@pytest.fixture(scope="module", params=[towards_a_spot, scattered])
def refined(request, head) -> RefinedHead:
    return request.param(head, 4)


def one_tetrahedron() -> Head:
    nodes = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    origin = Origin(source="", sha256="")
    return Head(name="one", nodes_m=nodes, tets=np.array([[0, 1, 2, 3]]), tags=np.array([3]), origin=origin)


def area_of_single_faces(head: Head) -> float:
    order, starts = matched_faces(head.tets)
    sizes = np.diff(starts, append=len(order))
    assert set(sizes.tolist()) == {1, 2}
    single = order[starts[sizes == 1]]
    corners = np.array([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])[single % 4]
    a, b, c = head.nodes_m[np.take_along_axis(head.tets[single // 4], corners, axis=1)].transpose(1, 0, 2)
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def test_every_face_inside_is_shared_by_two(head, refined):
    """Any hanging node would leave faces that only one tetrahedron has, within the head."""
    assert area_of_single_faces(refined.head) == pytest.approx(area_of_single_faces(head), rel=1e-12)


def test_volumes_stay_in_all_and_in_each_tetrahedron(head, refined):
    fine = refined.head
    assert fine.volumes_m3.min() > 0
    np.testing.assert_allclose(
        np.bincount(refined.parent, fine.volumes_m3), head.volumes_m3, rtol=1e-11, atol=0
    )
    assert np.array_equal(fine.tags, head.tags[refined.parent])


def test_what_is_marked_is_split_and_nodes_stay_where_they_were(head):
    refined = RefinedHead.of(head)
    marked = np.flatnonzero(np.linalg.norm(head.centers_m - SPOT_m, axis=1) < 0.02)
    once = refined.split(marked)
    assert (np.bincount(once.parent)[marked] >= 8).all()
    assert len(once.parent) - len(head.tets) < 25 * len(marked)  # and not all the rest with it
    assert np.array_equal(once.nodes_m[: len(head.nodes_m)], head.nodes_m)
    far = np.linalg.norm(head.centers_m - SPOT_m, axis=1) > 0.05
    assert (np.bincount(once.parent)[far] == 1).all()


def test_shapes_stay_bounded_however_often_a_place_is_refined(head):
    worst = [mean_ratio(r.nodes_m, r.head.tets).min() for r in (towards_a_spot(head, k) for k in range(7))]
    assert min(worst) > 0.4 * worst[0]
    assert min(worst[4:]) > 0.99 * min(worst[1:4])


def test_pieces_of_random_neighbours_keep_their_shape(head):
    first = mean_ratio(head.nodes_m, head.tets)
    refined = scattered(head, 5)
    assert (mean_ratio(refined.nodes_m, refined.head.tets) / first[refined.parent]).min() > 0.25


def test_one_tetrahedron_makes_eight_of_equal_volume():
    refined = RefinedHead.of(one_tetrahedron()).split([0])
    np.testing.assert_allclose(refined.head.volumes_m3, 1 / 48, rtol=1e-12)
    assert len(refined.nodes_m) == 10


@pytest.mark.parametrize("edge", range(6))
def test_a_neighbour_of_a_split_one_is_cut_where_they_meet(edge):
    """Two tetrahedra on one edge alone: the other is halved at it, whichever edge of it that is."""
    i, j = EDGES[edge]
    corners = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    middle = (corners[i] + corners[j]) / 2
    away = middle + 2 * (middle - corners.mean(axis=0))
    side = np.cross(corners[j] - corners[i], away - middle)
    nodes = np.concatenate([corners, [away + side, away - side]])
    other = np.array([i, j, 4, 5])
    volume = np.linalg.det(nodes[other[1:]] - nodes[other[0]])
    if volume < 0:
        other = other[[1, 0, 2, 3]]
    tets, tags = np.array([[0, 1, 2, 3], other]), np.array([3, 4])
    pair = replace(one_tetrahedron(), nodes_m=nodes, tets=tets, tags=tags)
    refined = RefinedHead.of(pair).split([1])
    assert np.bincount(refined.parent).tolist() == [2, 8]
    assert refined.head.volumes_m3.min() > 0


def test_points_are_found_in_the_small_tetrahedra(head, refined):
    rng = stream(1, "mesh")
    tets = rng.choice(np.flatnonzero(np.bincount(refined.parent) > 1), 200)
    points = np.einsum("na,nak->nk", rng.dirichlet(np.ones(4), 200), head.nodes_m[head.tets[tets]])
    assert np.array_equal(refined.tets_within(tets, points), locate(refined.head, points))


def test_the_cortex_is_the_same_in_smaller_tetrahedra(head):
    refined = towards_a_spot(head, 2)
    cortex = refined.head.cortex
    assert np.array_equal(cortex.points_m, head.cortex.points_m)
    assert np.array_equal(refined.parent[cortex.tets], head.cortex.tets)
    assert (refined.head.tags[cortex.tets] == 2).all()


def test_means_over_the_tetrahedra_of_the_base_are_by_volume(head):
    refined = towards_a_spot(head, 2)
    slope = np.array([[1.0, 2, 3], [0, -1, 2], [5, 0, 1]])
    means = refined.mean_over_base(refined.head.centers_m @ slope)
    np.testing.assert_allclose(means, head.centers_m @ slope, atol=1e-12)


def test_tensors_go_with_their_tetrahedra(head):
    tensors = np.multiply.outer(1 + np.arange(len(head.tets)), np.eye(3))
    refined = RefinedHead.of(replace(head, tensors_S_per_m=tensors)).split([5])
    assert np.array_equal(refined.head.tensors_S_per_m[:, 0, 0], 1 + refined.parent)


def test_equal_marks_give_equal_bits_whatever_their_order(head):
    some = stream(2, "mesh").choice(len(head.tets), 50, replace=False)
    one, two = (RefinedHead.of(head).split(marks).head for marks in (some, some[::-1]))
    assert np.array_equal(one.tets, two.tets)
    assert np.array_equal(one.nodes_m, two.nodes_m)


def test_a_tetrahedron_that_is_not_there_is_refused(head):
    with pytest.raises(InputError, match="beyond the"):
        RefinedHead.of(head).split([len(head.tets)])
