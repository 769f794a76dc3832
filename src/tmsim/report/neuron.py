"""Figures of the neuron room: thresholds, membranes, and who fires where. Nothing is computed here."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from tmsim.head.types import Head
from tmsim.neuron.threshold import MembraneResponse
from tmsim.neuron.types import Recruitment, ThresholdCurve
from tmsim.report.layout import DPI, INK, MAGNITUDE, WIDTH_IN, letters, style
from tmsim.report.render import render
from tmsim.report.shapes import smooth
from tmsim.report.types import Camera

# Okabe and Ito: told apart by colour-blind readers too.
POPULATION_COLOURS = {
    "L1": "#009e73", "L2/3": "#0072b2", "L4": "#e69f00", "L5": "#d55e00", "L6": "#cc79a7",
}  # fmt: skip
_PANEL_PX, _WINDOW_m, _BAR_mm = 400, 0.09, 10
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


def membrane_figure(response: MembraneResponse) -> Figure:
    """Membrane potential of a straight axon over time and place, the pulse above, and its nodes beside."""
    time_ms, V = response.time_s * 1e3, response.membrane_mV
    from_terminal_um = -response.cable.center_m[:, 1] * 1e6
    nodes = response.cable.nodes[::-1]  # from the terminal inwards
    with style():
        figure = Figure(figsize=(WIDTH_IN, 2.9), dpi=DPI, layout="constrained")
        grid = figure.add_gridspec(2, 3, height_ratios=(1, 3.2), width_ratios=(3.4, 0.08, 2.2))
        pulse_ax = figure.add_subplot(grid[0, 0])
        place_ax = figure.add_subplot(grid[1, 0], sharex=pulse_ax)
        node_ax = figure.add_subplot(grid[:, 2])

        pulse = response.waveform
        E = response.field_V_per_m * np.append(pulse.didt, 0.0)
        pulse_ax.plot(np.append(pulse.time_s, response.time_s[-1]) * 1e3, E, color=INK, linewidth=0.9)
        pulse_ax.axhline(0, color=INK, linewidth=0.4, alpha=0.35)
        pulse_ax.set_ylabel("E  [V/m]")
        pulse_ax.tick_params(labelbottom=False)
        pulse_ax.set_title(f"{pulse.name}, {response.field_V_per_m:.0f} V/m towards the terminal")

        norm = Normalize(-90.0, 50.0)
        image = place_ax.pcolormesh(
            time_ms[::5], from_terminal_um, V[::5].T, norm=norm, cmap=MAGNITUDE, shading="nearest",
            rasterized=True,
        )  # fmt: skip
        place_ax.set_ylim(from_terminal_um.max(), from_terminal_um.min())
        place_ax.set_xlim(0, time_ms[-1])
        place_ax.set_xlabel("time  [ms]")
        place_ax.set_ylabel("from the terminal  [µm]")
        bar = figure.colorbar(image, cax=figure.add_subplot(grid[1, 1]), extend="both", extendfrac=0.04)
        bar.set_label("membrane potential  [mV]", labelpad=2)
        bar.ax.tick_params(length=2, pad=2)

        shades = MAGNITUDE(np.linspace(0.0, 0.85, len(nodes)))
        for k, (node, shade) in enumerate(zip(nodes, shades, strict=True)):
            named = {0: "terminal", len(nodes) - 1: "farthest node"}.get(k, "")
            node_ax.plot(time_ms, V[:, node], color=shade, linewidth=0.8, label=named or "_")
        node_ax.set_xlim(0, time_ms[-1])
        node_ax.set_xlabel("time  [ms]")
        node_ax.set_ylabel("at the nodes  [mV]")
        node_ax.legend(loc="lower right", handlelength=1.4)
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
        columns = len(recruitment.populations)
        figure = Figure(figsize=((columns + 0.6) / 5.6 * WIDTH_IN, 1.75), dpi=DPI, layout="constrained")
        axes = figure.subplots(1, columns, squeeze=False)[0]
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
