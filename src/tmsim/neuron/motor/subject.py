"""Drawing virtual subjects, and giving one the threshold of a real one."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from tmsim.core import InputError, stream
from tmsim.neuron.motor.mep import draw_mep_V, threshold_mso
from tmsim.neuron.motor.parameters import (
    CURVE_COVARIANCE,
    CURVE_MEAN,
    DRIVE_SPREAD_LOG10_MSO,
    LATENCY_S,
    NOISE_LOG10_V,
    NOISE_SCALE_FACTOR,
    NOISE_SCALE_V,
    NOISE_SHAPE,
    NOISE_SHAPE_FACTOR,
    RANGE_LOG10,
    SEEN_LARGE_V,
    SEEN_OVER_MSO,
    SEEN_SMALL_V,
    SIZE_LIMITS_V,
    SIZE_SPREAD_LOG10,
    THRESHOLDS_MSO,
    Normal,
)
from tmsim.neuron.motor.types import Subject

_CURVE_ROOT = np.linalg.cholesky(np.array(CURVE_COVARIANCE))
_SEEN_MSO = np.arange(SEEN_OVER_MSO[0].value, SEEN_OVER_MSO[1].value + 1)


def draw_subject(seed: int, index: int = 0) -> Subject:
    """Draw virtual subject ``index`` of the population ``seed``.

    As in Goetz2019, a draw is dropped unless one pulse at each whole %MSO from 20 to 120 gives some MEP below
    30 uV, some above 1 mV and all between 0.1 uV and 30 mV, and unless its threshold lies between 30 and
    100 %MSO.

    Raises
    ------
    InputError
        The seed or the index is negative.
    """
    if seed < 0 or index < 0:
        raise InputError("subject", f"seed {seed}, index {index}", "whole numbers from 0 on")
    generator = stream(seed, "subject", index)
    latency_s = _normal(LATENCY_S, generator)
    while True:
        subject = _draw(seed, index, latency_s, generator)
        if _is_kept(subject, generator):
            return subject


def draw_population(seed: int, n: int) -> tuple[Subject, ...]:
    """The first ``n`` subjects of the population ``seed``."""
    if n < 1:
        raise InputError("subjects", str(n), "1 or more")
    return tuple(draw_subject(seed, index) for index in range(n))


def with_threshold(subject: Subject, rmt_mso: float) -> Subject:
    """The same subject under another coil or stimulator, so that its RMT is ``rmt_mso``. [%MSO]

    All amplitudes are stretched by one factor, so that the curve against multiples of the threshold stays.
    A threshold above 100 %MSO is possible: no device reaches it, and a hunt says so.

    Raises
    ------
    InputError
        The threshold is not a finite number above 0.
    """
    if not (math.isfinite(rmt_mso) and rmt_mso > 0):
        raise InputError("motor threshold", f"{rmt_mso} %MSO", "a finite number above 0 %MSO")
    factor = rmt_mso / threshold_mso(subject)
    return replace(
        subject,
        onset_mso=subject.onset_mso * factor,
        midpoint_mso=subject.midpoint_mso * factor,
        drive_spread_mso=subject.drive_spread_mso * factor,
    )


def _draw(seed: int, index: int, latency_s: float, generator: np.random.Generator) -> Subject:
    logs = np.array([p.value for p in CURVE_MEAN]) + _CURVE_ROOT @ generator.standard_normal(3)
    scale, shape = generator.standard_normal(2)
    steepness = 10 ** float(logs[1])
    return Subject(
        seed=seed,
        index=index,
        onset_mso=10 ** float(logs[2]),
        midpoint_mso=10 ** (float(logs[0]) / steepness),
        steepness=steepness,
        range_log10=_normal(RANGE_LOG10, generator),
        drive_spread_mso=10 ** _normal(DRIVE_SPREAD_LOG10_MSO, generator),
        size_spread_log10=10 ** _normal(SIZE_SPREAD_LOG10, generator),
        noise_V=10 ** _normal(NOISE_LOG10_V, generator),
        noise_scale_V=float(NOISE_SCALE_V.value * NOISE_SCALE_FACTOR.value**scale),
        noise_shape=float(NOISE_SHAPE.value * NOISE_SHAPE_FACTOR.value**shape),
        latency_s=latency_s,
    )


def _is_kept(subject: Subject, generator: np.random.Generator) -> bool:
    seen_V = draw_mep_V(subject, _SEEN_MSO, generator)
    smallest, largest = seen_V.min(), seen_V.max()
    if not (
        SIZE_LIMITS_V[0].value < smallest < SEEN_SMALL_V.value
        and SEEN_LARGE_V.value < largest < SIZE_LIMITS_V[1].value
    ):
        return False
    low, high = THRESHOLDS_MSO
    return low.value <= threshold_mso(subject) <= high.value


def _normal(quantity: Normal, generator: np.random.Generator) -> float:
    return float(generator.normal(quantity.mean.value, quantity.sd.value))
