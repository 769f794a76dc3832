"""The finite elements against solutions that can be written down, and against another assembly."""

from __future__ import annotations

import numpy as np
import pytest
from numba import get_num_threads, set_num_threads
from scipy.sparse import csr_matrix
from scipy.spatial.transform import Rotation

from boxes import border_solution, box_head
from tmsim.core import ConvergenceError
from tmsim.field import FiniteElements, kernels, prepare
from tmsim.field.multigrid import conjugate_gradients
from tmsim.field.solve import Potential, Solver
from tmsim.field.space import CSR, EDGES, build_spaces, stiffness

TURN = Rotation.from_euler("xyz", [0.5, -0.8, 1.1]).as_matrix()
LEFT, RIGHT = np.diag([0.3, 0.5, 0.4]), np.diag([2.0, 1.5, 0.9])


def border_error(cells: int, order: int) -> float:
    head = box_head(cells, tensors_S_per_m=(LEFT, RIGHT), rotation=TURN)
    solver = prepare(head, FiniteElements(order=order, tolerance=1e-8))
    space = solver.spaces[order]
    _, E0 = border_solution(space.points_m @ TURN, LEFT, RIGHT)
    E0 = np.ascontiguousarray(E0 @ TURN.T)
    x, _ = solver.solve(solver.load(space, E0)[:, None])
    potential = Potential(space=space, primary_V_per_m=E0, potential_V=np.ascontiguousarray(x[:, 0]))
    # Four points inside each tetrahedron, not its barycentre alone, where first order may be better.
    weights = np.full((4, 4), 0.138196601) + 0.447213595 * np.eye(4)
    error = size = 0.0
    corners = head.nodes_m[head.tets]
    for w in weights:
        points = np.einsum("a,nak->nk", w, corners)
        E, _ = border_solution(points @ TURN, LEFT, RIGHT)
        here = potential.at(solver.places(np.arange(len(head.tets), dtype=np.int32), points))
        error += float((head.volumes_m3[:, None] * (here - E @ TURN.T) ** 2).sum())
        size += float((head.volumes_m3[:, None] * E**2).sum())
    return (error / size) ** 0.5


@pytest.mark.parametrize(("order", "cells", "expected"), [(1, (4, 8, 16), 1.0), (2, (4, 8, 16), 2.0)])
def test_the_field_converges_at_its_order_across_an_anisotropic_border(order, cells, expected):
    errors = [border_error(n, order) for n in cells]
    observed = np.log2(errors[-2] / errors[-1])
    assert observed == pytest.approx(expected, abs=0.2), errors
    assert errors[-1] < {1: 0.15, 2: 0.005}[order]


def as_scipy(matrix: CSR) -> csr_matrix:
    return csr_matrix((matrix.data, matrix.indices.astype(int), matrix.indptr), shape=matrix.shape)


@pytest.mark.parametrize("order", [1, 2])
def test_the_stiffness_matrix_agrees_with_scikit_fem(order):
    skfem = pytest.importorskip("skfem")
    head = box_head(4, tensors_S_per_m=(TURN @ LEFT @ TURN.T, RIGHT))
    space = build_spaces(head, order)[order]
    mesh = skfem.MeshTet(head.nodes_m.T, head.tets.T.astype(np.int64), sort_t=False)
    basis = skfem.Basis(mesh, {1: skfem.ElementTetP1(), 2: skfem.ElementTetP2()}[order])
    tensors = np.broadcast_to(head.tensors_S_per_m.transpose(1, 2, 0)[..., None], (3, 3, *basis.dx.shape))

    @skfem.BilinearForm
    def form(u, v, w):
        return np.einsum("i...,ij...,j...->...", v.grad, w.sigma, u.grad)

    theirs = form.assemble(basis, sigma=tensors).tocsr()
    # The same unknowns, told by where they sit.
    _, ours_at = np.unique(space.points_m.round(9), axis=0, return_index=True)
    _, theirs_at = np.unique(basis.doflocs.T.round(9), axis=0, return_index=True)
    ours = as_scipy(stiffness(space))[ours_at][:, ours_at]
    theirs = theirs[theirs_at][:, theirs_at]
    assert abs(ours - theirs).max() < 2e-7 * abs(theirs).max()


@pytest.mark.parametrize("order", [1, 2])
def test_the_matrix_and_the_element_by_element_product_agree(order):
    space = build_spaces(box_head(4, tensors_S_per_m=(LEFT, RIGHT)), order)[order]
    x = np.random.default_rng(0).normal(size=(space.unknowns, 2))
    by_element = kernels.apply_by_element(
        space.cells, space.coupling, space.touching_start, space.touching, x
    )
    np.testing.assert_allclose(by_element, as_scipy(stiffness(space)) @ x, atol=2e-6)


@pytest.mark.parametrize("order", [1, 2])
def test_the_load_of_a_gradient_is_the_matrix_times_its_potential(order):
    """For E0 = grad(u) with u in the space the load is A u: sign, factor and quadrature at once."""
    space = build_spaces(box_head(4, tensors_S_per_m=(LEFT, RIGHT)), order)[order]
    x, y, z = space.points_m.T
    if order == 1:
        u, E0 = x - 2 * y + 3 * z, np.tile([1.0, -2.0, 3.0], (len(x), 1))
    else:
        u, E0 = x * y + z**2, np.column_stack([y, x, 2 * z])
    load = kernels.gather(
        kernels.local_load(space.cells, space.flux, E0), space.touching_start, space.touching
    )
    expected = kernels.apply_by_element(
        space.cells, space.coupling, space.touching_start, space.touching, u[:, None]
    )[:, 0]
    np.testing.assert_allclose(load, expected, atol=1e-12)


def test_the_mean_of_a_second_order_field_is_its_integral():
    """Against five-point quadrature, exact for the cubic primary field and the linear gradient."""
    head = box_head(2, tensors_S_per_m=(LEFT, RIGHT))
    solver = prepare(head)
    space = solver.spaces[2]
    rng = np.random.default_rng(3)
    potential = Potential(
        space=space,
        primary_V_per_m=rng.normal(size=(space.unknowns, 3)),
        potential_V=rng.normal(size=space.unknowns),
    )
    weights = [np.full(4, 0.25), *(np.full(4, 1 / 6) + np.eye(4) / 3)]
    shares = [-4 / 5, *4 * [9 / 20]]
    corners = head.nodes_m[head.tets]
    tets = np.arange(len(head.tets), dtype=np.int32)
    mean = sum(
        s * potential.at(solver.places(tets, np.einsum("a,nak->nk", w, corners)))
        for s, w in zip(shares, weights, strict=True)
    )
    np.testing.assert_allclose(potential.mean_by_tet(), mean, atol=1e-9)


def test_recovery_stays_within_the_tissue():
    """A gradient that differs by tissue is recovered exactly on both sides of the border."""
    head = box_head(4, tensors_S_per_m=(LEFT, RIGHT))
    solver = prepare(head, FiniteElements(order=1))
    space = solver.spaces[1]
    kinked = Potential(
        space=space,
        primary_V_per_m=np.zeros((space.unknowns, 3)),
        potential_V=np.where(space.points_m[:, 0] > 0, 5.0, 1.0) * space.points_m[:, 0],
    )
    places = solver.places(np.arange(len(head.tets), dtype=np.int32), head.centers_m)
    expected = np.where(head.centers_m[:, :1] > 0, [[-5.0, 0, 0]], [[-1.0, 0, 0]])
    np.testing.assert_allclose(kinked.recovered_at(head, places), expected, atol=1e-12)


@pytest.fixture(scope="module")
def jump_solver() -> Solver:
    return prepare(box_head(12, tensors_S_per_m=(0.01 * np.eye(3), 1.654 * np.eye(3))))


def test_the_solve_reaches_its_tolerance_in_true_residual(jump_solver):
    space = jump_solver.spaces[2]
    E0 = np.cross(space.points_m - [0.2, 0, 1.5], [0, 0.3, 1])
    load = jump_solver.load(space, E0)[:, None]
    assert abs(load.sum()) < 1e-12 * abs(load).sum()
    x, iterations = jump_solver.solve(load)
    assert iterations < 15
    assert jump_solver.residual(load, x)[0] < 1.5e-6


def test_a_block_of_right_hand_sides_gives_each_its_own_answer(jump_solver):
    space = jump_solver.spaces[2]
    loads = np.stack(
        [jump_solver.load(space, np.cross(space.points_m - [0.2, k, 1.5], [0, 0.3, 1])) for k in range(3)],
        axis=1,
    )
    together, _ = jump_solver.solve(loads)
    for k in range(3):
        alone, _ = jump_solver.solve(loads[:, k : k + 1])
        assert np.linalg.norm(together[:, k] - alone[:, 0]) < 1e-5 * np.linalg.norm(alone)


def test_one_core_and_two_give_the_same_bits(jump_solver):
    space = jump_solver.spaces[2]
    load = jump_solver.load(space, np.cross(space.points_m - [0.2, 0, 1.5], [0, 0.3, 1]))[:, None]
    cores = get_num_threads()
    many, _ = jump_solver.solve(load)
    set_num_threads(1)
    try:
        one, _ = jump_solver.solve(load)
    finally:
        set_num_threads(cores)
    np.testing.assert_array_equal(one, many)


def test_preparing_twice_gives_the_same_bits():
    head = box_head(12, tensors_S_per_m=(LEFT, RIGHT))
    first, second = prepare(head), prepare(head)
    for a, b in zip(first.hierarchy.levels, second.hierarchy.levels, strict=True):
        np.testing.assert_array_equal(a.matrix.data, b.matrix.data)


def test_a_load_that_cannot_be_met_is_refused_and_not_answered(jump_solver):
    load = np.full((jump_solver.spaces[2].unknowns, 1), np.nan)
    with pytest.raises(ConvergenceError):
        conjugate_gradients(jump_solver.hierarchy, load, tolerance=1e-6)


def test_edges_are_numbered_as_the_kernels_expect():
    space = build_spaces(box_head(2, tensors_S_per_m=(LEFT, RIGHT)), 2)[2]
    corners = space.points_m[space.cells[:, :4]]
    for k, (a, b) in enumerate(EDGES):
        np.testing.assert_allclose(space.points_m[space.cells[:, 4 + k]], (corners[:, a] + corners[:, b]) / 2)
