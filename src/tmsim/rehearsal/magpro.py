"""The MagVenture MagPro X100 on its serial line."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tmsim.core import InputError
from tmsim.rehearsal.frames import magventure_frame, take_magventure_frame
from tmsim.rehearsal.machine import Emulator, RefusedError
from tmsim.rehearsal.parameters import (
    MAGPRO_BAUD,
    MAGPRO_BURST,
    MAGPRO_DIDT,
    MAGPRO_HOTTEST,
    MAGPRO_MOST_PULSES,
    MAGPRO_MOST_TRAINS,
    MAGPRO_BURST_INTERVAL_s,
    MAGPRO_PAUSE_s,
    MAGPRO_RATE_Hz,
)
from tmsim.rehearsal.types import EmulatedDevice, Refusal

_X100 = 1  # its number among the models
_BIPHASIC, _BURST = 1, 3
_MAIN, _TIMING = 1, 2  # pages of the display
_MOST_CHARGE_DELAY_ms = 12000


@dataclass(frozen=True, kw_only=True)
class MagProX100(EmulatedDevice):
    """A MagVenture MagPro X100; ``coil_code`` is how its coil names itself (72 is said to be a C-B60)."""

    serial_number: int = 0x0102FF  # with a byte FF, on which clients that split replies at FF fall
    coil_code: int = 72

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.serial_number < 1 << 24:
            raise InputError("serial number", str(self.serial_number), "0 to 16777215")
        if not 0 <= self.coil_code < 256:
            raise InputError("code of the coil", str(self.coil_code), "0 to 255")

    @property
    def label(self) -> str:
        """What the device is called."""
        return "MagVenture MagPro X100"

    def emulate(self, seed: int = 0) -> MagProX100Emulator:
        """A fresh emulator, disabled at 0 %; ``seed`` sets its latencies."""
        return MagProX100Emulator(self, seed)


@dataclass(frozen=True, kw_only=True)
class _Sequence:
    """Trains as the device holds them, of pulses or bursts.

    ``pause_s`` is from the last of them to the first of the next train; of bursts, from start to start.
    """

    rate_Hz: float = 1.0
    n_pulses: int = 5
    n_trains: int = 1
    pause_s: float = 1.0


@dataclass(frozen=True, kw_only=True)
class _Mode:
    """What one trigger gives: a pulse, or a burst of ``burst`` pulses ``interval_s`` apart."""

    waveform: int = _BIPHASIC
    burst: int = 2
    interval_s: float = 0.010

    @property
    def offsets_s(self) -> tuple[float, ...]:
        """When the pulses of a trigger fall due after it."""
        return tuple(k * self.interval_s for k in range(self.burst if self.waveform == _BURST else 1))


class MagProX100Emulator(Emulator):
    """The state machine of a MagPro X100.

    It answers a command it took with a packet of its own, and is silent to one it refused: the host has to
    ask for the status. It asks for no sign of life, so a sequence it was told to start runs to its end
    whether or not anyone is on the line.
    """

    def __init__(self, device: MagProX100, seed: int = 0) -> None:
        super().__init__(device, baud=MAGPRO_BAUD.value, hottest_C=MAGPRO_HOTTEST.value, seed=seed)
        self._spec = device
        self._enabled = False
        self._amplitudes = (0, 0)
        self._mode, self._sequence = _Mode(), _Sequence()
        self._page = _MAIN
        self._charge_delay_ms = 0
        self._charged_s = 0.0
        self._pulses: Iterator[float] = iter(())  # when those after the next fall due
        self._next_s = math.inf
        self._commands: dict[int, Callable[[bytes], bytes]] = {
            0: self._report_status,
            1: self._set_amplitude,
            2: self._enable,
            3: self._fire_pulse,
            4: self._start_sequence,
            5: self._report_all,
            6: self._set_sequence,
            7: self._set_page,
            8: self._set_delays,
            9: self._set_mode,
        }

    @property
    def state(self) -> str:
        """Enabled or not, and whether a sequence runs."""
        return "sequence" if self._running else "enabled" if self._enabled else "disabled"

    @property
    def armed(self) -> bool:
        """Whether it is enabled."""
        return self._enabled

    def release_switch(self) -> None:
        """Let go of the coil's switch; nothing is known of it on the serial line, and nothing happens."""
        self.note("switch of the coil released")

    @property
    def _running(self) -> bool:
        return self._next_s < math.inf

    # Time

    def _due_s(self) -> float:
        return self._next_s

    def _fall_due(self) -> None:
        self._next_s = next(self._pulses, math.inf)
        self._charged_s = self.now_s + self._charge_delay_ms / 1000
        self._discharge(self._amplitudes[0])

    def _stop(self, why: Refusal) -> None:
        self._next_s = math.inf
        if self._enabled:
            self._enabled = False
            self.note("disabled", why)

    # The line

    def _take_frame(self) -> bytes | None:
        before = len(self._buffer)
        payload, self._buffer = take_magventure_frame(self._buffer)
        if payload is None and len(self._buffer) < before and before > 1:
            self.note("ignored a frame", Refusal.BAD_CHECKSUM)
        return payload

    def _answer(self, frame: bytes) -> bytes:
        command = self._commands.get(frame[0])
        try:
            if command is None:
                raise RefusedError(Refusal.UNKNOWN_COMMAND)
            payload = command(frame[1:])
        except RefusedError as refused:
            self.note(f"ignored {frame.hex(' ')}", refused.refusal)
            return b""
        return magventure_frame(payload)

    def _status(self) -> int:
        return self._mode.waveform << 2 | self._enabled << 4 | _X100 << 5

    def _packet(self, command: int, first: int, second: int) -> bytes:
        return bytes([command, min(first, 255), min(second, 255), self._status()])

    # Commands

    def _report_status(self, _data: bytes) -> bytes:
        return self._report(0)

    def _report_all(self, _data: bytes) -> bytes:
        return self._report(5) + bytes([*self._amplitudes, 100, 0, self._page, self._running])

    def _report(self, command: int) -> bytes:
        serial = self._spec.serial_number.to_bytes(3, "big")
        coil = self._spec.coil_code if self.coil_present else 0
        head = bytes([command, self._status()])
        return head + serial + bytes([round(self.temperature_C), coil, *self._amplitudes])

    def _set_amplitude(self, data: bytes) -> bytes:
        self._need(len(data) in (1, 2) and max(data) <= 100, Refusal.BAD_DATA)
        self._need(not self._running, Refusal.BUSY)
        self._amplitudes = (data[0], data[1] if len(data) == 2 else self._amplitudes[1])
        return self._packet(1, *self._amplitudes)

    def _enable(self, data: bytes) -> bytes:
        self._need(data in (b"\x00", b"\x01"), Refusal.BAD_DATA)
        if data == b"\x00":
            self._stop(Refusal.STOPPED)
        else:
            self._need(self.coil_present, Refusal.COIL_ABSENT)
            self._need(not self.too_hot, Refusal.COIL_HOT)
            if not self._enabled:
                self._enabled = True
                self.note("enabled")
        return self._packet(2, round(self.temperature_C), self._spec.coil_code if self.coil_present else 0)

    def _fire_pulse(self, _data: bytes) -> bytes:
        self._need_charge(math.inf)
        return self._fire(3, iter([self.now_s + offset_s for offset_s in self._mode.offsets_s]))

    def _start_sequence(self, _data: bytes) -> bytes:
        shape, mode = self._sequence, self._mode
        step_s = 1 / shape.rate_Hz
        self._need_charge(step_s)
        self._need(mode.offsets_s[-1] < min(step_s, shape.pause_s), Refusal.TOO_FAST)
        train_s = (shape.n_pulses - 1) * step_s + shape.pause_s
        self._page = _TIMING
        start_s = self.now_s
        return self._fire(
            4,
            (
                start_s + train * train_s + trigger * step_s + offset_s
                for train in range(shape.n_trains)
                for trigger in range(shape.n_pulses)
                for offset_s in mode.offsets_s
            ),
        )

    def _fire(self, command: int, pulses: Iterator[float]) -> bytes:
        self._pulses, self._next_s = pulses, next(pulses)
        didt_A_per_us = round(self._amplitudes[0] / 100 * MAGPRO_DIDT.value)
        return self._packet(command, didt_A_per_us, 0)

    def _set_sequence(self, data: bytes) -> bytes:
        self._need(len(data) == 8, Refusal.BAD_DATA)
        self._need(not self._running, Refusal.BUSY)
        rate_tenths, n_pulses, n_trains, pause_tenths = (
            int.from_bytes(data[k : k + 2], "big") for k in (0, 2, 4, 6)
        )
        low, high = (round(10 * limit.value) for limit in MAGPRO_RATE_Hz)
        self._need(low <= rate_tenths <= high, Refusal.TOO_FAST if rate_tenths > high else Refusal.BAD_DATA)
        self._need(rate_tenths <= 10 or rate_tenths % 10 == 0, Refusal.BAD_DATA)
        self._need(1 <= n_pulses <= MAGPRO_MOST_PULSES.value, Refusal.BAD_DATA)
        self._need(n_pulses <= 1000 or n_pulses % 100 == 0, Refusal.BAD_DATA)
        self._need(1 <= n_trains <= MAGPRO_MOST_TRAINS.value, Refusal.BAD_DATA)
        shortest, longest = (round(10 * limit.value) for limit in MAGPRO_PAUSE_s)
        self._need(shortest <= pause_tenths <= longest, Refusal.BAD_DATA)
        self._sequence = _Sequence(
            rate_Hz=rate_tenths / 10, n_pulses=n_pulses, n_trains=n_trains, pause_s=pause_tenths / 10
        )
        return self._packet(6, *self._amplitudes)

    def _set_page(self, data: bytes) -> bytes:
        self._need(len(data) == 1 and data[0] > 0, Refusal.BAD_DATA)
        self._page = data[0]
        return self._packet(7, self._page, self._running)

    def _set_delays(self, data: bytes) -> bytes:
        """Of trigger in, trigger out and charging; only the last matters without trigger lines."""
        self._need(len(data) == 7 and data[0] == 1, Refusal.BAD_DATA)
        delay_ms = int.from_bytes(data[5:7], "big")
        self._need(delay_ms <= _MOST_CHARGE_DELAY_ms, Refusal.BAD_DATA)
        self._charge_delay_ms = delay_ms
        return self._packet(8, *self._amplitudes)

    def _set_mode(self, data: bytes) -> bytes:
        """Model, mode, direction, waveform, 5 less pulses a burst, their interval x 10, B/A x 100."""
        self._need(len(data) == 10 and data[0] == 1 and data[1] == _X100, Refusal.BAD_DATA)
        self._need(not self._running, Refusal.BUSY)
        mode, direction, waveform, burst = data[2], data[3], data[4], 5 - data[5]
        interval_s = int.from_bytes(data[6:8], "big") / 10_000
        self._need(mode == 0 and direction in (0, 1) and waveform in (0, _BIPHASIC, _BURST), Refusal.BAD_DATA)
        few, many = MAGPRO_BURST
        self._need(few.value <= burst <= many.value, Refusal.BAD_DATA)
        low, high = MAGPRO_BURST_INTERVAL_s
        self._need(low.value <= interval_s <= high.value, Refusal.BAD_DATA)
        self._mode = _Mode(waveform=waveform, burst=burst, interval_s=interval_s)
        return self._packet(9, *self._amplitudes)

    def _need_charge(self, step_s: float) -> None:
        """Ready to fire now, and again for triggers ``step_s`` apart."""
        self._need(self._enabled, Refusal.NOT_ARMED)
        self._need(not self._running, Refusal.BUSY)
        closest_s = self._mode.interval_s if self._mode.waveform == _BURST else step_s
        charged = self.now_s >= self._charged_s and closest_s >= self._charge_delay_ms / 1000
        self._need(charged, Refusal.CHARGING)

    @staticmethod
    def _need(held: bool, otherwise: Refusal) -> None:
        if not held:
            raise RefusedError(otherwise)
