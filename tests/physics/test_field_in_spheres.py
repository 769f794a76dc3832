"""Real coils over a four-shell sphere: finite elements against the closed form, and what must hold anyway."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.transform import Rotation

from spheres import sphere_head
from tmsim.coil import Coil, Segments
from tmsim.core import FloatArray, InputError
from tmsim.field import EField, FiniteElements, LayeredSphere, prepare, simulate, sphere_field, summarize
from tmsim.field.solve import Potential, Solver
from tmsim.head import Head
from tmsim.head.parameters import GREY_MATTER
from tmsim.placement import Pose

RADIUS_m = 0.092
COILS = ("magstim-70mm-fig8", "magstim-circular-70mm")


def pose_over(direction: FloatArray, *, gap_m: float = 0.004, twist: float = 0.7) -> Pose:
    """The coil touching a sphere from ``direction``, turned by ``twist`` about its axis."""
    outward = np.asarray(direction) / np.linalg.norm(direction)
    turn = Rotation.align_vectors([-outward], [[0, 0, 1]])[0] * Rotation.from_rotvec([0, 0, twist])
    matrix = np.eye(4)
    matrix[:3, :3] = turn.as_matrix()
    matrix[:3, 3] = (RADIUS_m + gap_m) * outward
    return Pose(matrix=matrix)


POSE = pose_over(np.array([0.3, 0.2, 1.0]))


@pytest.fixture(scope="module")
def head() -> Head:
    return sphere_head(cell_m=0.003)


@pytest.fixture(scope="module")
def solver(head) -> Solver:
    return prepare(head)


@pytest.fixture(scope="module")
def coarse() -> Solver:
    """For laws that hold on any mesh."""
    return prepare(sphere_head(cell_m=0.008))


def relative_error(head: Head, ours: EField, exact: EField, tags: tuple[int, ...] = (GREY_MATTER,)) -> float:
    """Relative L2 over the tetrahedra of some tissues."""
    inside, volume = np.isin(head.tags, tags), head.volumes_m3
    square = ((ours.E_V_per_m - exact.E_V_per_m)[inside] ** 2).sum(axis=1) @ volume[inside]
    return float(np.sqrt(square / ((exact.E_V_per_m[inside] ** 2).sum(axis=1) @ volume[inside])))


@pytest.mark.parametrize("name", COILS)
def test_second_order_is_within_half_a_percent_of_the_closed_form(head, solver, name):
    coil = Coil.load(name)
    exact = simulate(head, coil, POSE, LayeredSphere())
    assert relative_error(head, solver.simulate(coil, POSE), exact) < 0.005


@pytest.mark.parametrize(("name", "least"), [(COILS[0], 0.02), (COILS[1], 0.001)])
def test_first_order_is_within_six_percent_of_the_closed_form(head, name, least):
    """And well behind second order, or it would not be first. A circular coil charges a sphere little."""
    coil = Coil.load(name)
    exact = simulate(head, coil, POSE, LayeredSphere())
    error = relative_error(head, simulate(head, coil, POSE, FiniteElements(order=1)), exact)
    assert least < error < 0.06


def test_first_order_converges_with_h_and_second_with_h_to_the_1_7_at_least():
    """In shells thick enough to refine; the core is left out, whose cells do not halve.

    Straight tetrahedra on round borders keep second order somewhat below two.
    """
    coil = Coil.load(COILS[0])
    errors: dict[int, list[float]] = {1: [], 2: []}
    for cell_m in (0.0112, 0.0056):
        ball = sphere_head((0.050, 0.064, 0.078, 0.092), cell_m=cell_m)
        exact = simulate(ball, coil, POSE, LayeredSphere())
        for order, found in errors.items():
            ours = simulate(ball, coil, POSE, FiniteElements(order=order))
            found.append(relative_error(ball, ours, exact, (3, 4, 5)))
    observed = {order: np.log2(found[0] / found[1]) for order, found in errors.items()}
    assert observed[1] == pytest.approx(1.0, abs=0.2), errors
    assert observed[2] >= 1.7, errors


def test_at_points_the_field_is_that_of_the_closed_form(head, solver):
    points = np.array([[0.02, 0.01, 0.06], [-0.01, 0.03, 0.05], [0.0, 0.0, 0.075]])
    coil = Coil.load(COILS[0])
    exact = simulate(head, coil, POSE, LayeredSphere(), points_m=points)
    ours = solver.simulate(coil, POSE, points_m=points)
    error = np.linalg.norm(ours.points_V_per_m - exact.points_V_per_m, axis=1)
    assert (error < 0.01 * np.linalg.norm(exact.points_V_per_m, axis=1)).all()


def test_a_point_outside_the_head_is_refused(solver):
    with pytest.raises(InputError, match="1 outside the head"):
        solver.simulate(Coil.load(COILS[0]), POSE, points_m=[[0, 0, 0.05], [0, 0, 0.2]])


def test_the_field_is_linear_in_the_current_slope(coarse):
    coil = Coil.load(COILS[0])
    one = coarse.simulate(coil, POSE)
    many = coarse.simulate(coil, POSE, didt_A_per_s=-1.5e8)
    assert_allclose(many.E_V_per_m, -150 * one.E_V_per_m, rtol=1e-12)
    assert_allclose(one.scaled_to(2e6).E_V_per_m, 2 * one.E_V_per_m, rtol=1e-12)


def test_the_fields_of_two_wings_add_to_that_of_the_coil(coarse):
    coil = Coil.load(COILS[0])
    assert len(coil.elements) == 1
    wire = coil.elements[0]
    left = wire.starts_m[:, 0] < 0
    wings = [
        replace(
            coil,
            elements=(
                Segments(starts_m=wire.starts_m[side], ends_m=wire.ends_m[side], turns=wire.turns[side]),
            ),
        )
        for side in (left, ~left)
    ]
    whole = coarse.simulate(coil, POSE).E_V_per_m
    parts = sum(coarse.simulate(wing, POSE).E_V_per_m for wing in wings)
    assert np.linalg.norm(parts - whole) < 1e-4 * np.linalg.norm(whole)


def test_turning_head_and_coil_together_turns_the_field(coarse):
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler("xyz", [0.4, 1.2, -0.7]).as_matrix()
    head, coil = coarse.head, Coil.load(COILS[0])
    turned = replace(head, nodes_m=head.nodes_m @ turn[:3, :3].T)
    here = coarse.simulate(coil, POSE).E_V_per_m
    there = simulate(turned, coil, Pose(matrix=turn @ POSE.matrix)).E_V_per_m
    assert np.linalg.norm(there - here @ turn[:3, :3].T) < 1e-4 * np.linalg.norm(here)


def test_many_placements_in_one_call_are_those_of_single_calls(coarse):
    coil = Coil.load(COILS[0])
    poses = [POSE, pose_over(np.array([1.0, 0.1, 0.3]), twist=-0.4)]
    for pose, field in zip(poses, coarse.simulate_many(coil, poses), strict=True):
        alone = coarse.simulate(coil, pose).E_V_per_m
        assert np.linalg.norm(field.E_V_per_m - alone) < 1e-5 * np.linalg.norm(alone)


def test_the_coil_sees_a_dipole_in_the_head_as_the_dipole_sees_the_coil():
    """Reciprocity: p.E of the coil equals minus the flux of the dipole p through the coil, per ampere.

    The dipole's own field and that of its currents in the head (Biot-Savart over all tetrahedra) are
    summed along the wire; nothing of the coil's own field takes part.
    """
    head = sphere_head(cell_m=0.004)
    solver = prepare(head, FiniteElements(tolerance=1e-7))
    angle = 2 * np.pi * np.arange(49) / 48
    corners = np.column_stack([0.035 * np.cos(angle), 0.025 * np.sin(angle), np.full(49, -0.004)])
    wire = Segments(starts_m=corners[:-1], ends_m=corners[1:], turns=np.full(48, 7.0))
    coil = Coil(name="oval", label="oval", elements=(wire,))
    tet = int(np.argmin(np.linalg.norm(head.centers_m - [0.018, 0.024, 0.068], axis=1)))
    moment = np.array([0.6, -0.7, 0.2])

    # Load of the dipole: p.grad of each basis function, read off the field of one unknown at a time.
    space = solver.spaces[2]
    nothing = np.zeros((space.unknowns, 3))
    place = solver.places(np.array([tet], np.int32), head.centers_m[[tet]])
    load = np.zeros((space.unknowns, 1))
    for unknown in space.cells[place.rows[0]]:
        unit = np.zeros(space.unknowns)
        unit[unknown] = 1.0
        minus_gradient = Potential(space=space, primary_V_per_m=nothing, potential_V=unit).at(place)
        load[unknown] = -minus_gradient[0] @ moment
    potential, _ = solver.solve(load)
    answer = Potential(
        space=space, primary_V_per_m=nothing, potential_V=np.ascontiguousarray(potential[:, 0])
    )

    # Five points a tetrahedron (exact to third degree), two a side of the wire.
    positions, currents = [head.centers_m[[tet]]], [moment[None]]
    every = np.arange(len(head.tets), dtype=np.int32)
    for share, weights in zip(
        (-0.8, *4 * (0.45,)), (np.full(4, 0.25), *(1 / 6 + np.eye(4) / 3)), strict=True
    ):
        points = np.einsum("a,nak->nk", weights, head.nodes_m[head.tets])
        moments = share * head.element_sigma_S_per_m * head.volumes_m3
        positions.append(points)
        currents.append(moments[:, None] * answer.at(solver.places(every, points)))
    sources, moments = np.concatenate(positions), np.concatenate(currents)
    starts, ends = POSE.to_head(wire.starts_m), POSE.to_head(wire.ends_m)
    flux = 0.0
    for at in (0.5 - 0.5 / 3**0.5, 0.5 + 0.5 / 3**0.5):
        for point, step in zip(starts + at * (ends - starts), (ends - starts) * 7.0 / 2, strict=True):
            flux += 1e-7 * ((moments @ step) / np.linalg.norm(sources - point, axis=1)).sum()

    field = solver.simulate(coil, POSE, points_m=head.centers_m[[tet]], didt_A_per_s=1.0)
    assert field.points_V_per_m[0] @ moment == pytest.approx(-flux, rel=1e-3)


def test_depth_and_focality_of_a_mesh_are_those_of_a_cloud_of_points(head):
    """The same definitions on 200,000 random points of the ball, where no tetrahedron takes part."""
    coil = Coil.load(COILS[0])
    metrics = summarize(head, simulate(head, coil, POSE, LayeredSphere()))
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(200_000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    radius = 0.078 * rng.random(len(directions)) ** (1 / 3)
    volume_m3 = 4 / 3 * np.pi * 0.078**3
    size = 1e6 * np.linalg.norm(
        sphere_field(coil.dipoles().moved(POSE.matrix), radius[:, None] * directions), axis=1
    )
    p999 = np.percentile(size, 99.9)
    layer = ((0.078 - radius) / 1e-3).astype(int)
    reached = [k for k in range(40) if np.percentile(size[layer == k], 99.9) >= p999 / 2]
    assert metrics.p999_V_per_m == pytest.approx(p999, rel=0.02)
    assert metrics.volume_50_m3 == pytest.approx((size >= p999 / 2).mean() * volume_m3, rel=0.03)
    assert metrics.volume_75_m3 == pytest.approx((size >= 0.75 * p999).mean() * volume_m3, rel=0.06)
    assert metrics.half_depth_m == pytest.approx((max(reached) + 1) * 1e-3, abs=1.2e-3)
    assert metrics.spread_m2 == pytest.approx(metrics.volume_50_m3 / metrics.half_depth_m, rel=1e-12)
    along = (np.array(metrics.peak_m) - POSE.center_m) @ POSE.inward
    assert 0.014 < along < 0.024  # under the coil, at the top of the ball


def test_the_hot_spot_of_two_spots_alike_is_in_one_of_them(head):
    coil = Coil.load(COILS[0])
    field = simulate(head, coil, POSE, LayeredSphere())
    spots = np.array([[0.04, 0.0, 0.06], [-0.04, 0.0, 0.06]])
    distance = np.linalg.norm(head.centers_m[:, None] - spots, axis=2).min(axis=1)
    E = np.exp(-distance / 0.01)[:, None] * [1.0, 0.0, 0.0]
    peak_m = np.array(summarize(head, replace(field, E_V_per_m=E)).peak_m)
    assert np.linalg.norm(spots - peak_m, axis=1).min() < 0.004
