"""``tmsim target``: the best placement for a target."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tmsim.cli.show import Json, Picture, check_picture, progress_bar, save_picture
from tmsim.core import InputError, Progress, to_si

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tmsim.coil import Coil
    from tmsim.placement import Pose
    from tmsim.plan import Plan
    from tmsim.search import Found, Grid, Objective, PlacementError

_ALTERNATIVES = 5


def target(
    plan: Annotated[
        Path | None,
        typer.Argument(
            help="A plan in TOML, for all that is left out; or an outcome.json.", show_default=False
        ),
    ] = None,
    head: Annotated[str | None, typer.Option(help="A built-in head, or a .msh or NIfTI file.")] = None,
    coil: Annotated[
        list[str] | None, typer.Option(help="A coil, or several to choose from: once for each.")
    ] = None,
    aim: Annotated[
        str | None, typer.Option("--target", help="F3, hand-knob-left, 'mni -42 44 26 mm', ...")
    ] = None,
    objective: Annotated[
        str, typer.Option(help="What is to be high: vector, magnitude, mean, recruited or contrast.")
    ] = "vector",
    direction: Annotated[
        str | None,
        typer.Option(help="Of mean: outward (default) or inward along the cortical column, or 'head X Y Z'."),
    ] = None,
    region: Annotated[str, typer.Option(help="Radius of cortex that counts.")] = "5 mm",
    radius: Annotated[str, typer.Option(help="Of scalp round the target that is tried.")] = "20 mm",
    spacing: Annotated[str, typer.Option(help="Between scalp points.")] = "4 mm",
    angles: Annotated[
        str, typer.Option(help="Of the handle: a step all round, '10 deg', or '0 45 90 deg' as they are.")
    ] = "10 deg",
    tilt: Annotated[str, typer.Option(help="Tilts to either side that are tried too.")] = "0 deg",
    gap: Annotated[str | None, typer.Option(help="Scalp to casing; 4 mm if not given.")] = None,
    robust: Annotated[
        str | None, typer.Option(help="Choose by the mean over placement errors such as '3 mm, 5 deg'.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the placement errors.")] = 0,
    didt: Annotated[
        str | None,
        typer.Option(help="Rate of change of the current, or 'full' for each coil's own full output."),
    ] = None,
    waveform: Annotated[
        str | None, typer.Option(help="Of the pulse that recruits, if not the plan's (`tmsim pulse list`).")
    ] = None,
    order: Annotated[int, typer.Option(help="Order of the finite elements of the search, 1 or 2.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Folder for a plan to go on with, poses, map.")] = None,
    picture: Picture = None,
    as_json: Json = False,
) -> None:
    """Find the best position, angle, tilt and coil for a target, and a map of the scalp round it.

    All placements are tried by reciprocity and the best refined; the winner is solved for again, at first and
    at second order. --out writes plan.toml, which `tmsim run` takes, the best pose for SimNIBS and the best
    five for Brainsight and Localite, and the map of the scalp as a table.
    """
    from tmsim.coil import Coil
    from tmsim.field import REFERENCE_DIDT_A_PER_S, FiniteElements
    from tmsim.plan import Cache
    from tmsim.plan.stages import coil_of, head_of
    from tmsim.plan.target import plan_with, refuse_unless_folder, write_target
    from tmsim.search import Grid, search, second_order_value

    what = _plan(plan, head)
    check_picture(picture)
    if out is not None:
        refuse_unless_folder(out)
    error = _placement_error(robust, seed)
    grid = Grid(
        radius_m=to_si(radius, "m", name="--radius"),
        spacing_m=to_si(spacing, "m", name="--spacing"),
        angles_rad=_angles(angles),
        tilt_rad=to_si(tilt, "rad", name="--tilt"),
        gap_m=_gap(what, gap),
    )
    region_radius_m = to_si(region, "m", name="--region")
    method = FiniteElements(order=order)  # pyright: ignore[reportArgumentType]
    place = aim or _target(what)
    coils = [Coil.load(name) for name in coil] if coil else [coil_of(what)]
    with progress_bar() as progress:
        sought, dose_A_per_s = _objective(objective, direction, waveform, plan, what, didt, progress)
        slope = REFERENCE_DIDT_A_PER_S if dose_A_per_s is None else dose_A_per_s
        if didt is not None:
            slope = None if didt == "full" else to_si(didt, "A/s", name="--didt")
        own_head = head_of(what, Cache())
        found = search(
            own_head, coils, place, sought, region_radius_m=region_radius_m, grid=grid, robust=error,
            didt_A_per_s=slope, method=method, progress=lambda text, done: progress(text, 0.7 * done),
        )  # fmt: skip
        second_order = found.verified_value
        if order == 1:
            second_order = second_order_value(
                own_head,
                found,
                progress=lambda text, done: progress(f"second order: {text}", 0.7 + 0.3 * done),
            )
    if picture is not None:
        from tmsim.report.search import search_figure

        save_picture(search_figure(own_head, coils, found), picture)
    poses = _poses(found)
    if out is not None:
        source = coil[coils.index(found.coil)] if coil else None
        write_target(out, plan_with(what, found, source), found, poses)
    if as_json:
        print(json.dumps(_facts(found, second_order, poses), indent=2))
    else:
        _print(found, second_order, coils, grid)


def _plan(path: Path | None, head: str | None) -> Plan:
    import tmsim.plan

    what = tmsim.plan.load(path) if path else tmsim.plan.default()
    if head is None:
        return what
    return what.model_copy(update={"head": what.head.model_copy(update={"source": head})})


def _target(what: Plan) -> str:
    from tmsim.plan.types import AtTarget

    if not isinstance(what.placement, AtTarget):
        raise InputError("plan", "a pose and no target", "a target", "Give --target.")
    return what.placement.target


def _gap(what: Plan, gap: str | None) -> float:
    from tmsim.plan.types import AtTarget

    text = gap or (what.placement.gap if isinstance(what.placement, AtTarget) else "4 mm")
    return to_si(text, "m", name="--gap")


def _angles(text: str) -> tuple[float, ...]:
    """``10 deg`` is a step all round; ``0 45 90 deg`` are angles."""
    *numbers, unit = text.replace(",", " ").split() or [""]
    values = [to_si(f"{number} {unit}", "rad", name="--angles") for number in numbers]
    if not values:
        raise InputError("--angles", repr(text), "a step such as '10 deg', or '0 45 90 deg'")
    if len(values) > 1:
        return tuple(values)
    step = values[0]
    if not math.radians(0.5) <= step <= math.pi:
        raise InputError("--angles", repr(text), "a step of 0.5 to 180 deg")
    count = math.ceil(2 * math.pi / step - 1e-9)
    return tuple(k * step for k in range(count))


def _placement_error(text: str | None, seed: int) -> PlacementError | None:
    from tmsim.search import PlacementError

    if text is None:
        return None
    parts = text.split(",")
    if len(parts) != 2:
        raise InputError("--robust", repr(text), "a length and an angle, '3 mm, 5 deg'")
    position, angle = parts
    return PlacementError(
        position_m=to_si(position.strip(), "m", name="--robust"),
        angle_rad=to_si(angle.strip(), "rad", name="--robust"),
        seed=seed,
    )


def _objective(
    name: str,
    direction: str | None,
    waveform: str | None,
    path: Path | None,
    what: Plan,
    didt: str | None,
    progress: Progress,
) -> tuple[Objective, float | None]:
    """The objective, and the current slope of the plan's dose where that is what recruits. [A/s]"""
    import tmsim.plan
    from tmsim.neuron import neuron_model
    from tmsim.pulse import waveform as pulse_of
    from tmsim.search import Contrast, MeanAlong, MeanMagnitude, MeanVector, RecruitedShare

    simple = {"vector": MeanVector, "magnitude": MeanMagnitude, "contrast": Contrast}
    if name == "mean":
        return MeanAlong(direction=_direction(direction or "outward")), None
    if direction is not None:
        raise InputError("--direction", f"one for {name}", "--objective mean, which alone has a direction")
    if name in simple:
        return simple[name](), None
    if name != "recruited":
        raise InputError("--objective", repr(name), "vector, magnitude, mean, recruited or contrast")
    pulse, model = pulse_of(waveform or what.pulse.waveform), neuron_model(what.neuron.model)
    if didt is not None:
        return RecruitedShare(waveform=pulse, model=model), None
    if path is None or waveform is not None:
        raise InputError("--objective", "recruited without a dose", "--didt, or a plan with its own pulse")
    _, response = tmsim.plan.response_of(what, progress=progress)
    threshold = None if response.threshold is None else response.threshold.drive_V_per_m
    recruited = RecruitedShare(waveform=pulse, model=model, motor_threshold_V_per_m=threshold)
    return recruited, response.field.didt_A_per_s


def _direction(text: str) -> Any:
    if text in ("outward", "inward"):
        return text
    words = text.replace(",", " ").split()
    try:
        if len(words) == 4 and words[0] == "head":
            return [float(word) for word in words[1:]]
    except ValueError:
        pass
    raise InputError("--direction", repr(text), "outward, inward or 'head X Y Z'")


def _poses(found: Found) -> list[Pose]:
    """The winner, then the best places of the grid, each at another scalp point or with another coil."""
    from tmsim.placement import Pose

    best = found.candidates.ranked()[:_ALTERNATIVES]
    own = found.candidates.matrices
    return [found.pose, *(Pose(matrix=own[i]) for i in best[1:])]


def _facts(found: Found, second_order: float, poses: Sequence[Pose]) -> dict[str, Any]:
    pose = found.pose
    facts: dict[str, Any] = {
        "objective": found.objective.name,
        "unit": found.objective.unit,
        "target": found.region.target,
        "coil": found.coil.name,
        "didt_A_per_s": found.didt_A_per_s,
        "value": found.value,
        "verified_value": found.verified_value,
        "second_order_value": second_order,
        "grid_value": found.grid_value,
        "candidates": len(found.candidates.values),
        "pose_simnibs_mm": pose.to_simnibs_mm().tolist(),
        "scalp_m": pose.scalp_m.tolist(),
        "angle_rad": pose.angle_rad,
        "tilt_rad": list(found.tilt_rad),
        "gap_m": pose.gap_m,
        "lifted_m": pose.lifted_m,
        "alternatives_simnibs_mm": [other.to_simnibs_mm().tolist() for other in poses[1:]],
    }
    if found.robust is not None:
        facts["robust"] = {
            "position_m": found.robust.error.position_m,
            "angle_rad": found.robust.error.angle_rad,
            "samples": found.robust.error.samples,
            "seed": found.robust.error.seed,
            "expected": found.robust.expected,
            "fifth_percentile": found.robust.fifth_percentile,
        }
    return facts


def _print(found: Found, second_order: float, coils: Sequence[Coil], grid: Grid) -> None:
    from rich.console import Console
    from rich.table import Table

    pose, unit = found.pose, found.objective.unit
    n_coils = f", {len(coils)} coils" if len(coils) > 1 else ""
    tilt = ", ".join(f"{math.degrees(angle):+.1f}" for angle in found.tilt_rad)

    def value(number: float) -> str:
        return f"{number:.4g} {unit}".rstrip()

    rows = [
        ("target", f"{found.region.target}, cortex within {found.region.radius_m * 1e3:g} mm"),
        ("objective", f"{found.objective.name} at {found.didt_A_per_s / 1e6:.4g} A/us"),
        (
            "tried",
            f"{len(found.candidates.values):,} placements on {len(found.map.values)} scalp points{n_coils}",
        ),
        ("coil", found.coil.name),
        ("scalp, head axes", " ".join(f"{x * 1e3:.1f}" for x in pose.scalp_m) + " mm"),
        ("handle", f"{math.degrees(pose.angle_rad):.0f} deg from the midline"),
        *([("tilt about x, y", f"{tilt} deg")] if grid.tilt_rad else []),
        ("gap", f"{pose.gap_m * 1e3:g} mm, lifted {pose.lifted_m * 1e3:.1f} mm"),
        ("best on the grid", value(found.grid_value)),
        ("refined, by reciprocity", value(found.value)),
        ("the same, forward solve", value(found.verified_value)),
        ("in second order", value(second_order)),
    ]
    if found.robust is not None:
        error = found.robust.error
        size = f"{error.position_m * 1e3:g} mm, {math.degrees(error.angle_rad):g} deg"
        rows += [
            (f"expected under {size}", value(found.robust.expected)),
            ("5th percentile", value(found.robust.fifth_percentile)),
        ]
    table = Table(show_header=False, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    Console().print(table, highlight=False)
