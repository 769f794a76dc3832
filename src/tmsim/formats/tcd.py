"""``.tcd``: a coil in JSON, with parts that move, casings and stimulators (SimNIBS).

Lengths in the file are mm, here m; only the ranges of deformations keep mm and degrees. Arrays are nested
lists, or base64 of little-endian float64 (int64 for faces), with or without zlib. Read are dipoles, line
segments (each a midpoint and a vector) and vector potentials on a grid; casings; deformations with their
ranges; the first waveform of each stimulator. Passed over: ``limits`` and ``resolution`` (hints for
resampling), the self-intersection groups and the minimum-distance points (hints for a placement search that
is not ours). Grids stored as Python pickles, which some versions write, are refused: unpickling can run code.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tmsim.core import FloatArray, InputError, IntArray, as_array, as_index_array
from tmsim.formats.files import decompress, read_bytes

_LARGEST_BYTES = 128 * 2**20

ElementKind = Literal["dipoles", "segments", "grid"]
DeformationKind = Literal["x", "y", "z", "rot2p"]


@dataclass(frozen=True, kw_only=True, eq=False)
class TcdElement:
    """One group of elements.

    Dipoles have ``points_m`` and ``vectors``, their moments in A m^2 per A; segments the same, with length
    and direction in m; a sampled potential has ``affine_m`` and ``grid`` in V s/m per A.
    """

    kind: ElementKind
    stimulator: int
    deformations: tuple[int, ...]
    casing: int | None
    points_m: FloatArray | None = None
    vectors: FloatArray | None = None
    affine_m: FloatArray | None = None
    grid: FloatArray | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class TcdDeformation:
    """A translation along an axis, or a right-handed rotation about the line from one point to another."""

    kind: DeformationKind
    range: int
    point1_m: FloatArray | None = None
    point2_m: FloatArray | None = None


@dataclass(frozen=True, kw_only=True)
class TcdRange:
    """What a deformation may be, in the file's units: mm or degrees."""

    initial: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, eq=False)
class TcdStimulator:
    """A stimulator and the first of its recorded pulses."""

    name: str
    brand: str
    didt_max_A_per_s: float | None
    waveform_name: str = ""
    time_s: FloatArray | None = None
    signal: FloatArray | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class TcdModel:
    """A triangle surface of a casing."""

    points_m: FloatArray
    triangles: IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class TcdFile:
    """Contents of a ``.tcd`` file."""

    name: str
    brand: str
    casing: int | None
    elements: tuple[TcdElement, ...]
    deformations: tuple[TcdDeformation, ...]
    ranges: tuple[TcdRange, ...]
    stimulators: tuple[TcdStimulator, ...]
    models: tuple[TcdModel, ...]


def read(path: Path) -> TcdFile:
    """Read a ``.tcd`` file, or refuse it.

    Raises
    ------
    InputError
        Missing, damaged, or not what the format says; the sentence names the entry.
    """
    data = read_bytes(path, _LARGEST_BYTES)
    try:
        root = json.loads(data)
    except (ValueError, RecursionError):
        raise InputError(path.name, "not JSON", "an undamaged .tcd file") from None
    file = _Entry(path.name, root)
    models = tuple(_model(entry) for entry in file.entries("coilModels"))
    ranges = tuple(_range(entry) for entry in file.entries("deformRangeList"))
    deformations = tuple(_deformation(entry, len(ranges)) for entry in file.entries("deformList"))
    stimulators = tuple(_stimulator(entry) for entry in file.entries("stimulatorList"))
    counts = len(stimulators), len(deformations), len(models)
    elements = tuple(_element(entry, *counts) for entry in file.entries("coilElementList"))
    if not elements:
        raise InputError(path.name, "no coil elements", "a .tcd file with a coilElementList")
    return TcdFile(
        name=file.text("name"),
        brand=file.text("brand"),
        casing=file.index("coilCasing", len(models)) if file.has("coilCasing") else None,
        elements=elements,
        deformations=deformations,
        ranges=ranges,
        stimulators=stimulators,
        models=models,
    )


class _Entry:
    """A JSON object, asked for one checked value at a time; ``where`` names it in refusals."""

    def __init__(self, where: str, value: Any) -> None:
        self.where = where
        if not isinstance(value, dict):
            raise InputError(where, f"a JSON {type(value).__name__}", "a JSON object")
        self._value = value

    def has(self, key: str) -> bool:
        return self._value.get(key) is not None

    def refuse(self, key: str, found: str, expected: str) -> InputError:
        return InputError(f"{self.where}, {key}", found, expected)

    def entries(self, key: str) -> list[_Entry]:
        found = self._value.get(key, [])
        if not isinstance(found, list):
            raise self.refuse(key, f"a JSON {type(found).__name__}", "a list")
        return [_Entry(f"{self.where}, {key}[{k}]", item) for k, item in enumerate(found)]

    def text(self, key: str) -> str:
        return str(self._value.get(key, ""))[:200]

    def number(self, key: str) -> float:
        return float(self.array(key, ()))

    def index(self, key: str, below: int) -> int:
        return _checked_index(self, key, self._value.get(key), below)

    def indices(self, key: str, below: int) -> tuple[int, ...]:
        found = self._value.get(key, [])
        if not isinstance(found, list):
            raise self.refuse(key, f"a JSON {type(found).__name__}", "a list of indices")
        return tuple(_checked_index(self, key, k, below) for k in found)

    def array(self, key: str, shape: tuple[int | None, ...]) -> FloatArray:
        found = self._value.get(key)
        if found is None:
            raise self.refuse(key, "missing", "numbers")
        if isinstance(found, str):
            found = self._decoded(key, found, "<f8", shape)
        try:
            return as_array(f"{self.where}, {key}", found, shape)
        except InputError:
            raise
        except (ValueError, TypeError, OverflowError):
            raise self.refuse(key, "not an array of numbers", "numbers") from None

    def index_array(self, key: str, shape: tuple[int | None, ...], below: int) -> IntArray:
        found = self._value.get(key)
        if found is None:
            raise self.refuse(key, "missing", "integers")
        if isinstance(found, str):
            found = self._decoded(key, found, "<i8", shape)
        try:
            return as_index_array(f"{self.where}, {key}", found, shape, below)
        except InputError:
            raise
        except (ValueError, TypeError, OverflowError):
            raise self.refuse(key, "not an array of integers", "integers") from None

    def _decoded(self, key: str, text: str, dtype: str, shape: tuple[int | None, ...]) -> np.ndarray:
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise self.refuse(key, "not base64", "base64 or nested lists") from None
        if None in shape[1:]:
            raise self.refuse(key, "packed binary", "nested lists, which carry the shape of the grid")
        # A zlib stream starts with 0x78 and a header divisible by 31, by its definition.
        if len(data) > 1 and data[0] == 0x78 and int.from_bytes(data[:2], "big") % 31 == 0:
            data = decompress(f"{self.where}, {key}", data, _LARGEST_BYTES)
        row = 8 * math.prod(n for n in shape[1:] if n is not None)
        if len(data) % row:
            raise self.refuse(key, f"{len(data)} bytes", f"a multiple of {row}")
        return np.frombuffer(data, dtype).reshape(-1, *shape[1:])


def _checked_index(entry: _Entry, key: str, value: Any, below: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < below:
        raise entry.refuse(key, str(value)[:40], f"an index from 0 to {below - 1}")
    return value


def _element(entry: _Entry, stimulators: int, deformations: int, models: int) -> TcdElement:
    kinds: tuple[ElementKind, ...] = ("dipoles", "segments", "grid")
    number = entry.index("type", 4)
    if number == 0:
        raise entry.refuse("type", "0", "1 (dipoles), 2 (line segments) or 3 (grid)")
    kind = kinds[number - 1]
    common: dict[str, Any] = {
        "kind": kind,
        "stimulator": entry.index("stimulator", stimulators),
        "deformations": entry.indices("deformations", deformations),
        "casing": entry.index("elementCasing", models) if entry.has("elementCasing") else None,
    }
    if kind == "grid":
        affine_m = np.diag([1e-3, 1e-3, 1e-3, 1.0]) @ entry.array("affine", (4, 4))
        return TcdElement(**common, affine_m=affine_m, grid=entry.array("data", (None, None, None, 3)))
    points = entry.array("points", (None, 3))
    vectors = entry.array("values", (len(points), 3))
    if not len(points):
        raise entry.refuse("points", "none", "at least one")
    if kind == "segments":
        vectors = vectors * 1e-3
    return TcdElement(**common, points_m=points * 1e-3, vectors=vectors)


def _range(entry: _Entry) -> TcdRange:
    low, high = entry.array("range", (2,)).tolist()
    initial = entry.number("initial")
    if not low <= initial <= high:
        raise entry.refuse("initial", f"{initial:g}", f"{low:g} to {high:g}")
    return TcdRange(initial=initial, low=low, high=high)


def _deformation(entry: _Entry, ranges: int) -> TcdDeformation:
    kind = entry.text("type")
    index = entry.index("deformRange", ranges)
    if kind == "rot2p":
        point1, point2 = entry.array("point1", (3,)) * 1e-3, entry.array("point2", (3,)) * 1e-3
        if np.linalg.norm(point2 - point1) < 1e-9:
            raise entry.refuse("point2", "the same as point1", "a second point on the axis")
        return TcdDeformation(kind=kind, range=index, point1_m=point1, point2_m=point2)
    if kind == "x" or kind == "y" or kind == "z":
        return TcdDeformation(kind=kind, range=index)
    raise entry.refuse("type", repr(kind), "x, y, z or rot2p")


def _stimulator(entry: _Entry) -> TcdStimulator:
    didt = entry.number("maxdIdt") if entry.has("maxdIdt") else None
    waveforms = entry.entries("waveformList")
    recorded: dict[str, Any] = {}
    if waveforms:
        first = waveforms[0]
        time = first.array("time", (None,))
        recorded = {
            "waveform_name": first.text("name"),
            "time_s": time,
            "signal": first.array("signal", (len(time),)),
        }
    return TcdStimulator(
        name=entry.text("name"), brand=entry.text("brand"), didt_max_A_per_s=didt, **recorded
    )


def _model(entry: _Entry) -> TcdModel:
    points = entry.array("points", (None, 3))
    return TcdModel(points_m=points * 1e-3, triangles=entry.index_array("faces", (None, 3), len(points)))
