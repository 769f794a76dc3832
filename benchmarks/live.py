"""Live fields by the clock, and how near they come to direct solves: ``python -m benchmarks.live [COUNT]``.

On the built-in head: the builds of a basis, first and second order, each in a process of its own so that its
peak memory is its own; this machine's bandwidth by loops like those of STREAM; one field, and many, at a
quarter of the mid-cortical points and at all; and the distance from direct solves over COUNT random
placements, 200 if not said, of three coils of which the build knows nothing. The clock is the wall's, the
best of several windows, since whatever else the machine does counts in it.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit, prange
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from spheres import sphere_head
from tmsim.coil import Coil
from tmsim.coil.boxes import evaluate_in_boxes
from tmsim.coil.kernels import columns
from tmsim.core import FloatArray, InputError
from tmsim.core.cache import Cache
from tmsim.field import BasisSpec, FieldBasis, FiniteElements, LiveField, prepare, tissue_points
from tmsim.field.basis_kernels import product
from tmsim.field.multigrid import BLOCK
from tmsim.field.solve import Potential, Solver
from tmsim.field.sphere import sphere_sums
from tmsim.head import Head
from tmsim.placement import Pose, jittered, place
from tmsim.placement.targets import HeadPoint

COILS = ("magstim-70mm-fig8", "magstim-circular-90mm", "magventure-mc-b70")
GAPS_m = (0.0, 0.012)
WINDOWS, CALLS, MANY = 10, 200, 1024
SECOND_ORDER = 4  # one placement in so many is solved at second order too
Result = dict[str, Any]


def peak_GB() -> float:
    """Peak resident size of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def build_case(order: int) -> Result:
    """Build a basis of the built-in head and keep it, everything compiled."""
    small = sphere_head(cell_m=0.012)
    few = tissue_points(small, "grey_matter")[:500]
    FieldBasis.build(small, BasisSpec(order=order, sources=64, samples=128, modes=8), points_m=few)
    head = Head.load("colin27")
    _ = head.cortex, head.skin  # made once per head, whatever is computed on it
    wall, cpu = time.perf_counter(), time.process_time()
    basis = FieldBasis.load_or_build(head, BasisSpec(order=order), cache=Cache())
    return {
        "tets": len(head.tets),
        "points": basis.n_points,
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "peak_GB": peak_GB(),
        "stored_MB": basis.panels.nbytes / 1e6,
        "residual": basis.relative_residual,
    }


@njit(parallel=True)
def _sum(a):
    total = 0
    for i in prange(len(a)):
        total += a[i]
    return total


@njit(parallel=True)
def _triad(a, b, c):
    for i in prange(len(a)):
        a[i] = b[i] + np.float32(3) * c[i]


def best_s(work: Callable[[], object], repeats: int) -> float:
    """The shortest wall time of one call."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def bandwidth_GB_per_s(size_bytes: int) -> dict[str, float]:
    """Reading alone, and a = b + 3 c, on arrays of ``size_bytes``, all threads."""
    numbers = np.ones(size_bytes // 8, np.int64)
    a, b, c = (np.ones(size_bytes // 4, np.float32) for _ in range(3))
    _sum(numbers), _triad(a, b, c)
    read_s, triad_s = best_s(lambda: _sum(numbers), 40), best_s(lambda: _triad(a, b, c), 20)
    return {"read_GB_per_s": 1e-9 * size_bytes / read_s, "triad_GB_per_s": 3e-9 * size_bytes / triad_s}


def windows_ms(work: Callable[[int], object]) -> tuple[float, float]:
    """Median and 95th percentile of single calls in the best of several windows. [ms]"""
    found = []
    for window in range(WINDOWS):
        taken = []
        for k in range(CALLS):
            start = time.perf_counter()
            work(window * CALLS + k)
            taken.append(1e3 * (time.perf_counter() - start))
        found.append((float(np.median(taken)), float(np.percentile(taken, 95))))
    return min(found)


def live_case() -> Result:
    """One field and many, from the first-order basis that was kept."""
    head = Head.load("colin27")
    load_s = best_s(lambda: FieldBasis.load(head, cache=Cache()), 2)
    whole = FieldBasis.load_or_build(head, cache=Cache())
    part = whole.restricted(np.arange(whole.n_points)[:: whole.n_points // 20_000 + 1])
    draws = np.random.default_rng(1)
    placements = [
        (coil, jittered(pose, WINDOWS * CALLS, shift_m=(0.005, 0.005, 0.0), turn_rad=(0.0, 0.0, 0.3)))
        for coil in map(Coil.load, COILS)
        for pose in some_placements(head, coil, 1, draws)
    ]
    out: Result = {"load_s": load_s, "fields": [], **bandwidth_GB_per_s(4 * 10**8)}
    for basis in (part, whole):
        for coil, poses in placements:
            basis.field(coil, poses[0])  # a coil's map is made at its first field
            p50, p95 = windows_ms(lambda k, basis=basis, coil=coil, poses=poses: basis.field(coil, poses[k]))
            row = {"points": basis.n_points, "coil": coil.name, "p50_ms": p50, "p95_ms": p95}
            c = np.zeros(basis.panels.shape[1], np.float32)
            c[: basis.modes.moments.shape[1]] = basis.coefficients(coil, poses[:1])[0]
            E = np.empty(basis.scales.shape, np.float32)
            row["flux_ms"] = 1e3 * best_s(
                lambda basis=basis, a=(coil, poses[:1]): basis.coefficients(*a), 500
            )
            row["product_ms"] = 1e3 * best_s(
                lambda basis=basis, c=c, E=E: product(basis.panels, basis.scales, c, E), 500
            )
            row["product_GB_per_s"] = basis.panels.nbytes / row["product_ms"] / 1e6
            out["fields"].append(row)
    coil, poses = placements[0]
    many = poses[:MANY]
    out["many_per_s"] = MANY / best_s(lambda: deque(whole.fields(coil, many), 0), 5)
    start = time.process_time()
    deque(whole.fields(coil, many), 0)
    out["many_cpu_ms"] = 1e3 * (time.process_time() - start) / MANY
    return out


def some_placements(head: Head, coil: Coil, count: int, draws: np.random.Generator) -> Iterator[Pose]:
    """A coil over random points of the upper cortex, turned at random, 0 to 12 mm off the scalp."""
    points = head.cortex.points_m
    upper = points[points[:, 2] > np.median(points[:, 2])]
    found = 0
    while found < count:
        x, y, z = upper[draws.integers(len(upper))].tolist()
        angle_rad, gap_m = draws.uniform(-np.pi, np.pi), draws.uniform(*GAPS_m)
        try:
            yield place(head, coil, target=HeadPoint((x, y, z)), angle=angle_rad, gap=gap_m)
        except InputError:  # the casing does not come near the scalp there
            continue
        found += 1


def direct_first_order(solver: Solver, coil: Coil, poses: Sequence[Pose], center_m: FloatArray) -> FloatArray:
    """E at mid-cortex, recovered, from the primary field of a sphere as the basis has it. [V/m]"""
    space = solver.spaces[1]

    def primary(pose: Pose) -> FloatArray:
        dipoles = coil.dipoles().moved(pose.matrix)
        at_m = dipoles.positions_m - center_m

        def evaluate(points_m: FloatArray) -> FloatArray:
            out = np.empty((len(points_m), 3))
            sphere_sums(columns(points_m), columns(at_m), columns(dipoles.moments_m2), out)
            return 1e6 * out

        balls = np.column_stack([at_m, np.zeros(len(at_m))])
        return evaluate_in_boxes(evaluate, space.points_m - center_m, balls, 1e-4)

    E0 = [primary(pose) for pose in poses]
    x, _ = solver.solve(np.stack([solver.load(space, e) for e in E0], axis=1))
    return np.stack(
        [
            Potential(space=space, primary_V_per_m=e, potential_V=np.ascontiguousarray(x[:, k])).recovered_at(
                solver.head, solver.cortex_places
            )
            for k, e in enumerate(E0)
        ]
    )


def accuracy_case(count: int) -> Result:
    """Distance from direct solves, relative L2, and the worst point as a share of the peak. [%]"""
    head = Head.load("colin27")
    first, second = (FieldBasis.load_or_build(head, BasisSpec(order=k), cache=Cache()) for k in (1, 2))
    solver, fine_solver = prepare(head, FiniteElements(order=1)), prepare(head)
    rows: dict[str, list[FloatArray]] = {}

    def note(what: str, live: LiveField, reference: FloatArray) -> None:
        apart, size = (np.linalg.norm(v, axis=1) for v in (live.E_V_per_m - reference, reference))
        relative = np.linalg.norm(apart) / np.linalg.norm(size)
        rows.setdefault(what, []).append(100 * np.array([relative, apart.max() / size.max(), live.error]))

    draws = np.random.default_rng(0)
    for name in COILS:
        coil = Coil.load(name)
        poses = list(some_placements(head, coil, count // len(COILS) + 1, draws))
        for k in range(0, len(poses), BLOCK):
            block = poses[k : k + BLOCK]
            for pose, E in zip(
                block, direct_first_order(solver, coil, block, first.shell.center_m), strict=True
            ):
                note("P1 live, from P1 direct", first.field(coil, pose), E)
        some = poses[::SECOND_ORDER]
        for pose, field in zip(some, fine_solver.simulate_many(coil, some), strict=True):
            note("P2 live, from P2 direct", second.field(coil, pose), field.cortex_V_per_m)
            note("P1 live, from P2 direct", first.field(coil, pose), field.cortex_V_per_m)
    return {
        what: {
            "placements": len(each),
            "median": np.median(each, axis=0).tolist(),
            "largest": np.max(each, axis=0).tolist(),
        }
        for what, each in rows.items()
    }


CASES: dict[str, Callable[[int], Result]] = {
    "P1 build": lambda _: build_case(1),
    "P2 build": lambda _: build_case(2),
    "live": lambda _: live_case(),
    "accuracy": accuracy_case,
}


def measure(name: str, placements: int, folder: str) -> Result:
    """One case in a process of its own, with a cache of its own."""
    command = [sys.executable, "-m", "benchmarks.live", str(placements), name]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, env=os.environ | {"TMSIM_CACHE": folder}
    )
    return json.loads(done.stdout.splitlines()[-1])


def main(placements: int) -> None:
    """Run every case and print tables beside the goals."""
    console = Console(width=110)
    results: dict[str, Result] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in CASES:
            with console.status(name):
                results[name] = measure(name, placements, folder)
    table = Table("build", "wall, s", "goal", "CPU, s", "peak, GB", "goal", "kept, MB", "largest residual")
    for order, goal_s, goal_GB in ((1, 60, 6), (2, 360, 8)):
        r = results[f"P{order} build"]
        table.add_row(
            f"P{order}, {r['tets'] / 1e6:.2f} M tets",
            f"{r['wall_s']:.0f}", str(goal_s), f"{r['cpu_s']:.0f}", f"{r['peak_GB']:.1f}", str(goal_GB),
            f"{r['stored_MB']:.0f}", f"{r['residual']:.0e}",
        )  # fmt: skip
    console.print(table)
    live = results["live"]
    table = Table("one field", "points", "p50, ms", "p95, ms", "goal", "coefficients", "product", "GB/s")
    for row in live["fields"]:
        table.add_row(
            row["coil"], f"{row['points']:,}", f"{row['p50_ms']:.2f}", f"{row['p95_ms']:.2f}",
            "3, 6" if row["points"] < 30_000 else "8", f"{row['flux_ms']:.2f}", f"{row['product_ms']:.2f}",
            f"{row['product_GB_per_s']:.0f}",
        )  # fmt: skip
    console.print(table)
    console.print(
        f"Bandwidth: {live['read_GB_per_s']:.0f} GB/s reading, {live['triad_GB_per_s']:.0f} GB/s triad. "
        f"Many fields: {live['many_per_s']:.0f} a second (goal 1000), {live['many_cpu_ms']:.2f} CPU ms each. "
        f"From the cache in {live['load_s']:.1f} s."
    )
    table = Table("distance, %", "placements", "L2, median", "largest", "worst point, median", "largest",
                  "stated, median", "largest")  # fmt: skip
    for what, r in results["accuracy"].items():
        pairs = zip(r["median"], r["largest"], strict=True)
        table.add_row(what, str(r["placements"]), *(f"{value:.2f}" for pair in pairs for value in pair))
    console.print(table)


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    if len(sys.argv) > 2:
        print(json.dumps(CASES[sys.argv[2]](count)))
    else:
        main(count)
