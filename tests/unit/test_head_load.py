"""Loading a head: what would break a solve is named and refused, and mended only when asked."""

from __future__ import annotations

import json
from dataclasses import replace

import nibabel
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spheres import sphere_head
from tmsim.core import InputError
from tmsim.formats import msh
from tmsim.formats.nifti import read_labels, write_volume
from tmsim.head import Head
from tmsim.head.check import check
from tmsim.head.faults import MeshArrays, find_faults, mend


@pytest.fixture(scope="module")
def ball() -> MeshArrays:
    head = sphere_head(cell_m=0.012)
    return MeshArrays(nodes_m=head.nodes_m, tets=head.tets, tags=head.tags)


def saved(folder, mesh: MeshArrays, scale: float = 1e3):
    path = folder / "ball.msh"
    none = np.empty(0, np.int32)
    msh.write(
        path,
        msh.MshFile(
            nodes_mm=mesh.nodes_m * scale,
            tets=mesh.tets,
            tet_tags=mesh.tags,
            triangles=none.reshape(0, 3),
            triangle_tags=none,
        ),
    )
    return path


def inverted(mesh: MeshArrays) -> MeshArrays:
    tets = mesh.tets.copy()
    tets[:7] = tets[:7][:, [1, 0, 2, 3]]
    return replace(mesh, tets=tets)


def flattened(mesh: MeshArrays) -> MeshArrays:
    """A new tetrahedron of four corners that are nearly in a plane."""
    a, b, c = mesh.nodes_m[mesh.tets[5, :3]]
    nodes = np.vstack([mesh.nodes_m, (a + b + c) / 3])
    extra = np.append(mesh.tets[5, :3], len(mesh.nodes_m)).astype(np.int32)
    return MeshArrays(
        nodes_m=nodes, tets=np.vstack([mesh.tets, extra]), tags=np.append(mesh.tags, 2).astype(np.int32)
    )


def loose_nodes(mesh: MeshArrays) -> MeshArrays:
    return replace(
        mesh, nodes_m=np.vstack([mesh.nodes_m[:1] + 0.2, mesh.nodes_m]), tets=mesh.tets + np.int32(1)
    )


def in_two_parts(mesh: MeshArrays) -> MeshArrays:
    extra = np.array([[0, 0, 0], [0.01, 0, 0], [0, 0.01, 0], [0, 0, 0.01]]) + 0.15
    tet = np.arange(4, dtype=np.int32)[None] + np.int32(len(mesh.nodes_m))
    return MeshArrays(
        nodes_m=np.vstack([mesh.nodes_m, extra]),
        tets=np.vstack([mesh.tets, tet]),
        tags=np.append(mesh.tags, 5).astype(np.int32),
    )


def doubled_node(mesh: MeshArrays) -> MeshArrays:
    tets = mesh.tets.copy()
    node = tets[3, 0]
    tets[3, 0] = len(mesh.nodes_m)
    return replace(mesh, nodes_m=np.vstack([mesh.nodes_m, mesh.nodes_m[node]]), tets=tets)


def doubled_tet(mesh: MeshArrays) -> MeshArrays:
    again = mesh.tets[[4]][:, [1, 2, 0, 3]]
    return replace(mesh, tets=np.vstack([mesh.tets, again]), tags=np.append(mesh.tags, mesh.tags[4]))


def with_electrode(mesh: MeshArrays) -> MeshArrays:
    # The outermost shell's first tetrahedra: the rest stays connected and closed.
    tags = mesh.tags.copy()
    tags[np.flatnonzero(tags == 5)[:11]] = 501
    return replace(mesh, tags=tags)


MENDED = {
    "7 inverted tetrahedra": inverted,
    "1 degenerate tetrahedra": flattened,
    "1 nodes that no tetrahedron uses": loose_nodes,
    "2 disconnected parts \\(1 tetrahedra outside": in_two_parts,
    "1 nodes at the place of another": doubled_node,
    "1 tetrahedra given twice": doubled_tet,
    "11 tetrahedra that are no tissue \\(tags 501": with_electrode,
}


@pytest.mark.parametrize("found", MENDED)
def test_a_fault_is_refused_by_name_and_mended_when_asked(tmp_path, ball, found):
    path = saved(tmp_path, MENDED[found](ball))
    with pytest.raises(InputError, match=found) as refusal:
        Head.load(path)
    assert "--repair" in str(refusal.value)
    assert not check(path).sound
    head = Head.load(path, repair=True)
    assert check(head).sound
    assert head.origin.note.startswith("Repaired: ")
    lost = 11 if "501" in found else 0
    # Coincident elements are the same but for which of two copies stayed.
    np.testing.assert_allclose(np.sort(head.volumes_m3).sum(), check_volume(ball, lost), rtol=1e-9)
    assert len(head.tets) == len(ball.tets) - lost


def check_volume(mesh: MeshArrays, lost: int) -> float:
    volumes = Head(name="", nodes_m=mesh.nodes_m, tets=mesh.tets, tags=mesh.tags, origin=ORIGIN).volumes_m3
    return volumes.sum() - volumes[np.flatnonzero(mesh.tags == 5)[:lost]].sum()


ORIGIN = sphere_head(cell_m=0.02).origin


def unknown_tag(mesh: MeshArrays) -> MeshArrays:
    tags = mesh.tags.copy()
    tags[2:5] = 42
    return replace(mesh, tags=tags)


def negative_tag(mesh: MeshArrays) -> MeshArrays:
    return replace(mesh, tags=np.where(mesh.tags == 5, -1, mesh.tags).astype(np.int32))


def not_a_number(mesh: MeshArrays) -> MeshArrays:
    nodes = mesh.nodes_m.copy()
    nodes[3, 1], nodes[9, 0] = np.nan, np.inf
    return replace(mesh, nodes_m=nodes)


def overlapping(mesh: MeshArrays) -> MeshArrays:
    a, b, c = mesh.tets[0, :3]
    others = np.setdiff1d(mesh.tets[:50], mesh.tets[0])
    flat = np.array([[a, b, c, others[0]], [a, b, c, others[1]]], np.int32)
    return replace(
        mesh, tets=np.vstack([mesh.tets, flat]), tags=np.append(mesh.tags, [2, 2]).astype(np.int32)
    )


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (unknown_tag, "3 tetrahedra of unknown tissue \\(tags 42"),
        (negative_tag, "unknown tissue \\(tags -1"),
        (not_a_number, "2 nodes at NaN or infinity"),
        (overlapping, "faces with more than two tetrahedra"),
    ],
)
def test_what_cannot_be_mended_is_refused_even_with_repair(tmp_path, ball, spoil, found):
    path = saved(tmp_path, spoil(ball))
    for repair in (False, True):
        with pytest.raises(InputError, match=found):
            Head.load(path, repair=repair)
    assert not check(path).sound
    assert check(path).as_text().count("fault") >= 1


def test_metres_by_mistake_are_named_and_never_scaled_silently(tmp_path, ball):
    path = saved(tmp_path, ball, scale=1.0)
    for repair in (False, True):
        with pytest.raises(InputError, match="0.184 mm across .*in metres") as refusal:
            Head.load(path, repair=repair)
        assert "50 to 600 mm" in str(refusal.value)


def test_several_faults_are_all_named_at_once(tmp_path, ball):
    path = saved(tmp_path, in_two_parts(inverted(ball)))
    with pytest.raises(InputError, match="7 inverted tetrahedra, 2 disconnected parts"):
        Head.load(path)
    assert len(Head.load(path, repair=True).tets) == len(ball.tets)


def test_a_sound_file_loads_in_millimetres_and_in_its_own_order(tmp_path, ball):
    path = saved(tmp_path, ball)
    head = Head.load(str(path))
    assert (head.name, head.origin.source, head.origin.note) == ("ball", "ball.msh", "")
    np.testing.assert_allclose(head.nodes_m, ball.nodes_m, atol=1e-12)
    np.testing.assert_array_equal(head.tets, ball.tets)
    np.testing.assert_array_equal(head.tags, ball.tags)


def test_mending_a_sound_mesh_changes_nothing(ball):
    again = mend(ball)
    for name in ("nodes_m", "tets", "tags"):
        np.testing.assert_array_equal(getattr(again, name), getattr(ball, name))
    assert find_faults(ball) == ()


def test_the_report_of_a_collapsed_mesh_is_plain_json_and_text(tmp_path, ball):
    tets = ball.tets.copy()
    tets[0] = tets[0, 0]
    tets[1, 1] = tets[1, 0]
    report = check(saved(tmp_path, replace(ball, tets=tets)))
    told = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert told["sound"] is False
    assert {fault["name"]: fault["count"] for fault in told["faults"]}["degenerate tetrahedra"] == 2
    assert "2 degenerate tetrahedra" in report.as_text()


def test_the_report_counts_contacts_of_the_brain_and_measures_depth(ball):
    tags = np.where(ball.tags == 3, 4, ball.tags).astype(np.int32)
    head = Head(name="no CSF", nodes_m=ball.nodes_m, tets=ball.tets, tags=tags, origin=ORIGIN)
    report = check(head)
    # The whole border of the brain, a geodesic sphere: 20 f^2 triangles.
    assert report.brain_contacts["bone"] in [20 * f**2 for f in range(4, 12)]
    assert any("touches bone" in remark for remark in report.remarks)
    assert report.scalp_cortex_mm is not None
    assert report.scalp_cortex_mm.median == pytest.approx(14, abs=1.5)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.msh", None, "No such file"),
        ("none", None, "colin27"),
        ("head.txt", b"hello", "another kind"),
        ("head.msh", b"", "cut short"),
        ("head.nii.gz", b"\x1f\x8b\x08broken", "NIfTI"),
        ("head.nii", b"", "NIfTI"),
    ],
)
def test_what_is_no_head_is_refused(tmp_path, name, content, words):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    for take in (Head.load, check):
        with pytest.raises(InputError, match=words):
            take(path)


def test_a_folder_is_refused(tmp_path):
    for folder in (tmp_path, tmp_path / "x.msh", tmp_path / "x.nii.gz"):
        folder.mkdir(exist_ok=True)
        with pytest.raises(InputError):
            Head.load(folder)


def test_labels_come_back_with_their_affine_in_metres(tmp_path):
    tags = np.zeros((4, 5, 6), np.uint8)
    tags[1:3, 2, 4] = 5
    affine_m = np.array([[0, -2e-3, 0, 0.1], [2e-3, 0, 0, 0.2], [0, 0, 3e-3, -0.3], [0, 0, 0, 1]])
    for name in ("a.nii", "a.nii.gz"):
        write_volume(tmp_path / name, tags, affine_m)
        found, affine = read_labels(tmp_path / name)
        np.testing.assert_array_equal(found, tags)
        np.testing.assert_allclose(affine, affine_m, atol=1e-9)


@pytest.mark.parametrize(
    ("values", "affine", "words"),
    [
        (np.full((3, 3, 3), 0.5, np.float32), np.eye(4), "not whole"),
        (np.full((3, 3, 3), np.nan, np.float32), np.eye(4), "not finite"),
        (np.full((3, 3, 3), 900, np.int16), np.eye(4), "above 255"),
        (np.full((3, 3, 3), -1, np.int16), np.eye(4), "below 0"),
        (np.zeros((3, 3), np.uint8), np.eye(4), "three dimensions"),
        (np.zeros((3, 3, 3, 2), np.uint8), np.eye(4), "three dimensions"),
        (np.ones((3, 3, 3), np.uint8), np.diag([0, 1, 1, 1.0]), "affine"),
        (np.zeros((3, 3, 3), np.uint8), np.eye(4), "no tissue"),
    ],
)
def test_volumes_that_are_no_labels_are_refused(tmp_path, values, affine, words):
    path = tmp_path / "labels.nii"
    image = nibabel.Nifti1Image(values, None)
    image.header.set_sform(affine, code=2)
    image.to_filename(path)
    with pytest.raises(InputError, match=words):
        Head.load(path)


@given(data=st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_flipped_bytes_in_a_label_volume_give_labels_or_a_refusal(tmp_path, data):
    path = tmp_path / "labels.nii"
    write_volume(path, np.ones((3, 4, 5), np.uint8), np.diag([2e-3, 2e-3, 2e-3, 1]))
    damaged = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        # Mostly in the header's fields of sizes, types, scales and offsets.
        damaged[data.draw(st.one_of(st.integers(0, 120), st.integers(0, len(damaged) - 1)))] = data.draw(
            st.integers(0, 255)
        )
    path.write_bytes(damaged)
    try:
        tags, affine_m = read_labels(path)
    except InputError:
        return
    assert tags.ndim == 3
    assert np.isfinite(affine_m).all()


def test_a_truncated_label_volume_is_refused(tmp_path):
    path = tmp_path / "labels.nii.gz"
    write_volume(
        path, np.random.default_rng(0).integers(0, 9, (20, 20, 20)).astype(np.uint8), np.eye(4) * 1e-3
    )
    whole = path.read_bytes()
    for length in (0, 1, 5, 30, len(whole) // 2, len(whole) * 9 // 10):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError):
            read_labels(path)
