"""The heads that come with tmsim: a packed mesh, a label volume and a metadata file each.

``scripts/build_colin27.py`` makes them. The mesh is packed so that a million tetrahedra take some 5 MB:
nodes are 16-bit multiples of a few micrometres in Morton order, and tetrahedra are sorted and stored as
differences, which compress well. Morton order also keeps neighbours close in memory for the solvers.
"""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from tmsim.core import FloatArray, InputError, IntArray
from tmsim.core.curve import along_curve
from tmsim.formats.nifti import read_labels
from tmsim.head.types import Fiducials, Head, Labels, Origin

DATA = Path(__file__).parent / "data"

NODE_STEP_m = 4e-6
"""Unit of the stored node positions: 16 bits span 262 mm, and 4 um is far below any mesh size."""


def builtin_names() -> tuple[str, ...]:
    """Names that `Head.load` takes without a file."""
    return tuple(sorted(folder.parent.name for folder in DATA.glob("*/head.toml")))


def metadata(name: str) -> dict[str, Any]:
    """What is known of a built-in head: sources, recipe, licence, known defects, landmarks."""
    return tomllib.loads((DATA / name / "head.toml").read_text(encoding="utf-8"))


def load_builtin(name: str) -> Head:
    """Read a built-in head; `builtin_names` lists them."""
    if name not in builtin_names():
        raise InputError("head", repr(name), f"a file or one of {', '.join(builtin_names())}")
    about = metadata(name)
    mesh = DATA / name / "mesh.npz"
    nodes_m, tets, tags = unpack_mesh(mesh)
    labels, affine_m = read_labels(DATA / name / "labels.nii.gz")
    return Head(
        name=name,
        nodes_m=nodes_m,
        tets=tets,
        tags=tags,
        origin=Origin(
            source=about["title"],
            sha256=hashlib.sha256(mesh.read_bytes()).hexdigest(),
            licence=about["licence"],
            note=" ".join(about["known_defects"]),
        ),
        head_to_mni=np.array(about["head_to_mni"]),
        labels=Labels(tags=labels, affine_m=affine_m),
        fiducials=Fiducials(**{key: tuple(value) for key, value in about["fiducials_m"].items()}),
    )


def pack_mesh(path: Path, nodes_m: FloatArray, tets: IntArray, tags: IntArray) -> None:
    """Write a positively oriented mesh packed; nodes and tetrahedra are put in Morton order."""
    order = along_curve(nodes_m)
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order))
    steps = np.round(nodes_m[order] / NODE_STEP_m)
    if np.abs(steps).max() > np.iinfo(np.int16).max:
        raise InputError(
            "nodes", f"reach {np.abs(nodes_m).max():.3f} m", "a head within 0.131 m of the origin"
        )
    rows = _sorted_keeping_orientation(rank[tets])
    by_first = np.lexsort(rows.T[::-1])
    rows = rows[by_first]
    packed = rows - rows[:, :1]
    packed[:, 0] = np.diff(rows[:, 0], prepend=0)
    np.savez_compressed(
        path,
        nodes=np.ascontiguousarray(steps.T.astype(np.int16)),
        tets=np.ascontiguousarray(packed.T.astype(np.int32)),
        tags=tags[by_first].astype(np.uint8),
    )


def unpack_mesh(path: Path) -> tuple[FloatArray, IntArray, IntArray]:
    """Nodes in metres, tetrahedra and tags of a packed mesh."""
    with np.load(path) as packed:
        nodes_m = np.ascontiguousarray(packed["nodes"].T) * NODE_STEP_m
        tets = packed["tets"].T.copy()
        tags = packed["tags"].astype(np.int32)
    tets[:, 0] = np.cumsum(tets[:, 0])
    tets[:, 1:] += tets[:, :1]
    return nodes_m, tets, tags


def _sorted_keeping_orientation(tets: IntArray) -> IntArray:
    """Corners of each tetrahedron in rising order, the last two swapped where orientation needs it."""
    order = np.argsort(tets, axis=1)
    out = np.take_along_axis(tets, order, axis=1)
    odd = np.linalg.det(np.eye(4)[order]) < 0
    out[odd, 2:] = out[odd, :1:-1]
    return out
