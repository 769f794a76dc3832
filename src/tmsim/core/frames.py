"""Frames and transforms. A 4x4 maps points of its own frame to another: ``q = R p + t``."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tmsim.core.arrays import FloatArray, as_array
from tmsim.core.errors import InputError


def apply(transform: FloatArray, points: FloatArray) -> FloatArray:
    """Points (..., 3) through an affine 4x4."""
    return points @ transform[:3, :3].T + transform[:3, 3]


def rotate(transform: FloatArray, vectors: FloatArray) -> FloatArray:
    """Vectors (..., 3) through the linear part of a 4x4."""
    return vectors @ transform[:3, :3].T


def inverse(transform: FloatArray) -> FloatArray:
    """Inverse of an affine 4x4, its last row exactly (0, 0, 0, 1)."""
    out = np.eye(4)
    out[:3, :3] = np.linalg.inv(transform[:3, :3])
    out[:3, 3] = -out[:3, :3] @ transform[:3, 3]
    return out


def as_rigid(name: str, value: npt.ArrayLike, *, tolerance: float = 1e-3) -> FloatArray:
    """A read-only rigid 4x4, or a refusal that says what is wrong with it.

    Small rounding (below ``tolerance``) is removed, so that the rotation returned is orthonormal to
    machine precision; shear, scale, mirroring and a wrong last row are refused.
    """
    matrix = as_array(name, value, (4, 4))
    rotation = matrix[:3, :3]
    if not np.allclose(matrix[3], (0, 0, 0, 1), atol=1e-6):
        raise InputError(
            name, f"last row {matrix[3].tolist()}", "0 0 0 1", "A transposed matrix has this fault."
        )
    lengths = np.linalg.norm(rotation, axis=0)
    if np.abs(lengths - 1).max() > tolerance:
        found = ", ".join(f"{v:.4g}" for v in lengths)
        raise InputError(
            name, f"axes of length {found}", "unit axes", "The matrix is scaled or in other units."
        )
    if np.linalg.det(rotation) < 0:
        raise InputError(
            name, "a left-handed rotation (determinant -1)", "a right-handed one", "Flip one axis to mend it."
        )
    shear = np.abs(rotation.T @ rotation - np.eye(3)).max()
    if shear > tolerance:
        raise InputError(
            name, f"sheared axes ({shear:.3g} off orthogonal)", f"orthogonal axes to {tolerance:g}"
        )
    u, _, vt = np.linalg.svd(rotation)
    out = np.eye(4)
    out[:3, :3] = u @ vt
    out[:3, 3] = matrix[:3, 3]
    out.flags.writeable = False
    return out
