"""One session: its pulses, what tables and devices say of them, what the person hears, feels and keeps."""

from __future__ import annotations

from tmsim.core import InputError, OutsideModelError, Progress, silent
from tmsim.head import Head
from tmsim.neuron.dose import MotorThreshold
from tmsim.placement import Pose
from tmsim.plan.response import didt_of, response_of
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
    intensity, percent_mso = strength_of(plan, response.threshold, response.didt_max_A_per_s)
    findings = check_session(
        held,
        intensity=intensity,
        device="" if percent_mso is None else plan.session.device,
        percent_mso=percent_mso,
    )
    return CortexSession(
        protocol=held,
        intensity=intensity,
        percent_mso=percent_mso,
        findings=findings,
        blocks=blocks_of(plan, held, intensity),
        hearing=hearing_of(held, solved.head, solved.pose, percent_mso),
    )


def strength_of(
    plan: Plan, threshold: MotorThreshold | None, didt_max: float | None, missing: str = ""
) -> tuple[Intensity, float | None]:
    """The dose in %RMT where there is a threshold, else as the plan has it; and in %MSO where known.

    Raises
    ------
    InputError
        As :func:`tmsim.plan.response.didt_of` does.
    """
    didt = didt_of(plan, threshold, didt_max, missing)
    percent_mso = None if didt_max is None else round(100 * didt / didt_max, 1)  # what a dial can be set to
    if threshold is None:
        return plan.pulse.intensity, percent_mso
    # The threshold divides what it was multiplied with: 120 % is to come out as 120, not 119.99999999999999.
    return PercentRMT(round(100 * didt / threshold.didt_A_per_s, 9)), percent_mso


def blocks_of(plan: Plan, held: Protocol, intensity: Intensity | None) -> tuple[BlockResult, ...]:
    """What each block of a session leaves in the plan's people, on a brain at rest."""
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
    return tuple(blocks)


def hearing_of(held: Protocol, head: Head, pose: Pose, percent_mso: float | None) -> tuple[Hearing, ...]:
    """Levels at each ear; none where the ears are not known or too far for the published range."""
    if percent_mso is None:
        return ()
    try:
        distances = ear_distances(head, pose)
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
