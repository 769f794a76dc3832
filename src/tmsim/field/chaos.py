"""Polynomial chaos: a sparse polynomial through the draws, and which input its variance comes from.

With polynomials orthonormal under the distributions of the inputs, ``y = sum_k c_k P_k(x)`` has the mean
``c_0`` and the variance ``sum c_k^2`` of the others, and the terms in which only some inputs occur sum to
their Sobol index (Sudret2008). Terms are added one by one, the one that explains most of what is left
first, for as long as the leave-one-out error falls (orthogonal matching pursuit, after Blatman2011);
polynomials join at most two inputs, and their degree is raised while that helps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import special

from tmsim.core import BoolArray, FloatArray, InputError

_MOST_CANDIDATES = 10  # per draw: more would fit noise
_HIGHEST_DEGREE = 10


@dataclass(frozen=True)
class Beta:
    """Beta distribution on an interval; bell-shaped for ``a = b = 3``, uniform for ``a = b = 1``."""

    low: float
    high: float
    a: float = 3.0
    b: float = 3.0

    def __post_init__(self) -> None:
        if not -np.inf < self.low < self.high < np.inf:
            raise InputError("range", f"{self.low:g} to {self.high:g}", "a lower and a higher bound")
        if not (self.a >= 1 and self.b >= 1):
            raise InputError("shape of the beta distribution", f"{self.a:g}, {self.b:g}", "1 or more")

    @property
    def mean(self) -> float:
        """Its mean."""
        return self.low + (self.high - self.low) * self.a / (self.a + self.b)

    @property
    def sd(self) -> float:
        """Its standard deviation."""
        total = self.a + self.b
        return (self.high - self.low) * float(np.sqrt(self.a * self.b / (total + 1))) / total

    def at(self, share: FloatArray) -> FloatArray:
        """The value below which ``share`` of the distribution lies."""
        return self.low + (self.high - self.low) * special.betaincinv(self.a, self.b, share)

    def polynomials(self, x: FloatArray, degree: int) -> FloatArray:
        """Orthonormal polynomials (Jacobi) up to ``degree``, (n,) to (n, degree + 1)."""
        alpha, beta = self.b - 1, self.a - 1
        scaled = 2 * (x - self.low) / (self.high - self.low) - 1
        nodes, weights = special.roots_jacobi(degree + 1, alpha, beta)
        columns = []
        for n in range(degree + 1):
            square = weights @ special.eval_jacobi(n, alpha, beta, nodes) ** 2 / weights.sum()
            columns.append(special.eval_jacobi(n, alpha, beta, scaled) / np.sqrt(square))
        return np.stack(columns, axis=1)


@dataclass(frozen=True)
class Normal:
    """Normal distribution."""

    mean: float
    sd: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.mean) and 0 < self.sd < np.inf):
            raise InputError("normal distribution", f"{self.mean:g} +- {self.sd:g}", "a deviation above zero")

    def at(self, share: FloatArray) -> FloatArray:
        """The value below which ``share`` of the distribution lies."""
        return self.mean + self.sd * special.ndtri(share)

    def polynomials(self, x: FloatArray, degree: int) -> FloatArray:
        """Orthonormal polynomials (Hermite) up to ``degree``, (n,) to (n, degree + 1)."""
        scaled = (x - self.mean) / self.sd
        columns = [
            special.eval_hermitenorm(n, scaled) / np.sqrt(special.factorial(n)) for n in range(degree + 1)
        ]
        return np.stack(columns, axis=1)


Distribution: TypeAlias = Beta | Normal


def draw_points(
    distributions: Sequence[Distribution], generator: np.random.Generator, first: int, last: int
) -> FloatArray:
    """Points ``first`` to ``last`` of a scrambled Sobol sequence, (last - first, n_inputs).

    Each point depends on the generator and its own number alone, so a study can be extended or resumed.
    """
    from scipy.stats import qmc  # takes half a second to import

    sequence = qmc.Sobol(len(distributions), scramble=True, seed=generator)
    # One by one: a first piece whose length is no power of two would be warned about.
    shares = np.concatenate([sequence.random(1) for _ in range(last)])[first:]
    shares = np.clip(shares, 1e-9, 1 - 1e-9)  # the ends are at infinity for a normal distribution
    return np.stack([d.at(shares[:, k]) for k, d in enumerate(distributions)], axis=1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Chaos:
    """A polynomial for each output.

    Parameters
    ----------
    degrees
        Degree of each term in each input, (n_terms, n_inputs); the first term is the constant.
    coefficients
        Of the orthonormal polynomials, (n_terms, n_outputs).
    unexplained
        Leave-one-out error of each output as a share of its variance, (n_outputs,): 0 is a perfect fit.
    """

    degrees: npt.NDArray[np.int64]
    coefficients: FloatArray
    unexplained: FloatArray

    @cached_property
    def variance(self) -> FloatArray:
        """Variance of each output, (n_outputs,)."""
        return (self.coefficients[1:] ** 2).sum(axis=0)

    def first_order(self, inputs: Sequence[int]) -> FloatArray:
        """Share of the variance that ``inputs`` make by themselves and among each other, (n_outputs,)."""
        among, others = self._occurs(inputs)
        return self._share(among & ~others)

    def total(self, inputs: Sequence[int]) -> FloatArray:
        """Share of the variance in which ``inputs`` have any part, (n_outputs,)."""
        return self._share(self._occurs(inputs)[0])

    def combined(self, weights: FloatArray) -> Chaos:
        """The polynomials of weighted sums of uncorrelated outputs, (n_outputs, n_sums)."""
        sums = self.coefficients @ weights
        variance = (sums[1:] ** 2).sum(axis=0)
        missed = (self.unexplained * self.variance) @ weights**2
        unexplained = missed / np.where(variance > 0, variance, 1.0)
        return Chaos(degrees=self.degrees, coefficients=sums, unexplained=unexplained)

    def _occurs(self, inputs: Sequence[int]) -> tuple[BoolArray, BoolArray]:
        """Which terms have any of ``inputs`` in them, and which any other input."""
        active = self.degrees > 0
        chosen = np.isin(np.arange(active.shape[1]), inputs)
        return np.atleast_1d(active[:, chosen].any(axis=1)), np.atleast_1d(active[:, ~chosen].any(axis=1))

    def _share(self, terms: BoolArray) -> FloatArray:
        part = (self.coefficients[terms] ** 2).sum(axis=0)
        return part / np.where(self.variance > 0, self.variance, 1.0)


def fit(distributions: Sequence[Distribution], x: FloatArray, y: FloatArray) -> Chaos:
    """A sparse polynomial for each output.

    Parameters
    ----------
    x
        The draws, (n, n_inputs).
    y
        What came of them, (n, n_outputs).

    Raises
    ------
    InputError
        There are fewer draws than twice the inputs and two: not even a plane is held by them.
    """
    n, n_inputs = x.shape
    if n < 2 * n_inputs + 2:
        raise InputError("samples", str(n), f"at least {2 * n_inputs + 2} for {n_inputs} uncertain inputs")
    best = [(np.inf, np.empty(0, np.int64), np.empty(0))] * y.shape[1]
    best_degrees = [np.zeros((0, n_inputs), np.int64)] * y.shape[1]
    open_outputs = set(range(y.shape[1]))
    for degree in range(1, _HIGHEST_DEGREE + 1):
        degrees = candidates(n_inputs, degree)
        if not open_outputs or (degree > 1 and len(degrees) > _MOST_CANDIDATES * n):
            break
        columns = evaluate(distributions, x, degrees)
        for k in sorted(open_outputs):
            found = _pursuit(columns, y[:, k])
            if found[0] < best[k][0]:
                best[k], best_degrees[k] = found, degrees
            elif degree > 2 and found[0] > 1.05 * best[k][0]:
                # Odd and even functions gain at every second degree only: look one further.
                open_outputs.discard(k)
    chosen = [degrees[terms] for degrees, (_, terms, _) in zip(best_degrees, best, strict=True)]
    union = np.unique(np.concatenate([np.zeros((1, n_inputs), np.int64), *chosen]), axis=0)
    coefficients = np.zeros((len(union), y.shape[1]))
    row = {tuple(term): i for i, term in enumerate(union.tolist())}
    for k, (_, _, values) in enumerate(best):
        for term, value in zip(chosen[k].tolist(), values, strict=True):
            coefficients[row[tuple(term)], k] = value
    return Chaos(
        degrees=union, coefficients=coefficients, unexplained=np.array([error for error, _, _ in best])
    )


def candidates(n_inputs: int, degree: int) -> npt.NDArray[np.int64]:
    """Degrees of all polynomials up to a total ``degree`` in one or two inputs, the constant first."""
    rows = [np.zeros(n_inputs, np.int64)]
    for i in range(n_inputs):
        for p in range(1, degree + 1):
            rows.append(np.zeros(n_inputs, np.int64))
            rows[-1][i] = p
    for i, j in combinations(range(n_inputs), 2):
        for p in range(1, degree):
            for q in range(1, degree - p + 1):
                rows.append(np.zeros(n_inputs, np.int64))
                rows[-1][[i, j]] = p, q
    return np.stack(rows)


def evaluate(
    distributions: Sequence[Distribution], x: FloatArray, degrees: npt.NDArray[np.int64]
) -> FloatArray:
    """The polynomials of ``degrees`` at points, (n, n_terms)."""
    highest = int(degrees.max(initial=0))
    out = np.ones((len(x), len(degrees)))
    for k, distribution in enumerate(distributions):
        out *= distribution.polynomials(x[:, k], highest)[:, degrees[:, k]]
    return out


def _pursuit(columns: FloatArray, y: FloatArray) -> tuple[float, npt.NDArray[np.int64], FloatArray]:
    """Leave-one-out error, terms and coefficients of the best sparse fit; the constant is always in it."""
    n = len(y)
    variance = y.var(ddof=1)
    if not variance > 0:
        return 0.0, np.zeros(1, np.int64), y[:1].copy()
    most = min(n // 2, columns.shape[1])
    directions = np.zeros((n, most))  # orthonormal directions of the terms taken
    rest = columns.copy()  # the columns less their parts along those
    taken: list[int] = []
    residual, leverage = y.copy(), np.zeros(n)
    best_error, best_count, worse = np.inf, 0, 0
    for step in range(most):
        length = np.sqrt((rest**2).sum(axis=0))
        free = length > 1e-8 * np.sqrt(n)
        gain = np.where(free, np.abs(rest.T @ residual) / np.where(free, length, 1.0), -1.0)
        k = 0 if step == 0 else int(gain.argmax())
        if gain[k] <= 0 and step:
            break
        q = rest[:, k] / length[k]
        directions[:, step] = q
        taken.append(k)
        rest -= np.outer(q, q @ rest)
        rest[:, k] = 0
        residual = residual - q * (q @ residual)
        leverage += q**2
        count = step + 1
        # Least squares fits its own draws too well; the factor is that of Blatman2011 for small samples.
        inverse = np.linalg.inv(directions[:, :count].T @ columns[:, taken])
        correction = n / (n - count) * (1 + (inverse**2).sum())
        error = float(np.mean((residual / np.maximum(1 - leverage, 1e-9)) ** 2) / variance * correction)
        if error < best_error:
            best_error, best_count, worse = error, count, 0
        else:
            worse += 1
            if worse > max(10, most // 10):
                break
    terms = np.array(taken[:best_count])
    coefficients, *_ = np.linalg.lstsq(columns[:, terms], y, rcond=None)
    return best_error, terms, np.asarray(coefficients, dtype=np.float64)
