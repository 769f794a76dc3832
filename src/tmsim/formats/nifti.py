"""NIfTI volumes: tissue labels in, volumes out. Files are in mm, affines here map to metres."""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt
from nibabel.imageglobals import logger

from tmsim.core import FloatArray, InputError, as_array, whole_file

# nibabel's remarks on a damaged header go to stderr; our refusal says it in one sentence.
logger.disabled = True

_MILLI = np.diag([1e-3, 1e-3, 1e-3, 1.0])
_LARGEST_VOXELS = 1 << 30


def read_labels(path: Path) -> tuple[npt.NDArray[np.uint8], FloatArray]:
    """Tissue tags, (i, j, k), and the affine from voxel indices to head coordinates (RAS). [m]

    Raises
    ------
    InputError
        Missing, damaged, not three-dimensional, not whole numbers from 0 to 255, or without a
        usable affine.
    """
    image, affine_m = _open(path)
    shape = tuple(n for n in image.shape if n != 1)
    if len(shape) != 3:
        raise InputError(path.name, f"a volume of shape {image.shape}", "three dimensions")
    try:
        values = np.asarray(image.dataobj).reshape(shape)
    except Exception:  # as in _open
        raise _damaged(path) from None
    if values.dtype.kind not in "buif":
        raise InputError(path.name, f"values of type {values.dtype}", "tissue labels from 0 to 255")
    if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 255):
        raise InputError(path.name, "values below 0, above 255 or not finite", "tissue labels from 0 to 255")
    tags = values.astype(np.uint8)
    if (tags != values).any():
        raise InputError(
            path.name, "values that are not whole", "tissue labels", "Is it a T1 or a probability?"
        )
    return tags, affine_m


def read_grid(path: Path) -> tuple[FloatArray, tuple[int, int, int]]:
    """Affine from voxel indices to head coordinates, and shape, of an image; its values are not read. [m]

    Raises
    ------
    InputError
        Missing, damaged, without three dimensions, or without a usable affine.
    """
    image, affine_m = _open(path)
    shape = image.shape
    return affine_m, (shape[0], shape[1], shape[2])


def _open(path: Path) -> tuple[nibabel.Nifti1Image, FloatArray]:
    """An image whose values are still to be read, and its affine. [m]"""
    try:
        size = path.stat().st_size
        image = nibabel.Nifti1Image.from_filename(path)
        shape, itemsize = image.shape, np.dtype(image.get_data_dtype()).itemsize
    except FileNotFoundError:
        raise InputError(str(path), "No such file", "a NIfTI image") from None
    # nibabel raises a dozen unrelated kinds on damaged headers.
    except Exception:
        raise _damaged(path) from None
    voxels = np.prod(shape, dtype=float)
    # Deflate shrinks a thousandfold at most: a header can't ask for more memory than the file explains.
    held = size * (1100 if path.suffix == ".gz" else 1)
    if len(shape) < 3 or not 0 < voxels <= _LARGEST_VOXELS or voxels * itemsize > held:
        raise InputError(
            path.name, f"an image of shape {shape} in {size} bytes", "three dimensions and all its voxels"
        )
    affine_m = as_array(f"affine of {path.name}", _MILLI @ np.asarray(image.affine), (4, 4))
    if not 1e-15 < abs(np.linalg.det(affine_m[:3, :3])) < 1e-4:
        raise InputError(path.name, "an affine without volume", "voxels of some cubic millimetres")
    return image, affine_m


def _damaged(path: Path) -> InputError:
    return InputError(path.name, "can't be read as NIfTI", "an undamaged .nii or .nii.gz")


def write_volume(path: Path, values: npt.ArrayLike, affine_m: FloatArray) -> None:
    """Write a volume, (i, j, k) or (i, j, k, c), in head coordinates. [m] It appears whole or not at all.

    Bytes depend on the values alone: no time stamp is stored.
    """
    data = np.asarray(values)
    if data.dtype == np.float64:
        data = data.astype(np.float32)
    image = nibabel.Nifti1Image(data, np.linalg.inv(_MILLI) @ affine_m)
    image.header.set_xyzt_units("mm")
    content = image.to_bytes()
    if path.suffix == ".gz":
        # Fields are noise to a compressor: higher levels take ten times as long and gain nothing.
        content = gzip.compress(content, compresslevel=1, mtime=0)
    with whole_file(path) as part:
        part.write_bytes(content)
