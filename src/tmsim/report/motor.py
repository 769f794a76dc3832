"""Figures of motor physiology: results in, matplotlib figures out. Nothing physiological is computed here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from tmsim.neuron.motor import (
    Conditioned,
    ErrorCurve,
    HuntResult,
    RecruitmentCurve,
    SilentPeriod,
    Trace,
    Volley,
)
from tmsim.neuron.motor.parameters import WAVE_INTERVAL_S, WAVE_START_S
from tmsim.report.layout import DPI, INK, MAGNITUDE, WIDTH_IN, style

_BLUE, _ORANGE, _GREY = "#2f6f9f", "#cf6a1b", "#8a95a1"
_UNVERIFIED = "unverified: recalled, not read in its source"


def recruitment_curve_figure(curve: RecruitmentCurve) -> Figure:
    """MEP size against amplitude: each recorded MEP, and the quantiles to expect over pulses."""
    with style():
        figure = Figure(figsize=(WIDTH_IN * 0.62, 2.9), dpi=DPI, layout="constrained")
        ax = figure.subplots()
        quantiles_mV = curve.quantiles_V * 1e3
        for low, high, alpha in ((0, 4, 0.14), (1, 3, 0.25)):
            label = f"{curve.shares[low] * 100:.0f}–{curve.shares[high] * 100:.0f} % of pulses, expected"
            ax.fill_between(
                curve.expected_mso, quantiles_mV[low], quantiles_mV[high],
                color=_BLUE, alpha=alpha, linewidth=0, label=label,
            )  # fmt: skip
        ax.plot(curve.expected_mso, quantiles_mV[2], color=_BLUE, linewidth=1.2, label="median, expected")
        n_pulses = curve.mep_V.shape[1]
        amplitudes = np.repeat(curve.amplitude_mso, n_pulses)
        ax.plot(
            amplitudes, curve.mep_V.ravel() * 1e3, linestyle="none", marker="o", markersize=2.1,
            markeredgewidth=0, color=INK, alpha=0.55, label=f"MEP, {n_pulses} at each amplitude",
        )  # fmt: skip
        ax.axhline(0.05, color=_GREY, linewidth=0.6, linestyle=(0, (4, 2)))
        rmt_mso = curve.rmt_mso
        ax.axvline(rmt_mso, color=_ORANGE, linewidth=0.8)
        ax.annotate(
            f"RMT {rmt_mso:.1f} %MSO", (rmt_mso, 0.02), (-3, 0), textcoords="offset points",
            xycoords=("data", "axes fraction"), color=_ORANGE, ha="right", fontsize=6,
        )  # fmt: skip
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter("{x:g}")
        ax.set_xlabel("amplitude  [%MSO]")
        ax.set_ylabel("MEP, peak to peak  [mV]")
        ax.set_xlim(curve.amplitude_mso[0], curve.amplitude_mso[-1])
        above = ax.secondary_xaxis(
            "top",
            functions=(lambda a: np.asarray(a) / rmt_mso * 100, lambda r: np.asarray(r) * rmt_mso / 100),
        )
        above.set_xlabel("[%RMT]")
        above.spines["top"].set_visible(True)
        ax.legend(loc="lower right", fontsize=6)
    return figure


def hunt_figure(result: HuntResult, curves: Sequence[ErrorCurve] = ()) -> Figure:
    """A threshold hunt pulse by pulse, and beside it how far off such hunts are after so many pulses."""
    with style():
        figure = Figure(figsize=(WIDTH_IN, 2.6), dpi=DPI, layout="constrained")
        if curves:
            steps, errors = figure.subplots(1, 2, width_ratios=(1.35, 1))
            _errors(errors, curves)
        else:
            steps = figure.subplots()
        _steps(steps, result)
    return figure


def _steps(ax: Axes, result: HuntResult) -> None:
    number = np.arange(1, len(result.trials) + 1)
    amplitude = np.array([trial.amplitude_mso for trial in result.trials])
    responded = np.array([trial.responded for trial in result.trials])
    estimate = np.array([np.nan if e is None else e for e in result.estimates_mso])
    if any(band is not None for band in result.bands_mso):
        low, high = np.array([(np.nan, np.nan) if b is None else b for b in result.bands_mso]).T
        ax.fill_between(
            number, low, high, color=_BLUE, alpha=0.18, linewidth=0, label="95 % of the likelihood"
        )
    ax.plot(number, estimate, color=_BLUE, linewidth=1.2, label="estimate")
    ax.axhline(result.true_mso, color=_ORANGE, linewidth=0.8, label=f"true RMT, {result.true_mso:.1f} %MSO")
    size = 3.4 if len(number) <= 40 else 2.4
    for what, fill, label in ((responded, INK, "MEP of 50 µV or more"), (~responded, "white", "less")):
        ax.plot(
            number[what], amplitude[what], linestyle="none", marker="o", markersize=size,
            markeredgewidth=0.7, markeredgecolor=INK, markerfacecolor=fill, label=label,
        )  # fmt: skip
    ax.set_xlabel("pulse")
    ax.set_ylabel("amplitude  [%MSO]")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlim(0, len(number) + 1)
    off = f"{abs(result.error) * 100:.1f} % {'above' if result.error > 0 else 'below'} the true one"
    ax.set_title(f"{result.method}: {result.estimate_mso:.1f} %MSO after {len(number)} pulses, {off}")
    ax.legend(fontsize=6)


def _errors(ax: Axes, curves: Sequence[ErrorCurve]) -> None:
    top = 0.0
    for curve, colour in zip(curves, (_BLUE, _ORANGE, _GREY), strict=False):
        number = np.arange(1, curve.error.shape[1] + 1)
        low, median, high = curve.error * 100
        ax.fill_between(number, low, high, color=colour, alpha=0.18, linewidth=0)
        ax.plot(number, median, color=colour, linewidth=1.2, label=f"{curve.method}, median and quartiles")
        top = max(top, float(np.nanmax(median)))
    ax.set_xlabel("pulses")
    ax.set_ylabel("|estimate / RMT − 1|  [%]")
    ax.set_ylim(0, 1.1 * top)
    ax.set_xlim(left=0)
    ax.set_title(f"error over {curves[0].n_subjects} subjects")
    ax.legend(fontsize=6)


def pairs_figure(results: Sequence[Conditioned]) -> Figure:
    """Ratios of paired-pulse measures: what is published, the subject's own, and what was measured."""
    with style():
        figure = Figure(figsize=(WIDTH_IN * 0.8, 3.0), dpi=DPI, layout="constrained")
        ax = figure.subplots()
        for x, result in enumerate(results):
            low, high = (p.value for p in result.pair.ratio)
            ax.fill_between([x - 0.32, x + 0.32], low, high, color=_BLUE, alpha=0.2, linewidth=0)
            single = result.conditioned_V / np.median(result.test_V)
            spread = np.linspace(-0.22, 0.22, len(single))
            ax.plot(
                x + spread, single, linestyle="none", marker="o", markersize=1.8, markeredgewidth=0,
                color=_GREY, alpha=0.8,
            )  # fmt: skip
            ax.plot([x - 0.32, x + 0.32], [result.ratio] * 2, color=_BLUE, linewidth=1.4)
            ax.plot(x, result.measured_ratio, marker="D", markersize=4.2, color=_ORANGE, markeredgewidth=0)
        ax.axhline(1.0, color=INK, linewidth=0.6)
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.yaxis.set_minor_formatter(NullFormatter())
        ax.set_ylim(0.003, 20)
        ax.set_xlim(-0.6, len(results) - 0.4)
        ax.set_xticks(range(len(results)), [_name(result) for result in results])
        ax.tick_params(axis="x", length=0)
        ax.set_ylabel("conditioned MEP / test MEP")
        n = len(results[0].test_V)
        figure.legend(
            handles=[
                Patch(color=_BLUE, alpha=0.2, linewidth=0, label=f"people, 5–95 % ({_UNVERIFIED})"),
                Line2D([], [], color=_BLUE, linewidth=1.4, label="this subject, of medians over all pulses"),
                Line2D([], [], color=_ORANGE, marker="D", markersize=4.2, linestyle="none",
                       label=f"measured, of medians over {n} pulses of each kind"),
                Line2D([], [], color=_GREY, marker="o", markersize=2, linestyle="none",
                       label="single pairs, to the median test MEP"),
            ],
            fontsize=6, loc="outside lower center", ncols=2,
        )  # fmt: skip
    return figure


def _name(result: Conditioned) -> str:
    low, high = (round(interval_s * 1e3, 6) for interval_s in result.pair.interval_s)
    interval = f"{low:g} ms" if low == high else f"{low:g}–{high:g} ms"
    return f"{result.pair.name}\n{interval}"


def waves_figure(volleys: Sequence[Volley], traces: Sequence[Trace], silent: SilentPeriod) -> Figure:
    """What a pulse sets off: descending waves by intensity, MEPs over time, and the silent period."""
    with style():
        figure = Figure(figsize=(WIDTH_IN, 2.4), dpi=DPI, layout="constrained")
        waves, mep, silence = figure.subplots(1, 3, width_ratios=(1.1, 1.1, 1))
        _waves(waves, volleys)
        _traces(mep, traces)
        _silence(silence, silent)
    return figure


def _waves(ax: Axes, volleys: Sequence[Volley]) -> None:
    for volley, shade in zip(volleys, np.linspace(0.8, 0.1, len(volleys)), strict=True):
        ax.plot(
            volley.time_s * 1e3, volley.height, color=MAGNITUDE(shade), linewidth=1.0,
            label=f"{volley.times_rmt * 100:.0f} %RMT",
        )  # fmt: skip
    for k, name in enumerate(volleys[0].waves):
        arrival_s = WAVE_START_S.value + k * WAVE_INTERVAL_S.value
        top = max(float(np.interp(arrival_s, volley.time_s, volley.height)) for volley in volleys)
        ax.text(arrival_s * 1e3, top, name, ha="center", va="bottom", fontsize=6)
    ax.set_xlim(3, 14)
    ax.set_ylim(bottom=0)
    ax.set_title("D- and I-waves")
    ax.set_xlabel("time after the pulse  [ms]")
    ax.set_ylabel("descending volley  [plateau of I1]")
    ax.legend(fontsize=6)


def _traces(ax: Axes, traces: Sequence[Trace]) -> None:
    for trace in traces:
        ax.plot(trace.time_s * 1e3, trace.emg_V * 1e3, color=INK, linewidth=0.8, alpha=0.75)
    latency_ms = traces[0].latency_s * 1e3
    ax.axvline(latency_ms, color=_ORANGE, linewidth=0.8)
    ax.annotate(
        f"{latency_ms:.1f} ms", (latency_ms, 0.97), (-3, 0), textcoords="offset points",
        xycoords=("data", "axes fraction"), color=_ORANGE, fontsize=6, va="top", ha="right",
    )  # fmt: skip
    ax.set_xlim(0, traces[0].time_s[-1] * 1e3)
    ax.set_xlabel("time after the pulse  [ms]")
    ax.set_ylabel("EMG  [mV]")
    ax.set_title(f"{len(traces)} MEPs, current {traces[0].direction}")


def _silence(ax: Axes, silent: SilentPeriod) -> None:
    percent = silent.times_rmt * 100
    low, median, high = silent.quantiles_s * 1e3
    ax.fill_between(percent, low, high, color=_BLUE, alpha=0.18, linewidth=0, label="people, 5–95 %")
    ax.plot(percent, median, color=_BLUE, linewidth=1.2, label="people, median")
    ax.plot(percent, silent.subject_s * 1e3, color=_ORANGE, linewidth=1.0, label="this subject")
    ax.set_xlabel("intensity  [%RMT]")
    ax.set_ylabel("length  [ms]")
    ax.set_xlim(percent[0], percent[-1])
    ax.set_ylim(bottom=0)
    ax.set_title("silent period, unverified")
    ax.legend(fontsize=6, loc="upper left")
