"""A pulse as it leaves the stimulator, and the order in which pulses follow each other."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import Literal

import numpy as np

from tmsim.core import FloatArray, InputError, as_array, read_only

Kind = Literal["monophasic", "biphasic", "half-sine", "rectangular", "recorded"]

PULSE_S = (20e-6, 10e-3)
"""Shortest and longest pulse that is taken for one: stimulators make 20 us to some ms. A time axis in
another unit falls outside."""
_ONSET = 0.1  # of the peak: what a record shows before it rises this far is noise
_INTERVAL_S = (1e-6, 86400.0)
_MOST_PULSES = 1_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Waveform:
    """One pulse: dI/dt of the coil current against time, its first phase positive, its largest |value| 1.

    The induced field follows it: E(t) = E at rising current times ``didt(t)``. Which way the current of the
    first phase runs in the head is a matter of the coil and its pose, never of the waveform.

    Parameters
    ----------
    time_s
        From 0, where the current starts to rise, strictly rising, (n,). [s]
    didt
        dI/dt at those times, linear between them, (n,); brought to a largest absolute value of 1.

    Raises
    ------
    InputError
        NaN, times that don't rise from 0, no pulse at all, a duration outside ``PULSE_S``, or a first phase
        below zero.
    """

    name: str
    kind: Kind
    time_s: FloatArray
    didt: FloatArray

    def __post_init__(self) -> None:
        what = f"waveform {self.name}"
        time = as_array(f"{what}, time", self.time_s, (None,))
        didt = as_array(f"{what}, dI/dt", self.didt, (len(time),))
        if len(time) < 2 or np.diff(time).min() <= 0 or time[0] != 0:
            raise InputError(
                f"{what}, time", "not rising from 0", "at least two strictly rising times from 0"
            )
        if not PULSE_S[0] <= time[-1] <= PULSE_S[1]:
            raise InputError(
                what, f"a pulse of {time[-1]:.4g} s", f"{PULSE_S[0] * 1e6:g} us to {PULSE_S[1] * 1e3:g} ms",
                "Is the time in seconds?",
            )  # fmt: skip
        peak = np.abs(didt).max()
        if peak == 0:
            raise InputError(f"{what}, dI/dt", "all zero", "a pulse")
        if first_phase(didt) < 0:
            raise InputError(
                f"{what}, dI/dt", "a first phase below zero", "a first phase above zero",
                "Turn its sign, and the coil instead.",
            )  # fmt: skip
        object.__setattr__(self, "time_s", time)
        object.__setattr__(self, "didt", read_only(didt / peak))

    @property
    def duration_s(self) -> float:
        """From the rise of the current to the end of the pulse. [s]"""
        return float(self.time_s[-1])

    @cached_property
    def current_s(self) -> FloatArray:
        """Coil current per unit of peak dI/dt, (n,): the integral of ``didt``, times peak dI/dt in A. [s]"""
        steps = np.diff(self.time_s) * (self.didt[1:] + self.didt[:-1]) / 2
        return read_only(np.concatenate([[0.0], np.cumsum(steps)]))

    def peak_current_A(self, didt_A_per_s: float) -> float:
        """Largest coil current of a pulse whose peak dI/dt is ``didt_A_per_s``. [A]"""
        return didt_A_per_s * float(np.abs(self.current_s).max())

    @property
    def first_phase_s(self) -> float:
        """How long the first phase lasts: until dI/dt first is zero and the current at its peak. [s]"""
        above = np.flatnonzero(self.didt > _ONSET)[0]
        later = np.flatnonzero(self.didt[above:] <= 0)
        if not len(later):
            return self.duration_s
        k = above + later[0]
        t, y = self.time_s[k - 1 : k + 1], self.didt[k - 1 : k + 1]
        return float(t[0] + (t[1] - t[0]) * y[0] / (y[0] - y[1]))

    @property
    def second_peak(self) -> float:
        """The most negative dI/dt, against the largest; 0 if there is none below zero."""
        return min(0.0, float(self.didt.min()))

    @property
    def imbalance(self) -> float:
        """Net integral of dI/dt, and so of E, over that of its positive part: 0 for a closed pulse."""
        positive = np.maximum(self.didt, 0)
        rise = float(np.sum(np.diff(self.time_s) * (positive[1:] + positive[:-1]) / 2))
        return float(self.current_s[-1]) / rise

    def sampled(self, step_s: float) -> FloatArray:
        """``didt`` at 0, step, 2 step, ... up to the duration, by linear interpolation.

        Raises
        ------
        InputError
            The step isn't above 0, or is longer than a tenth of the pulse.
        """
        if not 0 < step_s <= self.duration_s / 10:
            raise InputError("time step", f"{step_s:g} s", f"above 0, at most {self.duration_s / 10:.3g} s")
        count = int(self.duration_s / step_s * (1 + 1e-12)) + 1
        return np.interp(np.arange(count) * step_s, self.time_s, self.didt)


@dataclass(frozen=True, kw_only=True)
class Output:
    """What one pulse asks of the stimulator at some strength."""

    didt_A_per_s: float  # peak
    current_A: float  # peak, in the coil
    voltage_V: float  # of the charged capacitor; of the first, where there are two
    stored_J: float  # on the capacitors before the pulse
    lost_J: float  # of that, what isn't back on them afterwards: heat in coil, cable and device


@dataclass(frozen=True, kw_only=True, eq=False)
class GeneratedWaveform(Waveform):
    """A waveform that was worked out from a circuit; its figures hold for a peak dI/dt of 1 A/us.

    Parameters
    ----------
    voltage_V
        Of the charged capacitor; proportional to dI/dt.
    stored_J, lost_J
        On the capacitors before the pulse, and missing from them afterwards; they go with its square.
    """

    voltage_V: float
    stored_J: float
    lost_J: float

    def output(self, didt_A_per_s: float) -> Output:
        """Current, voltage and energy of a pulse of that peak dI/dt."""
        gain = didt_A_per_s / 1e6
        return Output(
            didt_A_per_s=didt_A_per_s,
            current_A=self.peak_current_A(didt_A_per_s),
            voltage_V=self.voltage_V * gain,
            stored_J=self.stored_J * gain**2,
            lost_J=self.lost_J * gain**2,
        )


def first_phase(didt: FloatArray) -> float:
    """Sign of the first phase, 1 or -1: that of the first value above a tenth of the peak."""
    size = np.abs(didt)
    return float(np.sign(didt[np.argmax(size > _ONSET * size.max())]))


@dataclass(frozen=True, kw_only=True)
class Layer:
    """``count`` repetitions of what lies inside, ``interval_s`` from onset to onset. [s]"""

    count: int
    interval_s: float

    def __post_init__(self) -> None:
        if not isinstance(self.count, int | np.integer) or self.count < 1:
            raise InputError("count of a train's layer", f"{self.count}", "a whole number, at least 1")
        low, high = _INTERVAL_S
        if not low <= self.interval_s <= high:
            raise InputError("interval of a train", f"{self.interval_s} s", "1 us to 1 day")
        object.__setattr__(self, "count", int(self.count))
        object.__setattr__(self, "interval_s", float(self.interval_s))

    @property
    def exact_interval_s(self) -> Fraction:
        """The number that ``interval_s`` stands for: the simplest fraction that rounds to it. [s]

        0.1 is a tenth, and 0.05555555555555555 an eighteenth, so that sums and ratios of intervals are exact.
        """
        value = Fraction(self.interval_s)
        digits = 0
        while float(simple := value.limit_denominator(10**digits)) != self.interval_s:
            digits += 1
        return simple


@dataclass(frozen=True, kw_only=True)
class Train:
    """Pulses in nested layers, inner to outer; of several ways to nest the same pulses one is kept.

    Layers of count 1 are dropped, and a layer that goes on where the one inside it ends is merged with
    it. No layers are a single pulse. ``str`` is a sentence that :func:`parse_train` reads back.

    Raises
    ------
    InputError
        A layer starts again before what lies inside is over, or there are more than a million pulses.
    """

    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        kept: list[Layer] = []
        span = Fraction(0)  # from the first to the last onset so far
        for layer in self.layers:
            if layer.count == 1:
                continue
            interval = layer.exact_interval_s
            if interval <= span:
                raise InputError(
                    "train", f"repeated every {float(interval):g} s, while what is repeated lasts "
                    f"{float(span):g} s", "an interval longer than what it repeats",
                    "Intervals run from onset to onset.",
                )  # fmt: skip
            span += (layer.count - 1) * interval
            if kept and kept[-1].count * kept[-1].exact_interval_s == interval:
                layer = Layer(count=kept[-1].count * layer.count, interval_s=kept.pop().interval_s)
            kept.append(layer)
        object.__setattr__(self, "layers", tuple(kept))
        if self.n_pulses > _MOST_PULSES:
            raise InputError("train", f"{self.n_pulses} pulses", f"at most {_MOST_PULSES}")

    def __str__(self) -> str:
        from tmsim.pulse.sentence import sentence

        return sentence(self)

    @property
    def n_pulses(self) -> int:
        """How many pulses there are."""
        return prod(layer.count for layer in self.layers)

    @property
    def cycle_s(self) -> float:
        """Until it could start again in its own rhythm: count times interval of the outer layer. [s]"""
        return float(self.layers[-1].count * self.layers[-1].exact_interval_s) if self.layers else 0.0

    @property
    def last_pulse_s(self) -> float:
        """Onset of the last pulse. [s]"""
        return float(sum((layer.count - 1) * layer.exact_interval_s for layer in self.layers))

    def onsets_s(self) -> FloatArray:
        """Onset of each pulse, rising from 0, (n_pulses,). [s]"""
        onsets = np.zeros(1)
        for layer in self.layers:
            onsets = (np.arange(layer.count)[:, None] * layer.interval_s + onsets).ravel()
        return onsets
