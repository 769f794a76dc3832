"""Slices through the hot spot and curves of the field. Nothing physical is computed here."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from tmsim.core import FloatArray
from tmsim.field.types import EField, Metrics
from tmsim.head.parameters import BRAIN_TAGS, TISSUES
from tmsim.head.types import Head
from tmsim.placement.types import Pose
from tmsim.report.layout import (
    DPI,
    INK,
    MAGNITUDE,
    PANEL_PX,
    WIDTH_IN,
    colour_bar,
    legend,
    mark,
    panels,
    scale_bar,
    show,
    slope_text,
    style,
)
from tmsim.report.render import Image
from tmsim.report.slices import line, tets_on
from tmsim.report.types import Plane

# Greys of the anatomy, as in a T1 image but with bone light: it must tell from air on a white page.
_GREYS = {
    1: 0.85,
    2: 0.68,
    3: 0.42,
    4: 0.93,
    5: 0.74,
    6: 0.55,
    7: 0.93,
    8: 0.88,
    9: 0.5,
    10: 0.66,
    11: 0.8,
    12: 0.8,
}
_BANDS = {3: "#d9e8f2", 4: "#efe9dc", 7: "#efe9dc", 8: "#e9e0cd", 5: "#f6e3d7", 2: "#e6d3d6", 1: "#f3f0f0"}
_R, _A, _S = np.eye(3)
_PLANES = {"sagittal": (_A, -_S), "coronal": (_R, -_S), "axial": (_R, -_A)}  # right and down in the image


def slices_figure(head: Head, field: EField, metrics: Metrics) -> Figure:
    """``|E|`` in the brain on three slices through the hot spot; left is on the left."""
    at = np.array(metrics.peak_m)
    low, high = head.nodes_m.min(axis=0), head.nodes_m.max(axis=0)
    step = float((high - low).max()) / (0.9 * min(PANEL_PX))
    magnitude = np.linalg.norm(field.E_V_per_m, axis=1)
    norm = Normalize(0.0, metrics.p999_V_per_m)
    with style():
        figure, axes = panels(with_bar=True)
        for ax, (name, (right, down)) in zip(axes, _PLANES.items(), strict=True):
            plane = _plane(at, (low + high) / 2, right, down, step)
            normal = np.abs(np.cross(right, down))
            title = f"{name}, {'xyz'[int(normal.argmax())]} = {normal @ at * 1e3:.1f} mm".replace("-", "−")
            show(ax, _painted(head, plane, magnitude, norm), plane, title)
            x, y, _ = plane.project(at[None])[0]
            ax.axvline(x, color=INK, linewidth=0.4, alpha=0.35)
            ax.axhline(y, color=INK, linewidth=0.4, alpha=0.35)
            mark(ax, plane, at, "hot spot")
        scale_bar(axes[0], step, 50)
        legend(figure, ["hot spot"])
        colour_bar(figure, norm, MAGNITUDE, f"|E|  [V/m] at {slope_text(field.didt_A_per_s)}")
    return figure


def _plane(at: FloatArray, center: FloatArray, right: FloatArray, down: FloatArray, step: float) -> Plane:
    """The plane through ``at`` that shows the head's ``center`` in the middle of the panel."""
    normal = np.cross(right, down)
    middle = center + ((at - center) @ normal) * normal
    width, height = PANEL_PX
    corner = middle - step * (width / 2 * right + height / 2 * down)
    return Plane(corner_m=corner, right=right, down=down, width_px=width, height_px=height, m_per_px=step)


def _painted(head: Head, plane: Plane, magnitude: FloatArray, norm: Normalize) -> Image:
    """Tissues in grey, and over them the field where there is brain; each pixel the mean of four."""
    fine = Plane(
        corner_m=plane.corner_m,
        right=plane.right,
        down=plane.down,
        width_px=2 * plane.width_px,
        height_px=2 * plane.height_px,
        m_per_px=plane.m_per_px / 2,
    )
    tets = tets_on(head, fine)
    tags = np.where(tets >= 0, head.tags[tets], 0)
    grey = np.ones(max(int(tags.max()), max(_GREYS)) + 1)
    grey[list(_GREYS)] = list(_GREYS.values())
    image = np.repeat(grey[tags][..., None], 4, axis=2)
    image[..., 3] = tags > 0
    brain = np.isin(tags, BRAIN_TAGS)
    image[brain] = MAGNITUDE(norm(magnitude[tets[brain]]))
    image[_borders(tags, brain), :3] *= 0.55
    mean = image.reshape(plane.height_px, 2, plane.width_px, 2, 4).mean(axis=(1, 3))
    return np.rint(255 * mean).astype(np.uint8)


def _borders(tags: npt.NDArray[np.int32], brain: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Brain pixels whose right or lower neighbour is brain of another tissue: the grey-white border."""
    edge = np.zeros(tags.shape, dtype=bool)
    edge[:, :-1] |= (tags[:, :-1] != tags[:, 1:]) & brain[:, 1:]
    edge[:-1] |= (tags[:-1] != tags[1:]) & brain[1:]
    return edge & brain


def curves_figure(head: Head, pose: Pose, field: EField, metrics: Metrics) -> Figure:
    """``|E|`` along the coil's axis into the head, and how much of the cortex lies above a given field."""
    with style():
        figure = Figure(figsize=(WIDTH_IN, 2.4), dpi=DPI, layout="constrained")
        depth_ax, area_ax = figure.subplots(1, 2)
        _depth(depth_ax, head, pose, field)
        _area(area_ax, head, field, metrics)
    return figure


def _depth(ax: Axes, head: Head, pose: Pose, field: EField) -> None:
    step = 0.00025
    tets = tets_on(head, line(pose.center_m, pose.inward, length_m=0.15, step_m=step))[0]
    inside = np.flatnonzero(tets >= 0)
    ax.set_xlabel("depth below the scalp, along the coil's axis  [mm]")
    ax.set_ylabel(f"|E|  [V/m] at {slope_text(field.didt_A_per_s)}")
    if not len(inside):
        ax.text(0.5, 0.5, "the coil's axis misses the head", transform=ax.transAxes, ha="center")
        return
    path = tets[inside[0] :][: round(0.07 / step)]
    depth_mm = np.arange(len(path)) * step * 1e3
    tags = np.where(path >= 0, head.tags[path], 0)
    values = np.where(path >= 0, np.linalg.norm(field.E_V_per_m[path], axis=1), np.nan)
    ax.plot(depth_mm, values, color=INK, linewidth=0.9)
    ax.set_xlim(0, depth_mm[-1])
    ax.set_ylim(0, 1.18 * np.nanmax(values))
    edges = np.concatenate([[0], np.flatnonzero(np.diff(tags)) + 1, [len(tags)]])
    named = set()
    for first, last in pairwise(edges.tolist()):
        tag = int(tags[first])
        if tag == 0:
            continue
        left, right = first * step * 1e3, last * step * 1e3
        ax.axvspan(left, right, color=_BANDS.get(tag, "#eeeeee"), linewidth=0, zorder=0)
        if tag not in named and right - left > 2:
            named.add(tag)
            name = TISSUES[tag].label if tag in TISSUES else f"tag {tag}"
            upright = right - left < 1.1 * len(name)  # too narrow for the word
            ax.text(
                (left + right) / 2, 0.98, name, transform=ax.get_xaxis_transform(),
                ha="center", va="top", fontsize=5.5, rotation=90 if upright else 0,
            )  # fmt: skip


def _area(ax: Axes, head: Head, field: EField, metrics: Metrics) -> None:
    magnitude = np.linalg.norm(field.cortex_V_per_m, axis=1)
    order = np.argsort(-magnitude)
    area_cm2 = np.cumsum(head.cortex.point_areas_m2[order]) * 1e4
    ax.plot(magnitude[order], area_cm2, color=INK, linewidth=0.9)
    for share, area_m2 in ((0.5, metrics.area_50_m2), (0.75, metrics.area_75_m2)):
        x, y = share * metrics.p999_V_per_m, area_m2 * 1e4
        ax.plot([x, x, 0], [1e-9, y, y], color="#8a95a1", linewidth=0.6, linestyle=(0, (4, 2)))
        ax.annotate(
            f"{share:.0%} of the peak: {y:.3g} cm²", (x, y), (4, 3), textcoords="offset points", fontsize=6
        )
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter("{x:g}")
    ax.set_ylim(0.1, 1.3 * area_cm2[-1])
    ax.set_xlim(0, 1.25 * metrics.p999_V_per_m)
    ax.set_xlabel(f"|E|  [V/m] at {slope_text(field.didt_A_per_s)}")
    ax.set_ylabel("cortex above it  [cm²]")
