"""What a run rests on, and whether a run that is already there rests on the same."""

from __future__ import annotations

from pathlib import Path

from tmsim.core import InputError
from tmsim.core.provenance import code_of, environment, sha256_of, sha256_of_file
from tmsim.plan.citations import citations_of
from tmsim.plan.outcome import FILE_NAME, Outcome, Provenance
from tmsim.plan.read import with_paths
from tmsim.plan.results import Results
from tmsim.plan.stages import ROOMS, coil_content
from tmsim.plan.types import AtPoseFile, Plan

_CODE = (
    *ROOMS, "course", "formats", "network", "neuron", "plan", "plasticity", "pulse", "report", "result",
    "safety", "sensation", "transmitters",
)  # fmt: skip


def provenance_of(plan: Plan, results: Results) -> Provenance:
    """Code, inputs and works behind a run."""
    solved = results.solved
    built_in = {"head": solved.head.origin.sha256, "coil": sha256_of(*coil_content(solved.coil))}
    return Provenance(
        environment=environment(),
        code_sha256=code_of(*_CODE),
        # Where files lie is no part of the question; what is in them has its own hash.
        spec_sha256=sha256_of(with_paths(plan, lambda text: Path(text).name).model_dump(mode="json")),
        inputs_sha256={**built_in, **_files_of(plan)},
        seed=plan.seed,
        citations=citations_of(results),
    )


def standing(portable: Plan, plan: Plan, out: Path) -> Outcome | None:
    """The outcome in ``out``, if it is that of ``plan`` by this code on these inputs and nothing is amiss.

    ``portable`` is the plan with its paths as seen from ``out``.
    """
    try:
        outcome = Outcome.read(out / FILE_NAME)
        found = {path.name: sha256_of_file(path) for path in out.iterdir() if path.name != FILE_NAME}
    except (InputError, OSError):
        return None
    told = outcome.provenance
    same = (
        outcome.plan == portable
        and found == outcome.files
        and told.environment == environment()
        # What is built in is part of the code.
        and told.code_sha256 == code_of(*_CODE)
        and told.inputs_sha256 == {**told.inputs_sha256, **_files_of(plan)}
    )
    return outcome if same else None


def _files_of(plan: Plan) -> dict[str, str]:
    """SHA-256 of the inputs of a plan that are files."""
    sources = {"head": plan.head.source, "coil": plan.coil.source, "t1": plan.output.t1}
    sources |= {"waveform": plan.pulse.waveform, "protocol": plan.session.protocol}
    sources["connectome"] = plan.network.connectome
    if isinstance(plan.placement, AtPoseFile):
        sources["pose"] = plan.placement.pose_file
    return {name: sha256_of_file(Path(text)) for name, text in sources.items() if Path(text).is_file()}
