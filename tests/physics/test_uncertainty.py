"""Sensitivities against differences and laws; draws against new solves; the linear case in closed form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spheres import folded, mapped, sphere_head
from tmsim.coil import Coil
from tmsim.core import InputError
from tmsim.field import FiniteElements, prepare
from tmsim.field.chaos import Beta, Normal
from tmsim.field.metrics import weighted_percentile
from tmsim.field.parameters import CONDUCTIVITY_RANGES, POOLED_CONDUCTIVITY, POSE_SCATTER
from tmsim.field.readouts import standard_readouts
from tmsim.field.sensitivity import (
    adjoint_potentials,
    conductivity_sensitivities,
    linear_spreads,
    sensitivities,
)
from tmsim.field.study import Study, displaced, standard_borders, standard_conductivity
from tmsim.field.uncertainty import Draw, draw, propagate
from tmsim.head import TISSUES
from tmsim.head.borders import movable, move_borders
from tmsim.head.locate import barycentric_gradients
from tmsim.placement import Pose, check_clear

RADII_m, TAGS = (0.074, 0.078, 0.081, 0.086, 0.092), (1, 2, 3, 4, 5)
COIL = Coil.load("magstim-70mm-fig8")


def over(height_m: float = 0.0985) -> Pose:
    matrix = np.diag([1.0, -1.0, -1.0, 1.0])
    matrix[:3, 3] = 0.01, 0.0, height_m
    return Pose(matrix=matrix)


@pytest.fixture(scope="module")
def head():
    """Five shells, folded: conductivities and borders matter."""
    return mapped(sphere_head(RADII_m, TAGS, cell_m=0.010), folded)


@pytest.fixture(scope="module", params=[1, 2])
def solver(request, head):
    return prepare(head, FiniteElements(order=request.param, tolerance=1e-8))


@pytest.fixture(scope="module")
def readouts(head):
    top = head.cortex.points_m[head.cortex.points_m[:, 2].argmax()]
    return standard_readouts(head, top + np.array([0.004, 0.006, 0.0]))


def study_of(solver, readouts, **inputs) -> Study:
    study = Study(head=solver.head, method=solver.method, coil=COIL, pose=over(), readouts=readouts, **inputs)
    study.__dict__["solver"] = solver  # made ready once for all
    return study


def read(study, E):
    return np.array([readout.value(E) for readout in study.readouts])


@pytest.fixture(scope="module")
def whole(solver, readouts):
    """All kinds of inputs at once; at second order without the coil, whose field takes the time."""
    return study_of(
        solver,
        readouts,
        conductivity=standard_conductivity(solver.head),
        scatter=POSE_SCATTER["tracked"] if solver.method.order == 1 else None,
        borders=standard_borders(solver.head),
    )


def test_sensitivities_to_conductivity_match_differences_of_new_solves(head, solver, readouts):
    study = study_of(solver, readouts, conductivity=standard_conductivity(head))
    adjoint = conductivity_sensitivities(solver, study.nominal_potential, readouts)
    assert set(adjoint) == set(TAGS)
    for tag in TAGS:
        sigma = head.conductivity_of(tag)
        either = []
        for factor in (1.02, 0.98):
            other = replace(head, sigma_S_per_m={tag: factor * sigma}).with_cortex(head.cortex)
            fresh = prepare(other, solver.method).simulate(COIL, over())
            either.append(read(study, fresh.cortex_V_per_m))
        difference = (either[0] - either[1]) / (0.04 * sigma)
        # Against the largest change that any tissue makes: tiny ones drown in the differences' own error.
        floor = 0.01 * max(np.abs(values).max() * head.conductivity_of(t) for t, values in adjoint.items())
        assert adjoint[tag] * sigma == pytest.approx(difference * sigma, rel=0.01, abs=0.02 * floor)


def test_first_order_matches_differences_for_every_input(whole):
    at = sensitivities(whole)
    for k, variable in enumerate(whole.variables):
        step = 0.05 * variable.distribution.sd
        either = []
        for side in (1, -1):
            x = whole.nominal.copy()
            x[k] += side * step
            either.append(read(whole, whole.at_cortex(whole.solve(whole.state(x)))))
        difference = (either[0] - either[1]) / (2 * step)
        assert at.derivative[:, k] == pytest.approx(difference, rel=0.01, abs=1e-4 / variable.distribution.sd)


def test_scaling_all_conductivities_changes_no_field(head, solver, readouts):
    study = study_of(solver, readouts, conductivity=standard_conductivity(head))
    adjoint = conductivity_sensitivities(solver, study.nominal_potential, readouts)
    parts = np.stack([adjoint[tag] * head.conductivity_of(tag) for tag in TAGS])
    assert np.abs(parts.sum(axis=0)).max() < 1e-4 * np.abs(parts).max()


def test_a_layered_sphere_does_not_care_for_its_conductivities(readouts):
    sphere = sphere_head(RADII_m, TAGS, cell_m=0.010)
    solver = prepare(sphere, FiniteElements(order=2, tolerance=1e-8))
    target, _, peak = standard_readouts(sphere, [0.0, 0.0, 0.076])
    study = study_of(solver, (target, peak), conductivity=standard_conductivity(sphere))
    adjoint = conductivity_sensitivities(solver, study.nominal_potential, study.readouts)
    field = read(study, study.at_cortex(study.nominal_potential))
    for tag in TAGS:
        assert np.abs(adjoint[tag] * sphere.conductivity_of(tag) / field).max() < 0.002


def test_an_adjoint_reads_what_the_readout_reads(solver, readouts):
    study = study_of(solver, readouts, conductivity=standard_conductivity(solver.head))
    potential = study.nominal_potential
    adjoint, gradients = adjoint_potentials(solver, potential, readouts)
    E0 = study.at_cortex(replace(potential, potential_V=np.zeros_like(potential.potential_V)))
    change = study.at_cortex(potential) - E0
    load = solver.load(potential.space, potential.primary_V_per_m)
    assert load @ adjoint == pytest.approx(np.einsum("rni,ni->r", gradients, change), rel=1e-5)


def test_a_draw_is_the_field_of_a_head_made_anew(head, solver, readouts):
    study = study_of(solver, readouts, conductivity=standard_conductivity(head))
    sigma = dict(zip(TAGS, study.points(3, 4)[0].tolist(), strict=True))
    other = replace(head, sigma_S_per_m=sigma).with_cortex(head.cortex)
    fresh = prepare(other, solver.method).simulate(COIL, over())
    assert draw(study, 3).values == pytest.approx(read(study, fresh.cortex_V_per_m), rel=1e-5)


def test_a_draw_with_borders_is_the_field_of_the_moved_head(head, solver, readouts):

    study = study_of(solver, readouts, borders={"inner_skull": Normal(0.0, 0.001)})
    shift_m = float(study.points(1, 2)[0, 0])
    moved = replace(head, nodes_m=move_borders(head, {movable(head, "inner_skull"): shift_m}).nodes_m)
    fresh = prepare(moved.with_cortex(head.cortex), solver.method).simulate(COIL, over())
    values = draw(study, 1).values
    assert values == pytest.approx(read(study, fresh.cortex_V_per_m), rel=1e-4)
    nominal = read(study, study.at_cortex(study.nominal_potential))
    assert np.abs(values / nominal - 1).max() > 5e-4


def test_a_moved_border_is_a_head_with_other_radii(readouts, head):
    # The same mesh with the pial border built 0.5 mm farther out, then folded like the other.
    other_radii_m = (RADII_m[0], RADII_m[1] + 0.0005, *RADII_m[2:])
    solvers = [
        prepare(mapped(sphere_head(radii_m, TAGS, cell_m=0.010), folded), FiniteElements(order=2))
        for radii_m in (RADII_m, other_radii_m)
    ]
    assert np.array_equal(solvers[0].head.tets, solvers[1].head.tets)
    heads = [solver.head for solver in solvers]
    corners = [one.nodes_m[one.tets[head.cortex.tets]] for one in heads]
    offset = head.cortex.points_m - corners[0].mean(axis=1)
    weights = 0.25 + np.einsum("nak,nk->na", barycentric_gradients(corners[0]), offset)
    at = [np.einsum("na,nak->nk", weights, corner) for corner in corners]
    values = [
        readouts[0].value(s.simulate(COIL, over(), points_m=points_m).points_V_per_m)
        for s, points_m in zip(solvers, at, strict=True)
    ]
    study = study_of(solvers[0], readouts, borders={"pial": Normal(0.0, 0.0005)})
    # On top, the mapping to an ellipsoid makes 0.5 mm of radius 0.95 times as long.
    moved = study.at_cortex(study.solve(study.state(np.array([0.95 * 0.0005]))))
    assert readouts[0].value(moved) / values[0] - 1 == pytest.approx(values[1] / values[0] - 1, rel=0.15)


def test_a_narrow_linear_study_has_the_spread_and_the_shares_of_its_sensitivities(head, readouts):
    solver = prepare(head, FiniteElements(order=1, tolerance=1e-8))
    narrow = {}
    for tag in (1, 2, 4):
        sigma = head.conductivity_of(tag)
        narrow[tag] = Beta(0.95 * sigma, 1.05 * sigma)
    scatter = replace(
        POSE_SCATTER["tracked"], gap_mm=replace(POSE_SCATTER["tracked"].gap_mm, value=0.02),
        shift_mm=replace(POSE_SCATTER["tracked"].shift_mm, value=0.02),
        tilt_deg=replace(POSE_SCATTER["tracked"].tilt_deg, value=0.02),
        angle_deg=replace(POSE_SCATTER["tracked"].angle_deg, value=0.02),
    )  # fmt: skip
    study = study_of(solver, readouts, conductivity=narrow, scatter=scatter, seed=4)
    linear, drawn = linear_spreads(study, sensitivities(study)), propagate(study, 40)
    assert [source.name for source in drawn.sources] == [
        "white_matter", "grey_matter", "bone", "position", "gap", "tilt", "angle",
    ]  # fmt: skip
    for expected, spread in zip(linear, drawn.spreads, strict=True):
        assert spread.nominal == pytest.approx(expected.nominal)
        assert spread.mean == pytest.approx(expected.nominal, rel=1e-3)
        assert spread.sd == pytest.approx(expected.sd, rel=0.1)
        assert spread.high - spread.low == pytest.approx(2 * 1.645 * expected.sd, rel=0.25)
        shares = np.square(expected.sd_by_source) / expected.sd**2
        assert spread.first_order == pytest.approx(shares, abs=0.04)
        assert spread.total == pytest.approx(shares, abs=0.06)
        assert spread.unexplained < 0.02


@pytest.fixture(scope="module")
def small(head, readouts):
    solver = prepare(head, FiniteElements(order=1))
    return study_of(solver, readouts, conductivity=standard_conductivity(head), seed=7)


@pytest.fixture(scope="module")
def outcome(small):
    return propagate(small, 40)


def test_maps_agree_with_the_readouts_made_of_them(small, outcome):
    target = outcome.spreads[0]
    weights = small.readouts[0].weights
    assert weights @ outcome.cortex_mean_V_per_m == pytest.approx(target.mean, rel=1e-5)
    assert weights @ outcome.cortex_nominal_V_per_m == pytest.approx(target.nominal, rel=1e-5)
    # A mean scatters less than its points, but not by much where all conductivity is common.
    assert 0.7 * weights @ outcome.cortex_sd_V_per_m < target.sd <= weights @ outcome.cortex_sd_V_per_m


def test_shares_are_shares_and_name_the_dominant_source(outcome):
    assert outcome.cortex_first_order.min() >= 0
    assert outcome.cortex_first_order.sum(axis=0).max() <= 1 + 1e-9
    assert np.median(outcome.cortex_first_order.sum(axis=0)) > 0.9
    assert outcome.dominant.shape == outcome.cortex_mean_V_per_m.shape
    for spread in outcome.spreads:
        assert sum(spread.first_order) <= 1 + 1e-9
        assert all(t >= f - 1e-12 for f, t in zip(spread.first_order, spread.total, strict=True))


def test_a_study_resumed_is_the_study_run_through(small, outcome):
    kept: dict[int, Draw] = {}

    def stop_after(k, compute):
        if k == 12:
            raise KeyboardInterrupt
        return kept.setdefault(k, compute())

    with pytest.raises(KeyboardInterrupt):
        propagate(small, 40, recall=stop_after)
    assert sorted(kept) == list(range(12))
    made_anew = []

    def go_on(k, compute):
        if k not in kept:
            made_anew.append(k)
            kept[k] = compute()
        return kept[k]

    resumed = propagate(small, 40, recall=go_on)
    assert made_anew == list(range(12, 40))
    assert resumed.spreads == outcome.spreads
    assert np.array_equal(resumed.cortex_sd_V_per_m, outcome.cortex_sd_V_per_m)


def test_a_draw_depends_on_seed_and_number_alone(small):
    again = study_of(small.solver, small.readouts, conductivity=standard_conductivity(small.head), seed=7)
    draw(again, 5)
    assert np.array_equal(draw(again, 2).values, draw(small, 2).values)
    other = replace(small, seed=8)
    assert not np.array_equal(draw(other, 2).values, draw(small, 2).values)


def test_progress_counts_the_draws(small):
    seen = []
    propagate(small, 12, recall=lambda k, compute: draw(small, 0), progress=lambda *what: seen.append(what))
    assert seen[3] == ("draw 4 of 12", 3 / 12)
    assert seen[-1][1] == 1.0


def test_too_few_draws_are_refused_before_the_work(small):
    with pytest.raises(InputError, match="at least 12"):
        propagate(small, 11, recall=lambda k, compute: pytest.fail("drawn"))


def test_gradients_of_readouts_match_differences(head, readouts):
    rng = np.random.default_rng(0)
    E = rng.normal(0, 30, head.cortex.points_m.shape)
    change = rng.normal(0, 1e-5, E.shape)
    for readout in readouts:
        difference = (readout.value(E + change) - readout.value(E - change)) / 2
        assert np.sum(readout.gradient(E) * change) == pytest.approx(difference, rel=1e-4)


def test_the_peak_is_the_percentile_by_area(head, readouts):
    E = np.random.default_rng(1).normal(0, 30, head.cortex.points_m.shape)
    size = np.linalg.norm(E, axis=1)
    low, high = (weighted_percentile(size, head.cortex.point_areas_m2, p) for p in (99.85, 99.95))
    assert low <= readouts[2].value(E) <= high


def test_a_pose_is_off_in_the_coils_own_axes(head):
    still = dict.fromkeys(("shift_x", "shift_y", "gap", "tilt_x", "tilt_y", "angle"), 0.0)
    pose = over(0.12)
    assert displaced(head, COIL, pose, still) is pose
    moved = displaced(head, COIL, pose, still | {"shift_x": 0.003, "shift_y": 0.002, "gap": 0.004})
    # This pose has y and z turned round: the gap is up.
    assert moved.center_m - pose.center_m == pytest.approx([0.003, -0.002, 0.004])
    turned = displaced(head, COIL, pose, still | {"angle": np.radians(10)})
    assert turned.center_m == pytest.approx(pose.center_m)
    assert turned.inward == pytest.approx(pose.inward)
    assert turned.handle @ pose.handle == pytest.approx(np.cos(np.radians(10)))
    tilted = displaced(head, COIL, pose, still | {"tilt_y": np.radians(3)})
    assert tilted.handle == pytest.approx(pose.handle)
    assert tilted.inward @ pose.inward == pytest.approx(np.cos(np.radians(3)))


def test_a_coil_that_would_enter_the_scalp_is_lifted(head):
    off = dict.fromkeys(("shift_x", "shift_y", "gap", "tilt_x", "tilt_y", "angle"), 0.0) | {"gap": -0.02}
    check_clear(head, COIL, displaced(head, COIL, over(), off))


def test_pooled_means_lie_inside_the_ranges():
    for tag, pooled in POOLED_CONDUCTIVITY.items():
        low, high = CONDUCTIVITY_RANGES[tag]
        assert low.value < pooled.value < high.value, TISSUES[tag].label
        assert low.value < TISSUES[tag].conductivity.value < high.value, TISSUES[tag].label


def test_published_errors_of_placement_come_out_of_the_scatter_per_axis():
    rng = np.random.default_rng(2)
    robot, cap = POSE_SCATTER["tracked"], POSE_SCATTER["cap"]
    off_mm = rng.normal(size=(200_000, 3)) * [robot.shift_mm.value, robot.shift_mm.value, robot.gap_mm.value]
    assert np.median(np.linalg.norm(off_mm, axis=1)) == pytest.approx(1.34, rel=0.01)
    turn = rng.normal(size=(200_000, 3)) * [robot.tilt_deg.value, robot.tilt_deg.value, robot.angle_deg.value]
    assert np.median(np.linalg.norm(turn, axis=1)) == pytest.approx(3.48, rel=0.01)
    along_mm = rng.normal(size=(200_000, 2)) * cap.shift_mm.value
    assert np.linalg.norm(along_mm, axis=1).mean() == pytest.approx(10.66, rel=0.01)
    assert np.abs(rng.normal(size=200_000) * cap.angle_deg.value).mean() == pytest.approx(5.99, rel=0.01)
    tilt = rng.normal(size=(200_000, 2)) * cap.tilt_deg.value
    assert np.linalg.norm(tilt, axis=1).mean() == pytest.approx(7.79, rel=0.01)


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({}, "none; expected a conductivity, the pose or a border"),
        ({"conductivity": {9: Beta(0.1, 0.2)}}, "tag 9"),
        ({"conductivity": {77: Beta(0.1, 0.2)}}, "tag 77"),
        ({"conductivity": {2: Normal(0.3, 0.1)}}, "a beta distribution above zero"),
        ({"conductivity": {2: Beta(0.0, 0.1)}}, "a beta distribution above zero"),
        ({"borders": {"dura": Normal(0, 1e-3)}}, "'dura'"),
    ],
)
def test_inputs_that_make_no_study_are_refused(small, inputs, sentence):
    with pytest.raises(InputError, match=sentence):
        study_of(small.solver, small.readouts, **inputs)


def test_a_head_with_tensors_has_no_conductivity_to_vary(head, readouts):
    tensors = head.element_sigma_S_per_m[:, None, None] * np.eye(3)
    solver = prepare(replace(head, tensors_S_per_m=tensors).with_cortex(head.cortex), FiniteElements(order=1))
    with pytest.raises(InputError, match="anisotropic"):
        study_of(solver, readouts, conductivity={2: Beta(0.1, 0.6)})
    moved = draw(study_of(solver, readouts, borders={"inner_skull": Normal(0.0, 0.001)}), 1)
    scalar = prepare(head, FiniteElements(order=1))
    same = draw(study_of(scalar, readouts, borders={"inner_skull": Normal(0.0, 0.001)}), 1)
    assert moved.values == pytest.approx(same.values, rel=1e-5)


def test_the_standard_inputs_are_those_of_the_head(head):
    inputs = standard_conductivity(head)
    assert set(inputs) == set(TAGS)
    assert inputs[2].mean == pytest.approx(0.35)
