"""The Magstim Rapid2 family on its serial line."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from tmsim.core import InputError
from tmsim.rehearsal.frames import magstim_checksum, magstim_frame
from tmsim.rehearsal.machine import Emulator, RefusedError
from tmsim.rehearsal.parameters import (
    ARMING,
    AUTO_DISARM,
    ENHANCED_INTERVAL,
    ENHANCED_POWER,
    MOST_PULSES,
    POWER_AT_START,
    POWER_DOWN,
    POWER_UP,
    RAPID2_BAUD,
    REMOTE_ARMED,
    REMOTE_IDLE,
    SHORTEST_TRAIN,
    SINGLE_INTERVAL,
)
from tmsim.rehearsal.types import EmulatedDevice, Refusal
from tmsim.safety import DEVICES, device_by_name, max_rate_Hz, on_time_per_minute_s, wait_between_trains_s
from tmsim.safety.parameters import DISARM_TEMPERATURE

_BAD = (Refusal.BAD_DATA, Refusal.BAD_CHECKSUM)  # told from a conflict with what the device is doing
_MINUTE_s = 60.0
_MOST_RATE_TENTHS = 1000
_MOST_CHARGE_DELAY_ms = 10000


@dataclass(frozen=True, kw_only=True)
class Rapid2(EmulatedDevice):
    """A Magstim of the Rapid2 family.

    Parameters
    ----------
    model
        Its name among the devices of :mod:`tmsim.safety`, which has its rates by output:
        ``"magstim-super-rapid2"``, or ``"magstim-super-rapid2-115v"`` on 115 V.
    software
        Major version: before 9 the line needs no unlock code and fields are shorter.
    """

    model: str = "magstim-rapid2"
    software: int = 9
    unlock_code: str = "REHEARSAL"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not device_by_name(self.model).energy_limited:
            known = [name for name, device in DEVICES.items() if device.energy_limited]
            raise InputError("model of Rapid2", repr(self.model), f"one of {', '.join(known)}")
        if not 5 <= self.software <= 11:
            raise InputError("software of the Rapid2", str(self.software), "version 5 to 11")
        if not (self.unlock_code.isascii() and self.unlock_code) or self.unlock_code.startswith("@"):
            raise InputError("unlock code", repr(self.unlock_code), "ASCII that doesn't start with @")

    @property
    def label(self) -> str:
        """What the device is called."""
        return device_by_name(self.model).label

    @property
    def duration_digits(self) -> int:
        """Digits of a train's duration on the wire, in tenths of a second."""
        return 4 if self.software >= 9 else 3

    @property
    def pulse_digits(self) -> int:
        """Digits of a train's number of pulses on the wire."""
        return 5 if self.software >= 9 else 4

    def emulate(self, seed: int = 0) -> Rapid2Emulator:
        """A fresh emulator, in standby at 30 %; ``seed`` sets its latencies."""
        return Rapid2Emulator(self, seed)


class _Command(NamedTuple):
    size: int  # bytes of data
    act: Callable[[bytes], bytes]  # data to what follows the status in the reply
    status: int = 1  # status bytes in the reply
    reports_after: bool = False  # others report the status before they took effect


class Rapid2Emulator(Emulator):
    """The state machine of a Rapid2.

    Settings of a train are refused while armed, power only while a train runs. A pulse is refused until the
    device has armed, reached its power, and waited after the last pulse or train.
    """

    def __init__(self, device: Rapid2, seed: int = 0) -> None:
        super().__init__(device, baud=RAPID2_BAUD.value, hottest_C=DISARM_TEMPERATURE.value, seed=seed)
        self._spec = device
        self._remote = False
        self._heard_s = 0.0
        self._armed_s: float | None = None
        self._power = round(POWER_AT_START.value)
        self._enhanced = False
        self._switch_pressed, self._switch_ignored = True, False
        self._rate_tenths, self._n_pulses, self._duration_tenths = 0, 1, 0  # duration 0: single pulses
        self._train: deque[float] = deque()  # when its pulses fall due
        self._ready_after: dict[Refusal, float] = {}
        self._charge_delay_ms = 0
        modern = device.software >= 9
        self._commands = {
            b"Q": _Command(1, self._enable_remote, reports_after=True),
            b"R": _Command(1, self._disable_remote, reports_after=True),
            b"@": _Command(3, self._set_power),
            b"E": _Command(1, self._arm_or_fire),
            b"[": _Command(device.duration_digits, self._set_duration, 2),
            b"B": _Command(4, self._set_rate, 2),
            b"D": _Command(device.pulse_digits, self._set_pulses, 2),
            b"^": _Command(1, self._enhance, 2),
            b"_": _Command(1, self._reduce, 2),
            b"b": _Command(1, self._ignore_switch, 2),
            b"\\": _Command(1, self._settings, 2),
            b"F": _Command(1, self._temperatures),
            b"I": _Command(1, lambda _data: b"000"),
            b"N": _Command(1, self._version, 0),
        }
        if modern:
            digits = 5 if device.software >= 10 else 4
            self._commands |= {
                b"x": _Command(1, self._system_status, 2),
                b"n": _Command(digits, self._set_charge_delay),
                b"o": _Command(1, lambda _data: b"%0*d" % (digits, self._charge_delay_ms)),
            }

    @property
    def state(self) -> str:
        """Standby, armed, ready or in a train, and who controls it."""
        if self._train:
            what = "train"
        elif self._armed_s is None:
            what = "standby"
        else:
            what = "armed" if self._hindrance() else "ready"
        return f"{what}, {'remote control' if self._remote else 'no remote control'}"

    @property
    def armed(self) -> bool:
        """Whether it is armed; not necessarily ready."""
        return self._armed_s is not None

    def release_switch(self) -> None:
        """Let go of the coil's safety switch; matters unless the device was told to ignore it."""
        self._switch_pressed = False
        self.note("safety switch released")
        if not self._switch_ignored:
            self._stop(Refusal.COIL_SWITCH)

    # Time

    def _due_s(self) -> float:
        return min(self._train[0] if self._train else math.inf, *self._deadlines().values())

    def _deadlines(self) -> dict[Refusal, float]:
        deadlines = {Refusal.REMOTE_LOST: math.inf, Refusal.TIMED_OUT: math.inf}
        if self._remote:
            patience = REMOTE_IDLE if self._armed_s is None else REMOTE_ARMED
            deadlines[Refusal.REMOTE_LOST] = self._heard_s + patience.value
        if self._armed_s is not None:
            last_s = self.delivered[-1].time_s if self.delivered else -math.inf
            deadlines[Refusal.TIMED_OUT] = max(self._armed_s, last_s) + AUTO_DISARM.value
        return deadlines

    def _fall_due(self) -> None:
        if self._train and self._train[0] <= self.now_s:
            self._train.popleft()
            fired = self._n_pulses - len(self._train)
            rate_Hz = self._rate_tenths / 10
            wait_s = wait_between_trains_s(fired, rate_Hz, self._power)
            self._ready_after[Refusal.WAITING] = (
                self.now_s + 1 / rate_Hz + max(wait_s, self._charge_delay_ms / 1000)
            )
            self._discharge(self._power)
            return
        deadlines = self._deadlines()
        why = min(deadlines, key=deadlines.__getitem__)
        if why is Refusal.REMOTE_LOST:
            self._remote = False
            self.note("remote control given up", why)
        self._stop(why)

    def _stop(self, why: Refusal) -> None:
        self._train.clear()
        if self._armed_s is not None:
            self._armed_s = None
            self.note("disarmed", why)

    def _hindrance(self) -> Refusal | None:
        return next((why for why, until_s in self._ready_after.items() if self.now_s < until_s), None)

    # The line

    def _take_frame(self) -> bytes | None:
        if not self._buffer:
            return None
        command = self._commands.get(self._buffer[:1])
        size = command.size + 2 if command else 1
        if self._buffer[:1] == b"Q" and self._spec.software >= 9 and self._buffer[1:2] != b"@":
            size = len(self._spec.unlock_code) + 2
        if len(self._buffer) < size:
            return None
        frame, self._buffer = self._buffer[:size], self._buffer[size:]
        return frame

    def _answer(self, frame: bytes) -> bytes:
        letter, data = frame[:1], frame[1:-1]
        command = self._commands.get(letter)
        before = self._status()
        if command is None:
            self.note(f"refused {_text(letter)}", Refusal.UNKNOWN_COMMAND)
            self._lost_track = True
            return b"?"
        try:
            if magstim_checksum(frame[:-1]) != frame[-1]:
                raise RefusedError(Refusal.BAD_CHECKSUM)
            extra = command.act(data)
        except RefusedError as refused:
            self.note(f"refused {_text(frame[:-1])}", refused.refusal)
            return magstim_frame(letter + (b"?" if refused.refusal in _BAD else b"S"))
        self._heard_s = self.now_s
        status = self._status() if command.reports_after else before
        return magstim_frame(letter + status[: command.status] + extra)

    def _status(self) -> bytes:
        waiting = self._hindrance()
        armed = self._armed_s is not None
        ready = armed and not waiting and not self._train
        hot, present, remote = self.too_hot, self.coil_present, self._remote
        instrument = (not armed, armed and not ready, ready, present, hot, False, False, remote)
        wait, single = self.now_s < self._ready_after.get(Refusal.WAITING, 0.0), self._duration_tenths == 0
        rapid = (self._enhanced, bool(self._train), wait, single, True, present and not hot, False, False)
        return bytes(sum(bit << k for k, bit in enumerate(bits)) for bits in (instrument, rapid))

    # Commands

    def _enable_remote(self, data: bytes) -> bytes:
        if self._spec.software >= 9 and data != self._spec.unlock_code.encode():
            raise RefusedError(Refusal.LOCKED)
        if not self._remote:
            self._remote = True
            self.note("remote control")
        return b""

    def _disable_remote(self, _data: bytes) -> bytes:
        self._stop(Refusal.STOPPED)
        if self._remote:
            self._remote = False
            self.note("remote control given back")
        return b""

    def _set_power(self, data: bytes) -> bytes:
        self._need_remote()
        if self._train:
            raise RefusedError(Refusal.BUSY)
        power = _number(data, 0, round(ENHANCED_POWER.value) if self._enhanced else 100)
        if self._duration_tenths and self._rate_tenths > 10 * self._max_rate_Hz(power):
            raise RefusedError(Refusal.TOO_FAST)
        step = power - self._power
        slew_s = step * POWER_UP.value if step > 0 else -step * POWER_DOWN.value
        self._power = power
        still_s = max(self._ready_after.get(Refusal.CHARGING, 0.0), self.now_s)
        self._ready_after[Refusal.CHARGING] = still_s + slew_s
        return b""

    def _arm_or_fire(self, data: bytes) -> bytes:
        match data:
            case b"A":
                self._stop(Refusal.STOPPED)
            case b"B":
                self._arm()
            case b"H":
                self._fire()
            case _:
                raise RefusedError(Refusal.BAD_DATA)
        return b""

    def _arm(self) -> None:
        self._need_remote()
        if self._armed_s is not None:
            raise RefusedError(Refusal.ARMED)
        if not self.coil_present:
            raise RefusedError(Refusal.COIL_ABSENT)
        if not (self._switch_pressed or self._switch_ignored):
            raise RefusedError(Refusal.COIL_SWITCH)
        if self.too_hot:
            raise RefusedError(Refusal.COIL_HOT)
        self._armed_s = self.now_s
        self._ready_after[Refusal.ARMING] = self.now_s + ARMING.value
        self.note("armed")

    def _fire(self) -> None:
        self._need_remote()
        if self._armed_s is None:
            raise RefusedError(Refusal.NOT_ARMED)
        if self._train:
            raise RefusedError(Refusal.BUSY)
        if (why := self._hindrance()) is not None:
            raise RefusedError(why)
        if self._duration_tenths == 0:
            slow = self._enhanced and self._power >= 100
            pause_s = (ENHANCED_INTERVAL if slow else SINGLE_INTERVAL).value
            self._ready_after[Refusal.TOO_SOON] = self.now_s + max(pause_s, self._charge_delay_ms / 1000)
            self._discharge(self._power)
            return
        rate_Hz = self._rate_tenths / 10
        if rate_Hz == 0 or self._n_pulses == 0:
            raise RefusedError(Refusal.SETTINGS)
        if rate_Hz > self._max_rate_Hz(self._power):
            raise RefusedError(Refusal.TOO_FAST)
        longest_s = on_time_per_minute_s(rate_Hz, self._power)
        if self._n_pulses / rate_Hz > longest_s and longest_s < _MINUTE_s:
            raise RefusedError(Refusal.TOO_LONG)
        self._train.extend(self.now_s + k / rate_Hz for k in range(self._n_pulses))

    def _set_duration(self, data: bytes) -> bytes:
        self._need_standby()
        self._keep_train(_number(data, 0, 10**self._spec.duration_digits - 1), self._rate_tenths)
        return b""

    def _set_rate(self, data: bytes) -> bytes:
        self._need_standby()
        rate_tenths = _number(data, 1, _MOST_RATE_TENTHS)
        if rate_tenths > 10 * self._max_rate_Hz(self._power):
            raise RefusedError(Refusal.TOO_FAST)
        self._keep_train(self._duration_tenths, rate_tenths)
        return b""

    def _set_pulses(self, data: bytes) -> bytes:
        self._need_standby()
        n_pulses = _number(data, 1, round(MOST_PULSES.value))
        if self._rate_tenths == 0:
            raise RefusedError(Refusal.SETTINGS)
        if n_pulses / self._rate_tenths * 10 < SHORTEST_TRAIN.value:
            raise RefusedError(Refusal.NO_BURSTS)
        duration_tenths = round(100 * n_pulses / self._rate_tenths)
        if duration_tenths >= 10**self._spec.duration_digits:
            raise RefusedError(Refusal.BAD_DATA)
        self._need_trains(duration_tenths)
        self._duration_tenths, self._n_pulses = duration_tenths, n_pulses
        return b""

    def _keep_train(self, duration_tenths: int, rate_tenths: int) -> None:
        """Take over duration and rate, with as many pulses as fit."""
        self._need_trains(duration_tenths)
        n_pulses = duration_tenths * rate_tenths // 100
        if n_pulses > MOST_PULSES.value:
            raise RefusedError(Refusal.SETTINGS)
        self._duration_tenths, self._rate_tenths, self._n_pulses = duration_tenths, rate_tenths, n_pulses

    def _need_trains(self, duration_tenths: int) -> None:
        """Enhanced power is for single pulses."""
        if duration_tenths and self._enhanced:
            raise RefusedError(Refusal.SETTINGS)

    def _enhance(self, _data: bytes) -> bytes:
        self._need_standby()
        if self._duration_tenths:
            raise RefusedError(Refusal.SETTINGS)
        self._enhanced = True
        return b""

    def _reduce(self, _data: bytes) -> bytes:
        self._need_standby()
        self._enhanced = False
        self._power = min(self._power, 100)
        return b""

    def _ignore_switch(self, _data: bytes) -> bytes:
        self._need_standby()
        self._switch_ignored = True
        return b""

    def _set_charge_delay(self, data: bytes) -> bytes:
        self._need_standby()
        self._charge_delay_ms = _number(data, 0, _MOST_CHARGE_DELAY_ms)
        return b""

    def _settings(self, _data: bytes) -> bytes:
        wait_s = 0.0
        if self._rate_tenths and self._power <= 100:
            wait_s = wait_between_trains_s(self._n_pulses, self._rate_tenths / 10, self._power)
        wait_digits = 3 if self._spec.software < 7 else 4
        fields = (
            (self._power, 3),
            (self._rate_tenths, 4),
            (self._n_pulses, self._spec.pulse_digits),
            (self._duration_tenths, self._spec.duration_digits),
            (math.ceil(10 * wait_s - 1e-9), wait_digits),
        )
        return b"".join(b"%0*d" % (digits, min(value, 10**digits - 1)) for value, digits in fields)

    def _temperatures(self, _data: bytes) -> bytes:
        tenths = min(round(10 * self.temperature_C), 999)
        return b"%03d%03d" % (tenths, tenths)

    def _version(self, data: bytes) -> bytes:
        if data != b"D":
            raise RefusedError(Refusal.BAD_DATA)
        return b"%d.0.0\x00" % self._spec.software

    def _system_status(self, _data: bytes) -> bytes:
        return bytes([("plus" in self._spec.model) | (self._charge_delay_ms > 0) << 2, 0])

    def _max_rate_Hz(self, power: int) -> int:
        return max_rate_Hz(device_by_name(self._spec.model), min(power, 100))

    def _need_remote(self) -> None:
        if not self._remote:
            raise RefusedError(Refusal.NO_REMOTE)

    def _need_standby(self) -> None:
        self._need_remote()
        if self._armed_s is not None:
            raise RefusedError(Refusal.ARMED)


def _text(body: bytes) -> str:
    return body.decode("ascii", "backslashreplace")


def _number(data: bytes, least: int, most: int) -> int:
    if not data.isdigit() or not least <= int(data) <= most:
        raise RefusedError(Refusal.BAD_DATA)
    return int(data)
