"""What the field does: the pulse, the motor threshold, the dose, who fires, and what the muscle shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tmsim.coil import Coil
from tmsim.core import FloatArray, InputError, Progress, silent
from tmsim.core.cache import Cache
from tmsim.field import REFERENCE_DIDT_A_PER_S, EField
from tmsim.head import Head, scalp_cortex_distance
from tmsim.neuron import NeuronModel, neuron_model, recruit
from tmsim.neuron.dose import (
    ACTIVE_SHARE,
    Dose,
    MotorThreshold,
    best_direction,
    compare_doses,
    directed_field,
    drive_of_area,
    measured_threshold,
    simulated_threshold,
    threshold_field,
)
from tmsim.neuron.motor import (
    PAIRED_PULSES,
    draw_subject,
    hunt,
    mep_trace,
    paired_pulse,
    recruitment_curve,
    with_threshold,
)
from tmsim.neuron.motor.mep import median_mep_V
from tmsim.neuron.motor.parameters import TEST_RMT
from tmsim.neuron.motor.types import DEVICE_MSO
from tmsim.placement import Placement, Pose, place
from tmsim.plan.stages import Clock, Solved, solve, target_of
from tmsim.plan.types import Plan
from tmsim.pulse import CurrentSlope, PercentAMT, PercentMSO, PercentRMT, Waveform, waveform
from tmsim.result import Muscle, Response, Site

_CURVE_RMT, _CURVE_STEPS = (0.7, 1.6), 19  # the recruitment curve, in multiples of the motor threshold


def response_of(plan: Plan, *, progress: Progress = silent) -> tuple[Solved, Response]:
    """A plan up to the muscle, its fields from the user's cache where they were solved before."""
    cache = Cache()

    def first(what: str, done: float) -> None:
        progress(what, done / 2)

    def then(what: str, done: float) -> None:
        progress(what, (1 + done) / 2)

    solved = solve(plan, cache=cache, progress=first)
    return solved, respond(plan, solved, progress=then)


def respond(
    plan: Plan,
    solved: Solved,
    *,
    hand: HandArea | None = None,
    progress: Progress = silent,
    clock: Clock | None = None,
) -> Response:
    """The stages behind the field.

    Parameters
    ----------
    hand
        From :func:`hand_area`, where it was worked out before: it is the same wherever the coil is now.

    Raises
    ------
    InputError
        The dose needs a motor threshold, or a largest current slope, that can't be had.
    """
    clock = clock or Clock()
    pulse, model = waveform(plan.pulse.waveform), neuron_model(plan.neuron.model)
    didt_max = plan.pulse.didt_max_A_per_s or solved.coil.didt_max_A_per_s
    with clock.stage("motor threshold"):
        hand = hand or hand_area(plan, solved.head, solved.coil, solved.field_at, progress=progress)
        threshold = threshold_of(plan, hand, didt_max)
        didt = didt_of(plan, threshold, didt_max, hand.missing)
        field = solved.field.scaled_to(didt)
    with clock.stage("recruitment"):
        target = _target_site(solved, model, pulse)
        recruitment = None
        if solved.head.has_cortex:
            progress("who fires", 0.9)
            recruitment = recruit(
                solved.head,
                field,
                pulse,
                model=model,
                motor_threshold_V_per_m=(
                    threshold.drive_V_per_m
                    if threshold
                    else threshold_field(model, pulse, biphasic_V_per_m=plan.motor.threshold_field_V_per_m)
                ),
                hotspot=best_direction(model, pulse),
            )
    doses: tuple[Dose, ...] = ()
    if threshold is not None and hand.site is not None and target is not None:
        doses = compare_doses(
            threshold,
            100 * didt / threshold.didt_A_per_s,
            site_drive_V_per_m=target.drive_V_per_m,
            didt_A_per_s=REFERENCE_DIDT_A_PER_S,
            deeper_m=target.scalp_to_cortex_m - hand.site.scalp_to_cortex_m,
            didt_max_A_per_s=didt_max,
        )
    muscle, missing = None, hand.missing
    with clock.stage("muscle"):
        if threshold is not None:
            muscle, missing = _muscle(plan, threshold)
    return Response(
        waveform=pulse,
        didt_max_A_per_s=didt_max,
        field=field,
        hand=hand.site,
        target=target,
        threshold=threshold,
        doses=doses,
        recruitment=recruitment,
        muscle=muscle,
        missing=missing,
    )


def didt_of(plan: Plan, threshold: MotorThreshold | None, didt_max: float | None, missing: str = "") -> float:
    """The plan's dose as a current slope. [A/s]

    Raises
    ------
    InputError
        It needs a threshold or a largest slope that isn't known, or is more than the stimulator gives.
    """
    didt = _wanted_didt(plan, threshold, didt_max, missing)
    if didt_max is not None and didt > didt_max * (1 + 1e-9):
        raise InputError(
            "dose",
            f"{plan.pulse.dose}, which is {100 * didt / didt_max:.0f} %MSO here",
            f"at most the {didt_max / 1e6:.4g} A/us that this stimulator gives with this coil",
            "Lower it, or give the pulse.didt_max of another one.",
        )
    return didt


def _wanted_didt(plan: Plan, threshold: MotorThreshold | None, didt_max: float | None, missing: str) -> float:
    match plan.pulse.intensity:
        case CurrentSlope(didt):
            return didt
        case PercentMSO() as output:
            if didt_max is None:
                raise InputError(
                    "dose", plan.pulse.dose, "a coil whose largest dI/dt is known",
                    "Give pulse.didt_max, or the dose in A/us.",
                )  # fmt: skip
            return output.didt_A_per_s(didt_max)
        case PercentRMT(percent):
            share = percent / 100
        case PercentAMT(percent):
            share = percent / 100 * ACTIVE_SHARE.value
    if threshold is None:
        raise InputError(
            "dose", plan.pulse.dose, f"a motor threshold, but {missing}",
            "Give motor.site in coordinates of this head, or the dose in A/us.",
        )  # fmt: skip
    return share * threshold.didt_A_per_s


@dataclass(frozen=True, kw_only=True, eq=False)
class HandArea:
    """The coil over the hand area, for the motor threshold; None where ``missing`` says why."""

    site: Site | None
    missing: str = ""


def hand_area(
    plan: Plan,
    head: Head,
    coil: Coil,
    field_at: Callable[[Pose, Progress], EField],
    *,
    progress: Progress = silent,
) -> HandArea:
    """How strongly a coil drives the hand area from the place that ``plan.motor`` gives it.

    Parameters
    ----------
    field_at
        Of :class:`tmsim.plan.stages.Solved`.
    """
    motor = plan.motor
    if not head.has_cortex:
        return HandArea(site=None, missing=f"{head.name} has no cortex")
    try:
        pose = place(head, coil, target=motor.site, angle=motor.angle, gap=motor.gap)
    except InputError as refused:
        return HandArea(site=None, missing=f"the coil could not be put over {motor.site}: {refused}")
    progress("field over the hand area", 0.0)
    field = field_at(pose, progress)
    pulse, model = waveform(plan.pulse.waveform), neuron_model(plan.neuron.model)
    return HandArea(site=_site(head, pose, directed_field(head, field, model, pulse)))


def _target_site(solved: Solved, model: NeuronModel, pulse: Waveform) -> Site | None:
    if not solved.head.has_cortex or not isinstance(solved.pose, Placement):
        return None
    directed = directed_field(solved.head, solved.field, model, pulse)
    return _site(solved.head, solved.pose, directed)


def _site(head: Head, pose: Placement, directed_V_per_m: FloatArray) -> Site:
    """The cortex under the coil: the target itself, or the cortex nearest to a target on the scalp."""
    place_m = target_of(head, pose)
    return Site(
        target=pose.target,
        place_m=place_m,
        scalp_to_cortex_m=float(scalp_cortex_distance(head, pose.scalp_m[None])[0]),
        drive_V_per_m=drive_of_area(head, directed_V_per_m, place_m),
    )


def threshold_of(plan: Plan, hand: HandArea, didt_max: float | None) -> MotorThreshold | None:
    """The motor threshold, simulated or as the plan has it measured; None where there is no hand area.

    Raises
    ------
    InputError
        It was measured in %MSO, of which the largest current slope isn't known.
    """
    if hand.site is None:
        return None
    measured, drive_V_per_m = plan.motor.rmt_percent_mso, hand.site.drive_V_per_m
    if measured is None:
        pulse, model = waveform(plan.pulse.waveform), neuron_model(plan.neuron.model)
        return simulated_threshold(
            drive_V_per_m,
            REFERENCE_DIDT_A_PER_S,
            threshold_field(model, pulse, biphasic_V_per_m=plan.motor.threshold_field_V_per_m),
            didt_max,
        )
    if didt_max is None:
        raise InputError(
            "motor.rmt", plan.motor.rmt, "a coil whose largest dI/dt is known", "Give pulse.didt_max."
        )
    return measured_threshold(measured, drive_V_per_m, REFERENCE_DIDT_A_PER_S, didt_max)


def _muscle(plan: Plan, threshold: MotorThreshold) -> tuple[Muscle | None, str]:
    """The plan's virtual subject; what no stimulator reaches can't be examined."""
    if threshold.percent_mso is None:
        return None, "the largest dI/dt of this coil is not known, so there is no threshold in %MSO"
    subject = with_threshold(draw_subject(plan.seed), threshold.percent_mso)
    low, high = (share * threshold.percent_mso for share in _CURVE_RMT)
    amplitudes_mso = np.linspace(low, min(high, DEVICE_MSO), _CURVE_STEPS)
    test_mso = TEST_RMT.value * threshold.percent_mso
    if test_mso > DEVICE_MSO:
        return None, f"{100 * TEST_RMT.value:.0f} %RMT is {test_mso:.0f} %MSO, more than the stimulator has"
    curve = recruitment_curve(subject, amplitudes_mso)
    at_test_V = median_mep_V(subject, test_mso)
    return Muscle(
        subject=subject,
        curve=curve,
        hunt=hunt(subject),
        trace=mep_trace(subject, test_mso, at_test_V),
        pairs=tuple(paired_pulse(subject, name) for name in PAIRED_PULSES),
    ), ""
