"""The calcium-based synapse of Graupner and Brunel, as in a textbook."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tmsim.core import FloatArray, InputError, as_array, stream
from tmsim.plasticity.parameters import SYNAPSE, POST_DELAY_s
from tmsim.plasticity.types import (
    UNKNOWN_RESPONSE,
    AfterEffect,
    State,
    TIME_s,
    checked_pause,
    checked_state,
    is_sham,
    unchanged,
)
from tmsim.pulse.intensity import Intensity
from tmsim.pulse.types import Train

_P = {name: parameter.value for name, parameter in SYNAPSE.items()}
_MOST_SYNAPSES = 100_000
_LATEST_POST_s = 0.05


@dataclass(frozen=True, kw_only=True, eq=False)
class SynapseState:
    """Synapses some time after a block.

    Parameters
    ----------
    efficacy
        Of each synapse, (n,): 0 is down, 1 is up.
    calcium
        The same in all of them.
    since_s
        From the last pulse. [s]
    events
        Spikes, before and behind the synapse, so far: the noise after each is keyed by their number.
    """

    efficacy: FloatArray
    calcium: float = 0.0
    since_s: float = 0.0
    events: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "efficacy", as_array("efficacy", self.efficacy, (None,)))

    @property
    def strength(self) -> float:
        """Mean strength of the synapses, 1 if all are down."""
        return float(1 + (_P["strength_ratio"] - 1) * self.efficacy.mean())

    def rested(self, pause_s: float) -> SynapseState:
        """The synapses ``pause_s`` after the last pulse. [s]"""
        later_s = checked_pause(pause_s) - self.since_s
        if later_s < 0:
            raise InputError(
                "pause", f"{pause_s:g} s", f"{self.since_s:.3g} s or more, until calcium has fallen"
            )
        return SynapseState(
            efficacy=drifted(self.efficacy, later_s),
            calcium=self.calcium * math.exp(-later_s / _P["calcium_s"]),
            since_s=pause_s,
            events=self.events,
        )


@dataclass(frozen=True, kw_only=True)
class GraupnerBrunel:
    """Synapses between two cells that each pulse fires, up or down by the time calcium is above thresholds.

    Parameters
    ----------
    post_delay_s
        From the pulse, which fires the axon, to the spike of the cell it ends on, 0 to 50 ms. [s]
    synapses, seed
        How many are simulated, and the seed of their noise.
    """

    post_delay_s: float = POST_DELAY_s.value
    synapses: int = 2000
    seed: int = 0

    name: ClassVar[str] = "graupner-brunel"
    label: ClassVar[str] = "calcium-based synapse of Graupner and Brunel (textbook)"
    validity: ClassVar[str] = (
        "Any pulses; each is taken to fire both cells once. Set for slices of rat cortex, and tied to no "
        "measurement of TMS."
    )

    def __post_init__(self) -> None:
        if not 0 <= self.post_delay_s <= _LATEST_POST_s:
            raise InputError("delay of the spike", f"{self.post_delay_s} s", f"0 to {_LATEST_POST_s:g} s")
        if not 2 <= self.synapses <= _MOST_SYNAPSES:
            raise InputError("synapses", str(self.synapses), f"2 to {_MOST_SYNAPSES}")
        if self.seed < 0:
            raise InputError("seed", str(self.seed), "0 or more")

    def after_effect(
        self, train: Train, intensity: Intensity | None = None, state: State | None = None
    ) -> AfterEffect:
        """See :class:`PlasticityModel`; the state is that of the synapses."""
        before = checked_state(state, SynapseState, self.name)
        if is_sham(intensity):
            return unchanged(self.name, before)
        after = self.stimulated(train, before)
        times_s = np.maximum(TIME_s, after.since_s)  # calcium is high until then
        return AfterEffect(
            time_s=TIME_s,
            change=np.array([after.rested(t).strength for t in times_s]) / self.rest().strength - 1,
            response=UNKNOWN_RESPONSE,
            model=self.name,
            notes=_notes(self.post_delay_s, intensity),
            sources=("Graupner2012",),
            state=after,
        )

    def rest(self) -> SynapseState:
        """The synapses before any pulse: half of them down, half up."""
        down = round(_P["share_down"] * self.synapses)
        return SynapseState(efficacy=(np.arange(self.synapses) >= down).astype(np.float64))

    def stimulated(self, train: Train, state: SynapseState | None = None) -> SynapseState:
        """The synapses once calcium has fallen below its thresholds after the train's last pulse."""
        state = state or self.rest()
        onsets_s = train.onsets_s()
        times_s = np.concatenate([onsets_s + _P["delay_s"], onsets_s + self.post_delay_s])
        jumps = np.repeat([_P["calcium_pre"], _P["calcium_post"]], len(onsets_s))
        order = np.argsort(times_s, kind="stable")
        times_s, jumps = times_s[order], jumps[order]

        efficacy = drifted(state.efficacy, times_s[0])
        calcium = state.calcium * math.exp(-times_s[0] / _P["calcium_s"])
        gap_s = 0.0
        for k, jump in enumerate(jumps):
            calcium += jump
            gap_s = times_s[k + 1] - times_s[k] if k + 1 < len(times_s) else _above_s(calcium, "depression")
            noise = stream(self.seed, "synapse", state.events + k)
            efficacy = drifted(excited(efficacy, calcium, gap_s, noise), gap_s)
            calcium *= math.exp(-gap_s / _P["calcium_s"])
        return SynapseState(
            efficacy=efficacy,
            calcium=calcium,
            since_s=float(times_s[-1] + gap_s - onsets_s[-1]),
            events=state.events + len(times_s),
        )


def excited(efficacy: FloatArray, calcium: float, gap_s: float, noise: np.random.Generator) -> FloatArray:
    """Efficacies after calcium has decayed from ``calcium`` for ``gap_s``, without their own drift.

    Above a threshold the efficacy is an Ornstein-Uhlenbeck process, which is solved exactly.
    """
    both_s, some_s = (min(_above_s(calcium, name), gap_s) for name in ("potentiation", "depression"))
    both = _P["rate_up"] + _P["rate_down"]
    for lasts_s, total, goal, thresholds in (
        (both_s, both, _P["rate_up"] / both, 2),
        (some_s - both_s, _P["rate_down"], 0.0, 1),
    ):
        if lasts_s > 0:
            left = math.exp(-total * lasts_s / _P["efficacy_s"])
            spread = _P["noise"] * math.sqrt(thresholds / (2 * total) * (1 - left**2))
            efficacy = goal + (efficacy - goal) * left + spread * noise.standard_normal(len(efficacy))
    return efficacy


def _above_s(calcium: float, threshold: str) -> float:
    """For how long calcium that decays from here stays above a threshold. [s]"""
    return max(_P["calcium_s"] * math.log(calcium / _P[threshold]), 0.0)


def drifted(efficacy: FloatArray, time_s: float) -> FloatArray:
    """Efficacies after so long at low calcium: they fall to 0 from below a half, and rise to 1 from above.

    The exact solution of ``tau drho/dt = -rho (1 - rho) (1/2 - rho)``.
    """
    off = efficacy - 0.5
    left = math.exp(-time_s / (2 * _P["efficacy_s"]))
    return 0.5 + 0.5 * off / np.sqrt(off**2 + (0.25 - off**2) * left)


def _notes(post_delay_s: float, intensity: Intensity | None) -> tuple[str, ...]:
    given = "none was given" if intensity is None else f"{intensity} was given"
    return (
        "Textbook: each pulse is taken to fire the axon at once and the cell "
        f"{post_delay_s * 1e3:g} ms later, which is a choice; constants are of slices of rat cortex.",
        f"Intensity does not enter ({given}); there is no metaplasticity.",
        "That the MEP changes as the synapses do is assumed; how people differ is borrowed from iTBS.",
    )
