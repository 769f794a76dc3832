"""How a field basis is made: shell, modes, a solve for each mode, its field at the points."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tmsim.core import FloatArray, InputError, IntArray, Progress, as_array, read_only, whole_file
from tmsim.field.basis import BasisSpec, FieldBasis, Float32Array, packed
from tmsim.field.basis_kernels import primary_of_modes, recovered_at_corners, recovered_fields
from tmsim.field.modes import Modes, modes_of
from tmsim.field.multigrid import BLOCK
from tmsim.field.shell import Shell, shell_of
from tmsim.field.solve import Places, Potential, Solver, prepare, tets_that_hold
from tmsim.field.types import FiniteElements
from tmsim.head import Head

_TOGETHER = 4 * BLOCK
"""Modes whose primary fields are summed together: the field of a source is then computed once for so many."""


def build(
    head: Head, spec: BasisSpec, *, points_m: npt.ArrayLike | None, folder: Path | None, progress: Progress
) -> FieldBasis:
    """See :meth:`FieldBasis.build`."""
    progress("points of the basis", 0.0)
    at_m, tets = _points(head, points_m)
    solver = prepare(
        head,
        FiniteElements(order=spec.order, tolerance=spec.tolerance),
        progress=lambda what, done: progress(what, 0.02 + 0.05 * done),
    )
    progress("sources round the head", 0.07)
    shell = shell_of(head, at_m, sources=spec.sources, samples=spec.samples)
    modes = modes_of(shell, at_m, kept=spec.modes)
    fields, residual = _solve(solver, shell, modes, solver.places(tets, at_m), folder, progress)
    progress("packing", 0.98)
    panels, scales = packed(fields, spec.storage)
    return FieldBasis(
        head_name=head.name,
        spec=spec,
        shell=shell,
        modes=modes,
        points_m=read_only(at_m),
        tets=read_only(tets),
        panels=read_only(panels),
        scales=read_only(scales),
        relative_residual=residual,
    )


def _points(head: Head, points_m: npt.ArrayLike | None) -> tuple[FloatArray, IntArray]:
    if points_m is not None:
        at_m = as_array("points", points_m, (None, 3))
        if not len(at_m):
            raise InputError("points", "none", "at least one")
        return at_m, tets_that_hold(head, at_m)
    return head.cortex.points_m, head.cortex.tets


def _solve(
    solver: Solver, shell: Shell, modes: Modes, places: Places, folder: Path | None, progress: Progress
) -> tuple[Float32Array, float]:
    """The field of each mode at the places, (modes, 3 n_places), and the largest residual."""
    space = solver.spaces[solver.method.order]
    kept = modes.moments.shape[1]
    recovery = Recovery.at(solver, places) if solver.method.order == 1 else None
    fields, worst = np.empty((kept, 3 * len(places.rows)), np.float32), 0.0
    for first in range(0, kept, _TOGETHER):
        primary: FloatArray | None = None
        for low in range(first, min(first + _TOGETHER, kept), BLOCK):
            high = min(low + BLOCK, kept)
            progress(f"mode {low + 1} of {kept}", 0.1 + 0.88 * low / kept)
            file = folder / f"modes-{low:04d}.npz" if folder else None
            moments = modes.moments[:, low:high]
            found = _read(file, moments, fields.shape[1])
            if found is None:
                if primary is None:
                    together = modes.moments[:, first : first + _TOGETHER]
                    primary = primary_of_modes(
                        space.points_m, shell.sources_m, shell.source_normals, together, shell.center_m
                    )
                found = _solve_block(solver, primary[low - first : high - first], places, recovery)
                if file:
                    with whole_file(file) as part, part.open("wb") as out:
                        np.savez(out, fields=found[0], residual=found[1], moments=moments)
            fields[low:high], worst = found[0], max(worst, found[1])
    return fields, worst


def _solve_block(
    solver: Solver, primary: FloatArray, places: Places, recovery: Recovery | None
) -> tuple[Float32Array, float]:
    space = solver.spaces[solver.method.order]
    load = np.stack([solver.load(space, e) for e in primary], axis=1)
    start = None if recovery else solver.first_order(list(primary))[1]
    x, _ = solver.solve(load, start=start)
    if recovery:
        out = recovery.fields(primary, x)
    else:
        out = np.empty((len(primary), len(places.rows), 3), np.float32)
        for k, e in enumerate(primary):
            phi = np.ascontiguousarray(x[:, k])
            out[k] = Potential(space=space, primary_V_per_m=e, potential_V=phi).at(places)
    return out.reshape(len(primary), -1), float(solver.residual(load, x).max())


@dataclass(frozen=True, kw_only=True, eq=False)
class Recovery:
    """First-order fields at places, many at once: a corner's gradient is averaged once, not for each place.

    The same as :meth:`Potential.recovered_at`, one field after another.
    """

    solver: Solver
    places: Places
    corners: npt.NDArray[np.integer]  # (n_corners,) nodes
    tags: npt.NDArray[np.integer]  # (n_corners,) the tissue that is averaged over
    of_place: npt.NDArray[np.int64]  # (n_places, 4) which corners a place stands between

    @staticmethod
    def at(solver: Solver, places: Places) -> Recovery:
        """The corners that places stand between."""
        space = solver.spaces[1]
        nodes = space.cells[places.rows]
        tags = np.repeat(solver.head.tags[space.tet_order][places.rows], 4).reshape(-1, 4)
        pairs, of_place = np.unique(np.stack([nodes.ravel(), tags.ravel()]), axis=1, return_inverse=True)
        return Recovery(
            solver=solver, places=places, corners=pairs[0], tags=pairs[1], of_place=of_place.reshape(-1, 4)
        )

    def fields(self, primary: FloatArray, potentials: FloatArray) -> Float32Array:
        """E for E0 at the nodes, (n, n_nodes, 3), and phi, (n_nodes, n): (n, n_places, 3). [V/m]"""
        space, head = self.solver.spaces[1], self.solver.head
        slopes = np.empty((len(self.corners), 3, len(primary)))
        recovered_at_corners(
            space.cells,
            space.gradients,
            potentials,
            head.volumes_m3[space.tet_order],
            head.tags[space.tet_order],
            space.touching_start,
            space.touching,
            self.corners,
            self.tags,
            slopes,
        )
        out = np.empty((len(primary), len(self.places.rows), 3), np.float32)
        nodes = space.cells[self.places.rows]
        recovered_fields(primary, slopes, nodes, self.of_place, self.places.weights, out)
        return out


def _read(file: Path | None, moments: FloatArray, rows: int) -> tuple[Float32Array, float] | None:
    """What an earlier build left of a block, or None, also if rounding had given it other modes."""
    if file is None or not file.is_file():
        return None
    try:
        with file.open("rb") as stored, np.load(stored, allow_pickle=False) as block:
            fields, residual = block["fields"], float(block["residual"])
            apart = np.abs(block["moments"] - moments).max() / np.abs(moments).max()
    except Exception:  # a broken zip raises a dozen kinds of error, and all mean: solve it again
        return None
    return (fields, residual) if apart < 1e-9 and fields.shape == (moments.shape[1], rows) else None
