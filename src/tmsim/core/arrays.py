"""Arrays at the border: shape, finiteness and read-only, checked once."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tmsim.core.errors import InputError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]


def _check_shape(name: str, shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> None:
    if len(shape) != len(wanted) or any(w not in (None, n) for w, n in zip(wanted, shape, strict=True)):
        text = ", ".join("n" if w is None else str(w) for w in wanted)
        raise InputError(name, f"shape {shape}", f"({text})")


def as_array(name: str, value: npt.ArrayLike, shape: tuple[int | None, ...]) -> FloatArray:
    """Copy ``value`` to a read-only float64 array of ``shape`` (None: any length), or refuse it."""
    array = np.array(value, dtype=np.float64, order="C")  # kernels are compiled for one layout
    _check_shape(name, array.shape, shape)
    if not np.isfinite(array).all():
        raise InputError(name, "NaN or infinite values", "finite numbers")
    array.flags.writeable = False
    return array


def as_index_array(name: str, value: npt.ArrayLike, shape: tuple[int | None, ...], below: int) -> IntArray:
    """Copy ``value`` to a read-only int32 array whose entries lie in ``[0, below)``, or refuse it."""
    array = np.array(value)
    if not np.issubdtype(array.dtype, np.integer):
        raise InputError(name, f"values of type {array.dtype}", "integers")
    _check_shape(name, array.shape, shape)
    if array.size and (array.min() < 0 or array.max() >= below):
        raise InputError(name, f"indices from {array.min()} to {array.max()}", f"0 to {below - 1}")
    array = array.astype(np.int32, order="C")
    array.flags.writeable = False
    return array


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Mark ``array`` read-only and return it."""
    array.flags.writeable = False
    return array
