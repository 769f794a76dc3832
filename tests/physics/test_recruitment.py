"""Recruitment: laws that hold in any head, on spheres with a cortex, and the built-in head as a whole."""

import math
from dataclasses import replace

import numpy as np
import pytest

from spheres import sphere_head
from tmsim.core import InputError
from tmsim.field.types import EField, FiniteElements
from tmsim.head import Cortex
from tmsim.neuron import (
    POPULATIONS,
    TANGENTIAL,
    Drive,
    drive_of,
    neuron_model,
    recruit,
    subject_scale,
    threshold_spread,
)
from tmsim.pulse import waveform

MONOPHASIC, BIPHASIC = waveform("magpro-x100-monophasic"), waveform("magpro-x100-biphasic")
L1, L23, L4, L5, L6 = range(5)
DIRECTION = np.array([0.48, 0.6, 0.64])
SITE = np.array([0.0, 0.0, 0.06])


def field_of(head, E):
    """The field whose vectors at points (n, 3) are ``E`` of them."""
    return EField(
        E_V_per_m=E(head.centers_m),
        cortex_V_per_m=E(head.cortex.points_m) if head.has_cortex else np.empty((0, 3)),
        points_V_per_m=np.empty((0, 3)),
        didt_A_per_s=1e6,
        method=FiniteElements(),
        unknowns=1,
        iterations=1,
        relative_residual=0.0,
        error=None,
    )


def local(points_m, reach_m=0.03, site=SITE):
    """1 V/m at the site in one direction, less with distance."""
    distance = np.linalg.norm(points_m - site, axis=1)
    return np.exp(-((distance / reach_m) ** 2))[:, None] * DIRECTION


@pytest.fixture(scope="module")
def head():
    spheres = sphere_head((0.055, 0.062, 0.066, 0.072), (1, 2, 3, 5), cell_m=0.004)
    return replace(spheres, head_to_mni=np.eye(4))


@pytest.fixture(scope="module")
def field(head):
    return field_of(head, local)


def strongest(field):
    return int(np.linalg.norm(field.cortex_V_per_m, axis=1).argmax())


def at_threshold(field, share=1.0, motor_threshold_V_per_m=60.0):
    """The field whose strongest place at the cortex has this share of the motor threshold."""
    size = np.linalg.norm(field.cortex_V_per_m, axis=1).max()
    return field.scaled_to(field.didt_A_per_s * share * motor_threshold_V_per_m / size)


def test_a_field_known_at_the_cortex_alone_counts_as_uniform_along_the_column(head, field):
    """It is that of the same vectors in every tetrahedron, but for the gradient that it can't have."""
    alone = drive_of(head, replace(field, E_V_per_m=np.empty((0, 3))))
    np.testing.assert_array_equal(alone.polar_rad, drive_of(head, field).polar_rad)
    assert not alone.gradient_per_m.any()
    uniform = field_of(head, lambda points_m: np.tile(DIRECTION, (len(points_m), 1)))
    whole = recruit(head, at_threshold(uniform), BIPHASIC)
    known = recruit(head, replace(at_threshold(uniform), E_V_per_m=np.empty((0, 3))), BIPHASIC)
    np.testing.assert_allclose(known.fraction, whole.fraction, atol=1e-6)


@pytest.mark.parametrize("name", ["directional", "magnitude", "cosine"])
@pytest.mark.parametrize("wave", [MONOPHASIC, BIPHASIC], ids=lambda wave: wave.name)
@pytest.mark.parametrize("motor_threshold_V_per_m", [60.0, 95.0])
def test_at_motor_threshold_half_of_l5_at_the_hotspot_fires(head, field, name, wave, motor_threshold_V_per_m):
    k = strongest(field)
    found = recruit(
        head,
        at_threshold(field, motor_threshold_V_per_m=motor_threshold_V_per_m),
        wave,
        model=neuron_model(name),
        motor_threshold_V_per_m=motor_threshold_V_per_m,
        hotspot=drive_of(head, field).at(k),
    )
    assert found.fraction[L5, k] == pytest.approx(0.5, abs=1e-9)
    assert found.scale < 1  # neuron models lie above head models


def test_at_motor_threshold_hardly_any_cell_of_l1_and_l6_fires():
    # Aberra2020: direct activation of layers 1 and 6 was unlikely.
    drive = Drive(polar_rad=np.linspace(0, math.pi, 37), gradient_per_m=np.zeros(37))
    thresholds = subject_scale(neuron_model(), MONOPHASIC) * neuron_model().thresholds_V_per_m(
        drive, MONOPHASIC
    )
    below = threshold_spread(POPULATIONS)[0]
    for layer in (L1, L6):
        deviations = np.log(60 / thresholds[layer]) / below[layer]
        assert deviations.max() < -1.6  # under 5 %


def test_doubling_the_field_never_lowers_recruitment(head, field):
    weak, strong = (recruit(head, at_threshold(field, share), BIPHASIC) for share in (0.7, 1.4))
    assert (strong.fraction >= weak.fraction).all()
    assert (strong.area_m2 > weak.area_m2).all()
    assert (strong.volume_m3 > weak.volume_m3).all()


def test_an_overwhelming_field_recruits_the_whole_cortex(head, field):
    everywhere = field_of(head, lambda points: np.tile(1e5 * DIRECTION, (len(points), 1)))
    found = recruit(head, everywhere, MONOPHASIC)
    np.testing.assert_allclose(found.share, 1, rtol=1e-9)
    np.testing.assert_allclose(found.area_m2, 4 * math.pi * 0.0585**2, rtol=0.03)
    grey = 4 / 3 * math.pi * (0.062**3 - 0.055**3)
    np.testing.assert_allclose(found.volume_m3, grey, rtol=0.03)


def test_each_point_follows_the_formula_of_the_docstring(head, field):
    strong, hotspot = at_threshold(field, 1.1), drive_of(head, field).at(strongest(field))
    found = recruit(head, strong, BIPHASIC, hotspot=hotspot, motor_threshold_V_per_m=70.0)
    drive, model = drive_of(head, strong), neuron_model()
    depth = {"L1": 0.06, "L2/3": 0.40, "L4": 0.55, "L5": 0.65, "L6": 0.85}
    below, above = threshold_spread(POPULATIONS)

    def at_layer(name, one):
        return math.exp(one.gradient_per_m[0] * 2.5e-3 * (0.5 - depth[name]))

    l5 = model.thresholds_V_per_m(hotspot, BIPHASIC)[L5, 0]
    scale = 70.0 * at_layer("L5", hotspot) / l5
    assert found.scale == pytest.approx(scale, rel=1e-12)
    for k in np.argsort(-np.linalg.norm(strong.cortex_V_per_m, axis=1))[:200:20]:
        one, size = drive.at(k), float(np.linalg.norm(strong.cortex_V_per_m[k]))
        for i, name in enumerate(POPULATIONS):
            threshold = scale * model.thresholds_V_per_m(one, BIPHASIC)[i, 0]
            excess = math.log(size * at_layer(name, one) / threshold)
            deviations = excess / (below if excess < 0 else above)[i]
            expected = (1 + math.erf(deviations / math.sqrt(2))) / 2
            assert found.fraction[i, k] == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_turning_head_and_coil_together_changes_nothing(head, field):
    axis = np.array([1.0, 2.0, 2.0]) / 3
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    turn = np.eye(3) + math.sin(0.9) * cross + (1 - math.cos(0.9)) * cross @ cross

    turned = replace(head, nodes_m=head.nodes_m @ turn.T, head_to_mni=None)
    cortex = head.cortex
    turned = turned.with_cortex(
        Cortex(
            points_m=cortex.points_m @ turn.T,
            triangles=cortex.triangles,
            tets=cortex.tets,
            column=cortex.column @ turn.T,
        )
    )
    still = at_threshold(field, 1.2)
    moved = replace(still, E_V_per_m=still.E_V_per_m @ turn.T, cortex_V_per_m=still.cortex_V_per_m @ turn.T)
    before, after = recruit(head, still, MONOPHASIC), recruit(turned, moved, MONOPHASIC)
    np.testing.assert_allclose(after.fraction, before.fraction, atol=1e-7)
    np.testing.assert_allclose(after.volume_m3, before.volume_m3, rtol=1e-6)
    # Turning the head alone does change it: the model sees directions.
    alone = recruit(turned, still, MONOPHASIC)
    assert np.abs(alone.fraction - before.fraction).max() > 0.05


@pytest.mark.parametrize("name", ["magnitude", "cosine"])
def test_models_without_polarity_recruit_alike_when_the_current_is_turned_round(head, field, name):
    strong = at_threshold(field, 1.2)
    back = replace(strong, E_V_per_m=-strong.E_V_per_m, cortex_V_per_m=-strong.cortex_V_per_m)
    hotspot = drive_of(head, field).at(strongest(field))
    one, other = (
        recruit(head, E, MONOPHASIC, model=neuron_model(name), hotspot=hotspot) for E in (strong, back)
    )
    np.testing.assert_allclose(one.fraction, other.fraction, atol=1e-12)


def test_a_monophasic_pulse_recruits_elsewhere_when_the_current_is_turned_round(head, field):
    strong = at_threshold(field, 1.2)
    back = replace(strong, E_V_per_m=-strong.E_V_per_m, cortex_V_per_m=-strong.cortex_V_per_m)
    one, other = (recruit(head, E, MONOPHASIC) for E in (strong, back))
    assert np.abs(one.fraction[L5] - other.fraction[L5]).max() > 0.05


def test_the_angle_of_the_drive_is_that_to_the_outward_column(head):
    radial = field_of(head, lambda points: points / np.linalg.norm(points, axis=1, keepdims=True))
    assert drive_of(head, radial).polar_rad.max() < 0.15  # the column of a sphere is its radius
    inward = replace(radial, cortex_V_per_m=-radial.cortex_V_per_m)
    assert drive_of(head, inward).polar_rad.min() > math.pi - 0.15


@pytest.mark.parametrize("gradient_per_m", [-60.0, 40.0, 120.0])
def test_the_gradient_along_the_column_is_found(head, gradient_per_m):
    def E(points):
        height = np.linalg.norm(points, axis=1) - 0.0585
        return np.exp(gradient_per_m * height)[:, None] * DIRECTION

    found = drive_of(head, field_of(head, E)).gradient_per_m
    assert np.median(found) == pytest.approx(gradient_per_m, rel=0.05)
    np.testing.assert_allclose(found, gradient_per_m, rtol=0.25)


def test_a_lone_tetrahedron_of_grey_matter_tells_no_gradient(head):
    alone = int(head.cortex.tets[0])
    tags = np.ones(len(head.tets), dtype=np.int32)
    tags[alone] = 2
    corners = head.nodes_m[head.tets[alone]]
    inside = corners.mean(axis=0) + 0.1 * (corners[:3] - corners.mean(axis=0))
    cortex = Cortex(
        points_m=inside,
        triangles=np.array([[0, 1, 2]]),
        tets=np.full(3, alone),
        column=np.tile(DIRECTION, (3, 1)),
    )
    single = replace(head, tags=tags).with_cortex(cortex)
    drive = drive_of(single, field_of(single, local))
    np.testing.assert_allclose(drive.gradient_per_m, 0, atol=1e-6)
    np.testing.assert_allclose(drive.polar_rad, 0, atol=1e-6)


def test_a_field_that_grows_towards_the_pia_helps_superficial_layers(head):
    def E(points, gradient_per_m):
        height = np.linalg.norm(points, axis=1) - 0.0585
        return 60 * np.exp(gradient_per_m * height)[:, None] * DIRECTION

    level, steep = (recruit(head, field_of(head, lambda p, g=g: E(p, g)), BIPHASIC) for g in (0.0, 80.0))
    assert (steep.share[:2] > level.share[:2]).all()  # L1 and L2/3 lie above mid-cortex
    assert (steep.share[2:] < level.share[2:]).all()  # L4, L5 and L6 below


def test_regions_add_up_to_the_whole(head, field):
    found = recruit(head, at_threshold(field, 1.5), MONOPHASIC)
    total = sum(row.area_m2 * np.array(row.share) for row in found.regions)
    np.testing.assert_allclose(total, found.area_m2, rtol=1e-9)
    assert sum(row.area_m2 for row in found.regions) == pytest.approx(head.cortex.point_areas_m2.sum())
    shares = [max(row.share) for row in found.regions]
    assert shares == sorted(shares, reverse=True)


def test_without_a_way_to_mni_there_are_no_regions(head, field):
    nowhere = replace(head, head_to_mni=None).with_cortex(head.cortex)
    assert recruit(nowhere, field, MONOPHASIC).regions == ()


def test_places_without_field_recruit_nobody(head):
    above = field_of(head, lambda points: np.where(points[:, 2:] > 0, 80.0, 0.0) * DIRECTION)
    found = recruit(head, above, MONOPHASIC)
    dark = head.cortex.points_m[:, 2] <= 0
    assert found.fraction[:, dark].max() == 0
    assert found.fraction[L5, ~dark].min() > 0.5


def test_a_field_of_zero_is_refused(head, field):
    with pytest.raises(InputError, match=r"field: zero everywhere; expected a pulse\. Give dI/dt above 0\."):
        recruit(head, field.scaled_to(0.0), MONOPHASIC)


def test_a_field_with_nan_is_refused(head, field):
    broken = np.array(field.cortex_V_per_m)
    broken[5, 1] = math.nan
    with pytest.raises(InputError, match="NaN or infinite values at the cortex"):
        recruit(head, replace(field, cortex_V_per_m=broken), MONOPHASIC)
    broken = np.array(field.E_V_per_m)
    broken[np.flatnonzero(head.tags == 2)[7], 0] = math.nan
    with pytest.raises(InputError, match="NaN or infinite"):
        recruit(head, replace(field, E_V_per_m=broken), MONOPHASIC)


def test_a_field_of_another_head_is_refused(head, field):
    with pytest.raises(InputError, match="field: .* tetrahedra and .* cortical points; expected the"):
        recruit(head, replace(field, cortex_V_per_m=field.cortex_V_per_m[:-1]), MONOPHASIC)


def test_a_head_without_cortex_is_refused():
    bare = sphere_head((0.05, 0.06), (2, 5), cell_m=0.012)
    with pytest.raises(InputError, match="no cortex"):
        recruit(bare, field_of(bare, local), MONOPHASIC)


@pytest.mark.parametrize("motor_threshold_V_per_m", [0.0, -60.0, 0.06, 6e4, math.nan])
def test_an_impossible_motor_threshold_is_refused(head, field, motor_threshold_V_per_m):
    with pytest.raises(InputError, match="motor threshold: .* V/m; expected 5 to 500 V/m"):
        recruit(head, field, MONOPHASIC, motor_threshold_V_per_m=motor_threshold_V_per_m)


def test_a_hotspot_of_many_places_is_refused(head, field):
    with pytest.raises(InputError, match="hotspot: the drive of .* places; expected of one"):
        recruit(head, field, MONOPHASIC, hotspot=drive_of(head, field))


def test_the_cosine_model_refuses_a_hotspot_with_field_across_the_column():
    with pytest.raises(InputError, match=r"hotspot: E at 90 degrees to the column; expected a direction"):
        subject_scale(neuron_model("cosine"), MONOPHASIC, hotspot=TANGENTIAL)


def test_the_scale_turns_the_models_threshold_into_the_persons():
    oblique = Drive(polar_rad=np.array([0.7]), gradient_per_m=np.zeros(1))
    for wave in (MONOPHASIC, BIPHASIC):
        scale = subject_scale(neuron_model(), wave, motor_threshold_V_per_m=52.0, hotspot=oblique)
        assert scale * neuron_model().thresholds_V_per_m(oblique, wave)[L5, 0] == pytest.approx(52.0)


def test_on_the_built_in_head_a_field_at_the_hand_knob_recruits_the_central_sulcus(colin27):
    site = colin27.from_mni(np.array([-0.037, -0.025, 0.062]))
    field = field_of(colin27, lambda points: 80 * local(points, 0.02, site))
    found = recruit(colin27, field, BIPHASIC)
    assert found.fraction.shape[0] == 5
    assert found.fraction.shape[1] > 40_000
    assert {row.region for row in found.regions[:2]} == {"L_precentral", "L_postcentral"}
    nearest = int(np.linalg.norm(colin27.cortex.points_m - site, axis=1).argmin())
    assert found.fraction[L5, nearest] > 0.5
    assert found.share[L5] < 0.05
    assert found.area_m2[L5] > found.area_m2[L6] > 0
