"""Figures of motor physiology show the numbers they were given."""

import numpy as np
import pytest

from tmsim.neuron.motor import (
    PAIRED_PULSES,
    descending_volley,
    draw_population,
    draw_subject,
    error_curve,
    hunt,
    mep_trace,
    paired_pulse,
    recruitment_curve,
    silent_period,
    with_threshold,
)
from tmsim.report.motor import hunt_figure, pairs_figure, recruitment_curve_figure, waves_figure

SUBJECT = with_threshold(draw_subject(0, 3), 55)


def dots(ax):
    """All points drawn without a line, (n, 2)."""
    lines = [line for line in ax.lines if line.get_linestyle() == "None"]
    return np.concatenate([line.get_xydata() for line in lines])


def line(ax, label):
    return next(line for line in ax.lines if str(line.get_label()).startswith(label))


def test_the_recruitment_curve_shows_every_mep_and_passes_50_microvolt_at_the_threshold():
    curve = recruitment_curve(SUBJECT, np.arange(40, 91, 5.0), n_pulses=6)
    ax = recruitment_curve_figure(curve).axes[0]
    shown = dots(ax)
    assert sorted(shown[:, 1]) == pytest.approx(sorted(curve.mep_V.ravel() * 1e3))
    median = line(ax, "median").get_xydata()
    assert np.interp(55, *median.T) == pytest.approx(0.05, rel=0.02)


def test_the_hunt_shows_each_pulse_filled_where_the_muscle_answered():
    result = hunt(SUBJECT, n_pulses=15)
    ax = hunt_figure(result).axes[0]
    answered = line(ax, "MEP of 50").get_xydata()
    assert len(answered) == sum(trial.responded for trial in result.trials)
    assert sorted(map(tuple, dots(ax))) == [
        (number, trial.amplitude_mso) for number, trial in enumerate(result.trials, start=1)
    ]
    assert line(ax, "estimate").get_ydata()[-1] == result.estimate_mso
    assert line(ax, "true RMT").get_ydata()[0] == pytest.approx(55)


@pytest.mark.parametrize("method", ["ml-pest", "5-of-10"])
def test_the_error_curves_stand_beside_any_hunt(method):
    curves = [error_curve(draw_population(0, 6), method=name, n_pulses=60) for name in ("ml-pest", "5-of-10")]
    figure = hunt_figure(hunt(SUBJECT, method=method), curves)
    drawn = line(figure.axes[1], "ml-pest").get_ydata()
    assert drawn[-1] == pytest.approx(100 * curves[0].error[1, -1])


def test_pairs_show_range_ratio_and_measurement_and_say_unverified():
    results = [paired_pulse(SUBJECT, name) for name in PAIRED_PULSES]
    figure = pairs_figure(results)
    ax = figure.axes[0]
    diamonds = [mark.get_ydata()[0] for mark in ax.lines if mark.get_marker() == "D"]
    assert diamonds == pytest.approx([result.measured_ratio for result in results])
    assert any("unverified" in text.get_text() for text in figure.legends[0].get_texts())
    low, high = ax.get_ylim()
    assert low < dots(ax)[:, 1].min()
    assert high > dots(ax)[:, 1].max()


def test_waves_traces_and_silent_period_stand_side_by_side():
    volleys = [descending_volley(times) for times in (1.0, 1.5)]
    traces = [mep_trace(SUBJECT, 66.0, mep_V) for mep_V in (1e-3, 0.5e-3)]
    figure = waves_figure(volleys, traces, silent_period(SUBJECT, np.linspace(0.7, 1.8, 20)))
    waves, mep, silence = figure.axes
    assert line(waves, "150 %RMT").get_ydata().max() == pytest.approx(volleys[1].height.max())
    assert {text.get_text() for text in waves.texts} >= {"D", "I1", "I4"}
    assert np.ptp(mep.lines[0].get_ydata()) == pytest.approx(1.0, rel=2e-3)
    assert "unverified" in silence.get_title()
