"""The stages of a run, each from the plan and what came before: head, coil, placement, field, metrics."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from functools import cache as once
from pathlib import Path

import numpy as np

from tmsim.coil import Coil
from tmsim.core import FloatArray, Progress, read_only, silent
from tmsim.core.cache import Arrays, Cache, stage_key
from tmsim.field import REFERENCE_DIDT_A_PER_S, EField, ErrorEstimate, FiniteElements, Solver, prepare
from tmsim.head import Cortex, Head
from tmsim.placement import Placement, Pose, check_clear, place, read_pose
from tmsim.plan.types import AtPose, AtPoseFile, AtTarget, Plan

ROOMS = ("core", "coil", "field", "head", "placement")
"""The rooms whose source decides a field; plan and report only pass it on."""

CORTEX_ARRAYS = tuple(f.name for f in fields(Cortex))


@dataclass(frozen=True, kw_only=True, eq=False)
class Solved:
    """A plan up to its field: what every door and every output needs.

    ``field`` is at 1 A/us, and so is ``field_at``, that of the same coil at another pose.
    """

    head: Head
    coil: Coil
    pose: Pose  # a Placement where it was worked out from a target
    field: EField
    field_at: Callable[[Pose, Progress], EField]


@dataclass(frozen=True, kw_only=True)
class Clock:
    """How long each stage took. [s]"""

    timings_s: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block under ``name``."""
        start = time.perf_counter()
        yield
        self.timings_s[name] = round(time.perf_counter() - start, 3)


def solve(
    plan: Plan, *, cache: Cache | None = None, progress: Progress = silent, clock: Clock | None = None
) -> Solved:
    """Head, coil, placement and field of a plan; the field from ``cache`` if it was solved before."""
    clock = clock or Clock()
    with clock.stage("head"):
        progress("reading the head", 0.0)
        head = head_of(plan, cache)
    with clock.stage("coil"):
        coil = coil_of(plan)
    with clock.stage("placement"):
        progress("placing the coil", 0.0)
        pose = pose_of(plan, head, coil)
    solver = once(lambda: prepare(head, _method(plan, head), progress=progress))

    def field_at(pose: Pose, progress: Progress) -> EField:
        return field_of(plan, head, coil, pose, solver, cache=cache, progress=progress)

    with clock.stage("field"):
        field = field_at(pose, progress)
    return Solved(head=head, coil=coil, pose=pose, field=field, field_at=field_at)


def head_of(plan: Plan, cache: Cache | None = None) -> Head:
    """The head, mended if asked, with the plan's conductivities; its mid-cortex from ``cache``."""
    head = Head.load(plan.head.source, repair=plan.head.repair).with_conductivity(**plan.head.sigma_S_per_m)
    if cache is None or not head.has_cortex:
        return head
    key = stage_key("cortex", head.nodes_m, head.tets, head.tags, rooms=("core", "head"))
    arrays, _ = cache.arrays(key, lambda: {name: getattr(head.cortex, name) for name in CORTEX_ARRAYS})
    return head.with_cortex(Cortex(**arrays))


def coil_of(plan: Plan) -> Coil:
    """The coil, its movable parts where the plan puts them."""
    deformation: dict[int | str, float] = {**plan.coil.deformation}
    return Coil.load(plan.coil.source, deformation=deformation)


def coil_content(coil: Coil) -> list[object]:
    """All of a coil that decides its field, in a form that can be hashed."""
    content: list[object] = []
    for element in coil.elements:
        content += [type(element).__name__, *(getattr(element, f.name) for f in fields(element))]
    return content


def pose_of(plan: Plan, head: Head, coil: Coil) -> Pose:
    """Where the coil sits: over the target, or where it was said to sit."""
    match plan.placement:
        case AtPose(pose=rows):
            return Pose.from_simnibs_mm(rows)
        case AtPoseFile(pose_file=path):
            return read_pose(Path(path))
        case AtTarget() as at:
            return place(head, coil, target=at.target, angle=at.angle, reference=at.reference, gap=at.gap)


def field_of(
    plan: Plan,
    head: Head,
    coil: Coil,
    pose: Pose,
    solver: Callable[[], Solver],
    *,
    cache: Cache | None = None,
    progress: Progress = silent,
) -> EField:
    """The field at 1 A/us: solved and kept so, since it is linear in the current slope."""
    method = _method(plan, head)

    def compute() -> Arrays:
        check_clear(head, coil, pose)  # before the work, not after it
        return _to_arrays(solver().simulate(coil, pose, progress=progress))

    if cache is None:
        arrays = compute()
    else:
        # The tetrahedra themselves are the key, not the file: a mesh mended or renamed is the same mesh.
        tensors = head.tensors_S_per_m
        parts = (
            head.nodes_m,
            head.tets,
            head.tags,
            head.element_sigma_S_per_m if tensors is None else tensors,
            *coil_content(coil),
            pose.matrix,
            asdict(method),
        )
        arrays, _ = cache.arrays(stage_key("field", *parts, rooms=ROOMS), compute)
    return _from_arrays(arrays, method)


def _method(plan: Plan, head: Head) -> FiniteElements:
    refines = plan.field.order == 2 and head.has_cortex
    return FiniteElements(
        order=plan.field.order,
        tolerance=plan.field.tolerance,
        error=plan.field.wanted_error if refines else None,
    )


def target_of(head: Head, placement: Placement) -> FloatArray:
    """The cortical target, (3,): as given, or the mid-cortical point nearest to a target on the scalp. [m]"""
    if not np.array_equal(placement.target_m, placement.scalp_m):
        return placement.target_m
    points_m = head.cortex.points_m
    return points_m[np.linalg.norm(points_m - placement.scalp_m, axis=1).argmin()]


def _to_arrays(solved: EField) -> Arrays:
    error = solved.error
    return {
        "E_V_per_m": solved.E_V_per_m,
        "cortex_V_per_m": solved.cortex_V_per_m,
        "counts": np.array([solved.unknowns, solved.iterations]),
        "residual": np.array(solved.relative_residual),
        "error_method": np.array(error.method if error else ""),
        "error": np.array([error.median, error.p95] if error else []),
    }


def _from_arrays(arrays: Arrays, method: FiniteElements) -> EField:
    error = None
    if len(arrays["error"]):
        median, p95 = arrays["error"].tolist()
        error = ErrorEstimate(method=str(arrays["error_method"]), median=median, p95=p95)
    unknowns, iterations = arrays["counts"].tolist()
    return EField(
        E_V_per_m=read_only(np.asarray(arrays["E_V_per_m"])),
        cortex_V_per_m=read_only(np.asarray(arrays["cortex_V_per_m"])),
        points_V_per_m=read_only(np.empty((0, 3))),
        didt_A_per_s=REFERENCE_DIDT_A_PER_S,
        method=method,
        unknowns=unknowns,
        iterations=iterations,
        relative_residual=float(arrays["residual"]),
        error=error,
    )
