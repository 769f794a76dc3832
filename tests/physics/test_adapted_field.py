"""A mesh refined where the coil is: the error falls as asked, and its estimate does not flatter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from boxes import border_solution, box_head
from spheres import folded, mapped, sphere_head
from tmsim.coil import Coil
from tmsim.core import FloatArray, InputError
from tmsim.field import EField, FiniteElements, prepare, simulate
from tmsim.field.adapt import fewest, goal_shares
from tmsim.field.solve import Potential, Solver, strong_points
from tmsim.head import Head
from tmsim.head.refine import RefinedHead
from tmsim.placement import Pose

LEFT, RIGHT = np.diag([0.3, 0.5, 0.4]), np.diag([2.0, 1.5, 0.9])
HALF_m = 0.04
SPOT_m = HALF_m * np.array([0.1, 0.2, -0.1])
"""Beside the border of the box, where the field is read."""


def box() -> Head:
    """The box at the size of a head."""
    head = box_head(8, tensors_S_per_m=(LEFT, RIGHT))
    return replace(head, nodes_m=HALF_m * head.nodes_m)


def manufactured(refined: RefinedHead) -> tuple[Solver, Potential]:
    """The solution with a jump of an anisotropic conductivity that can be written down."""
    solver = prepare(refined.head, FiniteElements(tolerance=1e-8))
    space = solver.spaces[2]
    _, E0 = border_solution(space.points_m / HALF_m, LEFT, RIGHT)
    x, _ = solver.solve(solver.load(space, E0)[:, None])
    return solver, Potential(space=space, primary_V_per_m=E0, potential_V=np.ascontiguousarray(x[:, 0]))


def error_at_spot(refined: RefinedHead, solver: Solver, potential: Potential) -> float:
    """Relative L2 of E at the barycentres of the tetrahedra of the box beside the spot."""
    head = refined.base
    near = np.flatnonzero(np.linalg.norm(head.centers_m - SPOT_m, axis=1) < 0.25 * HALF_m)
    points_m = head.centers_m[near]
    E = potential.at(solver.places(refined.tets_within(near, points_m), points_m))
    exact, _ = border_solution(points_m / HALF_m, LEFT, RIGHT)
    return float(np.linalg.norm(E - exact) / np.linalg.norm(exact))


def test_a_round_of_adaptation_is_as_good_as_splitting_all():
    """Against the exact solution, at a seventh of the unknowns; the next round goes on at second order."""
    refined = RefinedHead.of(box())
    every = refined.split(np.arange(len(refined.base.tets)))
    uniform, on_all = manufactured(every)
    solver, potential = manufactured(refined)
    errors = [error_at_spot(refined, solver, potential)]
    for _ in range(2):
        refined = refined.split(fewest(goal_shares(solver, potential, SPOT_m[None])))
        solver, potential = manufactured(refined)
        errors.append(error_at_spot(refined, solver, potential))
        assert potential.space.unknowns < 0.4 * on_all.space.unknowns
    assert errors[1] < 1.1 * error_at_spot(every, uniform, on_all)
    assert errors[1] < 0.6 * errors[0]
    assert errors[2] < 0.5 * errors[1]


def test_shares_fall_off_with_the_distance_and_vanish_for_an_exact_field():
    refined = RefinedHead.of(box())
    solver, potential = manufactured(refined)
    head = refined.base
    shares = goal_shares(solver, potential, SPOT_m[None])
    assert np.linalg.norm(head.centers_m[shares.argmax()] - SPOT_m) < 0.4 * HALF_m
    # E0 = grad(u) with u in the space: phi = u, no field, nothing to refine.
    space = solver.spaces[2]
    x, y, z = space.points_m.T
    none = Potential(space=space, primary_V_per_m=np.column_stack([y, x, 2 * z]), potential_V=x * y + z**2)
    assert goal_shares(solver, none, SPOT_m[None]).max() < 1e-20 * shares.max()


@pytest.fixture(scope="module")
def head() -> Head:
    return mapped(sphere_head((0.070, 0.078, 0.080, 0.086, 0.092), (1, 2, 3, 4, 5), cell_m=0.012), folded)


COIL = Coil.load("magstim-70mm-fig8")
POSE = Pose(matrix=np.array([[1.0, 0, 0, 0], [0, -1, 0, 0], [0, 0, -1, 0.097], [0, 0, 0, 1]]))
ONCE = FiniteElements(error=0.4)


@pytest.fixture(scope="module")
def fixed(head) -> EField:
    return simulate(head, COIL, POSE)


@pytest.fixture(scope="module")
def once(head) -> EField:
    return simulate(head, COIL, POSE, ONCE, points_m=head.cortex.points_m[:20])


@pytest.fixture(scope="module")
def truth(head) -> EField:
    """Rounds until the limit: an eighth of the error of one round."""
    return simulate(head, COIL, POSE, FiniteElements(error=0.001, most_unknowns=200_000))


def off(field: EField, truth: EField) -> FloatArray:
    strong = strong_points(truth.cortex_V_per_m)
    E, exact = field.cortex_V_per_m[strong], truth.cortex_V_per_m[strong]
    return np.linalg.norm(E - exact, axis=1) / np.linalg.norm(exact, axis=1)


def test_one_round_takes_most_of_the_error_for_few_unknowns(fixed, once, truth):
    assert once.unknowns < 1.4 * fixed.unknowns
    assert np.median(off(once, truth)) < 0.6 * np.median(off(fixed, truth))
    assert np.percentile(off(once, truth), 95) < 0.7 * np.percentile(off(fixed, truth), 95)


@pytest.mark.parametrize("which", ["fixed", "once"])
def test_the_estimate_is_above_the_error_but_not_by_an_order(which, truth, request):
    """The factors that docs/accuracy.md states: 1 to 8 for the median, 1 to 6 for the 95th percentile."""
    field = request.getfixturevalue(which)
    assert 1 < field.error.median / np.median(off(field, truth)) < 8
    assert 1 < field.error.p95 / np.percentile(off(field, truth), 95) < 6


def test_an_error_out_of_reach_is_said_to_be_missed(once, truth):
    assert truth.misses_error
    assert truth.unknowns <= 200_000
    assert truth.error.median > 0.001
    assert not once.misses_error
    assert once.error.median < 0.4


def test_results_are_those_of_the_head_as_it_was_given(head, fixed, once):
    assert once.E_V_per_m.shape == (len(head.tets), 3)
    np.testing.assert_allclose(once.points_V_per_m, once.cortex_V_per_m[:20], rtol=1e-9, atol=1e-9)
    grey = head.tags == 2
    difference = np.linalg.norm((once.E_V_per_m - fixed.E_V_per_m)[grey])
    assert 0 < difference < 0.1 * np.linalg.norm(fixed.E_V_per_m[grey])
    assert once.method == ONCE


def test_the_field_stays_linear_and_repeats_to_the_bit(head, once):
    again = next(prepare(head, ONCE).simulate_many(COIL, [POSE], didt_A_per_s=3e6))
    assert np.array_equal(again.E_V_per_m, once.E_V_per_m * 3.0)


def test_no_room_to_refine_leaves_the_field_of_the_mesh_as_it_is(head, fixed):
    tight = simulate(head, COIL, POSE, FiniteElements(error=0.001, most_unknowns=fixed.unknowns))
    assert np.array_equal(tight.cortex_V_per_m, fixed.cortex_V_per_m)
    assert tight.misses_error


def test_what_cannot_be_adapted_is_refused(head):
    with pytest.raises(InputError, match="second order"):
        FiniteElements(order=1, error=0.02)
    with pytest.raises(InputError, match="0.1 to 50 %"):
        FiniteElements(error=2.0)
    shells = replace(head, tags=np.where(head.tags == 1, 2, head.tags).astype(np.int32))
    with pytest.raises(InputError, match="mid-cortical"):
        prepare(shells, ONCE)
