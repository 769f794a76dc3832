"""The field of one placement with inputs that are uncertain: which they are, and the field at any values.

Conductivities, the place of the coil and the borders of tissues change; the mesh's topology never does, so
the multigrid levels of the nominal head precondition every solve, with the finest matrix assembled anew: 16
to 25 iterations where new levels would take 15 to 18 and a second to build.

Range: a conductivity is one number for its whole tissue, a border moves by the same distance everywhere.
Local errors of segmentation, anisotropy and the coil model are not in it, nor is the error of
discretisation. A different head is not an uncertain one: people differ by more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from tmsim.coil import Coil
from tmsim.core import FloatArray, InputError, read_only, stream
from tmsim.core.curve import along_curve
from tmsim.field import kernels
from tmsim.field.chaos import Beta, Distribution, Normal, draw_points
from tmsim.field.parameters import BETA_SHAPE, CONDUCTIVITY_RANGES, BORDER_SCATTER_mm, PoseScatter
from tmsim.field.readouts import Readout
from tmsim.field.solve import REFERENCE_DIDT_A_PER_S, Potential, Solver, prepare, primary_field
from tmsim.field.space import Space, stiffness
from tmsim.field.types import FiniteElements
from tmsim.head import TISSUES, Head
from tmsim.head.borders import BORDERS, MovableBorder, movable, move_borders
from tmsim.placement import Pose
from tmsim.placement.clearance import lift_to_clear


@dataclass(frozen=True, kw_only=True)
class Source:
    """What an uncertainty comes from: one tissue, one border, or one way in which the coil is off."""

    name: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One uncertain number, in SI units."""

    name: str
    source: Source
    unit: str
    distribution: Distribution
    nominal: float


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """The discrete problem at some values of the variables: E0 at the unknowns of the finest space."""

    spaces: dict[int, Space]
    primary_V_per_m: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Study:
    """Which inputs of one field are uncertain, and what is read off it.

    Parameters
    ----------
    method
        First order is what draws are made for: it takes a tenth of the time.
    conductivity
        By tissue tag. [S/m]
    scatter
        How far the coil is off its pose, or None if it is where it should be. A coil that would enter the
        scalp is lifted until it clears it.
    borders
        Shift outwards of the borders of `tmsim.head.borders`, by name. [m]
    """

    head: Head
    coil: Coil
    pose: Pose
    readouts: tuple[Readout, ...]
    method: FiniteElements
    conductivity: Mapping[int, Distribution] = field(default_factory=dict)
    scatter: PoseScatter | None = None
    borders: Mapping[str, Distribution] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        head = self.head
        if not head.has_cortex:
            raise InputError("head", f"{head.name} has no mid-cortex", "one to read the field at")
        if self.conductivity and head.tensors_S_per_m is not None:
            raise InputError("head", "anisotropic conductivities", "one number a tissue, to vary it")
        for tag, distribution in self.conductivity.items():
            if tag not in TISSUES or tag not in head.tags:
                raise InputError("uncertain tissue", f"tag {tag}", f"a tissue of head {head.name}")
            if not (isinstance(distribution, Beta) and distribution.low > 0):
                raise InputError(
                    f"conductivity of {TISSUES[tag].label}",
                    str(distribution),
                    "a beta distribution above zero",
                )
        for name in self.borders:
            if name not in BORDERS:
                raise InputError("border", repr(name), f"one of {', '.join(BORDERS)}")
        if not self.variables:
            raise InputError("uncertain inputs", "none", "a conductivity, the pose or a border")

    @cached_property
    def variables(self) -> tuple[Variable, ...]:
        """All that is drawn, in the order of the columns of `points`."""
        head, out = self.head, []
        for tag, distribution in self.conductivity.items():
            tissue = TISSUES[tag]
            source = Source(name=tissue.name, label=f"conductivity of {tissue.label}")
            out.append(_variable(tissue.name, source, "S/m", distribution, head.conductivity_of(tag)))
        if self.scatter is not None:
            shift, gap = self.scatter.shift_mm.value * 1e-3, self.scatter.gap_mm.value * 1e-3
            angle, tilt = np.radians([self.scatter.angle_deg.value, self.scatter.tilt_deg.value]).tolist()
            for name, source, unit, sd in (
                ("shift_x", _POSITION, "m", shift),
                ("shift_y", _POSITION, "m", shift),
                ("gap", _GAP, "m", gap),
                ("tilt_x", _TILT, "rad", tilt),
                ("tilt_y", _TILT, "rad", tilt),
                ("angle", _ANGLE, "rad", angle),
            ):
                out.append(_variable(name, source, unit, Normal(0.0, sd), 0.0))
        for name, distribution in self.borders.items():
            source = Source(name=name, label=f"border {BORDERS[name].label}")
            out.append(_variable(name, source, "m", distribution, 0.0))
        return tuple(out)

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """What the variables are reported under."""
        return tuple(dict.fromkeys(variable.source for variable in self.variables))

    @cached_property
    def nominal(self) -> FloatArray:
        """The variables at the head and pose as given, (n_variables,)."""
        return read_only(np.array([variable.nominal for variable in self.variables]))

    @cached_property
    def solver(self) -> Solver:
        """The head as given, made ready."""
        return prepare(self.head, self.method)

    @cached_property
    def nominal_state(self) -> State:
        """The discrete problem of the head and pose as given."""
        spaces = self.solver.spaces
        points_m = spaces[self.method.order].points_m
        primary = primary_field(self.coil, self.pose, points_m, REFERENCE_DIDT_A_PER_S)
        return State(spaces=spaces, primary_V_per_m=primary)

    @cached_property
    def nominal_potential(self) -> Potential:
        """The solution of `nominal_state`."""
        return self._solved(self.nominal_state, self.solver, None)

    def points(self, first: int, last: int) -> FloatArray:
        """Draws ``first`` to ``last`` of the variables, (last - first, n_variables); the seed decides."""
        distributions = [variable.distribution for variable in self.variables]
        return draw_points(distributions, stream(self.seed, "conductivity"), first, last)

    def state(self, x: FloatArray) -> State:
        """The discrete problem at values of the variables, (n_variables,)."""
        values = dict(zip((variable.name for variable in self.variables), x.tolist(), strict=True))
        head, nominal = self.head, self.nominal_state
        nodes_m = None
        if any(values[name] for name in self.borders):
            shifts_m = {border: values[name] for name, border in self._movable.items()}
            nodes_m = move_borders(head, shifts_m).nodes_m
        given = {tag: values[TISSUES[tag].name] for tag in self.conductivity}
        spaces = self._spaces(given, nodes_m)
        pose = self.pose
        if self.scatter is not None:
            pose = displaced(head, self.coil, self.pose, values)
        if nodes_m is None and pose is self.pose:
            return State(spaces=spaces, primary_V_per_m=nominal.primary_V_per_m)
        points_m = spaces[self.method.order].points_m
        return State(
            spaces=spaces,
            primary_V_per_m=primary_field(self.coil, pose, points_m, REFERENCE_DIDT_A_PER_S),
        )

    def at_cortex(self, potential: Potential) -> FloatArray:
        """E at the mid-cortical points, which go with their tetrahedra, (n, 3). [V/m]"""
        places = self.solver.cortex_places
        if self.method.order == 2:
            return potential.at(places)
        return potential.recovered_at(self.head, places)

    def solve(self, state: State) -> Potential:
        """The field of a state, under the multigrid levels of the nominal head."""
        matrices = [stiffness(state.spaces[order]) for order in sorted(state.spaces, reverse=True)]
        hierarchy = self.solver.hierarchy.with_matrices(matrices)
        solver = replace(self.solver, spaces=state.spaces, hierarchy=hierarchy)
        return self._solved(state, solver, self.nominal_potential.potential_V[:, None])

    def _solved(self, state: State, solver: Solver, start: FloatArray | None) -> Potential:
        space = state.spaces[solver.method.order]
        x, _ = solver.solve(solver.load(space, state.primary_V_per_m)[:, None], start=start)
        return Potential(
            space=space,
            primary_V_per_m=state.primary_V_per_m,
            potential_V=np.ascontiguousarray(x[:, 0]),
        )

    @cached_property
    def _movable(self) -> dict[str, MovableBorder]:
        return {name: movable(self.head, name) for name in self.borders}

    @cached_property
    def _curve(self) -> npt.NDArray[np.integer]:
        return along_curve(self.head.nodes_m)

    def _spaces(self, sigma_S_per_m: Mapping[int, float], nodes_m: FloatArray | None) -> dict[int, Space]:
        if not sigma_S_per_m and nodes_m is None:
            return self.solver.spaces
        head, first = self.head, self.solver.spaces[1]
        tensors = np.empty((0, 3, 3)) if head.tensors_S_per_m is None else head.tensors_S_per_m
        sigma = np.array(head.element_sigma_S_per_m)
        for tag, value in sigma_S_per_m.items():
            sigma[head.tags == tag] = value
        along = first.points_m if nodes_m is None else np.ascontiguousarray(nodes_m[self._curve])
        gradients, flux, coupling = kernels.geometry(
            along, first.cells, sigma[first.tet_order], tensors[first.tet_order] if len(tensors) else tensors
        )
        spaces = {}
        for order, space in self.solver.spaces.items():
            points_m = space.points_m
            if nodes_m is not None:
                points_m = np.empty_like(space.points_m)
                points_m[space.vertex_unknown] = along
                points_m[space.edge_unknown] = along[space.edge_nodes].mean(axis=1)
            spaces[order] = replace(
                space, points_m=points_m, gradients=gradients, flux=flux, coupling=coupling
            )
        return spaces


_POSITION = Source(name="position", label="coil along the scalp")
_GAP = Source(name="gap", label="coil off the scalp")
_TILT = Source(name="tilt", label="tilt of the coil")
_ANGLE = Source(name="angle", label="angle of the handle")


def _variable(name: str, source: Source, unit: str, distribution: Distribution, nominal: float) -> Variable:
    return Variable(name=name, source=source, unit=unit, distribution=distribution, nominal=nominal)


def standard_conductivity(head: Head) -> dict[int, Distribution]:
    """The published ranges of those tissues of ``head`` that have one, by tag. [S/m]"""
    shape = BETA_SHAPE.value
    return {
        tag: Beta(low.value, high.value, shape, shape)
        for tag, (low, high) in CONDUCTIVITY_RANGES.items()
        if tag in head.tags
    }


def standard_borders(head: Head) -> dict[str, Distribution]:
    """The assumed scatter of every border between tissues of ``head`` that can be moved. [m]"""
    return {
        name: Normal(0.0, sd_mm.value * 1e-3)
        for name, sd_mm in BORDER_SCATTER_mm.items()
        if _share_nodes(head, BORDERS[name].inner, BORDERS[name].outer)
    }


def _share_nodes(head: Head, tags: Sequence[int], others: Sequence[int]) -> bool:
    nodes = (np.unique(head.tets[np.isin(head.tags, some)]) for some in (tags, others))
    return len(np.intersect1d(*nodes, assume_unique=True)) > 0


def displaced(head: Head, coil: Coil, pose: Pose, off: Mapping[str, float]) -> Pose:
    """A pose that is off by ``shift_x``, ``shift_y``, ``gap`` [m], ``tilt_x``, ``tilt_y``, ``angle`` [rad].

    All are in the coil's own axes, turns about its origin; the gap counts outwards. A coil that would enter
    the scalp is lifted until it clears it.
    """
    if not any(off[name] for name in _POSE_NAMES):
        return pose
    offset = np.eye(4)
    offset[:3, :3] = Rotation.from_rotvec([off["tilt_x"], off["tilt_y"], off["angle"]]).as_matrix()
    offset[:3, 3] = off["shift_x"], off["shift_y"], -off["gap"]
    matrix = pose.matrix @ offset
    matrix[:3, 3] -= lift_to_clear(head.skin, coil, matrix) * matrix[:3, 2]
    return Pose(matrix=matrix)


_POSE_NAMES = ("shift_x", "shift_y", "gap", "tilt_x", "tilt_y", "angle")
