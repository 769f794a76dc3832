"""The figure of a target search: the scalp, the coil on it, the angle. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator
from scipy.spatial import KDTree

from tmsim.coil.types import Coil
from tmsim.core import FloatArray
from tmsim.head.types import Head
from tmsim.report.figures import coil_meshes
from tmsim.report.layout import DPI, INK, MAGNITUDE, WIDTH_IN, letters, style
from tmsim.report.render import Image, render
from tmsim.report.shapes import smooth
from tmsim.report.types import Camera
from tmsim.search import Found

_SKIN, _PINK = (0.88, 0.80, 0.75), "#ff2d78"
_PANEL_PX = 620
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")


def search_figure(head: Head, coils: Sequence[Coil], found: Found) -> Figure:
    """Best value at each scalp point, the coil where it is best, and best value at each handle angle."""
    values = found.map.values
    norm = Normalize(float(np.nanmin(values)), float(np.nanmax(values)))
    outward = found.pose.scalp_m - head.skin.points_m.mean(axis=0)
    gaze = -outward / np.linalg.norm(outward)
    camera = _camera(gaze, found.pose.scalp_m, 3.2 * _reach_m(found) / _PANEL_PX)
    reach_m = max(np.linalg.norm(found.coil.element_points_m, axis=1).max(initial=0.08), 0.08)
    wide = _camera(gaze, found.pose.center_m, 3.0 * reach_m / _PANEL_PX)
    label = found.objective.name + (f"  [{found.objective.unit}]" if found.objective.unit else "")
    with style():
        figure = Figure(figsize=(WIDTH_IN, 2.2), dpi=DPI, layout="constrained")
        grid = figure.add_gridspec(1, 4, width_ratios=(1, 0.045, 1, 1.05))
        scalp_ax, bar_ax, coil_ax, angle_ax = (figure.add_subplot(cell) for cell in grid)
        _panel(scalp_ax, render([smooth(head.skin, _colours(head, found, norm), gloss=0.0)], camera), camera)
        scalp_ax.set_title("best value at each scalp point", pad=3)
        _dot(scalp_ax, camera, found.region.center_m, "+")
        _dot(scalp_ax, camera, found.pose.scalp_m, "o")
        _arrow(scalp_ax, camera, found)
        _bar(scalp_ax, camera, 10)
        figure.colorbar(ScalarMappable(norm, MAGNITUDE), cax=bar_ax)
        bar_ax.set_ylabel(label, labelpad=2)
        bar_ax.tick_params(length=2, pad=2)

        meshes = [smooth(head.skin, _SKIN, gloss=0.1), *coil_meshes(found.coil, found.pose)]
        _panel(coil_ax, render(meshes, wide), wide)
        coil_ax.set_title(found.coil.name, pad=3)
        _bar(coil_ax, wide, 50)

        _angles(angle_ax, coils, found)
        angle_ax.set_ylabel(label)
    return figure


def _reach_m(found: Found) -> float:
    """How far the map reaches from its middle."""
    points = found.map.points_m
    return max(float(np.linalg.norm(points - points[0], axis=1).max()), 0.01)


def _camera(gaze: FloatArray, center_m: FloatArray, m_per_px: float) -> Camera:
    up = np.array([0.0, 1.0, 0.0]) if abs(gaze[2]) > 0.8 else np.array([0.0, 0.0, 1.0])
    up -= (up @ gaze) * gaze
    return Camera(
        gaze=gaze, up=up / np.linalg.norm(up), center_m=center_m,
        width_px=_PANEL_PX, height_px=_PANEL_PX, m_per_px=m_per_px,
    )  # fmt: skip


def _colours(head: Head, found: Found, norm: Normalize) -> FloatArray:
    """Colour of each skin point: the mean of the nearest scalp points that were tried, skin beyond them."""
    known = np.isfinite(found.map.values)
    points, values = found.map.points_m[known], found.map.values[known]
    distance, nearest = KDTree(points).query(head.skin.points_m, k=min(4, len(points)))
    distance, nearest = distance.reshape(len(distance), -1), nearest.reshape(len(nearest), -1)
    # No farther than neighbours are from one another.
    spacing = np.sort(np.linalg.norm(points[:, None] - points, axis=2), axis=1)[:, 1:2].max(initial=0.004)
    weight = 1 / np.maximum(distance, 0.2 * spacing) ** 2
    value = (weight * values[nearest]).sum(axis=1) / weight.sum(axis=1)
    colours = np.array(MAGNITUDE(norm(value))[:, :3])
    colours[distance[:, 0] > spacing] = _SKIN
    return colours


def _panel(ax: Axes, image: Image, camera: Camera) -> None:
    ax.imshow(image, extent=(0, camera.width_px, camera.height_px, 0), interpolation="none")
    ax.set_autoscale_on(False)
    ax.set_axis_off()
    for x, y, direction, across, upright in (
        (0.02, 0.5, -camera.right, "left", "center"),
        (0.98, 0.5, camera.right, "right", "center"),
        (0.5, 0.98, camera.up, "center", "top"),
        (0.5, 0.02, camera.down, "center", "bottom"),
    ):
        ax.text(
            x, y, letters(direction), transform=ax.transAxes, ha=across, va=upright, fontsize=6,
            fontweight="bold", color="#5b6672",
        )  # fmt: skip


def _dot(ax: Axes, camera: Camera, point_m: FloatArray, marker: str) -> None:
    x, y, _ = camera.project(point_m[None])[0]
    ax.plot(x, y, marker, color=_PINK, markersize=7, markeredgewidth=1.2, fillstyle="none")


def _arrow(ax: Axes, camera: Camera, found: Found) -> None:
    """The field that rising current drives under a figure-8: against the handle."""
    pose = found.pose
    ends = camera.project(np.stack([pose.scalp_m, pose.scalp_m - 0.6 * _reach_m(found) * pose.handle]))
    (x, y, _), (to_x, to_y, _) = ends.tolist()
    ax.annotate("", (to_x, to_y), (x, y), arrowprops={"arrowstyle": "->", "color": _PINK, "linewidth": 1.2})


def _bar(ax: Axes, camera: Camera, length_mm: float) -> None:
    left, below = 0.05 * _PANEL_PX, 0.94 * _PANEL_PX
    length = length_mm * 1e-3 / camera.m_per_px
    ax.plot([left, left + length], [below, below], color=INK, linewidth=1.6, solid_capstyle="butt")
    ax.text(left, below - 14, f"{length_mm:g} mm", va="bottom", fontsize=6)


def _angles(ax: Axes, coils: Sequence[Coil], found: Found) -> None:
    """The best value at each handle angle, over all scalp points and tilts, for each coil."""
    candidates = found.candidates
    for k, coil in enumerate(coils):
        own = candidates.coil == k
        angles = np.unique(candidates.angle_rad[own])
        values = np.nan_to_num(candidates.values, nan=-np.inf)
        best = np.array([values[own & (candidates.angle_rad == angle)].max() for angle in angles])
        shown = np.where(np.isfinite(best), best, np.nan)
        ax.plot(
            np.degrees(angles), shown, ".-", color=_COLOURS[k % len(_COLOURS)], linewidth=1.0, markersize=3,
            label=coil.name,
        )  # fmt: skip
    at = np.degrees(found.pose.angle_rad)
    middle = np.degrees((candidates.angle_rad.min() + candidates.angle_rad.max()) / 2)
    at += 360 * np.round((middle - at) / 360)  # on the turn that the grid is on
    ax.plot(at, found.value, "o", color=_PINK, fillstyle="none", markersize=7, markeredgewidth=1.2)
    ax.xaxis.set_major_locator(MultipleLocator(90 if np.ptp(candidates.angle_rad) > 2 else 15))
    ax.set_xlabel("handle, from the midline  [degrees]")
    ax.set_title("best value at each angle", pad=3)
    if len(coils) > 1:
        low, high = ax.get_ylim()
        ax.set_ylim(low - 0.12 * len(coils) * (high - low), high)
        ax.legend(loc="lower center", handlelength=1.4, fontsize=6)
