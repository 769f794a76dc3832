"""Published target coordinates, and the Beam F3 heuristic.

Template coordinates say where a region lies on average. The hand area of one person can be 20 mm from it:
find the hotspot by stimulation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tmsim.core import InputError, Parameter, Status


@dataclass(frozen=True, kw_only=True)
class NamedPoint:
    """A cortical target in MNI coordinates. [mm]"""

    name: str
    label: str
    mni_mm: tuple[float, float, float]
    source: str
    status: Status
    note: str = ""


def _point(
    name: str, label: str, mni_mm: tuple[float, float, float], source: str, status: Status, note: str = ""
) -> NamedPoint:
    return NamedPoint(name=name, label=label, mni_mm=mni_mm, source=source, status=status, note=note)


_HAND = (
    "A template coordinate misses the hand area by up to 19.5 mm (Talairach average, read in "
    "fnhum.2024.1342410): find the hotspot by stimulation, never dose by this point."
)

NAMED_POINTS: dict[str, NamedPoint] = {
    p.name: p
    for p in (
        _point("dlpfc-sgacc", "left DLPFC most anticorrelated with sgACC (BA46)", (-38, 44, 26), "Fox2012",
               "unverified", "Group average; the individual maximum differs."),
        _point("dlpfc-bnu", "left DLPFC, BA46, of a 2025 comparison of scalp heuristics", (-42, 44, 30),
               "unknown", "unverified", "Seen in a summary only; the paper is yet to be found."),
        _point("dlpfc-5cm", "average of the 5 cm rule", (-41, 16, 54), "Fox2012", "unverified"),
        _point("dlpfc-beam-f3", "average cortex under Beam F3", (-37, 26, 49), "Fox2012", "unverified",
               "For the scalp position on this head, use the target beam-f3."),
        _point("ba9", "centre of left BA9", (-36, 39, 43), "Fox2012", "unverified"),
        _point("ba46", "centre of left BA46", (-44, 40, 29), "Fox2012", "unverified"),
        _point("hand-knob-left", "left M1, hand knob", (-37, -25, 62), "Yousry1997", "unverified", _HAND),
        _point("hand-knob-right", "right M1, hand knob", (37, -25, 62), "Yousry1997", "unverified",
               "Mirror image of the left one. " + _HAND),
        _point("sma", "supplementary motor area", (0, -6, 60), "unknown", "unverified"),
        _point("dmpfc", "dorsomedial prefrontal cortex", (0, 30, 30), "unknown", "unverified"),
        _point("v1", "primary visual cortex", (0, -92, 0), "unknown", "unverified"),
        _point("tpj-right", "right temporoparietal junction", (54, -50, 28), "unknown", "unverified"),
    )
}  # fmt: skip

BEAM_SHARE = Parameter(0.4, "1", "Beam2009", "unverified", "share of each arc on the flattened head")
BEAM_ANGLES = (
    Parameter(324, "deg", "Beam2009", "unverified"),
    Parameter(298, "deg", "Beam2009", "unverified"),
)
BEAM_SHORTENING = Parameter(0.91, "1", "Beam2009", "unverified", "the line from vertex to F3, against flat")


def beam_f3(tragus_tragus_m: float, nasion_inion_m: float, circumference_m: float) -> tuple[float, float]:
    """Where F3 is by the Beam F3 method: along the circumference, and down from the vertex. [m]

    The first number is the distance along the circumference from the midline of the forehead to the left;
    the second the distance from the vertex towards that place. This is the variant of the method's own
    web calculator as a third party transcribed it. For the tapes 36, 38, 60 cm it gives 6.95 cm, as that
    calculator is seen to do; the second number (9.79 cm) has no independent confirmation (Beam2009).

    Raises
    ------
    InputError
        A tape is out of the human range, or the circumference is not the longest.
    """
    for name, tape_m, low_m, high_m in (
        ("tragus to tragus", tragus_tragus_m, 0.24, 0.48),
        ("nasion to inion", nasion_inion_m, 0.24, 0.48),
        ("circumference", circumference_m, 0.40, 0.75),
    ):
        if not low_m <= tape_m <= high_m:
            raise InputError(name, f"{tape_m * 100:.4g} cm", f"{low_m * 100:g} to {high_m * 100:g} cm")
    if circumference_m < 1.15 * max(tragus_tragus_m, nasion_inion_m):
        raise InputError(
            "circumference", f"{circumference_m * 100:.4g} cm", "clearly the longest of the three tapes",
            "The order is tragus to tragus, nasion to inion, circumference.",
        )  # fmt: skip
    r2 = BEAM_SHARE.value * tragus_tragus_m
    r1 = BEAM_SHARE.value * nasion_inion_m
    low, high = (math.radians(angle.value) for angle in BEAM_ANGLES)
    a = (r2 * math.sin(low) + r1 / 2) / r2
    b = r1 * math.sin(high) / (r1 * math.cos(high) - r2 / 2)
    x = (r1 - r2 * b) / (2 * (a - b))
    y = a * x - r1 / 2
    along_m = circumference_m / 4 * (1 + math.atan(y / x) / (math.pi / 2))
    return along_m, BEAM_SHORTENING.value * math.hypot(x, y)
