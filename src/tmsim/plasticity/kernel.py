"""The evidence kernel: what was measured after trains of one rate and after quadripulse stimulation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tmsim.core import FloatArray, InputError, OutsideModelError
from tmsim.plasticity.parameters import EVIDENCE, ITBS600, Evidence, QUADRIPULSE_INTERVAL_s
from tmsim.plasticity.theta_burst import is_theta_burst
from tmsim.plasticity.types import (
    AfterEffect,
    Response,
    State,
    TIME_s,
    is_sham,
    unchanged,
)
from tmsim.pulse.intensity import Intensity
from tmsim.pulse.types import Train


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """A table: effect at its peak, time of the peak, half-life and spread, by kind of train."""

    name: ClassVar[str] = "kernel"
    label: ClassVar[str] = "table of published after-effects of 1, 5, 10 and 20 Hz, QPS5 and QPS50"
    validity: ClassVar[str] = (
        "Trains of one rate of 0.5 to 1.2 or 4 to 25 Hz, with or without pauses, and four-pulse bursts at 5 "
        "or 50 ms every 5 s; most sizes are recalled, unverified."
    )

    def after_effect(
        self, train: Train, intensity: Intensity | None = None, state: State | None = None
    ) -> AfterEffect:
        """See :class:`PlasticityModel`; it has no state, what came before does not enter."""
        if state is not None:
            raise InputError("state", f"a {type(state).__name__}", "none: the kernel has no memory")
        if is_sham(intensity):
            return unchanged(self.name, None)
        row = evidence(train)
        scale = min(train.n_pulses / row.pulses.value, 1.0)
        return AfterEffect(
            time_s=TIME_s,
            change=scale * row.effect.value * course(row, TIME_s),
            response=Response(
                mean=1.0, sd=row.spread.value / abs(row.effect.value), share=ITBS600.share.value
            ),
            model=self.name,
            notes=_notes(row, train, intensity),
            sources=row.sources,
        )


def evidence(train: Train) -> Evidence:
    """The row of the table that a train falls under.

    Raises
    ------
    OutsideModelError
        None does; the sentence says what the table holds.
    """
    if is_theta_burst(train):
        raise OutsideModelError(f"{train} is theta burst; the table holds none. Use the model huang.")
    inner, *outer = train.layers or (None,)
    if inner is None:
        raise OutsideModelError(
            "A single pulse; expected a train: no after-effect of single pulses is known."
        )
    if len(outer) > 1:
        raise OutsideModelError(f"{train} is a train of trains of bursts; expected pulses of one rate.")
    rate_Hz = 1 / inner.interval_s
    quadripulse = (
        inner.count == 4
        and len(outer) == 1
        and abs(outer[0].interval_s / QUADRIPULSE_INTERVAL_s.value - 1) < 1e-6
    )
    for row in EVIDENCE.values():
        low, high = row.rates_Hz
        if row.quadripulse == quadripulse and low <= rate_Hz <= high:
            return row
    what = "4-pulse bursts" if quadripulse else "pulses"
    between = " Between 1.2 and 4 Hz the effect changes sign, and where is not established."
    raise OutsideModelError(
        f"{what} at {rate_Hz:.4g} Hz; expected one of {', '.join(EVIDENCE)}."
        + (between if 1.2 < rate_Hz < 4 else "")
    )


def course(row: Evidence, time_s: FloatArray) -> FloatArray:
    """The effect over that at its peak: a straight rise to the peak, and an exponential fall from it."""
    peak_s = row.peak_s.value
    rise = time_s / peak_s if peak_s else np.ones_like(time_s)
    fall = 0.5 ** ((time_s - peak_s) / row.half_life_s.value)
    return np.where(time_s < peak_s, rise, fall)


def _notes(row: Evidence, train: Train, intensity: Intensity | None) -> tuple[str, ...]:
    unsure = [
        name
        for name, p in zip(
            ("effect", "time of peak", "half-life", "spread", "pulses"), row.parameters, strict=True
        )
        if p.status == "unverified"
    ]
    notes = [f"Row {row.name}; unverified: {', '.join(unsure)}."]
    if row.note:
        notes.append(row.note)
    rate_Hz = 1 / train.layers[0].interval_s
    if not row.quadripulse and abs(rate_Hz / float(row.name.split()[0]) - 1) > 0.15:
        notes.append(f"{rate_Hz:.3g} Hz is taken for {row.name}.")
    if row.quadripulse:
        notes.append("Seen with monophasic pulses; priming shifts the sign (Hamada2008), and does not enter.")
    if train.n_pulses > row.pulses.value:
        notes.append(f"Of the {train.n_pulses} pulses no more than {row.pulses.value:g} count.")
    elif train.n_pulses < row.pulses.value:
        notes.append(
            f"{train.n_pulses} pulses: the effect of {row.pulses.value:g} is scaled down, which is a choice."
        )
    given = "" if intensity is None else f" ({intensity} was given)"
    notes.append(f"Intensity{given}, pauses between trains and earlier blocks do not enter.")
    notes.append("Measured over the motor cortex; that it holds elsewhere is not shown.")
    return tuple(notes)
