"""The cortical silent period: how long a tensed muscle stays silent after a pulse."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from tmsim.core import as_array, read_only, stream
from tmsim.neuron.motor.parameters import AMT_RATIO, SILENT_LONGEST_S, SILENT_RISE, SILENT_SPREAD
from tmsim.neuron.motor.types import SilentPeriod, Subject
from tmsim.neuron.motor.waves import check_times_rmt

_SHARES = (0.05, 0.5, 0.95)


def silent_period(subject: Subject, times_rmt: npt.ArrayLike) -> SilentPeriod:
    """Length of the silent period against intensity, in the subject and over people.

    It begins at the active motor threshold and saturates; people differ by one log-normal factor. Curve and
    spread are our own through a recalled range, 100 to 200 ms at 1.3 to 1.5 times the RMT: unverified.

    Parameters
    ----------
    times_rmt
        Intensities in multiples of the resting motor threshold, (n,), 0 to 2.5.

    Raises
    ------
    InputError
        An intensity is outside this range.
    """
    times = as_array("intensity", np.atleast_1d(times_rmt), (None,))
    for value in times:
        check_times_rmt(float(value))
    above = np.maximum(times - AMT_RATIO.value, 0.0)
    typical_s = SILENT_LONGEST_S.value * -np.expm1(-above / SILENT_RISE.value)
    spread = np.log1p(SILENT_SPREAD.value**2) ** 0.5
    factor = np.exp(spread * stream(subject.seed, "silent period", subject.index).standard_normal())
    return SilentPeriod(
        times_rmt=times,
        subject_s=read_only(typical_s * factor),
        shares=read_only(np.array(_SHARES)),
        quantiles_s=read_only(np.exp(spread * ndtri(_SHARES))[:, None] * typical_s),
    )
