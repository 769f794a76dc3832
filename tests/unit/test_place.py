"""From target to pose on a sphere, where the tangent plane and every direction are known."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spheres import sphere_head
from tmsim.coil import Coil, Dipoles
from tmsim.core import InputError, Surface
from tmsim.head.types import Fiducials
from tmsim.placement import HeadPoint, Pose, check_clear, place

R = 0.09
DEG = math.pi / 180


@pytest.fixture(scope="module")
def head():
    points = {"nasion": (0, R, 0), "inion": (0, -R, 0), "lpa": (-R, 0, 0), "rpa": (R, 0, 0)}
    head = sphere_head((0.07, R), (2, 5), cell_m=0.005, jitter=0.05)
    return replace(head, head_to_mni=np.eye(4), fiducials=Fiducials(**points))


@pytest.fixture(scope="module")
def coil():
    return Coil.load("magstim-70mm-fig8")


def direction(elevation_deg, azimuth_deg):
    """A unit vector: azimuth from the nose towards the left ear."""
    e, a = elevation_deg * DEG, azimuth_deg * DEG
    return np.array([-math.cos(e) * math.sin(a), math.cos(e) * math.cos(a), math.sin(e)])


@pytest.mark.parametrize(
    "outward", [direction(60, 90), direction(40, 50), direction(50, -100), direction(30, 180)]
)
def test_a_cortical_target_is_approached_along_the_normal_with_the_gap_kept(head, coil, outward):
    pose = place(head, coil, target=HeadPoint(tuple(0.06 * outward)), gap="5 mm")
    assert pose.lifted_m < 5e-4
    np.testing.assert_allclose(pose.inward, -outward, atol=0.02)
    np.testing.assert_allclose(pose.scalp_m, R * outward, atol=1e-3)
    np.testing.assert_allclose(pose.center_m, (R + 0.005) * outward, atol=1.2e-3)
    assert pose.center_m @ outward == pytest.approx(R + 0.005, abs=6e-4)
    np.testing.assert_allclose(pose.target_m, 0.06 * outward)


@pytest.mark.parametrize(
    ("outward", "backward"),
    [
        (direction(90, 0), (0, -1, 0)),
        (direction(0.5, 90), (0, -1, 0)),  # above the left ear: straight back
        (direction(0.5, -90), (0, -1, 0)),
        (direction(0.5, 0), (0, 0, 1)),  # on the forehead: up, over the head
        (direction(0.5, 180), (0, 0, -1)),  # on the occiput: down
        (direction(45, 90), (0, -1, 0)),
    ],
)
def test_at_angle_zero_the_handle_points_straight_back(head, coil, outward, backward):
    pose = place(head, coil, target=HeadPoint(tuple(0.06 * outward)), angle=0.0)
    np.testing.assert_allclose(pose.handle, backward, atol=0.05)


@pytest.mark.parametrize("side", ["left", "right"])
def test_at_45_deg_over_the_motor_cortex_the_handle_is_posterior_and_lateral(head, coil, side):
    sign = {"left": -1, "right": 1}[side]
    pose = place(head, coil, target=f"head {sign * 35} 0 45 mm", angle="45 deg")
    right, front, _ = pose.handle
    assert right * sign > 0.4  # away from the midline
    assert front < -0.6
    # The current under a figure-8 runs against the handle: anterior and medial.
    assert (-pose.handle)[1] > 0.6
    assert pose.inward[2] < 0


@settings(max_examples=20)
@given(st.floats(-180, 180))
def test_the_handle_turns_by_the_angle_asked_for_in_the_tangent_plane(head, coil, angle_deg):
    straight = place(head, coil, target="C3", angle=0.0)
    turned = place(head, coil, target="C3", angle=f"{angle_deg} deg")
    assert turned.handle @ straight.handle == pytest.approx(math.cos(angle_deg * DEG), abs=1e-9)
    # Seen from outside the left side, from straight back (+) towards the ear is a turn to the left.
    turn = np.cross(straight.handle, turned.handle) @ -straight.inward
    assert turn == pytest.approx(-math.sin(angle_deg * DEG), abs=1e-9)


def test_the_right_side_mirrors_the_left(head, coil):
    left, right = (place(head, coil, target=target, angle="30 deg") for target in ("F3", "F4"))
    np.testing.assert_allclose(left.handle * (-1, 1, 1), right.handle, atol=0.02)
    np.testing.assert_allclose(left.center_m * (-1, 1, 1), right.center_m, atol=1e-3)


def test_on_the_midline_positive_is_to_the_left(head, coil):
    pose = place(head, coil, target="Cz", angle="90 deg")
    np.testing.assert_allclose(pose.handle, (-1, 0, 0), atol=0.02)


def test_the_midline_is_that_of_the_anatomy_not_of_the_scanner(head, coil):
    turn = np.eye(4)
    c, s = math.cos(0.3), math.sin(0.3)
    turn[:2, :2] = [[c, -s], [s, c]]
    turn[:3, 3] = (0.02, -0.01, 0.03)
    moved = replace(
        head,
        nodes_m=head.nodes_m @ turn[:3, :3].T + turn[:3, 3],
        head_to_mni=np.linalg.inv(turn),
        fiducials=None,
    )
    here = place(head, coil, target="mni -30 20 50 mm")
    there = place(moved, coil, target="mni -30 20 50 mm")
    np.testing.assert_allclose(there.matrix, turn @ here.matrix, atol=1e-9)


def test_a_casing_that_would_enter_the_scalp_is_lifted_by_what_it_lacks(head, coil):
    # A cone of 100 degrees comes to rest with its edge at R / sin(50 deg) from the middle of a ball.
    cone = Coil.load("magstim-double-cone")
    pose = place(head, cone, target="Cz", gap=0.0)
    assert pose.lifted_m == pytest.approx(R / math.sin(50 * DEG) - R, abs=2.5e-3)
    check_clear(head, cone, pose)
    assert place(head, coil, target="Cz", gap=0.0).lifted_m < 1e-3


def test_a_coil_that_cannot_come_near_is_refused(head, coil):
    deep = Surface(
        points_m=np.array([[0.04, 0, 0.08], [0.05, 0, 0.08], [0.04, 0.01, 0.08]]),
        triangles=np.array([[0, 1, 2]], np.int32),
    )
    with pytest.raises(InputError, match="clears the scalp only"):
        place(head, replace(coil, casing=deep), target="Cz")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"angle": "45"}, "angle"),
        ({"angle": 45.0}, "angle"),
        ({"angle": float("nan")}, "angle"),
        ({"gap": "-1 mm"}, "gap"),
        ({"gap": 4.0}, "gap"),
        ({"gap": "4 deg"}, "gap"),
        ({"reference": "sulcus"}, "reference"),
        ({"target": "head 0 0 300 mm"}, "outside the head"),
        ({"target": "G9"}, "target"),
    ],
)
def test_what_cannot_be_placed_is_refused(head, coil, change, word):
    with pytest.raises(InputError, match=word):
        place(head, coil, **{"target": "F3", **change})


@pytest.mark.parametrize("target", ["F3", "beam-f3", "hand-knob-left", "mni -30 20 50 mm"])
def test_a_head_without_landmarks_is_aimed_at_by_a_point_as_the_refusal_says(head, coil, target):
    bare = replace(head, fiducials=None, head_to_mni=None)
    lacks = "fiducials" if target in ("F3", "beam-f3") else "transform to MNI"
    with pytest.raises(
        InputError, match=rf"has no {lacks}.*; expected .*\. Aim by a point: 'head X Y Z mm'\."
    ):
        place(bare, coil, target=target)
    assert place(bare, coil, target="head -30 20 50 mm").gap_m == 0.004


def test_beam_f3_lies_at_its_distances_along_the_scalp(head, coil):
    # On a ball: along the ring, 18 degrees up, and down the great circle from the vertex.
    pose = place(head, coil, target="beam-f3 30 30 55 cm")
    from tmsim.placement import beam_f3

    along_m, down_m = beam_f3(0.30, 0.30, 0.55)
    azimuth = along_m / (R * math.cos(18 * DEG)) / DEG
    np.testing.assert_allclose(pose.scalp_m, R * direction(90 - down_m / R / DEG, azimuth), atol=1.5e-3)


def test_a_clear_pose_passes_and_a_coil_in_the_head_does_not(head, coil):
    pose = place(head, coil, target="C3")
    check_clear(head, coil, pose)
    for depth_m, what in ((0.008, "inside the head"), (0.05, "inside the head")):
        matrix = np.array(pose.matrix)
        matrix[:3, 3] += depth_m * pose.inward
        with pytest.raises(InputError, match=what):
            check_clear(head, coil, Pose(matrix=matrix))


def test_a_casing_or_windings_in_the_head_are_found_where_the_centre_is_outside(head, coil):
    matrix = np.array(place(head, coil, target="Cz").matrix)
    tilt = 0.5
    matrix[:3, :3] = matrix[:3, :3] @ [
        [math.cos(tilt), 0, math.sin(tilt)], [0, 1, 0], [-math.sin(tilt), 0, math.cos(tilt)]
    ]  # fmt: skip
    with pytest.raises(InputError, match="inside the scalp"):
        check_clear(head, coil, Pose(matrix=matrix))
    dipoles = Dipoles(positions_m=np.array([[0.0, 0, 0.02]]), moments_m2=np.array([[0.0, 0, 1]]))
    bare = replace(coil, casing=None, elements=(dipoles,))
    with pytest.raises(InputError, match="windings"):
        check_clear(head, bare, place(head, coil, target="Cz"))


def test_a_coil_with_its_back_to_the_head_is_refused(head, coil):
    matrix = np.array(place(head, coil, target="Cz").matrix)
    matrix[:3, 1:3] *= -1
    with pytest.raises(InputError, match="points away"):
        check_clear(head, coil, Pose(matrix=matrix))
