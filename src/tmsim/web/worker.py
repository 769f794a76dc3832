"""The process of one job: ``python -m tmsim.web.worker FOLDER``."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tmsim.core import InputError, Progress, TmsimError
from tmsim.core.cache import Cache
from tmsim.plan.results import share
from tmsim.plan.types import AtTarget, Plan
from tmsim.web.jobs import FindOptions, JobFolder, VerifyOptions, now

_EVERY_s = 0.25
_NICE = 5  # live fields of the same machine go first
_TRIES, _PAUSE_s = 40, 0.05


class Stopped(BaseException):
    """The job is to stop; not an Exception, so that no `except` on the way takes it for a fault."""


def main(path: Path) -> int:
    """Do what the folder asks for, and leave there how it ended."""
    folder = JobFolder(path=path)
    for _ in range(_TRIES):  # the server may be looking whether it is free
        with folder.held() as mine:
            if mine:
                return _work(folder)
        time.sleep(_PAUSE_s)
    return 1  # another process works on it


def _work(folder: JobFolder) -> int:
    signal.signal(signal.SIGTERM, _stop)
    os.nice(_NICE)
    try:
        folder.change(state="running", pid=os.getpid(), started=now(), message="", result=None, files=())
        result = _KINDS[folder.request().kind](folder, _progress(folder))
    except TmsimError as refused:
        return _end(folder, "failed", message=str(refused))
    except BaseException as fault:
        # A signal that strikes inside compiled code comes back as an error of another kind.
        if isinstance(fault, Stopped) or folder.cancelled.exists():
            return _end(folder, "cancelled")
        traceback.print_exc()
        return _end(folder, "failed", message=f"It met an error of its own: {type(fault).__name__}: {fault}.")
    return _end(folder, "done", fraction=1.0, result=result)


def _stop(_number: int, _frame: object) -> None:
    raise Stopped


def _end(folder: JobFolder, state: str, **changes: Any) -> int:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    folder.change(state=state, stage="", finished=now(), files=folder.files(), pid=None, **changes)
    return 0 if state == "done" else 2


def _progress(folder: JobFolder) -> Progress:
    told_s, furthest = -np.inf, 0.0

    def tell(what: str, fraction: float) -> None:
        nonlocal told_s, furthest
        if folder.cancelled.exists():
            raise Stopped
        furthest = max(furthest, fraction)
        if time.monotonic() - told_s > _EVERY_s:
            told_s = time.monotonic()
            folder.change(stage=what, fraction=round(furthest, 4))

    return tell


def _run(folder: JobFolder, progress: Progress) -> dict[str, Any]:
    """The whole plan, its files in the job's folder; what its outcome comes to."""
    import tmsim.plan

    outcome = tmsim.plan.run(folder.request().plan, folder.results, progress=progress)
    response, metrics = outcome.response, outcome.metrics
    threshold = response.threshold
    return {
        "p999_V_per_m": metrics.p999_V_per_m,
        "area_50_cm2": metrics.area_50_m2 * 1e4,
        "half_depth_mm": metrics.half_depth_m * 1e3,
        "target_mean_V_per_m": metrics.target_mean_V_per_m,
        "didt_A_per_us": outcome.field.didt_A_per_s * 1e-6,
        "percent_rmt": None if threshold is None else 100 * response.didt_A_per_s / threshold.didt_A_per_s,
        "discretisation_error": None if outcome.field.error is None else outcome.field.error.median,
        "l5_fires_cm2": next(
            (layer.area_m2 * 1e4 for layer in response.layers if layer.population == "L5"), None
        ),
    }


def _find(folder: JobFolder, progress: Progress) -> dict[str, Any]:
    """The best placement: the map while it grows, the winner, and what direct solves say of it."""
    from tmsim.coil import Coil
    from tmsim.field import REFERENCE_DIDT_A_PER_S
    from tmsim.placement import Pose
    from tmsim.plan.stages import coil_of, head_of
    from tmsim.plan.target import plan_with, write_target
    from tmsim.search import Grid, PlacementError, ScalpMap, search, second_order_value

    request = folder.request()
    plan, options = request.plan, FindOptions.model_validate_json(json.dumps(request.options))
    head = head_of(plan, Cache())
    coils = [Coil.load(name) for name in options.coils] or [coil_of(plan)]
    sought, dose_A_per_s = _objective(plan, options, share(progress, 0.0, 0.2))
    slope = dose_A_per_s or (options.didt * 1e6 if options.didt else REFERENCE_DIDT_A_PER_S)
    grid = Grid(
        radius_m=options.scalp_radius_mm * 1e-3,
        spacing_m=options.spacing_mm * 1e-3,
        tilt_rad=float(np.radians(options.tilt_deg)),
        gap_m=plan.placement.gap_m if isinstance(plan.placement, AtTarget) else Grid.gap_m,
    )
    error = None
    if options.robust is not None:
        error = PlacementError(
            position_m=options.robust.position_mm * 1e-3,
            angle_rad=float(np.radians(options.robust.angle_deg)),
            seed=plan.seed,
        )
    result: dict[str, Any] = {"unit": sought.unit, "objective": sought.name, "didt_A_per_us": slope * 1e-6}

    def watch(seen: ScalpMap) -> None:
        result["map"] = _map(seen)
        folder.change(result=result)

    found = search(
        head, coils, _target(plan, options), sought, region_radius_m=options.radius_mm * 1e-3, grid=grid,
        robust=error, didt_A_per_s=slope, progress=share(progress, 0.2, 0.7), watch=watch,
    )  # fmt: skip
    which = coils.index(found.coil)
    source = options.coils[which] if options.coils else plan.coil.source
    result |= {
        "map": _map(found.map),
        "region": {
            "target": found.region.target,
            "center_mm": (found.region.center_m * 1e3).tolist(),
            "radius_mm": found.region.radius_m * 1e3,
        },
        "best": {
            "pose": found.pose.to_simnibs_mm().ravel().tolist(),
            "coil": source,
            "value": found.value,
            "scalp_mm": (found.pose.scalp_m * 1e3).tolist(),
            "angle_deg": float(np.degrees(found.pose.angle_rad)),
            "tilt_deg": np.degrees(found.tilt_rad).tolist(),
            "lifted_mm": found.pose.lifted_m * 1e3,
            "gap_mm": found.pose.gap_m * 1e3,
        },
        "verified_value": found.verified_value,
        "tried": len(found.candidates.values),
    }
    if found.robust is not None:
        result["robust"] = {
            "expected": found.robust.expected,
            "fifth_percentile": found.robust.fifth_percentile,
        }
    folder.change(result=result)
    poses: list[Pose] = [found.pose]
    poses += [Pose(matrix=found.candidates.matrices[k]) for k in found.candidates.ranked()[1:_ALTERNATIVES]]
    write_target(folder.results, plan_with(plan, found, source), found, poses)
    second = second_order_value(
        head, found, progress=lambda what, done: progress(f"second order: {what}", 0.7 + 0.3 * done)
    )
    return result | {"second_order_value": second}


_ALTERNATIVES = 5


def _verify(folder: JobFolder, progress: Progress) -> dict[str, Any]:
    """The field of the plan's placement by a direct solve of the plan's order, read as live fields are."""
    from tmsim.placement import write_pose
    from tmsim.plan.stages import solve
    from tmsim.web.anatomy import anatomy_of
    from tmsim.web.readings import Points, readings

    request = folder.request()
    plan, options = request.plan, VerifyOptions.model_validate_json(json.dumps(request.options))
    solved = solve(plan, cache=Cache(), progress=progress)
    anatomy = anatomy_of(plan.head.source, plan.head.repair, lambda: solved.head, Cache())
    points = Points.of(anatomy, full=True)
    E = solved.field.scaled_to(options.didt * 1e6).cortex_V_per_m
    target = None
    if options.target_mm is not None:
        target = points.near(np.array(options.target_mm) * 1e-3, options.radius_mm * 1e-3)
    folder.results.mkdir(exist_ok=True)
    write_pose(solved.pose, folder.results / "pose_simnibs.txt")
    error = solved.field.error
    return {
        **readings(points, np.linalg.norm(E, axis=1), np.einsum("ij,ij->i", E, points.column), target),
        "didt": options.didt,
        "order": plan.field.order,
        "discretisation_error": None if error is None else error.median,
    }


_KINDS: dict[str, Callable[[JobFolder, Progress], dict[str, Any]]] = {
    "run": _run,
    "find": _find,
    "verify": _verify,
}


def _objective(plan: Plan, options: FindOptions, progress: Progress) -> tuple[Any, float | None]:
    """The objective, and the current slope of the plan's dose where that is what recruits. [A/s]"""
    import tmsim.plan
    from tmsim.neuron import neuron_model
    from tmsim.pulse import waveform
    from tmsim.search import Contrast, MeanAlong, MeanMagnitude, MeanVector, RecruitedShare

    match options.objective:
        case "mean":
            along = options.direction
            vector = [float(word) for word in along.split()[1:]]
            return MeanAlong(direction=np.array(vector) if vector else along), None  # pyright: ignore[reportArgumentType]
        case "vector":
            return MeanVector(), None
        case "magnitude":
            return MeanMagnitude(), None
        case "contrast":
            return Contrast(), None
        case "recruited":
            _, response = tmsim.plan.response_of(plan, progress=progress)
            threshold = response.threshold
            recruited = RecruitedShare(
                waveform=waveform(plan.pulse.waveform),
                model=neuron_model(plan.neuron.model),
                motor_threshold_V_per_m=None if threshold is None else threshold.drive_V_per_m,
            )
            return recruited, response.field.didt_A_per_s


def _target(plan: Plan, options: FindOptions) -> str:
    if options.target:
        return options.target
    if not isinstance(plan.placement, AtTarget):
        raise InputError("target", "none: the plan has a pose", "a target", "Choose one.")
    return plan.placement.target


def _map(seen: Any) -> dict[str, Any]:
    """A map of the scalp as JSON has it: what isn't known yet is null."""
    values = [None if np.isnan(value) else float(value) for value in seen.values]
    return {"points_mm": (seen.points_m * 1e3).round(2).ravel().tolist(), "values": values}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
