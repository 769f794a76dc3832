"""From a target to where the coil sits on this scalp.

A pose is a rigid 4x4 from coil to head coordinates with columns x, y, z and centre: z into the head, -y
along the handle (the SimNIBS ``matsimnibs``). With n the mean outward normal of the skin within 25 mm of
the scalp point s, R the smallest rotation that takes the head's vertical to n, and alpha the handle's angle::

    z = -n    -y = R (-cos(alpha) front + sin(alpha) lateral)    x = y x z
    centre = s + (gap + lift) n

Range: scalp points on the upper head. Template coordinates (MNI) are averages over people; the hand area
is found by stimulation. Scalp positions follow Jurcak2007, Beam F3 Beam2009.
"""

from tmsim.placement.clearance import check_clear
from tmsim.placement.jitter import jittered
from tmsim.placement.parameters import NAMED_POINTS, NamedPoint, beam_f3
from tmsim.placement.place import place
from tmsim.placement.pose_file import read_pose, write_pose
from tmsim.placement.targets import (
    BeamF3,
    Electrode,
    HeadPoint,
    MniPoint,
    Named,
    Target,
    parse_target,
    resolve,
)
from tmsim.placement.types import Placement, Pose

__all__ = [
    "NAMED_POINTS",
    "BeamF3",
    "Electrode",
    "HeadPoint",
    "MniPoint",
    "Named",
    "NamedPoint",
    "Placement",
    "Pose",
    "Target",
    "beam_f3",
    "check_clear",
    "jittered",
    "parse_target",
    "place",
    "read_pose",
    "resolve",
    "write_pose",
]
