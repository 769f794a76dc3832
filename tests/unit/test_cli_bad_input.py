"""Bad input through the real command line: exit code 2, one sentence on stderr, no file left behind."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spheres import sphere_head
from tmsim.cli import main
from tmsim.formats import msh

# x to the right, the handle to the front, z down into the head, 5 mm above the pole of the sphere.
POSE = np.array([[1.0, 0, 0, 0], [0, -1.0, 0, 0], [0, 0, -1.0, 97.0], [0, 0, 0, 1.0]])
HEAD = sphere_head(cell_m=0.014)


def write_head(path: Path, **changes) -> Path:
    mesh = {
        "nodes_mm": HEAD.nodes_m * 1e3,
        "tets": HEAD.tets,
        "tet_tags": HEAD.tags,
        "triangles": np.empty((0, 3), np.int32),
        "triangle_tags": np.empty(0, np.int32),
    }
    msh.write(path, msh.MshFile(**{**mesh, **changes}))
    return path


def write_pose(path: Path, matrix) -> Path:
    np.savetxt(path, matrix)
    return path


def changed(index, value) -> np.ndarray:
    out = POSE.copy()
    out[index] = value
    return out


class Bench:
    """A folder with a sound head and pose; each fault spoils one part of one sound call."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = folder / "out.npz"
        self.head = write_head(folder / "head.msh")
        self.pose = write_pose(folder / "pose.txt", POSE)

    def call(self, *extra: object, **options: object) -> list[str]:
        given = {
            "head": self.head,
            "coil": "magstim-25mm-fig8",
            "pose": self.pose,
            "order": 1,
            "out": self.out,
        }
        given |= options
        words = [
            str(word) for key, value in given.items() if value is not None for word in (f"--{key}", value)
        ]
        return ["field", *words, *map(str, extra)]

    def with_pose(self, matrix) -> list[str]:
        return self.call(pose=write_pose(self.folder / "bad.txt", matrix))

    def with_head(self, **changes) -> list[str]:
        return self.call(head=write_head(self.folder / "bad.msh", **changes))

    def file(self, name: str, content: bytes | str) -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def plan(self, text: bytes | str) -> list[str]:
        return ["run", str(self.file("plan.toml", text)), "--out", str(self.folder / "out")]


def noise(n: int) -> bytes:
    return np.random.default_rng(5).bytes(n)


def inverted() -> np.ndarray:
    tets = HEAD.tets.copy()
    tets[100:110] = tets[100:110][:, [0, 1, 3, 2]]
    return tets


def not_a_number() -> np.ndarray:
    nodes = HEAD.nodes_m * 1e3
    nodes[7, 1] = np.nan
    return nodes


FAULTS: dict[str, tuple[Callable[[Bench], list[str]], str]] = {
    # Poses
    "sheared pose": (lambda b: b.with_pose(changed((0, 1), 0.05)), "shear|length"),
    "left-handed pose": (lambda b: b.with_pose(POSE * [-1, 1, 1, 1]), "left-handed"),
    "pose in metres": (lambda b: b.with_pose(changed((2, 3), 0.097)), "mm"),
    "transposed pose": (lambda b: b.with_pose(POSE.T), "last row"),
    "scaled pose": (lambda b: b.with_pose(POSE * [2, 2, 2, 1]), "length"),
    "NaN in the pose": (lambda b: b.with_pose(changed((0, 0), np.nan)), "NaN"),
    "3x4 pose": (lambda b: b.with_pose(POSE[:3]), "four rows"),
    "pose of words": (lambda b: b.call(pose=b.file("bad.txt", "over the left ear\n")), "bad.txt"),
    "empty pose file": (lambda b: b.call(pose=b.file("bad.txt", "")), "bad.txt"),
    "binary pose file": (lambda b: b.call(pose=b.file("bad.txt", noise(300))), "bad.txt"),
    "missing pose file": (lambda b: b.call(pose=b.folder / "none.txt"), "none.txt"),
    "coil inside the head": (lambda b: b.with_pose(changed((2, 3), 60.0)), "inside|lift|head"),
    "neither pose nor target": (lambda b: b.call(pose=None), "--pose"),
    "pose and target": (lambda b: b.call(target="F3"), "--pose: given with --target"),
    "pose and angle": (lambda b: b.call(angle="0 deg"), "--pose: given with --angle"),
    # Coils
    "unknown coil": (lambda b: b.call(coil="magstim-70mm-fig9"), "magstim-70mm-fig8"),
    "missing coil file": (lambda b: b.call(coil=b.folder / "none.ccd"), "none.ccd"),
    "corrupted ccd": (
        lambda b: b.call(coil=b.file("bad.ccd", "# number of elements\n3\n0 0 0\n")),
        "bad.ccd",
    ),
    "noise as ccd": (lambda b: b.call(coil=b.file("bad.ccd", noise(4000))), "bad.ccd"),
    "noise as tcd": (lambda b: b.call(coil=b.file("bad.tcd", noise(4000))), "bad.tcd"),
    "noise as nii.gz coil": (lambda b: b.call(coil=b.file("bad.nii.gz", noise(4000))), "bad.nii.gz"),
    # Heads
    "unknown head": (lambda b: b.call(head="colin28"), "colin28"),
    "missing head file": (lambda b: b.call(head=b.folder / "none.msh"), "none.msh"),
    "folder as head": (lambda b: b.call(head=b.folder), "."),
    "empty head file": (lambda b: b.call(head=b.file("bad.msh", b"")), "bad.msh"),
    "noise as head": (lambda b: b.call(head=b.file("bad.msh", noise(4000))), "bad.msh"),
    "head cut short": (lambda b: b.call(head=b.file("bad.msh", b.head.read_bytes()[:-20_000])), "bad.msh"),
    "inverted tetrahedra": (lambda b: b.with_head(tets=inverted()), "invert|orient"),
    "unknown tissue": (lambda b: b.with_head(tet_tags=np.where(HEAD.tags == 4, 77, HEAD.tags)), "77"),
    "head in metres": (lambda b: b.with_head(nodes_mm=HEAD.nodes_m), "mm|metres|millimetres"),
    "NaN among the nodes": (lambda b: b.with_head(nodes_mm=not_a_number()), "NaN|finite"),
    "noise as nii.gz head": (lambda b: b.call(head=b.file("bad.nii.gz", noise(4000))), "bad.nii.gz"),
    # Values
    "dI/dt in volt": (lambda b: b.call(didt="4 V"), "'4 V'"),
    "dI/dt without a unit": (lambda b: b.call(didt="1"), "'1'"),
    "order 3": (lambda b: b.call(order=3), "order"),
    "order of words": (lambda b: b.call(order="two"), "order"),
    "gap in degrees": (lambda b: b.call(pose=None, target="Cz", gap="4 deg"), "'4 deg'"),
    "unknown target": (lambda b: b.call(pose=None, target="F99"), "F99"),
    # Plans
    "broken TOML": (lambda b: b.plan("[head]\nsource = colin27\n"), "line 2"),
    "plan in Latin-1": (lambda b: b.plan('[placement]\ntarget = "Ö"'.encode("latin-1")), "UTF-8"),
    "unknown key": (lambda b: b.plan('[placement]\ntargt = "F3"'), "did you mean|Did you mean"),
    "negative conductivity": (lambda b: b.plan('[head.conductivity]\nbone = "-0.01 S/m"'), "bone"),
    "unknown tissue in a plan": (lambda b: b.plan('[head.conductivity]\nbones = "0.01 S/m"'), "bones"),
    "plan of another schema": (lambda b: b.plan("schema_version = 9"), "schema_version"),
    "noise as T1": (
        lambda b: b.plan(f'[output]\nt1 = "{b.file("t1.nii.gz", noise(4000)).as_posix()}"'),
        "t1.nii.gz",
    ),
    "missing plan": (
        lambda b: ["run", str(b.folder / "none.toml"), "--out", str(b.folder / "out")],
        "none.toml",
    ),
    "outcome that is none": (
        lambda b: ["run", str(b.file("o.json", "{}")), "--out", str(b.folder / "out")],
        "o.json",
    ),
    # Outputs and the command line itself
    "output in a missing folder": (lambda b: b.call(out=b.folder / "no" / "out.npz"), "folder"),
    "output below a file": (lambda b: b.call(out=b.pose / "out.npz"), "folder"),
    "folder as output": (lambda b: b.call(out=b.folder), "a folder"),
    "folder of someone else": (lambda b: ["run", "--out", str(b.folder)], "no run wrote"),
    "unknown option": (lambda b: b.call("--ordr", 1), "--ordr"),
    "unknown command": (lambda b: ["feild"], "feild"),
    "no output named": (lambda b: ["run"], "--out"),
    "check of a missing head": (lambda b: ["head", "check", str(b.folder / "none.msh")], "none.msh"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_is_refused_in_one_sentence_and_leaves_no_file(fault, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TMSIM_CACHE", str(tmp_path / "cache"))
    make, says = FAULTS[fault]
    argv = make(Bench(tmp_path))
    before = sorted(tmp_path.rglob("*"))
    assert main(argv) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("tmsim: ")
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err
    assert len(said.err) < 700
    assert re.search(says, said.err), said.err
    assert sorted(tmp_path.rglob("*")) == before
