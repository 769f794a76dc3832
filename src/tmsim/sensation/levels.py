"""How loud the clicks are at the ear."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from tmsim.core import FloatArray, InputError, OutsideModelError, Parameter, as_array
from tmsim.head import Head
from tmsim.placement import Pose
from tmsim.pulse import PercentMSO, Train
from tmsim.sensation.parameters import (
    TRAIN_RATE,
    CLICK_dB,
    FAR_m,
    NEAR_m,
    OUTPUT_SLOPE_dB,
    PROTECTION_dB,
    TRAIN_dB,
)
from tmsim.sensation.types import LevelRange, Sound


def hear(train: Train, intensity: PercentMSO, distance_m: float) -> Sound:
    """Levels at an ear ``distance_m`` from the coil, as the range over coils.

    Between the two distances of the published levels, these are taken to fall with the logarithm of the
    distance; clicks add up as energies. Neither the shadow of the head nor the way through bone is in it.

    Raises
    ------
    InputError
        No output.
    OutsideModelError
        The ear is nearer than 5 cm or farther than 25 cm.
    """
    if intensity.value == 0:
        raise InputError("intensity", str(intensity), "above 0 %MSO", "Without a pulse there is no click.")
    if not NEAR_m <= distance_m <= FAR_m:
        raise OutsideModelError(
            f"The level of clicks was published for 5 and 25 cm from the coil; {distance_m * 100:.3g} cm is "
            "not between them."
        )
    session_Hz = train.n_pulses / max(train.cycle_s, 1.0)
    busiest_Hz = _most_in_a_second(train.onsets_s())
    click = _levels(CLICK_dB, distance_m, intensity, 0.0)
    busiest, session = (
        _levels(TRAIN_dB, distance_m, intensity, 10 * math.log10(rate_Hz / TRAIN_RATE.value))
        for rate_Hz in (busiest_Hz, session_Hz)
    )
    return Sound(
        distance_m=distance_m,
        click=click,
        busiest=busiest,
        session=session,
        protected_click=_protected(click),
        protected_busiest=_protected(busiest),
        protected_session=_protected(session),
        busiest_Hz=busiest_Hz,
        session_Hz=session_Hz,
    )


def ear_distances(head: Head, pose: Pose) -> tuple[float, float]:
    """From the coil's centre to the left and the right preauricular point, in a straight line. [m]

    Raises
    ------
    InputError
        The head has no fiducials.
    """
    if head.fiducials is None:
        raise InputError("head", f"{head.name} has no fiducials", "a head whose ears are known")
    left, right = (
        float(np.linalg.norm(pose.center_m - as_array("ear", ear, (3,))))
        for ear in (head.fiducials.lpa, head.fiducials.rpa)
    )
    return left, right


def _levels(
    published: Mapping[float, tuple[Parameter, Parameter]],
    distance_m: float,
    intensity: PercentMSO,
    more_dB: float,
) -> LevelRange:
    """At a distance and an output; below full output the quiet end falls with the steeper law."""
    near = math.log(FAR_m / distance_m) / math.log(FAR_m / NEAR_m)
    decades = math.log10(intensity.value / 100)
    low, high = (
        far.value + near * (close.value - far.value) + slope.value * decades + more_dB
        for far, close, slope in zip(published[FAR_m], published[NEAR_m], OUTPUT_SLOPE_dB, strict=True)
    )
    return LevelRange(low_dB=low, high_dB=high)


def _protected(levels: LevelRange) -> LevelRange:
    least, most = PROTECTION_dB
    return LevelRange(low_dB=levels.low_dB - most.value, high_dB=levels.high_dB - least.value)


def _most_in_a_second(onsets_s: FloatArray) -> float:
    """Pulses in the second that has most of them. [Hz]"""
    # A microsecond short of a second, so that pulses a second apart don't count as two.
    ends = np.searchsorted(onsets_s, onsets_s + (1 - 1e-6))
    return float((ends - np.arange(len(onsets_s))).max())
