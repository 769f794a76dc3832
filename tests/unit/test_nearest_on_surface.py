"""Signed distance to a triangle surface, against the closed form of a box."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tmsim.core import Surface
from tmsim.head.locate import nearest_on_surface

HALF = np.array([0.03, 0.05, 0.02])


def box():
    """A closed box of twelve triangles, each face cut along a diagonal."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * HALF
    quads = [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
    triangles = np.array([t for a, b, c, d in quads for t in ([a, b, c], [a, c, d])], np.int32)
    return Surface(points_m=corners, triangles=triangles)


def box_distance(points):
    q = np.abs(points) - HALF
    return np.linalg.norm(np.maximum(q, 0), axis=1) + np.minimum(q.max(axis=1), 0)


coordinate = st.floats(-0.12, 0.12, allow_nan=False)


@given(st.lists(st.tuples(coordinate, coordinate, coordinate), min_size=1, max_size=20))
def test_the_distance_to_a_box_is_the_closed_form(points):
    points = np.array(points)
    nearest = nearest_on_surface(box(), points)
    np.testing.assert_allclose(np.abs(nearest.distance_m), np.abs(box_distance(points)), atol=1e-12)
    np.testing.assert_allclose(box_distance(nearest.points_m), 0, atol=1e-12)


def test_inside_is_negative_and_outside_positive():
    points = np.random.default_rng(3).uniform(-0.1, 0.1, (2000, 3))
    np.testing.assert_allclose(nearest_on_surface(box(), points).distance_m, box_distance(points), atol=1e-12)


def test_the_named_triangle_holds_the_place():
    surface = box()
    nearest = nearest_on_surface(surface, np.random.default_rng(4).uniform(-0.1, 0.1, (50, 3)))
    first = surface.points_m[surface.triangles[nearest.triangles, 0]]
    normal = surface.triangle_area_vectors_m2[nearest.triangles]
    assert np.abs(((nearest.points_m - first) * normal).sum(axis=1)).max() < 1e-12
