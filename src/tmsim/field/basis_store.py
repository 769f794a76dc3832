"""Field bases in the user's cache: one folder each, its large array mapped into memory.

A basis is kept under the content that decides it: head, points, spec, code. While it is built, solved blocks
lie in the same cache, so that a build that was stopped goes on where it was.
"""

from __future__ import annotations

import json
import shutil
import zlib
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tmsim.core import Progress, as_array, read_only
from tmsim.core.cache import Cache, stage_key
from tmsim.field.basis import BasisSpec, FieldBasis
from tmsim.field.basis_build import build
from tmsim.field.modes import Modes
from tmsim.field.shell import Shell
from tmsim.head import Head

_ROOMS = ("core", "coil", "field", "head")
_PANELS, _REST = "panels.npy", "basis.npz"


def load_or_build(
    head: Head, spec: BasisSpec, *, points_m: npt.ArrayLike | None, cache: Cache | None, progress: Progress
) -> FieldBasis:
    """See :meth:`FieldBasis.load_or_build`."""
    cache = cache or Cache()
    key = basis_key(head, spec, points_m)

    def fill(folder: Path) -> None:
        blocks = folder / "blocks"
        blocks.mkdir(exist_ok=True)
        save(build(head, spec, points_m=points_m, folder=blocks, progress=progress), folder)
        shutil.rmtree(blocks)

    try:
        for _ in range(2):
            found = read(cache.filled(key, fill, about=_in_words(head, spec, points_m)))
            if found is not None:
                return found
            cache.remove(key)  # damaged: made anew
    except OSError:  # the folder can't be written, or another process has finished the same basis meanwhile
        found = load(head, spec, points_m=points_m, cache=cache)
        if found is not None:
            return found
    return build(head, spec, points_m=points_m, folder=None, progress=progress)


def load(
    head: Head, spec: BasisSpec, *, points_m: npt.ArrayLike | None, cache: Cache | None
) -> FieldBasis | None:
    """See :meth:`FieldBasis.load`."""
    folder = (cache or Cache()).found(basis_key(head, spec, points_m))
    return None if folder is None else read(folder)


def basis_key(head: Head, spec: BasisSpec, points_m: npt.ArrayLike | None) -> str:
    """The name under which a basis is kept."""
    tensors = head.tensors_S_per_m
    return stage_key(
        "basis",
        head.nodes_m,
        head.tets,
        head.tags,
        head.element_sigma_S_per_m if tensors is None else tensors,
        "mid-cortex" if points_m is None else as_array("points", points_m, (None, 3)),
        asdict(spec),
        rooms=_ROOMS,
    )


def _in_words(head: Head, spec: BasisSpec, points_m: npt.ArrayLike | None) -> str:
    where = "mid-cortex" if points_m is None else f"{len(as_array('points', points_m, (None, 3))):,} points"
    return f"field basis of {head.name}, P{spec.order}, {spec.modes} modes, {where}"


def save(basis: FieldBasis, folder: Path) -> None:
    """Write a basis into a folder."""
    np.save(folder / _PANELS, basis.panels)
    about = {
        "head": basis.head_name,
        "spec": asdict(basis.spec),
        "relative_residual": basis.relative_residual,
        "fit_depth_m": basis.shell.fit_depth_m,
        "crc32": _checksum(basis.panels),
    }
    arrays: dict[str, Any] = {name: getattr(basis, name) for name in ("points_m", "tets", "scales")}
    for part in (basis.shell, basis.modes):
        arrays |= {f.name: getattr(part, f.name) for f in fields(part) if f.name not in about}
    np.savez(folder / _REST, about=np.array(json.dumps(about)), **arrays)


def read(folder: Path) -> FieldBasis | None:
    """The basis in a folder, its panels mapped into memory, or None where it is damaged."""
    try:
        with (folder / _REST).open("rb") as stored, np.load(stored, allow_pickle=False) as file:
            arrays = {name: read_only(file[name]) for name in file.files}
        about = json.loads(str(arrays["about"]))
        panels = np.load(folder / _PANELS, mmap_mode="r", allow_pickle=False)
        if _checksum(panels) != about["crc32"]:  # a flipped bit doesn't pass, and now the pages are in memory
            return None
        values: dict[str, Any] = {**arrays, **about}
        return FieldBasis(
            head_name=about["head"],
            spec=BasisSpec(**about["spec"]),
            shell=Shell(**{f.name: values[f.name] for f in fields(Shell)}),
            modes=Modes(**{f.name: values[f.name] for f in fields(Modes)}),
            points_m=arrays["points_m"],
            tets=arrays["tets"],
            panels=panels,
            scales=arrays["scales"],
            relative_residual=about["relative_residual"],
        )
    except Exception:  # a broken file raises a dozen kinds of error, and all mean: make it again
        return None


def _checksum(panels: npt.NDArray[Any]) -> int:
    return zlib.crc32(panels.data)
