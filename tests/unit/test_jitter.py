"""Poses scattered round one: in the coil's own frame, by key, with the deviations asked for."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tmsim.core import InputError
from tmsim.placement import Pose, jittered


def tilted() -> Pose:
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", [2.8, 0.4, -0.7]).as_matrix()
    matrix[:3, 3] = (0.03, -0.05, 0.09)
    return Pose(matrix=matrix)


def test_shifts_and_turns_have_their_deviations_along_the_axes_of_the_coil():
    pose = tilted()
    draws = jittered(pose, 2000, shift_m=(0.003, 0.001, 0.0), turn_rad=(0.0, 0.02, 0.05), seed=4)
    relative = [np.linalg.inv(pose.matrix) @ draw.matrix for draw in draws]
    shift = np.array([m[:3, 3] for m in relative])
    turn = Rotation.from_matrix([m[:3, :3] for m in relative]).as_rotvec()
    np.testing.assert_allclose(shift.std(axis=0), (0.003, 0.001, 0.0), rtol=0.06, atol=1e-15)
    np.testing.assert_allclose(turn.std(axis=0), (0.0, 0.02, 0.05), rtol=0.06, atol=1e-12)
    assert np.abs(shift.mean(axis=0)).max() < 3 * 0.003 / np.sqrt(2000)


def test_a_draw_does_not_depend_on_how_many_are_drawn():
    few = jittered(tilted(), 3, shift_m=0.002, turn_rad=0.03, seed=7)
    many = jittered(tilted(), 10, shift_m=0.002, turn_rad=0.03, seed=7)
    other = jittered(tilted(), 3, shift_m=0.002, turn_rad=0.03, seed=8)
    for a, b, c in zip(few, many, other, strict=False):
        assert np.array_equal(a.matrix, b.matrix)
        assert not np.allclose(a.matrix, c.matrix)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"shift_m": -0.001}, "shift: .*expected 0 to 0.05 m"),
        ({"shift_m": 3.0}, "shift: .*3.0"),  # millimetres
        ({"shift_m": (0.001, float("nan"), 0.0)}, "shift: .*nan"),
        ({"turn_rad": 5.0}, "turn: .*expected 0 to 0.785 rad"),  # degrees
        ({"count": 0}, "count: 0"),
    ],
)
def test_impossible_deviations_are_refused(given, complaint):
    arguments = {"count": 2, "shift_m": 0.001, "turn_rad": 0.01} | given
    with pytest.raises(InputError, match=complaint):
        jittered(tilted(), arguments.pop("count"), **arguments)
