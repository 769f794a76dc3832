"""From a coil's flux to a few numbers: which combinations of sources matter, and how much of each there is.

Outside its windings a coil's field is curl-free, so in the head it is fixed by its normal part on a closed
surface round the brain. With B the flux there of each source and s its singular values, sources of strengths
a = F b stand for a coil of flux b, where F = V s / (s^2 + (1e-3 s_max)^2) U'.

Which combinations of sources matter is asked of fields that are known before any is solved: those that the
sources would drive in a layered sphere, the primary fields of the solve. Random dipoles where coils can be
are fitted, and the principal components of their primary fields are the modes, the strongest first. Only they
are solved. On the built-in head 192 of 480 keep all but 0.07 % of the field of a 70 mm figure-8; the tail is
tracked without being solved, so what a field loses by it is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tmsim.coil.kernels import MU0_OVER_4PI
from tmsim.core import FloatArray, read_only, stream
from tmsim.field.basis_kernels import primary_of_modes
from tmsim.field.shell import Shell, directions

_DAMPING = 1e-3
_DIPOLES = 3000
_NEAREST_m, _FARTHEST_m = 0.010, 0.035  # where windings are, off the scalp
_LOWEST = -0.5  # no coil sits lower: cosine of the angle from the vertex, seen from the centre
_SAMPLES = 5000  # points at which primary fields are compared
_RANK = 1e-6  # of the strongest mode: nothing is left beyond


@dataclass(frozen=True, kw_only=True, eq=False)
class Modes:
    """The modes of a shell, and the way from a coil's flux to them.

    The coefficient of each has unit variance over the random dipoles, so that the fields of modes fall off in
    size with their number.
    """

    moments: FloatArray  # (n_sources, kept) rates of change of moment along the normals [A m^2/s]
    from_flux: FloatArray  # (tracked, n_fit) coefficients of a flux at the fit points [1/T s]
    check_from_flux: FloatArray  # (n_check, n_fit) flux of the fitted sources at the check points
    size: FloatArray  # (tracked,) rms of the primary field over the points, at coefficient one [V/m]


def modes_of(shell: Shell, points_m: FloatArray, *, kept: int) -> Modes:
    """The modes for fields at ``points_m``, (n, 3): ``kept`` to solve, or fewer if no more exist."""
    to_fit = normal_flux(shell.fit_m, shell.fit_normals, shell.sources_m, shell.source_normals)
    u, s, vt = np.linalg.svd(to_fit, full_matrices=False)
    strengths_of_flux = (vt.T * (s / (s**2 + (_DAMPING * s[0]) ** 2))) @ u.T

    some = np.ascontiguousarray(points_m[:: len(points_m) // _SAMPLES + 1])
    each = np.eye(len(shell.sources_m))
    primary = primary_of_modes(some, shell.sources_m, shell.source_normals, each, shell.center_m)
    primary = primary.reshape(len(each), -1)
    squares, axes = np.linalg.eigh(primary @ primary.T / len(some))
    rms = np.sqrt(np.maximum(squares, 0))[:, None] * axes.T  # |rms @ a| is the rms of the field of sources a

    strengths = strengths_of_flux @ _flux_of_random_dipoles(shell)
    fields = rms @ strengths
    size = np.linalg.norm(fields, axis=0)
    strengths, fields = strengths / size, fields / size
    variance, components = np.linalg.eigh(fields @ fields.T / _DIPOLES)
    variance, components = variance[::-1], components[:, ::-1]
    tracked = min(2 * kept, int((variance > _RANK**2 * variance[0]).sum()))
    variance, components = variance[:tracked], components[:, :tracked]
    kept = min(kept, tracked)
    to_check = normal_flux(shell.check_m, shell.check_normals, shell.sources_m, shell.source_normals)
    return Modes(
        moments=read_only(
            strengths @ (fields.T @ components[:, :kept]) / (_DIPOLES * np.sqrt(variance[:kept]))
        ),
        from_flux=read_only((components.T / np.sqrt(variance)[:, None]) @ rms @ strengths_of_flux),
        check_from_flux=read_only(to_check @ strengths_of_flux),
        size=read_only(np.sqrt(variance)),
    )


def normal_flux(
    points_m: FloatArray, normals: FloatArray, dipoles_m: FloatArray, moments: FloatArray
) -> FloatArray:
    """B along the normals at points, of each dipole alone, (n_points, n_dipoles). [T]"""
    offset = points_m[:, None] - dipoles_m
    square = (offset**2).sum(axis=2)
    along_moment = np.einsum("pqk,qk->pq", offset, moments)
    along_normal = np.einsum("pqk,pk->pq", offset, normals)
    return MU0_OVER_4PI * (3 * along_moment * along_normal / square - normals @ moments.T) / square**1.5


def _flux_of_random_dipoles(shell: Shell) -> FloatArray:
    """B along the normals at the fit points, of dipoles where windings can be, (n_fit, n_dipoles)."""
    draws = stream(0, "field basis")
    over = directions(int(_DIPOLES * 2 / (1 - _LOWEST)))
    over = over[over[:, 2] > _LOWEST][:_DIPOLES]
    off_m = draws.uniform(_NEAREST_m, _FARTHEST_m, len(over))
    at_m = shell.center_m + over * (shell.scalp_radius_m(over) + off_m)[:, None]
    return normal_flux(shell.fit_m, shell.fit_normals, at_m, draws.standard_normal((len(over), 3)))
