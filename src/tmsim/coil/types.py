"""The coil: what carries the current, what it is cased in, and what drives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from tmsim.core import FloatArray, InputError, Status, Surface, as_array, read_only
from tmsim.core.frames import apply, rotate

_REACH_M = 2.0  # no coil is larger; a file in the wrong unit is


def _check_reach(name: str, points_m: FloatArray) -> None:
    if points_m.size and np.abs(points_m).max() > _REACH_M:
        raise InputError(
            name, f"a point {np.abs(points_m).max():.4g} m from the origin", f"all within {_REACH_M:g} m",
            "Is the file in the unit of its format?",
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Dipoles:
    """Magnetic dipoles, in coil coordinates unless said otherwise."""

    positions_m: FloatArray  # (n, 3)
    moments_m2: FloatArray  # (n, 3) moment per ampere of coil current [A m^2 / A]

    def __post_init__(self) -> None:
        object.__setattr__(self, "positions_m", as_array("dipole positions", self.positions_m, (None, 3)))
        n = len(self.positions_m)
        object.__setattr__(self, "moments_m2", as_array("dipole moments", self.moments_m2, (n, 3)))
        _check_reach("dipole positions", self.positions_m)

    def moved(self, transform: FloatArray) -> Dipoles:
        """The same dipoles through a rigid 4x4."""
        return Dipoles(
            positions_m=apply(transform, self.positions_m), moments_m2=rotate(transform, self.moments_m2)
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Segments:
    """Straight pieces of wire, in coil coordinates; each carries ``turns`` times the coil current."""

    starts_m: FloatArray  # (n, 3)
    ends_m: FloatArray  # (n, 3)
    turns: FloatArray  # (n,)

    def __post_init__(self) -> None:
        object.__setattr__(self, "starts_m", as_array("segment starts", self.starts_m, (None, 3)))
        n = len(self.starts_m)
        object.__setattr__(self, "ends_m", as_array("segment ends", self.ends_m, (n, 3)))
        object.__setattr__(self, "turns", as_array("segment turns", self.turns, (n,)))
        _check_reach("segments", self.starts_m)
        _check_reach("segments", self.ends_m)

    def moved(self, transform: FloatArray) -> Segments:
        """The same wire through a rigid 4x4."""
        return Segments(
            starts_m=apply(transform, self.starts_m), ends_m=apply(transform, self.ends_m), turns=self.turns
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class SampledPotential:
    """The vector potential of a coil on a grid, as measured or computed by someone else.

    Between grid points it is interpolated by cubic splines; outside the grid it is refused.
    """

    affine_m: FloatArray  # (4, 4) from grid index to coil coordinates [m]
    potential_Vs_per_m_A: FloatArray  # (i, j, k, 3) per ampere of coil current

    def __post_init__(self) -> None:
        object.__setattr__(self, "affine_m", as_array("grid affine", self.affine_m, (4, 4)))
        grid = as_array("sampled potential", self.potential_Vs_per_m_A, (None, None, None, 3))
        object.__setattr__(self, "potential_Vs_per_m_A", grid)
        if min(grid.shape[:3]) < 4:
            raise InputError("sampled potential", f"a grid of {grid.shape[:3]}", "at least 4 points a side")
        if abs(np.linalg.det(self.affine_m[:3, :3])) < 1e-15:
            raise InputError("grid affine", "no volume", "an invertible 4x4")
        if not np.allclose(self.affine_m[3], (0, 0, 0, 1)):
            raise InputError("grid affine", f"last row {self.affine_m[3].tolist()}", "0 0 0 1")

    @cached_property
    def spline_coefficients(self) -> FloatArray:
        """Cubic B-spline coefficients of each component, (3, i, j, k)."""
        from scipy.ndimage import spline_filter

        grid = self.potential_Vs_per_m_A
        return read_only(np.stack([spline_filter(grid[..., c], order=3, mode="mirror") for c in range(3)]))

    def moved(self, transform: FloatArray) -> SampledPotential:
        """The same field through a rigid 4x4."""
        return SampledPotential(
            affine_m=transform @ self.affine_m,
            potential_Vs_per_m_A=rotate(transform, self.potential_Vs_per_m_A),
        )


Elements = Segments | Dipoles | SampledPotential


@dataclass(frozen=True, kw_only=True, eq=False)
class RecordedWaveform:
    """A recorded pulse: dI/dt against time, largest absolute value 1."""

    name: str
    time_s: FloatArray  # (n,) strictly rising
    didt: FloatArray  # (n,) normalised

    def __post_init__(self) -> None:
        time = as_array("waveform time", self.time_s, (None,))
        didt = as_array("waveform", self.didt, (len(time),))
        if len(time) < 2 or np.diff(time).min() <= 0:
            raise InputError("waveform time", "not rising", "at least two strictly rising times")
        peak = float(np.abs(didt).max())
        if peak == 0:
            raise InputError("waveform", "all zero", "a pulse")
        object.__setattr__(self, "time_s", time)
        object.__setattr__(self, "didt", read_only(didt / peak))


@dataclass(frozen=True, kw_only=True, eq=False)
class Coil:
    """A stimulation coil, in its own coordinates.

    The frame is that of SimNIBS: the origin is the centre of the casing face that touches the head, z
    points into the head, -y along the handle. Flat coils lie wholly at z <= 0; the wings of a bent coil
    reach round the head, to z > 0.

    Positive current is such that at the centre of a figure-8 A points along -y, and hence the primary field
    E = -dA/dt of a rising current along **+y**, from the handle towards the front of the coil: the sign of
    the SimNIBS figure-8 files. In a built-in circular coil positive current turns right-handed about +z.
    Files are read as they are; SimNIBS's own MST-Twin runs the other way.

    Parameters
    ----------
    elements
        What carries the current; their fields add.
    casing
        Closed outer surface, or None if unknown. Only for placement and pictures.
    handle_m
        A line from the casing to the end of the handle, (2, 3), or None.
    wire_reach_m
        How far the conductor reaches beyond the thin wires that stand for it, along z.
    didt_max_A_per_s
        Rate of change of the current at full stimulator output, or None if unknown.
    source, status
        BibTeX key of the windings and how far they were checked; ``note`` says what to know.
    """

    name: str
    label: str
    elements: tuple[Elements, ...]
    casing: Surface | None = None
    handle_m: FloatArray | None = None
    wire_reach_m: float = 0.0
    didt_max_A_per_s: float | None = None
    waveform: RecordedWaveform | None = None
    brand: str = ""
    stimulator: str = ""
    source: str = ""
    status: Status = "unverified"
    note: str = ""

    def __post_init__(self) -> None:
        if not self.elements:
            raise InputError(f"coil {self.name}", "no elements", "at least one")
        if self.handle_m is not None:
            object.__setattr__(self, "handle_m", as_array("handle", self.handle_m, (2, 3)))
        didt = self.didt_max_A_per_s
        if didt is not None and not 0 < didt < 1e10:
            raise InputError("maximal dI/dt", f"{didt:g} A/s", "above 0 and below 1e10 A/s")

    @staticmethod
    def load(source: str | Path, *, deformation: Mapping[int | str, float] | None = None) -> Coil:
        """A built-in coil by name (:func:`list_coils`), or a ``.ccd``, ``.tcd``, ``.nii``, ``.nii.gz`` file.

        Parameters
        ----------
        source
            A name or a path.
        deformation
            For ``.tcd`` files with movable parts: the value of each deformation range, by its index or by
            ``"rangeN"``, in mm (translations) or degrees (rotations), as the format has it. What isn't
            named keeps its initial value.

        Raises
        ------
        InputError
            Unknown name, unreadable file, or a deformation outside its range.
        """
        from tmsim.coil.load import load

        return load(source, deformation=deformation)

    def vector_potential(self, points_m: FloatArray, *, rtol: float = 1e-6) -> FloatArray:
        """A at points in coil coordinates, (n, 3) to (n, 3). [V s/m per A]

        Below 20,000 points the sum over elements is exact; above, ``rtol`` bounds the error relative to
        the largest A among the points, and digits beyond it depend on which points are asked together.
        Not for points on a wire.
        """
        from tmsim.coil.evaluate import vector_potential

        return vector_potential(self.elements, points_m, rtol)

    def flux_density(self, points_m: FloatArray, *, rtol: float = 1e-6) -> FloatArray:
        """B at points in coil coordinates, (n, 3) to (n, 3). [T/A] See :meth:`vector_potential`."""
        from tmsim.coil.evaluate import flux_density

        return flux_density(self.elements, points_m, rtol)

    def dipoles(self) -> Dipoles:
        """Magnetic dipoles with the coil's field outside its windings; each turn is a disc of them.

        Raises
        ------
        InputError
            The coil is a sampled field, or its wire isn't closed.
        """
        from tmsim.coil.dipoles import as_dipoles

        return as_dipoles(self.elements)

    @cached_property
    def element_points_m(self) -> FloatArray:
        """Where the current flows: dipole positions and wire ends, (n, 3); empty for a sampled field. [m]"""
        found = [np.empty((0, 3))]
        for part in self.elements:
            if isinstance(part, Dipoles):
                found.append(part.positions_m)
            elif isinstance(part, Segments):
                found += [part.starts_m, part.ends_m]
        return read_only(np.concatenate(found))
