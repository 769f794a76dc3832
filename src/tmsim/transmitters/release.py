"""Transmitters over a session and over a course: the circuit fires the cells, the terminals release."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from tmsim.core import FloatArray, InputError, read_only
from tmsim.transmitters.circuit import driven_circuit
from tmsim.transmitters.evidence import EVIDENCE, TRANSMITTERS
from tmsim.transmitters.parameters import WEIGHTS, COERULEUS_Hz, OUTPUT_MOST_Hz
from tmsim.transmitters.serotonin import SerotoninTerminal
from tmsim.transmitters.terminal import Terminal
from tmsim.transmitters.types import (
    CASES,
    HEALTHY,
    CourseRelease,
    Desensitisation,
    Gain,
    Pharmacology,
    PrefrontalDrive,
    Release,
    Resting,
    WINDOW_s,
    relative_change,
)
from tmsim.transmitters.uptake import dopamine_terminal, noradrenaline_terminal

_CIRCUIT_STEP_s = 5e-3  # a second's mean differs by less than 1 % from that at the published step
_SETTLING_s = 60.0
_LONGEST_AFTER_s = 6 * 3600.0
_MOST_SESSIONS = 200
_SOURCES = ("Joshi2017", "Best2010", "Best2020", "Palij1994")
_NOTES: tuple[str, ...] = (
    "How prefrontal output drives the cells is an extrapolation: no study measured it in people.",
    "Whether the prefrontal cortex excites or inhibits serotonin and noradrenaline cells is not known: both "
    "are shown.",
    "Dopamine falls back within seconds here; in people it stayed raised for an hour or more (Shaikh2024).",
    "Two sets of weights of the circuit are nearly alike at rest and part under drugs: both are shown.",
)


def resting(pharmacology: Pharmacology = HEALTHY) -> Resting:
    """Firing and extracellular transmitters at rest under drugs, with each set of weights."""
    brains = [_resting(weights, pharmacology) for weights in WEIGHTS]
    held = [
        [terminal.concentration_M(terminal.settled()) for terminal in brain.terminals] for brain in brains
    ]
    return Resting(
        pharmacology=pharmacology,
        weights=tuple(WEIGHTS),
        rate_Hz=read_only(np.stack([brain.rest_Hz for brain in brains], axis=1)),
        concentration_M=read_only(np.stack([brain.rest_M for brain in brains], axis=1)),
        held_M=read_only(np.stack(held, axis=1)),
    )


def session_release(
    drive: PrefrontalDrive,
    *,
    pharmacology: Pharmacology = HEALTHY,
    gain: Gain | None = None,
    aftermath_s: float = 1800.0,
) -> Release:
    """Extracellular transmitters over one session and its aftermath, for each of the cases.

    Parameters
    ----------
    aftermath_s
        How long to go on after the session, whole seconds. [s]

    Raises
    ------
    InputError
        The aftermath isn't 0 s to 6 h in whole seconds.
    """
    if not 0 <= aftermath_s <= _LONGEST_AFTER_s or aftermath_s % WINDOW_s:
        raise InputError("aftermath", f"{aftermath_s} s", "whole seconds, 0 s to 6 h")
    gain = gain or Gain()
    output_Hz = np.concatenate([_output_Hz(drive), np.zeros(round(aftermath_s / WINDOW_s))])
    brains = [_resting(case.weights, pharmacology) for case in CASES]
    runs = [brain.run(output_Hz, gain, case.sign) for brain, case in zip(brains, CASES, strict=True)]
    rest_M = np.stack([brain.rest_M for brain in brains], axis=1)
    return Release(
        cases=CASES,
        time_s=read_only((np.arange(len(output_Hz)) + 0.5) * WINDOW_s),
        session_s=drive.session_s,
        rate_Hz=read_only(np.stack([run.rate_Hz for run in runs], axis=1)),
        concentration_M=read_only(np.stack([run.concentration_M for run in runs], axis=1)),
        rest_M=read_only(rest_M),
        notes=_notes(drive, rest_M),
        sources=_sources(),
    )


def course_release(
    drive: PrefrontalDrive,
    *,
    sessions: int,
    sessions_per_day: int = 1,
    between_sessions_s: float = 0.0,
    pharmacology: Pharmacology = HEALTHY,
    gain: Gain | None = None,
    desensitisation: Desensitisation | None = None,
) -> CourseRelease:
    """Extracellular transmitters from session to session, as serotonin autoreceptors lose sensitivity.

    Sessions of one day carry on where the last left off; a night brings every cell back to its rest.

    Parameters
    ----------
    between_sessions_s
        From the end of a session to the start of the next on the same day, whole seconds. [s]

    Raises
    ------
    InputError
        Not 1 to 200 sessions, not 1 to 50 a day, or a pause that isn't 0 s to 6 h in whole seconds.
    """
    if not 1 <= sessions <= _MOST_SESSIONS:
        raise InputError("sessions", str(sessions), f"1 to {_MOST_SESSIONS}")
    if not 1 <= sessions_per_day <= 50:
        raise InputError("sessions per day", str(sessions_per_day), "1 to 50")
    if not 0 <= between_sessions_s <= _LONGEST_AFTER_s or between_sessions_s % WINDOW_s:
        raise InputError("time between sessions", f"{between_sessions_s} s", "whole seconds, 0 s to 6 h")
    gain, desensitisation = gain or Gain(), desensitisation or Desensitisation()
    autoreceptor = pharmacology.autoreceptor * desensitisation.after(np.arange(float(sessions)))
    output_Hz, pause = _output_Hz(drive), np.zeros(round(between_sessions_s / WINDOW_s))
    shape = (len(TRANSMITTERS), len(CASES), sessions)
    rest_M, mean_M = np.empty(shape), np.empty(shape)
    for k, case in enumerate(CASES):
        left: _Run | None = None
        for n in range(sessions):
            brain = _resting(case.weights, replace(pharmacology, autoreceptor=float(autoreceptor[n])))
            run = brain.run(output_Hz, gain, case.sign, left)
            rest_M[:, k, n], mean_M[:, k, n] = brain.rest_M, run.concentration_M.mean(axis=1)
            last_of_day = (n + 1) % sessions_per_day == 0
            left = None if last_of_day else brain.run(pause, gain, case.sign, run)
    return CourseRelease(
        cases=CASES,
        autoreceptor=read_only(autoreceptor),
        rest_M=read_only(rest_M),
        mean_M=read_only(mean_M),
        notes=(
            "That autoreceptors lose sensitivity was seen in rats (Gur2000); by how much, and in people, is "
            "a choice. That serotonin at rest rises over the course follows from it.",
            *_notes(drive, rest_M),
        ),
        sources=_sources("Gur2000"),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Run:
    """A stretch of time in one case, (3, n), and the states at its end."""

    rate_Hz: FloatArray
    concentration_M: FloatArray
    circuit: FloatArray
    terminals: tuple[FloatArray, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Brain:
    """Circuit and terminals with one set of weights, and their states at rest under the person's drugs."""

    weights: str
    pharmacology: Pharmacology
    healthy_Hz: FloatArray  # rates without drugs, (3,), to which firing of the terminals is relative
    rest_Hz: FloatArray  # rates with them, (3,)
    circuit: FloatArray
    terminals: tuple[Terminal, ...]
    states: tuple[FloatArray, ...]

    @property
    def rest_M(self) -> FloatArray:
        pairs = zip(self.terminals, self.states, strict=True)
        return np.array([terminal.concentration_M(state) for terminal, state in pairs])

    def run(self, output_Hz: FloatArray, gain: Gain, sign: int, start: _Run | None = None) -> _Run:
        drive = np.zeros((len(output_Hz), 3))
        drive[:, 0] = gain.dopamine * output_Hz
        drive[:, 1] = sign * gain.serotonin * output_Hz
        cells = driven_circuit(
            drive,
            weights=self.weights,
            pharmacology=self.pharmacology,
            start=start.circuit if start else self.circuit,
            step_s=_CIRCUIT_STEP_s,
        )
        coeruleus_Hz = np.maximum(COERULEUS_Hz.value + sign * gain.noradrenaline * output_Hz, 0.0)
        rate_Hz = np.stack([cells.dopamine_Hz, cells.serotonin_Hz, coeruleus_Hz])
        states = start.terminals if start else self.states
        ends = [
            terminal.advance(rate / healthy, state)
            for terminal, rate, healthy, state in zip(
                self.terminals, rate_Hz, self.healthy_Hz, states, strict=True
            )
        ]
        return _Run(
            rate_Hz=rate_Hz,
            concentration_M=np.stack([concentration for concentration, _ in ends]),
            circuit=cells.state,
            terminals=tuple(state for _, state in ends),
        )


@lru_cache(maxsize=256)
def _resting(weights: str, pharmacology: Pharmacology) -> _Brain:
    settling = np.zeros((round(_SETTLING_s / WINDOW_s), 3))
    healthy, now = (
        driven_circuit(settling, weights=weights, pharmacology=drugs, step_s=_CIRCUIT_STEP_s)
        for drugs in (HEALTHY, pharmacology)
    )
    healthy_Hz = np.array([healthy.dopamine_Hz[-1], healthy.serotonin_Hz[-1], COERULEUS_Hz.value])
    now_Hz = np.array([now.dopamine_Hz[-1], now.serotonin_Hz[-1], COERULEUS_Hz.value])
    terminals: tuple[Terminal, ...] = (
        dopamine_terminal(float(healthy_Hz[0]), dat_scale=pharmacology.dat_scale),
        SerotoninTerminal(sert_scale=pharmacology.sert_scale, autoreceptor=pharmacology.autoreceptor),
        noradrenaline_terminal(net_scale=pharmacology.net_scale),
    )
    return _Brain(
        weights=weights,
        pharmacology=pharmacology,
        healthy_Hz=healthy_Hz,
        rest_Hz=now_Hz,
        circuit=now.state,
        terminals=terminals,
        states=tuple(
            terminal.settled(float(ratio))
            for terminal, ratio in zip(terminals, now_Hz / healthy_Hz, strict=True)
        ),
    )


def _output_Hz(drive: PrefrontalDrive) -> FloatArray:
    """Spikes per second that the pulses put out from the region, per L5 cell of it."""
    return np.minimum(drive.share * drive.pulses_Hz, OUTPUT_MOST_Hz.value)


def _notes(drive: PrefrontalDrive, rest_M: FloatArray) -> tuple[str, ...]:
    notes = list(_NOTES)
    if drive.share * drive.pulses_Hz.max() > OUTPUT_MOST_Hz.value:
        notes.append(f"Drive above {OUTPUT_MOST_Hz.value:g} Hz of prefrontal output is cut off there.")
    if np.isnan(relative_change(rest_M, rest_M)[0]).any():
        notes.append("In some cases dopamine cells are silent at rest: there is no relative change then.")
    return tuple(notes)


def _sources(*more: str) -> tuple[str, ...]:
    studies = [source for row in EVIDENCE.values() for source in row.sources]
    return tuple(dict.fromkeys([*_SOURCES, *more, *studies]))
