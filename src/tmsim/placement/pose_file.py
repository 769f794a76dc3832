"""A pose as a text file: four rows of four numbers, the SimNIBS ``matsimnibs`` in mm."""

from __future__ import annotations

from pathlib import Path

from tmsim.core import InputError
from tmsim.placement.types import Pose

_LONGEST_FILE = 100_000  # bytes; sixteen numbers need far less


def read_pose(path: str | Path) -> Pose:
    """Read a 4x4 in the SimNIBS convention, in mm; numbers apart by spaces or commas, ``#`` for comments.

    Raises
    ------
    InputError
        The file is missing or is no rigid 4x4 in mm; shear, mirroring, scale, metres, NaN, a wrong shape and
        a transposed matrix are each named.
    """
    path = Path(path)
    try:
        if path.stat().st_size > _LONGEST_FILE:
            raise InputError(str(path), "a large file", "a text file with a 4x4 matrix")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            str(path), error.strerror or "not readable", "a text file with a 4x4 matrix"
        ) from None
    except UnicodeDecodeError:
        raise InputError(str(path), "not a text file", "a text file with a 4x4 matrix") from None
    lines = [line.split("#")[0].replace(",", " ").split() for line in text.splitlines()]
    rows = [line for line in lines if line]
    if [len(row) for row in rows] != [4, 4, 4, 4]:
        shape = f"rows of {', '.join(str(len(row)) for row in rows[:8])} numbers" if rows else "no numbers"
        raise InputError(str(path), shape, "four rows of four numbers")
    try:
        matrix = [[float(word) for word in row] for row in rows]
    except ValueError as error:
        raise InputError(str(path), str(error), "numbers only") from None
    return Pose.from_simnibs_mm(matrix, name=str(path))


def write_pose(pose: Pose, path: Path) -> None:
    """Write the pose as :func:`read_pose` reads it."""
    rows = [" ".join(f"{value:.9g}" for value in row) for row in pose.to_simnibs_mm()]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
