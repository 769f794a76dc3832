"""How uncertain a field is: inputs drawn from their distributions, the field solved anew for each draw.

Means, deviations and intervals are those of the draws themselves. Only the apportioning to sources rests on
a polynomial fitted to them (`tmsim.field.chaos`), and every result says how much of the variance it misses.

Range: that of `tmsim.field.study`; inputs are drawn independently of each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tmsim.core import FloatArray, InputError, Progress, read_only, silent
from tmsim.field.chaos import fit
from tmsim.field.study import Source, Study

LOW, HIGH = 0.05, 0.95
"""Ends of the 90 % interval."""

_MODES_SHARE = 0.999  # of the variance on the cortex that its modes hold
_MOST_MODES = 40


@dataclass(frozen=True, kw_only=True, eq=False)
class Draw:
    """What came of one draw: each readout, and ``|E|`` at the mid-cortical points. [V/m]"""

    values: FloatArray  # (n_readouts,)
    magnitude_V_per_m: npt.NDArray[np.float32]  # (n_points,)


Recall = Callable[[int, Callable[[], Draw]], Draw]
"""``recall(number, compute)``: a draw that was kept, or a new one."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How far a readout scatters, in V/m at 1 A/us, and what from.

    ``first_order`` and ``total`` are Sobol indices in the order of the study's sources: the share of the
    variance that a source makes by itself, and that in which it has any part. ``unexplained`` is the share
    that the polynomial behind them does not predict at draws which it has not seen.
    """

    readout: str
    label: str
    nominal: float
    mean: float
    sd: float
    low: float  # 5 % of the draws are below it
    high: float
    first_order: tuple[float, ...]
    total: tuple[float, ...]
    unexplained: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Uncertainty:
    """The outcome of a study. Maps are of ``|E|`` at the mid-cortical points, in V/m at 1 A/us.

    ``cortex_first_order`` is the share of the variance at each point that each source makes by itself,
    (n_sources, n_points), from the modes that hold 99.9 % of the variance of the map.
    """

    sources: tuple[Source, ...]
    spreads: tuple[Spread, ...]
    n_draws: int
    seed: int
    cortex_nominal_V_per_m: FloatArray  # (n_points,)
    cortex_mean_V_per_m: FloatArray
    cortex_sd_V_per_m: FloatArray
    cortex_first_order: FloatArray

    @cached_property
    def dominant(self) -> npt.NDArray[np.intp]:
        """Index of the source that makes most of the variance at each mid-cortical point, (n_points,)."""
        return self.cortex_first_order.argmax(axis=0)


def draw(study: Study, number: int) -> Draw:
    """One draw of a study. It depends on the seed and its number alone."""
    E = study.at_cortex(study.solve(study.state(study.points(number, number + 1)[0])))
    return Draw(
        values=read_only(np.array([readout.value(E) for readout in study.readouts])),
        magnitude_V_per_m=np.linalg.norm(E, axis=1).astype(np.float32),
    )


def propagate(
    study: Study, n_draws: int = 200, *, recall: Recall | None = None, progress: Progress = silent
) -> Uncertainty:
    """Draw the uncertain inputs, solve for each draw, and say what the field's scatter comes from.

    Parameters
    ----------
    n_draws
        Draws of a quasi-random sequence. More can be added later: the first ones stay the same.
    recall
        Where draws are kept, so that a study can be resumed.

    Raises
    ------
    InputError
        There are too few draws for the number of variables.
    """
    least = 2 * len(study.variables) + 2
    if n_draws < least:
        raise InputError("draws", str(n_draws), f"at least {least} for so many uncertain inputs")
    draws = []
    for number in range(n_draws):
        progress(f"draw {number + 1} of {n_draws}", number / n_draws)
        draws.append(
            draw(study, number)
            if recall is None
            else recall(number, lambda number=number: draw(study, number))
        )
    progress("which source does what", 1.0)
    return analyse(study, draws)


def analyse(study: Study, draws: Sequence[Draw]) -> Uncertainty:
    """What the draws of a study, the first so many, come to."""
    x = study.points(0, len(draws))
    distributions = [variable.distribution for variable in study.variables]
    groups = [
        [k for k, variable in enumerate(study.variables) if variable.source == source]
        for source in study.sources
    ]
    values = np.stack([one.values for one in draws])
    chaos = fit(distributions, x, values)
    first = np.stack([chaos.first_order(group) for group in groups])
    total = np.stack([chaos.total(group) for group in groups])
    E = study.at_cortex(study.nominal_potential)
    low, high = np.quantile(values, (LOW, HIGH), axis=0)
    spreads = tuple(
        Spread(
            readout=readout.name,
            label=readout.label,
            nominal=readout.value(E),
            mean=float(values[:, k].mean()),
            sd=float(values[:, k].std(ddof=1)),
            low=float(low[k]),
            high=float(high[k]),
            first_order=tuple(first[:, k].tolist()),
            total=tuple(total[:, k].tolist()),
            unexplained=float(chaos.unexplained[k]),
        )
        for k, readout in enumerate(study.readouts)
    )

    maps = np.stack([one.magnitude_V_per_m for one in draws]).astype(float)
    scores, modes = _modes(maps)
    on_cortex = fit(distributions, x, scores).combined(modes)
    return Uncertainty(
        sources=study.sources,
        spreads=spreads,
        n_draws=len(draws),
        seed=study.seed,
        cortex_nominal_V_per_m=read_only(np.linalg.norm(E, axis=1)),
        cortex_mean_V_per_m=read_only(maps.mean(axis=0)),
        cortex_sd_V_per_m=read_only(maps.std(axis=0, ddof=1)),
        cortex_first_order=read_only(np.stack([on_cortex.first_order(group) for group in groups])),
    )


def _modes(maps: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Scores (n_draws, k) and modes (k, n_points) that hold nearly all of the variance of maps."""
    centred = maps - maps.mean(axis=0)
    values, vectors = np.linalg.eigh(centred @ centred.T)
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    held = np.cumsum(values) / max(values.sum(), np.finfo(float).tiny)
    count = min(int(np.searchsorted(held, _MODES_SHARE)) + 1, _MOST_MODES, len(values))
    return vectors[:, :count], vectors[:, :count].T @ centred
