"""Figures of the neuron room show the numbers they were given."""

from dataclasses import replace

import numpy as np
import pytest

from spheres import sphere_head
from tmsim.core import read_only
from tmsim.neuron import POPULATIONS, Recruitment, neuron_model, threshold_curve
from tmsim.pulse import waveform
from tmsim.report.neuron import recruitment_figure, threshold_figure

MONOPHASIC = waveform("magpro-x100-monophasic")


@pytest.fixture(scope="module")
def head():
    return sphere_head((0.055, 0.062, 0.066, 0.072), (1, 2, 3, 5), cell_m=0.008)


def recruited(head):
    """L1 on the left half, L2/3 in front, L4 above, L5 everywhere, L6 nowhere."""
    x, y, z = head.cortex.points_m.T
    fraction = np.stack([x < 0, y > 0, z > 0, np.ones(len(x)), np.zeros(len(x))]).astype(float)
    return Recruitment(
        model="directional",
        waveform="test",
        populations=POPULATIONS,
        fraction=read_only(fraction),
        motor_threshold_V_per_m=60.0,
        scale=0.25,
        area_m2=read_only(fraction @ head.cortex.point_areas_m2),
        volume_m3=np.zeros(5),
        share=fraction.mean(axis=1),
        regions=(),
    )


def test_the_curves_of_the_threshold_figure_are_the_thresholds():
    curve = threshold_curve(neuron_model(), MONOPHASIC, n_angles=31)
    ax = threshold_figure(curve).axes[0]
    assert [line.get_label() for line in ax.lines] == list(POPULATIONS)
    for line, thresholds in zip(ax.lines, curve.thresholds_V_per_m, strict=True):
        np.testing.assert_allclose(line.get_xdata(), np.linspace(0, 180, 31))
        np.testing.assert_allclose(line.get_ydata(), thresholds)
    assert ax.get_ylim()[0] == 0
    assert ax.get_ylim()[1] > curve.thresholds_V_per_m.max()
    assert "[V/m]" in ax.get_ylabel()


def test_thresholds_without_end_leave_the_axis_readable():
    ax = threshold_figure(threshold_curve(neuron_model("cosine"), MONOPHASIC, n_angles=181)).axes[0]
    assert ax.get_ylim()[1] < 3000


def test_each_layer_has_a_panel_with_its_area_and_all_share_one_scale_of_colours(head):
    found = recruited(head)
    figure = recruitment_figure(head, found)
    *panels, bar = figure.axes
    assert [ax.get_title() for ax in panels] == [
        f"{name}: {area_m2 * 1e4:.2f} cm²" for name, area_m2 in zip(POPULATIONS, found.area_m2, strict=True)
    ]
    assert bar.get_ylim() == (0, 1)
    assert bar.get_ylabel() == "share of cells that fire"
    l5, l6 = (np.asarray(panels[k].images[0].get_array())[..., :3].mean(axis=(0, 1)) for k in (3, 4))
    assert l5[0] > 2 * l6[0]  # yellow against violet
    assert l5[1] > 2 * l6[1]


def test_the_view_is_upon_the_most_recruited_place(head):
    x, _, _ = head.cortex.points_m.T
    fraction = np.tile((x > 0.055).astype(float), (5, 1))
    figure = recruitment_figure(head, replace(recruited(head), fraction=fraction))
    middle = np.asarray(figure.axes[3].images[0].get_array())[200, 200]
    assert middle[0] > 1.5 * middle[2]  # yellow in the middle
