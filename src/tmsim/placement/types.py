"""Where the coil sits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tmsim.core import FloatArray, InputError, as_array
from tmsim.core.frames import apply, as_rigid, inverse, rotate


@dataclass(frozen=True, kw_only=True, eq=False)
class Pose:
    """Where the coil sits: a rigid 4x4 from coil to head coordinates, translation in metres.

    The SimNIBS convention: columns x, y, z, centre; z points into the head, -y along the handle.
    The coil's origin is the centre of its casing face that touches the head.
    """

    matrix: FloatArray  # (4, 4)

    def __post_init__(self) -> None:
        object.__setattr__(self, "matrix", as_rigid("pose", self.matrix))
        if np.abs(self.center_m).max() > 1:
            raise InputError(
                "pose", f"centre {self.center_m.tolist()} m", "within 1 m", "Were these millimetres?"
            )

    @staticmethod
    def from_simnibs_mm(matrix_mm: npt.ArrayLike, *, name: str = "pose") -> Pose:
        """From a SimNIBS ``matsimnibs`` 4x4 in mm."""
        matrix = np.array(as_rigid(name, matrix_mm))
        reach_mm = float(np.abs(matrix[:3, 3]).max())
        if not 1.0 < reach_mm < 500.0:
            raise InputError(
                name, f"a centre {reach_mm:.4g} mm from the origin", "1 to 500 mm", "The file must be in mm."
            )
        matrix[:3, 3] *= 1e-3
        return Pose(matrix=matrix)

    def to_simnibs_mm(self) -> FloatArray:
        """As a SimNIBS ``matsimnibs`` 4x4 in mm."""
        matrix = np.array(self.matrix)
        matrix[:3, 3] *= 1e3
        return matrix

    @property
    def center_m(self) -> FloatArray:
        """Where the coil's origin sits in the head. [m]"""
        return self.matrix[:3, 3]

    @property
    def handle(self) -> FloatArray:
        """Unit vector along the handle, away from the windings."""
        return -self.matrix[:3, 1]

    @property
    def inward(self) -> FloatArray:
        """Unit vector from the coil into the head."""
        return self.matrix[:3, 2]

    def to_head(self, points_m: FloatArray) -> FloatArray:
        """Points from coil to head coordinates. [m]"""
        return apply(self.matrix, points_m)

    def to_coil(self, points_m: FloatArray) -> FloatArray:
        """Points from head to coil coordinates. [m]"""
        return apply(inverse(self.matrix), points_m)

    def vectors_to_head(self, vectors: FloatArray) -> FloatArray:
        """Vectors from coil to head axes."""
        return rotate(self.matrix, vectors)


@dataclass(frozen=True, kw_only=True, eq=False)
class Placement(Pose):
    """A pose that was worked out from a target.

    Parameters
    ----------
    target
        The target as text.
    target_m, scalp_m
        The target itself, in the brain or on the scalp, and the scalp under the coil's centre, (3,). [m]
    gap_m
        Scalp to casing face, as asked for. [m]
    lifted_m
        How much farther out the coil had to go for its casing to clear the scalp. [m]
    angle_rad
        Direction of the handle, measured from ``reference``, positive away from the midline. [rad]
    """

    target: str
    target_m: FloatArray
    scalp_m: FloatArray
    gap_m: float
    lifted_m: float
    angle_rad: float
    reference: str

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("target_m", "scalp_m"):
            object.__setattr__(self, name, as_array(name, getattr(self, name), (3,)))
