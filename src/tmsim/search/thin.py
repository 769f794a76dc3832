"""A coil as few dipoles: the same field in this head, at a fraction of the work."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve
from scipy.spatial import KDTree

from tmsim.coil import Coil, Dipoles
from tmsim.coil.kernels import MU0_OVER_4PI, columns, dipole_potential
from tmsim.core import FloatArray, stream
from tmsim.core.frames import apply, inverse

_SPACINGS_m = (0.010, 0.0085, 0.007, 0.006)
_TOLERANCE = 8e-3
"""Relative L2 of A at the scalp. Errors there have either sign: sums over the head are ten times better."""

_PROBES = 1800
_STIFFNESS = 0.03  # how firmly moments are held to those of the clusters; below 0.003 they start to swing
_BLUR_m = 0.010  # probes are drawn with the inverse square of their distance, or this


def thin(coil: Coil, skin_m: FloatArray, matrices: FloatArray) -> tuple[Dipoles, float]:
    """Few dipoles that stand for a coil at such poses, and the relative L2 error of A that they leave.

    Dipoles are put together in clusters, and their moments fitted to A at the scalp. Every Cartesian
    component of A is harmonic in the head, so nowhere in it is the error larger than on its surface. The
    fewest dipoles are taken that meet A to 8e-3, or else all of them.

    Parameters
    ----------
    skin_m
        The surface of the head, (n, 3).
    matrices
        Some of the poses, from coil to head coordinates, (m, 4, 4).

    Raises
    ------
    InputError
        The coil is a sampled field, or its wire isn't closed.
    """
    every = coil.dipoles()
    fit, check = (_probes(every, skin_m, part, k) for k, part in enumerate((matrices[::2], matrices[1::2])))
    wanted, reference = _potential(every, fit), _potential(every, check)
    for spacing_m in _SPACINGS_m:
        few = _clustered(every, spacing_m)
        if len(few.positions_m) > 0.7 * len(every.positions_m):
            break
        few = _fitted(few, fit, wanted)
        error = float(np.linalg.norm(_potential(few, check) - reference) / np.linalg.norm(reference))
        if error <= _TOLERANCE:
            return few, error
    return every, 0.0


def _probes(dipoles: Dipoles, skin_m: FloatArray, matrices: FloatArray, draw: int) -> FloatArray:
    """Scalp points in coil coordinates, the more of them the nearer to the coil, (n, 3)."""
    points = np.concatenate([apply(inverse(matrix), skin_m) for matrix in matrices])
    distance, _ = KDTree(dipoles.positions_m).query(points, workers=-1)
    weight = 1 / np.maximum(distance, _BLUR_m) ** 2
    rng = stream(0, "target search", draw)
    return points[rng.choice(len(points), min(_PROBES, len(points)), replace=False, p=weight / weight.sum())]


def _clustered(dipoles: Dipoles, spacing_m: float) -> Dipoles:
    """Clusters at least ``spacing_m`` apart, each with the moments of the dipoles nearest to it."""
    points, moments = dipoles.positions_m, dipoles.moments_m2
    middles = points[spread_out(points, spacing_m, np.linalg.norm(points, axis=1))]
    size = np.linalg.norm(moments, axis=1)
    for _ in range(3):  # to the middle of what each holds, and again
        _, cluster = KDTree(middles).query(points)
        middles = _sums(cluster, size[:, None] * points, len(middles)) / _sums(
            cluster, size[:, None], len(middles)
        )
    _, cluster = KDTree(middles).query(points)
    return Dipoles(positions_m=middles, moments_m2=_sums(cluster, moments, len(middles)))


def _sums(cluster: npt.NDArray[np.intp], values: FloatArray, n: int) -> FloatArray:
    return np.stack([np.bincount(cluster, part, minlength=n) for part in values.T], axis=1).astype(float)


def spread_out(points_m: FloatArray, spacing_m: float, order: FloatArray) -> list[int]:
    """Indices of points at least ``spacing_m`` apart, taken greedily in the order of ``order``, (n,)."""
    free, kept, tree = np.ones(len(points_m), bool), [], KDTree(points_m)
    for i in np.argsort(order, kind="stable").tolist():
        if free[i]:
            kept.append(i)
            free[tree.query_ball_point(points_m[i], spacing_m)] = False
    return kept


def _fitted(dipoles: Dipoles, points_m: FloatArray, wanted: FloatArray) -> Dipoles:
    """The same positions, the moments changed as little as meets A = ``wanted`` (n, 3) at points (n, 3)."""
    d = points_m[:, None] - dipoles.positions_m
    g = MU0_OVER_4PI * d / np.linalg.norm(d, axis=2, keepdims=True) ** 3
    design = np.zeros((*g.shape[:1], 3, g.shape[1], 3))  # A = m x g
    for k in range(3):
        i, j = (k + 1) % 3, (k + 2) % 3
        design[:, k, :, i], design[:, k, :, j] = g[..., j], -g[..., i]
    design = design.reshape(3 * len(points_m), -1)
    normal = design.T @ design
    stiffness = _STIFFNESS**2 * np.trace(normal) / len(normal)
    normal[np.diag_indices_from(normal)] += stiffness
    missing = (wanted - _potential(dipoles, points_m)).ravel()
    change = cho_solve(cho_factor(normal), design.T @ missing)
    return Dipoles(positions_m=dipoles.positions_m, moments_m2=dipoles.moments_m2 + change.reshape(-1, 3))


def _potential(dipoles: Dipoles, points_m: FloatArray) -> FloatArray:
    out = np.empty((len(points_m), 3))
    dipole_potential(columns(points_m), columns(dipoles.positions_m), columns(dipoles.moments_m2), out)
    return out
