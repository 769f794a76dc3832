"""NIfTI volumes: tissue labels in, volumes out. Files are in mm, arrays and affines here in metres."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tmsim.core import FloatArray


def read_labels(path: Path) -> tuple[np.ndarray, FloatArray]:
    """Tissue tags, (i, j, k) uint8, and the affine from voxel indices to head coordinates. [m]"""
    import nibabel

    image = nibabel.load(path)
    affine_m = np.diag([1e-3, 1e-3, 1e-3, 1.0]) @ image.affine
    return np.asarray(image.dataobj).astype(np.uint8), affine_m
