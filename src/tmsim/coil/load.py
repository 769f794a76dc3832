"""Coils by name and from files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from tmsim.coil.parameters import CATALOGUE
from tmsim.coil.types import Coil, Dipoles, Elements, RecordedWaveform, SampledPotential, Segments
from tmsim.coil.windings import build
from tmsim.core import FloatArray, InputError, Surface
from tmsim.core.frames import apply
from tmsim.formats import ccd, coil_nifti, tcd

_NOTE = "Read from a file; not checked further."


def list_coils() -> tuple[str, ...]:
    """Names of the built-in coils, in the order of the catalogue."""
    return tuple(CATALOGUE)


def load(source: str | Path, *, deformation: Mapping[int | str, float] | None = None) -> Coil:
    """See :meth:`Coil.load`."""
    path = Path(source)
    suffix = path.name.lower()
    if suffix.endswith(".tcd"):
        return _from_tcd(path, deformation or {})
    if deformation:
        raise InputError("deformation", f"given for {source}", "a .tcd file with movable parts")
    if isinstance(source, str) and source in CATALOGUE:
        return build(source)
    if suffix.endswith(".ccd"):
        return _from_ccd(path)
    if suffix.endswith((".nii", ".nii.gz")):
        return _from_nifti(path)
    raise InputError(
        "coil", repr(str(source)), f"one of {', '.join(CATALOGUE)}, or a .ccd, .tcd, .nii or .nii.gz file"
    )


def _from_ccd(path: Path) -> Coil:
    file = ccd.read(path)
    return Coil(
        name=path.stem,
        label=file.header.get("coilname", path.stem),
        elements=(Dipoles(positions_m=file.positions_m, moments_m2=file.moments_m2),),
        didt_max_A_per_s=file.didt_max_A_per_s,
        brand=file.header.get("brand", ""),
        stimulator=file.header.get("stimulator", ""),
        note=_NOTE,
    )


def _from_nifti(path: Path) -> Coil:
    file = coil_nifti.read(path)
    name = path.name.split(".nii")[0]
    field = SampledPotential(affine_m=file.affine_m, potential_Vs_per_m_A=file.potential_Vs_per_m_A)
    return Coil(name=name, label=name, elements=(field,), didt_max_A_per_s=file.didt_max_A_per_s, note=_NOTE)


def _from_tcd(path: Path, deformation: Mapping[int | str, float]) -> Coil:
    file = tcd.read(path)
    settings = _settings(path.name, file.ranges, deformation)
    elements: list[Elements] = []
    casings = [] if file.casing is None else [(file.models[file.casing], np.eye(4))]
    for part in file.elements:
        moved = np.eye(4)
        for k in part.deformations:
            moved = _matrix(file.deformations[k], settings) @ moved
        elements.append(_tcd_elements(part).moved(moved))
        if part.casing is not None:
            casings.append((file.models[part.casing], moved))
    # One current runs through all parts, so the weakest stimulator named sets the limit.
    used = [file.stimulators[part.stimulator] for part in file.elements]
    known = [s for s in used if s.didt_max_A_per_s is not None]
    driver = min(known, key=lambda s: s.didt_max_A_per_s or 0.0, default=used[0])
    return Coil(
        name=path.stem,
        label=file.name or path.stem,
        elements=tuple(elements),
        casing=_joined(casings),
        didt_max_A_per_s=driver.didt_max_A_per_s,
        waveform=_waveform(driver),
        brand=file.brand,
        stimulator=driver.name,
        note=_NOTE,
    )


def _settings(
    name: str, ranges: tuple[tcd.TcdRange, ...], deformation: Mapping[int | str, float]
) -> list[float]:
    settings = [r.initial for r in ranges]
    keys = {key: k for k in range(len(ranges)) for key in (k, str(k), f"range{k}")}
    for key, value in deformation.items():
        if key not in keys:
            known = ", ".join(f"range{k}" for k in range(len(ranges))) or "nothing: no part of it moves"
            raise InputError(f"deformation of {name}", repr(key), known)
        limits = ranges[keys[key]]
        if not limits.low <= value <= limits.high:
            raise InputError(
                f"deformation {key} of {name}", f"{value:g}", f"{limits.low:g} to {limits.high:g}"
            )
        settings[keys[key]] = float(value)
    return settings


def _matrix(deformation: tcd.TcdDeformation, settings: list[float]) -> FloatArray:
    value = settings[deformation.range]
    matrix = np.eye(4)
    if deformation.point1_m is None or deformation.point2_m is None:
        matrix["xyz".index(deformation.kind), 3] = value * 1e-3
        return matrix
    axis = deformation.point2_m - deformation.point1_m
    turn = Rotation.from_rotvec(axis / np.linalg.norm(axis) * value, degrees=True).as_matrix()
    matrix[:3, :3] = turn
    matrix[:3, 3] = deformation.point1_m - turn @ deformation.point1_m
    return matrix


def _tcd_elements(part: tcd.TcdElement) -> Elements:
    if part.affine_m is not None and part.grid is not None:
        return SampledPotential(affine_m=part.affine_m, potential_Vs_per_m_A=part.grid)
    assert part.points_m is not None
    assert part.vectors is not None
    if part.kind == "dipoles":
        return Dipoles(positions_m=part.points_m, moments_m2=part.vectors)
    half = part.vectors / 2
    return Segments(
        starts_m=part.points_m - half, ends_m=part.points_m + half, turns=np.ones(len(part.points_m))
    )


def _joined(casings: list[tuple[tcd.TcdModel, FloatArray]]) -> Surface | None:
    if not casings:
        return None
    points = [apply(moved, model.points_m) for model, moved in casings]
    first = np.cumsum([0] + [len(p) for p in points[:-1]])
    triangles = [model.triangles + k for (model, _), k in zip(casings, first, strict=True)]
    return Surface(points_m=np.concatenate(points), triangles=np.concatenate(triangles).astype(np.int32))


def _waveform(stimulator: tcd.TcdStimulator) -> RecordedWaveform | None:
    if stimulator.time_s is None or stimulator.signal is None:
        return None
    return RecordedWaveform(name=stimulator.waveform_name, time_s=stimulator.time_s, didt=stimulator.signal)
