"""The serial line: a pseudo-terminal with an emulator on one end and a host on the other."""

from __future__ import annotations

import contextlib
import os
import select
import selectors
import threading
import tty
from pathlib import Path
from types import TracebackType

from tmsim.core import InputError, TmsimError
from tmsim.rehearsal.machine import Emulator

_PATIENCE_s = 10.0  # of a real clock: an emulator answers within a millisecond


class LineLostError(TmsimError):
    """Nothing answers on the line any more."""


class PseudoTerminal:
    """An emulator that serves ``path``, a pseudo-terminal, from a thread of its own until it is closed.

    The thread sleeps until bytes come; time for the emulator passes as its own clock has it.
    """

    def __init__(self, machine: Emulator) -> None:
        self._machine = machine
        self._lock = threading.Lock()
        self._master, self._slave = os.openpty()
        os.set_blocking(self._master, False)
        tty.setraw(self._slave)  # bytes as they are: no echo, no line ends
        self.path = os.ttyname(self._slave)
        self._woken, self._waker = os.pipe()
        self._fault: Exception | None = None
        self._thread = threading.Thread(target=self._serve, name=f"emulator on {self.path}", daemon=True)
        self._thread.start()

    def __enter__(self) -> PseudoTerminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        try:
            self.pull()
        finally:
            for end in (self._slave, self._woken, self._waker):
                os.close(end)

    def is_at(self, path: str) -> bool:
        """Whether ``path`` leads to this pseudo-terminal, and to nothing else."""
        try:
            return Path(path).stat().st_rdev == os.fstat(self._slave).st_rdev
        except OSError:
            return False

    def advance(self, seconds: float) -> None:
        """Let the emulator's time pass. [s]"""
        with self._lock:
            self._machine.advance(seconds)

    def pull(self) -> None:
        """Pull the cable: the host's end hangs up. The emulator lives on, with nobody on the line.

        A fault of the emulator itself, which also ends the line, is raised here.
        """
        os.write(self._waker, b"\0")
        self._thread.join()
        if self._fault is not None:
            raise self._fault

    def _serve(self) -> None:
        try:
            with selectors.DefaultSelector() as ready:
                ready.register(self._master, selectors.EVENT_READ)
                ready.register(self._woken, selectors.EVENT_READ)
                while True:
                    if any(key.fd == self._woken for key, _ in ready.select()):
                        return
                    data = os.read(self._master, 4096)
                    with self._lock:
                        reply = self._machine.receive(data)
                    with contextlib.suppress(BlockingIOError):  # a host that doesn't read loses bytes
                        os.write(self._master, reply)
        except Exception as fault:
            self._fault = fault
        finally:
            os.close(self._master)


class HostLine:
    """The host's end of a pseudo-terminal.

    It opens the path of the emulator it was given and refuses every other, so that no command can reach a
    real stimulator.

    Raises
    ------
    InputError
        The path isn't that of ``terminal``.
    """

    def __init__(self, path: str, terminal: PseudoTerminal) -> None:
        if not terminal.is_at(path):
            raise InputError(
                path, "not the emulator's own pseudo-terminal", terminal.path,
                "A rehearsal talks to emulators only, never to a device.",
            )  # fmt: skip
        self._end = os.open(path, os.O_RDWR | os.O_NOCTTY)
        self.corrupt_next = False
        """Turn one bit of what is written next."""

    def close(self) -> None:
        """Leave the line."""
        os.close(self._end)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        if self.corrupt_next:
            self.corrupt_next = False
            data = data[:-2] + bytes([data[-2] ^ 0x04]) + data[-1:]
        try:
            os.write(self._end, data)
        except OSError:
            raise LineLostError("the line is dead: the cable was pulled.") from None

    def read(self, size: int) -> bytes:
        """Wait for exactly ``size`` bytes."""
        data = b""
        while len(data) < size:
            if not select.select([self._end], [], [], _PATIENCE_s)[0]:
                raise LineLostError(f"no answer within {_PATIENCE_s:g} s.")
            try:
                part = os.read(self._end, size - len(data))
            except OSError:
                part = b""
            if not part:
                raise LineLostError("the line is dead: the cable was pulled.")
            data += part
        return data
