"""Figures of the network: what a pulse evokes where, connectivity at rest, and how it changes.

Results in, matplotlib figures out. Nothing physiological is computed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure, SubFigure

from tmsim.core import BoolArray, FloatArray
from tmsim.head.regions import region_text, regions_of
from tmsim.head.types import Head
from tmsim.network import Connectome, Evoked, RegionChange, Resting, RestingChange, similarity
from tmsim.network.parameters import EARLY_s, LATE_s
from tmsim.report.layout import DPI, INK, MAGNITUDE, SIGNED, WIDTH_IN, letters, style
from tmsim.report.render import render
from tmsim.report.shapes import smooth
from tmsim.report.types import Camera, View

_BLUE, _ORANGE, _GREY = "#0072b2", "#d55e00", "#9aa4ae"
_EARLY, _LATE = "#f3e3c8", "#d6e4ee"
_NO_REGION = (0.82, 0.84, 0.86)
_DOTS: dict[str, Any] = {"markersize": 1.6, "alpha": 0.5, "markeredgewidth": 0}
_DEEP = {
    "accumb": "accumbens", "amyg": "amygdala", "caud": "caudate", "hippo": "hippocampus", "pal": "pallidum",
    "put": "putamen", "thal": "thalamus",
}  # fmt: skip
_VIEWS: tuple[View, ...] = ("left", "top", "right")
_PANEL_PX, _ROW_IN = (480, 400), 1.9
_LISTED = 12


def evoked_figure(evoked: Evoked, without: Evoked | None = None, *, head: Head | None = None) -> Figure:
    """What a pulse evokes: over time, by region, and on the cortex of ``head`` early and late.

    Parameters
    ----------
    without
        The same with the connections cut, drawn beside it.
    """
    others = evoked.elsewhere
    with style():
        figure, upper, lower = _with_cortex(head, 4.1, rows=2)
        grid = upper.add_gridspec(2, 2, width_ratios=(2.1, 1))
        rows = ((~others, "where the pulse makes cells fire"), (others, "in all other regions"))
        for k, (which, title) in enumerate(rows):
            _over_time(upper.add_subplot(grid[k, 0]), evoked, without, which, title)
        _most(upper.add_subplot(grid[:, 1]), evoked)
        if head is not None and lower is not None:
            scaled = others if others.any() else ~others
            for part, values, title in zip(
                lower.subfigures(2, 1, squeeze=False)[:, 0],
                (evoked.early_mV, evoked.late_mV),
                ("early, 15 to 100 ms", "late, 100 to 300 ms"),
                strict=True,
            ):
                norm = Normalize(0.0, float(values[scaled].max()))
                _cortex(part, head, evoked.labels, values, title, norm, MAGNITUDE, "rms  [mV]")
    return figure


def connectivity_figure(resting: Resting) -> Figure:
    """Functional connectivity of the model, and beside it the one that was measured, if there is one."""
    connectome = resting.connectome
    measured = connectome.functional
    n = len(connectome.labels)
    with style():
        figure = Figure(figsize=(WIDTH_IN, 3.5), dpi=DPI, layout="constrained")
        matrix, pairs = figure.subplots(1, 2, width_ratios=(1.15, 1))
        shown = np.array(resting.fc)
        model = resting.fc[np.triu_indices(n, 1)]
        # Each triangle has its own scale: correlations of the model are several times smaller.
        scale = float(np.percentile(np.abs(model), 99)) or 1.0
        shown /= scale
        title = f"model (1 is r = {scale:.2f})"
        if measured is not None:
            upper = np.triu_indices(n, 1)
            measured_scale = float(np.percentile(measured[upper], 99)) or 1.0
            shown[upper] = measured[upper] / measured_scale
            title = f"below: {title};  above: measured (1 is r = {measured_scale:.2f})"
        np.fill_diagonal(shown, np.nan)
        image = matrix.imshow(shown, cmap=MAGNITUDE, vmin=0, vmax=1, interpolation="none")
        _groups(matrix, connectome)
        bar = figure.colorbar(image, ax=matrix, shrink=0.8, extend="both", extendfrac=0.03)
        bar.set_label("correlation over the 99th percentile of its triangle")
        matrix.set_title(title)
        if measured is None:
            spans = min(0.0, float(model.min())), 1.05 * max(float(model.max()), 1e-3)
            pairs.hist(model, 60, range=spans, color=_BLUE)
            pairs.set_xlabel("correlation, model")
            pairs.set_ylabel("pairs of regions")
            return figure
        _pairs(pairs, resting, measured)
    return figure


def change_figure(change: RestingChange, *, head: Head | None = None) -> Figure:
    """Rest before and after synapses of a region changed: correlations with it, rates, and the cortex."""
    with style():
        figure, upper, lower = _with_cortex(head, 3.1, rows=1)
        most, rates = upper.subplots(1, 2, width_ratios=(1.5, 1))
        _changed(most, change.regions[:_LISTED], change)
        _rates(rates, change)
        if head is not None and lower is not None:
            labels = change.before.connectome.labels
            site = labels.index(change.region)
            values = np.delete(change.fc_change[site], site)
            reach = float(np.abs(values).max()) or 1.0
            others = [label for label in labels if label != change.region]
            title = f"change of the correlation with {_plain(change.region)} (grey)"
            _cortex(lower, head, others, values, title, Normalize(-reach, reach), SIGNED, "change of r")
    return figure


def _with_cortex(
    head: Head | None, upper_in: float, *, rows: int
) -> tuple[Figure, SubFigure, SubFigure | None]:
    """The upper part of a figure, and a lower one for so many rows of cortex if there is a head."""
    lower_in = _ROW_IN * rows if head is not None else 0.0
    figure = Figure(figsize=(WIDTH_IN, upper_in + lower_in), dpi=DPI, layout="constrained")
    if head is None:
        return figure, figure.subfigures(1, 1, squeeze=False)[0, 0], None
    upper, lower = figure.subfigures(2, 1, squeeze=False, height_ratios=(upper_in, lower_in))[:, 0]
    return figure, upper, lower


def _over_time(ax: Axes, evoked: Evoked, without: Evoked | None, which: BoolArray, title: str) -> None:
    time_ms = 1e3 * evoked.time_s
    for (start, end), colour, name in ((EARLY_s, _EARLY, "early"), (LATE_s, _LATE, "late")):
        ax.axvspan(1e3 * start, 1e3 * end, color=colour, linewidth=0)
        ax.text(
            0.5e3 * (start + end), 0.98, name, transform=ax.get_xaxis_transform(), ha="center", va="top",
            color="#5b6672",
        )  # fmt: skip
    if evoked.spread_mV is not None and which.sum() == 1:
        mean, spread = evoked.potential_mV[which][0], evoked.spread_mV[which][0]
        ax.fill_between(
            time_ms,
            mean - spread,
            mean + spread,
            color=_BLUE,
            alpha=0.15,
            linewidth=0,
            label="± SD between trials",
        )
    width = 1.2 if which.sum() <= 4 else 0.5
    ax.plot(time_ms, evoked.potential_mV[which].T, color=_BLUE, linewidth=width)
    ax.plot([], [], color=_BLUE, linewidth=1.2, label="connected")
    if without is not None:
        cut = "connections cut" + ("" if not without.cut_s else f" at {1e3 * without.cut_s:.0f} ms")
        ax.plot(
            time_ms, without.potential_mV[which].T, color=_ORANGE, linewidth=width, linestyle=(0, (3, 1.5))
        )
        ax.plot([], [], color=_ORANGE, linewidth=1.2, linestyle=(0, (3, 1.5)), label=cut)
    ax.axhline(0, color=INK, linewidth=0.4)
    ax.axvline(0, color=INK, linewidth=0.6, linestyle=(0, (1, 1.5)))
    ax.set_xlim(-50, time_ms[-1] + 1)
    ax.set_xlabel("time after the pulse  [ms]")
    ax.set_ylabel("change of potential  [mV]")
    ax.set_title(title, loc="left")
    ax.legend(loc="center right", frameon=True, framealpha=0.8, edgecolor="none")


def _most(ax: Axes, evoked: Evoked) -> None:
    """Early and late size of the regions that respond most, the site left out of the scale."""
    order = np.argsort(-(evoked.early_mV + evoked.late_mV) * evoked.elsewhere)[:_LISTED]
    y = np.arange(len(order))
    ax.barh(y - 0.2, evoked.early_mV[order], 0.38, color="#c99a4b", label="early")
    ax.barh(y + 0.2, evoked.late_mV[order], 0.38, color=_BLUE, label="late")
    ax.set_yticks(y, [_plain(evoked.labels[k]) for k in order])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(order) + 0.7, -0.7)  # from above, with room for the legend
    ax.set_xlabel("root mean square  [mV]")
    ax.set_title("other regions, the largest", loc="left")
    ax.legend(loc="lower right")


def _cortex(
    figure: SubFigure,
    head: Head,
    labels: Sequence[str],
    values: FloatArray,
    title: str,
    norm: Normalize,
    colours: Colormap,
    label: str,
) -> None:
    """Values of regions on the cortex, from three sides; grey where there is none."""
    regions = regions_of(head)
    place = {name: k for k, name in enumerate(labels)}
    of_point = np.array([place.get(name, -1) for name in regions.names])[regions.index]
    paint = np.where(of_point[:, None] >= 0, colours(norm(values))[of_point, :3], _NO_REGION)
    mesh = smooth(head.cortex, paint, gloss=0.0)
    width, height = _PANEL_PX
    cameras = [
        Camera.of_view(view, head.cortex.points_m, width_px=width, height_px=height) for view in _VIEWS
    ]
    widest = max(camera.m_per_px for camera in cameras)
    axes = figure.subplots(1, len(_VIEWS))
    for ax, camera in zip(axes, cameras, strict=True):
        at = replace(camera, m_per_px=widest)
        ax.imshow(render([mesh], at), interpolation="none")
        ax.set_axis_off()
        for x, direction in ((0.02, -at.right), (0.98, at.right)):
            ax.text(
                x, 0.5, letters(direction), transform=ax.transAxes, ha="center", va="center",
                fontweight="bold", color="#5b6672",
            )  # fmt: skip
    axes[1].set_title(title, pad=2)
    extend = "max" if norm.vmin == 0 else "neither"
    bar = figure.colorbar(
        ScalarMappable(norm, colours), ax=list(axes), shrink=0.85, pad=0.01, aspect=14, extend=extend
    )
    bar.set_label(label)


def _groups(ax: Axes, connectome: Connectome) -> None:
    """Lines between hemispheres of the cortex and what is below it, where that is the order."""
    kinds = [
        ("left cortex" if label.startswith("L_") else "right cortex") if of_cortex else "deep"
        for label, of_cortex in zip(connectome.labels, connectome.cortical, strict=True)
    ]
    starts = [k for k in range(len(kinds)) if k == 0 or kinds[k] != kinds[k - 1]]
    if len(starts) > 3:
        ax.set_xlabel("regions")
        ax.set_ylabel("regions")
        return
    ends = [*starts[1:], len(kinds)]
    for start in starts[1:]:
        ax.axhline(start - 0.5, color="white", linewidth=0.8)
        ax.axvline(start - 0.5, color="white", linewidth=0.8)
    middles = [(start + end - 1) / 2 for start, end in zip(starts, ends, strict=True)]
    names = [kinds[start] for start in starts]
    ax.set_xticks(middles, names)
    ax.set_yticks(middles, names, rotation=90, va="center")
    ax.tick_params(length=0)


def _pairs(ax: Axes, resting: Resting, measured: FloatArray) -> None:
    cortical = resting.connectome.cortical
    everywhere = np.ones(len(cortical), dtype=bool)
    upper = np.triu_indices(len(cortical), 1)
    of_cortex = cortical[upper[0]] & cortical[upper[1]]
    for which, colour, name in (
        (~of_cortex, _ORANGE, "with deep regions"),
        (of_cortex, _BLUE, "of the cortex"),
    ):
        if which.any():
            ax.plot(measured[upper][which], resting.fc[upper][which], ".", color=colour, label=name, **_DOTS)
    told = [f"all pairs: r = {similarity(resting.fc, measured, everywhere):.2f}"]
    if 2 < cortical.sum() < len(cortical):
        told.insert(0, f"pairs of the cortex: r = {similarity(resting.fc, measured, cortical):.2f}")
    ax.set_title("\n".join(told), loc="left")
    ax.set_xlabel("correlation, measured")
    ax.set_ylabel("correlation, model")
    if of_cortex.any() and not of_cortex.all():
        ax.legend(loc="upper left", markerscale=4)


def _changed(ax: Axes, rows: Sequence[RegionChange], change: RestingChange) -> None:
    y = np.arange(len(rows))
    before, after = ([row.fc_before for row in rows], [row.fc_after for row in rows])
    ax.hlines(y, before, after, color=_GREY, linewidth=1.2)
    ax.plot(before, y, "o", color="white", markeredgecolor=INK, markersize=4, label="before")
    ax.plot(after, y, "o", color=_BLUE, markersize=4, label="after")
    ax.set_yticks(y, [_plain(row.region) for row in rows])
    ax.tick_params(axis="y", length=0)
    ax.invert_yaxis()
    ax.set_xlabel(f"correlation with {_plain(change.region)}")
    ax.set_title(
        f"{change.synapses} synapses {change.change:+.0%}: the largest changes".replace("-", "−"), loc="left"
    )
    ax.legend(loc="lower right")


def _rates(ax: Axes, change: RestingChange) -> None:
    before, after = change.before.rates_Hz, change.after.rates_Hz
    site = change.before.connectome.index(change.region)
    order = np.argsort(after)
    ax.plot(
        np.arange(len(order)),
        before[order],
        color=INK,
        linewidth=1.0,
        linestyle=(0, (3, 1.5)),
        label="before",
    )
    ax.plot(np.arange(len(order)), after[order], ".", color=_BLUE, markersize=3, label="after")
    at = int(np.flatnonzero(order == site)[0])
    ax.plot(at, after[site], "o", color=_ORANGE, markersize=3.5)
    left = at > len(order) / 2
    ax.annotate(
        _plain(change.region), (at, after[site]), xytext=(-6 if left else 6, 0), textcoords="offset points",
        ha="right" if left else "left", va="center",
    )  # fmt: skip
    ax.set_xlabel("regions, by their rate after")
    ax.set_ylabel("mean rate  [Hz]")
    ax.set_title("rates at rest", loc="left")
    ax.legend(loc="center left")


def _plain(label: str) -> str:
    """A region's name in words: ``"left superior frontal"``, ``"left putamen"``."""
    side = {"L": "left", "R": "right"}.get(label[0])
    return f"{side} {_DEEP[label[1:]]}" if side and label[1:] in _DEEP else region_text(label)
