"""``tmsim field``: one field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from tmsim.cli.show import Json, progress_bar


def field(
    out: Annotated[Path, typer.Option(help="The .npz file to write.")],
    head: Annotated[str, typer.Option(help="A built-in head, or a .msh or NIfTI file.")] = "colin27",
    coil: Annotated[
        str, typer.Option(help="A built-in coil, or a .ccd, .tcd or .nii.gz file.")
    ] = "magstim-70mm-fig8",
    pose: Annotated[
        Path | None, typer.Option(help="Text file with the 4x4 of the coil in mm, SimNIBS convention.")
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(help="Where to aim instead: F3, beam-f3, hand-knob-left, 'mni -42 44 26 mm', ..."),
    ] = None,
    angle: Annotated[
        str | None, typer.Option(help="Handle away from the midline; 45 deg if not given.")
    ] = None,
    gap: Annotated[
        str | None, typer.Option(help="Scalp to casing, hair included; 4 mm if not given.")
    ] = None,
    didt: Annotated[str, typer.Option(help="Rate of change of the coil current.")] = "1 A/us",
    order: Annotated[int, typer.Option(help="Order of the finite elements, 1 or 2.")] = 2,
    error: Annotated[
        str | None,
        typer.Option(
            help="Refine round the coil until the estimated error at mid-cortex is so small; 3 % if not "
            "given, '' for the mesh as it is. Second order only."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Solve one field and write it by tetrahedron.

    The .npz holds E_V_per_m (n_tets, 3), centers_m (n_tets, 3) and tags (n_tets,), in the order of the
    head's file, and pose_simnibs_mm (4, 4) and didt_A_per_s.
    """
    from dataclasses import asdict

    import numpy as np

    from tmsim.core import InputError, to_si, whole_file
    from tmsim.plan.read import from_table
    from tmsim.plan.stages import solve

    aim = {"target": target, "angle": angle, "gap": gap, "pose_file": str(pose) if pose else None}
    given = {key: value for key, value in aim.items() if value is not None}
    if pose is None and target is None:
        raise InputError("--pose, --target", "neither is given", "one of the two")
    if pose is not None and len(given) > 1:
        raise InputError(
            "--pose", f"given with --{next(iter(given))}", "it alone: it says all of where and how"
        )
    slope_A_per_s = to_si(didt, "A/s", name="--didt")
    if not slope_A_per_s > 0:
        raise InputError("--didt", didt, "above zero")
    if out.is_dir():
        raise InputError(str(out), "a folder", "a file to write")
    what = from_table(
        {
            "head": {"source": head},
            "coil": {"source": coil},
            "placement": given,
            "field": {"order": order} if error is None else {"order": order, "error": error},
        },
        name="tmsim field",
    )
    with whole_file(out) as part:
        with progress_bar() as progress:
            solved = solve(what, progress=progress)
        E = solved.field.scaled_to(slope_A_per_s)
        arrays = {
            "E_V_per_m": E.E_V_per_m,
            "centers_m": solved.head.centers_m,
            "tags": solved.head.tags,
            "pose_simnibs_mm": solved.pose.to_simnibs_mm(),
            "didt_A_per_s": np.array(slope_A_per_s),
        }
        with part.open("wb") as file:
            np.savez(file, **arrays)
    summary = {
        "file": str(out),
        "n_tets": len(arrays["tags"]),
        "unknowns": solved.field.unknowns,
        "iterations": solved.field.iterations,
        "relative_residual": solved.field.relative_residual,
        "error": solved.field.error and asdict(solved.field.error),
        "misses_error": solved.field.misses_error,
        "pose_simnibs_mm": arrays["pose_simnibs_mm"].tolist(),
        "didt_A_per_s": slope_A_per_s,
    }
    if as_json:
        print(json.dumps(summary, indent=2))
    else:
        print(f"{out}: E in {summary['n_tets']:,} tetrahedra, {summary['unknowns']:,} unknowns")
        if estimate := solved.field.error:
            print(f"error at mid-cortex: {estimate.median:.1%} median, {estimate.p95:.1%} 95th percentile")
        if solved.field.misses_error:
            print(f"{what.field.error} was asked for, but the limit of unknowns came first")
