"""How a readout changes with every uncertain input at once, from one adjoint solve a readout.

With ``A phi = b`` and a readout ``q(E)`` of the field ``E = E0 - R phi``, the adjoint solves
``A lambda = -R^T dq/dE`` and gives the derivative by any parameter p as ``lambda . d(b - A phi)/dp +
dq/dE . dE/dp``, phi held fixed. By the conductivity of a tissue that is the integral of ``E . grad(lambda)``
over it, so that one adjoint serves all tissues; for a pose or a border the residual is evaluated on either
side, without another solve.

Range: first order, round the head and pose as given. It holds for small changes; published ranges of
conductivity are not small, and `tmsim.field.uncertainty` draws from them instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tmsim.core import FloatArray, Progress, read_only, silent
from tmsim.field import kernels
from tmsim.field.readouts import Readout
from tmsim.field.sensitivity_kernels import field_transposed, power, recovery_transposed
from tmsim.field.solve import Potential, Solver
from tmsim.field.study import State, Study
from tmsim.head import TISSUES

_STEP = 0.05  # of a standard deviation, either side


@dataclass(frozen=True, kw_only=True, eq=False)
class Sensitivities:
    """Readouts of the field as given, and their derivatives by each variable of a study in SI units."""

    values: FloatArray  # (n_readouts,)
    derivative: FloatArray  # (n_readouts, n_variables)


@dataclass(frozen=True, kw_only=True)
class LinearSpread:
    """First-order scatter of a readout, in V/m at 1 A/us.

    ``derivative`` is by each variable of the study in SI units, ``sd_by_source`` the standard deviation that
    each source makes by itself; ``sd`` is their root sum of squares.
    """

    readout: str
    label: str
    nominal: float
    derivative: tuple[float, ...]
    sd_by_source: tuple[float, ...]
    sd: float

    @property
    def variance_shares(self) -> tuple[float, ...]:
        """Share of the variance that each source makes."""
        return tuple((sd / self.sd) ** 2 if self.sd else 0.0 for sd in self.sd_by_source)


def adjoint_potentials(
    solver: Solver, potential: Potential, readouts: Sequence[Readout]
) -> tuple[FloatArray, FloatArray]:
    """Adjoint of each readout, (n_unknowns, n_readouts), and each one's gradient by E, (n_readouts, n, 3)."""
    head, space, places = solver.head, potential.space, solver.cortex_places
    second = solver.method.order == 2
    E = potential.at(places) if second else potential.recovered_at(head, places)
    gradients = np.stack([readout.gradient(E) for readout in readouts])
    right = np.zeros((len(readouts), space.unknowns))
    for k in range(len(readouts)):
        used = np.flatnonzero(gradients[k].any(axis=1))
        at = places.rows[used], places.weights[used], gradients[k][used]
        if second:
            field_transposed(space.cells, space.gradients, *at, right[k])
        else:
            volumes, tags = head.volumes_m3[space.tet_order], head.tags[space.tet_order]
            recovery_transposed(
                space.cells,
                space.gradients,
                volumes,
                tags,
                space.touching_start,
                space.touching,
                *at,
                right[k],
            )
    adjoint, _ = solver.solve(np.ascontiguousarray(right.T))
    return adjoint, gradients


def conductivity_sensitivities(
    solver: Solver, potential: Potential, readouts: Sequence[Readout]
) -> dict[int, FloatArray]:
    """Derivative of each readout by the conductivity of each tissue, by tag, (n_readouts,). [V/m per S/m]

    One solve a readout, whatever the number of tissues. For a head of scalar conductivities.
    """
    adjoint, _ = adjoint_potentials(solver, potential, readouts)
    return _by_conductivity(solver, potential, adjoint)


def _by_conductivity(solver: Solver, potential: Potential, adjoint: FloatArray) -> dict[int, FloatArray]:
    head, space = solver.head, potential.space
    load = kernels.local_load(space.cells, space.flux, potential.primary_V_per_m)
    tags, sigma = head.tags[space.tet_order], head.element_sigma_S_per_m[space.tet_order]
    by_tag = np.stack(
        [
            np.bincount(tags, power(space.cells, space.coupling, load, potential.potential_V, column) / sigma)
            for column in np.ascontiguousarray(adjoint.T)
        ],
        axis=1,
    )
    return {tag: read_only(by_tag[tag]) for tag in np.unique(tags).tolist()}


def sensitivities(study: Study, *, progress: Progress = silent) -> Sensitivities:
    """How every readout of a study changes with every variable: two solves, however many there are."""
    progress("field and adjoints", 0.0)
    potential = study.nominal_potential
    adjoint, gradients = adjoint_potentials(study.solver, potential, study.readouts)
    derivative = np.zeros((len(study.readouts), len(study.variables)))
    by_tag = _by_conductivity(study.solver, potential, adjoint) if study.conductivity else {}
    by_name = {TISSUES[tag].name: by_tag[tag] for tag in study.conductivity}
    for k, variable in enumerate(study.variables):
        if variable.name in by_name:
            derivative[:, k] = by_name[variable.name]
            continue
        progress(f"sensitivity to {variable.source.label}", 0.2 + 0.8 * k / len(study.variables))
        step = _STEP * variable.distribution.sd
        for side in (1, -1):
            x = study.nominal.copy()
            x[k] += side * step
            state = study.state(x)
            residual = _residual(study, state, potential)
            E = study.at_cortex(_with_potential(study, state, potential))
            change = residual @ adjoint + np.einsum("rni,ni->r", gradients, E)
            derivative[:, k] += side * change / (2 * step)
    E = study.at_cortex(potential)
    values = np.array([readout.value(E) for readout in study.readouts])
    return Sensitivities(values=read_only(values), derivative=read_only(derivative))


def linear_spreads(study: Study, at: Sensitivities) -> tuple[LinearSpread, ...]:
    """The first-order scatter of every readout of a study, from its sensitivities."""
    sd = np.abs(at.derivative) * [variable.distribution.sd for variable in study.variables]
    groups = [[k for k, v in enumerate(study.variables) if v.source == source] for source in study.sources]
    out = []
    for k, readout in enumerate(study.readouts):
        by_source = [float(np.linalg.norm(sd[k, group])) for group in groups]
        out.append(
            LinearSpread(
                readout=readout.name,
                label=readout.label,
                nominal=float(at.values[k]),
                derivative=tuple(at.derivative[k].tolist()),
                sd_by_source=tuple(by_source),
                sd=float(np.linalg.norm(by_source)),
            )
        )
    return tuple(out)


def _with_potential(study: Study, state: State, potential: Potential) -> Potential:
    """The nominal potential on the state's mesh with the state's E0."""
    return Potential(
        space=state.spaces[study.method.order],
        primary_V_per_m=state.primary_V_per_m,
        potential_V=potential.potential_V,
    )


def _residual(study: Study, state: State, potential: Potential) -> FloatArray:
    """What is left of the state's right-hand side at the nominal potential, (n_unknowns,)."""
    space = state.spaces[study.method.order]
    applied = kernels.apply_by_element(
        space.cells, space.coupling, space.touching_start, space.touching, potential.potential_V[:, None]
    )
    return study.solver.load(space, state.primary_V_per_m) - applied[:, 0]
