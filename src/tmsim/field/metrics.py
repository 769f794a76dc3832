"""A field in the numbers that the literature compares."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from tmsim.core import FloatArray, InputError, as_array
from tmsim.field.depth import directions
from tmsim.field.types import EField, Metrics, RegionRow
from tmsim.head import Head
from tmsim.head.parameters import BRAIN_TAGS, GREY_MATTER
from tmsim.head.regions import regions_of

TARGET_RADIUS_m = 0.010

_SPOT_RADIUS_m = 0.010
_LAYER_m = 1e-3
_HULL_DIRECTIONS = 1000  # puts the hull of a 75 mm ball right to 0.04 mm
_PEAK = 99.9  # percentile, not maximum: one sliver tetrahedron sets the maximum


def summarize(
    head: Head,
    field: EField,
    *,
    target_m: npt.ArrayLike | None = None,
    target_radius_m: float = TARGET_RADIUS_m,
) -> Metrics:
    """Peak, focality, depth, target and regions of a field.

    Parameters
    ----------
    target_m
        The cortical target in head coordinates, (3,), or None. [m]
    target_radius_m
        Grey matter within this distance of the target counts for its mean. [m]

    Raises
    ------
    InputError
        The head has no grey matter, or none lies within the radius of the target.
    """
    size = np.linalg.norm(field.E_V_per_m, axis=1)
    grey = np.flatnonzero(head.tags == GREY_MATTER)
    if not len(grey):
        raise InputError("head", "no grey matter (tag 2)", "some, to measure the field in")
    volume = head.volumes_m3[grey]
    p999 = weighted_percentile(size[grey], volume, _PEAK)
    hot = grey[size[grey] >= p999]

    area, on_cortex = np.zeros(0), np.zeros(0)
    if head.has_cortex:
        area = head.cortex.point_areas_m2
        on_cortex = np.linalg.norm(field.cortex_V_per_m, axis=1)
    brain = np.flatnonzero(np.isin(head.tags, BRAIN_TAGS))
    half_depth_m = _half_depth(head, brain, size, p999 / 2)
    brain_above_half_m3 = float(head.volumes_m3[brain][size[brain] >= p999 / 2].sum())
    target = None if target_m is None else as_array("target", target_m, (3,))
    normal, tangential = None, None
    if target is not None and head.has_cortex:
        normal, tangential = _target_parts(head, field, target)
    return Metrics(
        p999_V_per_m=p999,
        peak_m=_triple(_hot_spot(head.centers_m[hot], head.volumes_m3[hot])),
        volume_50_m3=float(volume[size[grey] >= 0.5 * p999].sum()),
        volume_75_m3=float(volume[size[grey] >= 0.75 * p999].sum()),
        area_50_m2=float(area[on_cortex >= 0.5 * p999].sum()),
        area_75_m2=float(area[on_cortex >= 0.75 * p999].sum()),
        half_depth_m=half_depth_m,
        spread_m2=brain_above_half_m3 / half_depth_m,
        target_m=None if target is None else _triple(target),
        target_mean_V_per_m=None if target is None else _target_mean(head, size, target, target_radius_m),
        target_normal_V_per_m=normal,
        target_tangential_V_per_m=tangential,
        target_radius_m=target_radius_m,
        regions=_regions(head, field),
    )


def weighted_percentile(values: FloatArray, weights: FloatArray, percent: float) -> float:
    """The value below which ``percent`` of the weight lies."""
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    k = int(np.searchsorted(below, percent / 100 * below[-1]))
    return float(values[order[min(k, len(order) - 1)]])


def _hot_spot(points_m: FloatArray, volumes_m3: FloatArray) -> FloatArray:
    """Centroid of the hot tissue within 10 mm of the place that has most of it so near."""
    # Not of all of it: between two hemispheres alike, that is a place without brain.
    near = KDTree(points_m).query_ball_point(points_m, _SPOT_RADIUS_m)
    spot = near[int(np.argmax([volumes_m3[some].sum() for some in near]))]
    return np.average(points_m[spot], axis=0, weights=volumes_m3[spot])


def _half_depth(head: Head, brain: npt.NDArray[np.intp], size: FloatArray, half: float) -> float:
    """Depth below the convex hull of the brain to which its layers, 1 mm each, reach half the peak."""
    # The hull of the brain, not the nearest pia: in a folded cortex the latter is never far.
    outward = directions(_HULL_DIRECTIONS).T
    corners = np.unique(head.tets[brain])
    parts = np.array_split(head.nodes_m[corners], len(corners) // 20_000 + 1)
    reach = np.max([(part @ outward).max(axis=0) for part in parts], axis=0)
    depth = np.zeros(len(head.nodes_m))
    depth[corners] = np.concatenate([(reach - part @ outward).min(axis=1) for part in parts])
    # The depth of a barycentre is the mean of its corners', but for the bend of the hull: some 0.03 mm.
    layer = (depth[head.tets[brain]].mean(axis=1) / _LAYER_m).astype(int)
    strongest = np.zeros(layer.max() + 2)
    for k in range(layer.max() + 1):
        inside = brain[layer == k]
        if len(inside):
            strongest[k] = weighted_percentile(size[inside], head.volumes_m3[inside], _PEAK)
    deepest = int(np.flatnonzero(strongest >= half).max(initial=0))
    upper, lower = strongest[deepest], strongest[deepest + 1]
    share = (upper - half) / (upper - lower) if upper > max(lower, half) else 0.0
    return float((deepest + 0.5 + share) * _LAYER_m)


def _target_mean(head: Head, size: FloatArray, target_m: FloatArray, radius_m: float) -> float:
    near = (head.tags == GREY_MATTER) & (np.linalg.norm(head.centers_m - target_m, axis=1) <= radius_m)
    if not near.any():
        raise InputError(
            "target", f"no grey matter within {radius_m * 1e3:g} mm of it", "a target in or near the cortex"
        )
    return float(np.average(size[near], weights=head.volumes_m3[near]))


def _target_parts(head: Head, field: EField, target_m: FloatArray) -> tuple[float, float]:
    """Normal (signed, towards the pia) and tangential part at the mid-cortical point nearest the target."""
    _, k = KDTree(head.cortex.points_m).query(target_m)
    E, column = field.cortex_V_per_m[k], head.cortex.column[k]
    return float(E @ column), float(np.linalg.norm(E - (E @ column) * column))


def _regions(head: Head, field: EField) -> tuple[RegionRow, ...]:
    """Fields by cortical region, strongest first; none without a cortex or a way to MNI."""
    if not head.has_cortex or head.head_to_mni is None:
        return ()
    regions, cortex = regions_of(head), head.cortex
    size = np.linalg.norm(field.cortex_V_per_m, axis=1)
    normal = np.einsum("ij,ij->i", field.cortex_V_per_m, cortex.column)
    rows = []
    for k, name in enumerate(regions.names):
        inside = regions.index == k
        area = cortex.point_areas_m2[inside]
        if area.sum() > 0:
            rows.append(
                RegionRow(
                    region=name,
                    area_m2=float(area.sum()),
                    mean_V_per_m=float(np.average(size[inside], weights=area)),
                    p99_V_per_m=weighted_percentile(size[inside], area, 99),
                    mean_normal_V_per_m=float(np.average(normal[inside], weights=area)),
                )
            )
    return tuple(sorted(rows, key=lambda row: -row.p99_V_per_m))


def _triple(point: FloatArray) -> tuple[float, float, float]:
    x, y, z = point.tolist()
    return x, y, z
