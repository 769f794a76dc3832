"""Drugs and drive, and what transmitters do under them. Concentrations are in mol/l."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tmsim.core import FloatArray, InputError, as_array, read_only
from tmsim.transmitters.evidence import TRANSMITTERS, Evidence, evidence
from tmsim.transmitters.parameters import (
    AUTORECEPTOR_FLOOR,
    AUTORECEPTOR_SESSIONS,
    DOPAMINE_GAIN,
    NORADRENALINE_GAIN,
    SEROTONIN_GAIN,
    SSRI_SCALE,
    WEIGHTS,
)

WINDOW_s = 1.0
"""Rates and drive are constant for so long; what is given of concentrations are means over it. [s]"""

_SCALES = (0.15, 5.0)
_SILENT_M = 1e-10  # at rest: relative to less than this nothing is said


@dataclass(frozen=True, kw_only=True)
class Pharmacology:
    """Transporters and serotonin autoreceptors as drugs, genes or a course of TMS have them; 1 is healthy.

    Parameters
    ----------
    sert_scale, dat_scale, net_scale
        Share of the transporters of serotonin, dopamine and noradrenaline that work, 0.15 to 5. With fewer
        the circuit releases more than uptake can take, and concentrations grow for ever.
    autoreceptor
        Sensitivity of the serotonin autoreceptors, 0 to 1.
    """

    sert_scale: float = 1.0
    dat_scale: float = 1.0
    net_scale: float = 1.0
    autoreceptor: float = 1.0

    def __post_init__(self) -> None:
        low, high = _SCALES
        for name in ("sert_scale", "dat_scale", "net_scale"):
            if not low <= getattr(self, name) <= high:
                raise InputError(name, f"{getattr(self, name)}", f"{low:g} to {high:g}; 1 is healthy")
        if not 0 <= self.autoreceptor <= 1:
            raise InputError("autoreceptor", f"{self.autoreceptor}", "0 to 1; 1 is healthy")


HEALTHY = Pharmacology()
SSRI = Pharmacology(sert_scale=SSRI_SCALE.value)
"""A selective serotonin reuptake inhibitor, with the reuptake of the published run of the circuit."""


@dataclass(frozen=True, kw_only=True)
class Gain:
    """What one spike per second of recruited prefrontal output does to the cells; see ``parameters``.

    Parameters
    ----------
    dopamine, serotonin
        Input to the cells of the circuit. [1/Hz]
    noradrenaline
        Change of the rate of the locus coeruleus. [Hz/Hz]
    """

    dopamine: float = DOPAMINE_GAIN.value
    serotonin: float = SEROTONIN_GAIN.value
    noradrenaline: float = NORADRENALINE_GAIN.value

    def __post_init__(self) -> None:
        for name in TRANSMITTERS:
            value = getattr(self, name)
            if not 0 <= value < math.inf:
                raise InputError(f"gain of {name}", f"{value}", "0 or more", "Signs are those of the cases.")


@dataclass(frozen=True, kw_only=True, eq=False)
class PrefrontalDrive:
    """Pulses over the left prefrontal cortex, and whom they recruit there.

    Parameters
    ----------
    pulses_Hz
        Pulses per second in each second of a session, pauses included, (n,). [Hz]
    share
        Of the L5 cells of the region that one pulse recruits, 0 to 1.
    """

    pulses_Hz: FloatArray
    share: float

    def __post_init__(self) -> None:
        pulses = as_array("pulse rate", self.pulses_Hz, (None,))
        if not len(pulses) or pulses.min() < 0:
            raise InputError("pulse rate", "none, or below 0", "0 Hz or more in each second of a session")
        if not 0 <= self.share <= 1:
            raise InputError("recruited share", f"{self.share}", "0 to 1")
        object.__setattr__(self, "pulses_Hz", pulses)

    @property
    def session_s(self) -> float:
        """How long the session is. [s]"""
        return len(self.pulses_Hz) * WINDOW_s


@dataclass(frozen=True, kw_only=True)
class Case:
    """One way in which what isn't known may be; results are given for each.

    Parameters
    ----------
    weights
        Which of ``WEIGHTS`` the circuit has.
    sign
        1 where the prefrontal cortex excites serotonin and noradrenaline cells, -1 where it inhibits them.
    """

    weights: str
    sign: int

    def __str__(self) -> str:
        return f"{'excites' if self.sign > 0 else 'inhibits'}, {self.weights} weights"


CASES = tuple(Case(weights=weights, sign=sign) for sign in (1, -1) for weights in WEIGHTS)


@dataclass(frozen=True, kw_only=True, eq=False)
class Extracellular:
    """What a terminal leaves outside it.

    Parameters
    ----------
    time_s
        Middle of each second, (n,). [s]
    concentration_M
        Mean over it, (n,). [mol/l]
    state
        In which the terminal is at the end; the terminal goes on from it.
    """

    transmitter: str
    time_s: FloatArray
    concentration_M: FloatArray
    state: FloatArray

    @property
    def evidence(self) -> Evidence:
        """How good the evidence is that TMS changes this transmitter."""
        return evidence(self.transmitter)


@dataclass(frozen=True, kw_only=True, eq=False)
class CircuitRun:
    """The circuit over time, each (n,): means over each second.

    Parameters
    ----------
    dopamine_Hz, serotonin_Hz
        Firing rates. [Hz]
    dopamine_M, serotonin_M
        Extracellular concentrations near the cells. [mol/l]
    state
        At the end; a circuit of the same weights goes on from it.
    """

    weights: str
    time_s: FloatArray
    dopamine_Hz: FloatArray
    serotonin_Hz: FloatArray
    dopamine_M: FloatArray
    serotonin_M: FloatArray
    state: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Resting:
    """Cells and terminals a day after transporters or autoreceptors changed, with each set of weights.

    Parameters
    ----------
    weights
        Names of the sets.
    rate_Hz, concentration_M
        Axes are ``TRANSMITTERS`` and weights, (3, n_weights). [Hz], [mol/l]
    held_M
        At the terminals of cells that go on firing as when healthy, (3, n_weights). [mol/l]
    """

    pharmacology: Pharmacology
    weights: tuple[str, ...]
    rate_Hz: FloatArray
    concentration_M: FloatArray
    held_M: FloatArray

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """How good the evidence is that TMS, not a drug, changes each transmitter."""
        return tuple(evidence(name) for name in TRANSMITTERS)


@dataclass(frozen=True, kw_only=True, eq=False)
class Release:
    """Extracellular transmitters over a session and after it, for each case.

    The first axis is that of ``TRANSMITTERS``, the second that of ``cases``.

    Parameters
    ----------
    time_s
        Middle of each second from the first pulse, (n,). [s]
    session_s
        How long pulses were given. [s]
    rate_Hz
        Firing of the cells, (3, n_cases, n). [Hz]
    concentration_M, rest_M
        At the terminals, (3, n_cases, n), and before the session, (3, n_cases). [mol/l]
    notes
        What the model leaves out for this session, one sentence each.
    sources
        Keys of CITATIONS.bib.
    """

    cases: tuple[Case, ...]
    time_s: FloatArray
    session_s: float
    rate_Hz: FloatArray
    concentration_M: FloatArray
    rest_M: FloatArray
    notes: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Of each transmitter."""
        return tuple(evidence(name) for name in TRANSMITTERS)

    @property
    def mean_M(self) -> FloatArray:
        """Mean concentration over the session, (3, n_cases). [mol/l]"""
        return self.concentration_M[:, :, self.time_s < self.session_s].mean(axis=2)

    @property
    def change(self) -> FloatArray:
        """Change of that mean over rest, (3, n_cases); NaN where the cells are silent at rest."""
        return relative_change(self.mean_M, self.rest_M)


@dataclass(frozen=True, kw_only=True)
class Desensitisation:
    """How serotonin autoreceptors lose sensitivity over a course.

    Seen in rats after chronic rTMS (Gur2000); size and pace are choices, and that people do it too is an
    extrapolation. After n sessions: floor + (1 - floor) exp(-n / sessions).
    """

    floor: float = AUTORECEPTOR_FLOOR.value
    sessions: float = AUTORECEPTOR_SESSIONS.value

    def __post_init__(self) -> None:
        if not 0 <= self.floor <= 1:
            raise InputError("autoreceptor floor", f"{self.floor}", "0 to 1; 1 is no desensitisation")
        if not 0 < self.sessions < math.inf:
            raise InputError("sessions of desensitisation", f"{self.sessions}", "above 0")

    def after(self, sessions: FloatArray) -> FloatArray:
        """Sensitivity after so many sessions, 0 to 1."""
        return self.floor + (1 - self.floor) * np.exp(-sessions / self.sessions)


@dataclass(frozen=True, kw_only=True, eq=False)
class CourseRelease:
    """Extracellular transmitters from session to session; axes as in :class:`Release`, the last of sessions.

    Parameters
    ----------
    autoreceptor
        Sensitivity of the serotonin autoreceptors before each session, (n_sessions,).
    rest_M, mean_M
        At rest before each session and its mean over it, (3, n_cases, n_sessions). [mol/l]
    """

    cases: tuple[Case, ...]
    autoreceptor: FloatArray
    rest_M: FloatArray
    mean_M: FloatArray
    notes: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Of each transmitter."""
        return tuple(evidence(name) for name in TRANSMITTERS)

    @property
    def change(self) -> FloatArray:
        """Change of each session's mean over rest before it; NaN where the cells are silent at rest."""
        return relative_change(self.mean_M, self.rest_M)


@dataclass(frozen=True, kw_only=True, eq=False)
class Binding:
    """Predicted change of the binding potential of a dopamine D2 tracer by a session, each (n_cases,).

    ``low`` and ``high`` span what one standard deviation between people in depletion studies leaves open.
    """

    cases: tuple[Case, ...]
    change: FloatArray
    low: FloatArray
    high: FloatArray

    @property
    def evidence(self) -> Evidence:
        """That of dopamine, with what was measured."""
        return evidence("dopamine")


def relative_change(now_M: FloatArray, rest_M: FloatArray) -> FloatArray:
    """``now_M`` over ``rest_M`` less 1; NaN where there is next to nothing at rest."""
    silent = rest_M < _SILENT_M
    return read_only(np.where(silent, np.nan, now_M / np.where(silent, 1.0, rest_M) - 1))
