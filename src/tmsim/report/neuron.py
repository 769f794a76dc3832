"""Figures of the neuron room: thresholds against angle, and who fires where. Nothing is computed here."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from tmsim.head.types import Head
from tmsim.neuron.types import Recruitment, ThresholdCurve
from tmsim.report.layout import DPI, INK, MAGNITUDE, WIDTH_IN, letters, style
from tmsim.report.render import render
from tmsim.report.shapes import smooth
from tmsim.report.types import Camera

# Okabe and Ito: told apart by colour-blind readers too.
POPULATION_COLOURS = {
    "L1": "#009e73", "L2/3": "#0072b2", "L4": "#e69f00", "L5": "#d55e00", "L6": "#cc79a7",
}  # fmt: skip
_PANEL_PX, _WINDOW_m, _BAR_mm = 400, 0.09, 20
"""Each panel shows a piece of cortex so wide, with a bar so long."""


def threshold_figure(curve: ThresholdCurve) -> Figure:
    """The threshold field of each population against its angle to the cortical column."""
    with style():
        figure = Figure(figsize=(0.66 * WIDTH_IN, 2.9), dpi=DPI, layout="constrained")
        ax = figure.subplots()
        degrees = np.degrees(curve.polar_rad)
        for name, thresholds in zip(curve.populations, curve.thresholds_V_per_m, strict=True):
            fires = np.where(np.isfinite(thresholds), thresholds, np.nan)
            ax.plot(degrees, fires, color=POPULATION_COLOURS.get(name, INK), linewidth=1.1, label=name)
        shown = curve.thresholds_V_per_m[np.isfinite(curve.thresholds_V_per_m)]
        ax.set_ylim(0, 1.1 * min(shown.max(), 6 * shown.min()))  # the cosine model knows no upper end
        ax.set_xlim(0, 180)
        ax.set_xticks(range(0, 181, 30))
        ax.set_xlabel("angle of E to the column: 0 towards the pia, 180 towards white matter  [degrees]")
        ax.set_ylabel("threshold |E| of the model  [V/m]")
        ax.set_title(f"{curve.model} model, {curve.waveform}")
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=1.4)
    return figure


def recruitment_figure(head: Head, recruitment: Recruitment) -> Figure:
    """Where each population fires: the cortex round the most recruited point, one panel a layer."""
    cortex = head.cortex
    centre = cortex.points_m[recruitment.fraction.mean(axis=0).argmax()]
    gaze = cortex.points_m.mean(axis=0) - centre
    gaze /= np.linalg.norm(gaze)
    up = np.array([0.0, 1.0, 0.0]) if abs(gaze[2]) > 0.8 else np.array([0.0, 0.0, 1.0])
    up -= (up @ gaze) * gaze
    camera = Camera(
        gaze=gaze, up=up / np.linalg.norm(up), center_m=centre,
        width_px=_PANEL_PX, height_px=_PANEL_PX, m_per_px=_WINDOW_m / _PANEL_PX,
    )  # fmt: skip
    norm = Normalize(0.0, 1.0)
    with style():
        figure = Figure(figsize=(WIDTH_IN, 1.75), dpi=DPI, layout="constrained")
        axes = figure.subplots(1, len(recruitment.populations), squeeze=False)[0]
        for ax, name, fraction, area_m2 in zip(
            axes, recruitment.populations, recruitment.fraction, recruitment.area_m2, strict=True
        ):
            image = render([smooth(cortex, MAGNITUDE(norm(fraction))[:, :3], gloss=0.0)], camera)
            ax.imshow(image, extent=(0, _PANEL_PX, _PANEL_PX, 0), interpolation="none")
            ax.set_autoscale_on(False)
            ax.set_title(f"{name}: {area_m2 * 1e4:.2f} cm²", pad=3)
            ax.set_axis_off()
        _compass(axes[0], camera)
        left, length, below = 0.05 * _PANEL_PX, _BAR_mm * 1e-3 / camera.m_per_px, 0.95 * _PANEL_PX
        axes[-1].plot([left, left + length], [below, below], color="white", linewidth=1.6)
        axes[-1].text(left + length + 8, below, f"{_BAR_mm} mm", color="white", va="center", fontsize=6)
        bar = figure.colorbar(ScalarMappable(norm, MAGNITUDE), ax=list(axes), shrink=0.8, pad=0.01, aspect=14)
        bar.set_label("share of cells that fire", labelpad=3)
        bar.ax.tick_params(length=2, pad=2)
    return figure


def _compass(ax: Axes, camera: Camera) -> None:
    """The anatomical direction at each edge of a panel that is filled to its edges."""
    for x, y, direction, across, upright in (
        (0.03, 0.5, -camera.right, "left", "center"),
        (0.97, 0.5, camera.right, "right", "center"),
        (0.5, 0.97, camera.up, "center", "top"),
        (0.5, 0.03, camera.down, "center", "bottom"),
    ):
        ax.text(
            x, y, letters(direction), transform=ax.transAxes, ha=across, va=upright, color="white", fontsize=6
        )  # fmt: skip
