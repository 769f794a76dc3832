"""Recorded pulses: from a text file, or from a coil file that carries one."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from tmsim.coil import RecordedWaveform
from tmsim.core import FloatArray, InputError, as_array
from tmsim.formats.files import read_bytes
from tmsim.pulse.types import Waveform, first_phase

_LARGEST = 50_000_000  # bytes
_HEADER_LINES = 20
_WORDS = re.compile(r"[,;\s]+")
_TIME_UNIT = re.compile(r"(?:^|[\W_])(s|ms|us|µs|μs)\W*$", re.IGNORECASE)
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6}
_QUIET = 0.01  # of the peak


def read_waveform(path: str | Path) -> Waveform:
    """A recorded pulse: a table of time and dI/dt (or induced E, or the voltage of a pick-up coil).

    Columns apart by commas, semicolons, tabs or spaces; only the first two count, in any unit of the second.
    Time is in seconds, unless the name of its column ends in ``ms`` or ``us``, such as ``time_us`` or
    ``t [ms]``. What lies before the pulse is cut off. If the first phase is negative the sign is turned:
    direction belongs to the coil and its pose.

    Raises
    ------
    InputError
        The file is missing or no such table; NaN; times that don't rise; all zero; or a pulse that is
        shorter or longer than any, as with time in another unit.
    """
    path = Path(path)
    try:
        text = read_bytes(path, _LARGEST).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(str(path), "not a text file", "columns of time and dI/dt") from None
    rows: list[tuple[float, float]] = []
    header: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = [word for word in _WORDS.split(line.split("#")[0].strip()) if word]
        if not words:
            continue
        try:
            rows.append((float(words[0]), float(words[1])))
        except (ValueError, IndexError):
            if rows or number > _HEADER_LINES:
                raise InputError(
                    str(path), f"{line.strip()[:40]!r} in line {number}", "two numbers"
                ) from None
            header.append(re.split(r"[,;\t]", line.strip())[0].strip().strip("\"'"))
    if not rows:
        raise InputError(str(path), "no numbers", "columns of time and dI/dt")
    unit = _TIME_UNIT.search(header[-1]) if header else None
    time, didt = np.array(rows).T
    scale = _SECONDS[unit[1].lower()] if unit else 1.0
    return _record(path.name, time * scale, didt)


def recorded(record: RecordedWaveform) -> Waveform:
    """The pulse that a coil file carries, with what lies before it cut off and its first phase positive."""
    return _record(record.name, record.time_s, record.didt)


def _record(name: str, time_s: FloatArray, didt: FloatArray) -> Waveform:
    time_s = as_array(f"{name}, time", time_s, (None,))
    didt = as_array(f"{name}, dI/dt", didt, (len(time_s),))
    if len(time_s) < 2 or np.diff(time_s).min() <= 0:
        raise InputError(f"{name}, time", "not rising", "at least two times, strictly rising")
    size = np.abs(didt)
    if not size.any():
        raise InputError(f"{name}, dI/dt", "all zero", "a pulse")
    risen = int(np.argmax(size > 0.1 * size.max()))
    quiet = np.flatnonzero(size[:risen] <= _QUIET * size.max())
    start = int(quiet[-1]) if len(quiet) else 0
    end = min(len(didt), int(np.flatnonzero(size)[-1]) + 2)  # of the zeros after the pulse one is kept
    return Waveform(
        name=name,
        kind="recorded",
        time_s=time_s[start:end] - time_s[start],
        didt=didt[start:end] * first_phase(didt),
    )
