"""The head: tetrahedra with tissues, and what is measured on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tmsim.core import FloatArray, InputError, IntArray, Surface, as_array, as_index_array, read_only
from tmsim.head.parameters import GREY_MATTER, TISSUES, WHITE_MATTER
from tmsim.head.quality import signed_volumes_m3


@dataclass(frozen=True, kw_only=True, eq=False)
class Cortex(Surface):
    """The mid-cortical surface: half way, in potential, between white matter and the pial surface.

    Every point lies in a grey-matter tetrahedron, ``tets``; ``column`` points from white matter to pia,
    along the cortical column.
    """

    tets: IntArray  # (n,) the tetrahedron that holds each point
    column: FloatArray  # (n, 3) unit vectors

    def __post_init__(self) -> None:
        super().__post_init__()
        n = len(self.points_m)
        tets = as_index_array("cortex tets", self.tets, (n,), np.iinfo(np.int32).max)
        object.__setattr__(self, "tets", tets)
        object.__setattr__(self, "column", as_array("cortex column", self.column, (n, 3)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Labels:
    """Tissue tags on a voxel grid; ``affine_m`` maps voxel centres to head coordinates. [m]"""

    tags: npt.NDArray[np.uint8]  # (i, j, k); 0 is air
    affine_m: FloatArray  # (4, 4)


@dataclass(frozen=True, kw_only=True)
class Fiducials:
    """Scalp landmarks in head coordinates. [m] ``lpa`` and ``rpa`` are the preauricular points."""

    nasion: tuple[float, float, float]
    inion: tuple[float, float, float]
    lpa: tuple[float, float, float]
    rpa: tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a head came from: a name or path, the SHA-256 of its file, and its licence if known."""

    source: str
    sha256: str
    licence: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Head:
    """A head as tetrahedra with tissue tags, in its own coordinates (RAS axes: x right, y front, z up).

    Parameters
    ----------
    nodes_m
        Node positions, (n_nodes, 3). [m]
    tets
        Node indices, (n_tets, 4), in the order of the file they came from, positively oriented.
    tags
        SimNIBS tissue tag of each tetrahedron, (n_tets,).
    sigma_S_per_m
        Conductivity by tag; tags that are absent take the standard value. [S/m]
    tensors_S_per_m
        Anisotropic conductivity, (n_tets, 3, 3), symmetric positive definite, or None. It overrides
        the scalars where given. [S/m]
    head_to_mni
        Affine to MNI space, (4, 4), translations in metres, or None where unknown.
    """

    name: str
    nodes_m: FloatArray
    tets: IntArray
    tags: npt.NDArray[np.int32]
    origin: Origin
    sigma_S_per_m: Mapping[int, float] = field(default_factory=dict)
    tensors_S_per_m: FloatArray | None = None
    head_to_mni: FloatArray | None = None
    labels: Labels | None = None
    fiducials: Fiducials | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "nodes_m", as_array("nodes", self.nodes_m, (None, 3)))
        tets = as_index_array("tetrahedra", self.tets, (None, 4), len(self.nodes_m))
        object.__setattr__(self, "tets", tets)
        if len(tets) == 0:
            raise InputError("tetrahedra", "none", "at least one")
        tags = as_index_array("tags", self.tags, (len(tets),), np.iinfo(np.int32).max)
        object.__setattr__(self, "tags", tags)
        for tag, sigma in self.sigma_S_per_m.items():
            if not 0 < sigma < 1e3:
                raise InputError(f"conductivity of tag {tag}", f"{sigma} S/m", "above 0 and below 1000 S/m")
        unknown = sorted(set(np.unique(tags).tolist()) - set(TISSUES) - set(self.sigma_S_per_m))
        if unknown:
            raise InputError(
                "tags", f"unknown tissue {unknown}", f"one of {sorted(TISSUES)}", "Or give its conductivity."
            )
        if self.tensors_S_per_m is not None:
            tensors = as_array("conductivity tensors", self.tensors_S_per_m, (len(tets), 3, 3))
            if not np.allclose(tensors, tensors.transpose(0, 2, 1), rtol=1e-6, atol=1e-9):
                raise InputError("conductivity tensors", "not symmetric", "symmetric 3x3 tensors")
            if np.linalg.eigvalsh(tensors).min() <= 0:
                raise InputError("conductivity tensors", "not positive definite", "positive eigenvalues")
            object.__setattr__(self, "tensors_S_per_m", tensors)
        if self.head_to_mni is not None:
            object.__setattr__(self, "head_to_mni", as_array("head_to_mni", self.head_to_mni, (4, 4)))

    @staticmethod
    def load(source: str | Path, *, repair: bool = False) -> Head:
        """Read a head: the built-in ``"colin27"``, a gmsh ``.msh`` file, or a NIfTI of tissue labels.

        Parameters
        ----------
        source
            A built-in name (``tmsim head list``) or a file.
        repair
            Mend what can be mended (inverted or unreferenced elements); otherwise any fault is refused.

        Raises
        ------
        InputError
            The file is missing, truncated, or fails a check; the sentence names the fault.
        """
        from tmsim.head.load import load

        return load(source, repair=repair)

    @cached_property
    def element_sigma_S_per_m(self) -> FloatArray:
        """Scalar conductivity of each tetrahedron, (n_tets,). [S/m]"""
        table = np.zeros(int(self.tags.max()) + 1)
        for tag in np.unique(self.tags).tolist():
            table[tag] = self.conductivity_of(tag)
        return read_only(table[self.tags])

    def conductivity_of(self, tag: int) -> float:
        """Scalar conductivity of a tissue, given or standard. [S/m]"""
        return self.sigma_S_per_m[tag] if tag in self.sigma_S_per_m else TISSUES[tag].conductivity.value

    def with_conductivity(self, **sigma_S_per_m: float) -> Head:
        """The same head with other conductivities, by tissue name: ``with_conductivity(bone=0.02)``."""
        tags = {tissue.name: tag for tag, tissue in TISSUES.items()}
        for name in sigma_S_per_m:
            if name not in tags:
                raise InputError("tissue", repr(name), f"one of {', '.join(tags)}")
        given = {tags[name]: sigma for name, sigma in sigma_S_per_m.items()}
        return replace(self, sigma_S_per_m={**self.sigma_S_per_m, **given})

    @cached_property
    def centers_m(self) -> FloatArray:
        """Barycentre of each tetrahedron, (n_tets, 3). [m]"""
        return read_only(self.nodes_m[self.tets].mean(axis=1))

    @cached_property
    def volumes_m3(self) -> FloatArray:
        """Volume of each tetrahedron, (n_tets,). [m^3]"""
        return read_only(signed_volumes_m3(self.nodes_m, self.tets))

    @cached_property
    def skin(self) -> Surface:
        """The outer surface of the head."""
        from tmsim.head.surfaces import outer_surface

        return outer_surface(self)

    @cached_property
    def has_cortex(self) -> bool:
        """Whether there is white matter under grey, and so a mid-cortical surface."""
        return WHITE_MATTER in self.tags and GREY_MATTER in self.tags

    @cached_property
    def cortex(self) -> Cortex:
        """The mid-cortical surface."""
        from tmsim.head.surfaces import mid_cortex

        return mid_cortex(self)

    def with_cortex(self, cortex: Cortex) -> Head:
        """The same head, its mid-cortical surface given instead of computed when first asked for."""
        head = replace(self)
        vars(head)["cortex"] = cortex  # where `cached_property` looks first
        return head

    def to_mni(self, points_m: npt.ArrayLike) -> FloatArray:
        """Head coordinates to MNI, (..., 3) to (..., 3). [m]"""
        from tmsim.core.frames import apply

        return apply(self._mni(), np.asarray(points_m, dtype=float))

    def from_mni(self, points_m: npt.ArrayLike) -> FloatArray:
        """MNI coordinates to the head's own, (..., 3) to (..., 3). [m]"""
        from tmsim.core.frames import apply, inverse

        return apply(inverse(self._mni()), np.asarray(points_m, dtype=float))

    def _mni(self) -> FloatArray:
        if self.head_to_mni is None:
            raise InputError(
                "head", f"{self.name} has no transform to MNI", "one", "Aim by a point: 'head X Y Z mm'."
            )
        return self.head_to_mni
