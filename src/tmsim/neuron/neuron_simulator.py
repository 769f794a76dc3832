"""The same cells in the NEURON simulator (Hines1997), by extracellular potentials: a second opinion.

Needs the extra ``tmsim[neuron]``. Channels are NEURON's own channel type, given our rates at run time, so
that no compiler is needed.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import numpy as np

from tmsim.core import InputError
from tmsim.neuron.cable import Axon, Cable
from tmsim.neuron.cable_kernels import SODIUM_SPEED, POTASSIUM_mV, SODIUM_mV
from tmsim.neuron.parameters import AXIAL_RESISTIVITY, NODES_THAT_FIRE, RESTING_POTENTIAL
from tmsim.neuron.threshold import (
    MEMBRANES,
    TOLERANCE,
    STEP_s,
    as_cable,
    course_of,
    field_along,
    leak_reversal_mV,
    smallest_field,
    spike_found,
    spiking_nodes,
    voltage_drops_mV,
)
from tmsim.pulse.types import Waveform

# Numbers of NEURON for A k (v - d) / (1 - exp(-k (v - d))) and A / (1 + exp(k (v - d))).
_LINOID, _SIGMOID = 3, 4


def threshold_in_neuron(
    cell: Axon | Cable,
    waveform: Waveform,
    *,
    angle_rad: float = 0.0,
    gradient_per_m: float = 0.0,
    tolerance: float = TOLERANCE,
) -> float:
    """As :func:`tmsim.neuron.threshold`, simulated by NEURON. [V/m]

    NEURON has one world to a process: while this runs nothing else may be in it.

    Raises
    ------
    InputError
        NEURON is not installed or holds other sections, or as `threshold`.
    OutsideModelError
        As `threshold`.
    """
    cable = as_cable(cell)
    h = _neuron()
    if any(True for _ in h.allsec()):
        raise InputError("NEURON", "sections of another model", "an empty one", "Use another process.")
    field = field_along(cable, angle_rad, gradient_per_m)
    nodes = spiking_nodes(cable)
    sections = _sections(h, cable)
    # Quasipotential by compartment: it falls by E.dl from parent to child.
    outside_mV = np.zeros(len(cable.parent))
    drops = voltage_drops_mV(cable, field)
    for k in range(1, len(outside_mV)):
        outside_mV[k] = outside_mV[cable.parent[k]] - drops[k]

    dt = STEP_s * 1e3
    course = course_of(waveform)
    # NEURON reads a played vector half way through each step; between two halves it is linear.
    times = h.Vector(dt * (np.arange(len(course)) + 0.5))
    played = {k: h.Vector(len(course)) for k in sections}
    for k, section in sections.items():
        played[k].play(section(0.5)._ref_e_extracellular, times, True)
    counters = []
    for k in nodes.tolist():
        counter = h.APCount(sections[k](0.5))
        counter.thresh = 0.0
        counters.append(counter)

    def spikes(field_V_per_m: float) -> bool:
        for k, vector in played.items():
            vector.as_numpy()[:] = field_V_per_m * outside_mV[k] * course
        h.dt, h.t = dt, 0.0
        h.finitialize(RESTING_POTENTIAL.value)
        for _ in range(len(course)):
            h.fadvance()
        return sum(counter.n > 0 for counter in counters) >= NODES_THAT_FIRE.value

    return spike_found(smallest_field(spikes, tolerance))


def _neuron() -> Any:
    """NEURON's interpreter, without its windows."""
    os.environ.setdefault("NEURON_MODULE_OPTIONS", "-nogui")
    try:
        from neuron import h
    except ImportError:
        raise InputError(
            "NEURON", "not installed", "the package neuron", "Install it with `pip install 'tmsim[neuron]'`."
        ) from None
    return h


@cache
def _channels() -> tuple[Any, ...]:
    """The channels of `cable_kernels.gates` as channel types of NEURON, where they live for ever."""
    h = _neuron()

    def linear(gate: Any, direction: int, rate: float, slope: float, middle: float) -> None:
        gate.set_f(direction, _LINOID, h.Vector([rate * SODIUM_SPEED, slope, middle]))

    sodium = h.KSChan(False)
    sodium.name("tmsim_na")
    sodium.ion("na")
    sodium.add_hhstate("m")
    sodium.add_hhstate("h")
    sodium.gate(0).power(3)
    linear(sodium.trans(0), 0, 0.182 * 6, 1 / 6, -38.0)
    linear(sodium.trans(0), 1, 0.124 * 6, -1 / 6, -38.0)
    linear(sodium.trans(1), 0, 0.015 * 6, -1 / 6, -66.0)
    linear(sodium.trans(1), 1, 0.015 * 6, 1 / 6, -66.0)
    potassium = h.KSChan(False)
    potassium.name("tmsim_k")
    potassium.ion("k")
    potassium.add_hhstate("n")
    potassium.trans(0).type(1)  # by steady state and time constant
    potassium.trans(0).set_f(0, _SIGMOID, h.Vector([1.0, -1 / 9.7, 18.7]))
    potassium.trans(0).set_f(1, _SIGMOID, h.Vector([4.0, -1 / 44.14, -46.56]))
    return sodium, potassium


def _sections(h: Any, cable: Cable) -> dict[int, Any]:
    """One section for each compartment that has a length, by index; joints are where sections meet."""
    _channels()
    reversal_mV = leak_reversal_mV(cable.membrane)
    sections: dict[int, Any] = {}
    for k, parent in enumerate(cable.parent.tolist()):
        if cable.length_um[k] == 0:
            continue
        section = sections[k] = h.Section(name=f"tmsim{k}")
        while parent >= 0 and parent not in sections:
            parent = int(cable.parent[parent])
        if parent >= 0:
            section.connect(sections[parent](1), 0)
        elif len(sections) > 1:  # branches that meet in a joint at the very start
            section.connect(next(iter(sections.values()))(0), 0)
        capacitance, leak, sodium, potassium = MEMBRANES[cable.membrane[k]]
        # The membrane takes NEURON's diameter, the core its share through the resistivity.
        section.L, section.diam = cable.length_um[k], cable.membrane_um[k]
        section.Ra = AXIAL_RESISTIVITY.value * (cable.membrane_um[k] / cable.core_um[k]) ** 2
        section.cm = capacitance
        section.insert("pas")
        section.g_pas, section.e_pas = leak, reversal_mV[k]
        section.insert("extracellular")
        if sodium:
            section.insert("tmsim_na")
            section.insert("tmsim_k")
            section.gmax_tmsim_na, section.gmax_tmsim_k = sodium, potassium
            section.ena, section.ek = SODIUM_mV, POTASSIUM_mV
    return sections
