"""A plan from beginning to end: stages, files, outcome."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from tmsim.core import Progress, silent
from tmsim.core.provenance import sha256_of_file
from tmsim.field import summarize
from tmsim.field.types import Metrics
from tmsim.formats import nifti
from tmsim.neuron.response import Response
from tmsim.placement import Placement
from tmsim.plan import outputs
from tmsim.plan.cache import Cache
from tmsim.plan.folder import whole_folder
from tmsim.plan.outcome import FILE_NAME, Outcome, Provenance
from tmsim.plan.provenance import provenance_of, standing
from tmsim.plan.read import dump, relative_to
from tmsim.plan.records import at_maximum, field_record, pose_record, response_record, session_record
from tmsim.plan.response import respond
from tmsim.plan.session import hold_session, protocol_of
from tmsim.plan.stages import Clock, Solved, solve, target_of
from tmsim.plan.types import OutputKind, Plan
from tmsim.report.types import Session


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
        held = protocol_of(plan)  # likewise one that contradicts itself
        cache = cache or Cache()
        solved = solve(plan, cache=cache, progress=_share(progress, 0.0, 0.45), clock=clock)
        response = respond(plan, solved, cache=cache, progress=_share(progress, 0.45, 0.7), clock=clock)
        with clock.stage("session"):
            session = None if held is None else hold_session(plan, held, solved, response)
        field = response.field
        with clock.stage("metrics"):
            progress("metrics", 0.7)
            target_m = target_of(solved.head, solved.pose) if isinstance(solved.pose, Placement) else None
            metrics = summarize(solved.head, field, target_m=target_m)
        (folder / "plan.toml").write_text(dump(portable), encoding="utf-8")
        provenance = provenance_of(plan, solved, response, session)
        with clock.stage("files"):
            _write_files(
                folder,
                plan.output.files,
                t1,
                solved,
                response,
                session,
                metrics,
                provenance,
                _share(progress, 0.75, 1.0),
            )
        outcome = Outcome(
            plan=portable,
            provenance=provenance,
            pose=pose_record(solved.pose),
            field=field_record(field),
            metrics=metrics,
            response=response_record(response),
            session=None if session is None else session_record(session),
            at_coil_maximum=at_maximum(response, metrics),
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
    session: Session | None,
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
    if session is not None and "tables" in wanted:
        outputs.write_session(folder, session)
    if "report" in wanted:
        progress("drawing the report", 0.6)
        outputs.write_report_of(folder, solved, response, session, metrics, provenance)


def _share(progress: Progress, start: float, end: float) -> Progress:
    """Progress of a part of the work, on the scale of the whole."""
    return lambda what, fraction: progress(what, start + (end - start) * fraction)
