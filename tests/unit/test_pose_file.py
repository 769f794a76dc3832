"""Pose files: what is rigid and in mm comes back, all else is refused in one sentence."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from tmsim.core import InputError
from tmsim.placement import Pose, read_pose, write_pose


def rigid(rotation_vector, centre_mm):
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(rotation_vector).as_matrix()
    matrix[:3, 3] = centre_mm
    return matrix


GOOD = rigid((0.3, -2.0, 0.5), (-40.0, 35.0, 70.0))
angle = st.floats(-3, 3)
place_mm = st.floats(10, 200)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.tuples(angle, angle, angle), st.tuples(place_mm, place_mm, place_mm))
def test_a_rigid_pose_comes_back_from_its_file(tmp_path, rotation_vector, centre_mm):
    pose = Pose.from_simnibs_mm(rigid(rotation_vector, centre_mm))
    write_pose(pose, tmp_path / "pose.txt")
    again = read_pose(tmp_path / "pose.txt")
    np.testing.assert_allclose(again.matrix, pose.matrix, atol=1e-8)
    assert again.center_m == pytest.approx(np.array(centre_mm) * 1e-3)


def changed(**cells):
    matrix = GOOD.copy()
    for name, value in cells.items():
        matrix[int(name[1]), int(name[2])] = value
    return matrix


SHEARED = GOOD @ np.array([[1, 0.1, 0, 0], [0, np.sqrt(0.99), 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
METRES = GOOD.copy()
METRES[:3, 3] *= 1e-3


@pytest.mark.parametrize(
    ("matrix", "word"),
    [
        (SHEARED, "shear"),
        (GOOD @ np.diag([-1, 1, 1, 1]), "left-handed"),
        (METRES, "must be in mm"),
        (GOOD.T, "transposed"),
        (GOOD[:3], "four rows of four"),
        (GOOD @ np.diag([1.1, 1.1, 1.1, 1]), "unit axes"),
        (changed(c03=np.nan), "finite"),
        (changed(c03=np.inf), "finite"),
        (changed(c03=9000.0), "500 mm"),
        (np.zeros((4, 4)), "last row"),
        (np.zeros((0, 4)), "no numbers"),
    ],
)
def test_a_faulty_matrix_is_refused_by_its_fault(tmp_path, matrix, word):
    path = tmp_path / "pose.txt"
    np.savetxt(path, matrix)
    with pytest.raises(InputError, match=word) as refusal:
        read_pose(path)
    assert "\n" not in str(refusal.value)
    assert "pose.txt" in str(refusal.value)


@pytest.mark.parametrize(
    "data", [b"\xff\xfe\x00binary", b"a b c d\n" * 4, b"1 2 3\n1 2\n", b"1" * 200_000, b"", b"{[(\n" * 4]
)
def test_a_file_that_is_no_matrix_is_refused(tmp_path, data):
    path = tmp_path / "pose.txt"
    path.write_bytes(data)
    with pytest.raises(InputError):
        read_pose(path)


def test_a_missing_file_or_a_folder_is_refused(tmp_path):
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(InputError):
            read_pose(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_any_bytes_are_a_pose_or_are_refused(tmp_path, data):
    path = tmp_path / "pose.txt"
    path.write_bytes(data)
    with suppress(InputError):
        read_pose(path)


def test_commas_and_comments_are_read(tmp_path):
    path = tmp_path / "pose.txt"
    np.savetxt(path, GOOD, delimiter=",", header="matsimnibs")
    np.testing.assert_allclose(read_pose(path).to_simnibs_mm(), GOOD, atol=1e-9)
