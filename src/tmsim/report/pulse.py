"""Figures of the pulse room: a waveform and the raster of a train. Nothing physical is computed here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tmsim.pulse.types import Layer, Train, Waveform
from tmsim.report.layout import DPI, INK, WIDTH_IN, slope_text, style

_GREY = "#8a95a1"
_SHOWN = 0.005  # of the peak: a tail that stays below is cut off the picture
_CLOSEST = 1 / 600  # of the panel's width; pulses closer than that are drawn as a block
_ZOOMED, _ZOOM = 100, 20  # of a layer with more pulses than the first, so many are shown once more, apart


def pulse_figure(waveform: Waveform, didt_A_per_s: float = 1e6) -> Figure:
    """dI/dt, which the induced field follows, and the coil current, for a peak of ``didt_A_per_s``."""
    time_us = waveform.time_s * 1e6
    last_us = time_us[np.flatnonzero(np.abs(waveform.didt) > _SHOWN)[-1]]
    with style():
        figure = Figure(figsize=(WIDTH_IN, 2.3), dpi=DPI, layout="constrained")
        slope_ax, current_ax = figure.subplots(1, 2, gridspec_kw={"wspace": 0.08})
        _curve(slope_ax, time_us, waveform.didt * didt_A_per_s / 1e6)
        slope_ax.set_ylabel("dI/dt  [A/µs]")
        share = slope_ax.secondary_yaxis(
            "right", functions=(lambda y: y / (didt_A_per_s / 1e6), lambda y: y * (didt_A_per_s / 1e6))
        )
        share.set_ylabel("induced E(t), against its peak")
        share.spines["right"].set_visible(True)
        _curve(current_ax, time_us, waveform.current_s * didt_A_per_s)
        current_ax.set_ylabel("coil current  [A]")
        for ax in (slope_ax, current_ax):
            ax.set_xlim(-0.03 * last_us, 1.03 * last_us)
            ax.set_xlabel("time  [µs]")
        slope_ax.set_title(waveform.name)
        current_ax.set_title(f"at a peak of {slope_text(didt_A_per_s)}")
    return figure


def _curve(ax: Axes, time_us: np.ndarray, values: np.ndarray) -> None:
    ax.axhline(0, color=_GREY, linewidth=0.5)
    # The switch closes at 0: what rises at once does so there, from nothing.
    ax.plot([time_us[0], *time_us], [0, *values], color=INK, linewidth=1.0)


def train_figure(train: Train) -> Figure:
    """Raster of a train: all of it on top, and below one repetition of each layer within it."""
    parts = [train.layers[:depth] for depth in range(len(train.layers), 0, -1)] or [()]
    if train.n_pulses > 1 and train.layers[0].count > _ZOOMED:
        parts.append((replace(train.layers[0], count=_ZOOM),))
    with style():
        figure = Figure(figsize=(WIDTH_IN, 0.5 + 0.62 * len(parts)), dpi=DPI, layout="constrained")
        axes = figure.subplots(len(parts), 1, squeeze=False)[:, 0]
        for ax, layers in zip(axes, parts, strict=True):
            _raster(ax, layers)
        axes[0].set_title(str(train))
    return figure


def _raster(ax: Axes, layers: tuple[Layer, ...]) -> None:
    part = Train(layers=layers)
    length_s = part.cycle_s or 1.0
    scale, unit = (1.0, "s") if length_s >= 1 else (1e3, "ms")
    apart = tuple(layer for layer in layers if layer.interval_s > _CLOSEST * length_s)
    block_s = Train(layers=layers[: len(layers) - len(apart)]).last_pulse_s
    for onset_s in Train(layers=apart).onsets_s():
        ax.fill_between([onset_s * scale, (onset_s + block_s) * scale], 0, 1, color=INK, linewidth=0.9)
    text = f"time  [{unit}]: {part.n_pulses} pulse{'s' * (part.n_pulses > 1)}"
    if layers:
        text += f", {layers[-1].count} × {layers[-1].interval_s * scale:g} {unit}"
    ax.set_xlabel(text, labelpad=1)
    ax.set_xlim(-0.01 * length_s * scale, 1.01 * length_s * scale)
    ax.set_ylim(0, 1.1)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
