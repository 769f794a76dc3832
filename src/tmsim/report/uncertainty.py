"""How uncertain a field is: where on the cortex, and what from. Nothing physical is computed here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from tmsim.core import FloatArray
from tmsim.field.uncertainty import Uncertainty
from tmsim.head.types import Head
from tmsim.placement.types import Pose
from tmsim.report.layout import DPI, MAGNITUDE, WIDTH_IN, scale_bar, show, style
from tmsim.report.render import render
from tmsim.report.shapes import smooth
from tmsim.report.types import Camera

_COLOURS = {
    "white_matter": "#e8c547",
    "grey_matter": "#b0413e",
    "csf": "#3f88c5",
    "bone": "#8a817c",
    "scalp": "#e9a178",
    "compact_bone": "#8a817c",
    "spongy_bone": "#bcb8b1",
    "position": "#1b4332",
    "gap": "#40916c",
    "tilt": "#74c69d",
    "angle": "#b7e4c7",
    "pial": "#5e548e",
    "inner_skull": "#9f86c0",
    "outer_skull": "#d8c9e8",
}
_REST = (0.86, 0.86, 0.86)
_WEAK = 0.25  # of the peak: percentages of a weak field say little
_PANEL_PX = (640, 560)
_HEIGHT_PX, _FOOT_PX = 760, 140


def uncertainty_figure(head: Head, pose: Pose, outcome: Uncertainty) -> Figure:
    """Scatter of ``|E|`` on the mid-cortex, its dominant source, and the shares of each readout.

    Maps are seen along the coil's axis, where the mean field is above a quarter of its peak; grey elsewhere.
    """
    mean, cortex = outcome.cortex_mean_V_per_m, head.cortex
    strong = mean > _WEAK * np.percentile(mean, 99.9)
    percent = 100 * outcome.cortex_sd_V_per_m / np.where(mean > 0, mean, 1.0)
    norm = Normalize(0.0, float(np.ceil(np.percentile(percent[strong], 95))))
    scatter = MAGNITUDE(norm(percent))[:, :3]
    palette = np.array([to_rgb(_COLOURS[source.name]) for source in outcome.sources])
    dominant = palette[outcome.dominant]
    scatter[~strong] = dominant[~strong] = _REST
    camera = _camera(pose, cortex.points_m[strong])
    width_px = round(WIDTH_IN * DPI)
    with style():
        figure = Figure(figsize=(WIDTH_IN, _HEIGHT_PX / DPI), dpi=DPI)
        for k, (colours, title) in enumerate(
            ((scatter, "scatter of |E|"), (dominant, "where most of it comes from"))
        ):
            left = k * (_PANEL_PX[0] + 20)
            ax = figure.add_axes(
                (left / width_px, _FOOT_PX / _HEIGHT_PX, _PANEL_PX[0] / width_px, _PANEL_PX[1] / _HEIGHT_PX)
            )
            show(ax, render([smooth(cortex, colours, gloss=0.0)], camera), camera, title)
            if k == 0:
                scale_bar(ax, camera.m_per_px, 20)
        bar = figure.add_axes((390 / width_px, 90 / _HEIGHT_PX, 250 / width_px, 20 / _HEIGHT_PX))
        figure.colorbar(
            ScalarMappable(norm, MAGNITUDE), cax=bar, orientation="horizontal", extend="max", extendfrac=0.04
        )
        bar.set_xlabel(f"SD of {outcome.n_draws} draws  [% of the mean]", labelpad=1)
        bar.tick_params(length=2, pad=1)
        _shares(
            figure.add_axes((1480 / width_px, 400 / _HEIGHT_PX, 650 / width_px, 310 / _HEIGHT_PX)), outcome
        )
        _key(figure, outcome)
    return figure


def _camera(pose: Pose, shown_m: FloatArray) -> Camera:
    gaze = pose.inward
    up = np.array([0.0, 1.0, 0.0]) if abs(gaze[2]) > 0.8 else np.array([0.0, 0.0, 1.0])
    width, height = _PANEL_PX
    camera = Camera.framing(gaze, up, shown_m, width_px=width, height_px=height)
    # Some of the weak field round it shows where on the brain one is.
    return replace(camera, m_per_px=1.15 * camera.m_per_px)


def _shares(ax: Axes, outcome: Uncertainty) -> None:
    names = [f"{spread.readout}\nSD {100 * spread.sd / abs(spread.mean):.1f} %" for spread in outcome.spreads]
    start = np.zeros(len(names))
    for k, source in enumerate(outcome.sources):
        share = 100 * np.array([spread.first_order[k] for spread in outcome.spreads])
        ax.barh(names, share, left=start, height=0.62, color=_COLOURS[source.name], linewidth=0)
        start += share
    ax.barh(names, 100 - start, left=start, height=0.62, color="white", edgecolor="#8a95a1", linewidth=0.4)
    ax.invert_yaxis()
    ax.set_xlim(0, 100)
    ax.set_xlabel("share of the variance, each source alone  [%]", labelpad=1)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def _key(figure: Figure, outcome: Uncertainty) -> None:
    """Sources in the order of what they do, the least of them left out."""
    most = np.max([spread.first_order for spread in outcome.spreads], axis=0)
    shown = [k for k in np.argsort(-most) if most[k] > 0.005]
    handles = [
        Patch(color=_COLOURS[outcome.sources[k].name], linewidth=0, label=outcome.sources[k].label)
        for k in shown
    ]
    handles.append(Patch(facecolor="white", edgecolor="#8a95a1", linewidth=0.4, label="several together"))
    figure.legend(
        handles=handles, loc="lower right", ncols=2, fontsize=5.5, borderaxespad=0.4, columnspacing=1.0,
        handlelength=1.0, handletextpad=0.5,
    )  # fmt: skip
