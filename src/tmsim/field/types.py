"""Specs and results of a field computation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from tmsim.core import FloatArray, InputError


@dataclass(frozen=True, kw_only=True)
class FiniteElements:
    """Solve on the head's tetrahedra, with elements of first or second order.

    Second order is the default for a field that is reported: on the real head raw first-order values
    are 9-12 % off at the median, second order 3-4 %, and below 1 % where the mesh is refined once.

    Parameters
    ----------
    tolerance
        Relative residual.
    error
        Refine the mesh round each placement until the median of the `ErrorEstimate` is no larger, at least
        once; second order only, and heads with a cortex. None solves on the mesh as it is. The error
        itself was 2 to 8 times smaller than its estimate (docs/accuracy.md).
    most_unknowns
        Where refinement ends even so: 4 million take some 4.5 GB.
    """

    order: Literal[1, 2] = 2
    tolerance: float = 1e-6
    error: float | None = None
    most_unknowns: int = 4_000_000

    def __post_init__(self) -> None:
        if self.order not in (1, 2):
            raise InputError("order", str(self.order), "1 or 2")
        if not 1e-10 <= self.tolerance <= 1e-2:
            raise InputError("tolerance", f"{self.tolerance:g}", "1e-10 to 1e-2")
        if self.error is not None and self.order == 1:
            raise InputError("error", f"{self.error:g}, at first order", "second order")
        if self.error is not None and not 1e-3 <= self.error <= 0.5:
            raise InputError("error", f"{self.error:g}", "0.1 to 50 %, as 0.001 to 0.5")
        if self.most_unknowns < 1:
            raise InputError("most unknowns", str(self.most_unknowns), "1 or more")


@dataclass(frozen=True, kw_only=True)
class LayeredSphere:
    """The closed form for any radially layered sphere round ``center_m`` (Sarvas1987, Heller1992).

    It knows nothing of conductivities or of the head's shape: an independent check, not a head model.
    """

    center_m: tuple[float, float, float] = (0.0, 0.0, 0.0)


Method = FiniteElements | LayeredSphere


@dataclass(frozen=True, kw_only=True)
class ErrorEstimate:
    """What this field says of its own error; segmentation and conductivity are not in it.

    ``median`` and ``p95`` are of ``|E - E'| / |E|`` over the mid-cortical points with more than half of
    the peak field, where E' is the same field by ``method``.
    """

    method: str
    median: float
    p95: float


@dataclass(frozen=True, kw_only=True, eq=False)
class EField:
    """The induced electric field at one rate of change of coil current.

    Parameters
    ----------
    E_V_per_m
        Mean over each tetrahedron, (n_tets, 3), in the file's own order. [V/m]
    cortex_V_per_m
        At each point of the head's mid-cortical surface, (n_points, 3), from grey matter alone. [V/m]
    didt_A_per_s
        Rate of change of the coil current. [A/s]
    points_V_per_m
        At the points that were asked for, (n, 3). [V/m]
    relative_residual
        ``|b - A x| / |b|`` of the discrete problem, applied element by element in float64.
    """

    E_V_per_m: FloatArray
    cortex_V_per_m: FloatArray
    points_V_per_m: FloatArray
    didt_A_per_s: float
    method: Method
    unknowns: int
    iterations: int
    relative_residual: float
    error: ErrorEstimate | None

    @property
    def misses_error(self) -> bool:
        """Whether an error was asked for and is not reached: the limit of unknowns came first."""
        wanted = self.method.error if isinstance(self.method, FiniteElements) else None
        return wanted is not None and self.error is not None and self.error.median > wanted

    def scaled_to(self, didt_A_per_s: float) -> EField:
        """The same field at another current slope: the problem is linear in dI/dt."""
        gain = didt_A_per_s / self.didt_A_per_s
        return replace(
            self,
            E_V_per_m=self.E_V_per_m * gain,
            cortex_V_per_m=self.cortex_V_per_m * gain,
            points_V_per_m=self.points_V_per_m * gain,
            didt_A_per_s=didt_A_per_s,
        )


@dataclass(frozen=True, kw_only=True)
class RegionRow:
    """One row of the per-region table."""

    region: str
    area_m2: float
    mean_V_per_m: float
    p99_V_per_m: float
    mean_normal_V_per_m: float  # signed: positive is outward, from white matter to pia


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """A field in the numbers that the literature compares. Percentiles are weighted by volume.

    ``volume_50_m3`` and ``area_50_m2`` are the grey matter and the mid-cortical surface with more than
    half of ``p999_V_per_m``; likewise 75. ``half_depth_m`` is the depth below the convex hull of the brain
    to which the strongest 0.1 % of each layer keep half the peak, and ``spread_m2`` the volume of brain
    above half divided by it, after Deng2013.
    """

    p999_V_per_m: float
    peak_m: tuple[float, float, float]  # centroid of the largest spot that reaches p999_V_per_m
    volume_50_m3: float
    volume_75_m3: float
    area_50_m2: float
    area_75_m2: float
    half_depth_m: float
    spread_m2: float
    target_m: tuple[float, float, float] | None
    target_mean_V_per_m: float | None  # |E| in grey matter within target_radius_m
    target_normal_V_per_m: float | None  # signed, at mid-cortex
    target_tangential_V_per_m: float | None
    target_radius_m: float
    regions: tuple[RegionRow, ...]
