"""Thresholds and recruitment by the clock, once compiled: ``python -m benchmarks.neuron``.

Wall time of the fastest of several runs; the last column is the goal.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.table import Table

from tmsim.field import EField, FiniteElements
from tmsim.head import Head
from tmsim.neuron import Axon, recruit, threshold
from tmsim.pulse import waveform

RUNS = 5
Row = tuple[str, str, str]  # what, measured, goal


def fastest_s(run: Callable[[], object]) -> float:
    """Wall time of the fastest of ``RUNS`` runs after one that is not counted. [s]"""
    run()
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def cable() -> Row:
    """One threshold of an axon terminal of six internodes."""
    pulse, axon = waveform("magpro-x100-monophasic"), Axon(diameter_um=1.0, internodes=6)
    return "cable threshold", f"{fastest_s(lambda: threshold(axon, pulse)) * 1e3:.1f} ms", "100 ms"


def recruitment() -> Row:
    """Five populations on the whole mid-cortex of the built-in head, in a made-up field."""
    head = Head.load("colin27")
    rng = np.random.default_rng(1)
    field = EField(
        E_V_per_m=rng.normal(0, 30, (len(head.tets), 3)),
        cortex_V_per_m=rng.normal(0, 30, head.cortex.points_m.shape),
        points_V_per_m=np.empty((0, 3)),
        didt_A_per_s=1e6,
        method=FiniteElements(),
        unknowns=0,
        iterations=0,
        relative_residual=0.0,
        error=None,
    )
    pulse = waveform("magpro-x100-biphasic")
    seconds = fastest_s(lambda: recruit(head, field, pulse))
    return f"recruitment, {len(head.cortex.points_m):,} places x 5", f"{seconds:.2f} s", "1 s"


def main() -> None:
    """Print the table."""
    table = Table("neurons", "measured", "goal")
    for case in (cable, recruitment):
        table.add_row(*case())
    Console().print(table)


if __name__ == "__main__":
    main()
