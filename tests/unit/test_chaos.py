"""Polynomial chaos: known indices, known moments, orthonormal polynomials, draws that can be added to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tmsim.core import InputError, stream
from tmsim.field.chaos import Beta, Normal, candidates, draw_points, evaluate, fit

UNIFORM = Beta(-np.pi, np.pi, 1, 1)


def generator(seed: int = 3) -> np.random.Generator:
    return stream(seed, "conductivity")


def ishigami(x):
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_indices_of_the_ishigami_function_are_those_of_its_integrals(seed):
    inputs = 3 * [UNIFORM]
    x = draw_points(inputs, generator(seed), 0, 200)
    chaos = fit(inputs, x, ishigami(x)[:, None])
    first = 0.5 * (1 + 0.1 * np.pi**4 / 5) ** 2
    second = 7**2 / 8
    joint = 0.1**2 * np.pi**8 * (1 / 18 - 1 / 50)
    variance = first + second + joint
    assert chaos.coefficients[0, 0] == pytest.approx(3.5, abs=0.01)
    assert chaos.variance[0] == pytest.approx(variance, rel=0.01)
    for k, (alone, part) in enumerate([(first, first + joint), (second, second), (0.0, joint)]):
        assert chaos.first_order([k])[0] == pytest.approx(alone / variance, abs=0.005)
        assert chaos.total([k])[0] == pytest.approx(part / variance, abs=0.005)
    assert chaos.first_order([0, 2])[0] == pytest.approx((first + joint) / variance, abs=0.005)
    assert chaos.unexplained[0] < 1e-3


def test_a_linear_function_has_the_indices_of_its_squared_deviations():
    inputs = [Beta(0.1, 0.4), Normal(2.0, 0.5), Beta(-1, 3, 2, 5)]
    slopes = np.array([4.0, -1.0, 0.3])
    x = draw_points(inputs, generator(), 0, 40)
    chaos = fit(inputs, x, (7 + x @ slopes)[:, None])
    parts = (slopes * [d.sd for d in inputs]) ** 2
    assert chaos.coefficients[0, 0] == pytest.approx(7 + slopes @ [d.mean for d in inputs], rel=1e-9)
    assert chaos.variance[0] == pytest.approx(parts.sum(), rel=1e-9)
    for k in range(3):
        assert chaos.first_order([k])[0] == pytest.approx(parts[k] / parts.sum(), rel=1e-9)
        assert chaos.total([k])[0] == pytest.approx(parts[k] / parts.sum(), rel=1e-9)


def test_what_two_inputs_make_only_together_is_nobodys_own():
    inputs = [Normal(0, 1), Normal(0, 1)]
    x = draw_points(inputs, generator(), 0, 64)
    chaos = fit(inputs, x, (x[:, 0] * x[:, 1])[:, None])
    assert chaos.first_order([0])[0] == pytest.approx(0, abs=1e-9)
    assert chaos.total([0])[0] == pytest.approx(1)
    assert chaos.first_order([0, 1])[0] == pytest.approx(1)


def test_noise_stays_unexplained():
    inputs = [Normal(0, 1), Normal(0, 1)]
    x = draw_points(inputs, generator(), 0, 128)
    noise = generator(5).normal(size=128)
    chaos = fit(inputs, x, np.stack([noise, x[:, 0] + noise], axis=1))
    assert chaos.unexplained[0] > 0.9
    assert chaos.unexplained[1] == pytest.approx(0.5, abs=0.12)


def test_sums_of_outputs_have_the_sums_of_their_polynomials():
    inputs = [Beta(0, 1), Beta(0, 1)]
    x = draw_points(inputs, generator(), 0, 30)
    y = np.stack([x[:, 0], x[:, 0] * x[:, 1]], axis=1)
    weights = np.array([[2.0, 0.0], [0.0, 1.0]])
    apart, together = fit(inputs, x, y), fit(inputs, x, y @ weights)
    sums = apart.combined(weights)
    assert sums.variance == pytest.approx(together.variance)
    assert sums.first_order([1]) == pytest.approx(together.first_order([1]), abs=1e-9)


@settings(max_examples=20)
@given(a=st.floats(1, 6), b=st.floats(1, 6), degree=st.integers(1, 3))
def test_jacobi_polynomials_are_orthonormal_under_their_beta_distribution(a, b, degree):
    distribution = Beta(0.2, 1.7, a, b)
    # Means over the distribution are means over its quantiles.
    shares = (np.arange(4000) + 0.5) / 4000
    columns = distribution.polynomials(distribution.at(shares), degree)
    assert columns.T @ columns / len(shares) == pytest.approx(np.eye(degree + 1), abs=0.03)


def test_hermite_polynomials_are_orthonormal_under_the_normal_distribution():
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    columns = Normal(3.0, 0.2).polynomials(3.0 + 0.2 * nodes, 6)
    gram = columns.T @ (weights[:, None] * columns) / weights.sum()
    assert gram == pytest.approx(np.eye(7), abs=1e-9)


@pytest.mark.parametrize("distribution", [Beta(0.1, 0.6), Beta(0, 2, 1, 4), Normal(-1, 0.3)])
def test_draws_have_the_mean_and_deviation_of_their_distribution(distribution):
    x = draw_points([distribution], generator(), 0, 2048)[:, 0]
    assert x.mean() == pytest.approx(distribution.mean, abs=0.002)
    assert x.std() == pytest.approx(distribution.sd, rel=0.01)


def test_more_draws_leave_the_first_ones_as_they_were():
    inputs = [Beta(0, 1), Normal(0, 1)]
    few, many = (draw_points(inputs, generator(), 0, n) for n in (7, 50))
    assert np.array_equal(few, many[:7])
    assert np.array_equal(draw_points(inputs, generator(), 20, 21), many[20:21])
    assert not np.array_equal(draw_points(inputs, generator(9), 0, 7), few)


def test_candidates_join_two_inputs_at_most():
    degrees = candidates(4, 3)
    assert len(degrees) == 1 + 4 * 3 + 6 * 3
    assert len(np.unique(degrees, axis=0)) == len(degrees)
    assert (degrees > 0).sum(axis=1).max() == 2
    assert degrees.sum(axis=1).max() == 3


def test_polynomials_of_several_inputs_are_products():
    inputs = [Beta(0, 1), Normal(0, 1)]
    x = draw_points(inputs, generator(), 0, 5)
    product = evaluate(inputs, x, np.array([[2, 1]]))[:, 0]
    assert product == pytest.approx(
        inputs[0].polynomials(x[:, 0], 2)[:, 2] * inputs[1].polynomials(x[:, 1], 1)[:, 1]
    )


def test_a_constant_is_explained_by_its_constant():
    inputs = [Beta(0, 1)]
    x = draw_points(inputs, generator(), 0, 8)
    chaos = fit(inputs, x, np.full((8, 1), 4.0))
    assert chaos.coefficients[0, 0] == pytest.approx(4.0)
    assert chaos.variance[0] == 0
    assert chaos.first_order([0])[0] == 0
    assert chaos.unexplained[0] == 0


def test_too_few_draws_are_refused():
    with pytest.raises(InputError, match="at least 8 for 3 uncertain inputs"):
        fit(3 * [UNIFORM], np.zeros((7, 3)), np.zeros((7, 1)))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Beta(2, 1),
        lambda: Beta(0, np.inf),
        lambda: Beta(0, 1, 0.5, 3),
        lambda: Normal(0, 0),
        lambda: Normal(np.nan, 1),
    ],
)
def test_distributions_that_are_none_are_refused(make):
    with pytest.raises(InputError):
        make()
