"""GIFTI: a triangle surface, and values at its points. Millimetres in the file, metres in memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.gifti.gifti import GiftiCoordSystem, GiftiDataArray, GiftiImage, GiftiMetaData

from tmsim.core import FloatArray, Surface

_SCANNER = 1  # NIFTI_XFORM_SCANNER_ANAT: the coordinates are those of the image the head came from


def write_surface(path: Path, surface: Surface) -> None:
    """Write points and triangles, a ``.surf.gii``; the coordinates are those of the head. [m]"""
    points = GiftiDataArray(
        (surface.points_m * 1e3).astype(np.float32),
        intent="NIFTI_INTENT_POINTSET",
        datatype="NIFTI_TYPE_FLOAT32",
        coordsys=GiftiCoordSystem(_SCANNER, _SCANNER, np.eye(4)),
    )
    triangles = GiftiDataArray(
        surface.triangles.astype(np.int32),
        intent="NIFTI_INTENT_TRIANGLE",
        datatype="NIFTI_TYPE_INT32",
    )
    nib.save(GiftiImage(darrays=[points, triangles]), path)


def write_values(path: Path, values: Mapping[str, FloatArray]) -> None:
    """Write named values at the points of a surface, (n_points,) each, a ``.func.gii``."""
    arrays = [
        GiftiDataArray(
            column.astype(np.float32),
            intent="NIFTI_INTENT_SHAPE",
            datatype="NIFTI_TYPE_FLOAT32",
            meta=GiftiMetaData({"Name": name}),
        )
        for name, column in values.items()
    ]
    nib.save(GiftiImage(darrays=arrays), path)
