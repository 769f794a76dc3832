"""Figures of the treatment course: results in, matplotlib figures out. No statistics are made up here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from tmsim.core import FloatArray
from tmsim.course import Cohort, Schedule, TrialArm, binomial_band
from tmsim.course.types import WEEKDAYS, OutcomeName
from tmsim.report.layout import DPI, INK, WIDTH_IN, style

# Okabe and Ito: told apart by colour-blind readers too.
_ARM = {"active": "#0072b2", "sham": "#d55e00", "open": "#7f8a95"}
_CLASSES = ("#cc79a7", "#009e73", "#e69f00", "#56b4e9")
_PEOPLE = 30  # drawn as lines; more would be a solid block
_MOST_ROWS = 60  # weeks of a calendar that can still be read


def schedule_figure(schedule: Schedule) -> Figure:
    """The calendar of a course, with what was missed, and the pulses given so far."""
    weeks = min(schedule.sessions[-1].week, _MOST_ROWS)
    with style():
        figure = Figure(figsize=(WIDTH_IN, max(1.9, 0.9 + 0.17 * weeks)), dpi=DPI, layout="constrained")
        calendar, dose = figure.subplots(1, 2, width_ratios=(1, 1.15))
        _calendar(calendar, schedule, weeks)
        _dose(dose, schedule)
    return figure


def _calendar(ax: Axes, schedule: Schedule, weeks: int) -> None:
    most = schedule.most_sessions_a_day
    for day, planned in schedule.planned_on.items():
        week, weekday = divmod(day - 1, 7)
        if week >= weeks:
            break
        given = schedule.given_on[day]
        missed = given < planned
        ax.add_patch(
            Rectangle(
                (weekday + 0.07, week + 0.1), 0.86, 0.8, linewidth=1.0 if missed else 0.0,
                facecolor=(_ARM["active"], 0.25 + 0.75 * given / most) if given else "white",
                edgecolor=_ARM["sham"],
            )
        )  # fmt: skip
        ax.text(
            weekday + 0.5, week + 0.5, f"{given}/{planned}" if missed else str(given),
            ha="center", va="center", fontsize=6, color="white" if given > most / 3 else _ARM["sham"],
        )  # fmt: skip
    ax.set_xlim(0, 7)
    ax.set_ylim(weeks, 0)
    ax.set_xticks(np.arange(7) + 0.5, WEEKDAYS)
    ax.set_yticks(np.arange(weeks) + 0.5, [f"week {week + 1}" for week in range(weeks)])
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("sessions given on each day; orange where some were missed", labelpad=4)


def _dose(ax: Axes, schedule: Schedule) -> None:
    days = np.arange(schedule.last_day + 2)
    sessions = schedule.sessions
    planned = np.cumsum(np.bincount([s.day for s in sessions], [s.pulses for s in sessions], len(days)))
    given = [schedule.pulses_by(day) for day in days.tolist()]
    if given[-1] < planned[-1]:
        ax.step(
            days,
            planned,
            where="post",
            color="#9aa4ae",
            linewidth=0.9,
            linestyle=(0, (4, 2)),
            label="planned",
        )
    ax.step(days, given, where="post", color=_ARM["active"], linewidth=1.4, label="given")
    ax.set_xlim(0, schedule.last_day + 1)
    ax.set_ylim(0, 1.08 * planned[-1])
    ax.set_xlabel("day of the course")
    ax.set_ylabel("pulses so far")
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.legend(loc="upper left")
    ax.set_title(
        f"{schedule.name}: {len(schedule.given)} of {len(schedule.sessions)} sessions, "
        f"{schedule.pulses_total:,} pulses"
    )


def cohort_figure(cohorts: Sequence[Cohort], trials: Sequence[TrialArm]) -> Figure:
    """Scores of one arm or two, with their spread and classes; response and remission beside trials.

    Parameters
    ----------
    cohorts
        Arms of one course on one scale.
    trials
        Arms whose response and remission are drawn to the right of the curves.
    """
    outcomes: tuple[OutcomeName, ...] = ("response",)
    if cohorts[0].remission is not None:
        outcomes = ("response", "remission")
    with style():
        figure = Figure(figsize=(WIDTH_IN, 5.9), dpi=DPI, layout="constrained")
        rows = figure.add_gridspec(2, 1, height_ratios=(1, 1.2))
        above, below = figure.add_subfigure(rows[0]), figure.add_subfigure(rows[1])
        panels = above.subplots(1, len(cohorts), sharey=True, squeeze=False)[0]
        for ax, cohort in zip(panels, cohorts, strict=True):
            _scores(ax, cohort)
        panels[0].set_ylabel(f"{cohorts[0].spec.scale.name}  [points]")
        pairs = below.subplots(1, 2 * len(outcomes), sharey=True)
        for column, name in enumerate(outcomes):
            curves, beside = pairs[2 * column : 2 * column + 2]
            _rates(curves, cohorts, name)
            _beside(beside, trials, name)
        pairs[0].set_ylabel("share of the people  [%]")
        _legend(below)
    return figure


def _scores(ax: Axes, cohort: Cohort) -> None:
    time = _time(ax, cohort)
    colour = _ARM[cohort.spec.arm]
    ax.plot(time, cohort.score[:_PEOPLE].T, color="#9aa4ae", linewidth=0.4, alpha=0.5)
    low, lower, upper, high = cohort.quantiles((0.05, 0.25, 0.75, 0.95))
    ax.fill_between(time, low, high, color=colour, alpha=0.12, linewidth=0, label="90 % of the people")
    ax.fill_between(time, lower, upper, color=colour, alpha=0.2, linewidth=0, label="half of the people")
    if len(cohort.classes) > 1:
        for index, (each, share) in enumerate(zip(cohort.classes, cohort.class_share.tolist(), strict=True)):
            ax.plot(
                time, cohort.class_mean(index), color=_CLASSES[index], linewidth=1.1, linestyle=(0, (4, 1.5)),
                label=f"{each.name}, {100 * share:.0f} %",
            )  # fmt: skip
    ax.plot(time, cohort.mean, color=colour, linewidth=1.8, label="mean")
    ax.fill_between(time, *cohort.mean_band, color=colour, alpha=0.4, linewidth=0)
    remission = cohort.spec.scale.remission
    if remission is not None:
        ax.axhline(remission.value, color=INK, linewidth=0.6, linestyle=":")
        ax.text(ax.get_xlim()[1], remission.value, "remission ", ha="right", va="bottom", fontsize=5.5)
    ax.set_ylim(0, 1.45 * float(cohort.quantiles([0.95])[0, 0]))
    ax.set_title(f"{cohort.spec.arm}: {len(cohort):,} virtual people", loc="left", color=colour)
    ax.legend(loc="upper right", fontsize=5.5, ncols=2)


def _time(ax: Axes, cohort: Cohort) -> FloatArray:
    """Times of the ratings on an axis for the whole course: days of a short one, else weeks."""
    last = int(cohort.spec.rated_days[-1])
    unit, days = ("days", 1) if last <= 14 else ("weeks", 7)
    ax.set_xlim(0, last / days)
    ax.set_xlabel(f"{unit} of the course")
    return cohort.day / days


def _rates(ax: Axes, cohorts: Sequence[Cohort], name: OutcomeName) -> None:
    for cohort in cohorts:
        share = cohort.response if name == "response" else cohort.remission
        if share is None:
            continue
        time = _time(ax, cohort)
        colour = _ARM[cohort.spec.arm]
        ax.plot(time, 100 * share, color=colour, linewidth=1.5, marker="o", markersize=2.5, clip_on=False)
        ax.fill_between(
            time, *(100 * binomial_band(share, len(cohort))), color=colour, alpha=0.25, linewidth=0
        )
    ax.set_ylim(0, 100)
    ax.set_title(f"{name} in the model", loc="left")


def _beside(ax: Axes, trials: Sequence[TrialArm], name: OutcomeName) -> None:
    found = [(arm, outcome) for arm in trials for outcome in arm.outcomes if outcome.name == name]
    for place, (arm, outcome) in enumerate(found):
        percent = 100 * outcome.value.value
        colour = _ARM.get(arm.arm, INK)
        interval = None
        if outcome.low is not None and outcome.high is not None:
            interval = (100 * outcome.low, 100 * outcome.high)
        elif arm.n is not None:
            interval = tuple(100 * binomial_band(np.array(outcome.value.value), arm.n))
        if interval is not None:
            ax.plot([place, place], interval, color=colour, linewidth=0.9)
        ax.plot(
            place, percent, marker="D", markersize=3.6, color=colour, linestyle="none", markeredgewidth=0.8,
            markerfacecolor="white" if outcome.value.status == "unverified" else colour,
        )  # fmt: skip
    labels = [f"{arm.trial}, {arm.label}\n{outcome.when}" for arm, outcome in found]
    ax.set_xticks(range(len(found)), labels, rotation=90, fontsize=4.8, linespacing=0.95)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_xlim(-0.7, max(len(found), 1) - 0.3)
    ax.set_title("in trials", loc="left")


def _legend(figure: SubFigure) -> None:
    marks = {"marker": "D", "markersize": 3.6, "linestyle": "none", "color": INK}
    handles = [
        *(Line2D([], [], color=_ARM[arm], linewidth=2, label=arm) for arm in ("active", "sham")),
        Line2D([], [], color=_ARM["open"], linewidth=2, label="open label"),
        Line2D([], [], **marks, label="read in the source"),
        Line2D([], [], **marks, markerfacecolor="white", label="recalled, unverified"),
        Line2D([], [], color=INK, linewidth=0.9, label="95 % interval, or range as published"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=5.8)
