"""``.ccd``: a coil as magnetic dipoles, in text.

A header line (``key=value`` pairs between semicolons), the number of dipoles, a comment, then one line
a dipole: position in m and moment in A m^2 per A of coil current (Thielscher2004).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tmsim.core import FloatArray, InputError
from tmsim.formats.files import read_bytes

_LARGEST_BYTES = 64 * 2**20


@dataclass(frozen=True, kw_only=True, eq=False)
class CcdFile:
    """Contents of a ``.ccd`` file."""

    header: dict[str, str]
    didt_max_A_per_s: float | None
    positions_m: FloatArray  # (n, 3)
    moments_m2: FloatArray  # (n, 3)


def read(path: Path) -> CcdFile:
    """Read a ``.ccd`` file, or refuse it.

    Raises
    ------
    InputError
        Missing, too large, not text, not numbers, or another number of dipoles than it declares.
    """
    name = path.name
    text = read_bytes(path, _LARGEST_BYTES).decode("utf-8", errors="replace")
    lines = text.splitlines()
    header = _header(lines[0]) if lines and lines[0].startswith("#") else {}
    rows = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not rows:
        raise InputError(name, "no dipoles", "a .ccd file: a count, then six numbers a line")
    try:
        count = int(rows[0])
        table = np.array([[float(v) for v in row.split()] for row in rows[1:]])
    except ValueError:
        raise InputError(
            name, "lines that aren't numbers or differ in length", "a count, then six numbers a line"
        ) from None
    if table.shape != (count, 6) or count < 1:
        raise InputError(
            name, f"{len(rows) - 1} rows where {count} dipoles are declared", "six numbers for each dipole",
            "The file may be cut short.",
        )  # fmt: skip
    if not np.isfinite(table).all():
        raise InputError(name, "NaN or infinite values", "finite numbers")
    return CcdFile(
        header=header,
        didt_max_A_per_s=_didt(name, header.get("dIdtmax")),
        positions_m=table[:, :3],
        moments_m2=table[:, 3:],
    )


def _header(line: str) -> dict[str, str]:
    # The first pair follows free text: "# D70.ccd version 1.0 number of elements; dIdtmax=114.73;x=...".
    pairs = (part.split("=", 1) for part in line.lstrip("#").split(";") if "=" in part)
    return {key.split()[-1]: value.strip() for key, value in pairs if key.strip()}


def _didt(name: str, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        value_A_per_us = float(text)
    except ValueError:
        value_A_per_us = math.nan
    if not 0 < value_A_per_us < 1e4:
        raise InputError(name, f"dIdtmax={text}", "a number of A/us above 0 and below 10000")
    return value_A_per_us * 1e6
