"""Nerve cells as cables: straight cylinders end to end, with branches."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from tmsim.core import FloatArray, InputError, IntArray, as_array, as_index_array, read_only
from tmsim.neuron.parameters import (
    G_RATIO,
    G_RATIO_RANGE,
    INTERNODE_LENGTH,
    NODE_LENGTH,
    NODES_THAT_FIRE,
    THINNEST_MYELINATED,
)

COMPARTMENTS = 9
"""Compartments of an internode."""
_DIAMETERS_um = (THINNEST_MYELINATED.value, 5.0)
_INTERNODES = (round(NODES_THAT_FIRE.value), 400)


class Membrane(IntEnum):
    """What a compartment is covered with."""

    PASSIVE = 0  # soma and dendrites, silent nodes, and joints
    MYELIN = 1
    NODE = 2  # of Ranvier
    BARE = 3  # axon without myelin


@dataclass(frozen=True, kw_only=True, eq=False)
class Cable:
    """A cell in compartments; each stands behind its parent, and the first has none.

    Where branches meet stands a joint, a compartment without length.

    Parameters
    ----------
    parent
        Index of the neighbour towards the first compartment, (n,); -1 for the first.
    center_m
        Middle of each compartment in coordinates of the cell, (n, 3). Fields are given at the origin. [m]
    length_um
        (n,); 0 for a joint. [um]
    core_um
        Diameter of what conducts along the cell, (n,). [um]
    membrane_um
        Diameter on which the membrane is wrapped, (n,): that of the core, or more in myelin. [um]
    membrane
        A :class:`Membrane` for each, (n,).

    Raises
    ------
    InputError
        NaN, sizes that can't be, a parent behind its child, or two joints in a row.
    """

    parent: IntArray
    center_m: FloatArray
    length_um: FloatArray
    core_um: FloatArray
    membrane_um: FloatArray
    membrane: IntArray

    def __post_init__(self) -> None:
        parent = np.array(self.parent, dtype=np.int32)
        n = len(parent)
        if n < 2 or parent[0] != -1 or (parent[1:] < 0).any() or (parent[1:] >= np.arange(1, n)).any():
            raise InputError("parents", "not in order", "-1, then for each compartment one before it")
        object.__setattr__(self, "parent", read_only(parent))
        object.__setattr__(self, "center_m", as_array("compartment centres", self.center_m, (n, 3)))
        for name, what in (
            ("length_um", "lengths"),
            ("core_um", "core diameters"),
            ("membrane_um", "membrane diameters"),
        ):
            object.__setattr__(self, name, as_array(f"compartment {what}", getattr(self, name), (n,)))
        kinds = as_index_array("compartment membranes", self.membrane, (n,), len(Membrane))
        object.__setattr__(self, "membrane", kinds)
        if self.length_um.min() < 0 or self.core_um.min() <= 0 or (self.membrane_um < self.core_um).any():
            raise InputError(
                "compartments", "a length below 0, or a core without thickness or wider than its membrane",
                "cylinders",
            )  # fmt: skip
        joint = self.length_um == 0
        if (joint[1:] & joint[parent[1:]]).any():
            raise InputError("compartments", "two joints in a row", "one joint where branches meet")

    @property
    def nodes(self) -> IntArray:
        """The nodes of Ranvier, by which a spike is told, (k,)."""
        return np.flatnonzero(self.membrane == Membrane.NODE).astype(np.int32)


@dataclass(frozen=True, kw_only=True)
class Axon:
    """A straight myelinated axon, as the terminal branch of a cortical cell.

    It lies along y with its terminal, a node of Ranvier, at the origin. From there to its sealed far end
    follow internodes of 100 diameters and nodes of 1 um in turn.

    Parameters
    ----------
    diameter_um
        Inside the myelin, 0.2 to 5. [um]
    internodes
        3 to 400.
    silent_nodes
        How many of the nodes nearest the far end have no channels, so that no spike starts at that end: there
        the branch would leave the rest of its cell. At least three nodes stay alive.

    Raises
    ------
    InputError
        A value outside its range.
    """

    diameter_um: float = 1.0
    internodes: int = 20
    silent_nodes: int = 0

    def __post_init__(self) -> None:
        low, high = _DIAMETERS_um
        if not low <= self.diameter_um <= high:
            raise InputError("axon diameter", f"{self.diameter_um:g} um", f"{low:g} to {high:g} um")
        few, many = _INTERNODES
        if self.internodes != int(self.internodes) or not few <= self.internodes <= many:
            raise InputError("internodes", f"{self.internodes}", f"a whole number from {few} to {many}")
        most = self.internodes - few
        if self.silent_nodes != int(self.silent_nodes) or not 0 <= self.silent_nodes <= most:
            raise InputError("silent nodes", f"{self.silent_nodes}", f"a whole number from 0 to {most}")

    @property
    def length_um(self) -> float:
        """From the far end to the terminal. [um]"""
        return self.internodes * (INTERNODE_LENGTH.value * self.diameter_um + NODE_LENGTH.value)

    def cable(self, *, compartments: int = COMPARTMENTS) -> Cable:
        """The axon with so many compartments an internode, from the far end to the terminal."""
        length, kinds = myelinated(self.length_um, self.internodes, compartments)
        kinds[compartments :: compartments + 1][: self.silent_nodes] = Membrane.PASSIVE
        end = np.cumsum(length)
        center_m = np.zeros((len(length), 3))
        center_m[:, 1] = (end - length / 2 - end[-1]) * 1e-6
        core = np.full(len(length), float(self.diameter_um))
        return Cable(
            parent=np.arange(-1, len(length) - 1, dtype=np.int32),
            center_m=center_m,
            length_um=length,
            core_um=core,
            membrane_um=wrapped(core, kinds),
            membrane=kinds,
        )


def myelinated(length_um: float, internodes: int, compartments: int) -> tuple[FloatArray, IntArray]:
    """Lengths [um] and membranes of a stretch of internodes, each with a node behind it."""
    node = NODE_LENGTH.value
    internode = np.full(compartments, (length_um / internodes - node) / compartments)
    kinds = np.append(np.full(compartments, Membrane.MYELIN), Membrane.NODE).astype(np.int32)
    return np.tile(np.append(internode, node), internodes), np.tile(kinds, internodes)


def wrapped(core_um: FloatArray, membrane: IntArray) -> FloatArray:
    """Diameter of the membrane round a core: that of the core, or of its myelin by the g-ratio. [um]"""
    g_ratio = np.polynomial.polynomial.polyval(core_um, [entry.value for entry in G_RATIO])
    return np.where(membrane == Membrane.MYELIN, core_um / np.clip(g_ratio, *G_RATIO_RANGE), core_um)
