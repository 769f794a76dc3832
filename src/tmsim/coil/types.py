"""The coil: what carries the current, what it is cased in, and what drives it."""

from __future__ import annotations

from dataclasses import dataclass

from tmsim.core import FloatArray, as_array


@dataclass(frozen=True, kw_only=True, eq=False)
class Dipoles:
    """Magnetic dipoles, in coil coordinates."""

    positions_m: FloatArray  # (n, 3)
    moments_m2: FloatArray  # (n, 3) moment per ampere of coil current [A m^2 / A]


@dataclass(frozen=True, kw_only=True, eq=False)
class Segments:
    """Straight pieces of wire, in coil coordinates; each carries ``turns`` times the coil current."""

    starts_m: FloatArray  # (n, 3)
    ends_m: FloatArray  # (n, 3)
    turns: FloatArray  # (n,)
