"""The 10-10 system on spheres and ellipsoids, where every position and length is known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ellipe

from spheres import mapped, sphere_head
from tmsim.core import InputError
from tmsim.head.landmarks import (
    LABELS,
    electrode_positions,
    scalp_cortex_distance,
    scalp_curve,
    scalp_map,
)
from tmsim.head.types import Fiducials

R = 0.09
AXES = np.array([0.85, 1.1, 1.0])


def with_fiducials(head, axes):
    points = {"nasion": (0, 1, 0), "inion": (0, -1, 0), "lpa": (-1, 0, 0), "rpa": (1, 0, 0)}
    return replace(head, fiducials=Fiducials(**{k: tuple(R * np.array(v) * axes) for k, v in points.items()}))


@pytest.fixture(scope="module")
def sphere():
    return with_fiducials(sphere_head((0.06, 0.07, R), (1, 2, 5), cell_m=0.005, jitter=0.05), np.ones(3))


@pytest.fixture(scope="module")
def oval(sphere):
    return with_fiducials(mapped(sphere, lambda points: points * AXES), AXES)


def at(elevation_deg, azimuth_deg):
    """A point of the sphere: azimuth from the nose towards the left ear."""
    e, a = np.radians([elevation_deg, azimuth_deg])
    return R * np.array([-np.cos(e) * np.sin(a), np.cos(e) * np.cos(a), np.sin(e)])


def test_there_are_75_positions_and_four_old_names(sphere):
    positions = electrode_positions(sphere)
    assert len(LABELS) == 75
    assert set(positions) == {*LABELS, "T3", "T4", "T5", "T6"}
    for old, new in {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8"}.items():
        assert (positions[old] == positions[new]).all()


@pytest.mark.parametrize(
    ("label", "elevation_deg", "azimuth_deg"),
    [
        ("Nz", 0, 0), ("Fpz", 18, 0), ("Fz", 54, 0), ("Cz", 90, 0), ("Pz", 54, 180), ("Oz", 18, 180),
        ("T7", 18, 90), ("C3", 54, 90), ("C4", 54, -90), ("C1", 72, 90), ("T9", 0, 90), ("T10", 0, -90),
        # The ring lies 18 degrees above the fiducials; a tenth of half of it is 18 degrees of azimuth.
        ("Fp1", 18, 18), ("AF7", 18, 36), ("F7", 18, 54), ("FT8", 18, -72), ("P8", 18, -126), ("O1", 18, 162),
        ("F9", 0, 54), ("TP10", 0, -108), ("PO9", 0, 144),
    ],
)  # fmt: skip
def test_on_a_sphere_each_position_is_at_its_tenth_of_the_arc(sphere, label, elevation_deg, azimuth_deg):
    # 0.3 mm: the triangles lie up to that far below the sphere.
    np.testing.assert_allclose(electrode_positions(sphere)[label], at(elevation_deg, azimuth_deg), atol=4e-4)


@pytest.mark.parametrize("row", ["F", "FC", "CP", "P"])
def test_a_row_is_quartered_between_its_outer_and_its_midline_position(sphere, row):
    p = electrode_positions(sphere)
    outer = {"F": "F7", "FC": "FT7", "CP": "TP7", "P": "P7"}[row]
    chain = [p[outer], p[row + "5"], p[row + "3"], p[row + "1"], p[row + "z"]]
    steps = np.linalg.norm(np.diff(chain, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps.mean(), rtol=0.02)


@pytest.mark.parametrize("head", ["sphere", "oval"])
def test_left_and_right_mirror_each_other(head, request):
    p = electrode_positions(request.getfixturevalue(head))
    for label in LABELS:
        digits = "".join(c for c in label if c.isdigit())
        if digits and int(digits) % 2:
            twin = label.replace(digits, str(int(digits) + 1))
            np.testing.assert_allclose(p[label] * (-1, 1, 1), p[twin], atol=6e-4, err_msg=label)
            assert p[label][0] < 0


def test_tapes_on_an_ellipsoid_have_the_length_of_half_an_ellipse(oval):
    scalp = scalp_map(oval)
    x, y, z = R * AXES

    def half_ellipse(a, b):
        a, b = max(a, b), min(a, b)
        return 2 * a * ellipe(1 - (b / a) ** 2)

    assert scalp.nasion_inion.length_m == pytest.approx(half_ellipse(y, z), rel=2e-3)
    assert scalp.coronal.length_m == pytest.approx(half_ellipse(x, z), rel=2e-3)
    assert scalp.left_ring.length_m == pytest.approx(scalp.right_ring.length_m, rel=2e-3)
    # The ring is an ellipse of the same proportions, smaller by the height of Fpz and T7 above the equator.
    level = np.sqrt(1 - (scalp.positions_m["T7"][2] / z) ** 2)
    ring = 2 * half_ellipse(y * level, x * level)
    assert scalp.circumference_m == pytest.approx(ring, rel=6e-3)


def test_a_tape_is_taut_over_a_hollow_but_the_position_is_on_the_skin(sphere):
    def dented(points):
        near = np.linalg.norm(points - (0, 0, R), axis=1) < 0.03
        return np.where(near[:, None], points * (1, 1, 0.93), points)

    whole, dent = scalp_map(sphere), scalp_map(with_fiducials(mapped(sphere, dented), np.ones(3)))
    assert whole.nasion_inion.length_m * 0.97 < dent.nasion_inion.length_m < whole.nasion_inion.length_m
    assert dent.positions_m["Cz"][2] == pytest.approx(0.93 * R, abs=1e-3)


def test_a_curve_refuses_what_it_cannot_follow(sphere):
    with pytest.raises(InputError, match="three points on one line"):
        scalp_curve(sphere.skin, (0, R, 0), (0, 0, 0), (0, -R, 0))
    with pytest.raises(InputError, match="no skin under part of it"):
        scalp_curve(sphere.skin, (0, R, 0.5), (0, 0, 0.6), (0, -R, 0.5))
    curve = scalp_curve(sphere.skin, (0, R, 0), (0, 0, R), (0, -R, 0))
    with pytest.raises(InputError, match="distance along the scalp"):
        curve.at(0.5)


def test_a_head_without_fiducials_has_no_positions(sphere):
    with pytest.raises(InputError, match="no fiducials"):
        electrode_positions(replace(sphere, fiducials=None))


def test_the_scalp_cortex_distance_of_shells_is_their_difference(sphere):
    points = [at(54, 90), at(90, 0), at(18, 0)]
    np.testing.assert_allclose(scalp_cortex_distance(sphere, points), R - 0.07, atol=3e-4)
