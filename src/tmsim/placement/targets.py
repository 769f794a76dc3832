"""Targets: what the coil is aimed at, as text and as a place on this head.

========================================  ==============================================
``F3``                                    a 10-10 position on the scalp
``mni -38 44 26 mm``                      a point in MNI space
``head -35 40 24 mm``                     a point in the head's own coordinates
``beam-f3``                               F3 after Beam, with the tapes laid on this head
``beam-f3 36 38 60 cm``                   the same with tapes measured by hand: tragus to tragus, nasion
                                          to inion, circumference
``hand-knob-left``, ``dlpfc-sgacc``, ...  a cortical target of :data:`NAMED_POINTS`
========================================  ==============================================
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

import numpy as np

from tmsim.core import FloatArray, InputError, to_si
from tmsim.head.landmarks import ALIASES, LABELS, electrode_positions, scalp_curve, scalp_map
from tmsim.head.types import Head
from tmsim.placement.parameters import NAMED_POINTS, beam_f3

_GRAMMAR = "a 10-10 label, 'mni X Y Z mm', 'head X Y Z mm', 'beam-f3' or a named target"
_ELECTRODES = {label.lower(): label for label in (*LABELS, *ALIASES)}


@dataclass(frozen=True)
class Electrode:
    """A 10-10 position, by its label."""

    label: str

    def __post_init__(self) -> None:
        if self.label.lower() not in _ELECTRODES:
            raise InputError("10-10 label", repr(self.label), "one of the extended 10-10 system, e.g. F3")
        object.__setattr__(self, "label", _ELECTRODES[self.label.lower()])

    def __str__(self) -> str:
        return self.label


@dataclass(frozen=True)
class MniPoint:
    """A point in MNI space. [m]"""

    point_m: tuple[float, float, float]

    def __str__(self) -> str:
        return f"mni {_mm(self.point_m)}"


@dataclass(frozen=True)
class HeadPoint:
    """A point in the head's own coordinates. [m]"""

    point_m: tuple[float, float, float]

    def __str__(self) -> str:
        return f"head {_mm(self.point_m)}"


@dataclass(frozen=True)
class BeamF3:
    """F3 after Beam2009; the tapes are measured on the head itself where none are given. [m]"""

    tapes_m: tuple[float, float, float] | None = None  # tragus to tragus, nasion to inion, circumference

    def __post_init__(self) -> None:
        if self.tapes_m is not None:
            beam_f3(*self.tapes_m)

    def __str__(self) -> str:
        if self.tapes_m is None:
            return "beam-f3"
        return "beam-f3 " + " ".join(f"{tape_m * 100:.10g}" for tape_m in self.tapes_m) + " cm"


@dataclass(frozen=True)
class Named:
    """A cortical target by its name in :data:`NAMED_POINTS`."""

    name: str

    def __post_init__(self) -> None:
        if self.name not in NAMED_POINTS:
            raise InputError("named target", repr(self.name), f"one of {', '.join(NAMED_POINTS)}")

    def __str__(self) -> str:
        return self.name


Target = Electrode | MniPoint | HeadPoint | BeamF3 | Named


def _mm(point_m: tuple[float, float, float]) -> str:
    return " ".join(f"{value * 1e3:.10g}" for value in point_m) + " mm"


def parse_target(text: str) -> Target:
    """Read a target from text; the grammar is that of this module.

    Raises
    ------
    InputError
        The text is no target; near matches are named.
    """
    words = text.replace(",", " ").split()
    name = words[0].lower() if words else ""
    if name in ("mni", "head", "beam-f3") and len(words) > 1:
        values = _three(text, words[1:])
        kinds = {"mni": MniPoint, "head": HeadPoint, "beam-f3": BeamF3}
        return kinds[name](values)
    if len(words) == 1:
        if name == "beam-f3":
            return BeamF3()
        if name in _ELECTRODES:
            return Electrode(name)
        if name in NAMED_POINTS:
            return Named(name)
    known = {**_ELECTRODES, "beam-f3": "beam-f3", **{n: n for n in NAMED_POINTS}}
    near = [known[match] for match in difflib.get_close_matches(name, known, n=4, cutoff=0.5)]
    raise InputError("target", repr(text), _GRAMMAR, f"Near: {', '.join(near)}." if near else "")


def _three(text: str, words: list[str]) -> tuple[float, float, float]:
    if len(words) != 4:
        raise InputError("target", repr(text), "three numbers and a unit, e.g. 'mni -38 44 26 mm'")
    x, y, z = (to_si(f"{word} {words[3]}", "m", name="target") for word in words[:3])
    return x, y, z


def on_scalp(target: Target) -> bool:
    """Whether the target is a place on the scalp rather than in the brain."""
    return isinstance(target, Electrode | BeamF3)


def resolve(target: Target, head: Head) -> FloatArray:
    """Where the target is on this head, (3,), in head coordinates. [m]

    Raises
    ------
    InputError
        The head lacks the fiducials or the transform to MNI that the target needs.
    """
    match target:
        case Electrode(label):
            return electrode_positions(head)[label]
        case MniPoint(point_m):
            return head.from_mni(point_m)
        case HeadPoint(point_m):
            return np.array(point_m)
        case Named(name):
            return head.from_mni(np.array(NAMED_POINTS[name].mni_mm) * 1e-3)
        case BeamF3(tapes_m):
            return _beam_f3_on(head, tapes_m)


def _beam_f3_on(head: Head, tapes_m: tuple[float, float, float] | None) -> FloatArray:
    scalp = scalp_map(head)
    if tapes_m is None:
        tapes_m = scalp.coronal.length_m, scalp.nasion_inion.length_m, scalp.circumference_m
    along_m, down_m = beam_f3(*tapes_m)
    on_ring = scalp.left_ring.at(along_m)
    vertex = scalp.positions_m["Cz"]
    # The plane of the tape from the vertex holds the middle of the ring.
    middle = np.mean([scalp.positions_m[name] for name in ("Fpz", "Oz", "T7", "T8")], axis=0)
    return scalp_curve(head.skin, vertex, vertex + on_ring - middle, on_ring).at(down_m)
