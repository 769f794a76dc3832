"""Coils by name and from files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tmsim.coil.parameters import CATALOGUE
from tmsim.coil.types import Coil, Dipoles
from tmsim.coil.windings import build
from tmsim.core import InputError
from tmsim.formats import ccd


def list_coils() -> tuple[str, ...]:
    """Names of the built-in coils, in the order of the catalogue."""
    return tuple(CATALOGUE)


def load(source: str | Path, *, deformation: Mapping[int | str, float] | None = None) -> Coil:
    """See :meth:`Coil.load`."""
    if deformation and not str(source).lower().endswith(".tcd"):
        raise InputError("deformation", f"given for {source}", "a .tcd file with movable parts")
    if isinstance(source, str) and source in CATALOGUE:
        return build(source)
    path = Path(source)
    suffix = path.name.lower()
    if suffix.endswith(".ccd"):
        return _from_ccd(path)
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
        note="Read from a file; not checked further.",
    )
