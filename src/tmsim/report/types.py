"""What a picture and a report are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tmsim.coil.types import Coil
from tmsim.core import FloatArray, InputError, IntArray, as_array, as_index_array
from tmsim.field.types import EField, Metrics
from tmsim.head.types import Head
from tmsim.placement.types import Pose
from tmsim.result import Brain, FieldUncertainty, Link, Response, Session, Transmission, Weeks

View = Literal["left", "right", "front", "back", "top"]

# Direction of gaze and the up direction of the image, in RAS axes.
_VIEWS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "left": ((1, 0, 0), (0, 0, 1)),
    "right": ((-1, 0, 0), (0, 0, 1)),
    "front": ((0, -1, 0), (0, 0, 1)),
    "back": ((0, 1, 0), (0, 0, 1)),
    "top": ((0, 0, -1), (0, 1, 0)),
}

_FILL = 0.86  # of the image's width or height; the margin holds the anatomical letters


@dataclass(frozen=True, kw_only=True, eq=False)
class Camera:
    """An orthographic camera: parallel rays, so that lengths in the image are lengths in the head.

    Parameters
    ----------
    gaze
        Unit vector from the eye into the scene, head axes (RAS), (3,).
    up
        Unit vector that points up in the image, orthogonal to ``gaze``, (3,).
    center_m
        The point shown in the middle of the image, (3,). [m]
    width_px, height_px
        Size of the image.
    m_per_px
        Length of one pixel. [m]
    """

    gaze: FloatArray
    up: FloatArray
    center_m: FloatArray
    width_px: int
    height_px: int
    m_per_px: float

    def __post_init__(self) -> None:
        gaze = as_array("camera gaze", self.gaze, (3,))
        up = as_array("camera up", self.up, (3,))
        if np.abs([gaze @ gaze - 1, up @ up - 1, gaze @ up]).max() > 1e-6:
            raise InputError(
                "camera", f"gaze {gaze.tolist()} and up {up.tolist()}", "orthogonal unit vectors"
            )
        if min(self.width_px, self.height_px) < 1 or not 0 < self.m_per_px < 1:
            raise InputError(
                "camera", f"{self.width_px} x {self.height_px} px of {self.m_per_px} m", "a size"
            )
        for name, value in (("gaze", gaze), ("up", up)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "center_m", as_array("camera centre", self.center_m, (3,)))

    @staticmethod
    def of_view(view: View, points_m: FloatArray, *, width_px: int, height_px: int) -> Camera:
        """A standard view that frames ``points_m``, (n, 3), with a small margin. [m]"""
        gaze, up = (np.array(v, dtype=float) for v in _VIEWS[view])
        return Camera.framing(gaze, up, points_m, width_px=width_px, height_px=height_px)

    @staticmethod
    def framing(
        gaze: FloatArray, up: FloatArray, points_m: FloatArray, *, width_px: int, height_px: int
    ) -> Camera:
        """A camera along ``gaze`` that frames ``points_m``, (n, 3); ``up`` need only be roughly up. [m]"""
        gaze = gaze / np.linalg.norm(gaze)
        up = up - (up @ gaze) * gaze
        up = up / np.linalg.norm(up)
        axes = np.stack([np.cross(gaze, up), up, gaze])
        seen = points_m @ axes.T
        low, high = seen.min(axis=0), seen.max(axis=0)
        span = (high - low) / _FILL
        return Camera(
            gaze=gaze,
            up=up,
            center_m=(low + high) / 2 @ axes,
            width_px=width_px,
            height_px=height_px,
            m_per_px=float(max(span[0] / width_px, span[1] / height_px)),
        )

    @property
    def right(self) -> FloatArray:
        """Unit vector that points to the right in the image."""
        return np.cross(self.gaze, self.up)

    @property
    def down(self) -> FloatArray:
        """Unit vector that points down in the image."""
        return -self.up

    def project(self, points_m: FloatArray) -> FloatArray:
        """Head coordinates to pixels: x to the right, y down, z away from the eye, (n, 3). [px]

        The corner of the first pixel is (0, 0), its centre (0.5, 0.5).
        """
        axes = np.stack([self.right, self.down, self.gaze])
        offset = np.array([self.width_px / 2, self.height_px / 2, 0])
        return (points_m - self.center_m) @ axes.T / self.m_per_px + offset


@dataclass(frozen=True, kw_only=True, eq=False)
class Plane:
    """A plane through the head, sampled at the centres of square pixels."""

    corner_m: FloatArray  # (3,) the upper left corner of the upper left pixel
    right: FloatArray  # (3,) unit vector along a row
    down: FloatArray  # (3,) unit vector along a column
    width_px: int
    height_px: int
    m_per_px: float

    def project(self, points_m: FloatArray) -> FloatArray:
        """Head coordinates to pixels: x to the right, y down, z behind the plane, (n, 3). [px]"""
        axes = np.stack([self.right, self.down, np.cross(self.right, self.down)])
        return (points_m - self.corner_m) @ axes.T / self.m_per_px


@dataclass(frozen=True, kw_only=True, eq=False)
class Mesh:
    """Triangles to draw.

    Parameters
    ----------
    points_m
        (n, 3), head coordinates. [m]
    triangles
        Point indices, (k, 3).
    normals
        Unit normal at each point, (n, 3); either side may face the eye.
    colours
        sRGB at each point, (n, 3), or one for all, (3,); 0 to 1.
    opacity
        1 is solid. Below that the mesh is glass: this opaque where it faces the eye, more so at its rim.
    gloss
        Strength of the highlight, 0 to 1.
    """

    points_m: FloatArray
    triangles: IntArray
    normals: FloatArray
    colours: npt.ArrayLike
    opacity: float = 1.0
    gloss: float = 0.1

    def __post_init__(self) -> None:
        points = as_array("mesh points", self.points_m, (None, 3))
        object.__setattr__(self, "points_m", points)
        triangles = as_index_array("mesh triangles", self.triangles, (None, 3), len(points))
        object.__setattr__(self, "triangles", triangles)
        object.__setattr__(self, "normals", as_array("mesh normals", self.normals, (len(points), 3)))
        colours = np.broadcast_to(np.asarray(self.colours, dtype=float), points.shape)
        object.__setattr__(self, "colours", as_array("mesh colours", colours, (len(points), 3)))
        if not 0 < self.opacity <= 1:
            raise InputError("mesh opacity", str(self.opacity), "above 0 and at most 1")


@dataclass(frozen=True, kw_only=True, eq=False)
class ReportInput:
    """All that a report shows; the figures are derived from it.

    ``plan_toml`` is the plan with its defaults written out, ``provenance`` what is needed to run it
    again (version, hashes, seed, packages), ``citations`` the BibTeX keys of the works it rests on.
    """

    head: Head
    coil: Coil
    pose: Pose
    field: EField
    metrics: Metrics
    uncertainty: FieldUncertainty | None
    chain: tuple[Link, ...]
    response: Response
    session: Session | None
    transmission: Transmission | None
    brain: Brain | None
    weeks: Weeks | None
    plan_toml: str
    provenance: Mapping[str, str]
    citations: tuple[str, ...]
