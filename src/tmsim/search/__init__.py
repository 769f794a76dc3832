"""The best position, angle, tilt and coil for a target.

Let F be a measure of the field that is linear in E: a sum of w . E over points of the cortex. Sources w would
drive a current J = w - sigma grad(psi) in the head, with div(sigma grad(psi)) = div(w). By reciprocity::

    F = integral of J . E0 = -dI/dt * sum of m . B

with E0 = -dA/dt of the coil alone, m the magnetic dipoles of the coil, and B the magnetic field of J at them
(Heller1992). One solve for each measure so serves every coil at every pose, and each is then a sum over some
tens of dipoles. Gomez2021 searches so by way of auxiliary dipoles on a grid; here J is that of the discrete
equations, term by term, and meets the forward solve of the same elements. Objectives that are not linear in E
are worked out from coefficients of the few modes in which fields of coils vary in the region.

The poses of a grid are lifted until the casing clears the scalp and all are valued; the best are refined by a
simplex (Nelder1965) and the winner is solved for again from the coil's side.

Range: coils of wire or dipoles, outside the head, near the target. Values meet forward solves of the same
elements to 0.5 % of the largest; how far those are from the truth is a matter of the field, of head and
conductivity. The best place for a field is not yet the best for a person: nobody knows which objective is.
"""

from tmsim.search.objectives import (
    Contrast,
    MeanAlong,
    MeanMagnitude,
    MeanVector,
    Objective,
    RecruitedShare,
    value_of,
)
from tmsim.search.prepare import Prepared, prepare_search
from tmsim.search.region import region_round
from tmsim.search.search import Watch, search, search_prepared, second_order_value
from tmsim.search.types import (
    Candidates,
    Found,
    Grid,
    PlacementError,
    Region,
    Robustness,
    ScalpMap,
)

__all__ = [
    "Candidates",
    "Contrast",
    "Found",
    "Grid",
    "MeanAlong",
    "MeanMagnitude",
    "MeanVector",
    "Objective",
    "PlacementError",
    "Prepared",
    "RecruitedShare",
    "Region",
    "Robustness",
    "ScalpMap",
    "Watch",
    "prepare_search",
    "region_round",
    "search",
    "search_prepared",
    "second_order_value",
    "value_of",
]
