"""One session: its pulses, what tables and devices say of them, what the person hears, feels and keeps."""

from __future__ import annotations

from tmsim.core import InputError, OutsideModelError, Progress, silent
from tmsim.plan.response import response_of
from tmsim.plan.stages import Solved
from tmsim.plan.types import Plan
from tmsim.plasticity import default_model, draw_people, plasticity_model, respond
from tmsim.pulse import Block, Intensity, PercentMSO, PercentRMT, Protocol, protocol
from tmsim.result import BlockResult, CortexSession, Hearing, Response, Session
from tmsim.safety import check_session
from tmsim.sensation import ear_distances, hear, scalp_to_cortex


def session_of(plan: Plan, *, progress: Progress = silent) -> Session | None:
    """A plan up to its session, or None where it has none; fields from the user's cache."""
    held = protocol_of(plan)
    return None if held is None else hold_session(plan, held, *response_of(plan, progress=progress))


def protocol_of(plan: Plan) -> Protocol | None:
    """The protocol of a plan's session, if it has one.

    Raises
    ------
    InputError
        It is unknown, can't be read, or contradicts itself.
    """
    return protocol(plan.session.protocol) if plan.session.protocol else None


def hold_session(plan: Plan, held: Protocol, solved: Solved, response: Response) -> Session:
    """The session of a plan at the plan's dose.

    Raises
    ------
    InputError
        An unknown device or plasticity model.
    """
    at_cortex = hold_at_cortex(plan, held, solved, response)
    scalp = scalp_to_cortex(solved.head, response.field, response.waveform)
    return Session(**vars(at_cortex), scalp=scalp)


def hold_at_cortex(plan: Plan, held: Protocol, solved: Solved, response: Response) -> CortexSession:
    """What of a session needs no field but that at the cortex; refused as :func:`hold_session` is."""
    intensity, percent_mso = _strength(plan, response)
    findings = check_session(
        held,
        intensity=intensity,
        device="" if percent_mso is None else plan.session.device,
        percent_mso=percent_mso,
    )
    people = draw_people(plan.seed, plan.session.people)
    blocks = []
    for block in held.blocks:
        rule = plan.session.plasticity
        try:
            model = plasticity_model(rule) if rule else default_model(block.train)
            effect = model.after_effect(block.train, intensity)
        except OutsideModelError as outside:
            blocks.append(BlockResult(block=block, group=None, missing=str(outside)))
        else:
            blocks.append(BlockResult(block=block, group=respond(people, effect), missing=""))
    return CortexSession(
        protocol=held,
        intensity=intensity,
        percent_mso=percent_mso,
        findings=findings,
        blocks=tuple(blocks),
        hearing=_hearing(held, solved, percent_mso),
    )


def _strength(plan: Plan, response: Response) -> tuple[Intensity, float | None]:
    """The dose in %RMT where there is a threshold, else as the plan has it; and in %MSO where known."""
    didt, most = response.field.didt_A_per_s, response.didt_max_A_per_s
    percent_mso = None if most is None else round(100 * didt / most, 1)  # what a dial can be set to
    if response.threshold is None:
        return plan.pulse.intensity, percent_mso
    # The threshold divides what it was multiplied with: 120 % is to come out as 120, not 119.99999999999999.
    return PercentRMT(round(100 * didt / response.threshold.didt_A_per_s, 9)), percent_mso


def _hearing(held: Protocol, solved: Solved, percent_mso: float | None) -> tuple[Hearing, ...]:
    """Levels at each ear; none where the ears are not known or too far for the published range."""
    if percent_mso is None:
        return ()
    try:
        distances = ear_distances(solved.head, solved.pose)
    except InputError:
        return ()
    loudest: Block = max(held.blocks, key=lambda block: block.train.n_pulses)
    heard = []
    for side, distance_m in zip(("left", "right"), distances, strict=True):
        try:
            heard.append(Hearing(ear=side, sound=hear(loudest.train, PercentMSO(percent_mso), distance_m)))
        except OutsideModelError:
            continue
    return tuple(heard)
