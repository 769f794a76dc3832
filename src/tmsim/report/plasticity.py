"""Figures of plasticity: results in, matplotlib figures out. Nothing physiological is computed here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tmsim.core import FloatArray
from tmsim.plasticity import Group
from tmsim.report.layout import DPI, INK, WIDTH_IN, style

_BLUE, _ORANGE, _GREY = "#2c6fa6", "#c4671b", "#9aa4ae"
_SHOWN = 40  # people drawn as lines; more would be a solid block
_ROW_IN = 2.5


def after_effect_figure(groups: Sequence[Group], titles: Sequence[str]) -> Figure:
    """After-effects of trains, one a row: curves with their spread and single people, and who responds."""
    with style():
        figure = Figure(figsize=(WIDTH_IN, _ROW_IN * len(groups)), dpi=DPI, layout="constrained")
        rows = figure.subplots(len(groups), 2, squeeze=False, width_ratios=(2.3, 1))
        for (curves, people), group, title in zip(rows, groups, titles, strict=True):
            _curves(curves, group)
            _people(people, group)
            curves.set_title(title, loc="left")
    return figure


def _curves(ax: Axes, group: Group) -> None:
    time_min, percent = group.effect.time_s / 60, 100 * group.change
    shown, responds = percent[:_SHOWN], group.responders[:_SHOWN]
    for who, colour in ((~responds, _GREY), (responds, _BLUE)):
        ax.plot(time_min, shown[who].T, color=colour, linewidth=0.45, alpha=0.55)
    mean, sd = 100 * group.mean, 100 * group.sd
    ax.fill_between(
        time_min, np.maximum(mean - sd, -100), mean + sd, color=INK, alpha=0.1, linewidth=0,
        label=f"± SD between {len(percent)} people drawn",
    )  # fmt: skip
    ax.plot(time_min, mean, color=INK, linewidth=1.4, label="their mean")
    ax.plot(
        time_min, 100 * group.effect.change, color=_ORANGE, linewidth=1.1, linestyle=(0, (4, 2)),
        label=f"model {group.effect.model}",
    )  # fmt: skip
    ax.plot([], [], color=_BLUE, linewidth=0.8, label="people who respond")
    ax.plot([], [], color=_GREY, linewidth=0.8, label="people who don't")
    ax.axhline(0, color=INK, linewidth=0.6)
    ax.set_xlim(0, time_min[-1])
    ax.set_ylim(*_limits(percent))
    ax.set_xlabel("time after the last pulse  [min]")
    ax.set_ylabel("change of the MEP  [%]")
    ax.legend(loc="upper right", fontsize=5.5, ncols=2)


def _people(ax: Axes, group: Group) -> None:
    peak = group.effect.peak
    percent = 100 * group.change[:, peak]
    bins = np.linspace(*_limits(100 * group.change), 31).tolist()
    responds = group.responders
    ax.hist(
        [percent[~responds], percent[responds]], bins, stacked=True, color=[_GREY, _BLUE],
        orientation="horizontal", linewidth=0,
    )  # fmt: skip
    ax.axhline(0, color=INK, linewidth=0.6)
    ax.axhline(100 * group.mean[peak], color=INK, linewidth=1.4)
    ax.axhline(100 * group.effect.change[peak], color=_ORANGE, linewidth=1.1, linestyle=(0, (4, 2)))
    ax.set_ylim(*_limits(100 * group.change))
    ax.set_xlabel("people")
    ax.set_title(
        f"at {group.effect.time_s[peak] / 60:.3g} min: {100 * responds.mean():.0f} % respond, "
        f"SMD {group.effect_size:+.2f}".replace("-", "−")
    )


def _limits(percent: FloatArray) -> tuple[float, float]:
    low, high = np.percentile(percent, [0.1, 99.9])
    margin = 0.12 * max(high - low, 1.0)
    return max(low - margin, -105.0), high + 2.5 * margin
