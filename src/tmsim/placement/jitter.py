"""How a pose scatters: navigation, the operator's hand and the patient's neck are never still."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from tmsim.core import FloatArray, InputError, stream
from tmsim.placement.types import Pose

_MOST_m, _MOST_rad = 0.05, math.pi / 4


def jittered(
    pose: Pose,
    count: int,
    *,
    shift_m: float | tuple[float, float, float],
    turn_rad: float | tuple[float, float, float],
    seed: int = 0,
) -> list[Pose]:
    """``count`` poses scattered round one, each draw by its own key: the first ten of a hundred are the ten.

    Shifts along, and turns about, the coil's three axes through its origin are independent and normal. A
    draw can bring the coil into the scalp; whoever computes its field refuses it, so give z a smaller
    deviation, or none, where the coil lies on the head.

    Parameters
    ----------
    shift_m
        Standard deviation along x, y, z of the coil, or one for all three. [m]
    turn_rad
        Standard deviation of the turn about x, y, z of the coil, or one for all three. [rad]

    Raises
    ------
    InputError
        A deviation is negative, above 50 mm or above 45 degrees, or the count is below one.
    """
    if count < 1:
        raise InputError("count", str(count), "one or more")
    shift = _deviations("shift", shift_m, _MOST_m, "m")
    turn = _deviations("turn", turn_rad, _MOST_rad, "rad")
    out = []
    for k in range(count):
        draw = stream(seed, "placement", k).standard_normal(6)
        moved = np.eye(4)
        moved[:3, :3] = Rotation.from_rotvec(turn * draw[3:]).as_matrix()
        moved[:3, 3] = shift * draw[:3]
        out.append(Pose(matrix=pose.matrix @ moved))
    return out


def _deviations(name: str, value: npt.ArrayLike, most: float, unit: str) -> FloatArray:
    deviations = np.broadcast_to(np.asarray(value, dtype=float), (3,))
    if not ((deviations >= 0) & (deviations <= most)).all():  # NaN is refused as well
        raise InputError(name, f"{deviations.tolist()} {unit}", f"0 to {most:.3g} {unit}")
    return deviations
