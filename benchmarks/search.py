"""Target search by the clock and against forward solves: ``python -m benchmarks.search``.

On the built-in head at first order, cortex within 5 mm of the left hand area, everything compiled. *Ready* is
from the head to the first value: region, casings, adjoint solves, and their field where the coil may be.
*Warm* is any further placement, the best of five passes. *Differs* is the largest difference from forward
solves at eight placements of the grid, over the largest value.
"""

from __future__ import annotations

import time

import numpy as np
from rich.console import Console
from rich.table import Table

from tmsim.coil import Coil
from tmsim.head import Head
from tmsim.placement import Pose
from tmsim.search import Grid, MeanAlong, MeanMagnitude, Objective, Prepared, prepare_search, value_of

COILS = ("magstim-70mm-fig8", "magventure-mc-b70", "magstim-double-cone")
CASES: tuple[tuple[Objective, str], ...] = (
    *((MeanAlong(), coil) for coil in COILS),
    (MeanMagnitude(), COILS[0]),
)
TARGET = "hand-knob-left"
FORWARD_SOLVES, PASSES = 8, 5
SMALL = Grid(radius_m=0.004, angles_rad=(0.0, 1.0))


def main() -> None:
    """Print one table."""
    head = Head.load("colin27")
    table = Table(
        "objective", "coil", "dipoles", "ready, wall s", "CPU s", "warm, a second", "a CPU s", "differs"
    )
    for objective in (MeanAlong(), MeanMagnitude()):  # after which everything is compiled
        small = prepare_search(head, Coil.load(COILS[0]), TARGET, objective, grid=SMALL)
        small.values(small.candidates.matrices)
    for objective, name in CASES:
        coil = Coil.load(name)
        wall, cpu = time.perf_counter(), time.process_time()
        prepared = prepare_search(head, coil, TARGET, objective)
        prepared.values(prepared.candidates.matrices)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        per_wall, per_cpu = _placements_per_s(prepared)
        table.add_row(
            objective.name, name, f"{len(prepared.thinned[0].positions_m)}", f"{wall:.1f}", f"{cpu:.1f}",
            f"{per_wall:,.0f}", f"{per_cpu:,.0f}", f"{_difference(prepared):.2%}",
        )  # fmt: skip
    Console(width=120).print(table)


def _placements_per_s(prepared: Prepared) -> tuple[float, float]:
    """Placements for each second by the clock and of the processor."""
    matrices = np.tile(prepared.candidates.matrices, (10, 1, 1))
    walls, cpus = [], []
    for _ in range(PASSES):
        wall, cpu = time.perf_counter(), time.process_time()
        prepared.values(matrices)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return len(matrices) / min(walls), len(matrices) / min(cpus)


def _difference(prepared: Prepared) -> float:
    every = prepared.candidates.matrices
    matrices = every[np.random.default_rng(0).choice(len(every), FORWARD_SOLVES, replace=False)]
    fields = prepared.solver.simulate_many(
        prepared.coils[0], [Pose(matrix=matrix) for matrix in matrices], didt_A_per_s=prepared.didt_A_per_s[0]
    )
    exact = np.array(
        [value_of(prepared.objective, prepared.head, prepared.region, f.cortex_V_per_m) for f in fields]
    )
    return float(np.abs(prepared.values(matrices) - exact).max() / np.abs(exact).max())


if __name__ == "__main__":
    main()
