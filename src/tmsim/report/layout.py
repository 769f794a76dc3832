"""What all figures share: type, exact pixels, anatomical letters, scale bars, marks."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from tmsim.core import FloatArray
from tmsim.report.render import Image
from tmsim.report.types import Camera, Plane

WIDTH_IN, DPI = 7.2, 300  # the text width of an A4 page, at a resolution fit for print
MAGNITUDE, SIGNED = mpl.colormaps["viridis"], mpl.colormaps["RdBu_r"]  # both hold for colour-blind readers
INK = "#20262d"
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 7.5,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.frameon": False,
}
PANEL_PX = (640, 620)  # width and height of one of three panels
_GAP_PX, _TITLE_PX, _FOOT_PX = 20, 60, 60
_BAR_PX = 200  # what is left of the width for a colour bar
_SIZE_PX = (3 * PANEL_PX[0] + 2 * _GAP_PX + _BAR_PX, _TITLE_PX + PANEL_PX[1] + _FOOT_PX)

_LETTERS = (("L", "R"), ("P", "A"), ("I", "S"))  # negative and positive end of the x, y and z axis
_MARKS = {
    "target": {"marker": "+", "markersize": 8, "markeredgewidth": 1.2, "color": "#ff2d78"},
    "hot spot": {
        "marker": "o",
        "markersize": 7,
        "markeredgewidth": 1.2,
        "color": "#ff2d78",
        "fillstyle": "none",
    },
}
_HALO = [withStroke(linewidth=2, foreground="white")]


def style() -> AbstractContextManager[None]:
    """The type and lines of every figure, for as long as one is drawn."""
    return mpl.rc_context(_STYLE)


def letters(direction: FloatArray) -> str:
    """Anatomical name of a direction in head axes: ``"L"``, or ``"LA"`` between left and anterior."""
    order = np.argsort(-np.abs(direction), kind="stable")
    return "".join(_LETTERS[k][int(direction[k] > 0)] for k in order if abs(direction[k]) > 0.35)


def slope_text(didt_A_per_s: float) -> str:
    """A current slope as TMS writes it: ``"67.5 A/µs"``."""
    return f"{didt_A_per_s / 1e6:.4g} A/µs"


def panels(*, with_bar: bool = False) -> tuple[Figure, list[Axes]]:
    """A figure with three panels of ``PANEL_PX``, to the left if a colour bar is to come."""
    wide, high = PANEL_PX
    figure = Figure(figsize=(_SIZE_PX[0] / DPI, _SIZE_PX[1] / DPI), dpi=DPI)
    left = 0 if with_bar else _BAR_PX // 2
    return figure, [_axes(figure, left + k * (wide + _GAP_PX), _FOOT_PX, wide, high) for k in range(3)]


def _axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes at pixels from the lower left corner."""
    x, y = _SIZE_PX
    return figure.add_axes((left / x, bottom / y, width / x, height / y))


def show(ax: Axes, image: Image, at: Camera | Plane, title: str) -> None:
    """An image at its own pixels, with the anatomical direction at each edge."""
    ax.imshow(image, extent=(0, at.width_px, at.height_px, 0), interpolation="none")
    ax.set_autoscale_on(False)
    ax.set_title(title, pad=4)
    ax.set_axis_off()
    for x, y, direction, align in (
        (0.03, 0.5, -at.right, "left"),
        (0.97, 0.5, at.right, "right"),
        (0.5, 0.975, -at.down, "center"),
        (0.5, 0.025, at.down, "center"),
    ):
        ax.text(
            x, y, letters(direction), transform=ax.transAxes, ha=align, va="center",
            fontweight="bold", color="#5b6672", path_effects=_HALO,
        )  # fmt: skip


def scale_bar(ax: Axes, m_per_px: float, length_mm: float) -> None:
    """A bar of ``length_mm`` below the panel."""
    length = length_mm * 1e-3 / m_per_px
    x, y = 0.04 * PANEL_PX[0], PANEL_PX[1] + 0.6 * _FOOT_PX
    ax.plot(
        [x, x + length],
        [y, y],
        color=INK,
        linewidth=1.6,
        solid_capstyle="butt",
        clip_on=False,
        gid="scale bar",
    )
    ax.text(x + length + 12, y, f"{length_mm:g} mm", va="center")


def mark(ax: Axes, at: Camera | Plane, point_m: FloatArray, kind: str) -> None:
    """Mark a point through whatever lies before it."""
    x, y, _ = at.project(np.asarray(point_m)[None])[0]
    ax.plot(x, y, linestyle="none", path_effects=_HALO, clip_on=False, gid=kind, **_MARKS[kind])


def legend(figure: Figure, kinds: Sequence[str]) -> None:
    """The marks used, below the panels."""
    handles = [Line2D([], [], linestyle="none", label=kind, **_MARKS[kind]) for kind in kinds]
    figure.legend(
        handles=handles, loc="lower center", ncols=len(handles), borderaxespad=0.2, handletextpad=0.2
    )


def colour_bar(figure: Figure, norm: Normalize, colours: Colormap, label: str) -> None:
    """A colour bar on the right, with arrows where values go beyond it."""
    margin = 80
    bar = _axes(figure, _SIZE_PX[0] - _BAR_PX + 20, _FOOT_PX + margin, 26, PANEL_PX[1] - 2 * margin)
    extend = "both" if norm(0.0) else "max"
    figure.colorbar(ScalarMappable(norm, colours), cax=bar, extend=extend, extendfrac=0.04)
    bar.set_ylabel(label, labelpad=2)
    bar.tick_params(length=2, pad=2)
