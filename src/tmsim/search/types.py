"""Specs and results of a search."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tmsim.coil import Coil
from tmsim.core import FloatArray, InputError, IntArray
from tmsim.placement import Placement
from tmsim.search.objectives import Objective

_ALIKE = 0.005
_WHOLE_TURN = tuple(math.radians(degrees) for degrees in range(0, 360, 10))


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Where the coil is tried before the best placements are refined.

    Parameters
    ----------
    radius_m
        Scalp points lie within this distance of the target's own. [m]
    spacing_m
        Least distance between two scalp points. [m]
    angles_rad
        Directions of the handle, as :func:`tmsim.place` takes them. [rad]
    tilt_rad
        Besides tangential, the coil is tilted by so much to either side about its x and its y axis. [rad]
    gap_m
        Scalp to casing. [m]
    """

    radius_m: float = 0.020
    spacing_m: float = 0.004
    angles_rad: tuple[float, ...] = _WHOLE_TURN
    tilt_rad: float = 0.0
    gap_m: float = 0.004

    def __post_init__(self) -> None:
        for name, low, high in (
            ("radius_m", 0.0, 0.3),
            ("spacing_m", 0.001, 0.1),
            ("tilt_rad", 0.0, math.radians(45)),
            ("gap_m", 0.0, 0.1),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                unit = name.rsplit("_", 1)[1]
                raise InputError(f"search {name}", f"{value:.4g} {unit}", f"{low:.4g} to {high:.4g} {unit}")
        if not self.angles_rad or not all(abs(angle) <= 2 * math.pi for angle in self.angles_rad):
            raise InputError(
                "search angles", f"{len(self.angles_rad)} of them", "at least one, each within a turn"
            )

    @property
    def whole_turn(self) -> bool:
        """Whether the angles go all round: no two neighbours are more than 60 degrees apart."""
        angles = sorted(angle % (2 * math.pi) for angle in self.angles_rad)
        gaps = [b - a for a, b in pairwise([*angles, angles[0] + 2 * math.pi])]
        return max(gaps) <= math.radians(60) + 1e-9

    @property
    def tilts_rad(self) -> tuple[tuple[float, float], ...]:
        """Tilts about the coil's x and y axes that are tried. [rad]"""
        t = self.tilt_rad
        return ((0.0, 0.0), (t, 0.0), (-t, 0.0), (0.0, t), (0.0, -t)) if t else ((0.0, 0.0),)


@dataclass(frozen=True, kw_only=True)
class PlacementError:
    """How far the coil may be from where it was to be.

    The centre is off by ``position_m`` along each direction of the coil's plane, and the coil turned by
    ``angle_rad`` about each of its axes; both are standard deviations of normal errors. The least distance
    between casing and scalp along the coil's axis stays what it was, so tilts move the centre out.
    """

    position_m: float
    angle_rad: float
    samples: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.position_m <= 0.01:
            raise InputError("placement error", f"{self.position_m * 1e3:.4g} mm", "0 to 10 mm")
        if not 0 <= self.angle_rad <= math.radians(20):
            raise InputError("placement error", f"{math.degrees(self.angle_rad):.4g} deg", "0 to 20 deg")
        if not 20 <= self.samples <= 10_000:
            raise InputError("placement error", f"{self.samples} samples", "20 to 10,000")
        if not 0 <= self.seed < 2**63:
            raise InputError("placement error", f"seed {self.seed}", "0 or more")


@dataclass(frozen=True, kw_only=True, eq=False)
class Region:
    """The piece of mid-cortex that is aimed at.

    Parameters
    ----------
    target
        The target as text.
    target_m, scalp_m
        The target itself, and the scalp nearest to it, (3,). [m]
    center_m
        The mid-cortical point nearest to the target, (3,); the region is all within ``radius_m`` of it. [m]
    column
        Unit vector along the cortical column at the centre, outward: across a sulcal wall, its normal.
    points, columns
        Indices of the mid-cortical points in it, (n,), and the column at each, (n, 3).
    shares
        Their shares of its area, (n,), which sum to 1.
    """

    target: str
    target_m: FloatArray
    scalp_m: FloatArray
    center_m: FloatArray
    radius_m: float
    column: FloatArray
    points: npt.NDArray[np.int64]
    columns: FloatArray
    shares: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """All placements of the grid, n of them.

    ``values`` are NaN where the casing clears the scalp only more than 50 mm out.
    """

    matrices: FloatArray  # (n, 4, 4) from coil to head coordinates
    coil: IntArray  # (n,) which of the coils
    scalp: IntArray  # (n,) which of the scalp points
    angle_rad: FloatArray  # (n,)
    tilt_rad: FloatArray  # (n, 2) about the coil's x and y axes
    lifted_m: FloatArray  # (n,)
    values: FloatArray  # (n,)

    def ranked(self, worth: FloatArray | None = None) -> list[int]:
        """Indices of the best at each scalp point with each coil, the best first.

        Of angles that are as good to half a percent, as opposite ones of a figure-8 coil often are, it is
        the one whose handle points most nearly straight back.
        """
        worth = self.values if worth is None else worth
        groups: dict[tuple[int, int], list[int]] = {}
        for i in np.flatnonzero(np.isfinite(worth)).tolist():
            groups.setdefault((int(self.coil[i]), int(self.scalp[i])), []).append(i)
        from_back = np.abs(np.remainder(self.angle_rad + math.pi, 2 * math.pi) - math.pi)
        chosen = []
        for rows in groups.values():
            best = worth[rows].max()
            alike = [i for i in rows if worth[i] >= best - _ALIKE * abs(best)]
            chosen.append(min(alike, key=lambda i: (round(from_back[i], 6), -worth[i])))
        return sorted(chosen, key=lambda i: -worth[i])


@dataclass(frozen=True, kw_only=True, eq=False)
class ScalpMap:
    """The best value that the grid has at each scalp point; NaN where no coil clears the scalp."""

    points_m: FloatArray  # (n, 3)
    values: FloatArray  # (n,)


@dataclass(frozen=True, kw_only=True)
class Robustness:
    """What placement errors leave of a value: the mean over them, and the value that 95 in 100 exceed."""

    error: PlacementError
    expected: float
    fifth_percentile: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """The best placement, and what it was chosen from.

    Parameters
    ----------
    pose, coil, tilt_rad
        Where the coil sits, which coil, and its tilt about its own x and y axes, (2,). [rad]
    value
        The objective there, by reciprocity; in ``unit``.
    verified_value
        The same by a forward solve of the same finite elements.
    robust
        What placement errors leave of it, where they were asked for.
    grid_value
        The best value on the grid, before it was refined.
    outside_modes
        For objectives that are not linear in E: relative L2 of trial fields outside the modes that stand for
        them; 0 for linear ones.
    """

    pose: Placement
    coil: Coil
    tilt_rad: tuple[float, float]
    objective: Objective
    region: Region
    didt_A_per_s: float
    value: float
    verified_value: float
    robust: Robustness | None
    grid_value: float
    outside_modes: float
    candidates: Candidates
    map: ScalpMap
