"""Planes and lines through the head: which tetrahedron lies where."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tmsim.core import FloatArray
from tmsim.head.types import Head
from tmsim.report.kernels import slice_tets
from tmsim.report.types import Plane


def tets_on(head: Head, plane: Plane) -> npt.NDArray[np.int32]:
    """The tetrahedron that holds each pixel centre of ``plane``, (height, width); -1 outside the head."""
    found = np.full((plane.height_px, plane.width_px), -1, dtype=np.int32)
    slice_tets(plane.project(head.nodes_m), head.tets, found)
    return found


def line(start_m: FloatArray, direction: FloatArray, *, length_m: float, step_m: float) -> Plane:
    """Points from ``start_m`` along the unit vector ``direction``, as a plane of one row."""
    across = np.cross(direction, np.eye(3)[np.argmin(np.abs(direction))]).astype(float)
    across = across / np.linalg.norm(across)
    return Plane(
        corner_m=start_m - 0.5 * step_m * (direction + across),
        right=direction,
        down=across,
        width_px=round(length_m / step_m) + 1,
        height_px=1,
        m_per_px=step_m,
    )
