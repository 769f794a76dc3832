"""From a target to the piece of mid-cortex that is aimed at."""

from __future__ import annotations

import numpy as np

from tmsim.core import InputError, read_only
from tmsim.head import Head
from tmsim.placement import Target, parse_target, resolve
from tmsim.placement.place import scalp_point
from tmsim.placement.targets import on_scalp
from tmsim.search.types import Region

_FAR_m = {True: 0.05, False: 0.02}
"""Mid-cortex farther than this from a target on the scalp (True) or in the brain is not what was meant."""


def region_round(head: Head, target: str | Target, radius_m: float) -> Region:
    """The mid-cortical points within ``radius_m`` of the one nearest to a target.

    Raises
    ------
    InputError
        The head has no cortex, or none near the target, or the radius is not 1 to 50 mm.
    """
    if not 0.001 <= radius_m <= 0.05:
        raise InputError("region", f"a radius of {radius_m * 1e3:.4g} mm", "1 to 50 mm")
    if not head.has_cortex:
        raise InputError("head", f"{head.name} has no cortex", "white matter under grey")
    aim = parse_target(target) if isinstance(target, str) else target
    target_m = resolve(aim, head)
    distance = np.linalg.norm(head.cortex.points_m - target_m, axis=1)
    nearest = int(distance.argmin())
    if distance[nearest] > _FAR_m[on_scalp(aim)]:
        raise InputError(
            f"target {aim}", f"{distance[nearest] * 1e3:.0f} mm from the nearest cortex",
            "a place in or near the cortex",
        )  # fmt: skip
    center_m = head.cortex.points_m[nearest]
    points = np.flatnonzero(np.linalg.norm(head.cortex.points_m - center_m, axis=1) <= radius_m)
    areas = head.cortex.point_areas_m2[points]
    return Region(
        target=str(aim),
        target_m=read_only(np.array(target_m)),
        scalp_m=read_only(np.array(target_m if on_scalp(aim) else scalp_point(head, target_m, str(aim)))),
        center_m=center_m,
        radius_m=radius_m,
        column=head.cortex.column[nearest],
        points=points,
        columns=head.cortex.column[points],
        shares=read_only(areas / areas.sum()),
    )
