"""What a train leaves behind, how people differ in it, and what every plasticity model is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar

import numpy as np

from tmsim.core import FloatArray, InputError, as_array, read_only
from tmsim.plasticity.parameters import ITBS600
from tmsim.pulse.intensity import CurrentSlope, Intensity
from tmsim.pulse.types import Train

TIME_s = read_only(np.arange(0.0, 7201.0, 30.0))
"""When after-effects are given: two hours from the last pulse, every half minute. [s]"""

_LONGEST_PAUSE_s = 86400.0
_WITHIN = 0.1  # share of the variance that lies within the two kinds of people; see Response

S = TypeVar("S", bound="State")


class State(Protocol):
    """What a block leaves behind in the terms of its model."""

    def rested(self, pause_s: float) -> State:
        """The state ``pause_s`` after the block's last pulse, when the next block starts. [s]"""
        ...


@dataclass(frozen=True, kw_only=True)
class Response:
    """How people differ: a person's *gain* is their after-effect over that of the model.

    Gains are a mixture of two normal distributions, because responses were found to be bimodal
    (LopezAlonso2014): a share of people who respond, and the rest around no effect. Mean, standard deviation
    and share are met exactly; that a tenth of the variance lies within either kind is a choice.

    Parameters
    ----------
    mean, sd
        Of the gain over all people.
    share
        Share of the people who respond.
    """

    mean: float
    sd: float
    share: float

    @property
    def centres(self) -> tuple[float, float]:
        """Mean gain of those who respond, and of the rest."""
        apart = self.sd * math.sqrt((1 - _WITHIN) / (self.share * (1 - self.share)))
        return self.mean + (1 - self.share) * apart, self.mean - self.share * apart

    def gains(self, rank: FloatArray, deviate: FloatArray) -> FloatArray:
        """Gains of people by their rank, uniform in 0 to 1, and a standard normal deviate."""
        upper, lower = self.centres
        return np.where(rank < self.share, upper, lower) + math.sqrt(_WITHIN) * self.sd * deviate


UNKNOWN_RESPONSE = Response(mean=1.0, sd=1 / ITBS600.effect_size.value, share=ITBS600.share.value)
"""For models of which nothing is known of how people differ: they differ as after iTBS. A choice."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AfterEffect:
    """Change of excitability over the hours after a train.

    Parameters
    ----------
    time_s
        From the last pulse, (n,). [s]
    change
        Relative change of the MEP amplitude that the model predicts: 0.3 is +30 %, -1 is no MEP, (n,).
    response
        How people differ from that prediction, and by how much their mean does.
    notes
        What the model does not cover for this train, one sentence each.
    sources
        Keys of CITATIONS.bib.
    state
        From which the same model goes on with the next block; None where the model has none.
    """

    time_s: FloatArray
    change: FloatArray
    response: Response
    model: str
    notes: tuple[str, ...]
    sources: tuple[str, ...]
    state: State | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "time_s", as_array("time of after-effect", self.time_s, (None,)))
        object.__setattr__(self, "change", as_array("after-effect", self.change, (len(self.time_s),)))
        if self.change.min() < -1:
            raise InputError("after-effect", f"{self.change.min():.0%}", "-100 % or more")

    @property
    def mean(self) -> FloatArray:
        """Mean change over unselected people, (n,); they show less than some models predict."""
        return self.response.mean * self.change

    @property
    def spread(self) -> FloatArray:
        """Standard deviation between people around that mean, (n,)."""
        return self.response.sd * np.abs(self.change)

    @property
    def peak(self) -> int:
        """Index of the largest change, up or down."""
        return int(np.abs(self.change).argmax())


class PlasticityModel(Protocol):
    """A rule for what pulses change; ``validity`` says in words where it holds.

    Raises
    ------
    OutsideModelError
        The train is not of a kind that the model takes; the sentence says why.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    validity: ClassVar[str]

    def after_effect(
        self, train: Train, intensity: Intensity | None = None, state: State | None = None
    ) -> AfterEffect:
        """What ``train`` changes, after what came before it.

        Parameters
        ----------
        intensity
            None where it isn't known. An intensity of 0 is no stimulation and changes nothing.
        state
            Of an earlier block by the same model, after :meth:`State.rested`; None at rest.
        """
        ...


def is_sham(intensity: Intensity | None) -> bool:
    """Whether the intensity is 0: the pulses are clicks only."""
    if isinstance(intensity, CurrentSlope):
        return intensity.didt_A_per_s == 0
    return intensity is not None and intensity.value == 0


def unchanged(model: str, state: State | None) -> AfterEffect:
    """What an intensity of 0 leaves behind."""
    return AfterEffect(
        time_s=TIME_s,
        change=np.zeros_like(TIME_s),
        response=Response(mean=1.0, sd=0.0, share=0.5),
        model=model,
        notes=("An intensity of 0 is no stimulation.",),
        sources=(),
        state=state,
    )


def checked_state(state: State | None, kind: type[S], model: str) -> S | None:
    """The state as one of ``kind``, or a refusal: states don't pass from model to model."""
    if state is not None and not isinstance(state, kind):
        raise InputError("state", f"a {type(state).__name__}", f"the state that {model} left, or none")
    return state


def checked_pause(pause_s: float) -> float:
    """The pause, if it is one. [s]"""
    if not 0 < pause_s <= _LONGEST_PAUSE_s:
        raise InputError("pause", f"{pause_s} s", "above 0 s, at most 1 day")
    return float(pause_s)
