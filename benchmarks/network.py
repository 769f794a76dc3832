"""The network by the clock, once compiled: ``python -m benchmarks.network``.

Wall time of the fastest of several runs; the last column is the goal.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from tmsim.network import Connectome, JansenRit, activity, connectome, evoked, resting

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


def main() -> None:
    """Print one table."""
    whole = connectome()
    cortex = whole.cortical
    assert whole.lengths_m is not None
    regions = Connectome(
        name="cortex",
        labels=tuple(label for label, kept in zip(whole.labels, cortex, strict=True) if kept),
        weights=whole.weights[cortex][:, cortex],
        lengths_m=whole.lengths_m[cortex][:, cortex],
    )
    mass = JansenRit(input_Hz=220.0, coupling=10.0)
    rows: tuple[Row, ...] = (
        (
            f"{cortex.sum()} Jansen-Rit masses, 10 s at 1 ms, delays",
            f"{fastest_s(lambda: activity(regions, mass=mass)):.2f} s",
            "0.5 s",
        ),
        (
            "a pulse on 82 regions",
            f"{fastest_s(lambda: evoked(whole, {'L_precentral': 0.1})) * 1e3:.0f} ms",
            "",
        ),
        ("rest of 82 regions", f"{fastest_s(lambda: resting(whole)):.2f} s", ""),
    )
    table = Table("network", "measured", "goal")
    for row in rows:
        table.add_row(*row)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
