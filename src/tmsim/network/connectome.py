"""Connectomes by name or from a file."""

from __future__ import annotations

import csv
from importlib import resources
from pathlib import Path

import numpy as np

from tmsim.core import InputError
from tmsim.network.types import Connectome

BUILT_IN = {
    "enigma-82": "Group of the Human Connectome Project by the ENIGMA toolbox (Lariviere2021): log-scaled "
    "streamlines and functional connectivity clipped at 0, 68 Desikan-Killiany and 14 subcortical regions; "
    "lengths are straight lines between their centres",
}
"""Connectomes that come with tmsim, and where each is from."""

_LAYOUT = (
    "a first line of labels and a line of numbers for each region; a first column of labels may be there"
)


def connectome(name_or_path: str | Path = "enigma-82") -> Connectome:
    """A connectome by its name, or from the user's ``.csv`` or ``.npz`` file.

    A CSV has the labels in its first line and a line of weights for each region, which may begin with its
    label. An npz has ``labels`` and ``weights``, and may have ``lengths_m`` and ``functional``.

    Raises
    ------
    InputError
        There is no such connectome or file, or it can't be used; the sentence says why.
    """
    text = str(name_or_path)
    if text in BUILT_IN:
        with resources.as_file(resources.files("tmsim.network") / "data" / f"{text}.npz") as path:
            return _from_npz(path, text, BUILT_IN[text])
    path = Path(text)
    readers = {".csv": _from_csv, ".npz": _from_npz}
    if path.suffix.lower() not in readers:
        raise InputError("connectome", repr(text), f"{', '.join(BUILT_IN)}, or a .csv or .npz file")
    if not path.is_file():
        raise InputError("connectome", f"{text} is not there", "an existing .csv or .npz file")
    return readers[path.suffix.lower()](path, path.name, f"the file {path.name}")


def _from_npz(path: Path, name: str, source: str) -> Connectome:
    try:
        with np.load(path, allow_pickle=False) as archive:
            found = {key: archive[key] for key in archive.files}
    except (OSError, ValueError, EOFError) as fault:
        raise InputError(name, "not a readable npz file", "one written by numpy.savez") from fault
    missing = [key for key in ("labels", "weights") if key not in found]
    if missing:
        raise InputError(name, f"no array {' and '.join(missing)}", "labels and weights")
    try:
        return Connectome(
            name=name,
            labels=tuple(str(label) for label in np.ravel(found["labels"])),
            weights=found["weights"],
            lengths_m=found.get("lengths_m"),
            functional=found.get("functional"),
            source=source,
        )
    except (TypeError, ValueError) as fault:
        if isinstance(fault, InputError):
            raise
        raise InputError(name, "arrays that hold no numbers", "numbers") from fault


def _from_csv(path: Path, name: str, source: str) -> Connectome:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except (UnicodeDecodeError, csv.Error) as fault:
        raise InputError(name, "not a text of comma-separated values", _LAYOUT) from fault
    if len(rows) < 3:
        raise InputError(name, f"{len(rows)} lines", _LAYOUT)
    labels, body = [cell.strip() for cell in rows[0]], rows[1:]
    if all(_is_number(cell) for cell in labels):
        raise InputError(name, "no labels in its first line", _LAYOUT)
    if len(labels) == len(body) + 1 and not any(_is_number(row[0]) for row in body):  # lines are labelled too
        labels, lines = labels[1:], [row[0].strip() for row in body]
        if lines != labels:
            raise InputError(
                name, "labels of lines differ from those of columns", "the same, in the same order"
            )
        body = [row[1:] for row in body]
    try:
        weights = [[float(cell) for cell in row] for row in body]
    except ValueError as fault:
        raise InputError(name, f"not a number: {str(fault).split(': ')[-1]}", _LAYOUT) from fault
    if len(weights) != len(labels) or any(len(row) != len(labels) for row in weights):
        widths = sorted({len(row) for row in weights})
        raise InputError(
            name,
            f"{len(weights)} lines of {' to '.join(str(width) for width in (widths[0], widths[-1]))} numbers "
            f"under {len(labels)} labels",
            "a square matrix",
        )
    return Connectome(name=name, labels=tuple(labels), weights=np.array(weights), source=source)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
