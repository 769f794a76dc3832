"""Search."""

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
from tmsim.search.search import search, search_prepared
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
    "prepare_search",
    "region_round",
    "search",
    "search_prepared",
    "value_of",
]
