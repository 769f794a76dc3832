"""How uncertain a field is: inputs drawn from their distributions, the field solved anew for each draw.

Conductivities, the place of the coil and the borders of tissues change from draw to draw; the mesh's
topology never does, so the multigrid levels of the nominal head precondition all of them, with the finest
matrix assembled anew: 16 to 25 iterations where new levels would take 15 to 18 and a second to build. Means,
deviations and intervals are those of the draws themselves. Only the apportioning to sources rests on a
polynomial fitted to them (`tmsim.field.chaos`), and every result says how much of the variance it misses.

Range: inputs are independent, a conductivity is one number for its whole tissue, a border moves by the same
distance everywhere. Local errors of segmentation, anisotropy and the coil model are not in it, nor is the
error of discretisation. A different head is not an uncertain one: people differ by more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from tmsim.coil import Coil
from tmsim.core import FloatArray, InputError, Progress, read_only, silent, stream
from tmsim.core.curve import along_curve
from tmsim.field import kernels
from tmsim.field.chaos import Beta, Distribution, Normal, draw_points, fit
from tmsim.field.parameters import BETA_SHAPE, CONDUCTIVITY_RANGES, BORDER_SCATTER_mm, PoseScatter
from tmsim.field.readouts import Readout
from tmsim.field.solve import REFERENCE_DIDT_A_PER_S, Potential, Solver, primary_field
from tmsim.field.space import Space, stiffness
from tmsim.head import TISSUES, Head
from tmsim.head.borders import BORDERS, MovableBorder, movable, move_borders
from tmsim.placement import Pose
from tmsim.placement.clearance import lift_to_clear

LOW, HIGH = 0.05, 0.95
"""Ends of the 90 % interval."""

_MODES_SHARE = 0.999  # of the variance on the cortex that its modes hold
_MOST_MODES = 40


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
    solver
        The nominal head made ready. First order is what draws are made for: it takes a tenth of the time.
    conductivity
        By tissue tag. [S/m]
    scatter
        How far the coil is off its pose, or None if it is where it should be. A coil that would enter the
        scalp is lifted until it clears it.
    borders
        Shift outwards of the borders of `tmsim.head.borders`, by name. [m]
    """

    solver: Solver
    coil: Coil
    pose: Pose
    readouts: tuple[Readout, ...]
    conductivity: Mapping[int, Distribution] = field(default_factory=dict)
    scatter: PoseScatter | None = None
    borders: Mapping[str, Distribution] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        head = self.solver.head
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
        head, out = self.solver.head, []
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
    def nominal_state(self) -> State:
        """The discrete problem of the head and pose as given."""
        spaces = self.solver.spaces
        points_m = spaces[self.solver.method.order].points_m
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
        head, nominal = self.solver.head, self.nominal_state
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
        points_m = spaces[self.solver.method.order].points_m
        return State(
            spaces=spaces,
            primary_V_per_m=primary_field(self.coil, pose, points_m, REFERENCE_DIDT_A_PER_S),
        )

    def at_cortex(self, potential: Potential) -> FloatArray:
        """E at the mid-cortical points, which go with their tetrahedra, (n, 3). [V/m]"""
        places = self.solver.cortex_places
        if self.solver.method.order == 2:
            return potential.at(places)
        return potential.recovered_at(self.solver.head, places)

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
        return {name: movable(self.solver.head, name) for name in self.borders}

    @cached_property
    def _curve(self) -> npt.NDArray[np.integer]:
        return along_curve(self.solver.head.nodes_m)

    def _spaces(self, sigma_S_per_m: Mapping[int, float], nodes_m: FloatArray | None) -> dict[int, Space]:
        if not sigma_S_per_m and nodes_m is None:
            return self.solver.spaces
        head, first = self.solver.head, self.solver.spaces[1]
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


@dataclass(frozen=True, kw_only=True, eq=False)
class Draw:
    """What came of one draw: each readout, and ``|E|`` at the mid-cortical points. [V/m]"""

    values: FloatArray  # (n_readouts,)
    magnitude_V_per_m: npt.NDArray[np.float32]  # (n_points,)


Recall = Callable[[int, Callable[[], Draw]], Draw]
"""``recall(number, compute)``: a draw that was kept, or a new one."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How far a readout scatters, in V/m at 1 A/us, and what from.

    ``first_order`` and ``total`` are Sobol indices in the order of the study's sources: the share of the
    variance that a source makes by itself, and that in which it has any part. ``unexplained`` is the share
    that the polynomial behind them does not predict at draws which it has not seen.
    """

    readout: str
    label: str
    nominal: float
    mean: float
    sd: float
    low: float  # 5 % of the draws are below it
    high: float
    first_order: tuple[float, ...]
    total: tuple[float, ...]
    unexplained: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Uncertainty:
    """The outcome of a study. Maps are of ``|E|`` at the mid-cortical points, in V/m at 1 A/us.

    ``cortex_first_order`` is the share of the variance at each point that each source makes by itself,
    (n_sources, n_points), from the modes that hold 99.9 % of the variance of the map.
    """

    sources: tuple[Source, ...]
    spreads: tuple[Spread, ...]
    n_draws: int
    seed: int
    cortex_nominal_V_per_m: FloatArray  # (n_points,)
    cortex_mean_V_per_m: FloatArray
    cortex_sd_V_per_m: FloatArray
    cortex_first_order: FloatArray

    @cached_property
    def dominant(self) -> npt.NDArray[np.intp]:
        """Index of the source that makes most of the variance at each mid-cortical point, (n_points,)."""
        return self.cortex_first_order.argmax(axis=0)


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


def standard_borders() -> dict[str, Distribution]:
    """The assumed scatter of every border that can be moved. [m]"""
    return {name: Normal(0.0, sd_mm.value * 1e-3) for name, sd_mm in BORDER_SCATTER_mm.items()}


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


def draw(study: Study, number: int) -> Draw:
    """One draw of a study. It depends on the seed and its number alone."""
    E = study.at_cortex(study.solve(study.state(study.points(number, number + 1)[0])))
    return Draw(
        values=read_only(np.array([readout.value(E) for readout in study.readouts])),
        magnitude_V_per_m=np.linalg.norm(E, axis=1).astype(np.float32),
    )


def propagate(
    study: Study, n_draws: int = 200, *, recall: Recall | None = None, progress: Progress = silent
) -> Uncertainty:
    """Draw the uncertain inputs, solve for each draw, and say what the field's scatter comes from.

    Parameters
    ----------
    n_draws
        Draws of a quasi-random sequence. More can be added later: the first ones stay the same.
    recall
        Where draws are kept, so that a study can be resumed.

    Raises
    ------
    InputError
        There are too few draws for the number of variables.
    """
    least = 2 * len(study.variables) + 2
    if n_draws < least:
        raise InputError("draws", str(n_draws), f"at least {least} for so many uncertain inputs")
    draws = []
    for number in range(n_draws):
        progress(f"draw {number + 1} of {n_draws}", number / n_draws)
        draws.append(
            draw(study, number)
            if recall is None
            else recall(number, lambda number=number: draw(study, number))
        )
    progress("which source does what", 1.0)
    return analyse(study, draws)


def analyse(study: Study, draws: Sequence[Draw]) -> Uncertainty:
    """What the draws of a study, the first so many, come to."""
    x = study.points(0, len(draws))
    distributions = [variable.distribution for variable in study.variables]
    groups = [
        [k for k, variable in enumerate(study.variables) if variable.source == source]
        for source in study.sources
    ]
    values = np.stack([one.values for one in draws])
    chaos = fit(distributions, x, values)
    first = np.stack([chaos.first_order(group) for group in groups])
    total = np.stack([chaos.total(group) for group in groups])
    E = study.at_cortex(study.nominal_potential)
    low, high = np.quantile(values, (LOW, HIGH), axis=0)
    spreads = tuple(
        Spread(
            readout=readout.name,
            label=readout.label,
            nominal=readout.value(E),
            mean=float(values[:, k].mean()),
            sd=float(values[:, k].std(ddof=1)),
            low=float(low[k]),
            high=float(high[k]),
            first_order=tuple(first[:, k].tolist()),
            total=tuple(total[:, k].tolist()),
            unexplained=float(chaos.unexplained[k]),
        )
        for k, readout in enumerate(study.readouts)
    )

    maps = np.stack([one.magnitude_V_per_m for one in draws]).astype(float)
    scores, modes = _modes(maps)
    on_cortex = fit(distributions, x, scores).combined(modes)
    return Uncertainty(
        sources=study.sources,
        spreads=spreads,
        n_draws=len(draws),
        seed=study.seed,
        cortex_nominal_V_per_m=read_only(np.linalg.norm(E, axis=1)),
        cortex_mean_V_per_m=read_only(maps.mean(axis=0)),
        cortex_sd_V_per_m=read_only(maps.std(axis=0, ddof=1)),
        cortex_first_order=read_only(np.stack([on_cortex.first_order(group) for group in groups])),
    )


def _modes(maps: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Scores (n_draws, k) and modes (k, n_points) that hold nearly all of the variance of maps."""
    centred = maps - maps.mean(axis=0)
    values, vectors = np.linalg.eigh(centred @ centred.T)
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    held = np.cumsum(values) / max(values.sum(), np.finfo(float).tiny)
    count = min(int(np.searchsorted(held, _MODES_SHARE)) + 1, _MOST_MODES, len(values))
    return vectors[:, :count], vectors[:, :count].T @ centred
