"""Theta burst: short bursts of pulses at gamma rate, repeated at theta rate."""

from __future__ import annotations

from dataclasses import dataclass

from tmsim.core import OutsideModelError
from tmsim.pulse.types import Train

_BURST_PULSES = (2, 5)
_BURST_INTERVAL_s = (0.01, 0.04)  # pulses in a burst, at 25 to 100 Hz
_THETA_INTERVAL_s = (0.125, 0.3)  # bursts, at 3.3 to 8 Hz


@dataclass(frozen=True, kw_only=True)
class ThetaBurst:
    """The parts of a theta burst train; intervals run from onset to onset. [s]"""

    pulses: int  # of a burst
    pulse_interval_s: float
    bursts: int  # of a train
    burst_interval_s: float
    trains: int
    train_interval_s: float  # 0 of a single train

    @property
    def total_bursts(self) -> int:
        """Bursts of all trains."""
        return self.bursts * self.trains

    @property
    def pause_s(self) -> float:
        """From the last pulse of a burst to the first of the next. [s]"""
        return self.burst_interval_s - (self.pulses - 1) * self.pulse_interval_s

    @property
    def gap_s(self) -> float:
        """From where a train's next burst would be to the next train; 0 of a single train. [s]"""
        return self.train_interval_s - self.bursts * self.burst_interval_s if self.trains > 1 else 0.0


def is_theta_burst(train: Train) -> bool:
    """Whether the train is made of 2 to 5 pulses at 25 to 100 Hz, repeated at 3.3 to 8 Hz."""
    if len(train.layers) < 2:
        return False
    burst, theta = train.layers[0], train.layers[1]
    return (
        _BURST_PULSES[0] <= burst.count <= _BURST_PULSES[1]
        and _BURST_INTERVAL_s[0] <= burst.interval_s <= _BURST_INTERVAL_s[1]
        and _THETA_INTERVAL_s[0] <= theta.interval_s <= _THETA_INTERVAL_s[1]
    )


def theta_burst(train: Train) -> ThetaBurst:
    """The bursts and trains of a theta burst train.

    Raises
    ------
    OutsideModelError
        It is no theta burst, or blocks of trains are nested in it.
    """
    if not is_theta_burst(train):
        raise OutsideModelError(
            f"{train} is no theta burst; expected 2 to 5 pulses at 25 to 100 Hz, repeated at 3.3 to 8 Hz."
        )
    burst, theta, *outer = list(train.layers)
    if len(outer) > 1:
        raise OutsideModelError(
            f"{train} holds several blocks; expected bursts in one train or in trains. "
            "Give the blocks one by one, each with the state that the last one left."
        )
    return ThetaBurst(
        pulses=burst.count,
        pulse_interval_s=burst.interval_s,
        bursts=theta.count,
        burst_interval_s=theta.interval_s,
        trains=outer[0].count if outer else 1,
        train_interval_s=outer[0].interval_s if outer else 0.0,
    )
