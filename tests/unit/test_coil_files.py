"""Coil files that the tests write themselves: read right, and refused in a sentence when damaged."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import zlib
from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tmsim.coil import Coil, Dipoles, SampledPotential, Segments
from tmsim.core import InputError
from tmsim.formats import coil_nifti, tcd

CCD = b"""# tiny.ccd version 1.0 number of elements; dIdtmax=120.5;stimulator=Box;brand=Us;coilname=Tiny;
2
# centers and weighted directions of the elements (magnetic dipoles)
0.01 0.02 -0.003 0 0 1e-4
-0.01 0.02 -0.003 0 1e-5 -1e-4
"""


def packed(values, dtype="<f8", compress=True):
    data = np.asarray(values, dtype=dtype).tobytes()
    return base64.b64encode(zlib.compress(data) if compress else data).decode()


def tcd_dict(compress=True) -> dict:
    corners = [[0, 0, 0], [10, 0, 0], [0, 10, 0], [0, 0, -10]]
    faces = [[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]]
    grid = np.arange(4 * 4 * 4 * 3, dtype=float).reshape(4, 4, 4, 3) * 1e-9
    return {
        "name": "Tiny",
        "brand": "Us",
        "limits": [[-300, 300]] * 3,
        "resolution": [3, 3, 3],
        "coilCasing": 0,
        "coilElementList": [
            {
                "type": 1, "stimulator": 0, "deformations": [0, 1], "elementCasing": 0,
                "points": packed([[10, 0, 0]], compress=compress),
                "values": packed([[0, 1e-4, 0]], compress=compress),
            },
            {"type": 2, "stimulator": 0, "points": [[0, 0, -5]], "values": [[0, 4, 0]]},
            {"type": 3, "stimulator": 0, "data": grid.tolist(), "affine": np.diag([50, 50, 50, 1]).tolist()},
        ],
        "stimulatorList": [
            {
                "name": "Box", "maxdIdt": 1.2e8,
                "waveformList": [{"name": "bi", "time": [0, 1e-4, 2e-4], "signal": packed([0, -0.5, 0.25])}],
            }
        ],
        "deformList": [
            {"type": "rot2p", "deformRange": 0, "point1": [0, 0, 0], "point2": [0, 0, 5]},
            {"type": "x", "deformRange": 1},
        ],
        "deformRangeList": [{"initial": 0, "range": [-90, 90]}, {"initial": 2, "range": [0, 5]}],
        "coilModels": [{"points": corners, "faces": packed(faces, "<i8", compress)}],
        "selfIntersectionTest": [[0, 1]],
    }  # fmt: skip


def write_tcd(folder: Path, value, name="tiny.tcd") -> Path:
    path = folder / name
    path.write_text(json.dumps(value))
    return path


def nii_bytes(shape=(6, 5, 4, 3), scale=1e-7) -> bytes:
    # A linear field, which any interpolation must return exactly: A = scale (z, x, y) in mm.
    i, j, k = np.meshgrid(*(np.arange(n) for n in shape[:3]), indexing="ij")
    x, y, z = 10.0 * i - 20, 10.0 * j - 15, 10.0 * k
    grid = scale * np.stack([z, x, y], axis=-1)
    affine = np.array([[10, 0, 0, -20], [0, 10, 0, -15], [0, 0, 10, 0], [0, 0, 0, 1.0]])
    image = nibabel.Nifti1Image(grid.astype(np.float64), affine)
    image.header["descrip"] = b"dIdtmax=99.5"
    return image.to_bytes()


FILES = {
    ".ccd": CCD,
    ".tcd": json.dumps(tcd_dict()).encode(),
    ".nii": nii_bytes(),
    ".nii.gz": gzip.compress(nii_bytes()),
}


def test_dipole_file_is_read_in_its_units(tmp_path):
    path = tmp_path / "tiny.ccd"
    path.write_bytes(CCD)
    coil = Coil.load(path)
    (part,) = coil.elements
    assert isinstance(part, Dipoles)
    np.testing.assert_allclose(part.positions_m, [[0.01, 0.02, -0.003], [-0.01, 0.02, -0.003]])
    np.testing.assert_allclose(part.moments_m2, [[0, 0, 1e-4], [0, 1e-5, -1e-4]])
    assert coil.didt_max_A_per_s == 120.5e6
    assert (coil.label, coil.brand, coil.stimulator) == ("Tiny", "Us", "Box")


@pytest.mark.parametrize("compress", [True, False])
def test_jointed_file_is_read_in_millimetres_with_all_kinds_of_element(tmp_path, compress):
    coil = Coil.load(write_tcd(tmp_path, tcd_dict(compress)))
    dipoles, wire, grid = coil.elements
    assert isinstance(dipoles, Dipoles)
    assert isinstance(wire, Segments)
    assert isinstance(grid, SampledPotential)
    np.testing.assert_allclose(dipoles.positions_m, [[0.012, 0, 0]])  # moved by its initial 2 mm
    np.testing.assert_allclose(wire.starts_m, [[0, -0.002, -0.005]])
    np.testing.assert_allclose(wire.ends_m, [[0, 0.002, -0.005]])
    np.testing.assert_allclose(grid.affine_m, np.diag([0.05, 0.05, 0.05, 1]))
    assert coil.didt_max_A_per_s == 1.2e8
    assert coil.waveform is not None
    np.testing.assert_allclose(coil.waveform.didt, [0, -1, 0.5])
    assert coil.casing is not None
    assert len(coil.casing.points_m) == 8  # the coil's, and the part's


def test_deformations_apply_in_order_right_handed_and_within_their_range(tmp_path):
    path = write_tcd(tmp_path, tcd_dict())
    turned = Coil.load(path, deformation={0: 90.0, "range1": 5.0}).elements[0]
    assert isinstance(turned, Dipoles)
    # First a quarter turn about z, x to y, then 5 mm along x.
    np.testing.assert_allclose(turned.positions_m, [[0.005, 0.01, 0]], atol=1e-12)
    np.testing.assert_allclose(turned.moments_m2, [[-1e-4, 0, 0]], atol=1e-12)
    for bad in ({0: 91.0}, {7: 0.0}, {"angle": 0.0}, {0: float("nan")}):
        with pytest.raises(InputError, match="deformation"):
            Coil.load(path, deformation=bad)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_sampled_potential_is_interpolated_and_refused_outside(tmp_path, suffix):
    path = tmp_path / f"tiny{suffix}"
    path.write_bytes(FILES[suffix])
    coil = Coil.load(path)
    assert coil.didt_max_A_per_s == 99.5e6
    at = np.array([[0.0, 0.0, 0.01], [0.007, -0.006, 0.016]])
    A = coil.vector_potential(at)
    # Mirror boundaries bend the spline near the rim of so small a grid.
    np.testing.assert_allclose(A, 1e-7 * 1e3 * at[:, [2, 0, 1]], atol=2e-7)
    B = coil.flux_density(at[1:])
    assert (B > 0).all()  # curl of (z, x, y) is (1, 1, 1)
    with pytest.raises(InputError, match="outside the grid"):
        coil.vector_potential(np.array([[0, 0, 0.031]]))
    with pytest.raises(InputError, match="outside the grid"):
        coil.vector_potential(np.array([[0, 0, -0.001]]))


def broken(**changes) -> dict:
    return tcd_dict() | changes


def element(**changes) -> dict:
    return {"coilElementList": [tcd_dict()["coilElementList"][0] | changes]}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ([], "JSON list"),
        ({}, "no coil elements"),
        (broken(coilElementList=3), "a list"),
        (broken(**element(type=4)), "type"),
        (broken(**element(type=0)), "type"),
        (broken(**element(stimulator=1)), "stimulator"),
        (broken(**element(deformations=[2])), "deformations"),
        (broken(**element(points="!!!")), "base64"),
        (broken(**element(points=packed([[1.0, 2.0]]))), "a multiple of 24"),
        (broken(**element(points=None)), "missing"),
        (broken(**element(points=[[1, 2, 3], [1, 2]])), "numbers"),
        (broken(**element(values=packed([[1e-4, 0, 0]] * 2))), "shape"),
        (broken(**element(points=packed([[np.nan, 0, 0]]))), "NaN"),
        (broken(**element(points=[[4e3, 0, 0]])), "unit"),
        (
            broken(**element(type=3, data=base64.b64encode(b"\x80\x04").decode(), affine=np.eye(4).tolist())),
            "nested",
        ),
        (broken(deformList=[{"type": "bend", "deformRange": 0}]), "bend"),
        (broken(deformRangeList=[{"initial": 9, "range": [0, 1]}] * 2), "initial"),
        (broken(coilModels=[{"points": [[0, 0, 0]], "faces": [[0, 1, 2]]}]), "indices"),
        (broken(stimulatorList=[{"maxdIdt": -1}]), "dI/dt"),
    ],
)
def test_a_jointed_file_that_breaks_its_format_is_refused_by_the_entry(tmp_path, content, says):
    with pytest.raises(InputError, match=says) as error:
        Coil.load(write_tcd(tmp_path, content))
    assert "\n" not in str(error.value)


def test_a_decompression_bomb_is_refused_before_it_unfolds(tmp_path, monkeypatch):
    monkeypatch.setattr(tcd, "_LARGEST_BYTES", 2**20)
    monkeypatch.setattr(coil_nifti, "_LARGEST_BYTES", 2**20)
    bomb = base64.b64encode(zlib.compress(bytes(2**20 + 1))).decode()
    with pytest.raises(InputError, match="too large once decompressed"):
        Coil.load(write_tcd(tmp_path, broken(**element(points=bomb))))
    path = tmp_path / "bomb.nii.gz"
    path.write_bytes(gzip.compress(bytes(2**20 + 1)))
    with pytest.raises(InputError, match="too large once decompressed"):
        Coil.load(path)


def test_a_deeply_nested_file_is_refused(tmp_path):
    path = tmp_path / "deep.tcd"
    path.write_text("[" * 200_000)
    with pytest.raises(InputError, match="not JSON"):
        Coil.load(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no dipoles"),
        (b"2\n0 0 0 0 0 1\n", "cut short"),
        (b"999999999999\n0 0 0 0 0 1\n", "cut short"),
        (b"1\n0 0 0 0 0\n", "six numbers"),
        (b"1\n0 0 nan 0 0 1\n", "NaN"),
        (b"1\n0 0 x 0 0 1\n", "numbers"),
        (b"1\n0 0 60 0 0 1\n", "unit"),
        (b"# a; dIdtmax=fast;\n1\n0 0 0 0 0 1\n", "dIdtmax"),
    ],
)
def test_a_dipole_file_that_breaks_its_format_is_refused(tmp_path, content, says):
    path = tmp_path / "bad.ccd"
    path.write_bytes(content)
    with pytest.raises(InputError, match=says):
        Coil.load(path)


def test_a_grid_of_the_wrong_shape_or_declared_too_large_is_refused(tmp_path):
    path = tmp_path / "bad.nii"
    path.write_bytes(nii_bytes((6, 5, 4, 3))[:2000])
    with pytest.raises(InputError, match="whole file"):
        Coil.load(path)
    data = bytearray(nii_bytes())
    data[42:50] = np.array([30000, 30000, 30000, 3], "<i2").tobytes()
    path.write_bytes(data)
    with pytest.raises(InputError, match="whole file"):
        Coil.load(path)
    nibabel.save(nibabel.Nifti1Image(np.zeros((5, 5, 5), np.float32), np.eye(4)), path)
    with pytest.raises(InputError, match=r"\(i, j, k, 3\)"):
        Coil.load(path)


@pytest.mark.parametrize("suffix", FILES)
def test_a_missing_file_is_refused(tmp_path, suffix):
    with pytest.raises(InputError, match="No such file"):
        Coil.load(tmp_path / f"absent{suffix}")


@pytest.mark.parametrize("suffix", FILES)
@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_refused_or_read_but_never_fails_otherwise(tmp_path, suffix, data):
    content = bytearray(FILES[suffix])
    cut = data.draw(st.integers(0, len(content)))
    if data.draw(st.booleans()):
        content = content[:cut]
    for _ in range(data.draw(st.integers(0, 4))):
        if content:
            # Headers come first and break in more ways than numbers do.
            at = data.draw(st.integers(0, min(len(content) - 1, data.draw(st.sampled_from([400, 10**6])))))
            content[at] = data.draw(st.integers(0, 255))
    path = tmp_path / f"damaged{suffix}"
    path.write_bytes(content)
    # Whatever it is, it is a coil or one sentence: any other exception fails the test.
    with contextlib.suppress(InputError):
        assert Coil.load(path).elements
