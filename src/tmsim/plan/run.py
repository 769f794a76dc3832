"""A plan from beginning to end: stages, files, outcome."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from tmsim.core import Progress, silent
from tmsim.core.provenance import sha256_of_file
from tmsim.field import summarize
from tmsim.field.types import EField, Metrics
from tmsim.formats import nifti
from tmsim.neuron.response import Response
from tmsim.placement import Placement, Pose
from tmsim.plan import outputs
from tmsim.plan.cache import Cache
from tmsim.plan.folder import whole_folder
from tmsim.plan.outcome import (
    FILE_NAME,
    AtCoilMaximum,
    FieldRecord,
    LayerRecord,
    MuscleRecord,
    Outcome,
    PoseRecord,
    Provenance,
    ResponseRecord,
    ThresholdRecord,
)
from tmsim.plan.provenance import provenance_of, standing
from tmsim.plan.read import dump, relative_to
from tmsim.plan.response import respond
from tmsim.plan.stages import Clock, Solved, solve, target_of
from tmsim.plan.types import OutputKind, Plan


def run(plan: Plan, out: Path, *, cache: Cache | None = None, progress: Progress = silent) -> Outcome:
    """Carry out ``plan`` and leave what it asks for in the folder ``out``, whole or not at all.

    Parameters
    ----------
    plan
        Its paths are absolute, or relative to the working folder; `tmsim.plan.load` makes them absolute.
    out
        A new or empty folder, or that of an earlier run, which is replaced once this one is complete. An
        earlier run of this very plan, by this code on these inputs, stands as it is.
    cache
        Where solved fields are kept; the user's cache folder if None.

    Raises
    ------
    InputError
        The plan can't be carried out, or ``out`` may not be written; ``out`` is then as it was.
    """
    clock = Clock()
    # In the outcome the paths are as seen from its folder: the two can move together.
    portable = relative_to(plan, out.resolve())
    if done := standing(portable, plan, out):
        return done
    with whole_folder(out) as folder:
        # A T1 that can't be read is refused now, not after the solve.
        t1 = nifti.read_grid(Path(plan.output.t1)) if plan.output.t1 else None
        cache = cache or Cache()
        solved = solve(plan, cache=cache, progress=_share(progress, 0.0, 0.45), clock=clock)
        response = respond(plan, solved, cache=cache, progress=_share(progress, 0.45, 0.7), clock=clock)
        field = response.field
        with clock.stage("metrics"):
            progress("metrics", 0.7)
            target_m = target_of(solved.head, solved.pose) if isinstance(solved.pose, Placement) else None
            metrics = summarize(solved.head, field, target_m=target_m)
        (folder / "plan.toml").write_text(dump(portable), encoding="utf-8")
        provenance = provenance_of(plan, solved, response)
        with clock.stage("files"):
            _write_files(
                folder,
                plan.output.files,
                t1,
                solved,
                response,
                metrics,
                provenance,
                _share(progress, 0.75, 1.0),
            )
        outcome = Outcome(
            plan=portable,
            provenance=provenance,
            pose=_pose_record(solved.pose),
            field=_field_record(field),
            metrics=metrics,
            response=_response_record(response),
            at_coil_maximum=_at_maximum(response, metrics),
            timings_s=clock.timings_s,
            files={path.name: sha256_of_file(path) for path in sorted(folder.iterdir())},
        )
        (folder / FILE_NAME).write_text(outcome.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return outcome


def _write_files(
    folder: Path,
    wanted: Collection[OutputKind],
    t1: outputs.Grid | None,
    solved: Solved,
    response: Response,
    metrics: Metrics,
    provenance: Provenance,
    progress: Progress,
) -> None:
    head, field = solved.head, response.field
    if "mesh" in wanted:
        progress("writing the mesh", 0.0)
        outputs.write_mesh(folder, head, field)
    if "nifti" in wanted:
        progress("writing the volumes", 0.1)
        outputs.write_volumes(folder, head, field, t1)
    if "gifti" in wanted:
        progress("writing the cortex", 0.5)
        outputs.write_surfaces(folder, head, field, response.recruitment)
    if "tables" in wanted:
        outputs.write_tables(folder, field, metrics, response)
    if "navigation" in wanted:
        outputs.write_navigation(folder, solved.pose)
    if "report" in wanted:
        progress("drawing the report", 0.6)
        outputs.write_report_of(folder, solved, response, metrics, provenance)


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
    )


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


def _at_maximum(response: Response, metrics: Metrics) -> AtCoilMaximum | None:
    most = response.didt_max_A_per_s
    if most is None:
        return None
    gain = most / response.field.didt_A_per_s
    return AtCoilMaximum(didt_A_per_s=most, p999_V_per_m=metrics.p999_V_per_m * gain)


def _share(progress: Progress, start: float, end: float) -> Progress:
    """Progress of a part of the work, on the scale of the whole."""
    return lambda what, fraction: progress(what, start + (end - start) * fraction)
