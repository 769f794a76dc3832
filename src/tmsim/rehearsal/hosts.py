"""The host's side: how a train is told to each stimulator, and how the host keeps it going.

A host knows the device by its replies alone. It sends no command before its time and holds control for as
long as the session lasts; where a command is refused it goes on, where control or the line is lost it ends.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction

from tmsim.core import InputError
from tmsim.pulse import Layer, PercentMSO, Train
from tmsim.rehearsal.frames import magstim_frame, magventure_frame
from tmsim.rehearsal.machine import Emulator
from tmsim.rehearsal.magpro import MagProX100
from tmsim.rehearsal.parameters import (
    MAGPRO_BURST,
    MAGPRO_MOST_PULSES,
    MAGPRO_MOST_TRAINS,
    MOST_PULSES,
    SHORTEST_TRAIN,
    SINGLE_INTERVAL,
    MAGPRO_BURST_INTERVAL_s,
    MAGPRO_PAUSE_s,
    MAGPRO_RATE_Hz,
)
from tmsim.rehearsal.rapid2 import Rapid2
from tmsim.rehearsal.terminal import HostLine, PseudoTerminal
from tmsim.rehearsal.types import (
    ByteCorrupted,
    CablePulled,
    CoilSwitchReleased,
    CoilUnplugged,
    EmulatedDevice,
    Fault,
    HostStalled,
    Refusal,
)


class SessionEndedError(Exception):
    """The host gave up: the device refused to begin, or is no longer armed."""

    def __init__(self, refusal: Refusal | None = None) -> None:
        self.refusal = refusal


class Bench:
    """The table in the lab: an emulator, the line to it, the clock on the wall, and what goes wrong."""

    def __init__(self, machine: Emulator, terminal: PseudoTerminal, faults: Sequence[Fault]) -> None:
        self.machine = machine
        self.line = HostLine(terminal.path, terminal)
        self.start_s: float | None = None
        self.commands: list[tuple[int, int]] = []
        """Pulses delivered and events noted before each command to fire."""
        self._terminal = terminal
        self._faults = sorted(faults, key=lambda fault: fault.at_s)

    def begin(self, start_s: float) -> None:
        """The session starts then: times of pulses and faults count from there."""
        self.start_s = start_s

    def fire(self) -> None:
        """A command to fire is sent next."""
        self.commands.append((len(self.machine.delivered), len(self.machine.events)))

    def wait_until(self, time_s: float) -> None:
        """Let time pass up to ``time_s`` of the emulator's clock, and let go wrong what is to."""
        while self.start_s is not None and self._faults:
            due_s = self.start_s + self._faults[0].at_s
            if due_s > max(time_s, self.machine.now_s):
                break
            self._pass(due_s - self.machine.now_s)
            self._go_wrong(self._faults.pop(0))
        self._pass(time_s - self.machine.now_s)

    def _pass(self, seconds: float) -> None:
        self._terminal.advance(max(seconds, 0.0))

    def _go_wrong(self, fault: Fault) -> None:
        match fault:
            case CablePulled():
                self.machine.note("cable pulled")
                self._terminal.pull()
            case HostStalled(for_s=for_s):
                self.machine.note(f"host stands still for {for_s:g} s")
                self._pass(for_s)
            case CoilUnplugged():
                self.machine.unplug_coil()
            case CoilSwitchReleased():
                self.machine.release_switch()
            case ByteCorrupted():
                self.line.corrupt_next = True


class Host(ABC):
    """A program that carries out one train at one output on one kind of device.

    ``n_pulses`` is how many pulses each command to fire asks for; ``notes`` what it had to
    tell otherwise than planned.
    """

    n_pulses: int
    notes: tuple[str, ...] = ()

    @abstractmethod
    def run(self, bench: Bench, intensity: PercentMSO) -> None:
        """Carry out the train, from taking control to giving it back.

        Raises
        ------
        SessionEndedError, LineLostError
            It could not go on.
        """


def host_for(device: EmulatedDevice, train: Train) -> Host:
    """The host that tells ``train`` to ``device``.

    Raises
    ------
    SessionEndedError
        The device's settings can't express the train.
    """
    match device:
        case Rapid2():
            return Rapid2Host(device, train)
        case MagProX100():
            return MagProHost(train)
    raise InputError("device", type(device).__name__, "a device that a host is known for")


_POKE_ARMED_s, _POKE_IDLE_s = 0.2, 2.0  # two lost signs of life in a row don't lose control
_LOOK_s = 0.04  # before it fires, and between looks, the host looks whether the device is ready
_PATIENCE_s = 1.0  # a train that can't begin within it is skipped
_LEAD_s = 2.0  # armed this long before the first pulse
_LONGEST_ARMED_s = 55.0  # without a pulse; the device disarms at 60 s
_SLOWEST_READY_s = 30.0
_STANDBY, _ARMED, _READY, _REMOTE = 0x01, 0x02, 0x04, 0x80


class Rapid2Host(Host):
    """Tells each train by its rate and number of pulses, and fires every train itself.

    Pulses a second apart or more whose rate is no whole tenth of a hertz are fired one by one.
    """

    def __init__(self, device: Rapid2, train: Train) -> None:
        self._device = device
        self._rate_tenths: int | None = None  # None: single pulses
        self.n_pulses = 1
        layers = train.layers
        if not layers:
            self._commands_s = [0.0]
            return
        inner = layers[0]
        rate = 1 / inner.exact_interval_s
        most_s = (10**device.duration_digits - 1) / 10
        if (10 * rate).denominator == 1:
            if inner.count / rate < SHORTEST_TRAIN.value:
                raise SessionEndedError(Refusal.NO_BURSTS)
            self._rate_tenths = int(10 * rate)
            self.n_pulses = _largest_part(inner.count, min(int(MOST_PULSES.value), int(most_s * rate)))
            parts = Layer(count=inner.count // self.n_pulses, interval_s=float(self.n_pulses / rate))
            self._commands_s = Train(layers=(parts, *layers[1:])).onsets_s().tolist()
            if parts.count > 1:
                self.notes = (
                    f"trains of {inner.count} pulses told as {parts.count} of {self.n_pulses}; the device "
                    "waits 0.5 s between them",
                )
        elif inner.interval_s >= SINGLE_INTERVAL.value:
            self._commands_s = train.onsets_s().tolist()
        else:
            raise SessionEndedError(Refusal.NOT_EXPRESSIBLE)

    def run(self, bench: Bench, intensity: PercentMSO) -> None:
        """Carry out the train, from taking control to giving it back."""
        self._bench, self._last_s, self._armed = bench, 0.0, False
        code = self._device.unlock_code if self._device.software >= 9 else "@"
        self._must(f"Q{code}", status=1)
        self._must(f"@{intensity.value:03.0f}", status=1)
        if self._rate_tenths is not None:
            self._must(f"[{10:0{self._device.duration_digits}d}", status=2)
            self._must(f"B{self._rate_tenths:04d}", status=2)
            self._must(f"D{self.n_pulses:0{self._device.pulse_digits}d}", status=2)
        self._arm()
        start_s = bench.machine.now_s + 2 * _LOOK_s
        bench.begin(start_s)
        train_s = self.n_pulses * 10 / self._rate_tenths if self._rate_tenths else 0.0
        for command_s in self._commands_s:
            self._fire_at(start_s + command_s)
            self._hold(bench.machine.now_s + train_s, _POKE_ARMED_s)
        self._ask("EA", status=1)
        self._ask("R@", status=1)

    def _arm(self) -> None:
        self._must("EB", status=1)
        give_up_s = self._bench.machine.now_s + _SLOWEST_READY_s
        while not self._poke() & _READY:
            if self._bench.machine.now_s > give_up_s:
                raise SessionEndedError
            self._bench.wait_until(self._bench.machine.now_s + 0.2)
        self._armed = True

    def _fire_at(self, time_s: float) -> None:
        """Keep control up to ``time_s`` and fire, or as soon after as the device is ready, within patience.

        Over a long pause the device is disarmed, and armed again before its end.
        """
        if time_s - self._bench.machine.now_s > _LONGEST_ARMED_s:
            self._ask("EA", status=1)
            self._armed = False
            self._hold(time_s - _LEAD_s, _POKE_IDLE_s)
            self._arm()
        self._hold(time_s - _LOOK_s, _POKE_ARMED_s)
        while not self._poke() & _READY and self._bench.machine.now_s < time_s + _PATIENCE_s:
            self._bench.wait_until(self._bench.machine.now_s + _LOOK_s)
        self._bench.wait_until(time_s)
        self._bench.fire()
        self._ask("EH", status=1)

    def _hold(self, time_s: float, every_s: float) -> None:
        while self._last_s + every_s < time_s:
            self._bench.wait_until(self._last_s + every_s)
            self._poke()
        self._bench.wait_until(time_s)

    def _poke(self) -> int:
        """Tell the device that the host lives, and see that it is as the host left it."""
        poke, status = ("x@", 2) if self._device.software >= 9 else ("Q@", 1)
        reply = self._ask(poke, status=status, more=2 if status == 2 else 0)
        if reply is None:
            return 0  # garbled on the line: try again at the next poke
        if self._armed and (reply[1] & _STANDBY or not reply[1] & _REMOTE):
            raise SessionEndedError
        return reply[1]

    def _must(self, command: str, *, status: int) -> None:
        if self._ask(command, status=status) is None:
            raise SessionEndedError

    def _ask(self, command: str, *, status: int, more: int = 0) -> bytes | None:
        """Send a command and take its reply, or None where it was refused."""
        line = self._bench.line
        line.write(magstim_frame(command.encode()))
        reply = line.read(1)
        if reply == b"?":
            return None
        reply += line.read(1)
        refused = reply[1:] in (b"?", b"S")  # no status reads so
        reply += line.read(1 if refused else status - 1 + more + 1)
        self._last_s = self._bench.machine.now_s
        return None if refused or magstim_frame(reply[:-1]) != reply else reply


class MagProHost(Host):
    """Tells the whole session, has the device carry it out, and watches.

    The device counts the pause between trains from the last pulse to the first of the next, so a train of 40
    pulses at 10 Hz every 30 s has a pause of 26.1 s. Closer pulses than its rates reach are told as bursts.
    """

    def __init__(self, train: Train) -> None:
        self.n_pulses = train.n_pulses
        for burst in (None, *train.layers[:1]):
            rest = train.layers if burst is None else train.layers[1:]
            told = _told(rest)
            if told is not None and (burst is None or _is_burst(burst)):
                self._mode, (self._sequence, self.notes) = _mode(burst), told
                return
        raise SessionEndedError(Refusal.NOT_EXPRESSIBLE)

    def run(self, bench: Bench, intensity: PercentMSO) -> None:
        """Carry out the train, from taking control to giving it back."""
        self._bench = bench
        self._must(self._mode)
        self._must(bytes([1, int(intensity.value)]))
        if self._sequence:
            self._must(self._sequence)
        self._must(bytes([2, 1]))
        bench.begin(bench.machine.now_s)
        bench.fire()
        self._ask(bytes([4 if self._sequence else 3]))
        running = True
        while running:
            bench.wait_until(bench.machine.now_s + _WATCH_s)
            enabled, running = self._watch()
            if not enabled:
                raise SessionEndedError
        self._ask(bytes([2, 0]))

    def _must(self, command: bytes) -> None:
        if not self._ask(command):
            raise SessionEndedError

    def _ask(self, command: bytes) -> bool:
        """Send a command, and whether it was taken.

        A device that refuses is silent; the status, asked for in the same breath, ends the wait.
        """
        self._bench.line.write(magventure_frame(command) + magventure_frame(b"\0"))
        if taken := self._packet()[0] == command[0]:
            self._packet()
        return taken

    def _watch(self) -> tuple[bool, bool]:
        """Whether the device is enabled, and whether its sequence runs."""
        self._bench.line.write(magventure_frame(b"\5"))
        packet = self._packet()
        return bool(packet[1] & _ENABLED), bool(packet[-1])

    def _packet(self) -> bytes:
        head = self._bench.line.read(2)
        return self._bench.line.read(head[1] + 2)[:-2]


_WATCH_s = 1.0
_MOST_ROUNDING = Fraction(1, 100)  # of a pause, to the tenth of a second that the device takes
_ENABLED = 0x10


def _is_burst(layer: Layer) -> bool:
    few, many = MAGPRO_BURST
    low, high = MAGPRO_BURST_INTERVAL_s
    return (
        few.value <= layer.count <= many.value
        and low.value <= layer.interval_s <= high.value
        and (10_000 * layer.exact_interval_s).denominator == 1
    )


def _mode(burst: Layer | None) -> bytes:
    """The command for single pulses, or for bursts: X100, standard mode, normal direction."""
    waveform, count, interval = 1, 2, 100
    if burst is not None:
        waveform, count, interval = 3, burst.count, int(10_000 * burst.exact_interval_s)
    return bytes([9, 1, 1, 0, 0, waveform, 5 - count]) + _words(interval, 100)


def _told(layers: Sequence[Layer]) -> tuple[bytes, tuple[str, ...]] | None:
    """The command that sets up these layers as trains, and notes on it; None if they can't be told so.

    A single trigger needs no command.
    """
    match layers:
        case []:
            return b"", ()
        case [only]:
            return _sequence(only, None) or _sequence(None, only)
        case [pulses, trains]:
            return _sequence(pulses, trains)
    return None


def _sequence(pulses: Layer | None, trains: Layer | None) -> tuple[bytes, tuple[str, ...]] | None:
    n_pulses, step = (pulses.count, pulses.exact_interval_s) if pulses else (1, Fraction(1))
    low, high = (limit.value for limit in MAGPRO_RATE_Hz)
    whole_step = 10 if step >= 1 else 1  # rates up to 1 Hz go in tenths
    if not low <= 1 / step <= high or (whole_step / step).denominator != 1:
        return None
    if n_pulses > MAGPRO_MOST_PULSES.value or (n_pulses > 1000 and n_pulses % 100):
        return None
    n_trains, pause = 1, Fraction(1)
    if trains:
        n_trains, pause = trains.count, trains.exact_interval_s - (n_pulses - 1) * step
    told_tenths = round(10 * pause)
    shortest, longest = (limit.value for limit in MAGPRO_PAUSE_s)
    if n_trains > MAGPRO_MOST_TRAINS.value or not shortest <= told_tenths / 10 <= longest:
        return None
    off = abs(Fraction(told_tenths, 10) - pause)
    if off > _MOST_ROUNDING * pause:
        return None
    notes = (f"pauses told as {told_tenths / 10:g} s, planned as {float(pause):.4g} s",) if off else ()
    return bytes([6]) + _words(int(10 / step), n_pulses, n_trains, told_tenths), notes


def _words(*values: int) -> bytes:
    return b"".join(value.to_bytes(2, "big") for value in values)


def _largest_part(count: int, most: int) -> int:
    """The largest divisor of ``count`` that is at most ``most``."""
    return next(part for part in range(min(count, most), 0, -1) if count % part == 0)
