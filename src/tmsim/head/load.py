"""Read a head: built-in, gmsh file or label volume."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from tmsim.core import InputError
from tmsim.formats import msh
from tmsim.formats.nifti import read_labels
from tmsim.head.builtin import builtin_names, load_builtin
from tmsim.head.faults import Fault, MeshArrays, find_faults, mend
from tmsim.head.types import Head, Labels, Origin

_SUFFIXES = (".msh", ".nii", ".nii.gz")


def load(source: str | Path, *, repair: bool = False) -> Head:
    """`Head.load`."""
    if str(source) in builtin_names():
        return load_builtin(str(source))
    path = Path(source)
    labels = _labels(path) if _suffix(path) != ".msh" else None
    mesh = _mesh(path, labels)
    note = ""
    if faults := find_faults(mesh):
        if not repair or not all(fault.repair for fault in faults):
            _refuse(path.name, faults)
        mesh = mend(mesh)
        # Mending one fault may bare another: dropped elements leave nodes behind, or cut the head in two.
        if left := find_faults(mesh):
            _refuse(path.name, left)
        note = "Repaired: " + "; ".join(f"{fault.found}, {fault.repair}" for fault in faults) + "."
    return Head(
        name=path.name.removesuffix(_suffix(path)),
        nodes_m=mesh.nodes_m,
        tets=mesh.tets,
        tags=mesh.tags,
        labels=labels,
        origin=Origin(source=path.name, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), note=note),
    )


def read_mesh(source: str | Path) -> MeshArrays:
    """The mesh of a head as its file gives it, faults and all; label volumes are meshed."""
    if str(source) in builtin_names():
        head = load_builtin(str(source))
        return MeshArrays(nodes_m=head.nodes_m, tets=head.tets, tags=head.tags)
    path = Path(source)
    return _mesh(path, _labels(path) if _suffix(path) != ".msh" else None)


def _suffix(path: Path) -> str:
    for suffix in _SUFFIXES:
        if path.name.lower().endswith(suffix):
            return path.name[-len(suffix) :]
    if path.exists():
        raise InputError(str(path), "a file of another kind", f"a file that ends in {', '.join(_SUFFIXES)}")
    raise InputError(
        "head", repr(str(path)), f"a file ({', '.join(_SUFFIXES)}) or one of {', '.join(builtin_names())}"
    )


def _labels(path: Path) -> Labels:
    tags, affine_m = read_labels(path)
    return Labels(tags=tags, affine_m=affine_m)


def _mesh(path: Path, labels: Labels | None) -> MeshArrays:
    if labels is not None:
        from tmsim.head.lattice import mesh_labels

        return mesh_labels(labels)
    mesh = msh.read(path)
    return MeshArrays(nodes_m=np.ascontiguousarray(mesh.nodes_mm) * 1e-3, tets=mesh.tets, tags=mesh.tet_tags)


def _refuse(name: str, faults: tuple[Fault, ...]) -> None:
    """One sentence: a fault past repair if there is one, or else all that can be mended."""
    for fault in faults:
        if not fault.repair:
            raise InputError(name, fault.found, fault.expected)
    found = ", ".join(fault.found for fault in faults)
    expected = faults[0].expected if len(faults) == 1 else "a sound mesh"
    raise InputError(name, found, expected, "Load it with repair=True (--repair) to have that mended.")
