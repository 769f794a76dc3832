"""A plan from beginning to end: stages, files, outcome."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from tmsim.core import Progress, silent
from tmsim.core.cache import Cache
from tmsim.core.provenance import sha256_of_file
from tmsim.formats import nifti
from tmsim.plan import outputs
from tmsim.plan.folder import whole_folder
from tmsim.plan.outcome import FILE_NAME, Outcome, Provenance
from tmsim.plan.provenance import provenance_of, standing
from tmsim.plan.read import dump, relative_to
from tmsim.plan.records import outcome_of
from tmsim.plan.results import Results, carry_out, share
from tmsim.plan.stages import Clock
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
        results = carry_out(plan, cache=cache, progress=share(progress, 0.0, 0.75), clock=clock)
        (folder / "plan.toml").write_text(dump(portable), encoding="utf-8")
        provenance = provenance_of(plan, results)
        with clock.stage("files"):
            _write_files(folder, plan.output.files, t1, results, provenance, share(progress, 0.75, 1.0))
        files = {path.name: sha256_of_file(path) for path in sorted(folder.iterdir())}
        outcome = outcome_of(portable, results, provenance, timings_s=clock.timings_s, files=files)
        (folder / FILE_NAME).write_text(outcome.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return outcome


def _write_files(
    folder: Path,
    wanted: Collection[OutputKind],
    t1: outputs.Grid | None,
    results: Results,
    provenance: Provenance,
    progress: Progress,
) -> None:
    solved, response = results.solved, results.response
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
        outputs.write_tables(folder, results)
    if "navigation" in wanted:
        outputs.write_navigation(folder, solved.pose)
    if "report" in wanted:
        progress("drawing the report", 0.6)
        outputs.write_report_of(folder, results, provenance)
