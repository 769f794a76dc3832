"""How long cohorts take, both arms rated every week of a standard course.

``python -m benchmarks.course`` runs each size once, after everything is imported.
"""

from __future__ import annotations

import time

from rich.console import Console
from rich.table import Table

from tmsim.course import ARMS, cohort, schedule_of
from tmsim.pulse import protocol

SIZES = (1_000, 10_000, 100_000)
AIM_s = 5


def main() -> None:
    """Print one table."""
    schedule = schedule_of(protocol("itbs600"))
    cohort(schedule, n=2)
    table = Table("courses", "CPU s", "aim, s")
    for n in SIZES:
        start = time.process_time()
        for arm in ARMS:
            group = cohort(schedule, n=n // 2, arm=arm)
            _ = group.mean, group.response, group.remission, group.quantiles((0.05, 0.95))
        aim = f"{AIM_s}" if n == 10_000 else ""
        table.add_row(f"{n:,}", f"{time.process_time() - start:.3f}", aim)
    Console(width=132).print(table)


if __name__ == "__main__":
    main()
