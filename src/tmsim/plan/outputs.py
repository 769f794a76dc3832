"""The files of a run, each in the convention of the programs that will open it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np

from tmsim.core import FloatArray
from tmsim.field import grid
from tmsim.field.types import EField, RegionRow
from tmsim.formats import gifti, msh, navigation, nifti
from tmsim.head.parameters import TISSUES
from tmsim.head.types import Head
from tmsim.neuron import Recruitment
from tmsim.placement import Placement, Pose, write_pose
from tmsim.plan.explain import explain
from tmsim.plan.outcome import Provenance
from tmsim.plan.results import Results
from tmsim.result import Session
from tmsim.sensation import click_train, write_wav

Grid = tuple[FloatArray, tuple[int, int, int]]
"""Affine from voxel indices to head coordinates [m], and shape."""


def write_mesh(folder: Path, head: Head, field: EField) -> None:
    """``field.msh``: tetrahedra with element data ``E`` and ``magnE``, named as SimNIBS names them. [V/m]"""
    mesh = msh.MshFile(
        nodes_mm=head.nodes_m * 1e3,
        tets=head.tets,
        tet_tags=head.tags,
        triangles=np.empty((0, 3), np.int32),
        triangle_tags=np.empty(0, np.int32),
        tet_data={"E": field.E_V_per_m, "magnE": _size(field.E_V_per_m)[:, None]},
    )
    tags = np.unique(head.tags).tolist()
    msh.write(
        folder / "field.msh",
        mesh,
        names={tag: TISSUES[tag].name if tag in TISSUES else f"tag_{tag}" for tag in tags},
    )


def write_volumes(folder: Path, head: Head, field: EField, t1: Grid | None) -> None:
    """``E.nii.gz`` and ``magnE.nii.gz`` on the grid of the T1, of the head's labels, or of 1 mm. [V/m]"""
    if t1 is not None:
        affine_m, shape = t1
    elif head.labels is not None:
        affine_m, shape = head.labels.affine_m, head.labels.tags.shape
    else:
        affine_m, shape = grid.grid_round(head)
    tets = grid.tets_on_grid(head, affine_m, shape)
    nifti.write_volume(folder / "E.nii.gz", grid.on_grid(field.E_V_per_m, tets), affine_m)
    nifti.write_volume(folder / "magnE.nii.gz", grid.on_grid(_size(field.E_V_per_m), tets), affine_m)


def write_surfaces(folder: Path, head: Head, field: EField, fired: Recruitment | None) -> None:
    """``cortex.surf.gii`` and on it ``cortex.func.gii``.

    |E|, its part along the column and the rest [V/m], and the share of each layer's cells that fires, 0 to 1.
    """
    cortex, E = head.cortex, field.cortex_V_per_m
    normal = np.einsum("ij,ij->i", E, cortex.column)
    tangential = _size(E - normal[:, None] * cortex.column)
    gifti.write_surface(folder / "cortex.surf.gii", cortex)
    values = {"magnE": _size(E), "E_normal": normal, "E_tangential": tangential}
    if fired is not None:
        names = (f"fires_{name.replace('/', '_')}" for name in fired.populations)
        values |= dict(zip(names, fired.fraction, strict=True))
    gifti.write_values(folder / "cortex.func.gii", values)


def write_tables(folder: Path, results: Results) -> None:
    """Tables whose column names carry the units.

    ``metrics.csv`` has one number a row, ``regions.csv`` one region; ``recruitment.csv`` the share of each
    layer's cells that fires, by region; ``waveform.csv`` the pulse; ``mep.csv`` the recruitment curve, one
    pulse a row. Of a session: ``pulses.csv``, ``after_effect.csv``, ``findings.csv`` and ``clicks.wav``.
    """
    metrics, response = results.metrics, results.response
    field = response.field
    numbers = {**asdict(metrics), "didt_A_per_s": field.didt_A_per_s}
    del numbers["regions"]
    for name in ("peak_m", "target_m"):
        point = numbers.pop(name)
        numbers |= {f"{name[:-2]}_{axis}_m": point[k] for k, axis in enumerate("xyz")} if point else {}
    if field.error is not None:
        numbers |= {"error_median": field.error.median, "error_p95": field.error.p95}
    _write_rows(folder / "metrics.csv", ("quantity", "value"), numbers.items())
    columns = [column.name for column in fields(RegionRow)]
    rows = ([getattr(row, column) for column in columns] for row in metrics.regions)
    _write_rows(folder / "regions.csv", columns, rows)
    if fired := response.recruitment:
        shares = ([row.region, row.area_m2, *row.share] for row in fired.regions)
        _write_rows(folder / "recruitment.csv", ("region", "area_m2", *fired.populations), shares)
    pulse = zip(response.waveform.time_s.tolist(), response.waveform.didt.tolist(), strict=True)
    _write_rows(folder / "waveform.csv", ("time_s", "didt"), pulse)
    if muscle := response.muscle:
        curve = muscle.curve
        pulses = (
            (amplitude, mep)
            for amplitude, meps in zip(curve.amplitude_mso.tolist(), curve.mep_V.tolist(), strict=True)
            for mep in meps
        )
        _write_rows(folder / "mep.csv", ("amplitude_mso", "mep_V"), pulses)
    if results.session is not None:
        _write_session(folder, results.session)


def write_navigation(folder: Path, pose: Pose) -> None:
    """The pose as text in mm (SimNIBS), as a Brainsight target and as a Localite marker."""
    name = pose.target if isinstance(pose, Placement) else "tmsim"
    poses_mm = {name: pose.to_simnibs_mm()}
    write_pose(pose, folder / "pose_simnibs.txt")
    navigation.write_brainsight(folder / "pose_brainsight.txt", poses_mm)
    navigation.write_localite(folder / "pose_localite.xml", poses_mm)


def _write_session(folder: Path, session: Session) -> None:
    """Onsets by block; mean and SD over people of the change of the MEP; findings; the first half minute."""
    pulses = (
        (number, onset_s)
        for number, result in enumerate(session.blocks, start=1)
        for onset_s in result.block.train.onsets_s().tolist()
    )
    _write_rows(folder / "pulses.csv", ("block", "onset_s"), pulses)
    after = (
        (number, *row)
        for number, result in enumerate(session.blocks, start=1)
        if (group := result.group) is not None
        for row in zip(group.effect.time_s.tolist(), group.mean.tolist(), group.sd.tolist(), strict=True)
    )
    _write_rows(folder / "after_effect.csv", ("block", "time_s", "mean_change", "sd"), after)
    columns = ("severity", "rule", "value", "limit", "unit", "source", "status", "message")
    findings = ([getattr(finding, column) for column in columns] for finding in session.findings)
    _write_rows(folder / "findings.csv", columns, findings)
    write_wav(click_train(session.blocks[0].block.train), folder / "clicks.wav")


def write_report_of(folder: Path, results: Results, provenance: Provenance) -> None:
    """``report.html``: one file with pictures, numbers, methods, provenance and the plan beside it."""
    from tmsim.report import ReportInput, write_report  # matplotlib takes a second to load

    told = {
        **provenance.environment,
        "code SHA-256": provenance.code_sha256,
        "plan SHA-256": provenance.spec_sha256,
        **{f"{name} SHA-256": digest for name, digest in provenance.inputs_sha256.items()},
        "seed": str(provenance.seed),
    }
    solved, response = results.solved, results.response
    report = ReportInput(
        head=solved.head,
        coil=solved.coil,
        pose=solved.pose,
        field=response.field,
        metrics=results.metrics,
        uncertainty=results.uncertainty,
        chain=explain(results),
        response=response,
        session=results.session,
        transmission=results.transmission,
        brain=results.brain,
        weeks=results.weeks,
        plan_toml=(folder / "plan.toml").read_text(encoding="utf-8"),
        provenance=told,
        citations=provenance.citations,
    )
    write_report(report, folder / "report.html")


def _size(vectors: FloatArray) -> FloatArray:
    return np.linalg.norm(vectors, axis=1)


def _write_rows(path: Path, header: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(["" if value is None else value for value in row] for row in rows)
