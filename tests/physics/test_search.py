"""Target search: reciprocity against forward solves, the sphere where the answer is known, and laws."""

from __future__ import annotations

import math
import sys
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.transform import Rotation

from spheres import folded, mapped, sphere_head
from tmsim.coil import Coil, Dipoles
from tmsim.core import FloatArray
from tmsim.field import FiniteElements, prepare, primary_field, sphere_field
from tmsim.head import Head
from tmsim.placement import HeadPoint, Pose, check_clear
from tmsim.placement.clearance import lift_to_clear
from tmsim.pulse import waveform
from tmsim.search import (
    Contrast,
    Grid,
    MeanAlong,
    MeanMagnitude,
    MeanVector,
    Objective,
    PlacementError,
    Prepared,
    RecruitedShare,
    ScalpMap,
    prepare_search,
    region_round,
    search,
    search_prepared,
    value_of,
)
from tmsim.search.adjoint import Currents, adjoint_currents
from tmsim.search.candidates import pose_matrices
from tmsim.search.magnetic import MagneticField
from tmsim.search.refine import refine
from tmsim.search.robust import values_under

FIGURE_8, BENT, DOUBLE_CONE = "magstim-70mm-fig8", "magventure-mc-b70", "magstim-double-cone"
TARGET = HeadPoint((-0.025, 0.020, 0.065))
ERROR = PlacementError(position_m=0.003, angle_rad=math.radians(5), samples=20)


def turns(step_deg: float) -> tuple[float, ...]:
    return tuple(np.deg2rad(np.arange(0, 360, step_deg)).tolist())


COARSE = Grid(radius_m=0.010, spacing_m=0.005, angles_rad=turns(30))


@pytest.fixture(scope="module")
def head() -> Head:
    """A folded ellipsoid of a head: no closed form and no symmetry helps."""
    shells = ((0.068, 0.078, 0.080, 0.086, 0.092), (1, 2, 3, 4, 5))
    return mapped(sphere_head(*shells, cell_m=0.009), folded)


@pytest.fixture(scope="module")
def sphere() -> Head:
    return sphere_head((0.070, 0.078, 0.080, 0.086, 0.092), (1, 2, 3, 4, 5), cell_m=0.007)


def as_file_coil(coil: Coil) -> Coil:
    """The coil as a file of dipoles would have it: no casing, and dipoles for windings."""
    return Coil(name="dipoles", label="dipoles", elements=(coil.dipoles(),))


def forward(prepared: Prepared, matrices: FloatArray, coil: int = 0) -> FloatArray:
    """The objective by forward solves."""
    poses = [Pose(matrix=matrix) for matrix in matrices]
    fields = prepared.solver.simulate_many(
        prepared.coils[coil], poses, didt_A_per_s=prepared.didt_A_per_s[coil]
    )
    return np.array(
        [value_of(prepared.objective, prepared.head, prepared.region, f.cortex_V_per_m) for f in fields]
    )


@pytest.mark.parametrize("order", [1, 2])
def test_adjoint_currents_meet_a_forward_solve_to_the_tolerance_of_the_solver(head, order):
    solver = prepare(head, FiniteElements(order=order, tolerance=1e-8))
    region = region_round(head, TARGET, 0.01)
    places = solver.places(head.cortex.tets[region.points], head.cortex.points_m[region.points])
    currents = adjoint_currents(solver, places, MeanVector().functionals(region))
    coil, pose = Coil.load(FIGURE_8), Pose(matrix=_over(head, region.scalp_m))
    E = solver.simulate(coil, pose).cortex_V_per_m[region.points]
    E0 = primary_field(coil, pose, currents.points_m, 1e6)
    by_reciprocity = np.einsum("nkf,nk->f", currents.moments_m, E0)
    assert_allclose(by_reciprocity, region.shares @ E, rtol=0, atol=1e-7 * np.linalg.norm(E, axis=1).max())


@pytest.mark.parametrize("order", [1, 2])
def test_adjoint_currents_flow_in_closed_loops(head, order):
    """No primary field that is a gradient drives anything: the charge of the head takes it away."""
    solver = prepare(head, FiniteElements(order=order, tolerance=1e-8))
    region = region_round(head, TARGET, 0.01)
    places = solver.places(head.cortex.tets[region.points], head.cortex.points_m[region.points])
    currents = adjoint_currents(solver, places, MeanVector().functionals(region))
    uniform = currents.moments_m.sum(axis=0)
    assert np.abs(uniform).max() < 1e-6  # against 1, what the points themselves sum to
    if order == 2:  # the gradient of x y, which second order holds exactly
        x, y, _ = currents.points_m.T
        driven = currents.moments_m[:, 0].T @ y + currents.moments_m[:, 1].T @ x
        assert np.abs(driven).max() < 1e-7


def _over(head: Head, scalp_m: FloatArray, gap_m: float = 0.006) -> FloatArray:
    outward = scalp_m / np.linalg.norm(scalp_m)
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.align_vectors([-outward], [[0, 0, 1]])[0].as_matrix()
    matrix[:3, 3] = scalp_m + gap_m * outward
    return matrix


def test_the_fast_sum_is_the_plain_one():
    """Currents at random in a ball, their field 8 to 60 mm off it."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(4000, 3))
    points *= (0.09 * rng.random(4000) ** (1 / 3) / np.linalg.norm(points, axis=1))[:, None]
    moments = rng.normal(size=(4000, 3, 2))
    at = rng.normal(size=(300, 3))
    at *= (rng.uniform(0.098, 0.15, 300) / np.linalg.norm(at, axis=1))[:, None]
    d = at[:, None] - points
    kernel = d / np.linalg.norm(d, axis=2, keepdims=True) ** 3
    exact = 1e-7 * np.stack([np.cross(moments[..., f], kernel).sum(axis=1) for f in range(2)], axis=1)
    fast = MagneticField(Currents(points_m=points, moments_m=moments))(at)
    assert np.linalg.norm(fast - exact) < 3e-3 * np.linalg.norm(exact)


OBJECTIVES: dict[str, Objective] = {
    "along": MeanAlong(),
    "vector": MeanVector(),
    "magnitude": MeanMagnitude(),
    "recruited": RecruitedShare(waveform=waveform("magpro-x100-monophasic")),
    "contrast": Contrast(),
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_reciprocity_agrees_with_forward_solves_within_half_a_percent(head, name):
    didt = 1.2e8 if name == "recruited" else 1e6  # so that some of the region is recruited, not all
    prepared = prepare_search(
        head, Coil.load(FIGURE_8), TARGET, OBJECTIVES[name], grid=COARSE, didt_A_per_s=didt
    )
    some = np.random.default_rng(3).choice(len(prepared.candidates.matrices), 8, replace=False)
    matrices = prepared.candidates.matrices[some]
    values, exact = prepared.values(matrices), forward(prepared, matrices)
    assert np.abs(values - exact).max() < 0.005 * np.abs(exact).max()
    assert np.ptp(exact) > 0.05 * np.abs(exact).max()  # placements that differ
    assert prepared.measures.outside < 0.03


@pytest.mark.parametrize("name", [BENT, DOUBLE_CONE, "magstim-circular-90mm", "dipoles"])
def test_so_it_does_for_coils_of_every_kind(head, name):
    """Bent wings and double cones come near the scalp on both sides; a file of dipoles has no casing."""
    coil = as_file_coil(Coil.load("magstim-25mm-fig8")) if name == "dipoles" else Coil.load(name)
    prepared = prepare_search(head, coil, TARGET, MeanVector(), grid=COARSE)
    some = np.random.default_rng(4).choice(len(prepared.candidates.matrices), 6, replace=False)
    matrices = prepared.candidates.matrices[some]
    exact = forward(prepared, matrices)
    assert np.abs(prepared.values(matrices) - exact).max() < 0.005 * exact.max()
    assert len(prepared.thinned[0].positions_m) < len(coil.dipoles().positions_m) / 4


def test_second_order_agrees_with_its_own_forward_solves_too(head):
    prepared = prepare_search(
        head, Coil.load(FIGURE_8), TARGET, MeanVector(), grid=COARSE, method=FiniteElements(order=2)
    )
    matrices = prepared.candidates.matrices[[5, 60]]
    exact = forward(prepared, matrices)
    assert_allclose(prepared.values(matrices), exact, rtol=0.005)


def test_on_a_sphere_the_best_place_is_over_the_target_with_the_field_along_the_asked_direction(sphere):
    """And its value is that of the closed form, within the error of first order."""
    outward = np.array([-0.3, 0.4, 0.87])
    outward /= np.linalg.norm(outward)
    direction = np.cross(outward, [1.0, 0.2, 0.0])
    direction /= np.linalg.norm(direction)
    coil = Coil.load(FIGURE_8)
    found = search(
        sphere, coil, HeadPoint(tuple(0.074 * outward)), MeanAlong(direction=direction),
        grid=Grid(radius_m=0.012, spacing_m=0.004, angles_rad=turns(20)),
    )  # fmt: skip
    center = found.region.shares @ sphere.cortex.points_m[found.region.points]
    center /= np.linalg.norm(center)
    off_axis_m = np.linalg.norm(found.pose.center_m - (found.pose.center_m @ center) * center)
    assert off_axis_m < 1.5e-3
    assert found.pose.matrix[:3, 1] @ direction > math.cos(
        math.radians(4)
    )  # rising current drives E along +y
    assert found.pose.lifted_m < 1e-4
    exact = sphere_field(coil.dipoles().moved(found.pose.matrix), sphere.cortex.points_m[found.region.points])
    assert found.value == pytest.approx(1e6 * found.region.shares @ exact @ direction, rel=0.03)
    assert found.verified_value == pytest.approx(found.value, rel=0.005)


def test_the_opposite_direction_turns_the_coil_by_half_a_turn(sphere):
    values, handles = [], []
    for sign in (1.0, -1.0):
        found = search(
            sphere, Coil.load(FIGURE_8), HeadPoint((0.0, 0.03, 0.066)),
            MeanAlong(direction=np.array([sign, 0.0, 0.0])), grid=COARSE,
        )  # fmt: skip
        values.append(found.value)
        handles.append(found.pose.handle)
    assert values[0] == pytest.approx(values[1], rel=0.01)
    assert handles[0] @ handles[1] < -0.98


def test_turning_head_and_target_together_turns_the_answer(head):
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_rotvec([0.3, -0.2, 0.5]).as_matrix()
    R = turn[:3, :3]
    still = replace(head, head_to_mni=np.eye(4))
    turned = replace(head, nodes_m=head.nodes_m @ R.T, head_to_mni=turn.T)
    direction = np.array([0.2, 1.0, -0.3])
    point = np.array(TARGET.point_m)
    here = search(still, Coil.load(FIGURE_8), TARGET, MeanAlong(direction=direction), grid=COARSE)
    there = search(
        turned, Coil.load(FIGURE_8), HeadPoint(tuple(R @ point)), MeanAlong(direction=R @ direction),
        grid=COARSE,
    )  # fmt: skip
    assert there.value == pytest.approx(here.value, rel=2e-3)
    assert_allclose(there.pose.center_m, R @ here.pose.center_m, atol=3e-3)  # the top is flat
    assert (there.pose.handle @ R @ here.pose.handle) > math.cos(math.radians(5))
    assert_allclose(there.candidates.values, here.candidates.values, atol=3e-3 * here.value)


@pytest.fixture(scope="module")
def ready(head) -> Prepared:
    return prepare_search(head, Coil.load(FIGURE_8), TARGET, MeanVector(), grid=COARSE)


def test_refining_never_loses_and_the_forward_solve_confirms(ready):
    found = search_prepared(ready)
    assert found.grid_value == pytest.approx(np.nanmax(found.candidates.values))
    assert found.value >= found.grid_value
    assert found.verified_value == pytest.approx(found.value, rel=0.005)
    assert found.value < 1.1 * found.grid_value
    assert np.linalg.norm(found.pose.scalp_m - found.region.scalp_m) <= COARSE.radius_m + 1e-9


def test_the_map_holds_the_best_of_each_scalp_point_and_is_watched_as_it_grows(ready, monkeypatch):
    monkeypatch.setattr(sys.modules["tmsim.search.search"], "_PORTION", 36)  # three scalp points at a time
    seen: list[ScalpMap] = []
    found = search_prepared(ready, watch=seen.append)
    known = [int(np.isfinite(each.values).sum()) for each in seen]
    assert known == [*range(3, len(found.map.values), 3), len(found.map.values)]
    assert (seen[0].values[:3] == found.map.values[:3]).all()
    assert (seen[-1].values == found.map.values).all()
    rows = found.candidates.scalp == 4
    assert found.map.values[4] == found.candidates.values[rows].max()
    assert len(found.map.points_m) == len(np.unique(found.candidates.scalp))
    spacing = np.linalg.norm(found.map.points_m[:, None] - found.map.points_m, axis=2)
    assert spacing[spacing > 0].min() >= COARSE.spacing_m - 1e-9
    assert_allclose(found.map.points_m[0], found.region.scalp_m)


def test_placement_errors_cost_and_more_of_them_cost_more(ready):
    best = refine(ready, int(ready.values(ready.candidates.matrices).argmax()), None)
    losses = []
    for factor in (0.5, 1.0, 2.0):
        error = replace(ERROR, position_m=factor * ERROR.position_m, angle_rad=factor * ERROR.angle_rad)
        values = values_under(ready, best.pose.matrix, best.coil, error)
        assert np.percentile(values, 5) < values.mean() < best.worth
        losses.append(1 - values.mean() / best.worth)
    assert losses[0] < losses[1] < losses[2]
    assert losses[2] > 2 * losses[0]


def test_no_placement_error_costs_nothing(ready):
    found = search_prepared(ready, robust=PlacementError(position_m=0.0, angle_rad=0.0, samples=20))
    assert found.robust is not None
    assert found.robust.expected == pytest.approx(found.value, rel=1e-6)
    assert found.robust.fifth_percentile == pytest.approx(found.value, rel=1e-6)


def test_the_same_seed_gives_the_same_bits_and_another_seed_other_errors(ready):
    one, again = (search_prepared(ready, robust=ERROR) for _ in range(2))
    other = search_prepared(ready, robust=replace(ERROR, seed=1))
    assert one.robust == again.robust
    assert one.value == again.value
    assert (one.pose.matrix == again.pose.matrix).all()
    assert other.robust is not None
    assert one.robust is not None
    assert other.robust.expected != one.robust.expected
    assert other.robust.expected == pytest.approx(one.robust.expected, rel=0.02)


def test_portions_and_order_of_placements_do_not_matter(ready):
    matrices = ready.candidates.matrices
    together = ready.values(matrices)
    back = np.random.default_rng(0).permutation(len(matrices))
    assert (ready.values(matrices[back]) == together[back]).all()
    assert (ready.values(matrices[7:9]) == together[7:9]).all()


@pytest.mark.parametrize("name", [FIGURE_8, DOUBLE_CONE])
def test_lifts_are_those_of_placement(head, name):
    coil = Coil.load(name)
    prepared = prepare_search(head, coil, TARGET, MeanVector(), grid=replace(COARSE, tilt_rad=0.2))
    candidates = prepared.candidates
    some = np.random.default_rng(1).choice(len(candidates.lifted_m), 12, replace=False)
    lowered = np.array(candidates.matrices[some])
    lowered[:, :3, 3] += candidates.lifted_m[some, None] * lowered[:, :3, 2]
    expected = [lift_to_clear(head.skin, coil, matrix) for matrix in lowered]
    assert_allclose(candidates.lifted_m[some], expected, atol=3e-4)
    assert (max(expected) > 0.004) == (name == DOUBLE_CONE)
    for matrix in candidates.matrices[some[:3]]:
        check_clear(head, coil, Pose(matrix=matrix))


def test_tilts_turn_about_the_coils_own_axes():
    frames = np.stack([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])[None]
    at = np.array([[0.0, 0.0, 0.09]])
    flat, about_x, about_y = (
        pose_matrices(at, frames, np.zeros(1), np.array([tilt]), 0.004)[0]
        for tilt in ((0.0, 0.0), (0.1, 0.0), (0.0, 0.1))
    )
    assert_allclose(flat[:3, 1], [0, 1, 0], atol=1e-12)
    assert_allclose(flat[:3, 2], [0, 0, -1], atol=1e-12)
    assert_allclose(flat[:3, 3], [0, 0, 0.094])
    assert_allclose(about_x[:3, 0], flat[:3, 0], atol=1e-12)
    assert about_x[:3, 2] @ flat[:3, 2] == pytest.approx(math.cos(0.1))
    assert_allclose(about_y[:3, 1], flat[:3, 1], atol=1e-12)
    assert np.linalg.det(about_y[:3, :3]) == pytest.approx(1.0)


def test_with_tilts_to_choose_from_the_answer_is_no_worse(head, ready):
    tilted = search(
        head, Coil.load(FIGURE_8), TARGET, MeanVector(), grid=replace(COARSE, tilt_rad=math.radians(8))
    )
    assert tilted.value >= search_prepared(ready).grid_value
    assert max(abs(tilt) for tilt in tilted.tilt_rad) <= math.radians(8) + 1e-12
    assert tilted.verified_value == pytest.approx(tilted.value, rel=0.005)


def test_contrast_prefers_the_small_coil_and_strength_the_large_one(head):
    coils = [Coil.load("magstim-25mm-fig8"), Coil.load(FIGURE_8)]
    focal = search(head, coils, TARGET, Contrast(), grid=COARSE)
    strong = search(head, coils, TARGET, MeanMagnitude(), grid=COARSE)
    assert focal.coil.name == "magstim-25mm-fig8"
    assert strong.coil.name == FIGURE_8
    assert focal.value > 1.2 * np.nanmax(focal.candidates.values[focal.candidates.coil == 1])


def test_at_full_output_the_stimulator_counts(head):
    weak = replace(Coil.load(FIGURE_8), name="weak", didt_max_A_per_s=5e7)
    strong = replace(weak, name="strong", didt_max_A_per_s=1e8)
    found = search(head, [weak, strong], TARGET, MeanVector(), grid=COARSE, didt_A_per_s=None)
    assert found.coil.name == "strong"
    assert found.didt_A_per_s == 1e8
    one = search(head, strong, TARGET, MeanVector(), grid=COARSE)
    assert found.value == pytest.approx(100 * one.value, rel=1e-3)


def test_a_search_stops_where_progress_raises(head):
    class StopError(Exception):
        pass

    def stop(what: str, done: float) -> None:
        if what == "adjoint solves":
            raise StopError

    with pytest.raises(StopError):
        search(head, Coil.load(FIGURE_8), TARGET, MeanVector(), grid=COARSE, progress=stop)


def test_dipoles_far_from_each_other_are_kept_as_they_are(head):
    """Two dipoles are too few to be put together; the answer is theirs."""
    pair = Dipoles(
        positions_m=[[0.02, 0.0, -0.005], [-0.02, 0.0, -0.005]], moments_m2=[[0, 0, 1e-3], [0, 0, -1e-3]]
    )
    coil = Coil(name="pair", label="pair", elements=(pair,))
    prepared = prepare_search(head, coil, TARGET, MeanVector(), grid=COARSE)
    assert len(prepared.thinned[0].positions_m) == 2
    matrices = prepared.candidates.matrices[:3]
    assert_allclose(prepared.values(matrices), forward(prepared, matrices), rtol=0.005)
