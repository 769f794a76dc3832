"""How uncertain the inputs of a field are: conductivities, the place of the coil, the borders of tissues.

Published conductivities scatter more between studies than within one (McCann2019 pooled 56 papers). The
ranges here are those of an uncertainty study of brain stimulation (SaturninoUncertainty2019), made wider
where they left out what others found; a bell-shaped beta distribution lies on each. They say what a modeller
doesn't know, not how people differ.
"""

from __future__ import annotations

from dataclasses import dataclass

from tmsim.core import Parameter

_EXAMPLE = "in the example of this method that SimNIBS ships; the paper's own table was not seen"
_ELSEWHERE = "as other users of the method have it; the paper's own table was not seen"


def _read(sigma_S_per_m: float) -> Parameter:
    return Parameter(sigma_S_per_m, "S/m", "SaturninoUncertainty2019", "read", _EXAMPLE)


def _recalled(sigma_S_per_m: float) -> Parameter:
    return Parameter(sigma_S_per_m, "S/m", "SaturninoUncertainty2019", "unverified", _ELSEWHERE)


def _wider(sigma_S_per_m: float, reason: str) -> Parameter:
    return Parameter(sigma_S_per_m, "S/m", "assumed", "unverified", reason)


CONDUCTIVITY_RANGES: dict[int, tuple[Parameter, Parameter]] = {
    1: (_read(0.1), _read(0.4)),
    2: (_read(0.1), _read(0.6)),
    3: (_recalled(1.2), _wider(2.0, "1.8 there; about that is measured at body temperature")),
    4: (_read(0.003), _wider(0.030, "0.012 there; the pooled mean is 0.02")),
    5: (_recalled(0.2), _wider(0.6, "0.5 there; the standard value is close to it")),
    7: (_read(0.001), _read(0.012)),
    8: (_recalled(0.015), _wider(0.060, "0.040 there; the pooled mean is 0.048")),
}
"""Lowest and highest conductivity by tissue tag. Tissues that are not here keep their value."""

POOLED_CONDUCTIVITY: dict[int, Parameter] = {
    tag: Parameter(sigma_S_per_m, "S/m", "McCann2019", "read", "weighted mean of the meta-analysis, abstract")
    for tag, sigma_S_per_m in ((1, 0.22), (2, 0.47), (3, 1.71), (4, 0.02), (5, 0.41), (8, 0.048))
}
"""What the meta-analysis recommends where nothing is known of a person; every one lies inside the range."""

BETA_SHAPE = Parameter(
    3.0, "1", "SaturninoUncertainty2019", "read", "both parameters of the distribution; " + _EXAMPLE
)


@dataclass(frozen=True, kw_only=True)
class PoseScatter:
    """Standard deviations of where the coil sits: each way along the scalp, off it, and of its angles."""

    label: str
    shift_mm: Parameter
    gap_mm: Parameter
    angle_deg: Parameter  # about the coil's axis
    tilt_deg: Parameter  # about each axis in the coil's plane


_ROBOT = (
    "published: median distance 1.34 mm and median rotation 3.48 deg off the planned pose, seen by a second "
    "navigation; here per axis, if equal and normal in all three. An error of registration adds to it"
)
_CAP = (
    "published: on average 10.66 mm off the target, 5.99 deg of yaw and 7.79 deg of roll or pitch, against "
    "0.3 mm with navigation; here per axis, if normal"
)

POSE_SCATTER: dict[str, PoseScatter] = {
    "tracked": PoseScatter(
        label="held by a robot or by hand under navigation",
        shift_mm=Parameter(0.87, "mm", "GoetzRobot2019", "recomputed", _ROBOT),
        gap_mm=Parameter(0.87, "mm", "GoetzRobot2019", "recomputed", _ROBOT),
        angle_deg=Parameter(2.26, "deg", "GoetzRobot2019", "recomputed", _ROBOT),
        tilt_deg=Parameter(2.26, "deg", "GoetzRobot2019", "recomputed", _ROBOT),
    ),
    "cap": PoseScatter(
        label="placed by marks on a cap",
        shift_mm=Parameter(8.5, "mm", "Caulfield2022", "recomputed", _CAP),
        gap_mm=Parameter(1.0, "mm", "assumed", "unverified"),
        angle_deg=Parameter(7.5, "deg", "Caulfield2022", "recomputed", _CAP),
        tilt_deg=Parameter(6.2, "deg", "Caulfield2022", "recomputed", _CAP),
    ),
}

BORDER_SCATTER_mm: dict[str, Parameter] = {
    "pial": Parameter(0.3, "mm", "assumed", "unverified", "rounding to voxels of 1 mm makes 0.29 mm"),
    "inner_skull": Parameter(0.5, "mm", "assumed", "unverified", "CSF and bone are both dark in a T1 image"),
    "outer_skull": Parameter(1.0, "mm", "assumed", "unverified", "the doubt on colin27 is larger"),
}
"""Standard deviation of the place of each border of `tmsim.head.borders`, the same everywhere on it.

Where CSF is 1 to 2 mm thin, borders beside it can follow little more than twice these.
"""
