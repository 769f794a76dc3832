"""A plan whose fields come from a basis: quick enough to follow a hand, at the mid-cortex of one head."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

import numpy as np

from tmsim.coil import Coil
from tmsim.core import InputError, Progress, silent
from tmsim.field import REFERENCE_DIDT_A_PER_S, EField, FieldBasis, FiniteElements
from tmsim.field.metrics import weighted_percentile
from tmsim.head import Head
from tmsim.head.regions import regions_of
from tmsim.neuron.dose import MotorThreshold
from tmsim.placement import Pose
from tmsim.plan.brain import brain_of
from tmsim.plan.response import HandArea, hand_area, respond, threshold_of
from tmsim.plan.session import hold_at_cortex, protocol_of
from tmsim.plan.stages import Solved, coil_of, pose_of
from tmsim.plan.transmission import transmission_of
from tmsim.plan.types import Plan
from tmsim.plan.weeks import weeks_of
from tmsim.result import Brain, CortexSession, Response, Transmission, Weeks

T = TypeVar("T")

_AT = ("coil", "placement")
_HAND = ("coil", "motor", "waveform", "neuron")
"""Sections of a plan, and the waveform, that its field and that over the hand area depend on."""
_PEAK = 99.9  # percentile, as that of a field with its tetrahedra


@dataclass(frozen=True, kw_only=True)
class CortexRegion:
    """How strong the field is in a region."""

    region: str
    p99_V_per_m: float


@dataclass(frozen=True, kw_only=True)
class CortexMetrics:
    """What :class:`tmsim.field.types.Metrics` says of the mid-cortex, with percentiles weighted by area."""

    p999_V_per_m: float
    area_50_m2: float
    regions: tuple[CortexRegion, ...]  # strongest first


class Memory:
    """What was worked out lately, by what it depends on; who asks for the same meanwhile waits for it."""

    def __init__(self, most: int = 24) -> None:
        self._most, self._lock = most, Lock()
        self._kept: OrderedDict[Hashable, Future[Any]] = OrderedDict()

    def of(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What ``compute`` gave under that key, or gives now; a refusal is not kept."""
        mine: Future[T] = Future()
        with self._lock:
            first = self._kept.setdefault(key, mine)
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        if first is mine:
            try:
                mine.set_result(compute())
            except BaseException as fault:
                with self._lock:
                    self._kept.pop(key, None)
                mine.set_exception(fault)
        return first.result()


@dataclass(frozen=True, kw_only=True, eq=False)
class LiveResults:
    """As much of :class:`tmsim.plan.Results` as a field at the cortex gives, each worked out when asked for.

    Parameters
    ----------
    head, basis
        Of whose mid-cortex the basis is. The plan's own head and how it solves are left aside.
    memory
        Shared by plans that follow each other: what a change of the plan leaves as it was is kept.

    Raises
    ------
    InputError
        When a part is asked for that the plan can't have.
    """

    plan: Plan
    head: Head
    basis: FieldBasis
    memory: Memory = field(default_factory=Memory)

    @property
    def solved(self) -> Solved:
        """Coil, placement and field at 1 A/us, which has no tetrahedra."""
        return self._of("solved", _AT, lambda: solve_live(self.plan, self.head, self.basis, self.coil))

    @property
    def coil(self) -> Coil:
        """The coil, always the same: what is made ready for it once serves every pose."""
        return self._of("coil", ("coil",), lambda: coil_of(self.plan))

    @property
    def hand(self) -> HandArea:
        """The same coil over the hand area."""
        field_at = fields_of(self.basis, self.coil)
        return self._of("hand", _HAND, lambda: hand_area(self.plan, self.head, self.coil, field_at))

    @property
    def threshold(self) -> MotorThreshold | None:
        """The motor threshold of this head under this coil."""
        return threshold_of(self.plan, self.hand, self.didt_max_A_per_s)

    @property
    def didt_max_A_per_s(self) -> float | None:
        """Current slope at full output, where known. [A/s]"""
        return self.plan.pulse.didt_max_A_per_s or self.coil.didt_max_A_per_s

    @property
    def response(self) -> Response:
        """From pulse to muscle."""
        keys = (*_AT, *_HAND, "pulse", "seed")
        return self._of("response", keys, lambda: respond(self.plan, self.solved, hand=self.hand))

    @property
    def metrics(self) -> CortexMetrics:
        """Peak, area and regions of the field at the dose."""
        return cortex_metrics(self.head, self.response.field)

    @property
    def session(self) -> CortexSession | None:
        """One session."""
        held = protocol_of(self.plan)
        return None if held is None else hold_at_cortex(self.plan, held, self.solved, self.response)

    @property
    def transmission(self) -> Transmission | None:
        """Transmitters."""
        keys = (*_AT, *_HAND, "pulse", "session", "transmitters", "course")
        held = protocol_of(self.plan)
        if held is None:
            return None
        return self._of("transmission", keys, lambda: transmission_of(self.plan, held, self.response))

    @property
    def brain(self) -> Brain | None:
        """The rest of the brain."""
        keys = (*_AT, *_HAND, "pulse", "seed", "session", "network")
        return self._of("brain", keys, lambda: brain_of(self.plan, self.response, self.session))

    @property
    def weeks(self) -> Weeks | None:
        """The course."""
        held = protocol_of(self.plan)
        return None if held is None else weeks_of(self.plan, held)

    def _of(self, name: str, sections: tuple[str, ...], compute: Callable[[], T]) -> T:
        told = self.plan.model_dump(mode="json")
        told["waveform"] = told["pulse"]["waveform"]
        parts = json.dumps({section: told[section] for section in sections}, sort_keys=True)
        return self.memory.of((name, id(self.head), str(self.basis.spec), parts), compute)


def solve_live(plan: Plan, head: Head, basis: FieldBasis, coil: Coil) -> Solved:
    """Placement and field of a plan's coil on the head of a basis; its field has no tetrahedra.

    Raises
    ------
    InputError
        The basis isn't one of the mid-cortex of ``head``, or the placement is refused.
    """
    if basis.n_points != len(head.cortex.points_m):
        raise InputError(
            "field basis", f"{basis.n_points} points", f"the {len(head.cortex.points_m)} of the mid-cortex"
        )
    pose, field_at = pose_of(plan, head, coil), fields_of(basis, coil)
    return Solved(head=head, coil=coil, pose=pose, field=field_at(pose, silent), field_at=field_at)


def fields_of(basis: FieldBasis, coil: Coil) -> Callable[[Pose, Progress], EField]:
    """What gives the field of a coil at any pose, at the mid-cortex alone and at 1 A/us."""
    return lambda pose, _progress: cortex_field(basis, coil, pose)


def cortex_field(basis: FieldBasis, coil: Coil, pose: Pose) -> EField:
    """The field of a basis at 1 A/us as one that is known at the mid-cortex alone."""
    live = basis.field(coil, pose, didt_A_per_s=REFERENCE_DIDT_A_PER_S)
    none = np.empty((0, 3))
    return EField(
        E_V_per_m=none,
        cortex_V_per_m=live.E_V_per_m.astype(np.float64),
        points_V_per_m=none,
        didt_A_per_s=REFERENCE_DIDT_A_PER_S,
        method=FiniteElements(order=basis.spec.order, tolerance=basis.spec.tolerance),
        unknowns=0,
        iterations=0,
        relative_residual=basis.relative_residual,
        error=None,
    )


def cortex_metrics(head: Head, cortex: EField) -> CortexMetrics:
    """Peak, area and regions of a field at the mid-cortex."""
    size, area = np.linalg.norm(cortex.cortex_V_per_m, axis=1), head.cortex.point_areas_m2
    peak = weighted_percentile(size, area, _PEAK)
    rows = []
    if head.head_to_mni is not None:
        regions = regions_of(head)
        for k, name in enumerate(regions.names):
            inside = regions.index == k
            if area[inside].sum() > 0:
                p99 = weighted_percentile(size[inside], area[inside], 99)
                rows.append(CortexRegion(region=name, p99_V_per_m=p99))
    return CortexMetrics(
        p999_V_per_m=peak,
        area_50_m2=float(area[size >= 0.5 * peak].sum()),
        regions=tuple(sorted(rows, key=lambda row: -row.p99_V_per_m)),
    )
