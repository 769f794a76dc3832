"""The report: one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from tmsim.core import FloatArray, whole_file
from tmsim.core.citations import citation
from tmsim.field.solve import REFERENCE_DIDT_A_PER_S
from tmsim.formats.navigation import in_axes_of
from tmsim.head.regions import UNASSIGNED, region_text, regions_of
from tmsim.network import similarity
from tmsim.placement.types import Placement
from tmsim.report.charts import curves_figure, slices_figure
from tmsim.report.course import cohort_figure, schedule_figure
from tmsim.report.figures import magnitude_figure, normal_figure, placement_figure
from tmsim.report.layout import DPI, WIDTH_IN, slope_text
from tmsim.report.methods import method_text
from tmsim.report.motor import hunt_figure, pairs_figure
from tmsim.report.motor import recruitment_curve_figure as mep_figure
from tmsim.report.network import change_figure, evoked_figure
from tmsim.report.neuron import recruitment_figure
from tmsim.report.plasticity import after_effect_figure
from tmsim.report.pulse import pulse_figure, train_figure
from tmsim.report.transmitters import course_figure, session_figure
from tmsim.report.types import ReportInput
from tmsim.report.uncertainty import uncertainty_figure
from tmsim.result import FieldUncertainty
from tmsim.sensation import click_train, wav_bytes

_SHOWN_REGIONS = 15
_HEARD_s = 12.0  # of the session, as a sound


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure as a data address."""

    source: str
    width: int
    height: int

    @property
    def share_of_page(self) -> str:
        """How wide it is shown, so that type has one size in all figures: ``"66%"``."""
        return f"{min(100 * self.width / (WIDTH_IN * DPI), 100):.0f}%"


@dataclass(frozen=True, kw_only=True)
class Number:
    """A row of the table of numbers: one text for each current slope shown, or one for all."""

    name: str
    unit: str
    values: tuple[str, ...]
    error: str
    meaning: str


def write_report(report: ReportInput, path: Path) -> None:
    """Write ``report`` to ``path`` as one self-contained HTML file; no script, no request to anywhere.

    Raises
    ------
    InputError
        The folder of ``path`` does not exist.
    """
    text = page(report)
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")


def page(report: ReportInput) -> str:
    """The text of the report."""
    environment = Environment(
        loader=PackageLoader("tmsim.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "degrees": math.degrees,
        "three_digits": three_digits,
        "mm": _mm,
        "region": region_text,
    }
    metrics, field = report.metrics, report.field
    regions = sorted(metrics.regions, key=lambda row: -row.p99_V_per_m)
    return environment.get_template("report.html.j2").render(
        report=report,
        head=report.head,
        coil=report.coil,
        field=field,
        metrics=metrics,
        uncertainty=report.uncertainty,
        doubts=None if report.uncertainty is None else _doubts(report.uncertainty, field.didt_A_per_s),
        response=report.response,
        session=report.session,
        transmission=report.transmission,
        transmitter_rows=_transmitter_rows(report),
        brain=report.brain,
        site_rates=_site_rates(report),
        similarity=_similarity(report),
        weeks=report.weeks,
        clicks=_clicks(report),
        slope=slope_text(field.didt_A_per_s),
        slope_text=slope_text,
        slopes=[slope_text(s) for s in slopes_of(report)],
        per_unit=metrics.p999_V_per_m / field.didt_A_per_s * 1e6,
        at_maximum=_at_maximum(report),
        peak_region=_peak_region(report),
        peak_mni=None if report.head.head_to_mni is None else report.head.to_mni(metrics.peak_m),
        miss_m=_distance_m(metrics.peak_m, metrics.target_m),
        numbers=numbers_of(report),
        shown=regions[:_SHOWN_REGIONS],
        rest=regions[_SHOWN_REGIONS:],
        placement=report.pose if isinstance(report.pose, Placement) else None,
        pictures=_pictures(report),
        poses=_poses(report),
        method=method_text(report),
        citations=[citation(key) for key in report.citations],
    )


def three_digits(value: float) -> str:
    """Three significant digits without exponent, as tables of fields print them."""
    if value == 0:
        return "0"
    decimals = max(0, 2 - int(np.floor(np.log10(abs(value)))))
    return f"{value:.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def slopes_of(report: ReportInput) -> tuple[float, ...]:
    """The current slopes at which fields are printed: the run's own, 1 A/us, and the largest there is."""
    wanted = [report.field.didt_A_per_s, 1e6, report.response.didt_max_A_per_s]
    return tuple(dict.fromkeys(slope for slope in wanted if slope is not None))


def numbers_of(report: ReportInput) -> list[Number]:
    """The table of numbers. Fields are linear in the current slope; areas and depths don't depend on it."""
    m, error = report.metrics, report.field.error
    gains = [slope / report.field.didt_A_per_s for slope in slopes_of(report)]
    around = "" if error is None else f"± {100 * error.median:.2g} %"

    def fields(name: str, value: float | None, meaning: str) -> Number | None:
        if value is None:
            return None
        values = tuple(three_digits(gain * value) for gain in gains)
        return Number(name=name, unit="V/m", values=values, error=around, meaning=meaning)

    def shape(name: str, unit: str, value: float, meaning: str) -> Number:
        return Number(name=name, unit=unit, values=(three_digits(value),), error="", meaning=meaning)

    within = f"within {m.target_radius_m * 1e3:g} mm of the target"
    rows = [
        fields(
            "Peak |E|", m.p999_V_per_m, "99.9th percentile: the largest value is set by single mesh elements"
        ),
        fields("Target, mean |E|", m.target_mean_V_per_m, f"in grey matter {within}"),
        fields(
            "Target, normal", m.target_normal_V_per_m, "along the cortical column; positive toward the pia"
        ),
        fields("Target, tangential", m.target_tangential_V_per_m, "along the cortical sheet"),
        shape(
            "Area above 50 %", "cm²", m.area_50_m2 * 1e4, "mid-cortical surface with over half of the peak"
        ),
        shape("Area above 75 %", "cm²", m.area_75_m2 * 1e4, "the same with over three quarters"),
        shape("Volume above 50 %", "cm³", m.volume_50_m3 * 1e6, "grey matter with over half of the peak"),
        shape("Volume above 75 %", "cm³", m.volume_75_m3 * 1e6, "the same with over three quarters"),
        shape(
            "Half-depth d½", "mm", m.half_depth_m * 1e3, "how far below the cortex the field falls to half"
        ),
        shape("Spread S½", "cm²", m.spread_m2 * 1e4, "volume of brain above half of the peak, over d½"),
    ]
    return [row for row in rows if row is not None]


def _mm(point_m: FloatArray) -> str:
    return ", ".join(f"{1e3 * x:.1f}".replace("-", "\N{MINUS SIGN}") for x in point_m)


def _distance_m(a_m: tuple[float, ...], b_m: tuple[float, ...] | None) -> float | None:
    return None if b_m is None else math.dist(a_m, b_m)


def _at_maximum(report: ReportInput) -> tuple[str, str] | None:
    """The coil's largest slope and the peak field there."""
    slope = report.response.didt_max_A_per_s
    if slope is None:
        return None
    return slope_text(slope), three_digits(report.metrics.p999_V_per_m * slope / report.field.didt_A_per_s)


def _peak_region(report: ReportInput) -> str | None:
    if report.head.head_to_mni is None:
        return None
    regions = regions_of(report.head)
    nearest = np.argmin(np.linalg.norm(report.head.cortex.points_m - np.array(report.metrics.peak_m), axis=1))
    name = regions.names[regions.index[nearest]]
    return None if name == UNASSIGNED else region_text(name)


def _poses(report: ReportInput) -> list[tuple[str, str, str]]:
    axes = {
        "SimNIBS": "z into the head, y away from the handle",
        "Brainsight": "z out of the head, y away from the handle",
        "Localite": "x into the head, y along the handle",
    }
    matrix = report.pose.to_simnibs_mm()
    return [(system, text, _matrix_text(in_axes_of(system, matrix))) for system, text in axes.items()]


def _matrix_text(matrix: FloatArray) -> str:
    return "\n".join("".join(f"{x:9.4f} " for x in row + 0.0).rstrip() for row in matrix)


def _pictures(report: ReportInput) -> dict[str, Picture]:
    head, coil, pose, field, metrics = report.head, report.coil, report.pose, report.field, report.metrics
    response = report.response
    target = None if metrics.target_m is None else np.array(metrics.target_m)
    figures = {
        "placement": placement_figure(head, coil, pose, target),
        "magnitude": magnitude_figure(head, coil, pose, field, metrics),
        "normal": normal_figure(head, coil, pose, field, metrics),
        "slices": slices_figure(head, field, metrics),
        "curves": curves_figure(head, pose, field, metrics),
        "pulse": pulse_figure(response.waveform, field.didt_A_per_s),
    }
    if report.uncertainty is not None and report.uncertainty.drawn is not None:
        figures["uncertainty"] = uncertainty_figure(head, pose, report.uncertainty.drawn)
    if response.recruitment is not None:
        figures["recruitment"] = recruitment_figure(head, response.recruitment)
    if response.muscle is not None:
        figures |= {
            "curve": mep_figure(response.muscle.curve),
            "hunt": hunt_figure(response.muscle.hunt),
            "pairs": pairs_figure(response.muscle.pairs),
        }
    if session := report.session:
        figures |= {f"train_{k}": train_figure(result.block.train) for k, result in enumerate(session.blocks)}
        groups = [result.group for result in session.blocks if result.group is not None]
        titles = [result.block.site or "the session" for result in session.blocks if result.group is not None]
        if groups:
            figures["after"] = after_effect_figure(groups, titles)
    if transmission := report.transmission:
        figures["transmitters"] = session_figure(transmission.release)
        if transmission.over_course is not None:
            figures["transmitter_course"] = course_figure(transmission.over_course)
    if brain := report.brain:
        figures["evoked"] = evoked_figure(brain.evoked, brain.without_connections, head=head)
        if brain.change is not None:
            figures["connectivity"] = change_figure(brain.change, head=head)
    if weeks := report.weeks:
        figures["schedule"] = schedule_figure(weeks.schedule)
        if weeks.cohorts:
            figures["cohorts"] = cohort_figure(weeks.cohorts, weeks.trials)
    return {name: _picture(figure) for name, figure in figures.items()}


@dataclass(frozen=True, kw_only=True)
class Doubts:
    """How far the field may be off, as text: each readout in words, and the rows of two tables."""

    told: list[tuple[str, str]]
    drawn: list[tuple[str, ...]]
    linear: list[tuple[str, ...]]


def _doubts(found: FieldUncertainty, didt_A_per_s: float) -> Doubts:
    def percent(sd: float, of: float) -> str:
        return f"{100 * sd / abs(of):.1f} %" if of else "-"

    spreads = () if found.drawn is None else found.drawn.spreads
    figures = [(s, percent(s.sd, s.mean), s.first_order) for s in spreads] or [
        (s, percent(s.sd, s.nominal), s.variance_shares) for s in found.linear
    ]
    told = []
    for spread, sd, shares in figures:
        source, most = found.sources[shares.index(max(shares))], 100 * max(shares)
        words = (
            f"the {spread.label} scatters by {sd}; {most:.0f} % of the variance is from the {source.label}"
        )
        told.append((spread.readout, words))
    rows = [
        (
            source.label[:1].upper() + source.label[1:],
            found.inputs_of(source),
            *(percent(spread.sd_by_source[k], spread.nominal) for spread in found.linear),
        )
        for k, source in enumerate(found.sources)
    ]
    rows.append(("All together", "", *(percent(spread.sd, spread.nominal) for spread in found.linear)))
    gain = didt_A_per_s / REFERENCE_DIDT_A_PER_S
    drawn = [
        (
            spread.label[:1].upper() + spread.label[1:],
            three_digits(gain * spread.nominal),
            three_digits(gain * spread.mean),
            percent(spread.sd, spread.mean),
            f"{three_digits(gain * spread.low)} to {three_digits(gain * spread.high)}",
        )
        for spread in spreads
    ]
    return Doubts(told=told, drawn=drawn, linear=rows)


def _transmitter_rows(report: ReportInput) -> list[dict[str, str]]:
    """Each transmitter with its evidence, and its change over the session as a range over the cases."""
    if report.transmission is None:
        return []
    release = report.transmission.release
    rows = []
    for known, change in zip(release.evidence, release.change, strict=True):
        found = 100 * change[np.isfinite(change)]
        text = f"{found.min():+.0f} to {found.max():+.0f} %" if len(found) else "silent at rest"
        rows.append(
            {
                "name": known.transmitter,
                "level": known.level,
                "sign": known.sign,
                "change": text.replace("-", "\N{MINUS SIGN}"),
                "words": known.words,
                "model": known.model,
            }
        )
    return rows


def _site_rates(report: ReportInput) -> tuple[float, float] | None:
    """Rate of the site at rest before and after the session. [Hz]"""
    if report.brain is None or (change := report.brain.change) is None:
        return None
    site = report.brain.connectome.index(report.brain.site)
    return float(change.before.rates_Hz[site]), float(change.after.rates_Hz[site])


def _similarity(report: ReportInput) -> float | None:
    """Correlation of modelled and measured connectivity over the cortex, where one was measured."""
    if report.brain is None or (measured := report.brain.connectome.functional) is None:
        return None
    return similarity(report.brain.resting.fc, measured, report.brain.connectome.cortical)


def _clicks(report: ReportInput) -> str:
    """The first seconds of the session as a sound, as a data address; empty where there is no session."""
    if report.session is None:
        return ""
    samples = click_train(report.session.blocks[0].block.train, duration_s=_HEARD_s)
    return "data:audio/wav;base64," + base64.b64encode(wav_bytes(samples)).decode("ascii")


def _picture(figure: Figure) -> Picture:
    raw = io.BytesIO()
    figure.savefig(raw, format="png", facecolor="white")
    width, height = (round(side) for side in figure.bbox.size)
    source = "data:image/png;base64," + base64.b64encode(raw.getvalue()).decode("ascii")
    return Picture(source=source, width=width, height=height)
