"""The model of Huang and Rothwell for theta burst, as revised."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache
from typing import ClassVar

import numpy as np

from tmsim.core import FloatArray, OutsideModelError
from tmsim.plasticity.parameters import (
    CALCIUM_DECAY,
    CALCIUM_PEAK,
    CALCIUM_PEAK_RELAXED,
    COURSE_FACILITATION,
    COURSE_INHIBITION,
    CTBS300,
    CTBS600,
    FACILITATION_DECAY,
    FACILITATION_RATE,
    FITTED_AMT,
    GAP_DECAY,
    INHIBITION_DECAY,
    INHIBITION_RATE,
    ITBS600,
    MEP_PER_UNIT,
    PEAK_HALF_BURSTS,
    PEAK_RATIO,
    PEAK_STEEPNESS,
    FORGOTTEN_s,
    PEAK_LATEST_s,
    Pooled,
)
from tmsim.plasticity.theta_burst import ThetaBurst, theta_burst
from tmsim.plasticity.types import (
    AfterEffect,
    Response,
    State,
    TIME_s,
    checked_pause,
    checked_state,
    is_sham,
    unchanged,
)
from tmsim.pulse.intensity import Intensity, PercentAMT
from tmsim.pulse.types import Train

_ITBS600 = ThetaBurst(
    pulses=3, pulse_interval_s=0.02, bursts=10, burst_interval_s=0.2, trains=20, train_interval_s=10.0
)
_CTBS300 = replace(_ITBS600, bursts=100, trains=1, train_interval_s=0.0)
_CTBS600 = replace(_CTBS300, bursts=200)
_STUDIED_BURSTS = 200  # of the longest trains the model was fitted to


@dataclass(frozen=True, kw_only=True)
class HuangState:
    """Substances at the last pulse of a block, its bursts with those before it, and the rest since. [s]"""

    facilitation: float
    inhibition: float
    bursts: int
    rest_s: float = 0.0

    def rested(self, pause_s: float) -> HuangState:
        """The same, ``pause_s`` after the last pulse: the substances fade by how long the gap was. [s]"""
        return replace(self, rest_s=checked_pause(pause_s))


@dataclass(frozen=True, kw_only=True)
class Induction:
    """What a theta burst train induces, in units of the model.

    Parameters
    ----------
    bursts
        All that count, those of earlier blocks too.
    net
        What is left of facilitation less inhibition; positive raises excitability.
    inhibitory
        Which of the two time courses it takes.
    peak_s
        From the last pulse to the peak. [s]
    """

    facilitation: float
    inhibition: float
    bursts: int
    net: float
    inhibitory: bool
    peak_s: float

    def course(self, time_s: FloatArray) -> FloatArray:
        """After-effect at times from the last pulse, in units of the model."""
        parts = COURSE_INHIBITION if self.inhibitory else COURSE_FACILITATION
        rise, fall, half_rise, half_fall = (part.value for part in parts)
        up = np.minimum(time_s, self.peak_s) ** rise
        down = np.maximum(time_s - self.peak_s, 0.0) ** fall
        half_up, half_down = (half_rise * self.peak_s) ** rise, (half_fall * self.peak_s) ** fall
        return self.net * up / (half_up + up) * half_down / (half_down + down)


@dataclass(frozen=True, kw_only=True)
class Huang:
    """Theta burst: two substances build up with calcium, and their difference is the after-effect.

    Parameters
    ----------
    contraction_before, contraction_after
        Whether the target muscle was contracted before the train, as in most studies, and whether right after
        it, which leaves facilitation alone.
    """

    contraction_before: bool = True
    contraction_after: bool = False

    name: ClassVar[str] = "huang"
    label: ClassVar[str] = "theta burst, the revised model of Huang and Rothwell"
    validity: ClassVar[str] = (
        "Bursts of 3 pulses at 30 to 50 Hz, repeated at 3.3 to 8 Hz, in one train or in trains; fitted to "
        "cTBS300, cTBS600, iTBS600 and imTBS600 over the hand area."
    )

    def after_effect(
        self, train: Train, intensity: Intensity | None = None, state: State | None = None
    ) -> AfterEffect:
        """See :class:`PlasticityModel`; the state holds the substances, which fade in under a minute."""
        before = checked_state(state, HuangState, self.name)
        if is_sham(intensity):
            return unchanged(self.name, before)
        structure = _structure(train)
        induced = self._induced(structure, before)
        pooled, response = _people(induced)
        # An MEP can't fall by more than itself, which the model doesn't know.
        change = np.maximum(MEP_PER_UNIT.value * induced.course(TIME_s), -1.0)
        return AfterEffect(
            time_s=TIME_s,
            change=change,
            response=response,
            model=self.name,
            notes=_notes(structure, intensity, before, induced),
            sources=("Huang2011", "Huang2005", *pooled.sources),
            state=HuangState(
                facilitation=induced.facilitation, inhibition=induced.inhibition, bursts=induced.bursts
            ),
        )

    def induction(self, train: Train, state: State | None = None) -> Induction:
        """What the train induces, in units of the model.

        Raises
        ------
        OutsideModelError
            It is no theta burst, or not one of 3 pulses at 30 to 50 Hz.
        """
        return self._induced(_structure(train), checked_state(state, HuangState, self.name))

    def _induced(self, structure: ThetaBurst, before: HuangState | None) -> Induction:
        single = self._one_train(structure)
        # Trains add up, each faded by the gaps since.
        fade = math.exp(-GAP_DECAY.value * structure.gap_s)
        total = sum(fade**k for k in range(structure.trains))
        facilitation, inhibition = total * single[0], total * single[1]
        bursts = structure.total_bursts
        if before and before.rest_s <= FORGOTTEN_s.value:
            gaps_s = max(before.rest_s - structure.pause_s, 0.0) + (structure.trains - 1) * structure.gap_s
            left = math.exp(-GAP_DECAY.value * gaps_s)
            facilitation += left * before.facilitation
            inhibition += left * before.inhibition
            bursts += before.bursts
        inhibitory = inhibition >= facilitation or not self.contraction_before
        grown = bursts**PEAK_STEEPNESS.value
        peak_s = round(PEAK_LATEST_s.value * grown / (PEAK_HALF_BURSTS.value**PEAK_STEEPNESS.value + grown))
        if not inhibitory:
            peak_s = round(peak_s / PEAK_RATIO.value)
        return Induction(
            facilitation=facilitation,
            inhibition=inhibition,
            bursts=bursts,
            net=facilitation if self.contraction_after else facilitation - inhibition,
            inhibitory=inhibitory,
            # After very few bursts the formula gives 0 s, at which there is no course.
            peak_s=max(peak_s, 1.0),
        )

    def _one_train(self, structure: ThetaBurst) -> tuple[float, float]:
        peak = (CALCIUM_PEAK if self.contraction_before else CALCIUM_PEAK_RELAXED).value
        left = math.exp(-CALCIUM_DECAY.value * structure.pause_s)
        number = np.arange(1, structure.bursts + 1)
        added = peak * left**number  # to the calcium that is there just before the next burst
        calcium = np.cumsum(added)
        age = structure.bursts - number + 1
        facilitation = FACILITATION_RATE.value * added @ np.exp(-FACILITATION_DECAY.value / peak * age)
        inhibition = (
            INHIBITION_RATE.value / peak**2 * calcium @ np.exp(-INHIBITION_DECAY.value / peak**2 * age)
        )
        return float(facilitation), float(inhibition)


def _structure(train: Train) -> ThetaBurst:
    structure = theta_burst(train)
    rate_Hz = 1 / structure.pulse_interval_s
    if structure.pulses != 3 or not 29.9 < rate_Hz < 50.1:
        raise OutsideModelError(
            f"bursts: {structure.pulses} pulses at {rate_Hz:.4g} Hz; expected 3 pulses at 30 to 50 Hz. "
            "The model huang was fitted to such bursts only; research models such as calcium take others."
        )
    if structure.gap_s < 0:
        raise OutsideModelError(
            f"{train}: a train starts before a burst's interval has passed; expected a pause between trains."
        )
    return structure


def _people(induced: Induction) -> tuple[Pooled, Response]:
    """How people differ, from the pooled studies of the nearest protocol."""
    if induced.net >= 0:
        pooled, reference = ITBS600, _ITBS600
    elif induced.bursts <= 150:
        pooled, reference = CTBS300, _CTBS300
    else:
        pooled, reference = CTBS600, _CTBS600
    mean = pooled.peak.value / _peak(reference)
    return pooled, Response(mean=mean, sd=mean / pooled.effect_size.value, share=pooled.share.value)


@cache
def _peak(structure: ThetaBurst) -> float:
    """Largest change that the model predicts for a protocol, as a share of the MEP."""
    induced = Huang()._induced(structure, None)
    return MEP_PER_UNIT.value * float(induced.course(np.array([induced.peak_s]))[0])


def _notes(
    structure: ThetaBurst, intensity: Intensity | None, before: HuangState | None, induced: Induction
) -> tuple[str, ...]:
    given = "none was given" if intensity is None else f"{intensity} was given"
    if intensity == PercentAMT(FITTED_AMT.value):
        given = "as given"
    notes = [
        f"Intensity does not enter: the model was fitted to trains at {FITTED_AMT.value:g} %AMT ({given}).",
        "That 1 unit of the model is 10 % of the baseline MEP is a reading, unverified; the model's curve is "
        "that of a small early sample. The people are drawn around the means of 64 studies at the peak: "
        "36 % (iTBS600), -23 % (cTBS600), -28 % (cTBS300) (Wischnewski2015).",
    ]
    if induced.bursts > _STUDIED_BURSTS:
        notes.append(
            f"{induced.bursts * structure.pulses} pulses are more than the 600 the model was fitted to. In "
            "people a doubled dose reversed the effect of iTBS and of cTBS (Gamboa2010), and iTBS1800 "
            "lowered excitability (YuF2020): the model cannot show that, its sign here is not to be trusted."
        )
    else:
        notes.append(
            "Doubling the dose reverses the effect in people (Gamboa2010); the model cannot show it."
        )
    if before and before.rest_s > FORGOTTEN_s.value:
        notes.append(
            f"The block {before.rest_s / 60:.3g} min before does not enter: the model forgets in a minute. "
            "In people such spacing matters: pauses of 5 min lowered excitability, of 15 min raised it "
            "(Tse2018), as did 10 and 30 min (YuF2020)."
        )
    if structure.pulse_interval_s != 0.02 or abs(structure.burst_interval_s - 0.2) > 1e-9:
        notes.append("Fitted to 50 Hz bursts at 5 Hz only; other rates are extrapolated.")
    if abs(induced.net) < 1:
        notes.append(
            "Spread is drawn in proportion to the effect; where that is near 0, people still differ."
        )
    notes.append("Rules of the motor cortex; that they hold elsewhere is not shown.")
    return tuple(notes)
