"""From a measure of the field to the current that stands for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tmsim.core import FloatArray
from tmsim.field.solve import Places, Solver
from tmsim.search import kernels


@dataclass(frozen=True, kw_only=True, eq=False)
class Currents:
    """Point currents that stand for linear measures F of E in the head: F = sum of moments . E0.

    E0 = -dA/dt of the coil alone at ``points_m``, which are the unknowns of the finite elements. The sum
    holds for every coil at every pose, to the tolerance of the solve.
    """

    points_m: FloatArray  # (n, 3)
    moments_m: FloatArray  # (n, 3, f): per unit of E0 and of the measure's own unit


def adjoint_currents(solver: Solver, places: Places, functionals: FloatArray) -> Currents:
    """The currents of the measures ``sum over points of functionals . E``.

    They are the discrete equations of the solver transposed, term by term: what it gives at ``places`` for a
    coil is met exactly, by one solve a measure.

    Parameters
    ----------
    functionals
        (n_places, 3, f).
    """
    order = solver.method.order
    space = solver.spaces[order]
    functionals = np.ascontiguousarray(functionals)
    f = functionals.shape[2]
    of_primary, of_potential = np.zeros((space.unknowns, 3, f)), np.zeros((space.unknowns, f))
    if order == 2:
        kernels.field_functionals(
            space.cells, space.gradients, places.rows, places.weights, functionals, of_primary, of_potential
        )
    else:
        kernels.recovered_functionals(
            space.cells,
            space.gradients,
            solver.head.volumes_m3[space.tet_order],
            solver.head.tags[space.tet_order],
            space.touching_start,
            space.touching,
            places.rows,
            places.weights,
            functionals,
            of_primary,
            of_potential,
        )
    potential, _ = solver.solve(of_potential)
    kernels.add_load_transposed(space.cells, space.flux, potential, of_primary)
    return Currents(points_m=space.points_m, moments_m=of_primary)
