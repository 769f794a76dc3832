"""From a target search to what one goes on with: a plan, poses for the navigation system, the map."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from tmsim.core import InputError, whole_file
from tmsim.formats import navigation
from tmsim.placement import Pose, write_pose
from tmsim.plan.read import dump, relative_to
from tmsim.plan.types import AtPose, CoilPlan, Plan
from tmsim.search import Found


def plan_with(plan: Plan, found: Found, coil_source: str | None = None) -> Plan:
    """The same plan with the coil where it was found best, and that coil if it isn't the plan's."""
    rows = tuple(tuple(row) for row in found.pose.to_simnibs_mm().round(6).tolist())
    changes: dict[str, object] = {"placement": AtPose.model_validate({"pose": rows})}
    if coil_source is not None:
        changes["coil"] = CoilPlan(source=coil_source)
    return plan.model_copy(update=changes)


def write_target(folder: Path, plan: Plan, found: Found, poses: Sequence[Pose]) -> None:
    """Write a plan to go on with, ``poses``, of which the first is the best, and the map of the scalp.

    ``plan.toml``; ``pose_simnibs.txt`` of the best; all poses in ``pose_brainsight.txt`` and
    ``pose_localite.xml``; ``map.csv``. [m]
    """
    folder.mkdir(exist_ok=True)
    poses_mm = {f"{found.region.target} {k}": pose.to_simnibs_mm() for k, pose in enumerate(poses, start=1)}
    with whole_file(folder / "plan.toml") as path:
        path.write_text(dump(relative_to(plan, folder.resolve())), encoding="utf-8")
    with whole_file(folder / "pose_simnibs.txt") as path:
        write_pose(poses[0], path)
    with whole_file(folder / "pose_brainsight.txt") as path:
        navigation.write_brainsight(path, poses_mm)
    with whole_file(folder / "pose_localite.xml") as path:
        navigation.write_localite(path, poses_mm)
    with whole_file(folder / "map.csv") as path, path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("x_m", "y_m", "z_m", "value"))
        rows = zip(found.map.points_m.round(6).tolist(), found.map.values.tolist(), strict=True)
        writer.writerows([*point, value] for point, value in rows)


def refuse_unless_folder(out: Path) -> None:
    """Say before the work that results can't go there."""
    if out.exists() and not out.is_dir():
        raise InputError(str(out), "a file", "a folder")
    if not out.resolve().parent.is_dir():
        raise InputError(str(out), "its parent is no folder", "a path in an existing folder")
