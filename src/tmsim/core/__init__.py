"""What every room stands on: errors, arrays, units at the doors, frames, evidence, randomness."""

from tmsim.core.arrays import BoolArray, FloatArray, IntArray, as_array, as_index_array, read_only
from tmsim.core.errors import ConvergenceError, InputError, OutsideModelError, TmsimError
from tmsim.core.evidence import Parameter, Status
from tmsim.core.files import whole_file
from tmsim.core.progress import Progress, silent
from tmsim.core.random import stream
from tmsim.core.surface import Surface
from tmsim.core.units import to_si

__all__ = [
    "BoolArray",
    "ConvergenceError",
    "FloatArray",
    "InputError",
    "IntArray",
    "OutsideModelError",
    "Parameter",
    "Progress",
    "Status",
    "Surface",
    "TmsimError",
    "as_array",
    "as_index_array",
    "read_only",
    "silent",
    "stream",
    "to_si",
    "whole_file",
]
