"""Navigation files: golden axes, round trips, and refusals."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from tmsim.core import InputError
from tmsim.formats.navigation import (
    AXES,
    in_axes_of,
    read_brainsight,
    read_localite,
    write_brainsight,
    write_localite,
)

X, Y, Z, CENTRE = (
    np.array([1.0, 0, 0]),
    np.array([0, 0.6, 0.8]),
    np.array([0, -0.8, 0.6]),
    [-40.0, 35.5, 70.0],
)


def columns(*four):
    return np.vstack([np.column_stack(four), [0, 0, 0, 1]])


POSE = columns(X, Y, Z, CENTRE)


def test_the_columns_of_each_system_are_those_of_the_published_table():
    np.testing.assert_array_equal(in_axes_of("SimNIBS", POSE), POSE)
    np.testing.assert_array_equal(in_axes_of("Brainsight", POSE), columns(-X, Y, -Z, CENTRE))
    np.testing.assert_array_equal(in_axes_of("Localite", POSE), columns(Z, -Y, X, CENTRE))


@pytest.mark.parametrize("system", AXES)
def test_each_map_of_axes_is_a_rotation_and_its_own_inverse(system):
    np.testing.assert_array_equal(AXES[system] @ AXES[system], np.eye(4))
    assert np.linalg.det(AXES[system]) == pytest.approx(1)


def test_an_unknown_system_is_refused():
    with pytest.raises(InputError, match="Brainsight, Localite"):
        in_axes_of("brainsight9", POSE)


def test_a_brainsight_row_is_written_as_its_manual_numbers_it(tmp_path):
    write_brainsight(tmp_path / "out.txt", {"left DLPFC": POSE})
    lines = (tmp_path / "out.txt").read_text().splitlines()
    assert lines[:2] == ["# Version: 14", "# Coordinate system: NIfTI:S:Scanner"]
    cells = dict(zip(lines[-2][2:].split("\t"), lines[-1].split("\t"), strict=True))
    assert cells["Target Name"] == "left DLPFC"
    assert [float(cells[f"Loc. {a}"]) for a in "XYZ"] == CENTRE
    for column, vector in enumerate((-X, Y, -Z)):  # m{column}n{row}
        assert [float(cells[f"m{column}n{row}"]) for row in range(3)] == list(vector)


def test_a_brainsight_export_with_samples_and_gaps_is_read(tmp_path):
    path = tmp_path / "export.txt"
    matrix = "\t".join(str(v) for v in [*CENTRE, *-X, *Y, *-Z])
    names = "Loc. X\tLoc. Y\tLoc. Z\t" + "\t".join(f"m{c}n{r}" for c in range(3) for r in range(3))
    path.write_text(
        "# Version: 12\n# Coordinate system: NIfTI:Aligned\n# Created by: Brainsight\n"
        f"# Target Name\t{names}\nhot\t{matrix}\n"
        "unoriented\t1\t2\t3" + "\t(null)" * 9 + "\n"
        f"# Sample Name\tSession Name\tIndex\t{names}\tDist. to Target\n"
        f"hot\tone\t0\t{matrix}\t0.1\n# Session Name\none\n",
        encoding="utf-8",
    )
    poses = read_brainsight(path)
    assert list(poses) == ["hot", "hot (2)"]
    for pose in poses.values():
        np.testing.assert_allclose(pose, POSE, atol=1e-12)


@pytest.mark.parametrize(
    "space", ["Brainsight", "World", "NIfTI:S:MNI-152", "NIfTI:Q:Talairach", "DICOM", ""]
)
def test_a_brainsight_export_in_another_space_is_refused(tmp_path, space):
    path = tmp_path / "export.txt"
    write_brainsight(path, {"a": POSE})
    path.write_text(path.read_text().replace("NIfTI:S:Scanner", space))
    with pytest.raises(InputError, match="coordinate system"):
        read_brainsight(path)


def localite(space, matrix, name="spot"):
    cells = " ".join(f'data{i}{j}="{matrix[i][j]}"' for i in range(4) for j in range(4))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><InstrumentMarkerList coordinateSpace="{space}">'
        f'<InstrumentMarker index="0"><Marker description="{name}"><Matrix4D {cells}/></Marker>'
        "</InstrumentMarker></InstrumentMarkerList>"
    )


def test_localite_files_are_read_in_either_space(tmp_path):
    path = tmp_path / "InstrumentMarker.xml"
    ras = columns(Z, -Y, X, CENTRE)
    for space, matrix in (("RAS", ras), ("LPS", np.diag([-1, -1, 1, 1]) @ ras)):
        path.write_text(localite(space, matrix))
        np.testing.assert_allclose(read_localite(path)["spot"], POSE, atol=1e-12)


@pytest.mark.parametrize("matrix", [np.zeros((4, 4)), np.diag([0.0, 0, 0, 1]), AXES["Localite"]])
def test_markers_that_were_not_tracked_are_dropped(tmp_path, matrix):
    path = tmp_path / "InstrumentMarker.xml"
    path.write_text(localite("RAS", matrix))
    with pytest.raises(InputError, match="no coil pose"):
        read_localite(path)


angle = st.floats(-3, 3)
place_mm = st.floats(-150, 150)
rigid = st.builds(
    lambda rotation, centre: columns(*Rotation.from_rotvec(rotation).as_matrix().T, centre),
    st.tuples(angle, angle, angle),
    st.tuples(place_mm, place_mm, place_mm).filter(lambda centre: abs(centre[0]) > 1),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(rigid, min_size=1, max_size=3))
@pytest.mark.parametrize(
    ("write", "read"), [(write_brainsight, read_brainsight), (write_localite, read_localite)]
)
def test_poses_come_back_from_their_files(tmp_path, write, read, poses):
    named = {f'pose {k} <&"ä\t': pose for k, pose in enumerate(poses)}
    write(tmp_path / "poses", named)
    again = read(tmp_path / "poses")
    assert list(again) == [f'pose {k} <&"ä' for k in range(len(poses))]
    for pose, back in zip(poses, again.values(), strict=True):
        np.testing.assert_allclose(back, pose, atol=2e-6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.integers(0, 400))
@pytest.mark.parametrize(
    ("write", "read"), [(write_brainsight, read_brainsight), (write_localite, read_localite)]
)
def test_damaged_files_are_read_or_refused(tmp_path, write, read, junk, at):
    path = tmp_path / "poses"
    write(path, {"a": POSE})
    data = path.read_bytes()
    path.write_bytes(data[:at] + junk + data[at + len(junk) :])
    with suppress(InputError):
        read(path)


def test_a_sheared_matrix_and_a_document_type_are_refused(tmp_path):
    path = tmp_path / "a.xml"
    path.write_text(localite("RAS", columns(Z, -Y, X + 0.2 * Y, CENTRE)))
    with pytest.raises(InputError, match="unit axes"):
        read_localite(path)
    path.write_text('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    with pytest.raises(InputError, match="document type"):
        read_localite(path)
    path.write_text(localite("MNI", POSE))
    with pytest.raises(InputError, match="RAS or LPS"):
        read_localite(path)
