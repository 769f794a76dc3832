"""Dosing: the motor threshold of a head under a coil, and what a dose relative to it comes to elsewhere.

How strongly a pulse drives an area is told by one number, its *drive*: the field that the more exposed
quarter of the area's mid-cortical surface exceeds, where each place's field counts as the best directed one
that is as far above the threshold of the reference population. Two choices are ours: that share, and that
motor threshold is where the drive of the hand area reaches the field that head models show there at
threshold, 60 V/m (50 to 70) for a biphasic pulse. Where the threshold was measured neither is needed: the
drive at the measured output *is* this person's threshold field.

Three rules then say how strongly to stimulate another site: the same percentage of the motor threshold; the
same drive as the hand area has at that percentage (Caulfield2021, Dannhauer2024); and the motor threshold
raised by 2.7 % of the stimulator's output for each millimetre that the cortex lies deeper (Stokes2005,
Stokes2013). They disagree, often by a quarter, and no trial has settled which to prefer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tmsim.core import BoolArray, FloatArray, InputError, OutsideModelError, Parameter, as_array
from tmsim.field.types import EField
from tmsim.head import Head
from tmsim.neuron.membrane import REFERENCE_BIPHASIC
from tmsim.neuron.parameters import MOTOR_THRESHOLD
from tmsim.neuron.recruit import REFERENCE_POPULATION
from tmsim.neuron.types import Drive, NeuronModel
from tmsim.pulse import Waveform, waveform

AREA_RADIUS_m = 0.010
"""Mid-cortical points within this distance of a site make up its area."""

EXPOSED_SHARE = Parameter(
    0.25, "1", "assumed", "unverified",
    "share of an area that is above its drive; on colin27 a monophasic pulse then drives the hand area most "
    "across the central sulcus, within some degrees",
)  # fmt: skip
DISTANCE_SLOPE = Parameter(
    2.7, "%MSO/mm", "Stokes2013", "read",
    "abstract: figure-8 coils on biphasic stimulators; 2.8 in Stokes2007, 3 in Stokes2005",
)  # fmt: skip
ACTIVE_SHARE = Parameter(0.8, "1", "assumed", "unverified", "active over resting motor threshold")


@dataclass(frozen=True, kw_only=True)
class MotorThreshold:
    """A resting motor threshold in the units it is quoted in.

    Parameters
    ----------
    didt_A_per_s
        Peak dI/dt at threshold. [A/s]
    drive_V_per_m
        Drive of the hand area there: this person's threshold field for this pulse. [V/m]
    percent_mso
        The same as stimulator output, or None where the largest dI/dt isn't known; over 100 means that this
        stimulator can't reach the threshold. [%]
    measured
        Whether it was measured on a person or comes from the field.
    """

    didt_A_per_s: float
    drive_V_per_m: float
    percent_mso: float | None
    measured: bool


@dataclass(frozen=True, kw_only=True)
class Dose:
    """How strongly one rule would stimulate a site.

    ``drive_V_per_m`` is the drive of the site, ``percent_rmt`` the slope as a share of the motor threshold.
    """

    rule: str
    didt_A_per_s: float
    percent_mso: float | None
    percent_rmt: float
    drive_V_per_m: float


def directed_field(head: Head, field: EField, model: NeuronModel, pulse: Waveform) -> FloatArray:
    """``|E|`` at each mid-cortical point, weighted by its direction, (n_points,). [V/m]

    The weight is the model's lowest threshold over all directions by that for the field's own direction, for
    the reference population: 1 where the field is best directed. For a model of magnitudes it is always 1.
    """
    strength = np.linalg.norm(field.cortex_V_per_m, axis=1)
    along = np.einsum("ij,ij->i", field.cortex_V_per_m, head.cortex.column)
    cosine = np.divide(along, strength, out=np.zeros_like(along), where=strength > 0)
    polar = np.arccos(np.clip(cosine, -1, 1))
    _, lowest = _best_directed(model, pulse)
    return strength * (lowest / _reference_thresholds(model, polar, pulse))


def best_direction(model: NeuronModel, pulse: Waveform) -> Drive:
    """The direction of a uniform field in which the reference population fires first, as one place."""
    polar_rad, _ = _best_directed(model, pulse)
    return Drive(polar_rad=np.array([polar_rad]), gradient_per_m=np.zeros(1))


def threshold_field(
    model: NeuronModel, pulse: Waveform, *, biphasic_V_per_m: float = MOTOR_THRESHOLD.value
) -> float:
    """The drive of the hand area at motor threshold for a pulse, given that for a biphasic one. [V/m]"""
    _, lowest = _best_directed(model, pulse)
    _, reference = _best_directed(model, waveform(REFERENCE_BIPHASIC))
    return biphasic_V_per_m * lowest / reference


def drive_of_area(head: Head, directed_V_per_m: FloatArray, site_m: npt.ArrayLike) -> float:
    """The field that the more exposed quarter of the area round ``site_m`` exceeds. [V/m]

    Parameters
    ----------
    directed_V_per_m
        :func:`directed_field`, (n_points,).
    site_m
        Where the area is, in head coordinates, (3,). [m]

    Raises
    ------
    InputError
        No cortex lies within 10 mm of the site.
    """
    inside = _area(head, site_m)
    values, areas = directed_V_per_m[inside], head.cortex.point_areas_m2[inside]
    order = np.argsort(values)
    # Area-weighted quantile: each point stands for its own area, half of it below its value.
    share_below = (np.cumsum(areas[order]) - areas[order] / 2) / areas.sum()
    return float(np.interp(1 - EXPOSED_SHARE.value, share_below, values[order]))


def simulated_threshold(
    drive_V_per_m: float,
    didt_A_per_s: float,
    threshold_field_V_per_m: float,
    didt_max_A_per_s: float | None = None,
) -> MotorThreshold:
    """The motor threshold of a head whose hand area has a known drive at a known current slope.

    Raises
    ------
    OutsideModelError
        The coil does not reach the hand area.
    """
    if not drive_V_per_m > 0:
        raise OutsideModelError("The hand area has no field under this coil, so there is no motor threshold.")
    didt = didt_A_per_s * threshold_field_V_per_m / drive_V_per_m
    return MotorThreshold(
        didt_A_per_s=didt,
        drive_V_per_m=threshold_field_V_per_m,
        percent_mso=None if didt_max_A_per_s is None else 100 * didt / didt_max_A_per_s,
        measured=False,
    )


def measured_threshold(
    percent_mso: float, drive_V_per_m: float, didt_A_per_s: float, didt_max_A_per_s: float
) -> MotorThreshold:
    """A threshold measured with the same coil over the same hand area, and the field it stands for."""
    didt = percent_mso / 100 * didt_max_A_per_s
    return MotorThreshold(
        didt_A_per_s=didt,
        drive_V_per_m=drive_V_per_m * didt / didt_A_per_s,
        percent_mso=percent_mso,
        measured=True,
    )


def compare_doses(
    threshold: MotorThreshold,
    percent_rmt: float,
    *,
    site_drive_V_per_m: float,
    didt_A_per_s: float,
    deeper_m: float,
    didt_max_A_per_s: float | None,
) -> tuple[Dose, ...]:
    """What the three rules make of ``percent_rmt``; the third is missing where the stimulator isn't known.

    Parameters
    ----------
    site_drive_V_per_m
        Drive of the site at ``didt_A_per_s``. [V/m]
    deeper_m
        How much farther the cortex is from the scalp at the site than at the hand area. [m]
    """
    if not percent_rmt > 0:
        raise InputError("dose", f"{percent_rmt:g} %RMT", "above 0")
    share = percent_rmt / 100

    def dose(rule: str, didt: float) -> Dose:
        return Dose(
            rule=rule,
            didt_A_per_s=didt,
            percent_mso=None if didt_max_A_per_s is None else 100 * didt / didt_max_A_per_s,
            percent_rmt=100 * didt / threshold.didt_A_per_s,
            drive_V_per_m=site_drive_V_per_m * didt / didt_A_per_s,
        )

    doses = [
        dose("percent of motor threshold", share * threshold.didt_A_per_s),
        dose(
            "same field as the hand area",
            share * threshold.drive_V_per_m * didt_A_per_s / site_drive_V_per_m,
        ),
    ]
    if threshold.percent_mso is not None and didt_max_A_per_s is not None:
        adjusted = threshold.percent_mso + DISTANCE_SLOPE.value * deeper_m * 1e3
        if adjusted > 0:
            doses.append(dose("scalp-cortex distance", share * adjusted / 100 * didt_max_A_per_s))
    return tuple(doses)


def _area(head: Head, site_m: npt.ArrayLike) -> BoolArray:
    site = as_array("site", site_m, (3,))
    inside = np.linalg.norm(head.cortex.points_m - site, axis=1) <= AREA_RADIUS_m
    if not inside.any():
        raise InputError(
            "site", f"no cortex within {AREA_RADIUS_m * 1e3:g} mm of it", "a place in or near the cortex"
        )
    return inside


def _reference_thresholds(model: NeuronModel, polar_rad: FloatArray, pulse: Waveform) -> FloatArray:
    drive = Drive(polar_rad=polar_rad, gradient_per_m=np.zeros(len(polar_rad)))
    row = model.populations.index(REFERENCE_POPULATION)
    return model.thresholds_V_per_m(drive, pulse)[row]


@lru_cache(maxsize=16)
def _best_directed(model: NeuronModel, pulse: Waveform) -> tuple[float, float]:
    """Angle to the column [rad] and threshold [V/m] where the reference population fires first."""
    polar_rad = np.linspace(0, math.pi, 361)  # half degrees: the table behind has one entry in 30
    thresholds = _reference_thresholds(model, polar_rad, pulse)
    first = int(thresholds.argmin())
    return float(polar_rad[first]), float(thresholds[first])
