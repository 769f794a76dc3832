"""Draws of uncertain inputs by the clock: ``python -m benchmarks.uncertainty``.

Wall and CPU time on the built-in head at first order, everything compiled: 200 draws, from ten, of all
conductivities and of the coil and three borders too; and the first-order sensitivities by adjoint solves.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from rich.console import Console
from rich.table import Table

from tmsim.coil import Coil
from tmsim.field import FiniteElements
from tmsim.field.parameters import POSE_SCATTER
from tmsim.field.readouts import standard_readouts
from tmsim.field.sensitivity import sensitivities
from tmsim.field.study import Study, standard_borders, standard_conductivity
from tmsim.field.uncertainty import draw
from tmsim.head import Head
from tmsim.placement import place

DRAWS = 200
MEASURED = 10


def clocked(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU time. [s]"""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    """Print one table."""
    head, coil = Head.load("colin27"), Coil.load("magstim-70mm-fig8")
    pose = place(head, coil, target="hand-knob-left")
    conductivity = Study(
        head=head,
        coil=coil,
        pose=pose,
        method=FiniteElements(order=1),
        readouts=standard_readouts(head, pose.target_m),
        conductivity=standard_conductivity(head),
    )
    everything = replace(conductivity, scatter=POSE_SCATTER["tracked"], borders=standard_borders(head))
    table = Table("uncertainty", "wall, s", "CPU, s", "goal, wall s")
    for study, name, goal in ((conductivity, "conductivities", "600"), (everything, "all inputs", "-")):
        draw(study, 0)
        wall, cpu = clocked(lambda study=study: [draw(study, k) for k in range(1, 1 + MEASURED)])
        scale = DRAWS / MEASURED
        table.add_row(f"{DRAWS} draws of {name}", f"{scale * wall:.0f}", f"{scale * cpu:.0f}", goal)
        wall, cpu = clocked(lambda study=study: sensitivities(study))
        table.add_row(f"first order, {name}", f"{wall:.1f}", f"{cpu:.1f}", "-")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
