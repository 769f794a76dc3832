"""Coil poses as navigation systems write them: Brainsight text and Localite XML.

In memory a pose is a 4x4 ``matsimnibs`` in mm, in the coordinates of the T1 (RAS): columns x, y, z and
centre, z into the head, -y along the handle. With SimNIBS columns x, y, z the systems store as their first,
second and third column:

===========  ======  ======  ======  =============================
system       first   second  third   note
===========  ======  ======  ======  =============================
SimNIBS      x       y       z       z into the head, handle at -y
Brainsight   -x      y       -z      z out of the head
Localite     z       -y      x       x into the head
===========  ======  ======  ======  =============================

Both maps are their own inverses. The same T1 must have been loaded in the navigation system as in the
simulation: no file says so, so nothing here can check it.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tmsim.core import FloatArray, InputError, read_only
from tmsim.core.frames import as_rigid
from tmsim.formats.files import read_bytes

# Columns of the navigation system, as combinations of those of SimNIBS.
AXES: dict[str, FloatArray] = {
    "SimNIBS": read_only(np.eye(4)),
    "Brainsight": read_only(np.diag([-1.0, 1.0, -1.0, 1.0])),
    "Localite": read_only(np.array([[0.0, 0, 1, 0], [0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]])),
}

_LARGEST_BYTES = 64 * 2**20
_MATRIX_COLUMNS = [f"m{column}n{row}" for column in range(3) for row in range(3)]
_POSE_COLUMNS = ["Loc. X", "Loc. Y", "Loc. Z", *_MATRIX_COLUMNS]
_SPACE = re.compile(r"NIfTI:(?:[QS]:)?(Aligned|Scanner)\Z")
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def in_axes_of(system: str, matsimnibs_mm: npt.ArrayLike) -> FloatArray:
    """A SimNIBS 4x4 with its columns as ``system`` has them, or one of that system as SimNIBS has them."""
    if system not in AXES:
        raise InputError("navigation system", repr(system), f"one of {', '.join(AXES)}")
    return np.asarray(matsimnibs_mm, dtype=float) @ AXES[system]


def write_brainsight(path: Path, poses_mm: Mapping[str, npt.ArrayLike]) -> None:
    """Write poses as Brainsight targets: text of version 14, in ``NIfTI:S:Scanner`` coordinates.

    Parameters
    ----------
    poses_mm
        SimNIBS 4x4 by target name.
    """
    lines = [
        "# Version: 14",
        "# Coordinate system: NIfTI:S:Scanner",
        "# Created by: tmsim",
        "# Units: millimetres, degrees, milliseconds, and microvolts",
        "# Encoding: UTF-8",
        "# Notes: Each column is delimited by a tab. Each value within a column is delimited by a semicolon.",
        "# " + "\t".join(["Target Name", *_POSE_COLUMNS]),
    ]
    for name, pose in poses_mm.items():
        matrix = in_axes_of("Brainsight", as_rigid(name, pose))
        numbers = [*matrix[:3, 3], *matrix[:3, :3].T.ravel()]
        lines.append("\t".join([_one_line(name), *(f"{value:.6f}" for value in numbers)]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_brainsight(path: Path) -> dict[str, FloatArray]:
    """The poses of a Brainsight export, targets and samples, as SimNIBS 4x4 in mm by name.

    Rows without orientation, or with ``(null)`` in it, are left out; a repeated name gets a number.

    Raises
    ------
    InputError
        No Brainsight text; coordinates other than those of the NIfTI (``Brainsight`` and ``World``
        need the image, MNI is another brain); a matrix that is not rigid; or no pose at all.
    """
    text = read_bytes(path, _LARGEST_BYTES).decode("utf-8", errors="replace")
    space = None
    columns: list[str] = []
    poses: dict[str, FloatArray] = {}
    for line in text.splitlines():
        if line.startswith("#"):
            key, _, value = line[1:].strip().partition(":")
            cells = [cell.strip() for cell in line[1:].split("\t")]
            if key == "Coordinate system":
                space = value.strip()
                if _SPACE.match(space) is None:
                    raise InputError(
                        path.name, f"coordinate system {space!r}", "NIfTI:Scanner or NIfTI:Aligned",
                        "Export it again in the coordinates of the NIfTI image.",
                    )  # fmt: skip
            elif len(cells) > 1:
                columns = cells if set(_POSE_COLUMNS) <= set(cells) else []
        elif columns and line.strip():
            cells = dict(zip(columns, line.split("\t"), strict=False))
            words = [cells.get(name, "").strip() for name in _POSE_COLUMNS]
            if "(null)" in words or "" in words:
                continue
            if space is None:
                raise InputError(path.name, "no coordinate system", "a line '# Coordinate system: NIfTI:...'")
            name = _free_name(cells[columns[0]].strip() or "pose", poses)
            numbers = _numbers(path.name, words)
            matrix = np.eye(4)
            matrix[:3, 3], matrix[:3, :3] = numbers[:3], numbers[3:].reshape(3, 3).T
            poses[name] = in_axes_of("Brainsight", as_rigid(f"{path.name}, {name}", matrix))
    if not poses:
        raise InputError(path.name, "no coil pose", "a Brainsight text export with targets or samples")
    return poses


def write_localite(path: Path, poses_mm: Mapping[str, npt.ArrayLike]) -> None:
    """Write poses as a Localite instrument marker file, in RAS coordinates.

    Parameters
    ----------
    poses_mm
        SimNIBS 4x4 by marker name.
    """
    root = ET.Element("InstrumentMarkerList", coordinateSpace="RAS")
    for index, (name, pose) in enumerate(poses_mm.items()):
        matrix = in_axes_of("Localite", as_rigid(name, pose))
        holder = ET.SubElement(
            root, "InstrumentMarker", alwaysVisible="false", index=str(index), selected="false"
        )
        marker = ET.SubElement(
            holder,
            "Marker",
            additionalInformation="",
            color="#ff0000",
            description=_one_line(name),
            set="true",
        )
        cells = {f"data{i}{j}": f"{matrix[i, j]:.6f}" for i in range(4) for j in range(4)}
        ET.SubElement(marker, "Matrix4D", cells)
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding="UTF-8", xml_declaration=True)


def read_localite(path: Path) -> dict[str, FloatArray]:
    """The poses of a Localite instrument marker file, as SimNIBS 4x4 in mm by name.

    Markers that were not tracked (a matrix of zeros, or the bare swap of axes) are left out; a repeated
    name gets a number.

    Raises
    ------
    InputError
        No such XML; a coordinate space other than RAS or LPS; a matrix that is not rigid; or no pose.
    """
    data = read_bytes(path, _LARGEST_BYTES)
    # Entities are no part of the format, and a few bytes of them can unfold to gigabytes.
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise InputError(path.name, "XML with a document type", "a Localite instrument marker file")
    try:
        root = ET.fromstring(data)
    except (ET.ParseError, ValueError, LookupError):
        raise InputError(path.name, "not well-formed XML", "a Localite instrument marker file") from None
    space = root.get("coordinateSpace", "RAS")
    if space not in ("RAS", "LPS"):
        raise InputError(path.name, f"coordinate space {space!r}", "RAS or LPS")
    poses: dict[str, FloatArray] = {}
    for holder in root.iter("InstrumentMarker"):
        cells = next(holder.iter("Matrix4D"), None)
        if cells is None:
            continue
        words = [cells.get(f"data{i}{j}", "") for i in range(4) for j in range(4)]
        matrix = _numbers(path.name, words).reshape(4, 4)
        if not matrix[:3].any() or np.array_equal(matrix, AXES["Localite"]):
            continue
        marker = holder.find("Marker")
        name = _free_name((holder if marker is None else marker).get("description") or "pose", poses)
        matrix = as_rigid(f"{path.name}, {name}", _LPS_TO_RAS @ matrix if space == "LPS" else matrix)
        poses[name] = in_axes_of("Localite", matrix)
    if not poses:
        raise InputError(path.name, "no coil pose", "a Localite file with tracked instrument markers")
    return poses


def _numbers(name: str, words: list[str]) -> FloatArray:
    try:
        return np.array([float(word) for word in words])
    except ValueError:
        raise InputError(name, f"a pose of {' '.join(words)[:60]!r}", "numbers") from None


def _free_name(name: str, taken: Mapping[str, object]) -> str:
    number, free = 2, name
    while free in taken:
        number, free = number + 1, f"{name} ({number})"
    return free


def _one_line(name: str) -> str:
    """A name that cannot break a table or an XML attribute."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())
