"""A and B of a coil's elements, against exact results, plain sums, and Maxwell."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from tmsim.coil import Coil, Dipoles, Segments, list_coils
from tmsim.coil.boxes import FEW_POINTS
from tmsim.core import stream

MU0_OVER_4PI = 1e-7


def coil_of(*elements) -> Coil:
    return Coil(name="test", label="test", elements=elements)


def loop(radius_m=0.04, sides=2000, turns=1.0) -> Segments:
    angle = 2 * np.pi * np.arange(sides + 1) / sides
    ring = np.column_stack([radius_m * np.cos(angle), radius_m * np.sin(angle), np.zeros(sides + 1)])
    return Segments(starts_m=ring[:-1], ends_m=ring[1:], turns=np.full(sides, turns))


def in_head(n: int, gap_m=0.004, radius_m=0.092) -> np.ndarray:
    """Points in a sphere the size of a head, right under the coil's casing."""
    rng = stream(1, "mesh", n)
    x = rng.normal(size=(n, 3))
    x *= (radius_m * rng.random(n) ** (1 / 3) / np.linalg.norm(x, axis=1))[:, None]
    return x + np.array([0, 0, radius_m + gap_m])


def potential_twin(part, points):
    """A by the defining integral: wire split so finely that Gauss points on each piece are exact."""
    if isinstance(part, Dipoles):
        d = points[:, None] - part.positions_m
        r = np.linalg.norm(d, axis=2, keepdims=True)
        return MU0_OVER_4PI * (np.cross(part.moments_m2, d) / r**3).sum(axis=1)
    x, w = np.polynomial.legendre.leggauss(8)
    out = np.zeros((len(points), 3))
    dl = part.ends_m - part.starts_m
    for xi, wi in zip((x + 1) / 2, w / 2, strict=True):
        r = np.linalg.norm(points[:, None] - (part.starts_m + xi * dl), axis=2)
        out += MU0_OVER_4PI * wi * ((part.turns / r)[..., None] * dl).sum(axis=1)
    return out


def flux_twin(part, points):
    if isinstance(part, Dipoles):
        d = points[:, None] - part.positions_m
        r = np.linalg.norm(d, axis=2, keepdims=True)
        along = (d * part.moments_m2).sum(axis=2, keepdims=True)
        return MU0_OVER_4PI * (3 * along * d / r**5 - part.moments_m2 / r**3).sum(axis=1)
    x, w = np.polynomial.legendre.leggauss(8)
    out = np.zeros((len(points), 3))
    dl = part.ends_m - part.starts_m
    for xi, wi in zip((x + 1) / 2, w / 2, strict=True):
        d = points[:, None] - (part.starts_m + xi * dl)
        r = np.linalg.norm(d, axis=2)
        out += MU0_OVER_4PI * wi * ((part.turns / r**3)[..., None] * np.cross(dl, d)).sum(axis=1)
    return out


def relative(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


@pytest.fixture(scope="module")
def figure8() -> Coil:
    return Coil.load("magstim-70mm-fig8")


@pytest.mark.parametrize("kind", ["wire", "dipoles"])
def test_kernels_agree_with_plain_sums(figure8, kind):
    part = figure8.elements[0] if kind == "wire" else figure8.dipoles()
    points, coil = in_head(40), coil_of(part)
    assert relative(coil.vector_potential(points), potential_twin(part, points)) < 1e-8
    assert relative(coil.flux_density(points), flux_twin(part, points)) < 1e-8


def test_potential_next_to_a_wire_is_that_of_a_long_wire():
    wire = Segments(starts_m=[[0, 0, -1.0]], ends_m=[[0, 0, 1.0]], turns=[2.0])
    near, far = np.array([1e-4, 0, 0]), np.array([1e-3, 0, 0])
    a = coil_of(wire).vector_potential(np.array([near, far]))[:, 2]
    assert a[0] - a[1] == pytest.approx(2 * 2 * MU0_OVER_4PI * np.log(10), rel=1e-5)
    b = coil_of(wire).flux_density(far[None])[0]
    np.testing.assert_allclose(b, [0, 2 * 2 * MU0_OVER_4PI / 1e-3, 0], rtol=1e-5, atol=1e-12)


def test_flux_on_the_axis_of_a_loop_is_exact():
    z = np.array([-0.05, 0.0, 0.02, 0.1])
    b = coil_of(loop(0.04)).flux_density(np.column_stack([0 * z, 0 * z, z]))
    exact = 2 * np.pi * MU0_OVER_4PI * 0.04**2 / (0.04**2 + z**2) ** 1.5
    np.testing.assert_allclose(b[:, 2], exact, rtol=1e-5)
    assert np.abs(b[:, :2]).max() < 1e-12


@pytest.mark.parametrize("kind", ["wire", "dipoles"])
def test_flux_is_the_curl_of_the_potential(figure8, kind):
    coil = figure8 if kind == "wire" else coil_of(figure8.dipoles())
    points, h = in_head(30), 1e-5
    d = [
        (coil.vector_potential(points + e) - coil.vector_potential(points - e)) / (2 * h)
        for e in h * np.eye(3)
    ]
    curl = np.stack([d[1][:, 2] - d[2][:, 1], d[2][:, 0] - d[0][:, 2], d[0][:, 1] - d[1][:, 0]], axis=1)
    divergence = d[0][:, 0] + d[1][:, 1] + d[2][:, 2]
    b = coil.flux_density(points)
    assert relative(curl, b) < 1e-6
    assert np.abs(divergence).max() < 1e-6 * np.abs(b).max()


@pytest.mark.parametrize("name", list_coils())
def test_windings_and_their_dipole_discs_have_the_same_field_outside(name):
    coil = Coil.load(name)
    # A bent coil reaches round the head: go below its lowest winding.
    points = in_head(300, gap_m=max(0.0, coil.element_points_m[:, 2].max()) + 0.008)
    wire, discs = coil.vector_potential(points), coil_of(coil.dipoles()).vector_potential(points)
    assert relative(discs, wire) < 2e-4


def test_far_away_a_loop_is_one_dipole():
    turns, radius = 3.0, 0.04
    dipole = Dipoles(positions_m=[[0, 0, 0]], moments_m2=[[0, 0, turns * np.pi * radius**2]])
    points = np.array([[1.5, 0.2, 0.7], [0.1, -1.8, 0.3]])
    a = coil_of(loop(radius, turns=turns)).vector_potential(points)
    np.testing.assert_allclose(a, coil_of(dipole).vector_potential(points), rtol=2e-3, atol=1e-14)


def test_fields_of_parts_add(figure8):
    points, wire = in_head(50), figure8.elements[0]
    right = wire.starts_m[:, 0] > 0
    halves = [
        Segments(starts_m=wire.starts_m[k], ends_m=wire.ends_m[k], turns=wire.turns[k])
        for k in (right, ~right)
    ]
    a = coil_of(*halves).vector_potential(points)
    np.testing.assert_allclose(a, figure8.vector_potential(points), rtol=1e-9, atol=1e-18)


def test_turning_coil_and_points_together_turns_the_field(figure8):
    from scipy.spatial.transform import Rotation

    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_rotvec([0.3, -1.1, 0.7]).as_matrix()
    pose[:3, 3] = (0.01, 0.05, -0.02)
    points = in_head(50)
    for part in (figure8.elements[0], figure8.dipoles()):
        there = coil_of(part.moved(pose)).vector_potential(points @ pose[:3, :3].T + pose[:3, 3])
        assert relative(there, coil_of(part).vector_potential(points) @ pose[:3, :3].T) < 1e-10


@pytest.mark.parametrize(("name", "lift_m"), [("magstim-70mm-fig8", 0.0), ("magstim-double-cone", 0.03)])
@pytest.mark.parametrize("rtol", [1e-3, 1e-6])
def test_boxes_keep_the_stated_error(name, lift_m, rtol):
    coil = Coil.load(name)
    points = in_head(150_000) + np.array([0, 0, lift_m])
    some = np.arange(0, len(points), 50)
    for field in (coil.vector_potential, coil.flux_density):
        exact = field(points[some])  # few enough to be summed directly
        boxed = field(points, rtol=rtol)[some]
        assert relative(boxed, exact) < rtol
        assert np.linalg.norm(boxed - exact, axis=1).max() < rtol * np.linalg.norm(exact, axis=1).max()
        assert (boxed != exact).any()  # boxes were used


def test_boxes_leave_points_among_the_windings_exact(figure8):
    points = np.concatenate([in_head(FEW_POINTS), figure8.element_points_m[:100] + np.array([0, 0, 1e-3])])
    near = figure8.vector_potential(points)[-100:]
    np.testing.assert_array_equal(near, figure8.vector_potential(points[-100:]))


def test_fields_are_the_same_bits_for_any_number_of_threads(figure8):
    points = in_head(30_000)
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        one = figure8.vector_potential(points), figure8.flux_density(points)
        numba.set_num_threads(before)
        many = figure8.vector_potential(points), figure8.flux_density(points)
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(one, many)


@pytest.mark.parametrize("name", ["magstim-70mm-fig8", "magventure-mc-b70", "magstim-double-cone"])
def test_primary_field_of_rising_current_points_along_plus_y_under_a_figure8(name):
    primary = -Coil.load(name).vector_potential(np.array([[0, 0, 0.02]]))[0]
    assert primary[1] > 1e-7
    assert abs(primary[0]) + abs(primary[2]) < 1e-9 * primary[1]


def test_current_of_a_circular_coil_turns_right_handed_about_z():
    b = Coil.load("magstim-circular-90mm").flux_density(np.array([[0, 0, 0.02]]))[0]
    assert b[2] > 0
