"""Figures of the course show the numbers they were given."""

import numpy as np
import pytest

from tmsim.course import binomial_band, cohort, schedule_of, trials
from tmsim.pulse import protocol
from tmsim.report.course import cohort_figure, schedule_figure

ITBS = schedule_of(protocol("itbs600"))


def line(ax, label):
    return next(line for line in ax.lines if line.get_label() == label)


def test_the_calendar_shows_each_day_and_the_dose_ends_where_the_course_does():
    schedule = schedule_of(protocol("saint"), missed=("2-4", "day 3"))
    calendar, dose = schedule_figure(schedule).axes
    assert [text.get_text() for text in calendar.texts] == ["7/10", "10", "0/10", "10", "10"]
    assert line(dose, "given").get_ydata()[-1] == schedule.pulses_total == 37 * 1800
    assert line(dose, "planned").get_ydata()[-1] == 90_000
    whole = schedule_figure(ITBS).axes[1]
    assert [drawn.get_label() for drawn in whole.lines] == ["given"]
    assert whole.lines[0].get_ydata()[-1] == 18_000


def test_means_classes_and_bands_are_those_of_the_cohort():
    active, sham = (cohort(ITBS, n=400, arm=arm) for arm in ("active", "sham"))
    first, second = cohort_figure([active, sham], ()).axes[:2]
    assert line(first, "mean").get_ydata() == pytest.approx(active.mean)
    assert line(second, "mean").get_ydata() == pytest.approx(sham.mean)
    share = round(100 * float(active.class_share[1]))
    assert line(first, f"rapid, {share} %").get_ydata() == pytest.approx(active.class_mean(1))
    band = first.collections[0].get_paths()[0].vertices
    assert band[:, 1].max() == active.quantiles([0.95]).max()


def test_rates_stand_beside_the_trials_with_their_intervals():
    group = cohort(schedule_of(protocol("saint")), n=200, model="accelerated")
    found = trials("depression", protocols=("saint",))
    axes = cohort_figure([group], found).axes
    assert [ax.get_title(loc="left") for ax in axes[1:]] == [
        "response in the model", "in trials", "remission in the model", "in trials",
    ]  # fmt: skip
    assert group.remission is not None
    assert axes[3].lines[0].get_ydata() == pytest.approx(100 * group.remission)
    beside = axes[4]
    diamonds = [mark.get_ydata()[0] for mark in beside.lines if mark.get_marker() == "D"]
    rates = [(arm.n, o.value.value) for arm in found for o in arm.outcomes if o.name == "remission"]
    assert diamonds == pytest.approx([100 * rate for _, rate in rates])
    intervals = [mark.get_ydata() for mark in beside.lines if mark.get_marker() != "D"]
    expected = [100 * binomial_band(np.array(rate), n) for n, rate in rates]
    assert np.array(intervals) == pytest.approx(np.array(expected))
    labels = [text.get_text() for text in beside.get_xticklabels()]
    assert labels[0] == "Cole 2022, SNT\nany time in the 4 weeks after"
    assert labels[2] == "Kratter 2026, SNT\n1 month after"


def test_recalled_figures_are_hollow():
    group = cohort(ITBS, n=100)
    beside = cohort_figure([group], trials("depression", protocols=("itbs600",))).axes[2]
    fills = [mark.get_markerfacecolor() for mark in beside.lines if mark.get_marker() == "D"]
    assert fills[0] == "white"  # THREE-D, response: unverified
    assert fills[1] != "white"  # a clinic's, read


def test_a_course_that_isn_t_over_is_drawn_on_the_axis_of_the_whole():
    ax = cohort_figure([cohort(ITBS, n=50, until_day=14)], ()).axes[0]
    assert ax.get_xlim() == (0, 6)
    assert line(ax, "mean").get_xdata().tolist() == [0, 1, 2]
