"""Gmsh ``.msh``: versions 2 and 4.1 in, text or binary; version 2.2 binary out, as SimNIBS writes it.

Coordinates stay as the file has them, in mm. Node and element numbers of the file may be in any order
and have gaps; arrays here count from 0. The tag of an element is its physical tag or, where it has none,
that of its geometric entity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from tmsim.core import FloatArray, InputError, IntArray, whole_file
from tmsim.formats.files import read_bytes
from tmsim.formats.kernels import TET, TET_SECOND_ORDER, TRIANGLE, walk_elements

_LARGEST_BYTES = 8 * 2**30

# Nodes of each gmsh element type, by its number; 0: no such type.
_NODES_OF_TYPE = np.array(
    [0, 2, 3, 4, 4, 8, 6, 5, 3, 6, 9, 10, 27, 18, 14, 1,
     8, 20, 15, 13, 9, 10, 12, 15, 15, 21, 4, 5, 6, 20, 35, 56]
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class MshFile:
    """Contents of a ``.msh`` file that concern a head; other elements than these are passed over.

    Values in ``node_data`` and ``tet_data`` have shape (n, components); NaN where the file gives none.
    """

    nodes_mm: FloatArray  # (n_nodes, 3)
    tets: IntArray  # (n_tets, 4)
    tet_tags: IntArray  # (n_tets,)
    triangles: IntArray  # (n_triangles, 3)
    triangle_tags: IntArray  # (n_triangles,)
    node_data: Mapping[str, FloatArray] = field(default_factory=dict)
    tet_data: Mapping[str, FloatArray] = field(default_factory=dict)


def read(path: Path) -> MshFile:
    """Read a ``.msh`` file, or refuse it.

    Raises
    ------
    InputError
        Missing, cut short, of another version or byte order, without tetrahedra, or not a mesh at all.
    """
    return _Reader(path.name, read_bytes(path, _LARGEST_BYTES)).read()


def write(
    path: Path,
    mesh: MshFile,
    *,
    names: Mapping[int, str] | None = None,
) -> None:
    """Write a version 2.2 binary file that opens in Gmsh; it appears whole or not at all.

    ``names`` are shown for the tags of tetrahedra. Data may have 1, 3 or 9 components.
    """
    n_triangles, n_tets = len(mesh.triangles), len(mesh.tets)
    nodes = np.empty(len(mesh.nodes_mm), [("id", "<i4"), ("x", "<f8", 3)])
    nodes["id"] = np.arange(1, len(nodes) + 1)
    nodes["x"] = mesh.nodes_mm
    with whole_file(path) as part, part.open("wb") as out:
        out.write(b"$MeshFormat\n2.2 1 8\n" + np.array(1, "<i4").tobytes() + b"\n$EndMeshFormat\n")
        if names:
            rows = "".join(f'3 {tag} "{name}"\n' for tag, name in names.items())
            out.write(f"$PhysicalNames\n{len(names)}\n{rows}$EndPhysicalNames\n".encode())
        out.write(b"$Nodes\n%d\n" % len(nodes) + nodes.tobytes() + b"\n$EndNodes\n")
        out.write(b"$Elements\n%d\n" % (n_triangles + n_tets))
        first = 1
        for kind, corners, tags in (
            (TRIANGLE, mesh.triangles, mesh.triangle_tags),
            (TET, mesh.tets, mesh.tet_tags),
        ):
            if len(corners):
                ids = np.arange(first, first + len(corners))
                out.write(np.array([kind, len(corners), 2], "<i4").tobytes())
                out.write(np.column_stack([ids, tags, tags, corners + 1]).astype("<i4").tobytes())
            first += len(corners)
        out.write(b"\n$EndElements\n")
        for section, data, before in (
            (b"NodeData", mesh.node_data, 0),
            (b"ElementData", mesh.tet_data, n_triangles),
        ):
            for name, values in data.items():
                columns = values.reshape(len(values), -1)
                table = np.empty(len(columns), [("id", "<i4"), ("v", "<f8", (columns.shape[1],))])
                table["id"] = np.arange(1 + before, 1 + before + len(columns))
                table["v"] = columns
                title = name.replace('"', "'").encode()
                head = b'1\n"%s"\n1\n0.0\n4\n0\n%d\n%d\n0\n' % (title, columns.shape[1], len(columns))
                out.write(b"$%s\n%s%s\n$End%s\n" % (section, head, table.tobytes(), section))


class _Reader:
    """One pass over the bytes of a file. No count in the file is believed beyond the bytes that follow it."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name, self.data, self.at = name, data, 0
        self.binary = False
        self.node_ids = np.empty(0, np.int64)
        self.nodes_mm = np.empty((0, 3))
        # Rows of id, physical, entity, nodes... by their numbers in the file.
        self.tets = np.empty((0, 7), np.int64)
        self.triangles = np.empty((0, 6), np.int64)
        self.physical: dict[tuple[int, int], int] = {}
        self.data_rows: list[tuple[str, str, npt.NDArray[np.int64], FloatArray]] = []

    def fail(self, found: str, expected: str = "an undamaged gmsh file", cure: str = "") -> NoReturn:
        raise InputError(self.name, found, expected, cure)

    # -- the file -----------------------------------------------------------------------------------

    def read(self) -> MshFile:
        version = self.header()
        sections = {
            b"$Nodes": self.nodes_2 if version == 2 else self.nodes_4,
            b"$Elements": self.elements_2 if version == 2 else self.elements_4,
            b"$NodeData": lambda: self.values("node"),
            b"$ElementData": lambda: self.values("tet"),
        }
        if version == 4:
            sections[b"$Entities"] = self.entities_4
        while (start := self.data.find(b"$", self.at)) >= 0:
            self.at = start
            title = self.line()
            if title in sections:
                sections[title]()
            self.leave(title)
        if not len(self.nodes_mm):
            self.fail("no nodes", "a mesh")
        if not len(self.tets):
            self.fail("no tetrahedra", "a volume mesh of tetrahedra")
        return self.result()

    def header(self) -> int:
        if self.line() != b"$MeshFormat":
            self.fail("no $MeshFormat at its start", "a gmsh .msh file")
        words = self.line().split()
        if len(words) != 3 or words[1] not in (b"0", b"1"):
            self.fail("a broken $MeshFormat", "a version, 0 or 1, and a data size")
        version = words[0].split(b".")[0]
        if version != b"2" and words[0] != b"4.1":
            self.fail(f"version {_shown(words[0])}", "version 2 or 4.1", "Save it from Gmsh as version 2.2.")
        if words[2] != b"8":
            self.fail(f"data size {_shown(words[2])}", "8")
        self.binary = words[1] == b"1"
        if self.binary:
            one = self.array("<i4", 1)[0]
            if one == 1 << 24:
                self.fail("big-endian byte order", "little-endian", "Save it anew from Gmsh on this machine.")
            if one != 1:
                self.fail("a broken byte-order mark")
        self.leave(b"$MeshFormat")
        return int(version)

    def result(self) -> MshFile:
        if len(np.unique(self.node_ids)) != len(self.node_ids):
            self.fail("node numbers that occur twice", "each node once")
        data: dict[str, dict[str, FloatArray]] = {"node": {}, "tet": {}}
        for where, name, ids, values in self.data_rows:
            known = self.node_ids if where == "node" else self.tets[:, 0]
            rows = _rows_of(known, ids)
            full = np.full((len(known), values.shape[1]), np.nan)
            full[rows[rows >= 0]] = values[rows >= 0]
            data[where][name] = full
        return MshFile(
            nodes_mm=self.nodes_mm,
            tets=self.corners(self.tets[:, 3:]),
            tet_tags=self.tags(self.tets),
            triangles=self.corners(self.triangles[:, 3:]),
            triangle_tags=self.tags(self.triangles),
            node_data=data["node"],
            tet_data=data["tet"],
        )

    def corners(self, ids: npt.NDArray[np.int64]) -> IntArray:
        rows = _rows_of(self.node_ids, ids)
        if rows.size and rows.min() < 0:
            self.fail("elements that use nodes which are not there", "every node of an element in $Nodes")
        return rows.astype(np.int32)

    def tags(self, table: npt.NDArray[np.int64]) -> IntArray:
        tags = np.where(table[:, 1] != 0, table[:, 1], table[:, 2])
        limit = np.iinfo(np.int32)
        if tags.size and (tags.min() < limit.min or tags.max() > limit.max):
            self.fail("tags beyond 32 bits", "tissue tags")
        return tags.astype(np.int32)

    # -- version 2 ----------------------------------------------------------------------------------

    def nodes_2(self) -> None:
        count = self.count()
        if self.binary:
            table = self.array(np.dtype([("id", "<i4"), ("x", "<f8", 3)]), count)
            self.node_ids, self.nodes_mm = table["id"].astype(np.int64), table["x"].copy()
        else:
            numbers = self.text_numbers(b"$EndNodes", float)
            if len(numbers) != 4 * count:
                self.fail(f"{len(numbers)} numbers for {count} nodes", "four for each")
            table = numbers.reshape(-1, 4)
            self.node_ids, self.nodes_mm = self.whole(table[:, 0]), np.ascontiguousarray(table[:, 1:])

    def elements_2(self) -> None:
        count = self.count()
        if self.binary:
            ints = np.frombuffer(self.data, "<i4", (len(self.data) - self.at) // 4, self.at)
        else:
            ints = self.text_numbers(b"$EndElements", np.int64)
        # No row is shorter than its number and its nodes.
        tets = np.empty((min(count, len(ints) // 5), 7), np.int64)
        triangles = np.empty((min(count, len(ints) // 4), 6), np.int64)
        used, n_tets, n_triangles, n_second = walk_elements(
            ints, count, self.binary, _NODES_OF_TYPE, tets, triangles
        )
        if used < 0:
            self.fail(f"elements that end too early or make no sense ({count} declared)")
        self.first_order_only(n_second)
        if self.binary:
            self.at += 4 * used
        self.tets, self.triangles = tets[:n_tets].copy(), triangles[:n_triangles].copy()

    # -- version 4.1 --------------------------------------------------------------------------------

    def entities_4(self) -> None:
        take = self.numbers(b"$EndEntities")
        for dimension, entities in enumerate(take("size", 4).tolist()):
            for _ in range(self.checked(entities)):
                tag = int(take("int", 1)[0])
                take("double", 3 if dimension == 0 else 6)
                physical = take("int", self.checked(int(take("size", 1)[0])))
                if dimension > 0:
                    take("int", self.checked(int(take("size", 1)[0])))
                if len(physical):
                    self.physical[dimension, tag] = abs(int(physical[0]))

    def nodes_4(self) -> None:
        take = self.numbers(b"$EndNodes")
        blocks, count, _, _ = take("size", 4).tolist()
        ids, points = [np.empty(0, np.int64)], [np.empty((0, 3))]
        for _ in range(self.checked(blocks)):
            dimension, _, parametric = take("int", 3).tolist()
            rows = self.checked(int(take("size", 1)[0]))
            ids.append(take("size", rows))
            width = 3 + (min(max(dimension, 0), 3) if parametric else 0)
            points.append(take("double", width * rows).reshape(rows, width)[:, :3])
        self.node_ids, self.nodes_mm = np.concatenate(ids), np.concatenate(points)
        if len(self.node_ids) != count:
            self.fail(f"{len(self.node_ids)} nodes where {count} are declared")

    def elements_4(self) -> None:
        take = self.numbers(b"$EndElements")
        blocks, count, _, _ = take("size", 4).tolist()
        found: dict[int, list[npt.NDArray[np.int64]]] = {TET: [self.tets], TRIANGLE: [self.triangles]}
        n_second, total = 0, 0
        for _ in range(self.checked(blocks)):
            dimension, entity, kind = take("int", 3).tolist()
            rows = self.checked(int(take("size", 1)[0]))
            if not 0 < kind < len(_NODES_OF_TYPE):
                self.fail(f"element type {kind}", "a type of Gmsh")
            width = 1 + int(_NODES_OF_TYPE[kind])
            table = take("size", width * rows).reshape(rows, width)
            total += rows
            n_second += rows if kind == TET_SECOND_ORDER else 0
            if kind in found:
                tags = np.tile([self.physical.get((dimension, entity), 0), entity], (rows, 1))
                found[kind].append(np.hstack([table[:, :1], tags, table[:, 1:]]))
        if total != count:
            self.fail(f"{total} elements where {count} are declared")
        self.first_order_only(n_second)
        self.tets, self.triangles = np.concatenate(found[TET]), np.concatenate(found[TRIANGLE])

    def numbers(self, end: bytes) -> Callable[[str, int], np.ndarray]:
        """``take(kind, n)``: the next ``n`` numbers of a section, whether it is text or binary."""
        if self.binary:
            types = {"int": "<i4", "size": "<i8", "double": "<f8"}
            return lambda kind, n: self.array(types[kind], n)
        words = self.text_numbers(end, float)
        position = 0

        def take(kind: str, n: int) -> np.ndarray:
            nonlocal position
            part = words[position : position + n]
            if len(part) < n:
                self.fail("a section with too few numbers", cure="The file may be cut short.")
            position += n
            return part if kind == "double" else self.whole(part)

        return take

    # -- both ---------------------------------------------------------------------------------------

    def values(self, where: str) -> None:
        texts = [self.line() for _ in range(self.count())]
        for _ in range(self.count()):
            self.line()
        integers = [self.count() for _ in range(self.count())]
        if not texts or len(integers) < 3 or integers[1] not in (1, 3, 9):
            self.fail("a broken head of a data section", "a name, and 1, 3 or 9 components")
        width, rows = integers[1], integers[2]
        if self.binary:
            table = self.array(np.dtype([("id", "<i4"), ("v", "<f8", (width,))]), rows)
            ids, values = table["id"].astype(np.int64), table["v"].copy()
        else:
            numbers = self.text_numbers(b"$End", float)
            if len(numbers) != rows * (width + 1):
                self.fail(f"{len(numbers)} numbers for {rows} values", f"{width + 1} for each")
            ids, values = self.whole(numbers[:: width + 1]), numbers.reshape(rows, width + 1)[:, 1:]
        title = texts[0].strip().strip(b'"').decode("utf-8", "replace")
        self.data_rows.append((where, title, ids, values))

    def first_order_only(self, n_second: int) -> None:
        if n_second:
            self.fail(
                f"{n_second} second-order tetrahedra", "first-order ones", "Save it from Gmsh at order 1."
            )

    def leave(self, title: bytes) -> None:
        end = self.data.find(b"$End" + title[1:], self.at)
        if end < 0:
            self.fail(f"section {_shown(title)} doesn't end", cure="The file may be cut short.")
        self.at = end + len(title) + 3

    def line(self) -> bytes:
        end = self.data.find(b"\n", self.at)
        if end < 0:
            self.fail("it ends in the middle", cure="The file may be cut short.")
        line = self.data[self.at : end].strip()
        self.at = end + 1
        return line

    def count(self) -> int:
        line = self.line()
        # isdigit alone lets other scripts' digits through; ten digits are more than any mesh has.
        if not (line.isascii() and line.isdigit() and len(line) <= 10):
            self.fail(f"{_shown(line)} where a count should be", "a count")
        return self.checked(int(line))

    def checked(self, count: int) -> int:
        """A count that the rest of the file could hold, at a byte an item or more."""
        if not 0 <= count <= len(self.data):
            self.fail(
                f"a count of {count} in a file of {len(self.data)} bytes", cure="The file may be cut short."
            )
        return count

    def array(self, dtype: npt.DTypeLike, count: int) -> np.ndarray:
        size = np.dtype(dtype).itemsize * self.checked(count)
        if size > len(self.data) - self.at:
            self.fail(f"it ends after {len(self.data)} bytes", cure="The file may be cut short.")
        out = np.frombuffer(self.data, dtype, count, self.at)
        self.at += size
        return out

    def text_numbers(self, end: bytes, dtype: npt.DTypeLike) -> np.ndarray:
        stop = self.data.find(end, self.at)
        if stop < 0:
            self.fail(f"no {end.decode()}", cure="The file may be cut short.")
        text = self.data[self.at : stop].strip()
        self.at = stop
        if not text:  # NumPy reads one number out of nothing.
            return np.empty(0, dtype)
        try:
            return np.fromstring(text, dtype, sep=" ")
        except ValueError:
            self.fail(f"something other than numbers before {end.decode()}", "numbers")

    def whole(self, numbers: FloatArray) -> npt.NDArray[np.int64]:
        # Beyond 2^53 neighbouring integers can't be told apart in the text reader's floats.
        if not (np.isfinite(numbers).all() and (np.abs(numbers) < 2**53).all()):
            self.fail("a number of a node or element that is none", "whole numbers")
        whole = numbers.astype(np.int64)
        if (whole != numbers).any():
            self.fail("a number of a node or element that is not whole", "whole numbers")
        return whole


def _rows_of(known: npt.NDArray[np.int64], ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Row of each id among ``known``, -1 where it is absent."""
    if not len(known):
        return np.full(ids.shape, -1)
    if known[0] == 1 and known[-1] == len(known) and (np.diff(known) == 1).all():
        return np.where((ids >= 1) & (ids <= len(known)), ids - 1, -1)
    order = np.argsort(known)
    rows = order[np.searchsorted(known, ids, sorter=order).clip(max=len(known) - 1)]
    return np.where(known[rows] == ids, rows, -1)


def _shown(raw: bytes) -> str:
    return repr(raw[:40].decode("ascii", "replace"))
