"""Figures of transmitters: results in, matplotlib figures out. Nothing chemical is computed here."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.lib.stride_tricks import sliding_window_view

from tmsim.report.layout import DPI, INK, WIDTH_IN, style
from tmsim.transmitters import (
    TRANSMITTERS,
    Binding,
    Case,
    CourseRelease,
    Evidence,
    Release,
    Resting,
    session_binding,
)

# Okabe and Ito: told apart by colour-blind readers too.
_SIGN = {1: "#0072b2", -1: "#d55e00"}
_LINE = {"first": "-", "second": (0, (3, 1.5))}
_LEVEL = {"human": "#009e73", "animal": "#b07d00", "extrapolated": "#a3437a"}
_GREY = "#9aa4ae"
_SMOOTH = 30  # seconds: the cycle of standard trains, which would be a solid block
_ZOOM_s = 90.0


def session_figure(release: Release) -> Figure:
    """Transmitters over a session and after it, its first minute and a half, and what a tracer would show."""
    with style():
        figure = Figure(figsize=(WIDTH_IN, 7.4), dpi=DPI, layout="constrained")
        rows = figure.subplots(4, 1, height_ratios=(1, 1, 1, 0.9))
        specs = [row.get_subplotspec() for row in rows]
        for row in rows:
            row.remove()
        for k, known in enumerate(release.evidence):
            grid = specs[k].subgridspec(1, 2, width_ratios=(2, 1))
            whole = figure.add_subplot(grid[0])
            _whole(whole, release, k, known)
            _zoom(figure.add_subplot(grid[1], sharey=whole), release, k)
        _binding(figure.add_subplot(specs[3]), session_binding(release))
        figure.legend(handles=_handles(release.cases), loc="outside lower center", ncols=2, fontsize=6)
    return figure


def course_figure(course: CourseRelease) -> Figure:
    """Transmitters from session to session: at rest before each, and on average during it."""
    number = np.arange(1, len(course.autoreceptor) + 1)
    with style():
        figure = Figure(figsize=(WIDTH_IN, 4.9), dpi=DPI, layout="constrained")
        axes = figure.subplots(2, 2).ravel()
        for k, known in enumerate(course.evidence):
            ax = axes[k]
            for c, case in enumerate(course.cases):
                look = {"color": _SIGN[case.sign], "linestyle": _LINE[case.weights]}
                ax.plot(number, course.mean_M[k, c] * 1e9, linewidth=1.1, **look)
                ax.plot(number, course.rest_M[k, c] * 1e9, linewidth=0.8, **look | {"color": _GREY})
            _label(ax, known, width=56)
            ax.set_ylabel(f"{known.transmitter}  [nM]")
            ax.set_ylim(0, 1.1e9 * course.mean_M[k].max())
        axes[3].plot(number, course.autoreceptor, color=INK, linewidth=1.1)
        axes[3].set_ylim(0, 1.05)
        axes[3].set_ylabel("sensitivity")
        _label(
            axes[3], None, width=56,
            words="Sensitivity of serotonin autoreceptors. Seen to fall in rats; size and pace are choices.",
        )  # fmt: skip
        for ax in axes:
            ax.set_xlim(0.5, max(number[-1] + 0.5, 1.5))
            ax.set_xlabel("session")
        grey = Line2D([], [], color=_GREY, linewidth=1.0, label="at rest before the session")
        figure.legend(
            handles=[*_handles(course.cases), grey], loc="outside lower center", ncols=2, fontsize=6
        )
    return figure


def resting_figure(rests: Sequence[Resting]) -> Figure:
    """Dopamine and serotonin at rest against the serotonin transporter, for each set of weights."""
    scale = np.array([rest.pharmacology.sert_scale for rest in rests])
    rate_Hz = np.stack([rest.rate_Hz for rest in rests])
    concentration_nM = np.stack([rest.concentration_M for rest in rests]) * 1e9
    with style():
        figure = Figure(figsize=(WIDTH_IN, 4.4), dpi=DPI, layout="constrained")
        axes = figure.subplots(2, 2, sharex=True)
        for row, k in enumerate((0, 1)):
            for ax, values, unit in zip(axes[row], (rate_Hz, concentration_nM), ("Hz", "nM"), strict=True):
                for w, weights in enumerate(rests[0].weights):
                    ax.plot(
                        scale, values[:, k, w], color=INK, linestyle=_LINE[weights], linewidth=1.2,
                        label=f"{weights} weights",
                    )  # fmt: skip
                ax.set_ylabel(f"{TRANSMITTERS[k]} {'cells' if unit == 'Hz' else 'at terminals'}  [{unit}]")
                ax.set_ylim(bottom=0)
        for ax in axes[1]:
            ax.set_xlabel("share of serotonin transporters that work")
        axes[0, 0].invert_xaxis()
        axes[0, 0].legend(loc="lower left", fontsize=6)
        figure.suptitle(
            "Two sets of weights are nearly alike at rest, and part under a reuptake inhibitor: "
            "neither is a prediction",
            fontsize=7, x=0.01, ha="left",
        )  # fmt: skip
    return figure


def _whole(ax: Axes, release: Release, k: int, known: Evidence) -> None:
    width = min(_SMOOTH, len(release.time_s))
    middle_min = sliding_window_view(release.time_s, width).mean(axis=1) / 60
    ax.axvspan(0, release.session_s / 60, color="#eef1f4", linewidth=0)
    for c, case in enumerate(release.cases):
        near_nM = sliding_window_view(release.concentration_M[k, c] * 1e9, width)
        ax.fill_between(
            middle_min,
            near_nM.min(axis=1),
            near_nM.max(axis=1),
            color=_SIGN[case.sign],
            alpha=0.1,
            linewidth=0,
        )
        ax.plot(
            middle_min, near_nM.mean(axis=1), color=_SIGN[case.sign], linestyle=_LINE[case.weights],
            linewidth=1.0,
        )  # fmt: skip
    ax.set_xlim(0, release.time_s[-1] / 60)
    ax.set_ylim(0, 1.1e9 * release.concentration_M[k].max())
    ax.set_ylabel(f"{known.transmitter}  [nM]")
    _label(ax, known, width=92)
    if k == len(TRANSMITTERS) - 1:
        ax.set_xlabel(f"time from the first pulse  [min]; mean, and least to most, of {width} s around")


def _zoom(ax: Axes, release: Release, k: int) -> None:
    shown = release.time_s <= min(_ZOOM_s, release.time_s[-1])
    for c, case in enumerate(release.cases):
        ax.plot(
            release.time_s[shown], release.concentration_M[k, c, shown] * 1e9, color=_SIGN[case.sign],
            linestyle=_LINE[case.weights], linewidth=0.9,
        )  # fmt: skip
    ax.set_xlim(0, release.time_s[shown][-1])
    ax.tick_params(labelleft=False)
    if k == len(TRANSMITTERS) - 1:
        ax.set_xlabel("its beginning  [s]")


def _binding(ax: Axes, binding: Binding) -> None:
    rows: list[str] = []
    for c, case in enumerate(binding.cases):
        low, change, high = 100 * binding.low[c], 100 * binding.change[c], 100 * binding.high[c]
        ax.plot([low, high], [len(rows)] * 2, color=_SIGN[case.sign], linewidth=1.4, alpha=0.5)
        ax.plot(change, len(rows), marker="o", markersize=3.5, color=_SIGN[case.sign])
        rows.append(f"simulated: {case}")
    for found in binding.evidence.observations:
        if found.change is None:
            continue
        spread = 100 * found.sd.value if found.sd else None
        unverified = found.change.status == "unverified"
        ax.errorbar(
            100 * found.change.value, len(rows), xerr=spread, marker="s", markersize=3.5, color=INK,
            fillstyle="none" if unverified else "full", linewidth=1.0, capsize=2,
        )  # fmt: skip
        rows.append(
            f"{found.source}: {found.subjects}, {found.stimulation.split(',')[0]}"
            f"{' (unverified)' if unverified else ''}"
        )
    ax.set_yticks(range(len(rows)), rows, fontsize=5.5)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.axvline(0, color=INK, linewidth=0.6)
    ax.set_xlim(right=1)
    ax.set_xlabel(
        "change of D2 tracer binding over the session  [%]\n"
        "lines: one SD between people; the gain is set on Pogarell2007"
    )


def _label(ax: Axes, known: Evidence | None, *, width: int, words: str = "") -> None:
    """What the panel rests on, in its title."""
    text = known.words if known else words
    ax.set_title(fill(text, width), loc="left", fontsize=5.5, color="#5b6672", pad=3)
    if known:
        badge = known.level if known.level == "extrapolated" else f"{known.level} evidence"
        ax.set_title(badge, loc="right", fontsize=6, fontweight="bold", color=_LEVEL[known.level], pad=3)


def _handles(cases: Sequence[Case]) -> list[Line2D]:
    return [
        Line2D(
            [], [], color=_SIGN[case.sign], linestyle=_LINE[case.weights], linewidth=1.2,
            label=f"cortex {'excites' if case.sign > 0 else 'inhibits'} serotonin and noradrenaline cells, "
            f"{case.weights} weights",
        )
        for case in cases
    ]  # fmt: skip
