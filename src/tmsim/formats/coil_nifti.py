"""``.nii`` and ``.nii.gz``: the vector potential of a coil on a grid (SimNIBS, Madsen2015).

Four dimensions, the last of them x, y, z of A in V s/m per A of coil current; the affine maps to coil
coordinates in mm.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.imageglobals import LoggingOutputSuppressor
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError

from tmsim.core import FloatArray, InputError, as_array
from tmsim.formats.files import decompress, read_bytes

_LARGEST_BYTES = 512 * 2**20
_NOT_NIFTI = (
    *(ImageFileError, HeaderDataError, WrapStructError, OSError),
    *(EOFError, ValueError, TypeError, OverflowError, KeyError),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class CoilNifti:
    """A sampled vector potential."""

    affine_m: FloatArray  # (4, 4)
    potential_Vs_per_m_A: FloatArray  # (i, j, k, 3)
    didt_max_A_per_s: float | None  # from "dIdtmax=..." (A/us) in the description, where it is given


def read(path: Path) -> CoilNifti:
    """Read a sampled vector potential, or refuse the file.

    Raises
    ------
    InputError
        Missing, damaged, larger than it says or than 512 MiB, or not a grid of three-vectors.
    """
    name = path.name
    data = read_bytes(path, _LARGEST_BYTES)
    if data[:2] == b"\x1f\x8b":
        data = decompress(name, data, _LARGEST_BYTES, gzip=True)
    try:
        # nibabel mends some header faults and logs that it did; what it can't mend it raises.
        with LoggingOutputSuppressor():
            image = nibabel.Nifti1Image.from_bytes(data)
        shape = tuple(int(n) for n in image.shape)
        if len(shape) == 5 and shape[3] == 1:
            shape = shape[:3] + shape[4:]
        if len(shape) != 4 or shape[3] != 3 or min(shape) < 1:
            raise InputError(name, f"an array of shape {image.shape}", "(i, j, k, 3)")
        kind = np.dtype(image.get_data_dtype())
        if kind.kind not in "iuf":
            raise InputError(name, f"values of type {kind}", "real numbers")
        if math.prod(shape) * kind.itemsize > len(data):
            raise InputError(name, f"{len(data)} bytes for a grid of {shape}", "a whole file")
        with np.errstate(all="ignore"):
            values = np.asarray(image.dataobj, dtype=np.float64).reshape(shape)
            affine = np.diag([1e-3, 1e-3, 1e-3, 1.0]) @ np.asarray(image.affine, dtype=np.float64)
        text = bytes(np.asarray(image.header["descrip"]).tobytes()).decode("latin-1")
    except InputError:
        raise
    except _NOT_NIFTI:
        raise InputError(name, "can't be read as NIfTI", "an undamaged .nii or .nii.gz") from None
    affine_m = as_array(f"affine of {name}", affine, (4, 4))
    if not 1e-15 < abs(np.linalg.det(affine_m[:3, :3])) < 1e-3:
        raise InputError(name, "an affine without volume", "voxels of some cubic millimetres")
    return CoilNifti(
        affine_m=affine_m,
        potential_Vs_per_m_A=as_array(name, values, (None, None, None, 3)),
        didt_max_A_per_s=_didt(text),
    )


def _didt(text: str) -> float | None:
    found = re.search(r"dIdtmax=([0-9.]+)", text)
    try:
        value_A_per_us = float(found[1]) if found else 0.0
    except ValueError:
        return None
    return value_A_per_us * 1e6 if 0 < value_A_per_us < 1e4 else None
