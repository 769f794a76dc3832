"""What a change of the MEP means for the motor threshold."""

from __future__ import annotations

import numpy as np

from tmsim.core import FloatArray, InputError
from tmsim.plasticity.parameters import MEP_SLOPE


def threshold_change(change: FloatArray) -> FloatArray:
    """Relative change of the motor threshold that goes with a relative change of the MEP amplitude.

    A choice: excitability moves the curve of ln(MEP) against intensity sideways, and between the threshold
    and 120 % of it that curve is straight, from 50 uV to 1 mV. An MEP larger by half is a threshold lower by
    2.7 %.

    Raises
    ------
    InputError
        A change is -100 % or less, or not a number: no threshold goes with an MEP of nothing.
    """
    change = np.asarray(change, dtype=np.float64)
    if not (np.isfinite(change).all() and (change > -1).all()):
        raise InputError("change of the MEP", "-100 % or less, or not a number", "above -100 %")
    return -np.log1p(change) / MEP_SLOPE.value
