"""From published dimensions to wire: a coil's turns as closed polygons."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from tmsim.coil.casing import casing_and_handle
from tmsim.coil.parameters import CATALOGUE, SIDES, WINDING_TO_FACE, WindingSpec
from tmsim.coil.types import Coil, Segments
from tmsim.core import FloatArray
from tmsim.core.units import to_si


@cache
def build(name: str) -> Coil:
    """The built-in coil ``name``, a key of :data:`CATALOGUE`; the same object each time."""
    spec = CATALOGUE[name]
    casing, handle_m = casing_and_handle(spec)
    didt = spec.didt_max
    return Coil(
        name=name,
        label=f"{spec.label} (idealised)",
        elements=(wind(spec),),
        casing=casing,
        handle_m=handle_m,
        wire_reach_m=spec.wire_height_mm * 1e-3 / 2 * (1 - 1 / math.sqrt(3)),
        didt_max_A_per_s=None if didt is None else to_si(f"{didt.value} {didt.unit}", "A/s"),
        brand=spec.brand,
        stimulator=spec.stimulator,
        source="Deng2013",
        status="read",
        note=f"Idealised from published windings (coil {spec.number}). {spec.note}".strip(),
    )


def wing_axes(spec: WindingSpec) -> list[FloatArray]:
    """Axes of each wing, as columns: outward from the hinge at x = 0, y, and towards the head.

    The axes of the left wing are a mirror image, so that a loop drawn alike in both carries opposite
    current about z, as a figure-8 does.
    """
    if spec.wings == 1:
        return [np.eye(3)]
    bend = math.radians(180 - spec.wing_angle_deg) / 2
    c, s = math.cos(bend), math.sin(bend)
    return [np.array([[side * c, 0.0, -side * s], [0.0, 1.0, 0.0], [s, 0.0, c]]) for side in (1.0, -1.0)]


def turn_radii_m(spec: WindingSpec) -> FloatArray:
    """Radius of the middle of the wire in each turn, innermost first. [m]"""
    inner = (spec.inner_mm + spec.wire_width_mm) / 2
    outer = (spec.outer_mm - spec.wire_width_mm) / 2
    return np.linspace(inner, outer, spec.turns) * 1e-3


def wind(spec: WindingSpec) -> Segments:
    """Wire of a coil: polygons of ``SIDES`` sides, two a turn at the Gauss points of the wire's height.

    Two half-currents there have the field of a current spread evenly over the height, to fourth order
    in height over distance.
    """
    # The polygon is drawn round the circle, with vertices a little outside, so that areas agree.
    widen = math.sqrt(2 * math.pi / (SIDES * math.sin(2 * math.pi / SIDES)))
    angle = 2 * math.pi * np.arange(SIDES + 1) / SIDES
    circle = np.column_stack([np.cos(angle), np.sin(angle), np.zeros(SIDES + 1)]) * widen
    height = spec.wire_height_mm * 1e-3
    starts, ends = [], []
    for axes in wing_axes(spec):
        for layer in range(spec.layers):
            middle = -WINDING_TO_FACE.value * 1e-3 - (layer + 0.5) * height
            for offset in (-1, 1):
                depth = middle + offset * height / (2 * math.sqrt(3))
                for radius in turn_radii_m(spec):
                    loop = (radius * circle + (spec.center_m, 0.0, depth)) @ axes.T
                    starts.append(loop[:-1])
                    ends.append(loop[1:])
    half_turns = np.full(len(starts) * SIDES, 0.5)
    return Segments(starts_m=np.concatenate(starts), ends_m=np.concatenate(ends), turns=half_turns)
