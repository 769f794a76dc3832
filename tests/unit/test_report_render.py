"""The rasteriser against plain NumPy, and pictures whose content is known in advance."""

from itertools import permutations

import numpy as np
import pytest

from tmsim.core import InputError, Surface, stream
from tmsim.report.kernels import composite, face_the_eye, interpolate, light, occlude, rasterise, slice_tets
from tmsim.report.render import render
from tmsim.report.shapes import balls, creased, smooth, wires
from tmsim.report.slices import line
from tmsim.report.types import Camera, Mesh

FORMS = pytest.mark.parametrize("form", ["compiled", "plain"])
RED, BLUE = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)


def of_form(kernel, form):
    return kernel if form == "compiled" else kernel.py_func


def rasterised(xyz_px, triangles, shape, form="compiled"):
    depth = np.full(shape, np.inf, dtype=np.float32)
    face, weights = np.full(shape, -1, dtype=np.int32), np.zeros((*shape, 2), dtype=np.float32)
    of_form(rasterise, form)(np.asarray(xyz_px, float), np.asarray(triangles, np.int32), depth, face, weights)
    return depth, face, weights


def twin(xyz_px, triangles, shape):
    """Every triangle at every pixel: barycentric weights from a 3x3 solve, the nearest kept."""
    rows, columns = np.indices(shape) + 0.5
    depth, face = np.full(shape, np.inf), np.full(shape, -1)
    for t, corners in enumerate(np.asarray(xyz_px)[triangles]):
        system = np.vstack([corners[:, :2].T, np.ones(3)])
        pixels = np.stack([columns.ravel(), rows.ravel(), np.ones(rows.size)])
        shares = np.linalg.solve(system, pixels).T.reshape(*shape, 3)
        z = shares @ corners[:, 2]
        nearer = (shares.min(axis=-1) >= 0) & (z < depth)
        depth[nearer], face[nearer] = z[nearer], t
    return depth, face


@FORMS
def test_each_pixel_shows_the_nearest_triangle_over_its_centre(form):
    xyz = stream(1, "mesh").uniform((-4, -4, 0), (28, 20, 9), (30, 3))
    triangles = np.arange(30).reshape(10, 3)
    depth, face, _ = rasterised(xyz, triangles, (16, 24), form)
    expected_depth, expected_face = twin(xyz, triangles, (16, 24))
    assert (face == expected_face).mean() > 0.99  # ties at edges aside
    same = face == expected_face
    np.testing.assert_allclose(depth[same], expected_depth[same], rtol=1e-5)
    assert len(np.unique(face)) > 5


@FORMS
def test_neighbouring_triangles_leave_no_gap_and_cover_nothing_else(form):
    square = [[2, 3, 1], [10, 3, 1], [10, 9, 1], [2, 9, 1]]
    _, face, _ = rasterised(square, [[0, 1, 2], [0, 2, 3]], (12, 14), form)
    expected = np.zeros((12, 14), dtype=bool)
    expected[3:9, 2:10] = True
    np.testing.assert_array_equal(face >= 0, expected)


@FORMS
def test_values_at_pixels_are_linear_between_the_corners(form):
    xyz = np.array([[0.0, 0, 5], [16, 0, 5], [0, 16, 5]])
    triangles = np.array([[0, 1, 2]], dtype=np.int32)
    _, face, weights = rasterised(xyz, triangles, (16, 16))
    out = np.zeros((16, 16, 2), dtype=np.float32)
    values = np.column_stack([3 * xyz[:, 0] + 1, -2 * xyz[:, 1]])  # linear, so it must come back as it is
    of_form(interpolate, form)(face, weights, triangles, values, out)
    rows, columns = np.nonzero(face >= 0)
    assert len(rows) > 100
    expected = np.column_stack([3 * (columns + 0.5) + 1, -2 * (rows + 0.5)])
    np.testing.assert_allclose(out[rows, columns], expected, atol=1e-4)
    assert not out[face < 0].any()


@FORMS
def test_layers_are_blended_from_far_to_near_in_whatever_order_they_come(form):
    rng = stream(2, "mesh")
    colours, alpha = rng.random((3, 2, 4, 3)), rng.random((3, 2, 4))
    depth = np.array([3.0, 1.0, 2.0])[:, None, None] + np.zeros((3, 2, 4))
    far, near, middle = range(3)
    expected = np.zeros((2, 4, 4))
    for n in (far, middle, near):
        a = alpha[n][..., None]
        expected = a * np.concatenate([colours[n], np.ones((2, 4, 1))], axis=-1) + (1 - a) * expected
    for order in permutations(range(3)):
        out, k = np.zeros((2, 4, 4)), list(order)
        of_form(composite, form)(colours[k], alpha[k], depth[k], out)
        np.testing.assert_allclose(out, expected, rtol=1e-12)


@FORMS
def test_a_plane_has_an_open_sky_and_the_floor_of_a_groove_has_not(form):
    columns = np.indices((40, 40))[1]
    toward_eye = np.tile([0.0, 0.0, -1.0], (40, 40, 1))
    plane, groove = np.full((40, 40), 7.0), np.where(np.abs(columns - 20) < 3, 12.0, 7.0)
    hidden = {}
    for name, depth in (("plane", plane), ("groove", groove)):
        hidden[name] = np.zeros((40, 40))
        of_form(occlude, form)(depth, toward_eye, 12.0, 24, hidden[name])
    assert not hidden["plane"].any()
    assert hidden["groove"][10:30, 20].mean() > 0.15
    assert hidden["groove"][10:30, 30].mean() < 0.02  # the land beside it keeps its sky


@FORMS
def test_light_comes_from_the_upper_left_and_normals_are_turned_to_the_eye(form):
    normals = np.array([[[-1, -1, -1.0], [1, 1, -1.0], [1, 1, 1.0]]])  # the last is the first from behind
    of_form(face_the_eye, form)(normals)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=-1), 1)
    np.testing.assert_allclose(normals[0, 2], normals[0, 0])
    colours = np.full((1, 3, 3), 0.5)
    zero, one = np.zeros((1, 3)), np.ones((1, 3))
    of_form(light, form)(np.zeros((1, 3), dtype=np.int32), normals, zero, one, colours)
    assert colours[0, 0, 0] > 1.5 * colours[0, 1, 0]
    assert colours[0, 2, 0] == pytest.approx(colours[0, 0, 0])


def test_light_makes_no_colour_brighter_than_the_colour_bar_has_it():
    normals = stream(4, "mesh").normal(size=(1, 500, 3))
    face_the_eye(normals)
    colours = np.full((1, 500, 3), 0.5)
    light(np.zeros((1, 500), dtype=np.int32), normals, np.zeros((1, 500)), np.ones((1, 500)), colours)
    assert 0.45 < colours.max() <= 0.505


@FORMS
def test_a_slice_finds_the_tetrahedron_that_holds_each_point(form):
    nodes = stream(3, "mesh").uniform((-2, -2, -6), (14, 12, 6), (40, 3))
    tets = np.arange(40, dtype=np.int32).reshape(10, 4)
    out = np.full((10, 12), -1, dtype=np.int32)
    of_form(slice_tets, form)(nodes, tets, out)
    for i, j in np.ndindex(out.shape):
        point = np.array([j + 0.5, i + 0.5, 0.0, 1.0])
        shares = [np.linalg.solve(np.vstack([nodes[t].T, np.ones(4)]), point).min() for t in tets]
        holders = np.flatnonzero(np.array(shares) >= 0)
        assert out[i, j] == (holders[-1] if len(holders) else -1)  # random tetrahedra overlap: last wins
    assert (out >= 0).sum() > 10


def test_a_line_has_its_points_where_they_were_asked_for():
    direction = np.array([0.6, 0.0, -0.8])
    plane = line(np.array([0.01, 0.02, 0.03]), direction, length_m=0.02, step_m=0.005)
    wanted = np.array([0.01, 0.02, 0.03]) + 0.005 * np.arange(5)[:, None] * direction
    seen = plane.project(wanted)
    np.testing.assert_allclose(
        seen, np.column_stack([np.arange(5) + 0.5, np.full(5, 0.5), np.zeros(5)]), atol=1e-9
    )
    assert (plane.width_px, plane.height_px) == (5, 1)


# Where a point to the person's left, front and top appears: (horizontal, vertical) side of the image.
@pytest.mark.parametrize(
    ("view", "left", "front", "up"),
    [
        ("left", None, "left", "top"),
        ("right", None, "right", "top"),
        ("front", "right", None, "top"),
        ("back", "left", None, "top"),
        ("top", "left", "top", None),
    ],
)
def test_left_front_and_top_appear_where_an_onlooker_sees_them(view, left, front, up):
    box = np.array([[x, y, z] for x in (-0.1, 0.1) for y in (-0.1, 0.1) for z in (-0.1, 0.1)])
    camera = Camera.of_view(view, box, width_px=60, height_px=60)
    for point, side in (((-0.08, 0, 0), left), ((0, 0.08, 0), front), ((0, 0, 0.08), up)):
        image = render([balls(np.array([point], float), 0.012, RED)], camera)
        rows, columns = np.nonzero(image[..., 3] > 128)
        row, column = rows.mean() - 30, columns.mean() - 30
        found = {
            "left": column < -10,
            "right": column > 10,
            "top": row < -10,
            None: np.hypot(row, column) < 2,
        }
        assert found[side]


def test_what_is_nearer_to_the_onlooker_hides_the_rest():
    ball = [balls(np.array([[x, 0.0, 0.0]]), 0.02, colour) for x, colour in ((-0.05, RED), (0.05, BLUE))]
    points = np.concatenate([b.points_m for b in ball])
    for view, shown in (("left", 0), ("right", 2)):
        camera = Camera.of_view(view, points, width_px=32, height_px=32)
        for meshes in (ball, ball[::-1]):
            assert render(meshes, camera)[16, 16, :3].argmax() == shown


def test_a_ball_covers_the_area_of_its_disc():
    ball = balls(np.zeros((1, 3)), 0.03, RED)
    camera = Camera.of_view("front", ball.points_m * 1.5, width_px=200, height_px=150)
    covered = render([ball], camera, supersample=4)[..., 3].sum() / 255 * camera.m_per_px**2
    disc = 12 / 2 * np.sin(2 * np.pi / 12) * 0.03**2  # its twelve-sided outline, seen along no side's middle
    assert disc * 0.97 < covered < np.pi * 0.03**2


def test_glass_lets_through_what_lies_behind_it_and_hides_nothing_before_it():
    def sheet(y, colour, opacity):
        points = np.array([[-1, y, -1], [1, y, -1], [1, y, 1], [-1, y, 1]]) * [0.05, 1, 0.05]
        normals = np.tile([0.0, 1.0, 0.0], (4, 1))
        return Mesh(
            points_m=points,
            triangles=np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32),
            normals=normals,
            colours=colour,
            opacity=opacity,
            gloss=0,
        )

    camera = Camera.of_view("front", sheet(0.0, RED, 1).points_m, width_px=20, height_px=20)
    solid = sheet(0.0, RED, 1)
    alone = render([solid], camera)[10, 10]
    behind = render([solid, sheet(-0.02, BLUE, 0.25)], camera)[10, 10]
    before = render([solid, sheet(0.02, BLUE, 0.25)], camera)[10, 10]
    only = render([sheet(0.02, BLUE, 0.25)], camera)[10, 10]
    np.testing.assert_array_equal(behind, alone)
    # A quarter of the light is the glass's own: in linear light the red falls to three quarters.
    assert before[0] / alone[0] == pytest.approx(0.75 ** (1 / 2.2), abs=0.01)
    assert before[2] > 60
    assert only[3] == pytest.approx(0.25 * 255, abs=1)
    assert render([solid], camera)[0, 0, 3] == 0


def test_wires_are_round_tubes_of_their_radius():
    starts, ends = np.array([[0.0, 0, 0], [0, 0.1, 0]]), np.array([[0.0, 0, 0.05], [0.03, 0.1, 0.04]])
    tube = wires(starts, ends, 0.002, RED)
    points, normals = tube.points_m.reshape(2, -1, 3), tube.normals.reshape(2, -1, 3)
    for k in range(2):
        axis = (ends[k] - starts[k]) / np.linalg.norm(ends[k] - starts[k])
        offset = points[k] - starts[k]
        across = offset - np.outer(offset @ axis, axis)
        np.testing.assert_allclose(np.linalg.norm(across, axis=1), 0.002)
        np.testing.assert_allclose(across / 0.002, normals[k], atol=1e-9)


def test_a_crease_keeps_its_edge_and_a_round_surface_stays_round():
    corners = np.array([[x, y, z] for x in (0.0, 1) for y in (0.0, 1) for z in (0.0, 1)]) * 0.1
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    box = Surface(
        points_m=corners, triangles=np.array([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))])
    )
    assert box.triangle_area_vectors_m2[:, 2].max() > 0
    normals = creased(box, RED).normals.reshape(-1, 3, 3)
    area = box.triangle_area_vectors_m2 / box.areas_m2[:, None]
    np.testing.assert_allclose(normals, np.repeat(area[:, None], 3, axis=1), atol=1e-12)
    ball = balls(np.zeros((1, 3)), 0.05, RED)
    round_one = creased(Surface(points_m=ball.points_m, triangles=ball.triangles), RED)
    radial = round_one.points_m / 0.05
    equator = np.abs(radial[:, 2]) < 0.5
    assert (round_one.normals @ radial.T).diagonal()[equator].min() > 0.98


def test_a_smooth_mesh_has_the_normals_of_its_surface():
    ball = balls(np.zeros((1, 3)), 0.05, RED)
    surface = Surface(points_m=ball.points_m, triangles=ball.triangles)
    np.testing.assert_array_equal(smooth(surface, RED).normals, surface.normals)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda camera, ball: render([], camera),
        lambda camera, ball: render([ball], camera, supersample=9),
        lambda camera, ball: Camera(
            gaze=camera.gaze, up=camera.gaze, center_m=np.zeros(3), width_px=9, height_px=9, m_per_px=1e-3
        ),
        lambda camera, ball: Mesh(
            points_m=ball.points_m, triangles=ball.triangles + 999, normals=ball.normals, colours=RED
        ),
        lambda camera, ball: Mesh(
            points_m=ball.points_m, triangles=ball.triangles, normals=ball.normals, colours=RED, opacity=0
        ),
        lambda camera, ball: balls(np.full((1, 3), np.nan), 0.01, RED),
    ],
)
def test_a_scene_that_cannot_be_drawn_is_refused(wrong):
    ball = balls(np.zeros((1, 3)), 0.03, RED)
    camera = Camera.of_view("front", ball.points_m, width_px=9, height_px=9)
    with pytest.raises(InputError):
        wrong(camera, ball)
