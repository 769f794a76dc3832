"""Gmsh files: every flavour comes back as it went in, and no damage gets past a plain refusal."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tmsim.core import InputError
from tmsim.formats import kernels, msh

MESH = msh.MshFile(
    nodes_mm=np.array([[0, 0, 0], [10, 0, 0], [0, 10, 0], [0, 0, 10], [10, 10, 10.5]]),
    tets=np.array([[0, 1, 2, 3], [1, 2, 3, 4]], np.int32),
    tet_tags=np.array([2, 5], np.int32),
    triangles=np.array([[0, 1, 2]], np.int32),
    triangle_tags=np.array([1002], np.int32),
    node_data={"v": np.array([[1.0], [2.0], [3.0], [4.0], [5.0]])},
    tet_data={"E": np.array([[1.0, 2, 3], [4, 5, 6.5]])},
)
# Numbers as files from elsewhere may have them: unsorted, with gaps.
IDS = [50, 7, 12, 3, 9000]


def ascii_2(mesh: msh.MshFile = MESH) -> bytes:
    rows = [f"{i} {x} {y} {z}" for i, (x, y, z) in zip(IDS, mesh.nodes_mm.tolist(), strict=True)]
    elements = ["1 15 2 9 9 50"]  # a point, to be passed over
    elements += [f"2 2 2 1002 8 {' '.join(str(IDS[n]) for n in t)}" for t in mesh.triangles]
    # Three tags, and no elementary one: a row may have any number.
    elements += [f"30 4 3 2 77 1 {' '.join(str(IDS[n]) for n in mesh.tets[0])}"]
    elements += [f"31 4 1 5 {' '.join(str(IDS[n]) for n in mesh.tets[1])}"]
    return _ascii("2.2", "\n".join(["4", *elements]), f"{len(rows)}\n" + "\n".join(rows))


def ascii_4(mesh: msh.MshFile = MESH) -> bytes:
    points = "\n".join(" ".join(map(str, p)) for p in mesh.nodes_mm.tolist())
    nodes = f"1 5 3 9000\n3 1 0 5\n{chr(10).join(map(str, IDS))}\n{points}"
    tets = [" ".join(str(IDS[n]) for n in t) for t in mesh.tets]
    elements = (
        f"3 3 2 31\n2 8 2 1\n2 {' '.join(str(IDS[n]) for n in mesh.triangles[0])}\n"
        f"3 77 4 1\n30 {tets[0]}\n3 5 4 1\n31 {tets[1]}"
    )
    # Volume 77 has the physical tag 2; volume 5 has none and counts by its own.
    entities = "0 0 1 2\n8 0 0 0 1 1 1 1 1002 0\n77 0 0 0 1 1 1 1 2 1 8\n5 0 0 0 1 1 1 0 0"
    return _ascii("4.1", elements, nodes, f"$Entities\n{entities}\n$EndEntities\n")


def _ascii(version: str, elements: str, nodes: str, entities: str = "") -> bytes:
    return (
        f"$MeshFormat\n{version} 0 8\n$EndMeshFormat\n$Comments\nmade by a test\n$EndComments\n{entities}"
        f"$Nodes\n{nodes}\n$EndNodes\n$Elements\n{elements}\n$EndElements\n"
        '$NodeData\n1\n"v"\n1\n0.0\n3\n0\n1\n5\n50 1\n7 2\n12 3\n3 4\n9000 5\n$EndNodeData\n'
        '$ElementData\n1\n"E"\n1\n0.0\n3\n0\n3\n3\n2 9 9 9\n30 1 2 3\n31 4 5 6.5\n$EndElementData\n'
    ).encode()


def binary_4(mesh: msh.MshFile = MESH) -> bytes:
    head = b"$MeshFormat\n4.1 1 8\n" + struct.pack("<i", 1) + b"\n$EndMeshFormat\n"
    box = struct.pack("<6d", 0, 0, 0, 1, 1, 1)
    entities = struct.pack("<4q", 0, 0, 1, 2)
    entities += struct.pack("<i", 8) + box + struct.pack("<qiq", 1, 1002, 0)
    entities += struct.pack("<i", 77) + box + struct.pack("<qiqi", 1, 2, 1, 8)
    entities += struct.pack("<i", 5) + box + struct.pack("<qq", 0, 0)
    nodes = struct.pack("<4q3iq", 1, 5, 3, 9000, 3, 1, 0, 5) + struct.pack("<5q", *IDS)
    nodes += mesh.nodes_mm.astype("<f8").tobytes()
    elements = struct.pack("<4q", 3, 3, 2, 31)
    elements += struct.pack("<3iq4q", 2, 8, 2, 1, 2, *(IDS[n] for n in mesh.triangles[0]))
    elements += struct.pack("<3iq5q", 3, 77, 4, 1, 30, *(IDS[n] for n in mesh.tets[0]))
    elements += struct.pack("<3iq5q", 3, 5, 4, 1, 31, *(IDS[n] for n in mesh.tets[1]))
    values = b"".join(struct.pack("<id", i, v) for i, v in zip(IDS, (1, 2, 3, 4, 5), strict=True))
    rows = struct.pack("<i3d", 30, 1, 2, 3) + struct.pack("<i3d", 31, 4, 5, 6.5)
    return b"".join(
        [
            head,
            b"$Entities\n" + entities + b"\n$EndEntities\n",
            b"$Nodes\n" + nodes + b"\n$EndNodes\n",
            b"$Elements\n" + elements + b"\n$EndElements\n",
            b'$NodeData\n1\n"v"\n1\n0.0\n3\n0\n1\n5\n' + values + b"\n$EndNodeData\n",
            b'$ElementData\n1\n"E"\n1\n0.0\n3\n0\n3\n2\n' + rows + b"\n$EndElementData\n",
        ]
    )


def binary_2(mesh: msh.MshFile = MESH) -> bytes:
    head = b"$MeshFormat\n2.2 1 8\n" + struct.pack("<i", 1) + b"\n$EndMeshFormat\n"
    nodes = b"".join(struct.pack("<i3d", i, *p) for i, p in zip(IDS, mesh.nodes_mm.tolist(), strict=True))
    # One block an element, as old Gmsh writes them.
    elements = struct.pack("<9i", 2, 1, 2, 2, 1002, 8, *(IDS[n] for n in mesh.triangles[0]))
    elements += struct.pack("<10i", 4, 1, 2, 30, 2, 77, *(IDS[n] for n in mesh.tets[0]))
    elements += struct.pack("<10i", 4, 1, 2, 31, 5, 5, *(IDS[n] for n in mesh.tets[1]))
    values = b"".join(struct.pack("<id", i, v) for i, v in zip(IDS, (1, 2, 3, 4, 5), strict=True))
    rows = struct.pack("<i3d", 30, 1, 2, 3) + struct.pack("<i3d", 31, 4, 5, 6.5)
    return b"".join(
        [
            head,
            b"$Nodes\n5\n" + nodes + b"\n$EndNodes\n",
            b"$Elements\n3\n" + elements + b"\n$EndElements\n",
            b'$NodeData\n1\n"v"\n1\n0.0\n4\n0\n1\n5\n0\n' + values + b"\n$EndNodeData\n",
            b'$ElementData\n1\n"E"\n1\n0.0\n4\n0\n3\n2\n0\n' + rows + b"\n$EndElementData\n",
        ]
    )


FLAVOURS = {"ascii 2.2": ascii_2, "binary 2.2": binary_2, "ascii 4.1": ascii_4, "binary 4.1": binary_4}


def same(a: msh.MshFile, b: msh.MshFile) -> None:
    for name in ("nodes_mm", "tets", "tet_tags", "triangles", "triangle_tags"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)
    for name in ("node_data", "tet_data"):
        data, other = getattr(a, name), getattr(b, name)
        assert data.keys() == other.keys()
        for key in data:
            np.testing.assert_array_equal(data[key], other[key])


def reading(tmp_path: Path, data: bytes) -> msh.MshFile:
    path = tmp_path / "head.msh"
    path.write_bytes(data)
    return msh.read(path)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_every_flavour_reads_as_the_same_mesh(tmp_path, flavour):
    same(reading(tmp_path, FLAVOURS[flavour]()), MESH)


def test_what_is_written_reads_back_the_same_and_leaves_no_other_file(tmp_path):
    msh.write(tmp_path / "out.msh", MESH, names={2: "grey matter", 5: "scalp"})
    same(msh.read(tmp_path / "out.msh"), MESH)
    assert [p.name for p in tmp_path.iterdir()] == ["out.msh"]


def test_a_mesh_without_triangles_or_data_is_written_too(tmp_path):
    none = np.empty((0, 3), np.int32)
    bare = replace(MESH, triangles=none, triangle_tags=np.empty(0, np.int32), node_data={}, tet_data={})
    msh.write(tmp_path / "out.msh", bare)
    same(msh.read(tmp_path / "out.msh"), bare)


def test_values_of_elements_that_are_absent_are_nan(tmp_path):
    data = ascii_2().replace(b"3\n0\n3\n3\n2 9 9 9\n30 1 2 3\n", b"3\n0\n3\n2\n2 9 9 9\n")
    E = reading(tmp_path, data).tet_data["E"]
    assert np.isnan(E[0]).all()
    np.testing.assert_array_equal(E[1], [4, 5, 6.5])


@pytest.mark.parametrize("blocked", [False, True])
def test_the_compiled_walk_agrees_with_plain_python(blocked):
    rng = np.random.default_rng(3)
    ints, tets, triangles, count = [], [], [], 0
    for _ in range(60):
        kind, n_tags, rows = int(rng.choice([1, 2, 4, 15])), int(rng.integers(0, 4)), int(rng.integers(1, 4))
        rows = rows if blocked else 1
        n = {1: 2, 2: 3, 4: 4, 15: 1}[kind]
        if blocked:
            ints += [kind, rows, n_tags]
        for _ in range(rows):
            tags, nodes = rng.integers(1, 9, n_tags).tolist(), rng.integers(1, 99, n).tolist()
            count += 1
            ints += [count] + ([] if blocked else [kind, n_tags]) + tags + nodes
            padded = [*tags, 0, 0][:2]
            if kind in (2, 4):
                (triangles if kind == 2 else tets).append([count, *padded, *nodes])
    walked = np.empty((count, 7), np.int64), np.empty((count, 6), np.int64)
    for walk in (kernels.walk_elements, kernels.walk_elements.py_func):
        used, n_tets, n_triangles, n_second = walk(
            np.array(ints), count, blocked, msh._NODES_OF_TYPE, *walked
        )
        assert (used, n_tets, n_triangles, n_second) == (len(ints), len(tets), len(triangles), 0)
        assert walked[0][:n_tets].tolist() == tets
        assert walked[1][:n_triangles].tolist() == triangles


BAD = {
    "an empty file": (b"", "ends in the middle"),
    "other text": (b"solid cube\nfacet normal 0 0 1\n", "MeshFormat"),
    "a version of long ago": (ascii_2().replace(b"2.2 0 8", b"1.0 0 8"), "version '1.0'"),
    "version 4.0": (ascii_4().replace(b"4.1 0 8", b"4.0 0 8"), "version '4.0'"),
    "big-endian": (binary_2().replace(struct.pack("<i", 1), struct.pack(">i", 1), 1), "big-endian"),
    "a negative count": (ascii_2().replace(b"$Nodes\n5", b"$Nodes\n-5"), "'-5' where a count"),
    "a huge count": (ascii_2().replace(b"$Nodes\n5", b"$Nodes\n999999999"), "999999999"),
    "a huge binary count": (binary_2().replace(b"$Nodes\n5", b"$Nodes\n500"), "ends after"),
    "too few nodes": (ascii_2().replace(b"$Nodes\n5", b"$Nodes\n4"), "20 numbers for 4 nodes"),
    "a word among numbers": (ascii_2().replace(b"30 4 3", b"30 four 3"), "other than numbers"),
    "a node that is absent": (ascii_2().replace(b"31 4 1 5 7", b"31 4 1 5 8"), "not there"),
    "a node twice": (ascii_2().replace(b"\n7 10", b"\n50 10"), "twice"),
    "no tetrahedra": (
        ascii_2().replace(b" 4 3 2 77 1 50", b" 15 3 2 77 1 50").replace(b"31 4 1", b"31 5 1"),
        "",
    ),
    "second order": (
        ascii_2().replace(b"$Elements\n4", b"$Elements\n5\n9 11 0 50 7 12 3 50 7 12 3 50 7"),
        "second-order",
    ),
    "a fractional node number": (ascii_4().replace(b"\n9000\n", b"\n9000.5\n"), "not whole"),
    "no end": (ascii_2().replace(b"$EndElements", b""), "EndElements"),
    "not UTF-8": (ascii_2().replace(b"made by", b"\xff\xfe\x00") + b"$\xff\xfe\n", "doesn't end"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_damaged_file_is_refused_in_one_sentence(tmp_path, what):
    data, words = BAD[what]
    with pytest.raises(InputError, match="head.msh") as refusal:
        reading(tmp_path, data)
    assert words in str(refusal.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "none.msh", tmp_path):
        with pytest.raises(InputError):
            msh.read(path)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_every_truncation_is_read_as_less_or_refused(tmp_path, flavour):
    whole = FLAVOURS[flavour]()
    for length in range(len(whole)):
        try:
            mesh = reading(tmp_path, whole[:length])
        except InputError:
            continue
        # Only trailing data sections may be missing.
        assert length >= whole.index(b"$EndElements") + 12
        np.testing.assert_array_equal(mesh.tets, MESH.tets)


@given(flavour=st.sampled_from(sorted(FLAVOURS)), data=st.data())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_flipped_bytes_give_a_mesh_or_a_refusal_and_nothing_else(tmp_path, flavour, data):
    damaged = bytearray(FLAVOURS[flavour]())
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        mesh = reading(tmp_path, bytes(damaged))
    except InputError:
        return
    assert mesh.tets.min() >= 0
    assert mesh.tets.max() < len(mesh.nodes_mm)


@given(flavour=st.sampled_from(sorted(FLAVOURS)), noise=st.binary(max_size=300))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_noise_after_a_good_start_is_refused(tmp_path, flavour, noise):
    start = FLAVOURS[flavour]()
    for data in (noise, start[: start.index(b"$Nodes") + 7] + noise):
        with pytest.raises(InputError):
            reading(tmp_path, data)
