"""From an objective to measures that are linear in E, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tmsim.coil import Dipoles
from tmsim.coil.kernels import columns, dipole_potential
from tmsim.core import FloatArray, Progress
from tmsim.field.multigrid import BLOCK, conjugate_gradients
from tmsim.field.solve import Places, Potential, Solver
from tmsim.search.objectives import (
    Contrast,
    MeanAlong,
    MeanMagnitude,
    MeanVector,
    RecruitedShare,
    outside_shares,
)
from tmsim.search.types import Region

_TAIL = 0.005
"""Modes are kept until what is left of the trial fields is this share of them, relative L2."""

TRIALS = 32
"""Placements whose fields show which modes there are, and check it."""

_HELD_OUT = 8  # of them only check
_TRIAL_TOLERANCE = 1e-4  # a mode need not be a field, only near to all of them


@dataclass(frozen=True, kw_only=True, eq=False)
class Measures:
    """Weighted sums of E, and how an objective is worked out from them.

    ``functionals`` (n_places, 3, f) are the weights; ``value`` takes sums (m, f) to values (m,). Where the
    objective isn't linear in E, the sums are coefficients of a few modes, and ``outside`` is the relative L2
    of trial fields that the modes don't hold.
    """

    places: Places
    functionals: FloatArray
    value: Callable[[FloatArray], FloatArray]
    outside: float


def linear_measures(solver: Solver, objective: MeanAlong | MeanVector, region: Region) -> Measures:
    """The measures of an objective that is linear in E, or the length of such a vector: they are exact."""
    return Measures(
        places=_places(solver, region.points),
        functionals=objective.functionals(region),
        value=objective.of_sums,
        outside=0.0,
    )


def modal_measures(
    solver: Solver,
    objective: MeanMagnitude | RecruitedShare | Contrast,
    region: Region,
    trials: Sequence[tuple[Dipoles, FloatArray]],
    progress: Progress,
) -> Measures:
    """The measures of any other objective: coefficients of the modes in which fields of coils can vary.

    The modes are the leading singular vectors of the fields of ``trials``, coils and their poses (4, 4).
    A region some centimetres from the coil sees only a few tens of them.
    """
    everywhere = np.arange(len(solver.head.cortex.points_m))
    points = everywhere if isinstance(objective, Contrast) else region.points
    places = _places(solver, points)
    fields = np.stack(list(_fields(solver, places, trials, progress)))  # (r, n, 3)
    if not isinstance(objective, Contrast):
        inside = _Modes(fields, region.shares)
        return Measures(
            places=places,
            functionals=inside.functionals,
            value=lambda sums: objective.of_fields(inside.fields(sums), region),
            outside=inside.outside,
        )
    inside = _Modes(fields[:, region.points], region.shares)
    elsewhere = _Modes(fields, outside_shares(solver.head, region))
    k = inside.functionals.shape[2]
    functionals = np.concatenate([np.zeros((len(points), 3, k)), elsewhere.functionals], axis=2)
    functionals[region.points, :, :k] = inside.functionals

    def value(sums: FloatArray) -> FloatArray:
        within = MeanMagnitude().of_fields(inside.fields(sums[:, :k]), region)
        return objective.of_parts(within, np.linalg.norm(sums[:, k:], axis=1))

    return Measures(
        places=places, functionals=functionals, value=value, outside=max(inside.outside, elsewhere.outside)
    )


class _Modes:
    """The leading singular vectors of trial fields (r, n, 3), weighted by ``shares`` of area (n,)."""

    def __init__(self, fields: FloatArray, shares: FloatArray) -> None:
        weight = np.sqrt(shares)[:, None]
        flat = (fields * weight).reshape(len(fields), -1)
        shown, held_out = flat[:-_HELD_OUT], flat[-_HELD_OUT:]
        _, size, modes = np.linalg.svd(shown, full_matrices=False)
        tail = np.sqrt(np.cumsum(size[::-1] ** 2)[::-1])  # of what is left without mode k and those after it
        modes = modes[tail > _TAIL * tail[0]]
        left = held_out - (held_out @ modes.T) @ modes
        self.outside = float(np.linalg.norm(left) / np.linalg.norm(held_out))
        self._shape = modes.reshape(len(modes), -1, 3).transpose(1, 2, 0)
        self._weight = weight[..., None]
        self.functionals = self._shape * self._weight

    def fields(self, sums: FloatArray) -> FloatArray:
        """E at the points from coefficients of the modes, (m, f) to (m, n, 3). [V/m]"""
        return np.einsum("mf,nkf->mnk", sums, self._shape / self._weight, optimize=True)


def _places(solver: Solver, points: npt.NDArray[np.int64]) -> Places:
    """Mid-cortical points, by their indices."""
    every = solver.cortex_places
    return Places(rows=every.rows[points], weights=every.weights[points])


def _fields(
    solver: Solver, places: Places, trials: Sequence[tuple[Dipoles, FloatArray]], progress: Progress
) -> Iterator[FloatArray]:
    """E of each trial at 1 A/s at the places, (n, 3). [V/m]"""
    space = solver.spaces[solver.method.order]
    at = columns(space.points_m)
    for first in range(0, len(trials), BLOCK):
        progress("trial fields", first / len(trials))
        primary = []
        for dipoles, matrix in trials[first : first + BLOCK]:
            moved = dipoles.moved(matrix)
            A = np.empty((space.unknowns, 3))
            dipole_potential(at, columns(moved.positions_m), columns(moved.moments_m2), A)
            primary.append(-A)
        load = np.stack([solver.load(space, E0) for E0 in primary], axis=1)
        potentials, _ = conjugate_gradients(solver.hierarchy, load, tolerance=_TRIAL_TOLERANCE)
        for E0, potential in zip(primary, potentials.T, strict=True):
            solved = Potential(space=space, primary_V_per_m=E0, potential_V=np.ascontiguousarray(potential))
            order = solver.method.order
            yield solved.at(places) if order == 2 else solved.recovered_at(solver.head, places)
