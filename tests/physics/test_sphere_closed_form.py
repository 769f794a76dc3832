"""The closed form of the layered sphere: the properties that define it, and a case known otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from tmsim.coil import Coil, Dipoles
from tmsim.core import InputError, stream
from tmsim.field.sphere import sphere_field

CENTER = np.array([0.01, -0.02, 0.03])


@pytest.fixture(scope="module")
def dipoles() -> Dipoles:
    rng = stream(2, "mesh", 1)
    at = rng.normal(size=(6, 3))
    at *= (rng.uniform(0.095, 0.13, 6) / np.linalg.norm(at, axis=1))[:, None]
    return Dipoles(positions_m=at + CENTER, moments_m2=rng.normal(size=(6, 3)) * 1e-3)


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    rng = stream(2, "mesh", 2)
    x = rng.normal(size=(40, 3))
    return CENTER + x * (rng.uniform(0.01, 0.085, 40) / np.linalg.norm(x, axis=1))[:, None]


def derivatives(field, points, h=2e-5):
    return [(field(points + e) - field(points - e)) / (2 * h) for e in h * np.eye(3)]


def test_curl_is_minus_the_rate_of_the_flux_density(dipoles, points):
    d = derivatives(lambda x: sphere_field(dipoles, x, CENTER), points)
    curl = np.stack([d[1][:, 2] - d[2][:, 1], d[2][:, 0] - d[0][:, 2], d[0][:, 1] - d[1][:, 0]], axis=1)
    b = Coil(name="", label="", elements=(dipoles,)).flux_density(points)
    assert np.linalg.norm(curl + b) < 1e-6 * np.linalg.norm(b)


def test_field_has_no_radial_part_and_no_sources(dipoles, points):
    E = sphere_field(dipoles, points, CENTER)
    radial = ((points - CENTER) * E).sum(axis=1) / np.linalg.norm(points - CENTER, axis=1)
    assert np.abs(radial).max() < 1e-12 * np.abs(E).max()
    d = derivatives(lambda x: sphere_field(dipoles, x, CENTER), points)
    divergence = d[0][:, 0] + d[1][:, 1] + d[2][:, 2]
    assert np.abs(divergence).max() < 1e-6 * np.abs(d).max()


def test_difference_to_the_primary_field_is_a_gradient(dipoles, points):
    coil = Coil(name="", label="", elements=(dipoles,))
    d = derivatives(lambda x: sphere_field(dipoles, x, CENTER) + coil.vector_potential(x), points)
    asymmetry = [d[1][:, 2] - d[2][:, 1], d[2][:, 0] - d[0][:, 2], d[0][:, 1] - d[1][:, 0]]
    assert np.abs(asymmetry).max() < 1e-6 * np.abs(d).max()


def test_under_a_coaxial_round_coil_the_field_is_the_primary_field():
    # By symmetry no charge builds up, so E = -dA/dt: an answer that owes nothing to the closed form.
    coil = Coil.load("magstim-circular-90mm")
    center = (0.0, 0.0, 0.1)
    rng = stream(2, "mesh", 3)
    x = rng.normal(size=(200, 3))
    points = center + x * (0.09 * rng.random(200) ** (1 / 3) / np.linalg.norm(x, axis=1))[:, None]
    E = sphere_field(coil.dipoles(), points, center)
    A = coil.vector_potential(points)
    assert np.linalg.norm(E + A) < 1e-4 * np.linalg.norm(A)


def test_field_is_reciprocal_to_the_flux_of_a_current_dipole(dipoles, points):
    # Q . E(r; m') = -m' . B(r_q; Q), with B of a current dipole in a sphere as Sarvas1987 gives it.
    q = np.array([3e-9, -1e-9, 2e-9])
    E = sphere_field(dipoles, points, CENTER)
    for k in range(5):
        r = points[k] - CENTER
        total = 0.0
        for at, moment in zip(dipoles.positions_m - CENTER, dipoles.moments_m2, strict=True):
            a_vector = at - r
            a, rq = np.linalg.norm(a_vector), np.linalg.norm(at)
            f = a * (rq * a + rq**2 - r @ at)
            slope = (a**2 / rq + a_vector @ at / a + 2 * a + 2 * rq) * at
            slope = slope - (a + 2 * rq + a_vector @ at / a) * r
            b = 1e-7 / f**2 * (f * np.cross(q, r) - (np.cross(q, r) @ at) * slope)
            total += moment @ b
        assert q @ E[k] == pytest.approx(-total, rel=1e-9)


def test_many_points_agree_with_few():
    coil = Coil.load("magstim-70mm-fig8")
    rng = stream(2, "mesh", 4)
    x = rng.normal(size=(60_000, 3))
    points = x * (0.09 * rng.random(60_000) ** (1 / 3) / np.linalg.norm(x, axis=1))[:, None] + (0, 0, 0.094)
    some = np.arange(0, 60_000, 60)
    E = sphere_field(coil.dipoles(), points, (0, 0, 0.094))[some]
    exact = sphere_field(coil.dipoles(), points[some], (0, 0, 0.094))
    assert np.linalg.norm(E - exact) < 1e-6 * np.linalg.norm(exact)


def test_points_beyond_the_coil_are_refused(dipoles):
    with pytest.raises(InputError, match="nearer to the centre than the coil"):
        sphere_field(dipoles, CENTER + np.array([[0, 0, 0.2]]), CENTER)
