"""From coil to field: E = E0 - grad(phi), with E0 = -dA/dt of the coil and phi from the finite elements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tmsim.coil import Coil
from tmsim.core import FloatArray, InputError, Progress, read_only, silent
from tmsim.field import kernels
from tmsim.field.multigrid import Hierarchy, build_hierarchy, conjugate_gradients
from tmsim.field.space import Space, build_spaces
from tmsim.field.sphere import sphere_field
from tmsim.field.types import EField, ErrorEstimate, FiniteElements, LayeredSphere, Method
from tmsim.head import Head
from tmsim.placement import Pose, check_clear

REFERENCE_DIDT_A_PER_S = 1e6
"""Fields are solved at 1 A/us; everything later scales."""

_PRIMARY_RTOL = 1e-4  # of E0: a hundredth of the discretisation error
_BLOCK = 8  # right-hand sides at once: the matrix is then read once for eight


@dataclass(frozen=True, kw_only=True, eq=False)
class Potential:
    """E0 and phi at the unknowns of one space: the field everywhere in the head."""

    space: Space
    primary_V_per_m: FloatArray  # (n_unknowns, 3)
    potential_V: FloatArray  # (n_unknowns,)

    def mean_by_tet(self) -> FloatArray:
        """Mean of E over each tetrahedron, in the file's own order, (n_tets, 3). [V/m]"""
        s = self.space
        out = np.empty((len(s.cells), 3))
        out[s.tet_order] = kernels.mean_field(s.cells, s.gradients, self.primary_V_per_m, self.potential_V)
        return out

    def at(self, cells: np.ndarray, weights: FloatArray) -> FloatArray:
        """E at points given by row of ``space.cells`` and barycentric coordinates, (n, 3). [V/m]"""
        s = self.space
        return kernels.field_at(s.cells, s.gradients, self.primary_V_per_m, self.potential_V, cells, weights)

    def recovered_at(self, head: Head, cells: np.ndarray, weights: FloatArray) -> FloatArray:
        """First-order E with the gradient averaged at the corners over the point's own tissue. [V/m]"""
        s = self.space
        return kernels.recover_at(
            s.cells,
            s.gradients,
            self.primary_V_per_m,
            self.potential_V,
            head.volumes_m3[s.tet_order],
            head.tags[s.tet_order],
            s.touching_start,
            s.touching,
            cells,
            weights,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Solver:
    """A head made ready: matrices and multigrid levels, built once, used for every placement."""

    head: Head
    method: FiniteElements
    spaces: dict[int, Space]
    hierarchy: Hierarchy

    def simulate(
        self,
        coil: Coil,
        pose: Pose,
        *,
        didt_A_per_s: float = REFERENCE_DIDT_A_PER_S,
        progress: Progress = silent,
    ) -> EField:
        """The field of one placement."""
        return next(iter(self.simulate_many(coil, [pose], didt_A_per_s=didt_A_per_s, progress=progress)))

    def simulate_many(
        self,
        coil: Coil,
        poses: Sequence[Pose],
        *,
        didt_A_per_s: float = REFERENCE_DIDT_A_PER_S,
        progress: Progress = silent,
    ) -> Iterator[EField]:
        """The fields of many placements in order, solved eight at a time; only eight are in memory."""
        if isinstance(poses, Pose):
            raise InputError("poses", "a single pose", "a sequence", "Wrap it in a list.")
        for pose in poses:
            check_clear(self.head, coil, pose)
        return self._stream(coil, poses, didt_A_per_s, progress)

    def _stream(
        self, coil: Coil, poses: Sequence[Pose], didt_A_per_s: float, progress: Progress
    ) -> Iterator[EField]:
        for first in range(0, len(poses), _BLOCK):
            yield from self._solve_block(coil, poses[first : first + _BLOCK], didt_A_per_s, progress)
            progress("solving for the field", min(1.0, (first + _BLOCK) / len(poses)))

    def _solve_block(
        self, coil: Coil, poses: Sequence[Pose], didt_A_per_s: float, progress: Progress
    ) -> Iterator[EField]:
        order = self.method.order
        space = self.spaces[order]
        progress("primary field of the coil", 0.0)
        primary = [primary_field(coil, pose, space.points_m, REFERENCE_DIDT_A_PER_S) for pose in poses]
        load = np.stack([self.load(space, e) for e in primary], axis=1)

        first_order: list[Potential] = []
        start = None
        if order == 2:
            # First order costs a tenth: it starts the second-order iteration and estimates its error.
            progress("first-order solve", 0.1)
            coarse = self.spaces[1]
            primary_1 = [e[space.vertex_unknown] for e in primary]
            load_1 = np.stack([self.load(coarse, e) for e in primary_1], axis=1)
            x_1, _ = conjugate_gradients(
                self.hierarchy.without_finest(), load_1, tolerance=max(self.method.tolerance, 1e-5)
            )
            first_order = [
                Potential(space=coarse, primary_V_per_m=e, potential_V=np.ascontiguousarray(x_1[:, k]))
                for k, e in enumerate(primary_1)
            ]
            start = np.empty_like(load)
            start[space.vertex_unknown] = x_1
            start[space.edge_unknown] = x_1[space.edge_nodes].mean(axis=1)
        progress(f"{'second' if order == 2 else 'first'}-order solve", 0.2)
        x, iterations = self.solve(load, start=start)
        residual = self.residual(load, x)

        for k in range(len(poses)):
            potential = Potential(
                space=space, primary_V_per_m=primary[k], potential_V=np.ascontiguousarray(x[:, k])
            )
            cells, weights = self.cortex_points
            raw = potential.at(cells, weights)
            other = first_order[k] if order == 2 else potential
            recovered = other.recovered_at(self.head, cells, weights)
            field = EField(
                E_V_per_m=read_only(potential.mean_by_tet()),
                cortex_V_per_m=read_only(raw if order == 2 else recovered),
                didt_A_per_s=REFERENCE_DIDT_A_PER_S,
                method=self.method,
                unknowns=space.unknowns,
                iterations=iterations,
                relative_residual=float(residual[k]),
                error=_estimate(raw, recovered, order),
            )
            yield field.scaled_to(didt_A_per_s)

    def load(self, space: Space, primary_V_per_m: FloatArray) -> FloatArray:
        """Right-hand side, integral of sigma E0.grad(v), for E0 at the unknowns. [A]"""
        local = kernels.local_load(space.cells, space.flux, primary_V_per_m)
        return kernels.gather(local, space.touching_start, space.touching)

    def solve(self, load: FloatArray, *, start: FloatArray | None = None) -> tuple[FloatArray, int]:
        """Potentials of the finest space for right-hand sides (n_unknowns, k), and the iterations taken."""
        return conjugate_gradients(self.hierarchy, load, tolerance=self.method.tolerance, start=start)

    def residual(self, load: FloatArray, potential_V: FloatArray) -> FloatArray:
        """True relative residual of each column, element by element in float64, without the matrix."""
        space = self.spaces[self.method.order]
        applied = kernels.apply_by_element(
            space.cells, space.coupling, space.touching_start, space.touching, potential_V
        )
        size = np.linalg.norm(load, axis=0)
        return np.linalg.norm(load - applied, axis=0) / np.where(size > 0, size, 1.0)

    @cached_property
    def cortex_points(self) -> tuple[np.ndarray, FloatArray]:
        """Row of ``space.cells`` and barycentric coordinates of each mid-cortical point."""
        if not self.head.has_cortex:
            return np.empty(0, np.int64), np.empty((0, 4))
        cortex = self.head.cortex
        return self.points(cortex.tets, cortex.points_m)

    def points(self, tets: np.ndarray, points_m: FloatArray) -> tuple[np.ndarray, FloatArray]:
        """Row of ``space.cells`` and barycentric coordinates of points in known tetrahedra of the head."""
        space = self.spaces[1]
        row_of_tet = np.empty(len(space.tet_order), np.int64)
        row_of_tet[space.tet_order] = np.arange(len(space.tet_order))
        cells = row_of_tet[tets]
        offset = points_m - self.head.centers_m[tets]
        return cells, 0.25 + np.einsum("nak,nk->na", space.gradients[cells], offset)


def prepare(head: Head, method: FiniteElements | None = None, *, progress: Progress = silent) -> Solver:
    """Number the unknowns, assemble, and build the multigrid levels of a head."""
    method = method or FiniteElements()
    progress("numbering the unknowns", 0.0)
    spaces = build_spaces(head, method.order)
    progress("assembling", 0.3)
    hierarchy = build_hierarchy(spaces)
    progress("ready to solve", 1.0)
    return Solver(head=head, method=method, spaces=spaces, hierarchy=hierarchy)


def simulate(
    head: Head,
    coil: Coil,
    pose: Pose,
    method: Method | None = None,
    *,
    didt_A_per_s: float = REFERENCE_DIDT_A_PER_S,
    progress: Progress = silent,
) -> EField:
    """The electric field that a coil at a pose induces in a head.

    Parameters
    ----------
    method
        :class:`FiniteElements` (default, second order) or :class:`LayeredSphere`, the closed form.
    didt_A_per_s
        Rate of change of the coil current. [A/s]

    Raises
    ------
    InputError
        The coil's casing or windings are inside the head.
    ConvergenceError
        The iteration did not reach its tolerance.
    """
    if isinstance(method, LayeredSphere):
        return _simulate_sphere(head, coil, pose, method, didt_A_per_s)
    return prepare(head, method, progress=progress).simulate(
        coil, pose, didt_A_per_s=didt_A_per_s, progress=progress
    )


def primary_field(coil: Coil, pose: Pose, points_m: FloatArray, didt_A_per_s: float) -> FloatArray:
    """E0 = -dA/dt of the coil at points of the head, (n, 3). [V/m]"""
    A_per_A = coil.vector_potential(pose.to_coil(points_m), rtol=_PRIMARY_RTOL)
    return np.ascontiguousarray(pose.vectors_to_head(A_per_A)) * -didt_A_per_s


def _simulate_sphere(
    head: Head, coil: Coil, pose: Pose, method: LayeredSphere, didt_A_per_s: float
) -> EField:
    check_clear(head, coil, pose)
    dipoles = coil.dipoles().moved(pose.matrix)
    points_m = head.cortex.points_m if head.has_cortex else np.empty((0, 3))
    return EField(
        E_V_per_m=read_only(sphere_field(dipoles, head.centers_m, method.center_m) * didt_A_per_s),
        cortex_V_per_m=read_only(sphere_field(dipoles, points_m, method.center_m) * didt_A_per_s),
        didt_A_per_s=didt_A_per_s,
        method=method,
        unknowns=0,
        iterations=0,
        relative_residual=0.0,
        error=None,
    )


def _estimate(raw: FloatArray, recovered: FloatArray, order: int) -> ErrorEstimate | None:
    if not len(raw):
        return None
    size = np.linalg.norm(raw, axis=1)
    strong = size > 0.5 * np.percentile(size, 99.9)
    difference = np.linalg.norm(raw - recovered, axis=1)[strong] / size[strong]
    return ErrorEstimate(
        method="second order against recovered first order" if order == 2 else "recovered against raw",
        median=float(np.median(difference)),
        p95=float(np.percentile(difference, 95)),
    )
