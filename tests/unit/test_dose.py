"""Motor thresholds and doses: what is proportional to what, and where the three rules agree."""

import numpy as np
import pytest

from spheres import sphere_head
from tmsim.core import InputError, OutsideModelError
from tmsim.field import EField, FiniteElements
from tmsim.neuron import neuron_model
from tmsim.neuron.dose import (
    MotorThreshold,
    best_direction,
    compare_doses,
    directed_field,
    drive_of_area,
    measured_threshold,
    simulated_threshold,
    threshold_field,
)
from tmsim.neuron.parameters import BIPHASIC_RATIO
from tmsim.pulse import waveform

BIPHASIC, MONOPHASIC = "magpro-x100-biphasic", "magpro-x100-monophasic"


@pytest.fixture(scope="module")
def head():
    return sphere_head((0.070, 0.078, 0.080, 0.086, 0.092), (1, 2, 3, 4, 5), cell_m=0.010)


def field_on(head, cortex_V_per_m) -> EField:
    return EField(
        E_V_per_m=np.zeros((len(head.tets), 3)),
        cortex_V_per_m=np.asarray(cortex_V_per_m, dtype=float),
        points_V_per_m=np.zeros((0, 3)),
        didt_A_per_s=1e6,
        method=FiniteElements(),
        unknowns=0,
        iterations=0,
        relative_residual=0.0,
        error=None,
    )


def test_the_drive_of_a_uniform_area_is_its_field(head):
    n = len(head.cortex.points_m)
    assert drive_of_area(head, np.full(n, 1.3), (0, 0, 0.074)) == pytest.approx(1.3)


def test_a_quarter_of_the_area_lies_above_its_drive(head):
    top = np.array([0, 0, 0.074])
    values = head.cortex.points_m[:, 0]  # rises from one side of the area to the other
    drive = drive_of_area(head, values, top)
    inside = np.linalg.norm(head.cortex.points_m - top, axis=1) <= 0.010
    areas = head.cortex.point_areas_m2
    above = areas[inside & (values > drive)].sum() / areas[inside].sum()
    assert above == pytest.approx(0.25, abs=0.08)  # some fifty points


def test_a_site_far_from_the_cortex_has_no_drive(head):
    with pytest.raises(InputError, match="no cortex within 10 mm"):
        drive_of_area(head, np.ones(len(head.cortex.points_m)), (0, 0, 0))


def test_direction_counts_as_each_model_says(head):
    rng = np.random.default_rng(3)
    E = rng.normal(size=head.cortex.points_m.shape)
    field, pulse = field_on(head, E), waveform(BIPHASIC)
    size = np.linalg.norm(E, axis=1)
    along = np.abs(np.einsum("ij,ij->i", E, head.cortex.column))
    assert np.allclose(directed_field(head, field, neuron_model("magnitude"), pulse), size)
    assert np.allclose(directed_field(head, field, neuron_model("cosine"), pulse), along, rtol=1e-3)
    directed = directed_field(head, field, neuron_model("directional"), pulse)
    assert (directed <= size * (1 + 1e-12)).all()
    assert (directed >= 0.7 * size).all()  # L5 thresholds differ by a factor of 1.3 over directions


def test_the_best_direction_is_along_the_column_and_turns_with_the_phase_that_fires():
    model = neuron_model("directional")
    assert np.degrees(best_direction(model, waveform(MONOPHASIC)).polar_rad) == pytest.approx([0], abs=15)
    assert np.degrees(best_direction(model, waveform(BIPHASIC)).polar_rad) == pytest.approx([180], abs=15)


def test_the_threshold_field_of_another_pulse_follows_the_published_ratio():
    model = neuron_model("directional")
    assert threshold_field(model, waveform(BIPHASIC), biphasic_V_per_m=60) == pytest.approx(60)
    monophasic = threshold_field(model, waveform(MONOPHASIC), biphasic_V_per_m=60)
    assert monophasic == pytest.approx(60 / BIPHASIC_RATIO["L5"].value, rel=1e-6)


def test_half_the_field_doubles_the_threshold():
    strong = simulated_threshold(1.2, 1e6, 60.0, 120e6)
    weak = simulated_threshold(0.6, 1e6, 60.0, 120e6)
    assert strong.didt_A_per_s == pytest.approx(50e6)
    assert weak.percent_mso == pytest.approx(2 * 50 / 120 * 100)
    assert not strong.measured
    assert simulated_threshold(1.2, 1e6, 60.0).percent_mso is None


def test_without_a_field_there_is_no_threshold():
    with pytest.raises(OutsideModelError, match="no field"):
        simulated_threshold(0.0, 1e6, 60.0)


def test_a_measured_threshold_says_which_field_it_stands_for():
    threshold = measured_threshold(50, 1.2, 1e6, 120e6)
    assert threshold == MotorThreshold(
        didt_A_per_s=60e6, drive_V_per_m=pytest.approx(72), percent_mso=50, measured=True
    )


def rules(**changes):
    threshold = simulated_threshold(1.2, 1e6, 60.0, 100e6)  # 50 A/us, 50 %MSO
    options = {"site_drive_V_per_m": 1.0, "didt_A_per_s": 1e6, "deeper_m": 0.005, "didt_max_A_per_s": 100e6}
    return compare_doses(threshold, 120, **{**options, **changes})


def test_the_three_rules_do_what_they_say():
    share, field, distance = rules()
    assert share.didt_A_per_s == pytest.approx(60e6)
    assert share.percent_rmt == pytest.approx(120)
    assert field.drive_V_per_m == pytest.approx(1.2 * 60)  # the hand area's at 120 %RMT
    assert field.percent_mso == pytest.approx(72)
    # Stokes2013: 2.7 %MSO a millimetre, here 5 mm deeper, and then 120 %.
    assert distance.percent_mso == pytest.approx(1.2 * (50 + 2.7 * 5))


def test_over_the_hand_area_itself_the_rules_agree():
    doses = rules(site_drive_V_per_m=1.2, deeper_m=0.0)
    assert [dose.didt_A_per_s for dose in doses] == pytest.approx([60e6] * 3)


def test_without_a_stimulator_the_rule_in_percent_of_its_output_is_left_out():
    threshold = simulated_threshold(1.2, 1e6, 60.0)
    doses = compare_doses(
        threshold, 120, site_drive_V_per_m=1.0, didt_A_per_s=1e6, deeper_m=0.005, didt_max_A_per_s=None
    )
    assert [dose.rule for dose in doses] == ["percent of motor threshold", "same field as the hand area"]
    assert doses[0].percent_mso is None
