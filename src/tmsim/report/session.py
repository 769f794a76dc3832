"""Picture of a rehearsed session: which of its pulses were delivered."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tmsim.core import FloatArray
from tmsim.rehearsal import Refusal, Rehearsal
from tmsim.report.layout import DPI, INK, WIDTH_IN, style

_GREY, _RED = "#8a95a1", "#b3261e"
_LONG_s = 180.0  # times beyond this are told in minutes


def pulse_log_figure(rehearsal: Rehearsal) -> Figure:
    """What was planned, delivered and refused, pulse by pulse, and how the number of pulses grew."""
    planned = rehearsal.train.onsets_s()
    refused = {why: [p.planned_s for p in rehearsal.pulses if p.refusal is why] for why in rehearsal.refusals}
    end_s = max(rehearsal.train.cycle_s, 1.0)
    unit_s, unit = (60.0, "min") if end_s > _LONG_s else (1.0, "s")
    with style():
        figure = Figure(figsize=(WIDTH_IN, 2.6), dpi=DPI, layout="constrained")
        raster, count = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.4))
        rows = [("planned", planned, _GREY), ("delivered", rehearsal.delivered_s, INK)]
        for height, (_, times_s, colour) in zip((2, 1), rows, strict=True):
            _ticks(raster, times_s / unit_s, height, 0.8, colour)
        for times_s in refused.values():
            _ticks(raster, [t / unit_s for t in times_s], 0, 0.8, _RED)
        raster.set_yticks([2.4, 1.4, 0.4], ["planned", "delivered", "not delivered"])
        raster.tick_params(axis="y", length=0)
        raster.spines["left"].set_visible(False)
        raster.set_title(
            f"{rehearsal.device.label}, {rehearsal.intensity}; at the end: {rehearsal.end_state}", loc="left"
        )
        for times_s, colour, width in ((planned, _GREY, 2.0), (rehearsal.delivered_s, INK, 0.9)):
            _staircase(count, times_s / unit_s, end_s / unit_s, colour, width)
        count.set_ylabel("pulses so far")
        count.set_ylim(0, 1.12 * len(planned))
        count.text(
            0.01, 0.97, _summary(rehearsal), transform=count.transAxes, va="top", fontsize=6, linespacing=1.4
        )
        count.set_xlim(0, end_s / unit_s)
        count.set_xlabel(f"time  [{unit}]")
    return figure


def _ticks(ax: Axes, times: FloatArray | list[float], bottom: float, height: float, colour: str) -> None:
    ax.vlines(times, bottom, bottom + height, color=colour, linewidth=0.5)


def _staircase(ax: Axes, times: FloatArray, end: float, colour: str, width: float) -> None:
    steps = [0.0, *times.tolist(), end]
    ax.step(steps, [*range(len(times) + 1), len(times)], where="post", color=colour, linewidth=width)


def _summary(rehearsal: Rehearsal) -> str:
    lines = [f"{len(rehearsal.delivered_s)} of {rehearsal.train.n_pulses} pulses delivered"]
    lines += [f"{count} not: {_reason(why)}" for why, count in rehearsal.refusals.items()]
    return "\n".join([*lines, *rehearsal.notes])


def _reason(refusal: Refusal) -> str:
    return refusal.value.split(":")[0]
