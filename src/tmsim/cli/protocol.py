"""``tmsim protocol``: the library, one protocol, what a check finds; ``tmsim screen``: the questionnaire."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tmsim.cli.show import Json, print_facts, print_list

if TYPE_CHECKING:
    from tmsim.pulse import Block, Protocol
    from tmsim.safety import Finding

app = typer.Typer(help="Protocols: the library, one in full, and what a check of one finds.")

_SOURCE = typer.Argument(help="A name of the library, a .toml file, or a sentence in quotes.")
_CLOSING = "Findings are for a person to weigh. Research software, not a medical device."


@app.command("list")
def protocol_list(as_json: Json = False) -> None:
    """List the protocols of the library, each with its badge: verified or draft."""
    from tmsim.pulse import list_protocols, protocol

    rows = [protocol(name) for name in list_protocols()]
    print_list(
        [{"name": p.id, "label": f"[{p.status}] {p.label}", "status": p.status} for p in rows], as_json
    )


@app.command("show")
def protocol_show(source: Annotated[str, _SOURCE], as_json: Json = False) -> None:
    """Show a protocol in full."""
    from tmsim.pulse import protocol

    print_facts(_facts(protocol(source)), as_json)


@app.command("check")
def protocol_check(
    source: Annotated[str, _SOURCE],
    intensity: Annotated[
        str, typer.Option(help="In place of the protocol's own, e.g. '110 %RMT' or '60 %MSO'.")
    ] = "",
    device: Annotated[str, typer.Option(help="Stimulator whose limits are checked, e.g. rapid2-240v.")] = "",
    mso: Annotated[float | None, typer.Option(help="Output of the stimulator, in percent.")] = None,
    coil: Annotated[str, typer.Option(help="Built-in coil whose heating is estimated.")] = "",
    as_json: Json = False,
) -> None:
    """Print what tables, devices and precedents say of a session, gravest first.

    Findings are results: the exit code is 0 whatever they say. A protocol that contradicts itself is
    refused with 2.
    """
    from tmsim.placement import parse_target
    from tmsim.pulse import parse_intensity, protocol
    from tmsim.safety import check_session

    session = protocol(source)
    for block in session.blocks:
        if block.target:
            parse_target(block.target)
    findings = check_session(
        session,
        intensity=parse_intensity(intensity) if intensity else None,
        device=device,
        percent_mso=mso,
        coil=coil,
    )
    if as_json:
        rows = [{**asdict(found), "doi": found.doi} for found in findings]
        print(json.dumps({"protocol": _facts(session), "findings": rows, "note": _CLOSING}, indent=2))
    else:
        _print(session, findings)


def screen(
    answers: Annotated[
        Path | None, typer.Argument(help="A TOML file of answers; without it the form is printed.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the questionnaire before TMS as a form, or hold answers against it.

    What isn't answered counts as yes. The result refers to a physician, or says that it is no clearance.
    """
    from tmsim.safety import SCREENING, form, read_answers
    from tmsim.safety import screen as screen_answers

    if answers is None:
        print(json.dumps([asdict(item) for item in SCREENING], indent=2) if as_json else form(), end="")
        return
    result = screen_answers(read_answers(answers))
    if as_json:
        raised = [{**asdict(item), "answer": answer} for item, answer in result.raised]
        print(json.dumps({"raised": raised, "ending": result.ending}, indent=2))
        return
    for item, answer in result.raised:
        print(f"{answer:8} {item.question}")
    print(result.ending)


def _facts(protocol: Protocol) -> dict[str, Any]:
    return {
        "name": protocol.id,
        "status": protocol.status,
        "unverified": list(protocol.unverified),
        "label": protocol.label,
        "indication": protocol.indication,
        "blocks": [_sentence(protocol, block) for block in protocol.blocks],
        "intensity_range": _range(protocol.intensity_range),
        "nerve": _nerve(protocol),
        "waveform": protocol.waveform,
        "coil": protocol.coil,
        "pulses": protocol.n_pulses,
        "pulses_range": _range(protocol.pulses_range),
        "duration_s": protocol.duration_s,
        "last_pulse_s": protocol.last_pulse_s,
        "sessions_per_day": protocol.sessions_per_day,
        "between_sessions_s": protocol.between_sessions_s,
        "days_per_week": protocol.days_per_week,
        "sessions_total": protocol.sessions_total,
        "sessions_range": _range(protocol.sessions_range),
        "taper": protocol.taper,
        "pulses_total": protocol.pulses_total,
        "evidence_level": protocol.evidence_level,
        "regulatory": protocol.regulatory,
        "sources": list(protocol.sources),
        "doi": protocol.doi,
        "verified_by": protocol.verified_by,
        "notes": protocol.notes,
    }


def _range(found: tuple[Any, Any] | None) -> str:
    return f"{found[0]} to {found[1]}" if found else ""


def _sentence(protocol: Protocol, block: Block) -> str:
    words = [
        str(block.train),
        f"at {block.intensity}" if block.intensity else "",
        "of the foot" if protocol.muscle == "foot" else "",
        f"({protocol.intensity_note})" if protocol.intensity_note else "",
        f"over {block.site}" if block.site else "",
        f"[{block.target}]" if block.target else "",
    ]
    return " ".join(word for word in words if word)


def _nerve(protocol: Protocol) -> str:
    nerve = protocol.nerve
    return f"{nerve.site}, {nerve.lead_s * 1e3:g} ms before, {nerve.intensity}" if nerve else ""


def _print(session: Protocol, findings: Sequence[Finding]) -> None:
    print(f"{session.id} [{session.status}] {session.label}")
    for block in session.blocks:
        print(_sentence(session, block))
    for found in findings:
        print(f"{found.severity:22} {found.rule:18} {found.message}")
    print(_CLOSING)
