"""Keyed random streams: a draw depends on its key alone, never on what was drawn before it."""

from __future__ import annotations

import numpy as np

_STAGE = {
    "mesh": 1,
    "placement": 2,
    "conductivity": 3,
    "subject": 4,
    "mep": 5,
    "hunt": 6,
    "silent period": 7,
    "paired pulse": 8,
    "terminals": 9,
    "rehearsal": 10,
    "people": 11,
    "synapse": 12,
    "course": 13,
    "rating": 14,
    "trial": 15,
    "rest": 16,
    "target search": 17,
    "field basis": 18,
}


def stream(seed: int, stage: str, *index: int) -> np.random.Generator:
    """The generator for one draw, e.g. ``stream(7, "placement", 12)``.

    Item 12 gets the same numbers whether it runs first, last, alone or on another worker.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_STAGE[stage], *index)))
