"""The smallest pulse that makes a cell fire, and what a pulse does to its membrane."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tmsim.core import FloatArray, InputError, IntArray, OutsideModelError, read_only
from tmsim.neuron.cable import Axon, Cable
from tmsim.neuron.cable_kernels import POTASSIUM_mV, SODIUM_mV, fires, gates, respond
from tmsim.neuron.directional import GRADIENT_RANGE_per_m
from tmsim.neuron.parameters import (
    AXIAL_RESISTIVITY,
    CAPACITANCE,
    LEAK,
    MYELIN_CAPACITANCE,
    MYELIN_LEAK,
    NODES_THAT_FIRE,
    POTASSIUM,
    RESTING_POTENTIAL,
    SODIUM,
    SODIUM_IN_NODES,
)
from tmsim.pulse.types import Waveform

STEP_s = 2e-6
WINDOW_s = 2e-3
"""A spike must come within this time of the start of the pulse, or before its end if it is longer."""
TOLERANCE = 0.005
"""Thresholds are found to this share of themselves."""
FIELDS_V_per_m = (5.0, 10_240.0)
"""Where thresholds are looked for; all figures that the model was held against lie well inside."""

# Capacitance [uF/cm2], leak, sodium and potassium [S/cm2] of each membrane.
MEMBRANES = read_only(
    np.array(
        [
            (CAPACITANCE.value, LEAK.value, 0.0, 0.0),
            (MYELIN_CAPACITANCE.value, MYELIN_LEAK.value, 0.0, 0.0),
            (CAPACITANCE.value, LEAK.value, SODIUM_IN_NODES.value * SODIUM.value, POTASSIUM.value),
            (CAPACITANCE.value, LEAK.value, SODIUM.value, POTASSIUM.value),
        ]
    )
)


class Coefficients(NamedTuple):
    """A cable in a field as the kernels take it; meaning and units are those of `cable_kernels.respond`."""

    parent: IntArray
    axial: FloatArray
    passive: FloatArray
    capacity: FloatArray
    resting: FloatArray
    drive: FloatArray
    active: IntArray
    sodium: FloatArray
    potassium: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class MembraneResponse:
    """What a pulse does to a cell.

    Parameters
    ----------
    field_V_per_m
        Peak ``|E|`` of the pulse at the origin of the cell. [V/m]
    time_s
        From the start of the pulse, (n_times,). [s]
    membrane_mV
        Membrane potential, (n_times, n_compartments). [mV]
    """

    cable: Cable
    waveform: Waveform
    field_V_per_m: float
    time_s: FloatArray
    membrane_mV: FloatArray


def threshold(
    cell: Axon | Cable,
    waveform: Waveform,
    *,
    angle_rad: float = 0.0,
    gradient_per_m: float = 0.0,
    tolerance: float = TOLERANCE,
) -> float:
    """Peak ``|E|`` at the origin of the cell of the smallest pulse that makes it fire. [V/m]

    It fires when three of its nodes of Ranvier pass 0 mV within 2 ms, or within the pulse if that is longer.
    The search doubles the field from below, since very large fields can block a spike, then bisects.

    Parameters
    ----------
    angle_rad
        Between E at rising current and the cell's y axis, 0 to pi. Of an axon, y points to its terminal; in
        most SWC files of pyramidal cells it points from the soma to the pia.
    gradient_per_m
        Relative change of E along y: at y it is ``1 + gradient_per_m * y`` times that at the origin.
    tolerance
        To this share of itself, 1e-6 to 0.1.

    Raises
    ------
    OutsideModelError
        No spike up to 10 kV/m, one at 5 V/m already, or a gradient beyond 100 %/mm.
    InputError
        An angle or tolerance outside its range, or a cell with fewer than three nodes.
    """
    field_V_per_m = search(
        cell, waveform, angle_rad=angle_rad, gradient_per_m=gradient_per_m, tolerance=tolerance
    )
    return spike_found(field_V_per_m)


def search(
    cell: Axon | Cable,
    waveform: Waveform,
    *,
    angle_rad: float = 0.0,
    gradient_per_m: float = 0.0,
    tolerance: float = TOLERANCE,
) -> float:
    """As `threshold`, but infinite where there is no spike up to 10 kV/m. [V/m]"""
    cable = as_cable(cell)
    arrays = coefficients(cable, field_along(cable, angle_rad, gradient_per_m))
    course, nodes = course_of(waveform), spiking_nodes(cable)

    def spikes(field_V_per_m: float) -> bool:
        return fires(
            field_V_per_m, course, STEP_s * 1e3, RESTING_POTENTIAL.value, *arrays, nodes,
            round(NODES_THAT_FIRE.value),
        )  # fmt: skip

    return smallest_field(spikes, tolerance)


def membrane_response(
    cell: Axon | Cable,
    waveform: Waveform,
    *,
    field_V_per_m: float,
    angle_rad: float = 0.0,
    gradient_per_m: float = 0.0,
) -> MembraneResponse:
    """Membrane potential of a cell over 2 ms, or over the pulse if that is longer; E as for `threshold`.

    Raises
    ------
    InputError
        A field or an angle outside its range.
    OutsideModelError
        A gradient beyond 100 %/mm.
    """
    _, highest = FIELDS_V_per_m
    if not 0 <= field_V_per_m <= highest:
        raise InputError("field", f"{field_V_per_m:g} V/m", f"0 to {highest:g} V/m")
    cable = as_cable(cell)
    arrays = coefficients(cable, field_along(cable, angle_rad, gradient_per_m))
    course = course_of(waveform)
    out = np.empty((len(course) + 1, len(cable.parent)))
    respond(field_V_per_m * course, STEP_s * 1e3, RESTING_POTENTIAL.value, *arrays, out)
    return MembraneResponse(
        cable=cable,
        waveform=waveform,
        field_V_per_m=field_V_per_m,
        time_s=read_only(np.arange(len(out)) * STEP_s),
        membrane_mV=read_only(out),
    )


def as_cable(cell: Axon | Cable) -> Cable:
    """The compartments of a cell."""
    return cell.cable() if isinstance(cell, Axon) else cell


def field_along(cable: Cable, angle_rad: float, gradient_per_m: float) -> FloatArray:
    """E at each compartment over ``|E|`` at the origin, (n, 3)."""
    if not 0 <= angle_rad <= math.pi:
        raise InputError("angle", f"{angle_rad:.4g} rad", "0 to pi, between E and the cell's y axis")
    if not abs(gradient_per_m) <= GRADIENT_RANGE_per_m:
        raise OutsideModelError(
            f"field gradient: {gradient_per_m / 10:.4g} %/mm along the cell; expected at most 100 %/mm."
        )
    direction = np.array([math.sin(angle_rad), math.cos(angle_rad), 0.0])
    return np.multiply.outer(1 + gradient_per_m * cable.center_m[:, 1], direction)


def voltage_drops_mV(cable: Cable, field: FloatArray) -> FloatArray:
    """Quasipotential of each compartment's parent minus its own, (n,): E.dl along the cell; 0 for the first.

    ``field`` is (n, 3) in V/m.
    """
    up = cable.parent[1:]
    drops = np.zeros(len(cable.parent))
    mean = (field[1:] + field[up]) / 2
    drops[1:] = np.einsum("ij,ij->i", mean, cable.center_m[1:] - cable.center_m[up]) * 1e3
    return drops


def coefficients(cable: Cable, field: FloatArray, *, step_s: float = STEP_s) -> Coefficients:
    """What the kernels take of a cable whose field is ``field``, (n, 3), for each 1 V/m of the pulse."""
    dt = step_s * 1e3
    area_cm2 = math.pi * cable.membrane_um * cable.length_um * 1e-8
    capacitance, leak, sodium, potassium = (MEMBRANES[cable.membrane] * area_cm2[:, None]).T
    capacity, leak, sodium, potassium = capacitance * 1e3 / dt, leak * 1e6, sodium * 1e6, potassium * 1e6

    # Half a compartment's resistance in MOhm; from middle to middle they add up.
    half = AXIAL_RESISTIVITY.value * cable.length_um / 2 / (math.pi / 4 * cable.core_um**2) * 1e-2
    up = cable.parent[1:]
    axial = np.zeros(len(half))
    axial[1:] = 1 / (half[1:] + half[up])
    across = axial.copy()  # all axial conductances that meet in a compartment
    np.add.at(across, up, axial[1:])

    current = axial * voltage_drops_mV(cable, field)  # from the parent, at 1 V/m
    drive = current.copy()
    np.add.at(drive, up, -current[1:])

    active = np.flatnonzero(sodium > 0).astype(np.int32)
    return Coefficients(
        parent=cable.parent,
        axial=axial,
        passive=capacity + leak + across,
        capacity=capacity,
        resting=leak * leak_reversal_mV(cable.membrane),
        drive=drive,
        active=active,
        sodium=sodium[active],
        potassium=potassium[active],
    )


def leak_reversal_mV(membrane: IntArray) -> FloatArray:
    """Where the leak of each compartment reverses to hold it at rest against its channels, (n,). [mV]"""
    rest = RESTING_POTENTIAL.value
    m_open, m_close, h_open, h_close, n_inf, _ = gates(rest)
    open_share = (m_open / (m_open + m_close)) ** 3 * h_open / (h_open + h_close)
    _, leak, sodium, potassium = MEMBRANES[membrane].T
    current = sodium * open_share * (rest - SODIUM_mV) + potassium * n_inf * (rest - POTASSIUM_mV)
    return rest + current / leak


def course_of(waveform: Waveform, *, step_s: float = STEP_s) -> FloatArray:
    """Mean of the waveform over each step, with nothing after its end, (n_steps,).

    The mean, not a sample: a step more or less of a short rectangular pulse would show in its threshold.
    """
    edges = step_s * np.arange(math.ceil(max(WINDOW_s, waveform.duration_s) / step_s - 1e-9) + 1)
    time = np.union1d(waveform.time_s, edges)
    didt = np.interp(time, waveform.time_s, waveform.didt, right=0.0)
    # np.interp would slope from the last value to the first 0 behind it.
    area = np.diff(time) * (didt[1:] + didt[:-1]) / 2 * (time[:-1] < waveform.duration_s)
    return np.diff(np.interp(edges, time, np.concatenate([[0.0], np.cumsum(area)]))) / step_s


def spiking_nodes(cable: Cable) -> IntArray:
    """The nodes of Ranvier of a cell that has enough of them to tell a spike by, (k,)."""
    nodes = cable.nodes
    if len(nodes) < NODES_THAT_FIRE.value:
        raise InputError("cell", f"{len(nodes)} nodes of Ranvier", "at least 3, by which a spike is told")
    return nodes


def smallest_field(spikes: Callable[[float], bool], tolerance: float) -> float:
    """The smallest field that ``spikes``, to ``tolerance`` and from above; infinite if none. [V/m]"""
    if not 1e-6 <= tolerance <= 0.1:
        raise InputError("tolerance", f"{tolerance:g}", "1e-6 to 0.1")
    low, highest = FIELDS_V_per_m
    if spikes(low):
        raise OutsideModelError(f"The cell fires at {low:g} V/m already, below any field that was studied.")
    high = 2 * low
    while not spikes(high):
        low, high = high, 2 * high
        if high > highest:
            return math.inf
    while high - low > tolerance * high:
        middle = (low + high) / 2
        low, high = (low, middle) if spikes(middle) else (middle, high)
    return high


def spike_found(field_V_per_m: float) -> float:
    """The threshold, refused where it is infinite."""
    if math.isinf(field_V_per_m):
        raise OutsideModelError(
            f"No spike at fields up to {FIELDS_V_per_m[1] / 1e3:.2g} kV/m, where the model ends; "
            "turn the field along the cell, or take a longer pulse."
        )
    return field_V_per_m
