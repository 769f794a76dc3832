"""Time constant and rheobase from thresholds at several pulse widths, as a lab estimates them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tmsim.core import FloatArray, InputError, OutsideModelError, as_array, read_only
from tmsim.neuron.membrane import TAU_s, membrane_peaks
from tmsim.pulse.types import Waveform


@dataclass(frozen=True, kw_only=True, eq=False)
class StrengthDuration:
    """A membrane's first-order strength-duration law, fitted to thresholds.

    Parameters
    ----------
    rheobase
        Threshold of a step that lasts for ever, in the unit of the thresholds.
    time_constant_error_s, rheobase_error
        Standard errors from the scatter about the fit; infinite for two thresholds, which leave none.
    residuals
        Thresholds over those of the fit, minus 1, (n,).
    """

    time_constant_s: float
    time_constant_error_s: float
    rheobase: float
    rheobase_error: float
    residuals: FloatArray

    def threshold(self, waveform: Waveform) -> float:
        """What the law says for another pulse, in the unit of the rheobase."""
        return self.rheobase / membrane_peaks(waveform, self.time_constant_s)[0]


def fit_strength_duration(waveforms: Sequence[Waveform], thresholds: npt.ArrayLike) -> StrengthDuration:
    """Fit time constant and rheobase to the thresholds of several waveforms (Peterchev2013).

    ``threshold = rheobase / max(h * waveform)`` with ``h(t) = exp(-t / tau) / tau``: the membrane is a
    low-pass and fires by the first phase of the pulse. Least squares of the logarithms.

    Parameters
    ----------
    thresholds
        One for each waveform, as peak E, peak dI/dt or percent of the output: whatever is proportional to
        the peak of the waveform. Of a device whose peak at full output depends on the width, convert first.

    Raises
    ------
    InputError
        Fewer than two thresholds, another number than waveforms, or values that aren't above 0.
    OutsideModelError
        No time constant from 20 us to 5 ms fits best.
    """
    from scipy.optimize import minimize_scalar

    measured = as_array("thresholds", thresholds, (len(waveforms),))
    if len(measured) < 2:
        raise InputError("thresholds", f"{len(measured)}", "at least 2, of pulses of different width")
    if measured.min() <= 0:
        raise InputError("thresholds", f"{measured.min():g}", "values above 0")

    def log_rheobases(tau_s: float) -> FloatArray:
        """Logarithm of the rheobase that each threshold alone would give."""
        return np.log(measured * [membrane_peaks(pulse, tau_s)[0] for pulse in waveforms])

    def scatter(tau_s: float) -> float:
        return float(np.var(log_rheobases(tau_s)))

    # Coarse first: the bounded search finds one minimum, not the lowest of several.
    grid = np.geomspace(*TAU_s, 60)
    best = int(np.argmin([scatter(tau_s) for tau_s in grid]))
    if best in (0, len(grid) - 1):
        raise OutsideModelError(
            f"No time constant between {TAU_s[0] * 1e6:g} us and {TAU_s[1] * 1e3:g} ms fits the thresholds; "
            "expected such as fall with the width of the pulse, and slower than its inverse."
        )
    around = grid[best - 1], grid[best + 1]
    tau_s = float(minimize_scalar(scatter, bounds=around, method="bounded", options={"xatol": 1e-10}).x)
    logs = log_rheobases(tau_s)
    residuals = logs - logs.mean()
    rheobase = math.exp(logs.mean())
    slope = (log_rheobases(tau_s * (1 + 1e-3)) - log_rheobases(tau_s * (1 - 1e-3))) / 2e-3
    tau_error, rheobase_error = _relative_errors(slope, residuals)
    return StrengthDuration(
        time_constant_s=tau_s,
        time_constant_error_s=tau_s * tau_error,
        rheobase=rheobase,
        rheobase_error=rheobase * rheobase_error,
        residuals=read_only(np.expm1(residuals)),
    )


def _relative_errors(slope: FloatArray, residuals: FloatArray) -> tuple[float, float]:
    """Standard errors of the logarithms of time constant and rheobase, from the scatter about the fit.

    ``slope`` is the derivative of the logarithms of the rheobases by that of the time constant.
    """
    freedom = len(residuals) - 2
    if freedom == 0:
        return math.inf, math.inf
    jacobian = np.column_stack([slope, -np.ones_like(slope)])
    covariance = np.linalg.inv(jacobian.T @ jacobian) * float(residuals @ residuals) / freedom
    tau, rheobase = np.sqrt(np.diag(covariance)).tolist()
    return tau, rheobase
