"""What is read off a field on the cortex while the coil moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tmsim.core import FloatArray
from tmsim.field.metrics import weighted_percentile
from tmsim.web.anatomy import Anatomy

_PEAK = 99.9  # percentile of area, as `tmsim.summarize` takes it of volume


@dataclass(frozen=True, kw_only=True, eq=False)
class Points:
    """The points that a field is read at, what each stands for, and the column at each."""

    points_m: FloatArray  # (n, 3)
    column: npt.NDArray[np.float32]  # (n, 3)
    areas_m2: FloatArray  # (n,)
    depth_m: FloatArray  # (n,)

    @staticmethod
    def of(anatomy: Anatomy, *, full: bool) -> Points:
        """All points of the cortex, or those that follow the coil."""
        some = slice(None) if full else anatomy.live
        return Points(
            points_m=anatomy.cortex.points_m[some],
            column=anatomy.column[some].astype(np.float32),
            areas_m2=anatomy.areas_m2 if full else anatomy.live_areas_m2,
            depth_m=anatomy.depth_m[some],
        )

    def near(self, target_m: FloatArray, radius_m: float) -> npt.NDArray[np.int64]:
        """Indices of those within a radius of the one nearest to a target: one at least."""
        distance = np.linalg.norm(self.points_m - target_m, axis=1)
        center_m = self.points_m[distance.argmin()]
        return np.flatnonzero(np.linalg.norm(self.points_m - center_m, axis=1) <= max(radius_m, 1e-9))


def readings(
    points: Points,
    size: npt.NDArray[Any],
    normal: npt.NDArray[Any],
    target: npt.NDArray[np.int64] | None,
) -> dict[str, object]:
    """Peak, focality, depth and target of |E| and its part along the column, (n,) each, in V/m, mm and cm2.

    Parameters
    ----------
    target
        Indices of the points whose mean is wanted, or None.
    """
    p999 = weighted_percentile(size, points.areas_m2, _PEAK)
    above = size >= p999 / 2
    at_target = component = None
    if target is not None:
        weights = points.areas_m2[target]
        at_target = float(size[target] @ weights / weights.sum())
        component = float(normal[target] @ weights / weights.sum())
    return {
        "peak": float(size.max()),
        "peak_mm": (points.points_m[size.argmax()] * 1e3).round(2).tolist(),
        "p999": p999,
        "at_target": at_target,
        "target_component": component,
        "depth_mm": float(points.depth_m[above].max()) * 1e3,
        "spread": float(points.areas_m2[above].sum()) * 1e4,
    }
