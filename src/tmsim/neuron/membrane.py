"""What a membrane makes of a waveform: the first-order low-pass of the strength-duration law."""

from __future__ import annotations

from functools import cache

import numpy as np

from tmsim.core import FloatArray, InputError, read_only
from tmsim.neuron.parameters import BIPHASIC_RATIO, MEMBRANE_TAU
from tmsim.neuron.types import POPULATIONS
from tmsim.pulse import Waveform, waveform

REFERENCE_MONOPHASIC, REFERENCE_BIPHASIC = "magpro-x100-monophasic", "magpro-x100-biphasic"
_STEP_s = 1e-6  # peaks are found on a grid this fine at least, and at the corners of the waveform
TAU_s = (20e-6, 5e-3)


def membrane_peaks(pulse: Waveform, tau_s: float) -> tuple[float, float]:
    """Largest depolarisation by each polarity of a pulse, as shares of that by a step that lasts for ever.

    The membrane is ``r(t) = integral of exp(-(t - s)/tau)/tau didt(s) ds`` (Peterchev2013), exact for a
    waveform that is linear between its times; the peaks are ``max r`` and ``max -r``, both at least 0. The
    threshold of a pulse is inversely proportional to its peak.

    Raises
    ------
    InputError
        ``tau_s`` isn't between 20 us and 5 ms.
    """
    low, high = TAU_s
    if not low <= tau_s <= high:
        raise InputError("membrane time constant", f"{tau_s:.4g} s", "20 us to 5 ms")
    grid = np.arange(0.0, pulse.duration_s, min(_STEP_s, pulse.duration_s / 1000))
    time = np.union1d(pulse.time_s, grid)
    value = np.interp(time, pulse.time_s, pulse.didt)
    step = np.diff(time) / tau_s
    kept = np.exp(-step)
    early = -np.expm1(-step) / step - kept  # weights of a segment's two ends at its later one
    late = -np.expm1(-step) - early
    # exp(t / tau) stays below 1e218: pulses last 10 ms at most.
    growth = np.exp(time[1:] / tau_s)
    response = np.cumsum((early * value[:-1] + late * value[1:]) * growth) / growth
    return max(0.0, float(response.max())), max(0.0, float(-response.min()))


def phase_factors(pulse: Waveform) -> tuple[FloatArray, FloatArray]:
    """Thresholds by the first and by the opposite phase of a pulse, over those of the reference pulse.

    For each population, (5,) and (5,), against the first phase of the monophasic reference. The opposite
    phase drives cells in the direction ``pi - theta``. Its low-pass response alone makes a biphasic pulse
    about as effective as a monophasic one, while the cells that the table stands for fire at 0.59 to 0.78
    of the field: what the first phase hyperpolarised fires more easily in the second. That published ratio is
    therefore the factor of the opposite phase of the biphasic reference, and other waveforms follow in
    proportion to their opposite response. Infinite where a pulse has no opposite phase.
    """
    peaks = np.array([membrane_peaks(pulse, tau_s) for tau_s in _taus_s()])
    first, opposite = _reference_peaks()
    with np.errstate(divide="ignore"):
        return first / peaks[:, 0], opposite / peaks[:, 1]


@cache
def _reference_peaks() -> tuple[FloatArray, FloatArray]:
    """Of the monophasic reference the first peak, of the biphasic the opposite one times the ratio, (5,)."""
    monophasic, biphasic = waveform(REFERENCE_MONOPHASIC), waveform(REFERENCE_BIPHASIC)
    first = np.array([membrane_peaks(monophasic, tau_s)[0] for tau_s in _taus_s()])
    opposite = np.array([membrane_peaks(biphasic, tau_s)[1] for tau_s in _taus_s()])
    ratio = np.array([BIPHASIC_RATIO[name].value for name in POPULATIONS])
    return read_only(first), read_only(opposite * ratio)


def _taus_s() -> list[float]:
    return [MEMBRANE_TAU[name].value for name in POPULATIONS]
