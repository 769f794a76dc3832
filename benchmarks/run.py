"""tmsim beside scikit-fem with PyAMG: the same mesh, coil, pose and unknowns, in one run.

Each case runs in a process of its own, so that its peak memory is its own; on one thread, so that CPU time is
work and not waiting for other programs; and first solves a small head, so that nothing is compiled on the
clock. ``python -m benchmarks.run`` runs all of them.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from spheres import sphere_head
from tmsim.coil import Coil
from tmsim.core import FloatArray
from tmsim.field import FiniteElements, prepare, primary_field
from tmsim.head import Head
from tmsim.placement import Pose, place

COIL = "magstim-70mm-fig8"
FURTHER = 8
Result = dict[str, Any]


class Stopwatch:
    """CPU seconds since it was made or last read."""

    def __init__(self) -> None:
        self._now = time.process_time()

    def read(self) -> float:
        """Seconds since the last reading."""
        past, self._now = self._now, time.process_time()
        return self._now - past


def peak_MB() -> float:
    """Peak resident size of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def colin27() -> tuple[Head, Coil, Pose]:
    """The built-in head with the coil over its left motor area."""
    head, coil = Head.load("colin27"), Coil.load(COIL)
    pose = place(head, coil, target="C3", angle="45 deg")
    # Surfaces are made once per head, whatever the solver: not on this clock.
    _ = head.cortex, head.volumes_m3, head.centers_m
    return head, coil, pose


def over_sphere() -> Pose:
    """The coil on top of a sphere of 92 mm."""
    matrix = np.diag([1.0, -1.0, -1.0, 1.0])
    matrix[2, 3] = 0.096
    return Pose(matrix=matrix)


def tmsim_case(order: int, head: Head, coil: Coil, pose: Pose) -> Result:
    """Prepare and solve; one more placement; eight more in a block."""
    small = sphere_head(cell_m=0.012)
    warm = prepare(small, FiniteElements(order=order))
    list(warm.simulate_many(coil, FURTHER * [over_sphere()]))
    warm.simulate(coil, over_sphere())
    before = peak_MB()

    clock = Stopwatch()
    solver = prepare(head, FiniteElements(order=order))
    prepared = clock.read()
    field = solver.simulate(coil, pose)
    first = clock.read()
    alone = peak_MB() - before
    solver.simulate(coil, pose)
    second = clock.read()
    for _ in solver.simulate_many(coil, FURTHER * [pose]):
        pass
    block = clock.read()
    return {
        "tets": len(head.tets),
        "unknowns": field.unknowns,
        "first_cpu_s": prepared + first,
        "further_cpu_s": second,
        "block_cpu_s": block / FURTHER,
        "peak_MB": alone,
        "iterations": field.iterations,
        "answer": answer_of(head, field.E_V_per_m),
    }


def scikit_fem_case(order: int, head: Head, coil: Coil, pose: Pose) -> Result:
    """The same with scikit-fem's assembly and PyAMG's defaults under SciPy's CG."""
    import pyamg
    import skfem
    from scipy.sparse.linalg import cg

    warnings.simplefilter("ignore")
    coil.vector_potential(np.full((30_000, 3), 0.05))  # compiled off the clock
    before = peak_MB()
    clock = Stopwatch()
    mesh = skfem.MeshTet(head.nodes_m.T, head.tets.T.astype(np.int64), sort_t=False)
    element = {1: skfem.ElementTetP1(), 2: skfem.ElementTetP2()}[order]
    basis = skfem.Basis(mesh, element, intorder=2 * order - 1)
    sigma = np.broadcast_to(head.element_sigma_S_per_m[:, None], basis.dx.shape)
    stiffness = skfem.BilinearForm(lambda u, v, w: w.sigma * np.einsum("i...,i...", u.grad, v.grad)).assemble(
        basis, sigma=sigma
    )

    def load() -> FloatArray:
        at = np.ascontiguousarray(basis.global_coordinates().value.reshape(3, -1).T)
        E0 = primary_field(coil, pose, at, 1e6).T.reshape(3, *basis.dx.shape)
        return skfem.LinearForm(lambda v, w: w.sigma * np.einsum("i...,i...", w.E0, v.grad)).assemble(
            basis, sigma=sigma, E0=E0
        )

    # One unknown is held at zero: PyAMG inverts the coarsest matrix, and noise where that is singular.
    matrix = stiffness.tocsr()[1:, 1:].tocsr()
    levels = pyamg.smoothed_aggregation_solver(matrix)
    count = [0]

    def once() -> FloatArray:
        count[0] = 0
        x, failed = cg(
            matrix,
            load()[1:],
            rtol=1e-6,
            maxiter=300,
            M=levels.aspreconditioner(),
            callback=lambda _: count.__setitem__(0, count[0] + 1),
        )
        if failed:
            raise RuntimeError(f"no convergence in {failed} iterations")
        return np.concatenate([[0.0], x])

    x = once()
    taken = clock.read()
    once()
    further = clock.read()
    iterations = count[0]
    peak = peak_MB() - before
    middle = skfem.Basis(mesh, element, quadrature=(np.full((3, 1), 0.25), np.ones(1)))
    gradient = np.asarray(middle.interpolate(x).grad)[:, :, 0].T
    return {
        "tets": len(head.tets),
        "unknowns": int(basis.N),
        "first_cpu_s": taken,
        "further_cpu_s": further,
        "peak_MB": peak,
        "iterations": iterations,
        "answer": answer_of(head, primary_field(coil, pose, head.centers_m, 1e6) - gradient),
    }


def answer_of(head: Head, E: FloatArray) -> list[float]:
    """The field of 1000 grey-matter tetrahedra: what the cases are held against each other by."""
    grey = np.flatnonzero(head.tags == 2)
    return E[grey[:: len(grey) // 1000]].ravel().tolist()


def large_case() -> Result:
    """First order on a sphere of more than four million tetrahedra."""
    return tmsim_case(1, sphere_head(cell_m=0.00125), Coil.load(COIL), over_sphere())


CASES: dict[str, Callable[[], Result]] = {
    "P1 tmsim": lambda: tmsim_case(1, *colin27()),
    "P1 scikit-fem + PyAMG": lambda: scikit_fem_case(1, *colin27()),
    "P2 tmsim": lambda: tmsim_case(2, *colin27()),
    "P2 scikit-fem + PyAMG": lambda: scikit_fem_case(2, *colin27()),
    "P1 tmsim, large sphere": large_case,
}


def measure(name: str, module: str = "benchmarks.run") -> Result:
    """One case of a module in a process of its own, on one thread."""
    one = dict.fromkeys(("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    command = [sys.executable, "-m", module, name]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | one)
    if done.returncode:
        reason = done.stderr.strip().splitlines()
        return {"failed": reason[-1] if reason else f"killed by signal {-done.returncode}"}
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Run every case and print one table, with ratios to tmsim at the same order."""
    console = Console(width=150)
    results: dict[str, Result] = {}
    for name in CASES:
        with console.status(name):
            results[name] = measure(name)
    table = Table("case", "million tets", "unknowns", "first, CPU s", "per M", "ratio",
                  "further, CPU s", "ratio", "in blocks", "peak MB", "iterations", "differs by")  # fmt: skip
    for name, r in results.items():
        if "failed" in r:
            table.add_row(name, r["failed"])
            continue
        own = results[f"{name[:2]} tmsim"]
        same_mesh = r["unknowns"] == own["unknowns"]
        million = r["unknowns"] / 1e6
        difference = "-"
        if same_mesh and r is not own:
            a, b = np.array(r["answer"]), np.array(own["answer"])
            difference = f"{np.linalg.norm(a - b) / np.linalg.norm(b):.1e}"
        table.add_row(
            name,
            f"{r['tets'] / 1e6:.2f}",
            f"{r['unknowns']:,}",
            f"{r['first_cpu_s']:.1f}",
            f"{r['first_cpu_s'] / million:.1f}",
            f"{r['first_cpu_s'] / own['first_cpu_s']:.1f}" if same_mesh else "-",
            f"{r['further_cpu_s']:.2f}",
            f"{r['further_cpu_s'] / own['further_cpu_s']:.1f}" if same_mesh else "-",
            f"{r['block_cpu_s']:.2f}" if "block_cpu_s" in r else "-",
            f"{r['peak_MB']:,.0f}",
            str(r["iterations"]),
            difference,
        )
    console.print(table)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(CASES[sys.argv[1]]()))
    else:
        main()
