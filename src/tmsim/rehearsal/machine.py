"""The state machine that all emulated stimulators share: a clock, a line, a coil that heats, and a log."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from tmsim.core import InputError, stream
from tmsim.rehearsal.parameters import FRAME_TIMEOUT, FULL_PULSE_HEATING, LATENCY_s
from tmsim.rehearsal.types import EmulatedDevice, Event, Refusal

_BITS_A_BYTE = 10  # with start and stop bit


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """A pulse that left the stimulator."""

    time_s: float
    output_mso: float


class RefusedError(Exception):
    """A command that the device doesn't carry out."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal


class Emulator(ABC):
    """A stimulator as its serial line and its coil see it: bytes in; replies, states and pulses out.

    It has no clock of its own: time passes only in :meth:`advance` and, for as long as bytes are on the
    line and commands take effect, in :meth:`receive`. The same bytes at the same times give the same log.
    """

    def __init__(self, device: EmulatedDevice, *, baud: float, hottest_C: float, seed: int) -> None:
        self.now_s = 0.0
        self.delivered: list[Delivered] = []
        self.events: list[Event] = []
        self.coil_present = True
        self._device = device
        self._s_a_byte = _BITS_A_BYTE / baud
        self._hottest_C = hottest_C
        self._latency = stream(seed, "rehearsal")
        self._buffer = b""
        self._last_byte_s = 0.0
        self._lost_track = False  # what else came with this command can't be told apart
        self._warmth_K, self._warmed_s = 0.0, 0.0

    @property
    @abstractmethod
    def state(self) -> str:
        """What the device would show on its display."""

    @property
    @abstractmethod
    def armed(self) -> bool:
        """Whether a pulse could leave the device now or after a wait, without being armed again."""

    @property
    def temperature_C(self) -> float:
        """Of the coil. [degC]"""
        return self._device.ambient_C + self._warmth_K * self._cooled()

    @property
    def too_hot(self) -> bool:
        """Whether the coil is hotter than the device allows."""
        return self.temperature_C > self._hottest_C

    def advance(self, seconds: float) -> None:
        """Let time pass: pulses fall due and timeouts run out, in order."""
        if not 0 <= seconds < math.inf:
            raise InputError("time to pass", f"{seconds} s", "0 or more")
        end_s = self.now_s + seconds
        while (due_s := self._due_s()) <= end_s:
            self.now_s = max(self.now_s, due_s)
            self._fall_due()
        self.now_s = end_s

    def receive(self, data: bytes) -> bytes:
        """Take bytes off the line and return the reply, empty where the device is silent.

        Takes the time that the bytes spend on the line, and the latency of each command.
        """
        if self.now_s - self._last_byte_s > FRAME_TIMEOUT.value:
            self._buffer = b""
        low, high = LATENCY_s
        replies = b""
        for byte in data:
            self.advance(self._s_a_byte)
            self._buffer += bytes([byte])
            if (frame := self._take_frame()) is None:
                continue
            self.advance(float(self._latency.uniform(low.value, high.value)))
            reply = self._answer(frame)
            self.advance(len(reply) * self._s_a_byte)
            replies += reply
            if self._lost_track:
                self._lost_track = False
                break
        self._last_byte_s = self.now_s
        return replies

    def unplug_coil(self) -> None:
        """Take the coil off."""
        self.coil_present = False
        self.note("coil unplugged")
        self._stop(Refusal.COIL_ABSENT)

    @abstractmethod
    def release_switch(self) -> None:
        """Let go of the coil's safety switch."""

    @abstractmethod
    def _due_s(self) -> float:
        """When something happens next by itself; infinity for never."""

    @abstractmethod
    def _fall_due(self) -> None:
        """Let it happen; afterwards :meth:`_due_s` is another, or none."""

    @abstractmethod
    def _take_frame(self) -> bytes | None:
        """Take the next whole command out of the buffer."""

    @abstractmethod
    def _answer(self, frame: bytes) -> bytes:
        """Carry out a command, or refuse it, and reply."""

    @abstractmethod
    def _stop(self, why: Refusal) -> None:
        """Leave the armed state, and end the train that runs."""

    def _discharge(self, output_mso: float) -> None:
        """One pulse leaves the device and warms the coil."""
        self.delivered.append(Delivered(time_s=self.now_s, output_mso=output_mso))
        self._warmth_K = self._warmth_K * self._cooled() + FULL_PULSE_HEATING.value * (output_mso / 100) ** 2
        self._warmed_s = self.now_s
        if self.too_hot:
            self._stop(Refusal.COIL_HOT)

    def _cooled(self) -> float:
        return math.exp(-(self.now_s - self._warmed_s) / self._device.cooling_s)

    def note(self, what: str, refusal: Refusal | None = None) -> None:
        """Put something in the log, at the time it is."""
        self.events.append(Event(time_s=self.now_s, what=what, refusal=refusal))
