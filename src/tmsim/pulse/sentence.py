"""Trains as sentences that read as papers have them, and back.

A sentence starts with its pulses and adds layers outwards::

    50 Hz | 3 pulses at 50 Hz | 4 pulses every 5 ms | 1 pulse
    every 0.2 s           what came so far is repeated, onset to onset
    2 s on, 8 s off       what came last goes on for 2 s; all of it is repeated every 10 s
    10 times              how often what came last is repeated
    for 600 pulses        how many in all; or ``for 15 min``, pauses included
"""

from __future__ import annotations

import re
from fractions import Fraction
from math import prod

from tmsim.core import InputError
from tmsim.pulse.types import Layer, Train

_NAMED = {
    "itbs": ("3 pulses at 50 Hz every 0.2 s, 2 s on, 8 s off", "for 600 pulses"),
    "ctbs": ("3 pulses at 50 Hz every 0.2 s", "for 600 pulses"),
}
"""What stands for a name, and how it ends unless the sentence says otherwise (timing: Huang2005)."""

_SECONDS = {
    "us": Fraction(1, 1_000_000),
    "µs": Fraction(1, 1_000_000),
    "μs": Fraction(1, 1_000_000),
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "min": Fraction(60),
}
_BURST = 10  # fewer pulses than this are counted, more are timed: "3 pulses at 50 Hz", but "10 Hz, 4 s on"
_LONGEST = 2000  # characters

_NUMBER = r"(\d+/\d+|\d+\.?\d*|\.\d+)"
_TIME = _NUMBER + r"\s*(us|µs|μs|ms|s|min)\b"
_PULSES = r"(\d+)\s+pulses?"
_CLAUSES = {
    name: re.compile(pattern + r"[\s,]*", re.IGNORECASE)
    for name, pattern in {
        "burst at a rate": rf"{_PULSES}\s+at\s+{_NUMBER}\s*Hz\b",
        "burst at an interval": rf"{_PULSES}\s+every\s+{_TIME}",
        "rate": rf"{_NUMBER}\s*Hz\b",
        "single": _PULSES,
        "every": rf"every\s+{_TIME}",
        "on and off": rf"{_TIME}\s+on\b[\s,]*{_TIME}\s+off\b",
        "times": r"(\d+)\s+times\b",
        "pulses in all": rf"for\s+{_PULSES}",
        "time in all": rf"for\s+{_TIME}",
    }.items()
}
_FIRST = ("burst at a rate", "burst at an interval", "rate", "single")
_LATER = tuple(name for name in _CLAUSES if name not in _FIRST)


def sentence(train: Train) -> str:
    """The train in words; :func:`parse_train` reads it back to the same train."""
    if not train.layers:
        return "1 pulse"
    counts = [layer.count for layer in train.layers]
    intervals = [layer.exact_interval_s for layer in train.layers]
    rate = _decimal(1 / intervals[0])
    by_rate = rate is not None and len(rate) <= len(_decimal(intervals[0]) or rate) + 2
    counted = counts[0] < _BURST
    if by_rate:
        text = f"{counts[0]} pulses at {rate} Hz" if counted else f"{rate} Hz"
    else:
        text = f"{counts[0] if counted else 1} pulse{'s' * counted} every {_time(intervals[0])}"
    for k in range(1, len(counts)):
        on, off = counts[k - 1] * intervals[k - 1], intervals[k] - counts[k - 1] * intervals[k - 1]
        if k == 1 and counted:
            text += f"{'' if by_rate else ','} every {_time(intervals[k])}"
        elif off > 0:
            text += f", {_time(on)} on, {_time(off)} off"
        else:  # it starts again within the interval after its last onset
            text += f", {counts[k - 1]} times, every {_time(intervals[k])}"
    if len(counts) == 1 and counted:
        return text
    return f"{text}{'' if len(counts) == 1 and by_rate else ','} for {train.n_pulses} pulses"


def parse_train(text: str) -> Train:
    """Read a train from a sentence, or by name: ``iTBS``, ``cTBS``, ``cTBS for 300 pulses``.

    >>> str(parse_train("iTBS"))
    '3 pulses at 50 Hz every 0.2 s, 2 s on, 8 s off, for 600 pulses'

    Also ``10 Hz, 4 s on, 26 s off, for 3000 pulses``, ``1 Hz for 15 min`` and
    ``4 pulses every 5 ms, every 5 s, for 1440 pulses``. Intervals run from onset to onset.

    Raises
    ------
    InputError
        A word that isn't understood, no end, or a contradiction: an interval shorter than what it repeats,
        a time or a number of pulses that isn't a whole number of repetitions.
    """
    if len(text) > _LONGEST:
        raise InputError("train", f"a sentence of {len(text)} characters", f"at most {_LONGEST}")
    rest = text.strip().rstrip(".")
    for name, (words, end) in _NAMED.items():
        if match := re.match(rf"{name}(?![\w])[\s,]*", rest, re.IGNORECASE):
            rest = f"{words}, {rest[match.end() :] or end}"
    reader = _Reader()
    expected = _FIRST
    while rest:
        for name in expected:
            if match := _CLAUSES[name].match(rest):
                break
        else:
            raise InputError(
                "train",
                repr(rest),
                "words such as 3 pulses at 50 Hz every 0.2 s, 2 s on, 8 s off, for 600 pulses",
            )
        reader.read(name, match.groups())
        rest, expected = rest[match.end() :], _LATER
    return reader.train()


class _Reader:
    """Layers so far, inner to outer, and the interval of one whose count isn't known yet."""

    def __init__(self) -> None:
        self.layers: list[tuple[int, Fraction]] = []
        self.open_s: Fraction | None = None

    def read(self, clause: str, words: tuple[str, ...]) -> None:
        if clause == "rate":
            self.open_s = 1 / _number(words[0])
        elif clause == "single":
            self.layers.append((_count(words[0]), Fraction(1)))
            if words[0] != "1":
                raise InputError("train", f"{words[0]} pulses without a rate", "such as 3 pulses at 50 Hz")
        elif clause in ("burst at a rate", "burst at an interval"):
            interval = 1 / _number(words[1]) if clause == "burst at a rate" else _seconds(*words[1:])
            if _count(words[0]) == 1:
                self.open_s = interval
            else:
                self.layers.append((_count(words[0]), interval))
        elif clause == "every":
            if self.open_s is not None:
                raise InputError(
                    "train", f"every {_time(_seconds(*words))}, with no count of what is repeated",
                    "the count before it", "Such as 10 times, or 2 s on, 8 s off.",
                )  # fmt: skip
            self.open_s = _seconds(*words)
        elif clause == "on and off":
            on, off = _seconds(*words[:2]), _seconds(*words[2:])
            self._close(self._whole(on, f"{_time(on)} on"))
            self.open_s = on + off
        elif clause == "times":
            self._close(_count(words[0]))
        elif clause == "pulses in all":
            self._close_at(_count(words[0]))
        else:
            duration = _seconds(*words)
            self._close(self._whole(duration, f"{_time(duration)} in all"))

    def train(self) -> Train:
        if self.open_s is not None or not self.layers:
            raise InputError(
                "train", "no end", "how many pulses there are in all", "Such as: for 600 pulses."
            )
        return Train(layers=tuple(Layer(count=n, interval_s=float(s)) for n, s in self.layers))

    @property
    def _pulses(self) -> int:
        return prod(count for count, _ in self.layers)

    def _interval(self) -> Fraction:
        if self.open_s is None:
            raise InputError(
                "train", "a count of nothing", "an interval or a rate before it", "Such as every 0.2 s."
            )
        return self.open_s

    def _close(self, count: int) -> None:
        self.layers.append((count, self._interval()))
        self.open_s = None

    def _whole(self, duration_s: Fraction, said: str) -> int:
        count = duration_s / self._interval()
        if count.denominator != 1 or count < 1:
            raise InputError(
                "train", said, f"a whole number of times {_time(self._interval())}, the interval before it"
            )
        return int(count)

    def _close_at(self, pulses: int) -> None:
        inner = self._pulses
        if self.open_s is None and pulses == inner:
            return
        if self.open_s is None:
            raise InputError("train", f"{pulses} pulses", f"{inner}, as the words before say")
        if pulses % inner:
            raise InputError(
                "train", f"{pulses} pulses in all", f"a multiple of {inner}, the pulses repeated"
            )
        self._close(pulses // inner)


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise InputError("train", text, "a count of at least 1")
    return count


def _number(text: str) -> Fraction:
    top, _, bottom = text.partition("/")
    if (bottom and int(bottom) == 0) or Fraction(top) == 0:
        raise InputError("train", repr(text), "a number above 0")
    return Fraction(top) / int(bottom or 1)


def _seconds(text: str, unit: str) -> Fraction:
    return _number(text) * _SECONDS[unit.lower()]


def _decimal(value: Fraction) -> str | None:
    """The exact decimal of ``value``, or None where it doesn't end."""
    twos = fives = 0
    rest = value.denominator
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return None
    places = max(twos, fives)
    digits = str(value.numerator * 10**places // value.denominator).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits


def _time(value_s: Fraction) -> str:
    value, unit = (value_s * 1000, "ms") if value_s < Fraction(1, 10) else (value_s, "s")
    return f"{_decimal(value) or value} {unit}"
