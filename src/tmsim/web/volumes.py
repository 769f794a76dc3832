"""Volumes for the slices: tissue labels, a T1, and |E| in grey matter."""

from __future__ import annotations

import gzip
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from scipy.spatial import KDTree

from tmsim.core import FloatArray, InputError, IntArray
from tmsim.core.frames import apply
from tmsim.field import grid
from tmsim.formats import nifti
from tmsim.head import Head
from tmsim.head.parameters import GREY_MATTER
from tmsim.placement import Pose
from tmsim.plan.types import Section
from tmsim.web.about import unchanging
from tmsim.web.asked import body_as
from tmsim.web.bench import Bench
from tmsim.web.live import Matrix

router = APIRouter(prefix="/api/volume")

_REACH_m = 0.004
_GZIP = b"\x1f\x8b"
_SOURCE = "basis; each voxel of grey matter has |E| of the nearest mid-cortical point"
_KIND = "application/gzip"


class FieldAsked(Section):
    """A coil at a pose. [mm, A/us]"""

    pose: Matrix
    coil: str
    didt: Annotated[float, Field(gt=0, le=1000)] = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class GreyVoxels:
    """Voxels of grey matter near the mid-cortical surface, flat, and the point of it nearest to each."""

    voxels: IntArray
    points: IntArray


@router.get("/labels.nii.gz")
def labels(request: Request) -> Response:
    """Tissue tags on the head's own grid, or on one of 1 mm where it has none."""
    bench: Bench = request.app.state.bench
    content = bench.kept("labels.nii.gz", lambda: _nifti(*_tags(bench)))
    return unchanging(request, content, _KIND)


@router.get("/t1.nii.gz")
def t1(request: Request) -> Response:
    """The image that the server was started with."""
    bench: Bench = request.app.state.bench
    if bench.t1 is None:
        raise InputError("T1", "none", "an image", "Start the page with `tmsim serve --t1 FILE`.")
    content = bench.t1.read_bytes()
    if not content.startswith(_GZIP):
        content = gzip.compress(content, compresslevel=1, mtime=0)
    return unchanging(request, content, _KIND)


@router.post("/field")
def field(asked: Annotated[FieldAsked, Depends(body_as(FieldAsked))], request: Request) -> Response:
    """|E| in grey matter, from the basis."""
    bench: Bench = request.app.state.bench
    pose = Pose.from_simnibs_mm(np.reshape(asked.pose, (4, 4)))
    basis = bench.basis_now().full
    found = basis.field(bench.coil(asked.coil), pose, didt_A_per_s=asked.didt * 1e6)
    tags, affine_m = _tags(bench)
    grey = bench.kept("grey voxels", lambda: _grey_voxels(bench, tags, affine_m))
    volume = np.zeros(tags.size, np.float32)
    volume[grey.voxels] = np.linalg.norm(found.E_V_per_m, axis=1)[grey.points]
    headers = {"cache-control": "no-store", "x-field-source": f"{_SOURCE}; order {basis.spec.order}"}
    return Response(_nifti(volume.reshape(tags.shape), affine_m), media_type=_KIND, headers=headers)


def _tags(bench: Bench) -> tuple[npt.NDArray[np.uint8], FloatArray]:
    if bench.head.labels is not None:
        return bench.head.labels.tags, bench.head.labels.affine_m
    return bench.kept("tags", lambda: _tags_on_grid(bench.head))


def _tags_on_grid(head: Head) -> tuple[npt.NDArray[np.uint8], FloatArray]:
    affine_m, shape = grid.grid_round(head)
    tets = grid.tets_on_grid(head, affine_m, shape)
    return np.where(tets >= 0, head.tags[tets], 0).astype(np.uint8), affine_m


def _grey_voxels(bench: Bench, tags: npt.NDArray[np.uint8], affine_m: FloatArray) -> GreyVoxels:
    where = np.argwhere(tags == GREY_MATTER)
    tree = KDTree(bench.anatomy.cortex.points_m)
    distance_m, nearest = tree.query(apply(affine_m, where.astype(float)), distance_upper_bound=_REACH_m)
    near = np.isfinite(distance_m)
    voxels = np.asarray(np.ravel_multi_index(tuple(where[near].T), tags.shape))
    return GreyVoxels(voxels=voxels.astype(np.int32), points=np.asarray(nearest)[near].astype(np.int32))


def _nifti(values: npt.NDArray[Any], affine_m: FloatArray) -> bytes:
    with tempfile.TemporaryDirectory(prefix="tmsim-") as folder:
        path = Path(folder) / "volume.nii.gz"
        nifti.write_volume(path, values, affine_m)
        return path.read_bytes()
