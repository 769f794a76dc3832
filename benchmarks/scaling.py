"""How time and memory grow with the mesh: ``python -m benchmarks.scaling``.

The built-in head is meshed anew from its labels at three sizes. Each case then runs in a process of its own,
on one thread, as in `benchmarks.run`. ``python -m benchmarks.scaling FILE`` draws it as well.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from benchmarks.run import COIL, Result, measure, peak_MB, tmsim_case
from tmsim.coil import Coil
from tmsim.head import Head
from tmsim.head.lattice import mesh_labels
from tmsim.placement import place
from tmsim.report.layout import DPI, style

CELLS_mm = (4.3, 2.8, 2.1)
"""Of the lattice: some 0.3, 1 and 2.5 million tetrahedra."""

ORDERS = (1, 2)
_COLOURS = {1: "#3f88c5", 2: "#b0413e"}


def mesh(cell_mm: float, file: Path) -> None:
    """The built-in head at another size, in a file."""
    labels = Head.load("colin27").labels
    assert labels is not None
    made = mesh_labels(labels, cell_m=cell_mm * 1e-3)
    np.savez(file, nodes_m=made.nodes_m, tets=made.tets, tags=made.tags)


def case(order: int, file: Path) -> Result:
    """Time as `tmsim_case` has it; memory is the peak of the whole process, head and cortex included."""
    with np.load(file) as arrays:
        head = replace(Head.load("colin27"), **arrays)
    coil = Coil.load(COIL)
    pose = place(head, coil, target="C3", angle="45 deg")
    _ = head.cortex, head.volumes_m3, head.centers_m  # not on this clock
    return tmsim_case(order, head, coil, pose) | {"peak_MB": peak_MB()}


def figure(results: dict[int, list[Result]]) -> Figure:
    """Time and memory over the size of the mesh."""
    panels = (
        ("mesh to field", "first_cpu_s", "CPU time  [s]"),
        ("one more placement", "further_cpu_s", "CPU time  [s]"),
        ("peak memory", "peak_MB", "MB"),
    )
    with style():
        out = Figure(figsize=(7.2, 2.4), dpi=DPI, layout="constrained")
        for ax, (title, key, label) in zip(out.subplots(1, 3), panels, strict=True):
            for order, rows in results.items():
                _line(ax, order, [row["tets"] / 1e6 for row in rows], [row[key] for row in rows])
            ax.set(title=title, xlabel="million tetrahedra", ylabel=label, xlim=(0, None), ylim=(0, None))
    return out


def _line(ax: Axes, order: int, x: list[float], y: list[float]) -> None:
    ax.plot(x, y, marker="o", markersize=4, linewidth=1.2, color=_COLOURS[order])
    ax.annotate(
        f"P{order}", (x[-1], y[-1]), (0, 5), textcoords="offset points", ha="center", color=_COLOURS[order]
    )


def main(picture: Path | None) -> None:
    """Run every case, print one table, draw it if there is a file to draw to."""
    console, module = Console(width=120), "benchmarks.scaling"
    results: dict[int, list[Result]] = {order: [] for order in ORDERS}
    table = Table("million tets", "order", "unknowns", "mesh to field, CPU s", "per million unknowns",
                  "further, CPU s", "in blocks", "peak MB", "iterations")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for cell_mm in CELLS_mm:
            file = Path(folder) / f"{cell_mm:g}.npz"
            with console.status(f"meshing, cells of {cell_mm:g} mm"):
                mesh(cell_mm, file)
            for order in ORDERS:
                with console.status(f"P{order}, cells of {cell_mm:g} mm"):
                    r = measure(f"{order}:{file}", module)
                if "failed" in r:
                    table.add_row("-", f"P{order}", r["failed"])
                    continue
                results[order].append(r)
                table.add_row(
                    f"{r['tets'] / 1e6:.2f}",
                    f"P{order}",
                    f"{r['unknowns']:,}",
                    f"{r['first_cpu_s']:.1f}",
                    f"{r['first_cpu_s'] / r['unknowns'] * 1e6:.1f}",
                    f"{r['further_cpu_s']:.2f}",
                    f"{r['block_cpu_s']:.2f}",
                    f"{r['peak_MB']:,.0f}",
                    str(r["iterations"]),
                )
    console.print(table)
    if picture is not None:
        figure(results).savefig(picture)


if __name__ == "__main__":
    if ":" in sys.argv[-1]:
        order, file = sys.argv[-1].split(":", 1)
        print(json.dumps(case(int(order), Path(file))))
    else:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
