"""Parts of the target search, each against its plain twin, and bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from numpy.testing import assert_allclose
from scipy.spatial.transform import Rotation

from spheres import folded, mapped, sphere_head
from tmsim.coil import Coil, SampledPotential
from tmsim.core import InputError
from tmsim.field import EField, FiniteElements, prepare
from tmsim.field.kernels import field_at, gather, local_load, recover_at
from tmsim.head import Head
from tmsim.neuron import Magnitude, recruit
from tmsim.neuron.dose import best_direction, threshold_field
from tmsim.placement import HeadPoint
from tmsim.pulse import waveform
from tmsim.search import (
    Candidates,
    Contrast,
    Grid,
    MeanAlong,
    MeanMagnitude,
    MeanVector,
    PlacementError,
    RecruitedShare,
    kernels,
    region_round,
    search,
    value_of,
)
from tmsim.search.candidates import combinations, scalp_points

TARGET = HeadPoint((-0.02, 0.02, 0.066))
PULSE = waveform("magpro-x100-monophasic")


@pytest.fixture(scope="module")
def head() -> Head:
    shells = ((0.066, 0.078, 0.082, 0.086, 0.092), (1, 2, 3, 4, 5))
    return mapped(sphere_head(*shells, cell_m=0.012), folded)


@pytest.mark.parametrize("order", [1, 2])
def test_functionals_are_the_field_at_points_transposed(head, order):
    """<w, E(E0, phi)> = <E0, of E0> + <phi, of phi>, whatever E0 and phi are."""
    rng = np.random.default_rng(0)
    solver = prepare(head, FiniteElements(order=order))
    space, some = solver.spaces[order], slice(0, 400, 17)
    rows, weights = solver.cortex_places.rows[some], solver.cortex_places.weights[some]
    functionals = rng.normal(size=(len(rows), 3, 2))
    E0, phi = rng.normal(size=(space.unknowns, 3)), rng.normal(size=space.unknowns)
    of_E0, of_phi = np.zeros((space.unknowns, 3, 2)), np.zeros((space.unknowns, 2))
    geometry = (space.cells, space.gradients)
    tissue = (head.volumes_m3[space.tet_order], head.tags[space.tet_order])
    touching = (space.touching_start, space.touching)
    kernels.field_functionals(*geometry, rows, weights, functionals, of_E0, of_phi)
    E = field_at(*geometry, E0, phi, rows, weights)
    expected = np.einsum("qkf,qk->f", functionals, E)
    assert_allclose(np.einsum("nkf,nk->f", of_E0, E0) + of_phi.T @ phi, expected, rtol=1e-9)
    if order == 1:
        of_E0[:], of_phi[:] = 0, 0
        kernels.recovered_functionals(
            *geometry, *tissue, *touching, rows, weights, functionals, of_E0, of_phi
        )
        E = recover_at(*geometry, E0, phi, *tissue, *touching, rows, weights)
        expected = np.einsum("qkf,qk->f", functionals, E)
        assert_allclose(np.einsum("nkf,nk->f", of_E0, E0) + of_phi.T @ phi, expected, rtol=1e-9)


@pytest.mark.parametrize("order", [1, 2])
def test_the_load_transposed_is_the_load_seen_from_the_other_side(head, order):
    rng = np.random.default_rng(1)
    space = prepare(head, FiniteElements(order=order)).spaces[order]
    E0, psi = rng.normal(size=(space.unknowns, 3)), rng.normal(size=(space.unknowns, 2))
    load = gather(local_load(space.cells, space.flux, E0), space.touching_start, space.touching)
    out = np.zeros((space.unknowns, 3, 2))
    kernels.add_load_transposed(space.cells, space.flux, psi, out)
    assert_allclose(np.einsum("nkf,nk->f", out, E0), psi.T @ load, rtol=1e-9)


@settings(max_examples=20)
@given(
    place=st.tuples(*3 * [st.floats(0, 1)]),
    powers=st.tuples(*3 * [st.integers(0, 5)]),
)
def test_currents_moved_to_the_lattice_keep_every_moment_to_fifth_degree(place, powers):
    n = kernels.LATTICE_POINTS
    out = np.zeros((n, n, n, 1, 3))
    kernels.spread(np.array([place]), np.array([[[1.0, -2.0, 0.5]]], np.float32), out)
    at = np.arange(n) - 2.0
    x, y, z = (at**p for p in powers)
    moved = np.einsum("i,j,k,ijkfa->fa", x, y, z, out)[0]
    exact = np.prod(np.array(place) ** np.array(powers))
    assert_allclose(moved, exact * np.array([1.0, -2.0, 0.5]), atol=1e-8)


def test_a_sum_over_a_coil_is_that_of_the_plain_twin():
    rng = np.random.default_rng(2)
    shape, step = (12, 13, 14), 0.01
    rows = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
    values = rng.normal(size=(rows.size, 6)).astype(np.float32)
    positions, moments = rng.uniform(-0.02, 0.02, (5, 3)), rng.normal(size=(5, 3))
    matrices = np.tile(np.eye(4), (4, 1, 1))
    matrices[:, :3, :3] = Rotation.random(4, random_state=3).as_matrix()
    matrices[:, :3, 3] = 0.06 + rng.uniform(-0.01, 0.01, (4, 3))
    out, missing = np.empty((4, 2)), np.empty(4, np.int8)
    arguments = (matrices, positions, moments, step)
    kernels.sum_over_coil(*arguments, rows, values, out, missing)
    assert not missing.any()

    expected = np.zeros((4, 2))
    for n, matrix in enumerate(matrices):
        for place, moment in zip(positions, moments, strict=True):
            u = (matrix[:3, :3] @ place + matrix[:3, 3]) / step
            i, t = np.floor(u).astype(int), u - np.floor(u)
            for corner in np.ndindex(2, 2, 2):
                weight = np.prod(np.where(corner, t, 1 - t))
                B = values[rows[tuple(i + corner)]].reshape(3, 2)
                expected[n] += weight * (matrix[:3, :3] @ moment) @ B
    assert_allclose(out, expected, atol=1e-5)

    # Marked are just the points that were used; without them the sum is told to be unknown.
    wanted = np.zeros(shape, bool)
    kernels.mark_cells(matrices, positions, step, wanted)
    kernels.sum_over_coil(*arguments, np.where(wanted, rows, -1), values, out, missing)
    assert not missing.any()
    assert_allclose(out, expected, atol=1e-5)
    hole = np.where(wanted, rows, -1)
    hole[tuple(np.argwhere(wanted)[0])] = -1
    kernels.sum_over_coil(*arguments, hole, values, out, missing)
    assert (missing == 1).any()
    matrices[0, :3, 3] = 1.0
    kernels.sum_over_coil(*arguments, rows, values, out, missing)
    assert missing.tolist() == [-1, 0, 0, 0]


def test_a_region_is_the_cortex_round_the_point_nearest_to_the_target(head):
    region = region_round(head, TARGET, 0.008)
    distance = np.linalg.norm(head.cortex.points_m - region.center_m, axis=1)
    assert sorted(region.points) == np.flatnonzero(distance <= 0.008).tolist()
    assert region.shares.sum() == pytest.approx(1.0)
    offset = np.linalg.norm(head.cortex.points_m - np.array(TARGET.point_m), axis=1)
    assert np.linalg.norm(region.center_m - np.array(TARGET.point_m)) == offset.min()
    outward = region.center_m / np.linalg.norm(region.center_m)
    assert region.column @ outward > 0.8
    assert region.scalp_m @ outward > 0.08


def test_scalp_points_lie_on_the_skin_within_the_radius(head):
    grid = Grid(radius_m=0.03, spacing_m=0.006)
    region = region_round(head, TARGET, 0.008)
    points = scalp_points(head, region.scalp_m, grid)
    gap = np.linalg.norm(points[:, None] - points, axis=2) + np.eye(len(points))
    assert gap.min() >= 0.006 - 1e-9
    assert np.linalg.norm(points - region.scalp_m, axis=1).max() <= 0.03
    # Poisson discs: between the square packing and one point to every disc of the spacing.
    assert math.pi * 0.03**2 / 0.006**2 * 0.5 < len(points) < math.pi * 0.03**2 / 0.006**2 * 1.16
    from tmsim.head.locate import nearest_on_surface

    assert np.abs(nearest_on_surface(head.skin, points).distance_m).max() < 1e-9


def test_combinations_are_all_of_them_once():
    grid = Grid(angles_rad=(0.0, 0.5), tilt_rad=0.1)
    point, angle, tilt = combinations(3, grid)
    every = {(int(p), a, *t) for p, a, t in zip(point, angle.tolist(), tilt.tolist(), strict=True)}
    assert len(every) == len(point) == 3 * 2 * 5


def candidates(values: list[float], angles_deg: list[float], scalp: list[int]) -> Candidates:
    n = len(values)
    return Candidates(
        matrices=np.tile(np.eye(4), (n, 1, 1)),
        coil=np.zeros(n, np.int32),
        scalp=np.array(scalp, np.int32),
        angle_rad=np.deg2rad(angles_deg),
        tilt_rad=np.zeros((n, 2)),
        lifted_m=np.zeros(n),
        values=np.array(values),
    )


def test_each_scalp_point_is_ranked_by_its_best_angle():
    three = candidates([1.0, 3.0, 2.0, math.nan, -1.0], [0, 10, 0, 10, 0], [0, 0, 1, 1, 2])
    assert three.ranked() == [1, 2, 4]
    assert three.ranked(np.array([9.0, 3.0, 2.0, 10.0, math.nan])) == [3, 0]


def test_of_opposite_handles_that_are_as_good_the_one_that_points_back_is_taken():
    assert candidates([1.0, 0.999, 0.5], [150, 330, 0], [0, 0, 0]).ranked() == [1]
    assert candidates([0.999, 1.0, 0.5], [-40, 140, 0], [0, 0, 0]).ranked() == [0]
    assert candidates([1.0, 0.99, 0.5], [150, 330, 0], [0, 0, 0]).ranked() == [0]
    assert candidates([-1.0, -0.999], [330, 150], [0, 0]).ranked() == [0]


def test_a_whole_turn_is_told_from_a_sector():
    assert Grid().whole_turn
    assert Grid(angles_rad=tuple(np.deg2rad(range(-180, 180, 60)).tolist())).whole_turn
    assert not Grid(angles_rad=tuple(np.deg2rad(range(0, 181, 10)).tolist())).whole_turn


def uniform_field(head: Head, E: list[float]) -> EField:
    return EField(
        E_V_per_m=np.tile(E, (len(head.tets), 1)),
        cortex_V_per_m=np.tile(E, (len(head.cortex.points_m), 1)),
        points_V_per_m=np.empty((0, 3)),
        didt_A_per_s=1e6,
        method=FiniteElements(),
        unknowns=0,
        iterations=0,
        relative_residual=0.0,
        error=None,
    )


def test_in_a_uniform_field_the_objectives_are_known(head):
    region = region_round(head, TARGET, 0.01)
    E = uniform_field(head, [3.0, 0.0, -4.0]).cortex_V_per_m
    assert value_of(MeanVector(), head, region, E) == pytest.approx(5.0)
    assert value_of(MeanMagnitude(), head, region, E) == pytest.approx(5.0)
    assert value_of(Contrast(), head, region, E) == pytest.approx(1.0)
    assert value_of(MeanAlong(direction=[0, 0, -2.0]), head, region, E) == pytest.approx(4.0)
    outward = value_of(MeanAlong(), head, region, E)
    assert outward == pytest.approx(region.column @ [3.0, 0.0, -4.0])
    assert value_of(MeanAlong(direction="inward"), head, region, E) == pytest.approx(-outward)


def test_contrast_counts_what_lies_outside(head):
    region = region_round(head, TARGET, 0.01)
    E = uniform_field(head, [1.0, 0.0, 0.0]).cortex_V_per_m.copy()
    E[region.points] *= 7.0
    assert value_of(Contrast(), head, region, E) == pytest.approx(7.0)


@pytest.mark.parametrize("model", [None, Magnitude()])
def test_the_recruited_share_is_that_of_the_neuron_room(head, model):
    region = region_round(head, TARGET, 0.01)
    field = uniform_field(head, [60.0, -75.0, 45.0])
    objective = (
        RecruitedShare(waveform=PULSE) if model is None else RecruitedShare(waveform=PULSE, model=model)
    )
    fired = recruit(
        head, field, PULSE, model=objective.model,
        motor_threshold_V_per_m=threshold_field(objective.model, PULSE),
        hotspot=best_direction(objective.model, PULSE),
    )  # fmt: skip
    row = fired.fraction[fired.populations.index("L5"), region.points]
    share = value_of(objective, head, region, field.cortex_V_per_m)
    assert share == pytest.approx(row @ region.shares, abs=2e-3)
    assert 0.05 < share < 0.95


FAULTS = {
    "negative radius": (lambda: Grid(radius_m=-0.01), "radius_m"),
    "spacing in mm": (lambda: Grid(spacing_m=4.0), "spacing_m"),
    "not a number": (lambda: Grid(gap_m=math.nan), "gap_m"),
    "tilt in degrees": (lambda: Grid(tilt_rad=10.0), "tilt_rad"),
    "no angle": (lambda: Grid(angles_rad=()), "angles"),
    "angles in degrees": (lambda: Grid(angles_rad=(0.0, 45.0)), "angles"),
    "placement error in mm": (lambda: PlacementError(position_m=3.0, angle_rad=0.1), "3000 mm"),
    "placement error of words": (lambda: PlacementError(position_m=0.003, angle_rad=math.inf), "deg"),
    "a seed below zero": (lambda: PlacementError(position_m=0.003, angle_rad=0.1, seed=-1), "seed -1"),
    "few samples": (lambda: PlacementError(position_m=0.003, angle_rad=0.1, samples=2), "2 samples"),
    "zero direction": (lambda: MeanAlong(direction=[0, 0, 0]), "direction"),
    "direction of NaN": (lambda: MeanAlong(direction=[0, math.nan, 1]), "NaN"),
    "unknown direction": (lambda: MeanAlong(direction="up"), "'up'"),
    "unknown population": (lambda: RecruitedShare(waveform=PULSE, population="L9"), "L9"),
    "a million placements": (lambda: combinations(100_000, Grid()), "3,600,000"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_specs_are_refused_in_one_sentence(fault):
    make, says = FAULTS[fault]
    with pytest.raises(InputError, match=says):
        make()


SMALL = Grid(radius_m=0.004, angles_rad=(0.0, 1.5))
COIL = "magstim-25mm-fig8"


def sampled() -> Coil:
    field = SampledPotential(
        affine_m=np.diag([0.01, 0.01, 0.01, 1.0]), potential_Vs_per_m_A=np.ones((4, 4, 4, 3))
    )
    return Coil(name="sampled", label="sampled", elements=(field,))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"target": HeadPoint((0.0, 0.0, 0.0))}, "nearest cortex"),
        ({"target": "F99"}, "F99"),
        ({"region_radius_m": 5.0}, "5000 mm"),
        ({"coil": []}, "coil: none"),
        ({"coil": sampled()}, "sampled field"),
        ({"didt_A_per_s": None}, "full output isn't known"),
        ({"didt_A_per_s": -1.0}, "dI/dt"),
        ({"didt_A_per_s": 1.0, "objective": RecruitedShare(waveform=PULSE)}, "recruits nothing"),
        (
            {"grid": Grid(radius_m=0.004, angles_rad=(0.0,), gap_m=0.0), "coil": "wide"},
            "clears the scalp nowhere",
        ),
    ],
)
def test_a_search_that_cannot_be_is_refused(head, change, says):
    given = {"coil": Coil.load(COIL), "target": TARGET, "objective": MeanVector(), "grid": SMALL, **change}
    if given["coil"] == "wide":  # wings at 60 degrees ride far above any head
        from tmsim.core import Surface

        corners = np.array([[-0.1, -0.1, 0.1], [0.1, -0.1, 0.1], [0.0, 0.1, 0.1]])
        casing = Surface(points_m=corners, triangles=np.array([[0, 1, 2]]))
        given["coil"] = Coil(name="wide", label="wide", elements=Coil.load(COIL).elements, casing=casing)
    with pytest.raises(InputError, match=says):
        search(head, given.pop("coil"), given.pop("target"), given.pop("objective"), **given)


def test_a_head_without_cortex_is_refused():
    bare = sphere_head((0.08, 0.09), (2, 5), cell_m=0.02)
    with pytest.raises(InputError, match="no cortex"):
        region_round(bare, TARGET, 0.01)


def test_the_figure_has_the_map_and_a_line_for_each_coil(head):
    from tmsim.report.search import search_figure

    coils = [Coil.load(COIL), Coil.load("magstim-circular-70mm")]
    found = search(head, coils, TARGET, MeanVector(), grid=Grid(radius_m=0.008, angles_rad=(0.0, 1.0, 2.0)))
    figure = search_figure(head, coils, found)
    assert isinstance(figure, Figure)
    angle_ax = figure.axes[-1]
    lines = [line for line in angle_ax.lines if not line.get_label().startswith("_")]
    assert [line.get_label() for line in lines] == [coil.name for coil in coils]
    assert max(line.get_ydata().max() for line in lines) == pytest.approx(found.grid_value)
