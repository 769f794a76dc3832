"""From percent of the stimulator's output to dI/dt: a figure of each pair of stimulator and coil."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from tmsim.coil import Coil
from tmsim.core import InputError
from tmsim.formats.files import read_bytes

_LARGEST = 1_000_000  # bytes
_COLUMNS = ("stimulator", "coil", "didt_max_A_per_us")
_PLAUSIBLE_A_PER_US = (1.0, 1000.0)

OutputTable = Mapping[tuple[str, str], float]
"""Peak dI/dt at full output by stimulator and coil. [A/s]"""


def read_output_table(path: str | Path) -> OutputTable:
    """Read a lab's own table, CSV with the columns ``stimulator,coil,didt_max_A_per_us``.

    Raises
    ------
    InputError
        The file is missing or has other columns; a pair is there twice; or a value isn't between 1 and
        1000 A/us.
    """
    path = Path(path)
    try:
        text = read_bytes(path, _LARGEST).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(str(path), "not a text file", f"a table with {', '.join(_COLUMNS)}") from None
    lines = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    if tuple(lines.fieldnames or ()) != _COLUMNS:
        raise InputError(
            str(path), f"columns {', '.join(lines.fieldnames or ('none',))}", ", ".join(_COLUMNS)
        )
    table: dict[tuple[str, str], float] = {}
    low, high = _PLAUSIBLE_A_PER_US
    for line in lines:
        stimulator, coil, text = ((line[name] or "").strip() for name in _COLUMNS)
        where = f"{path.name}, line {lines.line_num}"
        try:
            value = float(text)
        except ValueError:
            raise InputError(where, repr(text), "a number of A/us") from None
        if not low <= value <= high:
            raise InputError(where, f"{value:g} A/us", f"{low:g} to {high:g} A/us")
        if (stimulator, coil) in table:
            raise InputError(where, f"{stimulator}, {coil} a second time", "each pair once")
        table[stimulator, coil] = value * 1e6
    return table


def didt_max_A_per_s(coil: Coil, *, stimulator: str = "", table: OutputTable | None = None) -> float:
    """Peak dI/dt of ``coil`` at full output: that of the table, or else the coil's own. [A/s]

    Parameters
    ----------
    stimulator
        Which one drives the coil, in the table's words; by default the one that the coil's own figure was
        taken with.
    table
        From :func:`read_output_table`.

    Raises
    ------
    InputError
        Neither knows, or the coil's own figure is of another stimulator.
    """
    stimulator = stimulator or coil.stimulator
    if table and (stimulator, coil.name) in table:
        return table[stimulator, coil.name]
    cure = "Give a table with stimulator, coil and A/us, or the intensity in A/us."
    pair = f"{coil.name} on {stimulator or 'an unnamed stimulator'}"
    if coil.didt_max_A_per_s is None:
        raise InputError("maximal dI/dt", f"unknown for {pair}", "a known pair", cure)
    if stimulator != coil.stimulator:
        raise InputError("maximal dI/dt", f"unknown for {pair}", coil.stimulator or "a known pair", cure)
    return coil.didt_max_A_per_s
