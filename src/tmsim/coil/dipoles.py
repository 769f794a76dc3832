"""Windings as magnetic dipoles: each turn is a disc of them (Ampere's equivalence)."""

from __future__ import annotations

import math

import numpy as np

from tmsim.coil.types import Dipoles, Elements, Segments
from tmsim.core import FloatArray, InputError

_SPACING_M = 4e-3  # along a ring: error about exp(-2 pi distance / spacing), 2e-5 at 7 mm
_RADIAL_M = 2.5e-3  # a Gauss point about every so often across the radius


def as_dipoles(elements: tuple[Elements, ...]) -> Dipoles:
    """See :meth:`Coil.dipoles`."""
    positions, moments = [], []
    for part in elements:
        if isinstance(part, Segments):
            part = discs_of(part)
        elif not isinstance(part, Dipoles):
            raise InputError(
                "coil", "a sampled field", "dipoles or wire", "Use the coil's .ccd file for this method."
            )
        positions.append(part.positions_m)
        moments.append(part.moments_m2)
    return Dipoles(positions_m=np.concatenate(positions), moments_m2=np.concatenate(moments))


def discs_of(wire: Segments) -> Dipoles:
    """Closed circular turns as discs of dipoles; those about one centre share their rings.

    Between two neighbouring radii the dipole density is the number of turns outside, so a ring of dipoles
    serves all of them: Gauss points across each gap, evenly spaced round it.
    """
    stacks: dict[tuple[float, ...], list[tuple[float, float]]] = {}
    for first, last in _loops(wire):
        center, normal, radius = _circle(wire.starts_m[first:last])
        key = tuple(np.concatenate([center, normal]).round(9) + 0.0)
        stacks.setdefault(key, []).append((radius, float(wire.turns[first])))
    positions, moments = [], []
    for key, turns in stacks.items():
        center, normal = np.array(key[:3]), np.array(key[3:])
        side = np.linalg.svd(normal[None])[2][1:]  # two unit vectors in the plane
        for radius, weight_m2 in _rings(sorted(turns)):
            n = max(8, math.ceil(2 * math.pi * radius / _SPACING_M))
            angle = 2 * math.pi * (np.arange(n) + 0.5) / n
            positions.append(center + radius * np.column_stack([np.cos(angle), np.sin(angle)]) @ side)
            moments.append(np.tile(normal * weight_m2 / n, (n, 1)))
    return Dipoles(positions_m=np.concatenate(positions), moments_m2=np.concatenate(moments))


def _loops(wire: Segments) -> list[tuple[int, int]]:
    """Index ranges of the closed chains of segments."""
    loops, first = [], 0
    for k in range(len(wire.turns)):
        if np.abs(wire.ends_m[k] - wire.starts_m[first]).max() < 1e-9:
            loops.append((first, k + 1))
            first = k + 1
        elif k + 1 == len(wire.turns) or np.abs(wire.ends_m[k] - wire.starts_m[k + 1]).max() > 1e-9:
            raise InputError("coil", "a wire that doesn't close", "closed turns for this method")
    return loops


def _circle(points_m: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Centre, unit normal and radius of the circle with the area of a regular polygon."""
    center = points_m.mean(axis=0)
    arms = points_m - center
    area = np.cross(arms, np.roll(arms, -1, axis=0)).sum(axis=0) / 2
    size = float(np.linalg.norm(area))
    lengths = np.linalg.norm(arms, axis=1)
    if len(points_m) < 12 or np.ptp(lengths) > 1e-3 * lengths.max() or size < 3 * lengths.min() ** 2 * 0.95:
        raise InputError("coil", "a turn that isn't a circle", "circular turns for this method")
    return center, area / size, math.sqrt(size / math.pi)


def _rings(turns: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Radius and total moment of the rings that fill the turns, given as (radius, turns) from within."""
    rings = []
    inner = 0.0
    for k, (outer, _) in enumerate(turns):
        outside = sum(number for _, number in turns[k:])
        if outer > inner:
            x, w = np.polynomial.legendre.leggauss(math.ceil((outer - inner) / _RADIAL_M) + 1)
            radii = (outer + inner) / 2 + (outer - inner) / 2 * x
            weights = (outer - inner) / 2 * w * 2 * math.pi * radii * outside
            rings += list(zip(radii.tolist(), weights.tolist(), strict=True))
        inner = outer
    return rings
