"""The size of motor evoked potentials: drawn pulse by pulse, and exactly what to expect of them."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from tmsim.core import FloatArray, InputError, as_array, read_only, stream
from tmsim.neuron.motor.parameters import AMT_RATIO, CRITERION_V, MOVEMENT_RATIO, SMALLEST_V, UNIT_V
from tmsim.neuron.motor.types import RecruitmentCurve, Subject, as_amplitudes

SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Quantiles of a recruitment curve over pulses."""

_N_EXPECTED = 121  # points of a smooth curve
_N_NODES = 4096  # the share of pulses in any range is then exact to about 0.001


def draw_mep_V(subject: Subject, amplitude_mso: npt.ArrayLike, generator: np.random.Generator) -> FloatArray:
    """Peak-to-peak MEP of one pulse at each amplitude, of the same shape. [V]

    The model goes on above 100 %MSO, where no device does. A pulse without a response leaves the noise
    of the recording.

    Raises
    ------
    InputError
        An amplitude is negative, NaN or infinite.
    """
    amplitude_mso = np.asarray(amplitude_mso, dtype=np.float64)
    if not (np.isfinite(amplitude_mso).all() and (amplitude_mso >= 0).all()):
        raise InputError("amplitude", "a negative, NaN or infinite value", "0 %MSO or more")
    shape = amplitude_mso.shape
    drive, size = generator.standard_normal((2, *shape))
    return _mep_V(subject, amplitude_mso, drive, size, generator.random(shape))


def recruitment_curve(
    subject: Subject, amplitude_mso: npt.ArrayLike, *, n_pulses: int = 10, repeat: int = 0
) -> RecruitmentCurve:
    """Record ``n_pulses`` MEPs at each amplitude, beside the quantiles to expect.

    Parameters
    ----------
    amplitude_mso
        Ascending amplitudes, (n,). [%MSO]
    repeat
        Another number records other MEPs of the same subject.

    Raises
    ------
    InputError
        An amplitude is outside 0 to 100 %MSO, they don't ascend, or there are no pulses.
    """
    amplitudes = as_amplitudes("amplitude", np.atleast_1d(amplitude_mso))
    if not len(amplitudes) or (np.diff(amplitudes) <= 0).any():
        raise InputError("amplitude", f"{len(amplitudes)} values", "ascending amplitudes, one at least")
    if n_pulses < 1:
        raise InputError("pulses", str(n_pulses), "1 or more at each amplitude")
    expected_mso = np.linspace(amplitudes[0], amplitudes[-1], _N_EXPECTED)
    generator = stream(subject.seed, "mep", subject.index, repeat)
    return RecruitmentCurve(
        subject=subject,
        rmt_mso=threshold_mso(subject),
        amplitude_mso=amplitudes,
        mep_V=draw_mep_V(subject, np.tile(amplitudes[:, None], n_pulses), generator),
        expected_mso=expected_mso,
        shares=np.array(SHARES),
        quantiles_V=mep_quantiles_V(subject, expected_mso, SHARES),
    )


def threshold_mso(subject: Subject, size_V: float = CRITERION_V.value) -> float:
    """Amplitude at which half of the MEPs reach ``size_V``: the RMT at the 50 uV of its definition. [%MSO]

    An integral over all pulses, exact to 0.02 %MSO: none is drawn. It may lie above 100 %MSO.

    Raises
    ------
    InputError
        The plateau of the subject's curve is too low for half of the MEPs to be so large.
    """
    drive, size, noise = _nodes()
    needed, spread = _needed_mso(subject, size_V, size, noise), subject.drive_spread_mso
    nearly = float(np.median(needed - spread * drive))
    if not np.isfinite(nearly):
        plateau_V = UNIT_V.value * 10**subject.range_log10
        raise InputError(
            "MEP size",
            f"{size_V * 1e3:.4g} mV",
            f"a size between the noise and the plateau of {plateau_V * 1e3:.4g} mV",
        )
    # One Newton step on the share of pulses, which is smooth: it is exact over what arrives.
    off = (nearly - needed) / spread
    density = np.exp(-0.5 * off**2).mean() / (2 * np.pi) ** 0.5 / spread
    return nearly - float((ndtr(off).mean() - 0.5) / density)


def active_threshold_mso(subject: Subject) -> float:
    """AMT, the threshold of a slightly tensed muscle, as a fixed share of the RMT (unverified). [%MSO]"""
    return AMT_RATIO.value * threshold_mso(subject)


def movement_threshold_mso(subject: Subject) -> float:
    """The threshold found by watching the hand, on average 11.3 % above the RMT (Westin2014). [%MSO]"""
    return MOVEMENT_RATIO.value * threshold_mso(subject)


def share_reaching(
    subject: Subject, amplitude_mso: npt.ArrayLike, size_V: float = CRITERION_V.value
) -> FloatArray:
    """Share of pulses whose MEP reaches ``size_V``, at each amplitude: the psychometric curve, 0 to 1."""
    amplitude_mso = np.asarray(amplitude_mso, dtype=np.float64)
    _, size, noise = _nodes()
    needed = _needed_mso(subject, size_V, size, noise)
    return ndtr((amplitude_mso[..., None] - needed) / subject.drive_spread_mso).mean(axis=-1)


def mep_quantiles_V(subject: Subject, amplitude_mso: npt.ArrayLike, shares: npt.ArrayLike) -> FloatArray:
    """Peak-to-peak MEP that these shares of pulses stay below, (n_shares, n). [V]

    The same pulses are taken at each amplitude, so that quantiles rise with it without exception.
    """
    amplitude_mso = as_array("amplitude", amplitude_mso, (None,))
    return np.quantile(_mep_V(subject, amplitude_mso[:, None], *_nodes()), np.asarray(shares), axis=1)


def median_mep_V(subject: Subject, amplitude_mso: float) -> float:
    """The MEP to expect at an amplitude: its median over pulses. [V]"""
    return float(mep_quantiles_V(subject, [amplitude_mso], [0.5])[0, 0])


def _mep_V(
    subject: Subject, amplitude_mso: FloatArray, drive: FloatArray, size: FloatArray, noise: FloatArray
) -> FloatArray:
    """The generator: two standard normal numbers and one uniform one make an MEP."""
    above = np.maximum(amplitude_mso - subject.onset_mso + subject.drive_spread_mso * drive, 0.0)
    rise = (above / subject.midpoint_mso) ** subject.steepness
    decades = subject.range_log10 * rise / (1 + rise) + subject.size_spread_log10 * size
    return np.maximum(SMALLEST_V.value, _noise_V(subject, noise) + UNIT_V.value * 10**decades)


def _needed_mso(subject: Subject, size_V: float, size: FloatArray, noise: FloatArray) -> FloatArray:
    """Amplitude from which on an MEP of given noise and size reaches ``size_V``: the generator, inverted.

    Minus infinity where the noise alone reaches it, infinity where the plateau stays below. [%MSO]
    """
    rest_V = size_V - _noise_V(subject, noise)
    decades = np.log10(np.maximum(rest_V, 1e-300) / UNIT_V.value) - subject.size_spread_log10 * size
    share = decades / subject.range_log10
    within = np.clip(share, 0.0, 1 - 1e-12)
    needed = subject.onset_mso + subject.midpoint_mso * (within / (1 - within)) ** (1 / subject.steepness)
    return np.select([share <= 0, share >= 1], [-np.inf, np.inf], needed)


def _noise_V(subject: Subject, uniform: FloatArray) -> FloatArray:
    """Quantile of the generalised extreme-value distribution. [V]"""
    stretched = np.expm1(-subject.noise_shape * np.log(-np.log(uniform))) / subject.noise_shape
    return subject.noise_V + subject.noise_scale_V * stretched


@cache
def _nodes() -> tuple[FloatArray, FloatArray, FloatArray]:
    """A fixed set of pulses that fills the three sources of chance evenly, for integrals over them.

    Multiples of the powers of 1/g with g^4 = g + 1, modulo 1, leave no gaps in three dimensions; averages
    over them converge nearly as 1/n, those over drawn pulses as 1/sqrt(n).
    """
    g = 1.2207440846057596
    steps = np.arange(1, _N_NODES + 1)[:, None] / g ** np.arange(1, 4)
    drive, size, noise = ((0.5 + steps) % 1.0).T
    return read_only(ndtri(drive)), read_only(ndtri(size)), read_only(noise.copy())
