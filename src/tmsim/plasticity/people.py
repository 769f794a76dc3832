"""How people differ: a group drawn around what a model predicts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tmsim.core import BoolArray, FloatArray, InputError, stream
from tmsim.plasticity.parameters import RESPONSE_CHANGE, RETEST, RESPONSE_WINDOW_s
from tmsim.plasticity.types import AfterEffect

_MOST_PEOPLE = 100_000


@dataclass(frozen=True, kw_only=True, eq=False)
class People:
    """People by where each stands among all, for trains that raise excitability and for those that lower it.

    The two are independent: about a quarter of people show the expected effect of both iTBS and cTBS
    (Hamada2013, unverified), as many as by chance.

    Parameters
    ----------
    rank, deviate
        Uniform in 0 to 1, and standard normal, (n, 2) with the columns up and down.
    """

    seed: int
    rank: FloatArray
    deviate: FloatArray

    def __len__(self) -> int:
        return len(self.rank)

    def gains(self, effect: AfterEffect, *, session: int = 0) -> FloatArray:
        """Each person's after-effect over that of the model, on one day, (n,).

        On a given day some people respond as another person would. How many is set so that the
        correlation between two days is the best that was found, 0.55 (Kanig2023).
        """
        if session < 0:
            raise InputError("session", str(session), "0 or more")
        column = 0 if effect.change[effect.peak] >= 0 else 1
        rank, deviate = self.rank[:, column].copy(), self.deviate[:, column].copy()
        # Two days are alike only where the person is like themselves on both: a probability of its square.
        own = math.sqrt(RETEST.value)
        for person in range(len(self)):
            generator = stream(self.seed, "people", person, session)
            if generator.random() >= own:
                fresh_rank, fresh_deviate = _draw(generator)
                rank[person], deviate[person] = fresh_rank[column], fresh_deviate[column]
        return effect.response.gains(rank, deviate)


@dataclass(frozen=True, kw_only=True, eq=False)
class Group:
    """What people show after a train.

    Parameters
    ----------
    change
        Relative change of the MEP amplitude of each person, (n_people, n_times).
    """

    effect: AfterEffect
    change: FloatArray

    @property
    def mean(self) -> FloatArray:
        """Mean over people, (n_times,)."""
        return self.change.mean(axis=0)

    @property
    def sd(self) -> FloatArray:
        """Standard deviation between people, (n_times,)."""
        return self.change.std(axis=0, ddof=1)

    @property
    def effect_size(self) -> float:
        """Mean over standard deviation between people at the peak, the standardised mean difference."""
        return float(self.mean[self.effect.peak] / self.sd[self.effect.peak])

    @property
    def responders(self) -> BoolArray:
        """Who responds: a mean change of 15 % or more as expected over the first 30 min, (n_people,)."""
        early = self.effect.time_s <= RESPONSE_WINDOW_s.value
        expected = math.copysign(1.0, self.effect.change[self.effect.peak])
        return expected * self.change[:, early].mean(axis=1) >= RESPONSE_CHANGE.value


def draw_people(seed: int, n: int) -> People:
    """The first ``n`` people of the population ``seed``.

    Raises
    ------
    InputError
        The seed is negative, or ``n`` is not 2 to 100,000.
    """
    if seed < 0:
        raise InputError("seed", str(seed), "0 or more")
    if not 2 <= n <= _MOST_PEOPLE:
        raise InputError("people", str(n), f"2 to {_MOST_PEOPLE}")
    draws = [_draw(stream(seed, "people", person)) for person in range(n)]
    return People(
        seed=seed, rank=np.array([rank for rank, _ in draws]), deviate=np.array([z for _, z in draws])
    )


def respond(people: People, effect: AfterEffect, *, session: int = 0) -> Group:
    """What each person shows after a train on one day, without the noise of measuring MEPs."""
    gains = people.gains(effect, session=session)
    # An MEP can't fall by more than itself.
    return Group(effect=effect, change=np.maximum(gains[:, None] * effect.change, -1.0))


def _draw(generator: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    return generator.random(2), generator.standard_normal(2)
