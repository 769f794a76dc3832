"""A field basis against closed forms, direct solves, reciprocity, and itself turned round."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numba import get_num_threads, set_num_threads
from scipy.spatial.transform import Rotation

from spheres import folded, mapped, sphere_head
from tmsim.coil import Coil, Dipoles, SampledPotential
from tmsim.coil.kernels import columns
from tmsim.core import FloatArray, InputError
from tmsim.core.cache import Cache
from tmsim.core.frames import apply
from tmsim.field import (
    BasisSpec,
    Drive,
    FieldBasis,
    FiniteElements,
    Solver,
    prepare,
    sphere_field,
    tissue_points,
)
from tmsim.field.basis_build import Recovery
from tmsim.field.solve import Potential
from tmsim.field.sphere import sphere_sums
from tmsim.head import Head
from tmsim.placement import Pose, jittered
from tmsim.search.adjoint import adjoint_currents

SPEC = BasisSpec(sources=320, samples=640, modes=128)
SHIFT_m = np.array([0.004, -0.003, 0.006])
FIGURE8, ROUND, SMALL, BENT = (
    "magstim-70mm-fig8",
    "magstim-circular-90mm",
    "magstim-25mm-fig8",
    "magventure-mc-b70",
)


def over(head: Head, *, polar_deg: float, azimuth_deg: float, turn_deg: float, gap_m: float) -> Pose:
    """A coil tangential to the head, its face ``gap_m`` off the highest skin within a casing's width."""
    outward = Rotation.from_euler("yz", [polar_deg, azimuth_deg], degrees=True).apply([0.0, 0.0, 1.0])
    points = head.skin.points_m
    across = np.linalg.norm(np.cross(points, outward), axis=1)
    above = points @ outward > 0
    matrix = np.eye(4)
    turn = Rotation.from_euler("zyz", [turn_deg, polar_deg, azimuth_deg], degrees=True).as_matrix()
    matrix[:3, :3] = turn @ np.diag([1.0, -1.0, -1.0])
    matrix[:3, 3] = ((points @ outward)[above & (across < 0.08)].max() + gap_m) * outward
    return Pose(matrix=matrix)


def places(head: Head) -> list[Pose]:
    return [
        over(head, polar_deg=20, azimuth_deg=10, turn_deg=40, gap_m=0.002),
        over(head, polar_deg=55, azimuth_deg=130, turn_deg=-70, gap_m=0.006),
        over(head, polar_deg=75, azimuth_deg=-100, turn_deg=10, gap_m=0.012),
    ]


def some_points(head: Head) -> FloatArray:
    """Grey matter of the upper head, where coils reach."""
    points = tissue_points(head, "grey_matter")
    points = points[(points[:, 2] > -0.02) & (np.linalg.norm(points, axis=1) > 0.055)]
    return points[:: len(points) // 1500 or 1]


def closed_form(coil: Coil, pose: Pose, points_m: FloatArray, center_m: FloatArray) -> FloatArray:
    """E in a layered sphere at 1 A/us, where no point is behind a dipole: parts of a head may stand out."""
    dipoles, E = coil.dipoles().moved(pose.matrix), np.empty(points_m.shape)
    arrays = (columns(a) for a in (points_m - center_m, dipoles.positions_m - center_m, dipoles.moments_m2))
    sphere_sums(*arrays, E)
    return E * 1e6


def direct(solver: Solver, coil: Coil, pose: Pose, points_m: FloatArray, center_m: FloatArray) -> FloatArray:
    """First-order E with the closed form of a sphere as the primary field, at 1 A/us."""
    space = solver.spaces[1]
    E0 = closed_form(coil, pose, space.points_m, center_m)
    x, _ = solver.solve(solver.load(space, E0)[:, None])
    potential = Potential(space=space, primary_V_per_m=E0, potential_V=np.ascontiguousarray(x[:, 0]))
    return potential.recovered_at(solver.head, solver._locate(points_m))


def relative(E: FloatArray, reference: FloatArray) -> float:
    return float(np.linalg.norm(E - reference) / np.linalg.norm(reference))


@pytest.fixture(scope="module")
def head() -> Head:
    return mapped(sphere_head(cell_m=0.012), lambda points: folded(points) + SHIFT_m)


@pytest.fixture(scope="module")
def solver(head: Head) -> Solver:
    return prepare(head, FiniteElements(order=1))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory):
    return tmp_path_factory.mktemp("blocks")


@pytest.fixture(scope="module")
def basis(head: Head, folder) -> FieldBasis:
    return FieldBasis.build(head, SPEC, points_m=some_points(head), folder=folder)


def test_in_a_sphere_it_gives_the_closed_form():
    head = sphere_head(cell_m=0.014)
    basis = FieldBasis.build(head, SPEC, points_m=some_points(head))
    for name, pose in zip((FIGURE8, ROUND, BENT), places(head), strict=True):
        coil = Coil.load(name)
        exact = sphere_field(coil.dipoles().moved(pose.matrix), basis.points_m) * 1e6
        E = basis.field(coil, pose).E_V_per_m
        # Nodes are 14 mm apart, and between them first order is linear.
        assert relative(E, exact) < 0.035
        assert np.linalg.norm(E - exact, axis=1).max() < 0.06 * np.linalg.norm(exact, axis=1).max()


def test_it_agrees_with_direct_solves_of_its_own_order_and_gauge(head, solver, basis):
    for name in (FIGURE8, ROUND, BENT):
        coil = Coil.load(name)
        for pose in places(head):
            E = direct(solver, coil, pose, basis.points_m, basis.shell.center_m)
            live = basis.field(coil, pose)
            assert relative(live.E_V_per_m, E) < 0.005
            assert np.linalg.norm(live.E_V_per_m - E, axis=1).max() < 0.02 * np.linalg.norm(E, axis=1).max()


def test_second_order_agrees_with_any_gauge():
    head = mapped(sphere_head(cell_m=0.018), folded)
    points = some_points(head)
    basis = FieldBasis.build(head, BasisSpec(order=2, sources=320, samples=640, modes=96), points_m=points)
    solver = prepare(head)
    for name, pose in zip((FIGURE8, BENT), places(head), strict=False):
        coil = Coil.load(name)
        E = solver.simulate(coil, pose, points_m=points).points_V_per_m  # from -dA/dt of the coil itself
        live = basis.field(coil, pose)
        assert relative(live.E_V_per_m, E) < min(1.5 * live.error, 0.01)


def test_the_error_it_reports_is_the_distance_from_a_direct_solve(head, solver, basis):
    for name in (FIGURE8, BENT, SMALL):
        coil = Coil.load(name)
        for pose in places(head):
            live = basis.field(coil, pose)
            E = direct(solver, coil, pose, basis.points_m, basis.shell.center_m)
            assert relative(live.E_V_per_m, E) < 1.5 * live.error + 5e-4
            assert live.error < 3 * relative(live.E_V_per_m, E) + 5e-3
    small, large = (basis.field(Coil.load(name), places(head)[0]).error for name in (SMALL, FIGURE8))
    assert small > 4 * large


def test_a_current_dipole_in_the_head_and_a_coil_outside_are_reciprocal(head, solver, basis):
    where, direction = 700, np.array([0.3, -0.5, 0.8])
    at = basis.points_m[where : where + 1]
    currents = adjoint_currents(solver, solver._locate(at), direction[None, :, None])
    coil, pose = Coil.load(FIGURE8), places(head)[1]
    E0 = closed_form(coil, pose, currents.points_m, basis.shell.center_m)
    E = basis.field(coil, pose).E_V_per_m
    expected = (currents.moments_m[..., 0] * E0).sum()
    peak = float(np.linalg.norm(E, axis=1).max())
    assert E[where] @ direction == pytest.approx(expected, abs=0.005 * peak)


def test_head_and_coil_turned_together_turn_the_field(head, basis):
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler("xyz", [0.2, -0.25, 1.1]).as_matrix()
    turn[:3, 3] = (0.01, 0.02, -0.015)
    turned = FieldBasis.build(
        mapped(head, lambda points: apply(turn, points)), SPEC, points_m=apply(turn, basis.points_m)
    )
    coil = Coil.load(FIGURE8)
    for pose in places(head)[:2]:
        E = turned.field(coil, Pose(matrix=turn @ pose.matrix)).E_V_per_m
        assert relative(E @ turn[:3, :3], basis.field(coil, pose).E_V_per_m) < 0.005


def test_coils_of_an_array_add_and_each_is_linear_in_its_current(head, basis):
    poses = places(head)
    drives = [
        Drive(coil=Coil.load(name), pose=pose, didt_A_per_s=slope)
        for name, pose, slope in zip((FIGURE8, ROUND, BENT), poses, (1.5e6, -4e5, 9e5), strict=True)
    ]
    together = basis.array_field(drives)
    one_by_one = sum(
        d.didt_A_per_s * basis.field(d.coil, d.pose, didt_A_per_s=1.0).E_V_per_m.astype(float) for d in drives
    )
    assert relative(together.E_V_per_m, one_by_one) < 1e-5
    assert together.didt_A_per_s == (1.5e6, -4e5, 9e5)
    slopes = np.array([[1e6, 0.0, 0.0], [1.5e6, -4e5, 9e5]])
    first, second = basis.array_fields(drives, slopes)
    assert relative(first.E_V_per_m, basis.field(Coil.load(FIGURE8), poses[0]).E_V_per_m) < 1e-5
    assert relative(second.E_V_per_m, together.E_V_per_m) < 1e-5


def test_many_placements_are_those_one_by_one_in_order(head, basis):
    coil = Coil.load(FIGURE8)
    poses = jittered(places(head)[0], 37, shift_m=(0.003, 0.003, 0.0), turn_rad=0.03, seed=2)
    fields = basis.fields(coil, poses, didt_A_per_s=2e6)
    assert isinstance(fields, Iterator)
    streamed = list(fields)
    assert len(streamed) == 37
    for pose, live in list(zip(poses, streamed, strict=True))[::9]:
        alone = basis.field(coil, pose, didt_A_per_s=2e6)
        assert relative(live.E_V_per_m, alone.E_V_per_m) < 3e-6  # float32 sums in another order
        assert live.projection_error == pytest.approx(alone.projection_error, rel=1e-6)
        assert live.truncation_error == pytest.approx(alone.truncation_error, rel=1e-6)


def test_rows_times_coefficients_is_the_field(head, basis):
    coil, poses = Coil.load(ROUND), places(head)
    where = basis.within(basis.points_m[10], 0.02)
    assert 3 < len(where) < 300
    E = basis.rows(where) @ basis.coefficients(coil, poses).T * 1e6  # (n, 3, poses)
    for k, pose in enumerate(poses):
        assert relative(E[..., k], basis.field(coil, pose).E_V_per_m[where]) < 1e-5


def test_a_part_of_a_basis_has_the_bits_of_the_whole(head, basis):
    where = np.r_[5:400:7, 1]
    part = basis.restricted(where)
    pose = places(head)[1]
    np.testing.assert_array_equal(part.points_m, basis.points_m[where])
    whole = basis.field(Coil.load(BENT), pose).E_V_per_m
    np.testing.assert_array_equal(part.field(Coil.load(BENT), pose).E_V_per_m, whole[where])
    mask = basis.points_m[:, 0] > 0.03
    np.testing.assert_array_equal(basis.restricted(mask).field(Coil.load(BENT), pose).E_V_per_m, whole[mask])


def test_integers_with_a_scale_a_row_lose_nothing_that_matters(head, basis, folder):
    exact = FieldBasis.build(
        head, replace(SPEC, storage="float32"), points_m=some_points(head), folder=folder
    )
    assert exact.panels.nbytes == 2 * basis.panels.nbytes
    for name, pose in zip((FIGURE8, ROUND, SMALL), places(head), strict=True):
        a, b = (each.field(Coil.load(name), pose).E_V_per_m for each in (basis, exact))
        assert relative(a, b) < 2e-4


def test_the_bits_are_the_same_for_any_number_of_threads(head, basis):
    coil, poses, threads = Coil.load(FIGURE8), places(head), get_num_threads()
    seen = []
    try:
        for n in sorted({1, threads}):
            set_num_threads(n)
            alone = [basis.field(coil, pose).E_V_per_m for pose in poses]
            seen.append(np.stack(alone + [live.E_V_per_m for live in basis.fields(coil, poses)]))
    finally:
        set_num_threads(threads)
    np.testing.assert_array_equal(seen[0], seen[-1])


@pytest.mark.parametrize("order", [1, 2])
def test_a_build_has_the_same_bits_for_any_number_of_threads(order):
    head, threads = sphere_head(cell_m=0.018), get_num_threads()
    built = []
    try:
        for n in sorted({1, threads}):
            set_num_threads(n)
            spec = BasisSpec(order=order, sources=64, samples=128, modes=8)
            built.append(FieldBasis.build(head, spec, points_m=some_points(head)[::10]))
    finally:
        set_num_threads(threads)
    np.testing.assert_array_equal(built[0].panels, built[-1].panels)
    np.testing.assert_array_equal(built[0].scales, built[-1].scales)


def test_a_coil_of_few_dipoles_and_a_sampled_one_are_served_like_wires(head, basis):
    pose = places(head)[0]
    wires = Coil.load(FIGURE8)
    dipoles = Coil(name="dipoles", label="", elements=(wires.dipoles(),))
    E = basis.field(wires, pose).E_V_per_m
    assert relative(basis.field(dipoles, pose).E_V_per_m, E) < 2e-3
    low, step = np.array([-0.21, -0.21, 0.002]), 0.006
    i, j, k = (low[a] + step * np.arange(n) for a, n in enumerate((71, 71, 45)))
    grid = np.stack(np.meshgrid(i, j, k, indexing="ij"), axis=-1)
    affine = np.diag([step, step, step, 1.0])
    affine[:3, 3] = low
    sampled = SampledPotential(
        affine_m=affine,
        potential_Vs_per_m_A=wires.vector_potential(grid.reshape(-1, 3)).reshape(grid.shape),
    )
    E_sampled = basis.field(Coil(name="sampled", label="", elements=(sampled,)), pose).E_V_per_m
    assert relative(E_sampled, E) < 5e-3


def test_a_single_dipole_close_to_the_scalp_says_that_it_is_not_spanned(head, basis):
    """Its field is too sharp for the sources: that must show in the error, whatever the field."""
    dipole = Coil(
        name="dipole", label="",
        elements=(Dipoles(positions_m=np.array([[0, 0, -0.002]]), moments_m2=np.array([[0, 1.0, 0]])),),
    )  # fmt: skip
    assert basis.field(dipole, places(head)[0]).error > 0.05


def test_a_build_that_was_stopped_goes_on_where_it_was_and_gives_the_same_bits(tmp_path):
    head = sphere_head(cell_m=0.018)
    spec, points = BasisSpec(sources=64, samples=160, modes=48), some_points(head)[::40]
    whole = FieldBasis.build(head, spec, points_m=points)
    cache, solved = Cache(folder=tmp_path), []

    def until(stop: str):
        def progress(what: str, _fraction: float) -> None:
            solved.append(what)
            if what == stop:
                raise KeyboardInterrupt

        return progress

    with pytest.raises(KeyboardInterrupt):
        FieldBasis.load_or_build(head, spec, points_m=points, cache=cache, progress=until("mode 33 of 48"))
    assert FieldBasis.load(head, spec, points_m=points, cache=cache) is None
    (left,) = cache.entries()
    assert not left.finished
    assert left.about == f"field basis of {head.name}, P1, 48 modes, {len(points)} points"
    blocks = sorted(cache.folder.rglob("modes-*.npz"))
    assert len(blocks) == 4
    blocks[1].write_bytes(blocks[1].read_bytes()[:1000])  # cut short: is solved again

    before = {block: block.stat().st_mtime_ns for block in blocks}
    with pytest.raises(KeyboardInterrupt):
        FieldBasis.load_or_build(head, spec, points_m=points, cache=cache, progress=until("mode 41 of 48"))
    again = {block for block in blocks if block.stat().st_mtime_ns != before[block]}
    assert again == {blocks[1]}

    resumed = FieldBasis.load_or_build(head, spec, points_m=points, cache=cache)
    np.testing.assert_array_equal(resumed.panels, whole.panels)
    np.testing.assert_array_equal(resumed.scales, whole.scales)
    assert resumed.relative_residual == whole.relative_residual
    (kept,) = cache.entries()
    assert kept.finished
    assert not list(cache.folder.rglob("modes-*.npz"))


def test_a_basis_that_is_kept_is_mapped_into_memory_and_a_damaged_one_is_made_anew(tmp_path):
    head = sphere_head(cell_m=0.018)
    spec, points = BasisSpec(sources=64, samples=160, modes=8), some_points(head)[::40]
    cache = Cache(folder=tmp_path)
    built = FieldBasis.load_or_build(head, spec, points_m=points, cache=cache)

    def no_work(what: str, _fraction: float) -> None:
        raise AssertionError(what)

    again = FieldBasis.load_or_build(head, spec, points_m=points, cache=cache, progress=no_work)
    assert isinstance(again.panels, np.memmap)
    pose = over(head, polar_deg=30, azimuth_deg=60, turn_deg=0, gap_m=0.01)
    E = again.field(Coil.load(FIGURE8), pose).E_V_per_m
    np.testing.assert_array_equal(E, built.field(Coil.load(FIGURE8), pose).E_V_per_m)
    for other in (replace(spec, modes=12), replace(spec, storage="float32")):
        assert FieldBasis.load(head, other, points_m=points, cache=cache) is None
    assert FieldBasis.load(head, spec, points_m=points[1:], cache=cache) is None

    expected = np.array(built.panels)
    (panels,) = tmp_path.rglob("panels.npy")
    data = bytearray(panels.read_bytes())
    data[-5] ^= 1  # one bit of one number
    panels.write_bytes(data)
    assert FieldBasis.load(head, spec, points_m=points, cache=cache) is None
    mended = FieldBasis.load_or_build(head, spec, points_m=points, cache=cache)
    np.testing.assert_array_equal(mended.panels, expected)


def test_a_folder_that_cannot_be_written_costs_no_basis(tmp_path):
    head = sphere_head(cell_m=0.018)
    (tmp_path / "file").write_text("")
    basis = FieldBasis.load_or_build(
        head,
        BasisSpec(sources=32, samples=64, modes=4),
        points_m=some_points(head)[::400],
        cache=Cache(folder=tmp_path / "file" / "cache"),
    )
    assert basis.panels.shape[1] == 4


def test_points_outside_the_head_and_tissues_that_are_none_are_refused():
    head = sphere_head(cell_m=0.018)
    with pytest.raises(InputError, match="outside the head"):
        FieldBasis.build(head, points_m=[[0.0, 0.0, 0.2]])
    with pytest.raises(InputError, match="at least one"):
        FieldBasis.build(head, points_m=np.empty((0, 3)))
    with pytest.raises(InputError, match="one of white_matter"):
        tissue_points(head, "cheese")


def test_a_coil_in_the_head_is_refused_in_one_sentence(head, basis):
    coil = Coil.load(FIGURE8)
    matrix = np.array(places(head)[0].matrix)
    matrix[:3, 3] += 0.02 * matrix[:3, 2]
    inside = Pose(matrix=matrix)
    complaint = "windings of magstim-70mm-fig8 come .* mm under the scalp, into the shell"
    with pytest.raises(InputError, match=complaint):
        basis.field(coil, inside)
    with pytest.raises(InputError, match=complaint):
        basis.fields(coil, [*places(head), inside])  # now, not at the first field


def test_recovery_of_many_fields_is_that_of_each(head, solver):
    space = solver.spaces[1]
    rng = np.random.default_rng(5)
    at = solver._locate(some_points(head))
    E0, phi = rng.standard_normal((3, space.unknowns, 3)), rng.standard_normal((space.unknowns, 3))
    together = Recovery.at(solver, at).fields(E0, phi)
    for k in range(3):
        alone = Potential(
            space=space, primary_V_per_m=E0[k], potential_V=np.ascontiguousarray(phi[:, k])
        ).recovered_at(head, at)
        np.testing.assert_allclose(together[k], alone, rtol=2e-6, atol=1e-6 * np.abs(alone).max())
