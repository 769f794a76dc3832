"""A basis of fields: one head's answer to any coil at any pose, solved once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tmsim.coil import Coil
from tmsim.coil.flux_map import flux_along
from tmsim.core import FloatArray, InputError, IntArray, Progress, as_array, read_only, silent
from tmsim.core.cache import Cache
from tmsim.field import basis_kernels as kernels
from tmsim.field.basis_kernels import FIELDS, ROWS
from tmsim.field.modes import Modes
from tmsim.field.shell import Shell
from tmsim.field.solve import REFERENCE_DIDT_A_PER_S
from tmsim.head import Head
from tmsim.head.parameters import TISSUES
from tmsim.placement import Pose

Float32Array = npt.NDArray[np.float32]
Storage = Literal["int16", "float32"]

_STREAMED = 64  # fields that are computed together, and in memory together
_ALLOWED_m = 0.002  # windings under the scalp of the shell, which is known to a millimetre or two
_OUTLINE_m = 0.004


@dataclass(frozen=True, kw_only=True)
class BasisSpec:
    """How fine a basis is.

    Parameters
    ----------
    order
        Of the finite elements: 1, recovered, for a preview within seconds; 2 for fields that are reported.
    sources, samples
        Dipoles off the scalp, and points at which the flux of a coil is read.
    modes
        Combinations of sources that are solved: more for smaller coils.
    storage
        16-bit integers with a scale a row, or float32 in twice the memory and time.
    tolerance
        Relative residual of each solve.
    """

    order: Literal[1, 2] = 1
    sources: int = 480
    samples: int = 1000
    modes: int = 192
    storage: Storage = "int16"
    tolerance: float = 1e-5

    def __post_init__(self) -> None:
        for name, low, high in (("sources", 16, 4000), ("samples", 32, 8000), ("modes", 4, 2000)):
            if not low <= getattr(self, name) <= high:
                raise InputError(name, str(getattr(self, name)), f"{low} to {high}")
        if self.storage not in ("int16", "float32"):
            raise InputError("storage", repr(self.storage), "'int16' or 'float32'")


@dataclass(frozen=True, kw_only=True, eq=False)
class Drive:
    """One coil of an array: where it sits and how fast its current changes."""

    coil: Coil
    pose: Pose
    didt_A_per_s: float = REFERENCE_DIDT_A_PER_S


@dataclass(frozen=True, kw_only=True, eq=False)
class LiveField:
    """The field of one placement, from a basis.

    Parameters
    ----------
    E_V_per_m
        At the points of the basis, (n_points, 3). [V/m]
    didt_A_per_s
        Rate of change of the current of each coil. [A/s]
    projection_error
        How far the sources of the basis miss the coil: relative L2 of the flux, deeper than it was fitted.
    truncation_error
        What the field loses by the modes that were not solved: relative L2 of the primary field.
    """

    E_V_per_m: Float32Array
    didt_A_per_s: tuple[float, ...]
    projection_error: float
    truncation_error: float

    @property
    def error(self) -> float:
        """Relative L2 distance from a direct solve of the same order and gauge, as the basis estimates it."""
        return float(np.hypot(self.projection_error, self.truncation_error))


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldBasis:
    """Fields of one head, for any coil at any pose, at fixed points.

    E = U c with c = W b: b is the coil's flux through some thousand points under the scalp, W maps it to
    modes, U holds the solved field of each mode. Both are linear in the current, so coils of an array add.
    Fields have the same bits for any number of threads; a build by another number of threads of the linear
    algebra library differs by rounding.

    Parameters
    ----------
    points_m
        Where E is known, (n_points, 3), and the tetrahedron that holds each. [m]
    panels, scales
        U in panels of ``ROWS`` rows (x, y, z of a point follow each other), (n_panels, modes, ROWS), and the
        factor of each row.
    relative_residual
        The largest of all solves.
    """

    head_name: str
    spec: BasisSpec
    shell: Shell
    modes: Modes
    points_m: FloatArray
    tets: IntArray
    panels: npt.NDArray[Any]
    scales: Float32Array
    relative_residual: float

    @staticmethod
    def build(
        head: Head,
        spec: BasisSpec | None = None,
        *,
        points_m: npt.ArrayLike | None = None,
        folder: Path | None = None,
        progress: Progress = silent,
    ) -> FieldBasis:
        """Solve the modes of a head.

        Parameters
        ----------
        points_m
            Where fields are wanted, (n, 3); the mid-cortical surface if None. See :func:`tissue_points`. [m]
        folder
            Where solved blocks are kept, so that a build that was stopped goes on where it was.

        Raises
        ------
        InputError
            A point is outside the head.
        """
        from tmsim.field.basis_build import build

        return build(head, spec or BasisSpec(), points_m=points_m, folder=folder, progress=progress)

    @staticmethod
    def load_or_build(
        head: Head,
        spec: BasisSpec | None = None,
        *,
        points_m: npt.ArrayLike | None = None,
        cache: Cache | None = None,
        progress: Progress = silent,
    ) -> FieldBasis:
        """The basis from the cache, or built and kept there; a build that was stopped goes on where it was.

        Parameters
        ----------
        points_m
            As in :meth:`build`.
        cache
            The user's cache if None. Where it can't be written, the basis is built and not kept.
        """
        from tmsim.field.basis_store import load_or_build

        return load_or_build(head, spec or BasisSpec(), points_m=points_m, cache=cache, progress=progress)

    @staticmethod
    def load(
        head: Head,
        spec: BasisSpec | None = None,
        *,
        points_m: npt.ArrayLike | None = None,
        cache: Cache | None = None,
    ) -> FieldBasis | None:
        """The basis from the cache, None if it isn't there whole: for those who won't wait for it."""
        from tmsim.field.basis_store import load

        return load(head, spec or BasisSpec(), points_m=points_m, cache=cache)

    @property
    def n_points(self) -> int:
        """Number of points."""
        return len(self.points_m)

    def field(self, coil: Coil, pose: Pose, *, didt_A_per_s: float = REFERENCE_DIDT_A_PER_S) -> LiveField:
        """The field of one coil.

        Raises
        ------
        InputError
            The coil's windings are in the head.
        """
        return self.array_field([Drive(coil=coil, pose=pose, didt_A_per_s=didt_A_per_s)])

    def array_field(self, drives: Sequence[Drive]) -> LiveField:
        """The field of several coils at once."""
        slopes = tuple(drive.didt_A_per_s for drive in drives)
        flux = np.array(slopes) @ self._flux_of_each(drives)
        coefficients, projection, truncation = self._project(flux[None])
        E = np.empty(ROWS * len(self.panels), np.float32)
        kernels.product(self.panels, self.scales, self._padded(coefficients)[0], E)
        return self._live(E, slopes, projection[0], truncation[0])

    def fields(
        self, coil: Coil, poses: Sequence[Pose], *, didt_A_per_s: float = REFERENCE_DIDT_A_PER_S
    ) -> Iterator[LiveField]:
        """The fields of many placements in order, computed some at a time; only those are in memory."""
        if isinstance(poses, Pose):
            raise InputError("poses", "a single pose", "a sequence", "Wrap it in a list.")
        self._check_outside(coil, poses)
        blocks = (poses[k : k + _STREAMED] for k in range(0, len(poses), _STREAMED))
        return self._stream(
            (self._flux(coil, block) * didt_A_per_s for block in blocks), ((didt_A_per_s,) for _ in poses)
        )

    def array_fields(self, drives: Sequence[Drive], didt_A_per_s: npt.ArrayLike) -> Iterator[LiveField]:
        """The fields of one array of coils for many sets of currents.

        Parameters
        ----------
        didt_A_per_s
            Rate of change of each coil's current in each set, (n, n_coils); those of ``drives`` don't count.
        """
        slopes = as_array("current slopes", didt_A_per_s, (None, len(drives)))
        flux = self._flux_of_each(drives)
        blocks = (slopes[k : k + _STREAMED] @ flux for k in range(0, len(slopes), _STREAMED))
        return self._stream(blocks, (tuple(row.tolist()) for row in slopes))

    def coefficients(self, coil: Coil, poses: Sequence[Pose]) -> FloatArray:
        """What each placement is made of: coefficients of the modes, (n_poses, modes), at 1 A/s.

        ``rows(where) @ coefficients`` is E per A/s: all that a search over placements needs.
        """
        self._check_outside(coil, poses)
        return self._project(self._flux(coil, poses))[0]

    def rows(self, where: npt.ArrayLike | None = None) -> Float32Array:
        """The field of each mode at points given by index or mask, all if None, (n, 3, modes). [V/m]"""
        rows = self._rows(where)
        stored = self.panels[rows // ROWS, : len(self.modes.moments.T), rows % ROWS]
        return (stored * self.scales[rows, None]).reshape(-1, 3, stored.shape[1])

    def restricted(self, where: npt.ArrayLike) -> FieldBasis:
        """The same basis at some of its points, by index or mask: faster by as much as it is smaller."""
        rows = self._rows(where)
        points = rows[::3] // 3
        return replace(
            self,
            points_m=read_only(self.points_m[points]),
            tets=read_only(self.tets[points]),
            **dict(zip(("panels", "scales"), repacked(self.panels, self.scales, rows), strict=True)),
        )

    def within(self, center_m: npt.ArrayLike, radius_m: float) -> npt.NDArray[np.int64]:
        """Indices of the points within a ball."""
        offset = self.points_m - as_array("centre", center_m, (3,))
        return np.flatnonzero(np.linalg.norm(offset, axis=1) <= radius_m)

    def _rows(self, where: npt.ArrayLike | None) -> npt.NDArray[np.int64]:
        points = np.arange(self.n_points)
        if where is not None:
            given = np.asarray(where)
            if given.ndim != 1 or not (given.dtype == bool or np.issubdtype(given.dtype, np.integer)):
                raise InputError("points", f"{given.dtype} of shape {given.shape}", "indices or a mask, (n,)")
            try:
                points = points[given]
            except IndexError:
                raise InputError(
                    "points", f"beyond the {self.n_points} of the basis", "indices or a mask of them"
                ) from None
        return (3 * points[:, None] + np.arange(3)).ravel()

    def _flux_of_each(self, drives: Sequence[Drive]) -> FloatArray:
        if isinstance(drives, Drive) or not drives:
            raise InputError("coils", "none, or one that is not in a list", "a sequence of Drive")
        for drive in drives:
            self._check_outside(drive.coil, [drive.pose])
        return np.concatenate([self._flux(drive.coil, [drive.pose]) for drive in drives])

    def _flux(self, coil: Coil, poses: Sequence[Pose]) -> FloatArray:
        """B of a coil along the normals of the shell, (n_poses, n_fit + n_check). [T/A]"""
        return flux_along(coil, [pose.matrix for pose in poses], *self.shell.samples)

    def _check_outside(self, coil: Coil, poses: Sequence[Pose]) -> None:
        shell, depths_m = self.shell, np.empty(len(poses))
        matrices = np.array([pose.matrix for pose in poses]).reshape(-1, 4, 4)
        kernels.deepest(_outline(coil), matrices, shell.center_m, shell.scalp_m, depths_m)
        depth_m = float(depths_m.max(initial=-np.inf))
        if depth_m > _ALLOWED_m:
            raise InputError(
                "pose",
                f"the windings of {coil.name} come {depth_m * 1e3:.1f} mm under the scalp, into the shell "
                "that a field basis needs free of sources",
                "a coil outside the scalp, its hollows filled",
                "Move the coil out along its z axis, or solve this one field with `simulate`.",
            )

    def _project(self, flux: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Coefficients of the solved modes for fluxes (n, n_fit + n_check), and both errors of each."""
        m = self.modes
        fit, check = np.split(flux, [len(self.shell.fit_m)], axis=1)
        tracked, fitted = np.empty((len(fit), len(m.size))), np.empty(check.shape)
        fit = np.ascontiguousarray(fit)
        kernels.transform(m.from_flux, fit, tracked)
        kernels.transform(m.check_from_flux, fit, fitted)
        kept = m.moments.shape[1]
        size = np.linalg.norm(tracked * m.size, axis=1)
        lost = np.linalg.norm(tracked[:, kept:] * m.size[kept:], axis=1)
        missed = np.linalg.norm(fitted - check, axis=1)
        tiny = np.finfo(float).tiny
        return (
            tracked[:, :kept],
            missed / np.maximum(np.linalg.norm(check, axis=1), tiny),
            lost / np.maximum(size, tiny),
        )

    def _padded(self, coefficients: FloatArray) -> Float32Array:
        out = np.zeros((len(coefficients), self.panels.shape[1]), np.float32)
        out[:, : coefficients.shape[1]] = coefficients
        return out

    def _stream(
        self, fluxes: Iterator[FloatArray], slopes: Iterator[tuple[float, ...]]
    ) -> Iterator[LiveField]:
        for flux in fluxes:
            coefficients, projection, truncation = self._project(flux)
            columns = np.zeros((-(-len(flux) // FIELDS) * FIELDS, self.panels.shape[1]), np.float32)
            columns[: len(flux), : coefficients.shape[1]] = coefficients
            blocks = columns.reshape(-1, FIELDS, columns.shape[1]).transpose(0, 2, 1)
            E = np.empty((len(columns), ROWS * len(self.panels)), np.float32)
            kernels.products(self.panels, self.scales, np.ascontiguousarray(blocks), E)
            for k in range(len(flux)):
                yield self._live(E[k], next(slopes), projection[k], truncation[k])

    def _live(
        self, E: Float32Array, slopes: tuple[float, ...], projection: float, truncation: float
    ) -> LiveField:
        return LiveField(
            E_V_per_m=read_only(E[: 3 * self.n_points].reshape(-1, 3)),
            didt_A_per_s=slopes,
            projection_error=float(projection),
            truncation_error=float(truncation),
        )


def packed(fields: Float32Array, storage: Storage) -> tuple[npt.NDArray[Any], Float32Array]:
    """Fields of modes, (modes, n_rows), as panels and scales; both are padded with zeros to whole panels."""
    modes, rows = fields.shape
    padded = np.zeros((-(-modes // 4) * 4, -(-rows // ROWS) * ROWS), np.float32)
    padded[:modes, :rows] = fields
    scales = np.ones(padded.shape[1], np.float32)
    if storage == "int16":
        largest = np.abs(padded).max(axis=0)
        scales[largest > 0] = largest[largest > 0] / np.iinfo(np.int16).max
        padded = np.rint(padded / scales).astype(np.int16)
    return _in_panels(padded), scales


def repacked(
    panels: npt.NDArray[Any], scales: Float32Array, rows: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[Any], Float32Array]:
    """Some rows of panels as panels of their own."""
    padded = np.zeros((panels.shape[1], -(-len(rows) // ROWS) * ROWS), panels.dtype)
    padded[:, : len(rows)] = panels[rows // ROWS, :, rows % ROWS].T
    own_scales = np.ones(padded.shape[1], np.float32)
    own_scales[: len(rows)] = scales[rows]
    return _in_panels(padded), own_scales


def _in_panels(padded: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.ascontiguousarray(padded.reshape(len(padded), -1, ROWS).transpose(1, 0, 2))


@lru_cache(maxsize=16)
def _outline(coil: Coil) -> FloatArray:
    """Points on the windings, one in each cube of 4 mm; the origin if they are not known."""
    points = coil.element_points_m if len(coil.element_points_m) else np.zeros((1, 3))
    return points[np.unique(np.round(points / _OUTLINE_m), axis=0, return_index=True)[1]]


def tissue_points(head: Head, *tissues: str) -> FloatArray:
    """Where a basis can be asked for a whole tissue: the middle of each of its tetrahedra, (n, 3). [m]

    Parameters
    ----------
    tissues
        Names such as ``"grey_matter"``.
    """
    tags = {tissue.name: tag for tag, tissue in TISSUES.items()}
    for name in tissues:
        if name not in tags:
            raise InputError("tissue", repr(name), f"one of {', '.join(tags)}")
    return head.centers_m[np.isin(head.tags, [tags[name] for name in tissues])]
