"""From coil to field: E = E0 - grad(phi), with E0 = -dA/dt of the coil and phi from the finite elements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tmsim.coil import Coil
from tmsim.core import FloatArray, InputError, IntArray, Progress, as_array, read_only, silent
from tmsim.field import kernels
from tmsim.field.multigrid import BLOCK, Hierarchy, build_hierarchy, conjugate_gradients
from tmsim.field.space import Space, build_spaces
from tmsim.field.sphere import sphere_field
from tmsim.field.types import EField, ErrorEstimate, FiniteElements, LayeredSphere, Method
from tmsim.head import Head, locate
from tmsim.placement import Pose, check_clear

REFERENCE_DIDT_A_PER_S = 1e6
"""Fields are solved at 1 A/us; everything later scales."""

_PRIMARY_RTOL = 1e-4  # of E0: a hundredth of the discretisation error
_START_TOLERANCE = 1e-5


@dataclass(frozen=True, kw_only=True, eq=False)
class Places:
    """Points in the head: row of ``Space.cells`` and barycentric coordinates of each."""

    rows: npt.NDArray[np.int64]  # (n,)
    weights: FloatArray  # (n, 4)


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

    def at(self, places: Places) -> FloatArray:
        """E at points, (n, 3). [V/m]"""
        s = self.space
        return kernels.field_at(
            s.cells, s.gradients, self.primary_V_per_m, self.potential_V, places.rows, places.weights
        )

    def recovered_at(self, head: Head, places: Places) -> FloatArray:
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
            places.rows,
            places.weights,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """One placement solved; for first order both potentials are the same."""

    potential: Potential
    first_order: Potential
    iterations: int
    relative_residual: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Solver:
    """A head made ready: matrices and multigrid levels, built once, used for every placement.

    Where the method asks for an error they are of first order: each placement refines its own mesh, from
    what they say.
    """

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
        points_m: npt.ArrayLike | None = None,
        progress: Progress = silent,
    ) -> EField:
        """The field of one placement; arguments as in :func:`simulate`."""
        return next(
            self.simulate_many(coil, [pose], didt_A_per_s=didt_A_per_s, points_m=points_m, progress=progress)
        )

    def simulate_many(
        self,
        coil: Coil,
        poses: Sequence[Pose],
        *,
        didt_A_per_s: float = REFERENCE_DIDT_A_PER_S,
        points_m: npt.ArrayLike | None = None,
        progress: Progress = silent,
    ) -> Iterator[EField]:
        """The fields of many placements in order, solved eight at a time; only eight are in memory.

        Where the method asks for an error, they are solved one by one.
        """
        if isinstance(poses, Pose):
            raise InputError("poses", "a single pose", "a sequence", "Wrap it in a list.")
        for pose in poses:
            check_clear(self.head, coil, pose)
        where = None if points_m is None else self._locate(points_m)
        return self._stream(coil, poses, didt_A_per_s, where, progress)

    def _stream(
        self,
        coil: Coil,
        poses: Sequence[Pose],
        didt_A_per_s: float,
        where: Places | None,
        progress: Progress,
    ) -> Iterator[EField]:
        if self.method.error is not None:
            from tmsim.field.adapt import adapted

            for pose in poses:
                yield adapted(self, coil, pose, where, progress).scaled_to(didt_A_per_s)
            return
        for first in range(0, len(poses), BLOCK):
            for solution in self.solutions(coil, poses[first : first + BLOCK], progress):
                yield self.field(solution, where).scaled_to(didt_A_per_s)

    def solutions(self, coil: Coil, poses: Sequence[Pose], progress: Progress = silent) -> list[Solution]:
        """Potentials at the reference current slope, on this mesh, solved together."""
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
            first_order, start = self.first_order(primary)
        progress(f"{'second' if order == 2 else 'first'}-order solve", 0.2)
        x, iterations = self.solve(load, start=start)
        residual = self.residual(load, x)
        potentials = [
            Potential(space=space, primary_V_per_m=e, potential_V=np.ascontiguousarray(x[:, k]))
            for k, e in enumerate(primary)
        ]
        return [
            Solution(
                potential=potentials[k],
                first_order=first_order[k] if order == 2 else potentials[k],
                iterations=iterations,
                relative_residual=float(residual[k]),
            )
            for k in range(len(poses))
        ]

    def field(self, solution: Solution, where: Places | None = None) -> EField:
        """What is read of a solution: by tetrahedron, at mid-cortex and at ``where``."""
        order, potential = self.method.order, solution.potential
        raw = potential.at(self.cortex_places)
        recovered = solution.first_order.recovered_at(self.head, self.cortex_places)
        if where is None:
            at_points = np.empty((0, 3))
        else:
            at_points = potential.at(where) if order == 2 else potential.recovered_at(self.head, where)
        return EField(
            E_V_per_m=read_only(potential.mean_by_tet()),
            cortex_V_per_m=read_only(raw if order == 2 else recovered),
            points_V_per_m=read_only(at_points),
            didt_A_per_s=REFERENCE_DIDT_A_PER_S,
            method=self.method,
            unknowns=potential.space.unknowns,
            iterations=solution.iterations,
            relative_residual=solution.relative_residual,
            error=_estimate(raw, recovered, order),
        )

    def first_order(self, primary: Sequence[FloatArray]) -> tuple[list[Potential], FloatArray]:
        """First-order solutions for E0 at the second-order unknowns, and the same as a second-order start."""
        fine, coarse = self.spaces[2], self.spaces[1]
        at_nodes = [e[fine.vertex_unknown] for e in primary]
        load = np.stack([self.load(coarse, e) for e in at_nodes], axis=1)
        tolerance = max(self.method.tolerance, _START_TOLERANCE)
        x, _ = conjugate_gradients(self.hierarchy.without_finest(), load, tolerance=tolerance)
        solutions = [
            Potential(space=coarse, primary_V_per_m=e, potential_V=np.ascontiguousarray(x[:, k]))
            for k, e in enumerate(at_nodes)
        ]
        start = np.empty((fine.unknowns, len(primary)))
        start[fine.vertex_unknown] = x
        start[fine.edge_unknown] = x[fine.edge_nodes].mean(axis=1)
        return solutions, start

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
    def cortex_places(self) -> Places:
        """The mid-cortical points of the head; none if it has no cortex."""
        if not self.head.has_cortex:
            return self.places(np.empty(0, np.int32), np.empty((0, 3)))
        return self.places(self.head.cortex.tets, self.head.cortex.points_m)

    def places(self, tets: IntArray, points_m: FloatArray) -> Places:
        """Points in known tetrahedra of the head, as the kernels want them."""
        space = self.spaces[1]
        row_of_tet = np.empty(len(space.tet_order), np.int64)
        row_of_tet[space.tet_order] = np.arange(len(space.tet_order))
        rows = row_of_tet[tets]
        offset = points_m - self.head.centers_m[tets]
        return Places(rows=rows, weights=0.25 + np.einsum("nak,nk->na", space.gradients[rows], offset))

    def _locate(self, points_m: npt.ArrayLike) -> Places:
        points = as_array("points", points_m, (None, 3))
        return self.places(tets_that_hold(self.head, points), points)


def tets_that_hold(head: Head, points_m: FloatArray) -> IntArray:
    """The tetrahedron of each point, (n,); a point outside the head is refused."""
    tets = locate(head, points_m)
    outside = np.flatnonzero(tets < 0)
    if len(outside):
        first = (points_m[outside[0]] * 1e3).round(1).tolist()
        raise InputError(
            "points", f"{len(outside)} outside the head, the first at {first} mm", "points in it"
        )
    return tets


def prepare(head: Head, method: FiniteElements | None = None, *, progress: Progress = silent) -> Solver:
    """Number the unknowns, assemble, and build the multigrid levels of a head."""
    method = method or FiniteElements()
    if method.error is not None and not head.has_cortex:
        raise InputError(
            "error", f"{method.error:g}, for {head.name}", "a head with a mid-cortical surface to read it at",
            "Leave it out: the field is then solved on the mesh as it is.",
        )  # fmt: skip
    progress("numbering the unknowns", 0.0)
    spaces = build_spaces(head, method.order if method.error is None else 1)
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
    points_m: npt.ArrayLike | None = None,
    progress: Progress = silent,
) -> EField:
    """The electric field that a coil at a pose induces in a head.

    Parameters
    ----------
    method
        :class:`FiniteElements` (default, second order) or :class:`LayeredSphere`, the closed form.
    didt_A_per_s
        Rate of change of the coil current. [A/s]
    points_m
        Points of the head at which E is wanted besides its tetrahedra and mid-cortex, (n, 3). [m]

    Raises
    ------
    InputError
        The coil's casing or windings are inside the head, or a point is outside it.
    ConvergenceError
        The iteration did not reach its tolerance.
    """
    if isinstance(method, LayeredSphere):
        return _simulate_sphere(head, coil, pose, method, didt_A_per_s, points_m)
    check_clear(head, coil, pose)  # before the work, not after it
    solver = prepare(head, method, progress=lambda what, done: progress(what, 0.4 * done))
    return solver.simulate(
        coil,
        pose,
        didt_A_per_s=didt_A_per_s,
        points_m=points_m,
        progress=lambda what, done: progress(what, 0.4 + 0.6 * done),
    )


def primary_field(coil: Coil, pose: Pose, points_m: FloatArray, didt_A_per_s: float) -> FloatArray:
    """E0 = -dA/dt of the coil at points of the head, (n, 3). [V/m]"""
    A_per_A = coil.vector_potential(pose.to_coil(points_m), rtol=_PRIMARY_RTOL)
    return np.ascontiguousarray(pose.vectors_to_head(A_per_A)) * -didt_A_per_s


def _simulate_sphere(
    head: Head,
    coil: Coil,
    pose: Pose,
    method: LayeredSphere,
    didt_A_per_s: float,
    points_m: npt.ArrayLike | None,
) -> EField:
    check_clear(head, coil, pose)
    dipoles = coil.dipoles().moved(pose.matrix)

    def E(at_m: FloatArray) -> FloatArray:
        return read_only(sphere_field(dipoles, at_m, method.center_m) * didt_A_per_s)

    none = np.empty((0, 3))
    return EField(
        E_V_per_m=E(head.centers_m),
        cortex_V_per_m=E(head.cortex.points_m if head.has_cortex else none),
        points_V_per_m=E(none if points_m is None else as_array("points", points_m, (None, 3))),
        didt_A_per_s=didt_A_per_s,
        method=method,
        unknowns=0,
        iterations=0,
        relative_residual=0.0,
        error=None,
    )


def strong_points(E_V_per_m: FloatArray) -> npt.NDArray[np.bool_]:
    """Which points have more than half of the peak, the 99.9th percentile: where errors are judged."""
    size = np.linalg.norm(E_V_per_m, axis=1)
    return size > 0.5 * np.percentile(size, 99.9)


def _estimate(raw: FloatArray, recovered: FloatArray, order: int) -> ErrorEstimate | None:
    if not len(raw):
        return None
    strong = strong_points(raw)
    difference = np.linalg.norm((raw - recovered)[strong], axis=1) / np.linalg.norm(raw[strong], axis=1)
    return ErrorEstimate(
        method="second order against recovered first order" if order == 2 else "recovered against raw",
        median=float(np.median(difference)),
        p95=float(np.percentile(difference, 95)),
    )
