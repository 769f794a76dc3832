"""The figure of a target search: the scalp, the coil on it, the angle. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MultipleLocator
from scipy.interpolate import RBFInterpolator
from scipy.spatial import KDTree

from tmsim.coil.types import Coil
from tmsim.head.types import Head
from tmsim.report.figures import coil_meshes
from tmsim.report.layout import DPI, MAGNITUDE, PANEL_PX, WIDTH_IN, mark, scale_bar, show, style
from tmsim.report.render import render
from tmsim.report.shapes import smooth
from tmsim.report.types import Camera
from tmsim.search import Found

_SKIN, _PINK = (0.90, 0.82, 0.77), "#ff2d78"
_HALO = [withStroke(linewidth=2.5, foreground="white")]
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")
_HEIGHT_PX, _FOOT_PX = 800, 120
_LEFT_PX = (0, 800, 1640)  # of the three panels


def search_figure(head: Head, coils: Sequence[Coil], found: Found) -> Figure:
    """Best value at each scalp point, the coil where it is best, and best value at each handle angle."""
    outward = found.pose.scalp_m - head.skin.points_m.mean(axis=0)
    gaze = -outward / np.linalg.norm(outward)
    up = np.array([0.0, 1.0, 0.0]) if abs(gaze[2]) > 0.8 else np.array([0.0, 0.0, 1.0])
    up -= (up @ gaze) * gaze
    up /= np.linalg.norm(up)
    width, height = PANEL_PX
    near = Camera(
        gaze=gaze, up=up, center_m=found.map.points_m[0], width_px=width, height_px=height,
        m_per_px=2.5 * _reach_m(found) / height,
    )  # fmt: skip
    meshes = coil_meshes(found.coil, found.pose)
    shown = np.concatenate([head.skin.points_m, *(mesh.points_m for mesh in meshes)])
    far = Camera.framing(gaze, up, shown, width_px=width, height_px=height)
    label = found.objective.name + (f"  [{found.objective.unit}]" if found.objective.unit else "")
    with style():
        figure = Figure(figsize=(WIDTH_IN, _HEIGHT_PX / DPI), dpi=DPI)
        scalp_ax = _axes(figure, _LEFT_PX[0], width, height)
        image = render([smooth(head.skin, _SKIN, gloss=0.1)], near)
        show(scalp_ax, image, near, "best value at each scalp point")
        norm = _map(scalp_ax, near, found)
        scale_bar(scalp_ax, near.m_per_px, 10)
        bar_ax = _axes(figure, _LEFT_PX[0] + width + 20, 24, height)
        figure.colorbar(ScalarMappable(norm, MAGNITUDE), cax=bar_ax)
        bar_ax.tick_params(length=2, pad=2)

        coil_ax = _axes(figure, _LEFT_PX[1], width, height)
        show(coil_ax, render([smooth(head.skin, _SKIN, gloss=0.1), *meshes], far), far, found.coil.name)
        scale_bar(coil_ax, far.m_per_px, 50)

        angle_ax = _axes(figure, _LEFT_PX[2], 490, height)
        _angles(angle_ax, coils, found)
        angle_ax.set_ylabel(label, labelpad=2)
    return figure


def _axes(figure: Figure, left: float, width: float, height: float) -> Axes:
    x = WIDTH_IN * DPI
    return figure.add_axes((left / x, _FOOT_PX / _HEIGHT_PX, width / x, height / _HEIGHT_PX))


def _reach_m(found: Found) -> float:
    """How far the map reaches from its middle."""
    points = found.map.points_m
    return max(float(np.linalg.norm(points - points[0], axis=1).max()), 0.01)


def _map(ax: Axes, camera: Camera, found: Found) -> Normalize:
    """The values between the scalp points that were tried, with contours; the target, the best place."""
    known = np.isfinite(found.map.values)
    points, values = camera.project(found.map.points_m[known])[:, :2], found.map.values[known]
    norm = Normalize(float(values.min()), float(values.max()))
    x, y = np.meshgrid(np.arange(0, camera.width_px, 2) + 1.0, np.arange(0, camera.height_px, 2) + 1.0)
    pixels = np.column_stack([x.ravel(), y.ravel()])
    distance, _ = KDTree(points).query(pixels)
    if len(points) > 3:  # a surface has a slope
        # Round, and nowhere farther out than scalp points are from one another.
        middle = camera.project(found.map.points_m[:1])[0, :2]
        between = distance < 1.5 * KDTree(points).query(points, k=2)[0][:, 1].max()
        between &= np.linalg.norm(pixels - middle, axis=1) < np.linalg.norm(points - middle, axis=1).max()
        field = np.full(len(pixels), np.nan)
        field[between] = RBFInterpolator(points, values, neighbors=24)(pixels[between])
        field = field.reshape(x.shape)
        ax.imshow(
            field, extent=(0, camera.width_px, camera.height_px, 0), cmap=MAGNITUDE, norm=norm, alpha=0.85,
            interpolation="bilinear",
        )  # fmt: skip
        ax.contour(x, y, field, levels=8, colors="white", linewidths=0.5, alpha=0.8)
    ax.scatter(*points.T, s=1.2, color="white", linewidths=0, alpha=0.8)
    mark(ax, camera, found.region.center_m, "target")
    tail, head = camera.project(
        np.stack([found.pose.scalp_m, found.pose.scalp_m + 0.35 * _reach_m(found) * found.pose.handle])
    )[:, :2]
    ax.plot(*np.stack([tail, head]).T, color=_PINK, linewidth=1.4, path_effects=_HALO)
    ax.plot(*tail, "o", color=_PINK, markersize=5, path_effects=_HALO)
    marks = [
        Line2D([], [], linestyle="none", marker="+", color=_PINK, markersize=8, markeredgewidth=1.2),
        Line2D([], [], marker="o", color=_PINK, markersize=5, linewidth=1.4),
    ]
    ax.legend(
        marks, ["target", "best, handle"], loc="upper right", bbox_to_anchor=(1.03, 0.0), ncols=2,
        borderaxespad=0.55, handlelength=1.0, handletextpad=0.5, columnspacing=1.0, fontsize=6,
    )  # fmt: skip
    return norm


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
    ax.plot(at, found.value, "o", color=_PINK, markersize=5, path_effects=_HALO)
    ax.xaxis.set_major_locator(MultipleLocator(90 if np.ptp(candidates.angle_rad) > 2 else 15))
    ax.set_xlabel("handle, from the midline  [degrees]")
    ax.set_title("best value at each angle", pad=4)
    if len(coils) > 1:
        low, high = ax.get_ylim()
        ax.set_ylim(low - 0.12 * len(coils) * (high - low), high)
        ax.legend(loc="lower center", handlelength=1.4, fontsize=6)
