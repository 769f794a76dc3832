"""The built-in coils: dimensions as published, frame, casing, handle."""

from __future__ import annotations

import numpy as np
import pytest

from tmsim.coil import CATALOGUE, Coil, Dipoles, SampledPotential, Segments, list_coils
from tmsim.core import InputError


@pytest.fixture(scope="module", params=list_coils())
def coil(request) -> Coil:
    return Coil.load(request.param)


def test_total_moment_is_that_of_the_published_turns(coil):
    spec = CATALOGUE[coil.name]
    # Turns evenly between the diameters: sum of N pi r^2, wing by wing.
    inner, outer = (spec.inner_mm + spec.wire_width_mm) / 2e3, (spec.outer_mm - spec.wire_width_mm) / 2e3
    wing = spec.layers * np.pi * (np.linspace(inner, outer, spec.turns) ** 2).sum()
    dipoles = coil.dipoles()
    right = dipoles.positions_m[:, 0] > 0 if spec.wings == 2 else slice(None)
    moment = dipoles.moments_m2[right].sum(axis=0)
    assert np.linalg.norm(moment) == pytest.approx(wing, rel=1e-6)
    assert moment[2] > 0
    total = dipoles.moments_m2.sum(axis=0)
    assert total[1:] == pytest.approx([0, 0], abs=1e-9) or spec.wings == 1


@pytest.mark.parametrize("name", [name for name, spec in CATALOGUE.items() if spec.wings == 2])
def test_wings_enclose_the_published_angle(name):
    spec, coil = CATALOGUE[name], Coil.load(name)
    dipoles = coil.dipoles()
    right = dipoles.moments_m2[dipoles.positions_m[:, 0] > 0].sum(axis=0)
    left = -dipoles.moments_m2[dipoles.positions_m[:, 0] < 0].sum(axis=0)
    between = np.degrees(np.arccos(right @ left / np.linalg.norm(right) / np.linalg.norm(left)))
    assert 180 - between == pytest.approx(spec.wing_angle_deg, abs=1e-3)


def test_flat_coils_lie_behind_their_face_and_bent_ones_reach_round_the_head(coil):
    highest = coil.element_points_m[:, 2].max()
    if CATALOGUE[coil.name].wing_angle_deg == 180:
        assert highest + coil.wire_reach_m == pytest.approx(0, abs=4e-3)
        assert highest < -0.003
    else:
        assert highest > 0.02


def test_casing_is_closed_outward_and_holds_all_windings(coil):
    casing = coil.casing
    assert casing is not None
    edges = np.sort(casing.triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()
    middles = casing.points_m[casing.triangles].mean(axis=1)
    assert (middles * casing.triangle_area_vectors_m2).sum() / 3 > 1e-5  # volume; negative if inside out
    # Solid angle of the casing seen from each point: 4 pi inside, 0 outside.
    a, b, c = (casing.points_m[casing.triangles[:, k]] for k in range(3))
    points = coil.element_points_m[::97]
    for point in points:
        u, v, w = a - point, b - point, c - point
        lu, lv, lw = (np.linalg.norm(x, axis=1) for x in (u, v, w))
        top = (u * np.cross(v, w)).sum(axis=1)
        bottom = lu * lv * lw + (u * v).sum(1) * lw + (v * w).sum(1) * lu + (w * u).sum(1) * lv
        assert 2 * np.arctan2(top, bottom).sum() == pytest.approx(4 * np.pi, rel=1e-6)


def test_origin_is_on_the_face_and_the_handle_runs_along_minus_y(coil):
    assert coil.casing is not None
    assert coil.handle_m is not None
    assert np.linalg.norm(coil.casing.points_m, axis=1).min() < 1e-9
    start, end = coil.handle_m
    assert end[1] < start[1] < 0
    assert start[0] == end[0] == 0
    assert start[2] < 0


def test_every_built_in_coil_says_that_it_is_idealised_and_where_it_comes_from(coil):
    assert coil.label.endswith("(idealised)")
    assert (coil.source, coil.status) == ("Deng2013", "read")


def test_maximal_slope_is_known_only_where_a_table_gives_it():
    known = {
        name: coil.didt_max_A_per_s for name in list_coils() if (coil := Coil.load(name)).didt_max_A_per_s
    }
    assert known == pytest.approx(
        {
            "magstim-70mm-fig8": 114.7e6,
            "magventure-c-b60": 155.4e6,
            "magventure-mc-b70": 155.3e6,
            "mst-twin": 200.1e6,
            "magstim-double-cone": 84.4e6,
        }
    )


def test_arrays_of_a_coil_are_read_only():
    part = Coil.load("magstim-70mm-fig8").elements[0]
    assert isinstance(part, Segments)
    with pytest.raises(ValueError, match="read-only"):
        part.starts_m[0] = 0


def test_an_unknown_coil_is_refused_with_the_names_of_all():
    with pytest.raises(InputError, match="'magstim-70'; expected one of magstim-70mm-fig8, ") as error:
        Coil.load("magstim-70")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: Dipoles(positions_m=[[0, 0, np.nan]], moments_m2=[[0, 0, 1]]), "NaN"),
        (lambda: Dipoles(positions_m=[[0, 0, 40.0]], moments_m2=[[0, 0, 1]]), "unit"),
        (lambda: Dipoles(positions_m=[[0, 0, 0]], moments_m2=[[0, 0]]), "shape"),
        (lambda: Segments(starts_m=[[0, 0, 0]], ends_m=[[0, 0, 1]], turns=[1, 2]), "shape"),
        (lambda: Coil(name="x", label="", elements=()), "no elements"),
        (lambda: Coil.load("mst-twin", deformation={0: 1.0}), "movable"),
        (lambda: Coil.load("mst-twin").vector_potential(np.zeros((3, 2))), "shape"),
        (lambda: Coil.load("mst-twin").vector_potential(np.zeros((1, 3)), rtol=0.5), "rtol"),
    ],
)
def test_bad_values_are_refused_in_a_sentence(build, says):
    with pytest.raises(InputError, match=says):
        build()


def test_no_dipoles_for_a_sampled_field_or_an_open_wire():
    grid = SampledPotential(affine_m=np.diag([0.1, 0.1, 0.1, 1]), potential_Vs_per_m_A=np.zeros((4, 4, 4, 3)))
    wire = Segments(starts_m=[[0, 0, 0]], ends_m=[[0, 0, 1]], turns=[1])
    angle = np.linspace(0, 2 * np.pi, 41)
    oval = np.column_stack([0.05 * np.cos(angle), 0.03 * np.sin(angle), 0 * angle])
    bent = Segments(starts_m=oval[:-1], ends_m=oval[1:], turns=np.ones(40))
    for part, says in ((grid, "sampled"), (wire, "doesn't close"), (bent, "isn't a circle")):
        with pytest.raises(InputError, match=says):
            Coil(name="x", label="", elements=(part,)).dipoles()
