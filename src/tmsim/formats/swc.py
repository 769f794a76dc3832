"""``.swc``: the shape of a nerve cell, in text (Cannon1998).

One point a line, after comments that start with ``#``: number, kind (1 soma, 2 axon, 3 basal and 4 apical
dendrite), x, y, z and radius in um, and the number of the point before it, -1 for the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tmsim.core import FloatArray, InputError, IntArray
from tmsim.formats.files import read_bytes

SOMA, AXON, BASAL, APICAL = 1, 2, 3, 4
_LARGEST_BYTES = 64 * 2**20
_LARGEST_um = 50_000.0  # axons leave a slice long before
_RADII_um = (0.01, 100.0)
_ROW = "number, kind, x, y, z, radius, parent"


@dataclass(frozen=True, kw_only=True, eq=False)
class SwcFile:
    """Contents of an ``.swc`` file; parents stand before their children."""

    kinds: IntArray  # (n,)
    points_um: FloatArray  # (n, 3)
    radii_um: FloatArray  # (n,)
    parents: IntArray  # (n,) index; -1 for the first


def read(path: Path) -> SwcFile:
    """Read an ``.swc`` file, or refuse it.

    Raises
    ------
    InputError
        Missing, too large, not such a table, kinds other than 1 to 4, no or several first points, parents
        that are missing or run in a circle, or sizes that no cell has.
    """
    name = path.name
    text = read_bytes(path, _LARGEST_BYTES).decode("utf-8", errors="replace")
    rows = [line.split() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not rows:
        raise InputError(name, "no points", f"one a line: {_ROW}")
    try:
        table = np.array([[float(value) for value in row] for row in rows])
    except ValueError:
        raise InputError(name, "lines that aren't numbers or differ in length", _ROW) from None
    if table.shape[1] != 7:
        raise InputError(name, f"{table.shape[1]} columns", f"7: {_ROW}")
    if not np.isfinite(table).all():
        raise InputError(name, "NaN or infinite values", "finite numbers")
    if (table[:, [0, 1, 6]] % 1).any():
        raise InputError(name, "numbers, kinds or parents with a fraction", "whole ones")
    numbers, kinds, parents = (table[:, k].astype(np.int64).tolist() for k in (0, 1, 6))
    if len(set(numbers)) != len(numbers):
        raise InputError(name, "a number that occurs twice", "one number for each point")
    strange = sorted(set(kinds) - {SOMA, AXON, BASAL, APICAL})
    if strange:
        raise InputError(
            name, f"points of kind {strange[0]}", "1 soma, 2 axon, 3 basal or 4 apical dendrite",
            "Give them one of these kinds, or leave them out.",
        )  # fmt: skip
    _check_sizes(name, table[:, 2:5], table[:, 5])
    order, above = _ordered(name, numbers, parents)
    return SwcFile(
        kinds=np.array(kinds, dtype=np.int32)[order],
        points_um=table[order, 2:5],
        radii_um=table[order, 5],
        parents=np.array(above, dtype=np.int32),
    )


def _check_sizes(name: str, points_um: FloatArray, radii_um: FloatArray) -> None:
    low, high = _RADII_um
    if radii_um.min() < low or radii_um.max() > high:
        raise InputError(
            name, f"radii from {radii_um.min():g} to {radii_um.max():g}", f"{low:g} to {high:g} um",
            "Is the file in um?",
        )  # fmt: skip
    extent = float(np.ptp(points_um, axis=0).max())
    if extent > _LARGEST_um:
        raise InputError(
            name, f"a cell {extent:.4g} um across", f"at most {_LARGEST_um:g} um", "Is the file in um?"
        )


def _ordered(name: str, numbers: list[int], parents: list[int]) -> tuple[list[int], list[int]]:
    """Points from the first one outwards, and the place of each one's parent in that order."""
    firsts = [k for k, parent in enumerate(parents) if parent == -1]
    if len(firsts) != 1:
        raise InputError(name, f"{len(firsts)} points without a parent", "one, from which the cell grows")
    place = {number: k for k, number in enumerate(numbers)}
    children: dict[int, list[int]] = {}
    for k, (number, parent) in enumerate(zip(numbers, parents, strict=True)):
        if parent == -1:
            continue
        if parent not in place:
            raise InputError(name, f"point {number} follows {parent}, which isn't there", "its parent")
        children.setdefault(place[parent], []).append(k)
    order, above, waiting = [], [], [(firsts[0], -1)]
    while waiting:
        point, parent = waiting.pop()
        order.append(point)
        above.append(parent)
        waiting += [(child, len(order) - 1) for child in reversed(children.get(point, []))]
    if len(order) < len(numbers):
        raise InputError(name, "parents that run in a circle", "a tree")
    return order, above
