"""Devices, what can go wrong, and what a rehearsal leaves."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from tmsim.core import FloatArray, InputError, read_only
from tmsim.pulse import PercentMSO, Train
from tmsim.rehearsal.parameters import AMBIENT, COOLING_TIME

if TYPE_CHECKING:
    from tmsim.rehearsal.machine import Emulator


class Refusal(StrEnum):
    """Why a command was not carried out, or a pulse not delivered."""

    UNKNOWN_COMMAND = "unknown command"
    BAD_CHECKSUM = "checksum error on the line"
    BAD_DATA = "data out of the device's range"
    LOCKED = "unlock code missing or wrong"
    NO_REMOTE = "no remote control"
    REMOTE_LOST = "remote control lost: the host was silent too long"
    CABLE_PULLED = "cable pulled"
    ARMED = "not while armed"
    BUSY = "a train is running"
    NOT_ARMED = "not armed"
    ARMING = "still arming"
    CHARGING = "output still moving to its new power"
    WAITING = "still waiting after the last train"
    SETTINGS = "conflict with the settings of the train"
    TOO_SOON = "single pulses too close to each other"
    TOO_FAST = "rate beyond the device at this power"
    TOO_LONG = "train beyond the device's energy"
    NO_BURSTS = "no bursts over this serial line: a train lasts at least 0.1 s, a pause at least 0.5 s"
    NOT_EXPRESSIBLE = "timing that the device's settings can't express"
    COIL_ABSENT = "no coil"
    COIL_SWITCH = "safety switch of the coil not pressed"
    COIL_HOT = "coil too hot"
    TIMED_OUT = "disarmed after a minute without a pulse"
    STOPPED = "disarmed by the host"


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something the device did or refused, other than a pulse."""

    time_s: float
    what: str
    refusal: Refusal | None = None


@dataclass(frozen=True, kw_only=True)
class PlannedPulse:
    """A pulse of the plan and what became of it; times are from the start of the session.

    Either ``delivered_s`` and ``output_mso`` say when and how strong, or ``refusal`` says why not.
    """

    planned_s: float
    delivered_s: float | None = None
    output_mso: float | None = None
    refusal: Refusal | None = None


@dataclass(frozen=True, kw_only=True)
class EmulatedDevice(ABC):
    """A stimulator with a coil, as far as its serial line and its interlocks know it.

    ``cooling_s`` is the time in which a hot coil loses all but a third of its excess over ``ambient_C``.
    """

    ambient_C: float = AMBIENT.value
    cooling_s: float = COOLING_TIME.value

    def __post_init__(self) -> None:
        if not 0 <= self.ambient_C <= 40:
            raise InputError("ambient temperature", f"{self.ambient_C} degC", "0 to 40 degC")
        if not 1 <= self.cooling_s <= 86400:
            raise InputError("cooling time of the coil", f"{self.cooling_s} s", "1 s to 1 day")

    @property
    @abstractmethod
    def label(self) -> str:
        """What the device is called."""

    @abstractmethod
    def emulate(self, seed: int = 0) -> Emulator:
        """A fresh emulator; ``seed`` sets its latencies."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that goes wrong ``at_s`` after the start of the session. [s]"""

    at_s: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.at_s) and self.at_s >= 0):
            raise InputError(
                "time of a fault", f"{self.at_s} s", "0 or later, after the start of the session"
            )


class CablePulled(Fault):
    """The serial cable comes off and stays off."""


class CoilUnplugged(Fault):
    """The coil comes off the stimulator and stays off."""


class CoilSwitchReleased(Fault):
    """The hand lets go of the coil's safety switch."""


class ByteCorrupted(Fault):
    """One bit of the host's next command is wrong on the line."""


@dataclass(frozen=True, kw_only=True)
class HostStalled(Fault):
    """The host's program stands still for ``for_s``: all commands are late, those that keep control too."""

    for_s: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.for_s < 3600:
            raise InputError("stall of the host", f"{self.for_s} s", "above 0 s, below an hour")


@dataclass(frozen=True, kw_only=True, eq=False)
class Rehearsal:
    """What became of a session: every planned pulse, everything the device did, and how it ended.

    The dose to go on with is ``delivered_s`` and ``delivered_mso``, not the plan.
    """

    device: EmulatedDevice
    train: Train
    intensity: PercentMSO
    pulses: tuple[PlannedPulse, ...]  # in the order of the plan
    events: tuple[Event, ...]  # setting up comes before 0 s
    end_state: str
    notes: tuple[str, ...]  # what the host told otherwise than planned
    seed: int

    @property
    def delivered_s(self) -> FloatArray:
        """When pulses were delivered, from the start of the session, (n_delivered,). [s]"""
        times = [pulse.delivered_s for pulse in self.pulses if pulse.delivered_s is not None]
        return read_only(np.array(times, dtype=float))

    @property
    def delivered_mso(self) -> FloatArray:
        """How strong they were, (n_delivered,). [%MSO]"""
        output = [pulse.output_mso for pulse in self.pulses if pulse.output_mso is not None]
        return read_only(np.array(output, dtype=float))

    @property
    def complete(self) -> bool:
        """Whether every planned pulse was delivered."""
        return all(pulse.refusal is None for pulse in self.pulses)

    @property
    def latest_s(self) -> float:
        """By how much the latest of the delivered pulses was late. [s]"""
        late = [p.delivered_s - p.planned_s for p in self.pulses if p.delivered_s is not None]
        return max(late, default=0.0)

    @property
    def refusals(self) -> dict[Refusal, int]:
        """How many planned pulses were not delivered, by reason, most frequent first."""
        return dict(Counter(p.refusal for p in self.pulses if p.refusal is not None).most_common())
