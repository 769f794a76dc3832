"""``tmsim transmitters``: at rest, over a session, over a course; and what the evidence is."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tmsim.cli.show import Json, Picture, save_picture
from tmsim.core import InputError, to_si

if TYPE_CHECKING:
    from tmsim.core import FloatArray
    from tmsim.transmitters import Evidence, Pharmacology

app = typer.Typer(help="Transmitters: serotonin, dopamine and noradrenaline under TMS and drugs.")

Ssri = Annotated[
    bool, typer.Option("--ssri", help="An SSRI as in the published run of the circuit: --sert 0.3.")
]
Sert = Annotated[float | None, typer.Option("--sert", help="Share of serotonin transporters that work.")]
Dat = Annotated[float, typer.Option("--dat", help="Share of dopamine transporters that work.")]
Net = Annotated[float, typer.Option("--net", help="Share of noradrenaline transporters that work.")]
Share = Annotated[
    float | None,
    typer.Option(
        help="Share of left prefrontal L5 cells that a pulse recruits, as `neuron recruit` has it; "
        "if not given, that of the default run."
    ),
]
Source = Annotated[
    str, typer.Argument(help="A protocol of the library, a .toml file, or a sentence: 'iTBS'.")
]
_SCALES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.45, 0.4, 0.35, 0.3, 0.25, 0.2, 0.15)


@app.command("rest")
def transmitters_rest(
    ssri: Ssri = False,
    sert: Sert = None,
    dat: Dat = 1.0,
    net: Net = 1.0,
    picture: Picture = None,
    as_json: Json = False,
) -> None:
    """Show rates and concentrations at rest, with each set of weights of the circuit.

    The picture shows dopamine and serotonin against the share of serotonin transporters.
    """
    from tmsim.transmitters import TRANSMITTERS, resting

    drugs = _drugs(ssri, sert, dat, net)
    rest, healthy = resting(drugs), resting()
    if picture is not None:
        from dataclasses import replace

        from tmsim.report.transmitters import resting_figure

        rests = [resting(replace(drugs, sert_scale=scale)) for scale in _SCALES]
        save_picture(resting_figure(rests), picture)
    if as_json:
        facts = {
            "pharmacology": asdict(drugs),
            "weights": rest.weights,
            "transmitters": {
                name: {
                    "rate_Hz": rest.rate_Hz[k].tolist(),
                    "concentration_M": rest.concentration_M[k].tolist(),
                    "concentration_at_healthy_rate_M": rest.held_M[k].tolist(),
                    **_evidence(known),
                }
                for k, (name, known) in enumerate(zip(TRANSMITTERS, rest.evidence, strict=True))
            },
        }
        print(json.dumps(facts, indent=2))
        return
    for w, weights in enumerate(rest.weights):
        print(f"{weights} weights")
        for k, name in enumerate(TRANSMITTERS):
            now, ratio = (
                rest.concentration_M[k, w],
                rest.concentration_M[k, w] / healthy.concentration_M[k, w],
            )
            held = rest.held_M[k, w] / healthy.held_M[k, w]
            print(
                f"  {name:14} {rest.rate_Hz[k, w]:5.2f} Hz  {now * 1e9:6.1f} nM  {ratio:.2f} of healthy; "
                f"{held:.2f} if cells fired as when healthy"
            )
    _print_evidence(rest.evidence)


@app.command("session")
def transmitters_session(
    source: Source,
    share: Share = None,
    after: Annotated[str, typer.Option(help="How long to go on after the session.")] = "30 min",
    ssri: Ssri = False,
    sert: Sert = None,
    dat: Dat = 1.0,
    net: Net = 1.0,
    picture: Picture = None,
    as_json: Json = False,
) -> None:
    """Show extracellular transmitters over a session, and what a dopamine tracer would show.

    Each figure is given for four cases, least to most: which way the cortex acts on serotonin and
    noradrenaline cells isn't known, and two sets of weights of the circuit are nearly alike at rest.
    """
    from tmsim.pulse import protocol
    from tmsim.transmitters import TRANSMITTERS, prefrontal_drive, session_binding, session_release

    drugs = _drugs(ssri, sert, dat, net)
    drive = prefrontal_drive(protocol(source), _share(share))
    aftermath_s = float(round(to_si(after, "s", name="--after")))
    release = session_release(drive, pharmacology=drugs, aftermath_s=aftermath_s)
    binding = session_binding(release)
    if picture is not None:
        from tmsim.report.transmitters import session_figure

        save_picture(session_figure(release), picture)
    peak_M = release.concentration_M.max(axis=2)
    if as_json:
        facts = {
            "pharmacology": asdict(drugs),
            "share": drive.share,
            "session_s": release.session_s,
            "cases": [str(case) for case in release.cases],
            "transmitters": {
                name: {
                    "rest_M": release.rest_M[k].tolist(),
                    "mean_M": release.mean_M[k].tolist(),
                    "peak_M": peak_M[k].tolist(),
                    "change": _numbers(release.change[k]),
                    "rate_Hz": release.rate_Hz[k].tolist(),
                    "concentration_M": release.concentration_M[k].tolist(),
                    **_evidence(known),
                }
                for k, (name, known) in enumerate(zip(TRANSMITTERS, release.evidence, strict=True))
            },
            "binding": {
                "change": binding.change.tolist(),
                "low": binding.low.tolist(),
                "high": binding.high.tolist(),
            },
            "time_s": release.time_s.tolist(),
            "notes": list(release.notes),
            "sources": list(release.sources),
        }
        print(json.dumps(facts, indent=2))
        return
    print(f"{release.session_s / 60:.3g} min of stimulation; a pulse recruits {drive.share:.0%} of L5")
    for k, name in enumerate(TRANSMITTERS):
        print(
            f"  {name:14} {_span(release.rest_M[k] * 1e9, '.1f')} nM at rest, "
            f"{_span(release.mean_M[k] * 1e9, '.1f')} over the session "
            f"({_span(100 * release.change[k], '+.0f')} %), {_span(peak_M[k] * 1e9, '.0f')} at most"
        )
    print(
        f"  D2 tracer      {_span(100 * binding.change, '+.1f')} % of binding over the session, "
        f"{100 * binding.low.min():+.1f} to {100 * binding.high.max():+.1f} % with the spread between people"
    )
    for found in binding.evidence.observations:
        if found.change is not None:
            spread = f" ± {100 * found.sd.value:.3g}" if found.sd else ""
            note = "" if found.change.status == "read" else ", unverified"
            print(
                f"    {found.source}: {100 * found.change.value:+.3g}{spread} % ({found.subjects}, "
                f"{found.stimulation}{note})"
            )
    _print_evidence(release.evidence)
    _print_notes(release.notes)


@app.command("course")
def transmitters_course(
    source: Source = "itbs600",
    share: Share = None,
    sessions: Annotated[int | None, typer.Option(help="How many, if not the protocol's; or 30.")] = None,
    ssri: Ssri = False,
    sert: Sert = None,
    dat: Dat = 1.0,
    net: Net = 1.0,
    picture: Picture = None,
    as_json: Json = False,
) -> None:
    """Show transmitters from session to session, as serotonin autoreceptors lose sensitivity."""
    from tmsim.pulse import protocol
    from tmsim.transmitters import TRANSMITTERS, course_release, prefrontal_drive

    held = protocol(source)
    course = course_release(
        prefrontal_drive(held, _share(share)),
        sessions=held.sessions_total or 30 if sessions is None else sessions,
        sessions_per_day=held.sessions_per_day,
        between_sessions_s=held.between_sessions_s or 0.0,
        pharmacology=_drugs(ssri, sert, dat, net),
    )
    if picture is not None:
        from tmsim.report.transmitters import course_figure

        save_picture(course_figure(course), picture)
    if as_json:
        facts = {
            "cases": [str(case) for case in course.cases],
            "autoreceptor": course.autoreceptor.tolist(),
            "transmitters": {
                name: {
                    "rest_M": course.rest_M[k].tolist(),
                    "mean_M": course.mean_M[k].tolist(),
                    "change": [_numbers(row) for row in course.change[k]],
                    **_evidence(known),
                }
                for k, (name, known) in enumerate(zip(TRANSMITTERS, course.evidence, strict=True))
            },
            "notes": list(course.notes),
            "sources": list(course.sources),
        }
        print(json.dumps(facts, indent=2))
        return
    last = len(course.autoreceptor) - 1
    for n in dict.fromkeys((0, last // 4, last // 2, 3 * last // 4, last)):
        print(f"session {n + 1}: autoreceptors at {course.autoreceptor[n]:.0%}")
        for k, name in enumerate(TRANSMITTERS):
            print(
                f"  {name:14} {_span(course.rest_M[k, :, n] * 1e9, '.1f')} nM at rest, "
                f"{_span(100 * course.change[k, :, n], '+.0f')} % over the session"
            )
    _print_evidence(course.evidence)
    _print_notes(course.notes)


def _drugs(ssri: bool, sert: float | None, dat: float, net: float) -> Pharmacology:
    from tmsim.transmitters import SSRI, Pharmacology

    if ssri and sert is not None:
        raise InputError("--sert", f"{sert:g} beside --ssri", "one of the two")
    scale = SSRI.sert_scale if ssri else 1.0 if sert is None else sert
    return Pharmacology(sert_scale=scale, dat_scale=dat, net_scale=net)


def _share(share: float | None) -> float:
    from tmsim.transmitters.parameters import REFERENCE_SHARE

    return REFERENCE_SHARE.value if share is None else share


def _numbers(values: FloatArray) -> list[float | None]:
    """Numbers as JSON has them, which knows no NaN."""
    return [value if math.isfinite(value) else None for value in values.tolist()]


def _span(values: FloatArray, form: str) -> str:
    """Least to most of the cases, or one number where they look alike."""
    known = [value for value in values.tolist() if math.isfinite(value)]
    if not known:
        return "unknown"
    low, high = f"{min(known):{form}}", f"{max(known):{form}}"
    return low if low == high else f"{low} to {high}"


def _evidence(known: Evidence) -> dict[str, Any]:
    return {
        "evidence": known.level,
        "sign_in_people": known.sign,
        "words": known.words,
        "model": known.model,
        "observations": [asdict(found) for found in known.observations],
    }


def _print_evidence(rows: Sequence[Evidence]) -> None:
    print("evidence that TMS changes it")
    for known in rows:
        print(f"  {known.transmitter:14} [{known.level}] {known.words}")


def _print_notes(notes: Sequence[str]) -> None:
    for note in notes:
        print(f"  - {note}")
