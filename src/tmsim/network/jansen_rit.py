"""Jansen-Rit masses on a connectome: what they do by themselves, and what a pulse evokes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.optimize import brentq

from tmsim.core import FloatArray, InputError, IntArray, OutsideModelError, read_only, stream
from tmsim.network.kernels import JansenRitConstants, advance_jansen_rit, firing
from tmsim.network.parameters import (
    COUPLING,
    JANSEN_RIT,
    REST_INPUT_Hz,
    SPEED_m_per_s,
    TRIAL_NOISE_Hz,
    VOLLEY_s,
)
from tmsim.network.types import Activity, Connectome, Evoked
from tmsim.neuron.types import Recruitment

STEP_s = 1e-3
"""Step of all runs. [s]"""

_BEFORE_s = 0.1  # shown before the pulse; noise has settled for longer than that
_SETTLING_s = 0.4
_LONGEST_s = 600.0
_PUSHED_mV = (0.1, 0.5)
_INPUT_Hz = (0.0, 1000.0)
_FASTEST_m_per_s = 200.0
_PYRAMIDAL = ("L2/3", "L5", "L6")
_SILENT_SHARE = 1e-4


@dataclass(frozen=True, kw_only=True)
class JansenRit:
    """How the masses are driven and coupled.

    Parameters
    ----------
    input_Hz
        All input of a mass that is at its fixed point, 0 to 1000: from the network and from elsewhere. What
        the network doesn't give comes from elsewhere, so that all regions have the same fixed point. Up to
        113 it is a state of rest; from there to 315 a mass oscillates at 8 to 12 Hz. [Hz]
    coupling
        Contacts from the network; 0 uncouples all regions.
    speed_m_per_s
        At which axons conduct between regions. [m/s]
    """

    input_Hz: float = REST_INPUT_Hz.value
    coupling: float = COUPLING.value
    speed_m_per_s: float = SPEED_m_per_s.value

    def __post_init__(self) -> None:
        if not _INPUT_Hz[0] <= self.input_Hz <= _INPUT_Hz[1]:
            raise InputError("input of a mass", f"{self.input_Hz} Hz", "0 to 1000 Hz")
        if not 0 <= self.coupling < np.inf:
            raise InputError("coupling", f"{self.coupling}", "0 or more")
        if not 0.1 <= self.speed_m_per_s <= _FASTEST_m_per_s:
            raise InputError("conduction speed", f"{self.speed_m_per_s} m/s", "0.1 to 200 m/s")


@dataclass(frozen=True, kw_only=True)
class Trials:
    """Trials with noise, as they are measured.

    Parameters
    ----------
    count
        How many, 2 to 1000.
    noise_Hz
        Standard deviation of the input to each region, drawn anew each millisecond. [Hz]
    """

    count: int = 50
    noise_Hz: float = TRIAL_NOISE_Hz.value
    seed: int = 0

    def __post_init__(self) -> None:
        if not 2 <= self.count <= 1000:
            raise InputError("trials", f"{self.count}", "2 to 1000")
        if not 0 < self.noise_Hz <= _INPUT_Hz[1]:
            raise InputError("noise of the input", f"{self.noise_Hz} Hz", "above 0, at most 1000 Hz")
        if self.seed < 0:
            raise InputError("seed", f"{self.seed}", "0 or more")


def recruited_by_region(recruitment: Recruitment) -> dict[str, float]:
    """The share of pyramidal cells, mean of their layers, that a pulse makes fire in each region.

    Regions with less than one cell in 10 000 are left out, and cortex without a region is.
    """
    of_pyramidal = [k for k, name in enumerate(recruitment.populations) if name in _PYRAMIDAL]
    shares = {row.region: float(np.mean([row.share[k] for k in of_pyramidal])) for row in recruitment.regions}
    return {
        region: share for region, share in shares.items() if share >= _SILENT_SHARE and region != "unassigned"
    }


def evoked(
    connectome: Connectome,
    recruited: Mapping[str, float],
    *,
    mass: JansenRit | None = None,
    trials: Trials | None = None,
    cut_s: float | None = None,
    duration_s: float = 0.5,
) -> Evoked:
    """What a pulse evokes: the share that it recruits in a region fires at its highest rate for 10 ms.

    Parameters
    ----------
    recruited
        Share of the pyramidal cells by region, 0 to 1; regions that aren't named have none.
    trials
        Where given, the response is the mean of trials with noise; without, there is no noise.
    cut_s
        When all connections between regions are cut, from the pulse; None leaves them. [s]
    duration_s
        From the pulse, 0.3 to 600. [s]

    Raises
    ------
    InputError
        A region that isn't in the connectome, a share outside 0 to 1, or no share at all.
    OutsideModelError
        The masses have no state of rest that a pulse could disturb.
    """
    mass = mass or JansenRit()
    share = _shares(connectome, recruited)
    if cut_s is not None and not 0 <= cut_s <= duration_s:
        raise InputError("time of the cut", f"{cut_s} s", f"0 to {duration_s:g} s after the pulse")
    if not 0.3 <= duration_s <= _LONGEST_s:
        raise InputError("duration", f"{duration_s} s", "0.3 to 600 s, so that the late response is in it")
    _check_rest(mass)
    before, after = round(_BEFORE_s / STEP_s), round(duration_s / STEP_s)
    settling = 0 if trials is None else round(_SETTLING_s / STEP_s)
    pulse = settling + before
    n_steps = pulse + after
    volley = (pulse, pulse + round(VOLLEY_s.value / STEP_s))
    cut = n_steps if cut_s is None else pulse + round(cut_s / STEP_s)
    start = np.tile(_fixed_point(mass.input_Hz), (len(share), 1))

    total, squares = np.zeros((2, len(share), before + after))
    count = 1 if trials is None else trials.count
    for trial in range(count):
        noise = None
        if trials is not None:
            noise = trials.noise_Hz * stream(trials.seed, "trial", trial).standard_normal(
                (n_steps, len(share))
            )
        potential = _run(
            connectome, mass, start.copy(), n_steps, noise=noise, recruited=share, volley=volley, cut=cut
        )
        response = potential[:, settling:] - potential[:, settling:pulse].mean(axis=1, keepdims=True)
        total += response
        squares += response**2
    mean = total / count
    spread = None
    if trials is not None:
        spread = read_only(np.sqrt(np.maximum(squares - count * mean**2, 0.0) / (count - 1)))
    notes = [
        "The size of the response rests on an assumed volley; compare regions and times, not millivolts."
    ]
    if spread is not None:
        error_mV = float(np.median(spread[:, before:])) / np.sqrt(count)
        notes.append(f"The mean of {count} trials has a standard error of {error_mV:.2g} mV.")
    if trials is None and np.abs(mean[:, -50:]).max() > 0.5 * np.abs(mean).max():
        notes.append("Regions had not come back to rest at the end: so strong a pulse is outside the model.")
    return Evoked(
        labels=connectome.labels,
        recruited=read_only(share),
        time_s=read_only((np.arange(before + after) - before) * STEP_s),
        potential_mV=read_only(mean),
        spread_mV=spread,
        cut_s=cut_s,
        notes=tuple(notes),
        sources=("Jansen1995", "Momi2023", "Lemarechal2022"),
    )


def activity(
    connectome: Connectome,
    *,
    mass: JansenRit,
    duration_s: float = 10.0,
    noise_Hz: float = 0.0,
    seed: int = 0,
) -> Activity:
    """What the masses do by themselves, from where each is pushed 0.1 to 0.5 mV off its fixed point.

    Parameters
    ----------
    noise_Hz
        Standard deviation of the input to each region, drawn anew each millisecond; 0 for none. [Hz]
    duration_s
        2 to 600. [s]
    """
    if not 2.0 <= duration_s <= _LONGEST_s:
        raise InputError("duration", f"{duration_s} s", "2 to 600 s")
    if not 0 <= noise_Hz <= _INPUT_Hz[1]:
        raise InputError("noise of the input", f"{noise_Hz} Hz", "0 to 1000 Hz")
    n, n_steps = len(connectome.labels), round(duration_s / STEP_s)
    noise = noise_Hz * stream(seed, "trial", 0).standard_normal((n_steps, n)) if noise_Hz else None
    start = np.tile(_fixed_point(mass.input_Hz), (n, 1))
    start[:, 1] += np.linspace(*_PUSHED_mV, n)
    potential = _run(connectome, mass, start, n_steps, noise=noise)
    return Activity(
        labels=connectome.labels,
        time_s=read_only(np.arange(n_steps) * STEP_s),
        potential_mV=read_only(potential),
    )


def _run(
    connectome: Connectome,
    mass: JansenRit,
    start: FloatArray,
    n_steps: int,
    *,
    noise: FloatArray | None = None,
    recruited: FloatArray | None = None,
    volley: tuple[int, int] = (0, 0),
    cut: int | None = None,
) -> FloatArray:
    n = len(start)
    potential = np.empty((n, n_steps))
    advance_jansen_rit(
        start,
        mass.coupling * connectome.scaled,
        _lags(connectome, mass.speed_m_per_s),
        mass.input_Hz,
        firing(_rest_mV(mass.input_Hz), _constants()),
        np.zeros((n_steps, n)) if noise is None else noise,
        np.zeros(n) if recruited is None else recruited,
        volley,
        n_steps if cut is None else cut,
        STEP_s,
        _constants(),
        potential,
    )
    return potential


def _lags(connectome: Connectome, speed_m_per_s: float) -> IntArray:
    return np.rint(connectome.delays_s(speed_m_per_s) / STEP_s).astype(np.int32)


def _shares(connectome: Connectome, recruited: Mapping[str, float]) -> FloatArray:
    share = np.zeros(len(connectome.labels))
    for region, value in recruited.items():
        if not 0 <= value <= 1:
            raise InputError(f"recruited share of {region}", f"{value}", "0 to 1")
        share[connectome.index(region)] = value
    if not share.any():
        raise InputError("recruited shares", "none above 0", "a region in which the pulse makes cells fire")
    return share


@cache
def _constants() -> JansenRitConstants:
    return JansenRitConstants(**{name: entry.value for name, entry in JANSEN_RIT.items()})


def _loop_mV(rest_mV: float, input_Hz: float) -> float:
    """What the potential becomes if pyramidal cells fire as at ``rest_mV`` for long, less that. [mV]"""
    c = _constants()
    out = c.epsp_mV / c.epsp_per_s * firing(rest_mV, c)
    excitation = c.epsp_mV / c.epsp_per_s * (input_Hz + c.from_excitatory * firing(c.to_excitatory * out, c))
    inhibition = c.ipsp_mV / c.ipsp_per_s * c.from_inhibitory * firing(c.to_inhibitory * out, c)
    return excitation - inhibition - rest_mV


@cache
def _rest_mV(input_Hz: float) -> float:
    """The lowest fixed point of one mass. [mV]"""
    grid = np.linspace(-20.0, 50.0, 7001)
    falls = np.array([_loop_mV(value, input_Hz) for value in grid.tolist()])
    first = int(np.flatnonzero((falls[:-1] > 0) & (falls[1:] <= 0))[0])
    return float(brentq(_loop_mV, grid[first], grid[first + 1], args=(input_Hz,), xtol=1e-13))


def _fixed_point(input_Hz: float) -> FloatArray:
    """The state of one mass there, (6,)."""
    c, rest = _constants(), _rest_mV(input_Hz)
    y0 = c.epsp_mV / c.epsp_per_s * firing(rest, c)
    y2 = c.ipsp_mV / c.ipsp_per_s * c.from_inhibitory * firing(c.to_inhibitory * y0, c)
    return np.array([y0, rest + y2, y2, 0.0, 0.0, 0.0])


@cache
def growth_per_s(mass: JansenRit) -> float:
    """How fast the slowest disturbance of the fixed point grows, negative where it dies away. [1/s]

    That of the network's leading pattern, in which every region gets ``coupling`` times its own rate; delays
    change how fast, not whether.
    """
    c, y = _constants(), _fixed_point(mass.input_Hz)

    def slope(potential_mV: float) -> float:
        rate = firing(potential_mV, c)
        return c.slope_per_mV * rate * (1 - rate / c.most_Hz)

    a, b, out = c.epsp_per_s, c.ipsp_per_s, slope(y[1] - y[2])
    excitatory = c.from_excitatory * c.to_excitatory * slope(c.to_excitatory * y[0])
    inhibitory = c.from_inhibitory * c.to_inhibitory * slope(c.to_inhibitory * y[0])
    jacobian = np.zeros((6, 6))
    jacobian[:3, 3:] = np.eye(3)
    jacobian[3] = [-a * a, c.epsp_mV * a * out, -c.epsp_mV * a * out, -2 * a, 0, 0]
    jacobian[4] = [
        c.epsp_mV * a * excitatory, c.epsp_mV * a * mass.coupling * out - a * a,
        -c.epsp_mV * a * mass.coupling * out, 0, -2 * a, 0,
    ]  # fmt: skip
    jacobian[5] = [c.ipsp_mV * b * inhibitory, 0, -b * b, 0, 0, -2 * b]
    return float(np.linalg.eigvals(jacobian).real.max())


def _check_rest(mass: JansenRit) -> None:
    if growth_per_s(mass) < 0:
        return
    if growth_per_s(JansenRit(input_Hz=mass.input_Hz, coupling=0.0)) < 0:
        raise OutsideModelError(
            f"At a coupling of {mass.coupling:g} the regions drive each other out of rest; lower it."
        )
    raise OutsideModelError(
        f"At an input of {mass.input_Hz:g} Hz masses oscillate by themselves, and a pulse finds no rest to "
        "disturb; take less than 113 Hz."
    )
