"""Results as records of an outcome: plain numbers and words, no arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from tmsim.field.types import EField, Metrics
from tmsim.network import similarity
from tmsim.placement import Placement, Pose
from tmsim.plan.outcome import (
    AfterEffectRecord,
    ArmRecord,
    AtCoilMaximum,
    BrainRecord,
    CourseRecord,
    FieldRecord,
    FindingRecord,
    LayerRecord,
    MuscleRecord,
    Outcome,
    PoseRecord,
    Provenance,
    ResponseRecord,
    SessionRecord,
    SpreadRecord,
    ThresholdRecord,
    TransmitterRecord,
)
from tmsim.plan.results import Results
from tmsim.plan.types import Plan
from tmsim.result import Brain, FieldUncertainty, Response, Session, Transmission, Weeks


def outcome_of(
    plan: Plan,
    results: Results,
    provenance: Provenance,
    *,
    timings_s: Mapping[str, float],
    files: Mapping[str, str],
) -> Outcome:
    """The outcome of a plan; ``files`` are those written beside it, by name, with their SHA-256."""
    solved, response, session = results.solved, results.response, results.session
    return Outcome(
        plan=plan,
        provenance=provenance,
        pose=_pose_record(solved.pose),
        field=_field_record(response.field),
        metrics=results.metrics,
        uncertainty=() if results.uncertainty is None else _spreads(results.uncertainty),
        response=_response_record(response),
        session=None if session is None else session_record(session),
        transmitters=() if results.transmission is None else _transmitters(results.transmission),
        brain=None if results.brain is None else _brain(results.brain),
        course=None if results.weeks is None else _course(results.weeks),
        at_coil_maximum=_at_maximum(response, results.metrics),
        timings_s=dict(timings_s),
        files=dict(files),
    )


def _pose_record(pose: Pose) -> PoseRecord:
    known: dict[str, Any] = {"simnibs_mm": tuple(map(tuple, pose.to_simnibs_mm().tolist()))}
    if isinstance(pose, Placement):
        known |= {"target": pose.target, "scalp_m": tuple(pose.scalp_m.tolist())}
        known |= {"gap_m": pose.gap_m, "lifted_m": pose.lifted_m}
    return PoseRecord(**known)


def _field_record(field: EField) -> FieldRecord:
    return FieldRecord(
        didt_A_per_s=field.didt_A_per_s,
        unknowns=field.unknowns,
        iterations=field.iterations,
        relative_residual=field.relative_residual,
        error=field.error,
        misses_error=field.misses_error,
    )


def _spreads(found: FieldUncertainty) -> tuple[SpreadRecord, ...]:
    """By draws where there are any."""
    rows = []
    for k, linear in enumerate(found.linear):
        drawn = None if found.drawn is None else found.drawn.spreads[k]
        shares = linear.variance_shares if drawn is None else drawn.first_order
        rows.append(
            SpreadRecord(
                readout=linear.readout,
                label=linear.label,
                nominal_V_per_m=linear.nominal,
                sd_V_per_m=linear.sd if drawn is None else drawn.sd,
                variance_shares={s.name: share for s, share in zip(found.sources, shares, strict=True)},
                draws=0 if found.drawn is None else found.drawn.n_draws,
            )
        )
    return tuple(rows)


def _response_record(response: Response) -> ResponseRecord:
    threshold, hand, fired, muscle = (
        response.threshold, response.hand, response.recruitment, response.muscle,
    )  # fmt: skip
    return ResponseRecord(
        waveform=response.waveform.name,
        didt_A_per_s=response.field.didt_A_per_s,
        didt_max_A_per_s=response.didt_max_A_per_s,
        threshold=threshold and hand and ThresholdRecord(site=hand.target, **asdict(threshold)),
        doses=response.doses,
        layers=()
        if fired is None
        else tuple(
            LayerRecord(
                population=name,
                area_m2=float(fired.area_m2[k]),
                volume_m3=float(fired.volume_m3[k]),
                share=float(fired.share[k]),
            )
            for k, name in enumerate(fired.populations)
        ),
        muscle=muscle
        and MuscleRecord(
            rmt_mso=muscle.curve.rmt_mso,
            hunted_rmt_mso=muscle.hunt.estimate_mso,
            mep_V=float(np.ptp(muscle.trace.emg_V)),
            latency_s=muscle.trace.latency_s,
        ),
        missing=response.missing,
    )


def session_record(session: Session) -> SessionRecord:
    """The session, with what it leaves at its peak."""
    held = session.protocol
    return SessionRecord(
        protocol=held.id,
        status=held.status,
        intensity=str(session.intensity),
        percent_mso=session.percent_mso,
        n_pulses=held.n_pulses,
        duration_s=held.duration_s,
        findings=tuple(
            FindingRecord(
                rule=f.rule, severity=f.severity, message=f.message, source=f.source, status=f.status
            )
            for f in session.findings
        ),
        after_effects=tuple(
            AfterEffectRecord(
                model=group.effect.model,
                peak_s=float(group.effect.time_s[group.effect.peak]),
                mean_change=float(group.mean[group.effect.peak]),
                sd=float(group.sd[group.effect.peak]),
                responders=float(group.responders.mean()),
                people=len(group.change),
                notes=group.effect.notes,
            )
            for result in session.blocks
            if (group := result.group) is not None
        ),
        scalp_V_per_m=session.scalp.scalp_V_per_m,
        scalp_to_cortex=session.scalp.ratio,
    )


def _at_maximum(response: Response, metrics: Metrics) -> AtCoilMaximum | None:
    most = response.didt_max_A_per_s
    if most is None:
        return None
    gain = most / response.field.didt_A_per_s
    return AtCoilMaximum(didt_A_per_s=most, p999_V_per_m=metrics.p999_V_per_m * gain)


def _transmitters(transmission: Transmission) -> tuple[TransmitterRecord, ...]:
    release = transmission.release
    records = []
    for known, change in zip(release.evidence, release.change, strict=True):
        found = change[np.isfinite(change)]
        records.append(
            TransmitterRecord(
                transmitter=known.transmitter,
                evidence=known.level,
                sign_in_people=known.sign,
                least_change=float(found.min()) if len(found) else None,
                most_change=float(found.max()) if len(found) else None,
            )
        )
    return tuple(records)


def _brain(brain: Brain) -> BrainRecord:
    wiring, rest, change = brain.connectome, brain.resting, brain.change
    site = wiring.index(brain.site)
    measured = wiring.functional
    return BrainRecord(
        connectome=wiring.name,
        site=brain.site,
        early_mV=dict(zip(wiring.labels, brain.evoked.early_mV.tolist(), strict=True)),
        late_mV=dict(zip(wiring.labels, brain.evoked.late_mV.tolist(), strict=True)),
        rate_Hz=float(rest.rates_Hz[site]),
        rate_after_Hz=None if change is None else float(change.after.rates_Hz[site]),
        fc_similarity=None if measured is None else similarity(rest.fc, measured, wiring.cortical),
        missing=brain.missing,
    )


def _course(weeks: Weeks) -> CourseRecord:
    schedule = weeks.schedule
    return CourseRecord(
        sessions=len(schedule.given),
        pulses=schedule.pulses_total,
        days=schedule.last_day,
        model=weeks.cohorts[0].spec.model.name if weeks.cohorts else "",
        scale=weeks.cohorts[0].spec.scale.name if weeks.cohorts else "",
        arms=tuple(
            ArmRecord(
                arm=cohort.spec.arm,
                people=len(cohort),
                baseline=float(cohort.mean[0]),
                end=float(cohort.mean[-1]),
                sd=float(cohort.sd[-1]),
                response=float(cohort.response[-1]),
                remission=None if cohort.remission is None else float(cohort.remission[-1]),
            )
            for cohort in weeks.cohorts
        ),
        missing=weeks.missing,
    )
