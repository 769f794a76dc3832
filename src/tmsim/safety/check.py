"""A session held against every rule of the house."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tmsim.core import InputError
from tmsim.pulse import Block, Intensity, PercentMSO, Protocol, Train
from tmsim.safety.device import check_device, device_by_name
from tmsim.safety.heating import check_heating
from tmsim.safety.precedent import check_dose, named, precedent
from tmsim.safety.sound import check_sound
from tmsim.safety.trains import check_train
from tmsim.safety.types import SEVERITIES, Finding


def check_session(
    session: Protocol | Train,
    *,
    intensity: Intensity | None = None,
    device: str = "",
    percent_mso: float | None = None,
    coil: str = "",
) -> tuple[Finding, ...]:
    """Findings on a session, gravest first. No findings of one kind or another make a verdict.

    Parameters
    ----------
    session
        A protocol, or a train on its own, which is then one session of one block.
    intensity
        In place of the protocol's own, in all of its blocks.
    device
        A name of :data:`DEVICES`; its limits are checked at ``percent_mso``.
    percent_mso
        The dial of the stimulator, 0 to 100; taken from ``intensity`` where that is in %MSO.
    coil
        A built-in coil, whose heating is then estimated at ``percent_mso``.

    Raises
    ------
    InputError
        An unknown device or coil, one without the output it is used at, or a session of more than a day.
    """
    if isinstance(session, Train):
        session = Protocol(id="train", label=str(session), blocks=(Block(train=session),))
    if intensity is not None:
        session = replace(
            session,
            blocks=tuple(replace(block, intensity=intensity) for block in session.blocks),
            intensity_note="",
            intensity_range=None,
            unverified=tuple(field for field in session.unverified if field != "intensity"),
        )
    percent_mso = _output(session, device or coil, percent_mso)
    findings = [*_status(session), *_trains(session), *check_dose(session), check_sound()]
    trains = tuple(block.train for block in session.blocks)
    if device and percent_mso:
        for train in trains:
            findings += check_device(device_by_name(device), percent_mso, train)
    if coil and percent_mso:
        findings.append(check_heating(trains, coil, percent_mso))
    return tuple(sorted(findings, key=lambda found: SEVERITIES.index(found.severity)))


def _output(session: Protocol, used: str, percent_mso: float | None) -> float | None:
    """The percentage of the output, from where it is given; refused where ``used`` needs one and has none."""
    own = session.intensity.value if isinstance(session.intensity, PercentMSO) else None
    if percent_mso is not None and own is not None and percent_mso != own:
        raise InputError("output", f"{percent_mso:g} %MSO beside an intensity of {own:g} %MSO", "one of them")
    given = own if percent_mso is None else percent_mso
    if used and given is None:
        raise InputError("output", f"none given for {used}", "the percentage of the stimulator's output")
    if given is not None and PercentMSO(given).value == 0:
        raise InputError("output", f"{given:g} %MSO", "above 0 %MSO")
    return given


def _status(session: Protocol) -> Iterator[Finding]:
    if session.unverified:
        yield Finding(
            rule="protocol-status",
            severity="info",
            source="assumed",
            status="unverified",
            message=f"{named(session)}: {', '.join(session.unverified)} recalled, not read in a source.",
        )


def _trains(session: Protocol) -> Iterator[Finding]:
    for number, block in enumerate(session.blocks, start=1):
        like = precedent(block, session.muscle)
        for found in check_train(block.train, block.intensity):
            message = found.message
            if len(session.blocks) > 1:
                message = f"Block {number}, {block.site or 'no site'}: {message}"
            if session.intensity_note:
                message += f" Intensity: {session.intensity_note}."
            if session.muscle == "foot":
                message += " The intensity is relative to the threshold of the foot, not of the hand."
            if like and found.severity != "info":
                published, same = like
                found = replace(
                    found,
                    severity="caution-with-precedent" if found.severity == "caution" else found.severity,
                    precedent=named(published),
                )
                message += f" Precedent: {named(published)}, {same.site}."
            yield replace(found, message=message)
