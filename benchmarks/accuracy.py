"""How far a field is from the truth on a real head: the figures and the plot of docs/accuracy.md.

The truth is stood for by second order on the same mesh with every tetrahedron of a 25 mm ball round the hot
spot split in eight twice, and, for adapted fields, by one more round of adaptation. ``python -m
benchmarks.accuracy`` takes half an hour on two cores and 10 GB, so it is no part of
``make bench``. Each case runs in a process of its own and is kept in out/accuracy; ``--plot FILE`` draws the
figure.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from tmsim.coil import Coil
from tmsim.core import FloatArray, IntArray, Surface, stream
from tmsim.field import FiniteElements, prepare, simulate
from tmsim.field.adapt import fewest, goal_shares
from tmsim.field.solve import Solution, Solver, strong_points
from tmsim.head import Head, locate, nearest_on_surface
from tmsim.head.borders import movable, move_borders
from tmsim.head.lattice import mesh_labels
from tmsim.head.parameters import GREY_MATTER
from tmsim.head.quality import FACES, matched_faces
from tmsim.head.refine import RefinedHead
from tmsim.placement import Pose, place

COIL = "magstim-70mm-fig8"
BALL_m = 0.025
READ_m = 0.0175
POINTS = 15_000
CELLS_m = {"coarse": 0.0038, "shipped": None, "fine": 0.0025}
TARGET = "C3"
Result = dict[str, Any]
Fields = dict[str, FloatArray]


def head_of(mesh: str) -> Head:
    """The built-in head as shipped, or its labels meshed with other cells."""
    head = Head.load("colin27")
    cell_m = CELLS_m[mesh]
    if cell_m is None:
        return head
    cut = mesh_labels(head.labels, cell_m=cell_m)
    return replace(head, nodes_m=cut.nodes_m, tets=cut.tets, tags=cut.tags)


def coil_and_pose(target: str = TARGET) -> tuple[Coil, Pose]:
    """The 70 mm figure-8 over a target, the same in space for all meshes."""
    coil = Coil.load(COIL)
    return coil, place(Head.load("colin27"), coil, target=target, angle="45 deg")


@dataclass(frozen=True, kw_only=True)
class Readout:
    """Where fields are compared: the same random points in grey matter near the hot spot for all meshes.

    ``mid`` are those farther than 1 mm from the borders of grey matter in the mesh at hand; ``cortex`` the
    mid-cortical points of that mesh as near the hot spot.
    """

    hot_m: FloatArray
    points_m: FloatArray
    tets: IntArray  # -1 where this mesh has no grey matter
    mid: npt.NDArray[np.bool_]
    cortex: npt.NDArray[np.bool_]

    @staticmethod
    def of(head: Head, folder: Path) -> Readout:
        """For one mesh; the points are made once, and kept."""
        kept = folder / "points.npz"
        if not kept.exists():
            shipped = head_of("shipped")
            at_cortex = simulate(shipped, *coil_and_pose(), FiniteElements(order=1)).cortex_V_per_m
            weights = np.linalg.norm(at_cortex, axis=1) ** 4 * strong_points(at_cortex)
            hot_m = np.average(shipped.cortex.points_m, axis=0, weights=weights)
            np.savez(kept, hot_m=hot_m, points_m=random_points(shipped, hot_m))
        with np.load(kept) as arrays:
            hot_m, points_m = arrays["hot_m"], arrays["points_m"]
        tets = locate(head, points_m, tags=(GREY_MATTER,))
        mid = (border_distance_m(head, points_m) > 1e-3) & (tets >= 0)
        cortex = np.linalg.norm(head.cortex.points_m - hot_m, axis=1) < READ_m
        return Readout(hot_m=hot_m, points_m=points_m, tets=tets, mid=mid, cortex=cortex)

    def read(self, refined: RefinedHead, solver: Solver, solution: Solution) -> dict[str, Fields]:
        """E at the random points and at the mid-cortical surface, by method."""
        inside = self.tets >= 0
        where = solver.places(
            refined.tets_within(self.tets[inside], self.points_m[inside]), self.points_m[inside]
        )
        places = {"points": where, "cortex": solver.cortex_places}
        raw = {name: solution.potential.at(place) for name, place in places.items()}
        out = {f"P{solver.method.order}": raw}
        if solver.method.order == 1:
            out["P1 recovered"] = {
                name: solution.potential.recovered_at(refined.head, place) for name, place in places.items()
            }
        for fields in out.values():
            at_points = np.full((len(inside), 3), np.nan)
            at_points[inside] = fields["points"]
            fields["points"] = at_points
        return out

    def errors(self, E: Fields, truth: Fields) -> Result:
        """Relative L2, pointwise median and 95th percentile at the three kinds of places."""
        return {
            "all": distance(E["points"], truth["points"], self.tets >= 0),
            "mid": distance(E["points"], truth["points"], self.mid),
            "cortex": distance(E["cortex"], truth["cortex"], self.cortex),
        }


def random_points(head: Head, hot_m: FloatArray) -> FloatArray:
    """Points of grey matter near the hot spot, equally likely by volume."""
    rng = stream(0, "mesh")
    near = np.flatnonzero(
        (head.tags == GREY_MATTER) & (np.linalg.norm(head.centers_m - hot_m, axis=1) < READ_m)
    )
    tets = head.tets[rng.choice(near, POINTS, p=head.volumes_m3[near] / head.volumes_m3[near].sum())]
    return np.einsum("na,nak->nk", rng.dirichlet(np.ones(4), POINTS), head.nodes_m[tets])


def distance(E: FloatArray, truth: FloatArray, where: npt.NDArray[np.bool_]) -> tuple[float, float, float]:
    """Relative L2, and median and 95th percentile of the pointwise relative distance."""
    off, size = np.linalg.norm((E - truth)[where], axis=1), np.linalg.norm(truth[where], axis=1)
    share = off / size
    return (
        float(np.linalg.norm(off) / np.linalg.norm(size)),
        float(np.median(share)),
        float(np.percentile(share, 95)),
    )


def border_distance_m(head: Head, points_m: FloatArray) -> FloatArray:
    """Distance to the nearest border of grey matter."""
    low, high = points_m.min(axis=0) - 0.01, points_m.max(axis=0) + 0.01
    grey = np.flatnonzero(
        (head.tags == GREY_MATTER) & ((head.centers_m > low) & (head.centers_m < high)).all(axis=1)
    )
    tets = head.tets[grey]
    order, starts = matched_faces(tets)
    single = order[starts[np.diff(starts, append=len(order)) == 1]]
    faces = tets[single[:, None] // 4, np.array(FACES)[single % 4]]
    # The cut through grey matter at the edge of the box is a millimetre and more away from all points.
    used, renumbered = np.unique(faces, return_inverse=True)
    border = Surface(points_m=head.nodes_m[used], triangles=renumbered.reshape(-1, 3).astype(np.int32))
    return np.abs(nearest_on_surface(border, points_m).distance_m)


def solved(head: Head, order: int, coil: Coil, pose: Pose) -> tuple[Solver, Solution, float]:
    """Prepare and solve, and the CPU time of both. [s]"""
    start = time.process_time()
    solver = prepare(head, FiniteElements(order=order))
    [solution] = solver.solutions(coil, [pose])
    return solver, solution, time.process_time() - start


def mesh_case(mesh: str, folder: Path) -> Result:
    """One mesh: both orders, with the ball as it is, split once and split twice."""
    head = head_of(mesh)
    readout = Readout.of(head, folder)
    refined = RefinedHead.of(head)
    fields: dict[str, Fields] = {}
    rows: Result = {}
    for splits in range(3):
        for order in (1, 2) if splits == 0 else (2,):
            solver, solution, cpu_s = solved(refined.head, order, *coil_and_pose())
            for name, E in readout.read(refined, solver, solution).items():
                fields[f"{name}, {splits} splits"] = E
                rows[f"{name}, {splits} splits"] = {
                    "tets": len(refined.head.tets),
                    "unknowns": solution.potential.space.unknowns,
                    "cpu_s": cpu_s,
                }
            del solver, solution
        if splits < 2:
            offset_m = np.linalg.norm(refined.head.centers_m - readout.hot_m, axis=1)
            refined = refined.split(offset_m < BALL_m)
    truth = fields["P2, 2 splits"]
    for name in rows:
        rows[name]["errors"] = readout.errors(fields[name], truth)
    np.savez(folder / f"{mesh}.npz", mid=readout.mid, near=readout.cortex, **truth)
    if mesh != "shipped":
        with np.load(folder / "shipped.npz") as shipped:
            both = readout.mid & shipped["mid"]
            rows["truth of the shipped mesh"] = {
                "errors": {"mid": distance(truth["points"], shipped["points"], both)}
            }
    return rows


def path_case(target: str, folder: Path) -> Result:
    """Rounds of adaptation against one more, and against the ball split twice where that is known."""
    head = head_of("shipped")
    coil, pose = coil_and_pose(target)
    refined = RefinedHead.of(head)
    rows: Result = {}
    fields: list[FloatArray] = []
    solver, solution, _ = solved(head, 1, coil, pose)
    at_cortex = solver.field(solution).cortex_V_per_m
    for turn in range(4):
        if turn:
            read_m = head.cortex.points_m[strong_points(at_cortex)]
            refined = refined.split(fewest(goal_shares(solver, solution.potential, read_m)))
        if turn != 1:  # the first round goes by first order
            del solver, solution
        solver, solution, cpu_s = solved(refined.head, 2, coil, pose)
        field = solver.field(solution)
        at_cortex = field.cortex_V_per_m
        fields.append(at_cortex)
        rows[f"{turn} rounds"] = {
            "tets": len(refined.head.tets),
            "unknowns": field.unknowns,
            "cpu_s": cpu_s,
            "estimate": field.error and [field.error.median, field.error.p95],
        }
    strong = strong_points(at_cortex)
    for row, E in zip(rows.values(), fields, strict=True):
        row["errors"] = {"cortex": distance(E, at_cortex, strong)}
        if target == TARGET:
            with np.load(folder / "shipped.npz") as ball:
                row["errors"]["cortex, against the ball"] = distance(E, ball["cortex"], ball["near"])
    return rows


def scalp_case() -> Result:
    """The border of skull and scalp moved outwards, the skin where it was: what E in the cortex does.

    First order will do: tetrahedra and their error are the same on both sides.
    """
    head, (coil, pose) = head_of("shipped"), coil_and_pose()
    border = movable(head, "outer_skull")
    first_order = FiniteElements(order=1)
    first = simulate(head, coil, pose, first_order).cortex_V_per_m
    strong, size = strong_points(first), np.linalg.norm(first, axis=1)
    hot_m = np.average(head.cortex.points_m[strong], axis=0, weights=size[strong] ** 4)
    near = np.linalg.norm(head.nodes_m[border.nodes] - hot_m, axis=1) < BALL_m
    rows: Result = {}
    for shift_m in (0.003, 0.006):
        moved = move_borders(head, {border: shift_m})
        came_m = np.linalg.norm((moved.nodes_m - head.nodes_m)[border.nodes], axis=1)
        other = replace(head, nodes_m=moved.nodes_m).with_cortex(head.cortex)
        E = simulate(other, coil, pose, first_order).cortex_V_per_m
        now = np.linalg.norm(E, axis=1)
        rows[f"{1e3 * shift_m:g} mm"] = {
            "came_mm": 1e3 * float(came_m[near].mean()),
            "peak_change": float(np.percentile(now, 99.9) / np.percentile(size, 99.9) - 1),
            "median_change": float(np.median(now[strong] / size[strong]) - 1),
            "errors": {"cortex": distance(E, first, strong)},
        }
    return rows


CASES: dict[str, Callable[[Path], Result]] = {
    "shipped": lambda folder: mesh_case("shipped", folder),
    "coarse": lambda folder: mesh_case("coarse", folder),
    "fine": lambda folder: mesh_case("fine", folder),
    "adapted, C3": lambda folder: path_case("C3", folder),
    "adapted, F3": lambda folder: path_case("F3", folder),
    "scalp": lambda _: scalp_case(),
}


def measure(name: str, folder: Path) -> Result:
    """One case in a process of its own, kept in ``folder``."""
    kept = folder / f"{name}.json"
    if not kept.exists():
        command = [sys.executable, "-m", "benchmarks.accuracy", "--case", name, "--folder", str(folder)]
        subprocess.run(command, check=True)
    return json.loads(kept.read_text())


def print_case(console: Console, name: str, rows: Result) -> None:
    """A table of one case, errors in %."""
    table = Table(
        "", "million tets", "unknowns", "CPU s", "places", "L2", "median", "95 %", "further", title=name
    )
    for label, row in rows.items():
        for places, error in row["errors"].items():
            further = {k: v for k, v in row.items() if k not in ("errors", "tets", "unknowns", "cpu_s")}
            table.add_row(
                label,
                f"{row['tets'] / 1e6:.2f}" if "tets" in row else "",
                f"{row['unknowns']:,}" if "unknowns" in row else "",
                f"{row['cpu_s']:.0f}" if "cpu_s" in row else "",
                places,
                *(f"{100 * e:.2f}" for e in error),
                ", ".join(f"{k} {np.round(v, 4)}" for k, v in further.items()),
            )
    console.print(table)


def draw(results: Result, file: Path) -> None:
    """Error at mid-cortex against unknowns: whole meshes, and the rounds of adaptation."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharex=True, constrained_layout=True)
    for axis, k, title in zip(axes, (1, 2), ("median", "95th percentile"), strict=True):
        for method, mark in (("P1", "v"), ("P1 recovered", "^"), ("P2", "o")):
            whole = [results[mesh][f"{method}, 0 splits"] for mesh in CELLS_m if mesh in results]
            at = [(row["unknowns"], 100 * row["errors"]["cortex"][k]) for row in whole]
            axis.loglog(*zip(*sorted(at), strict=True), mark, ls="--", label=f"{method}, whole meshes")
        for target, colour in (("C3", "k"), ("F3", "0.5")):
            rows = list(results[f"adapted, {target}"].values())[:-1]
            at = [(row["unknowns"], 100 * row["errors"]["cortex"][k]) for row in rows]
            axis.loglog(*zip(*at, strict=True), "s-", color=colour, label=f"P2, adapted, {target}")
            at = [(row["unknowns"], 100 * row["estimate"][k - 1]) for row in rows]
            axis.loglog(*zip(*at, strict=True), ":", color=colour, label=f"its estimate, {target}")
        axis.set(xlabel="unknowns", title=f"{title} of the pointwise error", ylabel="%")
        axis.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axis.grid(True, which="both", lw=0.3, alpha=0.5)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    axes[0].legend(fontsize=7, frameon=False)
    figure.savefig(file, dpi=150)


def main() -> None:
    """Run what is asked for: one case, or all with their tables and the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", choices=list(CASES))
    parser.add_argument("--folder", type=Path, default=Path("out/accuracy"), help="where results are kept")
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    if given.case:
        rows = CASES[given.case](given.folder)
        (given.folder / f"{given.case}.json").write_text(json.dumps(rows, indent=1))
        return
    console = Console(width=170)
    results = {name: measure(name, given.folder) for name in CASES}
    for name, rows in results.items():
        print_case(console, name, rows)
    if given.plot:
        draw(results, given.plot)


if __name__ == "__main__":
    main()
