"""Connectomes, and what runs on them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tmsim.core import BoolArray, FloatArray, InputError, as_array, read_only
from tmsim.network.parameters import EARLY_s, LATE_s

_SYMMETRIC = 1e-3  # of the largest entry: files round
_LONGEST_m = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Connectome:
    """How strongly regions are connected, and how far apart they are.

    Parameters
    ----------
    labels
        Names of the n regions. Those of the cortex start with ``L_`` or ``R_``, as in
        ``tmsim.head.regions_of``.
    weights
        Strength of connections, (n, n), symmetric, 0 or more, in any unit; the diagonal is taken as 0.
    lengths_m
        Lengths of connections, (n, n); None where unknown: conduction then takes no time. [m]
    functional
        Correlations between regions that were measured, (n, n); None where unknown.
    source
        Where it is from, in words.

    Raises
    ------
    InputError
        A matrix isn't square and of as many regions as there are labels, isn't symmetric, or holds what it
        can't.
    """

    name: str
    labels: tuple[str, ...]
    weights: FloatArray
    lengths_m: FloatArray | None = None
    functional: FloatArray | None = None
    source: str = "given by the user"

    def __post_init__(self) -> None:
        labels = tuple(str(label).strip() for label in self.labels)
        n = len(labels)
        if n < 2 or len(set(labels)) < n or not all(labels):
            raise InputError(
                f"labels of {self.name}", f"{n} labels, {len(set(labels) - {''})} different ones",
                "a name of its own for each of two regions or more",
            )  # fmt: skip
        object.__setattr__(self, "labels", labels)
        weights = _symmetric(f"weights of {self.name}", self.weights, n, 0.0, np.inf)
        np.fill_diagonal(weights, 0.0)
        if not weights.any():
            raise InputError(f"weights of {self.name}", "0 everywhere", "at least one connection")
        object.__setattr__(self, "weights", read_only(weights))
        if self.lengths_m is not None:
            lengths = _symmetric(
                f"lengths of {self.name}", self.lengths_m, n, 0.0, _LONGEST_m, "They are in metres."
            )
            object.__setattr__(self, "lengths_m", read_only(lengths))
        if self.functional is not None:
            functional = _symmetric(
                f"functional connectivity of {self.name}", self.functional, n, -1.0, 1.0,
                "Take Fisher z back to correlations.",
            )  # fmt: skip
            object.__setattr__(self, "functional", read_only(functional))

    @cached_property
    def scaled(self) -> FloatArray:
        """The weights over their largest eigenvalue, (n, n): a coupling then means the same for each."""
        return read_only(self.weights / np.linalg.eigvalsh(self.weights)[-1])

    @property
    def cortical(self) -> BoolArray:
        """Which regions are of the cortex, by their names, (n,)."""
        return np.array([label.startswith(("L_", "R_")) for label in self.labels])

    def delays_s(self, speed_m_per_s: float) -> FloatArray:
        """How long conduction takes at that speed, (n, n). [s]"""
        return np.zeros_like(self.weights) if self.lengths_m is None else self.lengths_m / speed_m_per_s

    def index(self, region: str) -> int:
        """Where a region is in the matrices.

        Raises
        ------
        InputError
            There is no such region; near matches are named.
        """
        if region not in self.labels:
            near = difflib.get_close_matches(region, self.labels, n=3, cutoff=0.4)
            raise InputError(
                "region", repr(region), f"one of the {len(self.labels)} of {self.name}",
                f"Near: {', '.join(near)}." if near else f"The first is {self.labels[0]}.",
            )  # fmt: skip
        return self.labels.index(region)


def _symmetric(
    name: str, value: FloatArray, n: int, lowest: float, highest: float, cure: str = ""
) -> FloatArray:
    """A writeable copy, made exactly symmetric, or a refusal."""
    matrix = np.array(as_array(name, value, (n, n)))
    if matrix.min() < lowest or matrix.max() > highest:
        expected = f"{lowest:g} or more" if np.isinf(highest) else f"{lowest:g} to {highest:g}"
        raise InputError(name, f"values from {matrix.min():.4g} to {matrix.max():.4g}", expected, cure)
    apart = np.abs(matrix - matrix.T).max()
    if apart > _SYMMETRIC * np.abs(matrix).max():
        raise InputError(
            name, f"not symmetric, by up to {apart:.4g}", "the same both ways",
            "Tracts have no direction; average both.",
        )  # fmt: skip
    return (matrix + matrix.T) / 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Activity:
    """Masses that run by themselves.

    Parameters
    ----------
    time_s
        (n_t,). [s]
    potential_mV
        Of the pyramidal cells of each region, (n, n_t). [mV]
    """

    labels: tuple[str, ...]
    time_s: FloatArray
    potential_mV: FloatArray

    @property
    def peak_Hz(self) -> FloatArray:
        """Where the spectrum of each region is highest, (n,), from the second second on. [Hz]"""
        step = self.time_s[1] - self.time_s[0]
        steady = self.potential_mV[:, self.time_s >= 1.0]
        n = steady.shape[1]
        waves = (steady - steady.mean(axis=1, keepdims=True)) * np.hanning(n)
        power = np.abs(np.fft.rfft(waves, 8 * n, axis=1)) ** 2  # padded, for a peak between whole cycles
        return np.fft.rfftfreq(8 * n, step)[power.argmax(axis=1)]


@dataclass(frozen=True, kw_only=True, eq=False)
class Evoked:
    """What a pulse evokes in each region.

    Parameters
    ----------
    recruited
        Share of the cells that the pulse made fire, (n,).
    time_s
        From the pulse, (n_t,). [s]
    potential_mV
        Change of the potential of the pyramidal cells over that before the pulse, (n, n_t); the mean of the
        trials. It stands for the source of the EEG, not for what an electrode sees. [mV]
    spread_mV
        Standard deviation between trials, (n, n_t); None without noise. [mV]
    cut_s
        When the connections were cut; None where they were not. [s]
    notes
        What a reader should know of this run, one sentence each.
    """

    labels: tuple[str, ...]
    recruited: FloatArray
    time_s: FloatArray
    potential_mV: FloatArray
    spread_mV: FloatArray | None
    cut_s: float | None
    notes: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def early_mV(self) -> FloatArray:
        """Root mean square of each region over 15 to 100 ms, (n,). [mV]"""
        return self._rms(EARLY_s)

    @property
    def late_mV(self) -> FloatArray:
        """Root mean square of each region over 100 to 300 ms, (n,). [mV]"""
        return self._rms(LATE_s)

    @property
    def elsewhere(self) -> BoolArray:
        """The regions that the pulse itself did not reach, (n,)."""
        return self.recruited == 0

    def _rms(self, window: tuple[float, float]) -> FloatArray:
        inside = (self.time_s >= window[0]) & (self.time_s < window[1])
        return np.sqrt((self.potential_mV[:, inside] ** 2).mean(axis=1))


@dataclass(frozen=True, kw_only=True, eq=False)
class Resting:
    """The mean field at rest: what it was set to, and what comes out.

    Parameters
    ----------
    coupling
        Currents between regions in units of J_NMDA times gating, (n, n): from the second to the first index.
    recurrent
        Excitation of each region by itself, w+, (n,).
    inhibition
        Feedback inhibition J of each region, (n,).
    noise
        Of both gating variables. [1/sqrt(ms)]
    rates_Hz
        Mean rate of the excitatory cells, (n,). [Hz]
    gating_E, gating_I
        Mean of both gating variables, (n,).
    covariance
        Of the gating variables, excitatory ones first, (2 n, 2 n).
    slowest_per_s
        Rate at which the slowest disturbance dies away; at 0 rest is lost. [1/s]
    """

    connectome: Connectome
    coupling: FloatArray
    recurrent: FloatArray
    inhibition: FloatArray
    noise: float
    rates_Hz: FloatArray
    gating_E: FloatArray
    gating_I: FloatArray
    covariance: FloatArray
    slowest_per_s: float
    sources: tuple[str, ...] = ("Deco2014", "Demirtas2019")

    @property
    def fc(self) -> FloatArray:
        """Functional connectivity: correlations of excitatory activity, (n, n)."""
        n = len(self.rates_Hz)
        covariance = self.covariance[:n, :n]
        sd = np.sqrt(np.diag(covariance))
        return covariance / np.outer(sd, sd)


@dataclass(frozen=True, kw_only=True, eq=False)
class RestingSample:
    """A stretch of simulated rest: mean rates, (n,), in Hz, and correlations of excitatory gating, (n, n)."""

    rates_Hz: FloatArray
    fc: FloatArray


@dataclass(frozen=True, kw_only=True)
class RegionChange:
    """One row of the table: a region's rate and its correlation with the site, before and after."""

    region: str
    rate_before_Hz: float
    rate_after_Hz: float
    fc_before: float
    fc_after: float

    @property
    def fc_change(self) -> float:
        """After less before."""
        return self.fc_after - self.fc_before


@dataclass(frozen=True, kw_only=True, eq=False)
class RestingChange:
    """Rest before and after a change of synapses in one region, feedback inhibition left as it was.

    Parameters
    ----------
    region
        Where synapses changed.
    synapses
        Which: ``"recurrent"`` within the region, or ``"outgoing"`` to others.
    change
        Relative change of their strength.
    """

    before: Resting
    after: Resting
    region: str
    synapses: str
    change: float
    notes: tuple[str, ...]

    @property
    def fc_change(self) -> FloatArray:
        """Functional connectivity after less before, (n, n)."""
        return self.after.fc - self.before.fc

    @property
    def regions(self) -> tuple[RegionChange, ...]:
        """All other regions, those whose correlation with the site changes most first."""
        site = self.before.connectome.index(self.region)
        before, after = self.before.fc[site], self.after.fc[site]
        order = sorted((k for k in range(len(before)) if k != site), key=lambda k: -abs(after[k] - before[k]))
        return tuple(
            RegionChange(
                region=self.before.connectome.labels[k],
                rate_before_Hz=float(self.before.rates_Hz[k]),
                rate_after_Hz=float(self.after.rates_Hz[k]),
                fc_before=float(before[k]),
                fc_after=float(after[k]),
            )
            for k in order
        )


def similarity(one: FloatArray, other: FloatArray, regions: BoolArray | Sequence[bool]) -> float:
    """Pearson correlation of two matrices over the pairs of those regions, each pair once."""
    inside = np.flatnonzero(regions)
    pairs = np.triu_indices(len(inside), 1)
    return float(np.corrcoef(one[np.ix_(inside, inside)][pairs], other[np.ix_(inside, inside)][pairs])[0, 1])
