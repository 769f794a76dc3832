"""``tmsim motor``: a virtual subject's hand muscle, measured as a lab does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tmsim.cli.show import Json, Picture, progress_bar, save_picture
from tmsim.core import InputError

if TYPE_CHECKING:
    from tmsim.neuron.motor import ErrorCurve, Subject

app = typer.Typer(
    help="Motor physiology of a virtual subject: recruitment curve, threshold hunt, paired pulses, waves."
)

Seed = Annotated[int, typer.Option(help="The population of virtual subjects.")]
Index = Annotated[int, typer.Option("--subject", help="Which of its subjects, from 0.")]
Rmt = Annotated[
    str | None,
    typer.Option(help="Resting motor threshold to give the subject, '55 %MSO'; its own if left out."),
]
PlanOption = Annotated[
    Path | None,
    typer.Option("--plan", help="Take seed and threshold from this plan: the threshold that its coil has."),
]
_COUNTS = (2, 5, 10, 15, 20, 30, 40, 60, 80, 100)


@app.command("curve")
def motor_curve(
    seed: Seed = 0,
    subject: Index = 0,
    rmt: Rmt = None,
    plan: PlanOption = None,
    pulses: Annotated[int, typer.Option(help="Pulses at each amplitude.")] = 10,
    step: Annotated[int, typer.Option(min=1, help="Step between amplitudes. [%MSO]")] = 5,
    picture: Picture = None,
    as_json: Json = False,
) -> None:
    """Record a recruitment curve: MEP size against amplitude, from 60 to 160 %RMT."""
    import numpy as np

    from tmsim.neuron.motor import mep_quantiles_V, recruitment_curve, share_reaching, threshold_mso

    person = _subject(seed, subject, rmt, plan)
    rmt_mso = threshold_mso(person)
    first = max(round(0.6 * rmt_mso), 1)
    amplitudes = np.arange(first, min(round(1.6 * rmt_mso), 100) + 1, step, dtype=float)
    curve = recruitment_curve(person, amplitudes, n_pulses=pulses)
    if picture is not None:
        from tmsim.report.motor import recruitment_curve_figure

        save_picture(recruitment_curve_figure(curve), picture)
    low_V, median_V, high_V = mep_quantiles_V(person, amplitudes, (0.25, 0.5, 0.75))
    rows = {
        "amplitude_mso": amplitudes.tolist(),
        "amplitude_rmt": (100 * amplitudes / rmt_mso).tolist(),
        "recorded_mV": (np.median(curve.mep_V, axis=1) * 1e3).tolist(),
        "median_mV": (median_V * 1e3).tolist(),
        "low_mV": (low_V * 1e3).tolist(),
        "high_mV": (high_V * 1e3).tolist(),
        "share": share_reaching(person, amplitudes).tolist(),
    }
    if as_json:
        print(json.dumps(_who(person) | rows | {"mep_mV": (curve.mep_V * 1e3).tolist()}, indent=2))
        return
    _print_who(person)
    print("Recorded: median of the pulses. Expected: median and quartiles over all pulses.\n")
    _print_table(
        ("%MSO", "%RMT", "recorded mV", "expected mV", "quartiles mV", "reach 50 uV"),
        [
            (f"{a:g}", f"{r:.0f}", f"{v:.3g}", f"{m:.3g}", f"{lo:.3g} to {hi:.3g}", f"{s:.0%}")
            for a, r, v, m, lo, hi, s in zip(*rows.values(), strict=True)
        ],
    )


@app.command("hunt")
def motor_hunt(
    seed: Seed = 0,
    subject: Index = 0,
    rmt: Rmt = None,
    plan: PlanOption = None,
    method: Annotated[str, typer.Option(help="'ml-pest' or '5-of-10'.")] = "ml-pest",
    pulses: Annotated[int, typer.Option(help="Pulses of ml-pest; 5-of-10 ends by itself.")] = 20,
    errors: Annotated[
        int, typer.Option(help="Also the error of both methods over so many subjects, by pulses.")
    ] = 0,
    picture: Picture = None,
    as_json: Json = False,
) -> None:
    """Hunt the motor threshold pulse by pulse."""
    from tmsim.neuron.motor import METHODS, draw_population, error_curve, hunt

    person = _subject(seed, subject, rmt, plan)
    result = hunt(person, method=method, n_pulses=pulses)
    curves: list[ErrorCurve] = []
    if errors:
        people = draw_population(seed, errors)
        curves = [error_curve(people, method=name, n_pulses=_COUNTS[-1]) for name in METHODS]
    if picture is not None:
        from tmsim.report.motor import hunt_figure

        save_picture(hunt_figure(result, curves), picture)
    steps = [
        {
            "amplitude_mso": trial.amplitude_mso,
            "mep_mV": trial.mep_V * 1e3,
            "responded": trial.responded,
            "estimate_mso": estimate,
            "band_mso": band,
        }
        for trial, estimate, band in zip(result.trials, result.estimates_mso, result.bands_mso, strict=True)
    ]
    if as_json:
        facts = {
            "method": result.method,
            "estimate_mso": result.estimate_mso,
            "error": result.error,
            "pulses": steps,
            "errors": [_error_facts(curve) for curve in curves],
        }
        print(json.dumps(_who(person) | facts, indent=2))
        return
    _print_who(person)
    print(
        f"{result.method}: {result.estimate_mso:.1f} %MSO after {len(steps)} pulses, "
        f"{result.error:+.1%} off the true threshold\n"
    )
    _print_table(
        ("pulse", "%MSO", "MEP mV", "50 uV", "estimate", "95 % of likelihood"),
        [
            (
                str(number),
                f"{step['amplitude_mso']:g}",
                f"{step['mep_mV']:.3f}",
                "yes" if step["responded"] else "no",
                "-" if step["estimate_mso"] is None else f"{step['estimate_mso']:.1f}",
                "-" if step["band_mso"] is None else "{:.1f} to {:.1f}".format(*step["band_mso"]),
            )
            for number, step in enumerate(steps, start=1)
        ],
    )
    if curves:
        print(f"\nMedian error over {errors} subjects, with quartiles, in % of the threshold\n")
        facts = [_error_facts(curve) for curve in curves]
        _print_table(
            ("pulses", *(fact["method"] for fact in facts)),
            [(str(n), *(_error_text(fact["error"][k]) for fact in facts)) for k, n in enumerate(_COUNTS)],
        )


@app.command("pairs")
def motor_pairs(
    seed: Seed = 0,
    subject: Index = 0,
    rmt: Rmt = None,
    plan: PlanOption = None,
    pulses: Annotated[int, typer.Option(help="Pulses of each kind.")] = 20,
    picture: Picture = None,
    as_json: Json = False,
) -> None:
    """Measure SICI, ICF, LICI and SICF. All published ratios are unverified."""
    from tmsim.neuron.motor import PAIRED_PULSES, paired_pulse

    person = _subject(seed, subject, rmt, plan)
    results = [paired_pulse(person, name, n_pulses=pulses) for name in PAIRED_PULSES]
    if picture is not None:
        from tmsim.report.motor import pairs_figure

        save_picture(pairs_figure(results), picture)
    rows = [
        {
            "name": result.pair.name,
            "label": result.pair.label,
            "interval_ms": [interval_s * 1e3 for interval_s in result.pair.interval_s],
            "conditioning": result.pair.conditioning,
            "test_mso": result.test_mso,
            "published": [p.value for p in result.pair.ratio],
            "source": result.pair.ratio[0].source,
            "status": result.pair.status,
            "ratio": result.ratio,
            "limited": result.limited,
            "shift_mso": result.shift_mso,
            "measured": result.measured_ratio,
            "note": result.pair.note,
        }
        for result in results
    ]
    if as_json:
        print(json.dumps(_who(person) | {"pairs": rows}, indent=2))
        return
    _print_who(person)
    print(
        f"Conditioned over test MEP. The test pulse is at {results[0].test_mso:.1f} %MSO; measured: "
        f"{pulses} pulses of each kind.\n"
    )
    _print_table(
        ("", "interval ms", "people", "this subject", "measured", "source", "status"),
        [
            (
                row["name"],
                " to ".join(dict.fromkeys(f"{ms:g}" for ms in row["interval_ms"])),
                "{:g} to {:g}".format(*row["published"]),
                f"{row['ratio']:.2f}" + (" (at the plateau)" if row["limited"] else ""),
                f"{row['measured']:.2f}",
                row["source"],
                row["status"],
            )
            for row in rows
        ],
    )


@app.command("waves")
def motor_waves(
    seed: Seed = 0,
    subject: Index = 0,
    rmt: Rmt = None,
    plan: PlanOption = None,
    intensity: Annotated[str, typer.Option(help="Of the pulse: '120 %RMT' or '66 %MSO'.")] = "120 %RMT",
    direction: Annotated[str, typer.Option(help="Of the current in the brain: PA, AP or LM.")] = "PA",
    picture: Picture = None,
    as_json: Json = False,
) -> None:
    """What one pulse sets off: D- and I-waves, MEPs and their latency, and the silent period."""
    from tmsim.neuron.motor import (
        descending_volley,
        mep_latency_s,
        mep_trace,
        recruitment_curve,
        silent_period,
        threshold_mso,
    )

    person = _subject(seed, subject, rmt, plan)
    amplitude_mso = _amplitude_mso(person, intensity)
    times_rmt = amplitude_mso / threshold_mso(person)
    volley = descending_volley(times_rmt)
    latency_s = mep_latency_s(person, direction)  # refuses what is no direction
    meps_V = recruitment_curve(person, [amplitude_mso], n_pulses=5).mep_V[0].tolist()
    silence = silent_period(person, [times_rmt])
    if picture is not None:
        import numpy as np

        from tmsim.report.motor import waves_figure

        shown = sorted({round(times_rmt, 3), 1.0, 1.2, 1.5, 2.0})
        traces = [mep_trace(person, amplitude_mso, mep_V, direction) for mep_V in meps_V]
        figure = waves_figure(
            [descending_volley(times) for times in shown], traces,
            silent_period(person, np.linspace(0.7, 1.8, 56)),
        )  # fmt: skip
        save_picture(figure, picture)
    low_s, _, high_s = silence.quantiles_s[:, 0].tolist()
    facts: dict[str, Any] = {
        "amplitude_mso": amplitude_mso,
        "times_rmt": times_rmt,
        "waves": volley.waves,
        "mep_mV": [mep_V * 1e3 for mep_V in meps_V],
        "direction": direction,
        "latency_ms": latency_s * 1e3,
        "latency_status": "unverified",
        "silent_period_ms": float(silence.subject_s[0]) * 1e3,
        "silent_period_people_ms": [low_s * 1e3, high_s * 1e3],
        "silent_period_status": "unverified",
    }
    if as_json:
        print(json.dumps(_who(person) | facts, indent=2))
        return
    _print_who(person)
    print(f"One pulse at {amplitude_mso:.1f} %MSO, {100 * times_rmt:.0f} %RMT\n")
    _print_table(
        ("wave", "height, of the plateau of I1"),
        [(name, f"{height:.3f}") for name, height in volley.waves.items()],
    )
    print()
    print(f"{'MEPs of 5 pulses':22}{', '.join(f'{mV:.2g}' for mV in facts['mep_mV'])} mV")
    print(f"{'latency, ' + direction:22}{facts['latency_ms']:.1f} ms (unverified)")
    print(
        f"{'silent period':22}{facts['silent_period_ms']:.0f} ms, people {low_s * 1e3:.0f} to "
        f"{high_s * 1e3:.0f} ms (unverified)"
    )


def _subject(seed: int, index: int, rmt: str | None, plan: Path | None) -> Subject:
    """The virtual subject, with the threshold that was asked for or that of a plan."""
    from tmsim.neuron.motor import draw_subject, with_threshold
    from tmsim.pulse import PercentMSO, parse_intensity

    if plan is not None:
        if rmt is not None:
            raise InputError("--rmt", f"{rmt} beside --plan {plan}", "one of the two")
        return _subject_of(plan, index)
    subject = draw_subject(seed, index)
    if rmt is None:
        return subject
    threshold = parse_intensity(rmt)
    if not isinstance(threshold, PercentMSO):
        raise InputError("--rmt", repr(rmt), "a threshold in %MSO, such as '55 %MSO'")
    return with_threshold(subject, threshold.value)


def _subject_of(file: Path, index: int) -> Subject:
    import tmsim.plan
    from tmsim.neuron.motor import draw_subject, with_threshold

    what = tmsim.plan.load(file)
    with progress_bar() as progress:
        _, response = tmsim.plan.response_of(what, progress=progress)
    if response.threshold is None or response.threshold.percent_mso is None:
        raise InputError(
            str(file),
            "no motor threshold in %MSO",
            "a coil whose largest dI/dt is known, over a known hand area",
        )
    return with_threshold(draw_subject(what.seed, index), response.threshold.percent_mso)


def _amplitude_mso(subject: Subject, intensity: str) -> float:
    from tmsim.neuron.motor import active_threshold_mso, threshold_mso
    from tmsim.pulse import PercentAMT, PercentMSO, PercentRMT, parse_intensity

    match parse_intensity(intensity):
        case PercentMSO(value):
            return value
        case PercentRMT(value):
            return value / 100 * threshold_mso(subject)
        case PercentAMT(value):
            return value / 100 * active_threshold_mso(subject)
        case _:
            raise InputError("--intensity", repr(intensity), "such as '120 %RMT' or '66 %MSO'")


def _who(subject: Subject) -> dict[str, Any]:
    from tmsim.neuron.motor import active_threshold_mso, movement_threshold_mso, threshold_mso

    return {
        "seed": subject.seed,
        "subject": subject.index,
        "rmt_mso": threshold_mso(subject),
        "amt_mso": active_threshold_mso(subject),
        "amt_status": "unverified",
        "movement_threshold_mso": movement_threshold_mso(subject),
    }


def _print_who(subject: Subject) -> None:
    who = _who(subject)
    print(
        f"Subject {subject.index} of seed {subject.seed}: RMT {who['rmt_mso']:.1f} %MSO, "
        f"AMT {who['amt_mso']:.1f} %MSO (unverified), by movement {who['movement_threshold_mso']:.1f} %MSO"
    )


def _error_facts(curve: ErrorCurve) -> dict[str, Any]:
    """Lower quartile, median and upper quartile at some counts; None while half have no estimate."""
    columns = curve.error.T[[count - 1 for count in _COUNTS]]
    return {
        "method": curve.method,
        "n_subjects": curve.n_subjects,
        "pulses_used": curve.pulses_used,
        "pulses": _COUNTS,
        "error": [None if column[1] != column[1] else column.tolist() for column in columns],
    }


def _error_text(quartiles: Sequence[float] | None) -> str:
    if quartiles is None:
        return "-"
    low, median, high = (100 * value for value in quartiles)
    return f"{median:.1f} ({low:.1f} to {high:.1f})"


def _print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        print("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
