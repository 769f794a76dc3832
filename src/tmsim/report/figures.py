"""The figures of the head in space: results in, matplotlib figures out. Nothing physical is computed here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure

from tmsim.coil.types import Coil, Dipoles, Segments
from tmsim.core import FloatArray
from tmsim.field.types import EField, Metrics
from tmsim.head.types import Head
from tmsim.placement.types import Pose
from tmsim.report.layout import (
    INK,
    MAGNITUDE,
    PANEL_PX,
    SIGNED,
    colour_bar,
    legend,
    mark,
    panels,
    scale_bar,
    show,
    slope_text,
    style,
)
from tmsim.report.render import render
from tmsim.report.shapes import balls, creased, smooth, wires
from tmsim.report.types import Camera, Mesh, View

_PINK, _SKIN, _COPPER, _CASE, _GRIP = (
    (0.87, 0.72, 0.68),
    (0.90, 0.74, 0.63),
    (0.80, 0.42, 0.17),
    (0.38, 0.49, 0.60),
    (0.27, 0.29, 0.32),
)
_STICK_m = 0.12
_TITLES = {"left": "from the left", "right": "from the right", "front": "from the front"}
_TITLES |= {"back": "from behind", "top": "from above"}


def coil_meshes(coil: Coil, pose: Pose) -> list[Mesh]:
    """Windings, handle and casing of ``coil``, in head coordinates.

    Where no handle is known, a thin stick from the coil's centre shows its direction.
    """
    meshes = []
    for element in coil.elements:
        match element:
            case Segments(starts_m=starts, ends_m=ends):
                meshes.append(wires(pose.to_head(starts), pose.to_head(ends), 0.0009, _COPPER))
            case Dipoles(positions_m=positions):
                meshes.append(balls(pose.to_head(positions), 0.0012, _COPPER, sides=6))
    if coil.handle_m is not None:
        ends = pose.to_head(coil.handle_m)
        meshes += [wires(ends[:1], ends[1:], 0.011, _GRIP), balls(ends, 0.011, _GRIP)]
    else:
        ends = pose.to_head(np.array([[0.0, 0.0, 0.0], [0.0, -_STICK_m, 0.0]]))
        meshes += [wires(ends[:1], ends[1:], 0.002, _GRIP), balls(ends[:1], 0.005, _GRIP)]
    if coil.casing is not None:
        casing = replace(coil.casing, points_m=pose.to_head(coil.casing.points_m))
        meshes.append(creased(casing, _CASE, opacity=0.25, gloss=0.5))
    return meshes


def placement_figure(head: Head, coil: Coil, pose: Pose, target_m: FloatArray | None = None) -> Figure:
    """Where the coil sits: the cortex under a glass scalp and the coil on it, in three views at one scale."""
    meshes = [smooth(head.cortex, _PINK, gloss=0.15), smooth(head.skin, _SKIN, opacity=0.34, gloss=0.2)]
    meshes += coil_meshes(coil, pose)
    framed = [mesh.points_m for mesh in meshes]
    side, end = _side_of(head, pose)
    cameras = _standard([side, end, "top"], np.concatenate(framed))
    with style():
        figure, axes = panels()
        for ax, camera, view in zip(axes, cameras, (side, end, "top"), strict=True):
            show(ax, render(meshes, camera), camera, _TITLES[view])
            if target_m is not None:
                mark(ax, camera, target_m, "target")
        scale_bar(axes[0], cameras[0].m_per_px, 50)
        if target_m is not None:
            legend(figure, ["target"])
    return figure


def magnitude_figure(head: Head, coil: Coil, pose: Pose, field: EField, metrics: Metrics) -> Figure:
    """``|E|`` on the mid-cortical surface: along the coil's axis, from the side and from above."""
    values = np.linalg.norm(field.cortex_V_per_m, axis=1)
    norm = Normalize(0.0, metrics.p999_V_per_m)
    label = f"|E|  [V/m] at {slope_text(field.didt_A_per_s)}"
    return _cortex_figure(head, coil, pose, metrics, values, norm, MAGNITUDE, label)


def normal_figure(head: Head, coil: Coil, pose: Pose, field: EField, metrics: Metrics) -> Figure:
    """The part of E along the cortical column: red toward the pia, blue toward white matter."""
    values = np.einsum("ij,ij->i", field.cortex_V_per_m, head.cortex.column)
    reach = float(np.percentile(np.abs(values), 99.9)) or 1.0
    label = f"normal E  [V/m] at {slope_text(field.didt_A_per_s)}"
    return _cortex_figure(head, coil, pose, metrics, values, Normalize(-reach, reach), SIGNED, label)


def _cortex_figure(
    head: Head,
    coil: Coil,
    pose: Pose,
    metrics: Metrics,
    values: FloatArray,
    norm: Normalize,
    colours: Colormap,
    label: str,
) -> Figure:
    mesh = smooth(head.cortex, colours(norm(values))[:, :3], gloss=0.0)
    side, _ = _side_of(head, pose)
    width, height = PANEL_PX
    shown = np.concatenate([mesh.points_m, pose.to_head(coil.element_points_m)])
    along = Camera.framing(pose.inward, _up_for(pose.inward), shown, width_px=width, height_px=height)
    cameras = _one_scale([along, *_standard([side, "top"], mesh.points_m)])
    titles = ("through the coil", _TITLES[side], _TITLES["top"])
    kinds = ["hot spot"] + (["target"] if metrics.target_m is not None else [])
    with style():
        figure, axes = panels(with_bar=True)
        for ax, camera, title in zip(axes, cameras, titles, strict=True):
            show(ax, render([mesh], camera), camera, title)
            mark(ax, camera, np.array(metrics.peak_m), "hot spot")
            if metrics.target_m is not None:
                mark(ax, camera, np.array(metrics.target_m), "target")
        _outline(axes[0], cameras[0], coil, pose)
        scale_bar(axes[0], cameras[0].m_per_px, 50)
        legend(figure, kinds)
        colour_bar(figure, norm, colours, label)
    return figure


def _outline(ax: Axes, camera: Camera, coil: Coil, pose: Pose) -> None:
    """The windings as thin lines, so that the field can be read against the coil."""
    for wire in coil.elements:
        if isinstance(wire, Segments):
            ends = [camera.project(pose.to_head(p))[:, :2] for p in (wire.starts_m, wire.ends_m)]
            ax.add_collection(
                LineCollection(list(np.stack(ends, axis=1)), colors=INK, linewidths=0.3, alpha=0.35)
            )


def _side_of(head: Head, pose: Pose) -> tuple[View, View]:
    """The side of the head on which the coil sits, and its front, or its back if the coil is there."""
    low, high = head.skin.points_m.min(axis=0), head.skin.points_m.max(axis=0)
    offset = pose.center_m - (low + high) / 2
    return "right" if offset[0] > 0.01 else "left", "back" if offset[1] < -0.03 else "front"


def _up_for(gaze: FloatArray) -> FloatArray:
    """Up in the image: superior, or anterior where one looks down on the head."""
    return np.array([0.0, 1.0, 0.0]) if abs(gaze[2]) > 0.8 else np.array([0.0, 0.0, 1.0])


def _standard(views: list[View], points_m: FloatArray) -> list[Camera]:
    width, height = PANEL_PX
    return _one_scale([Camera.of_view(v, points_m, width_px=width, height_px=height) for v in views])


def _one_scale(cameras: list[Camera]) -> list[Camera]:
    widest = max(camera.m_per_px for camera in cameras)
    return [replace(camera, m_per_px=widest) for camera in cameras]
