"""From a field to who fires: the share of each population that a pulse activates at each cortical point."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np
from scipy.spatial import KDTree
from scipy.special import ndtr

from tmsim.core import FloatArray, InputError, read_only
from tmsim.field.types import EField
from tmsim.head import Head, regions_of
from tmsim.head.parameters import GREY_MATTER
from tmsim.neuron.directional import Directional, GRADIENT_RANGE_per_m
from tmsim.neuron.parameters import (
    CELL_EXTREMES,
    CORTICAL_THICKNESS,
    LAYER_DEPTH,
    MOTOR_THRESHOLD,
    N_CELLS,
    N_DIRECTIONS,
    THRESHOLDS,
    POLAR_ANGLES_rad,
)
from tmsim.neuron.types import Drive, NeuronModel, Recruitment, RegionRecruitment
from tmsim.pulse.types import Waveform

REFERENCE_POPULATION = "L5"
"""The population whose median threshold stands for the motor threshold: corticospinal cells are among it."""

TANGENTIAL = Drive(polar_rad=np.array([math.pi / 2]), gradient_per_m=np.zeros(1))
"""A uniform field across the column, as on the crown of a gyrus under a tangential coil."""

_CORTEX_REACH_m = 0.004  # grey matter farther than this from mid-cortex: deep nuclei, closed sulci
_MT_RANGE_V_per_m = (5.0, 500.0)


def recruit(
    head: Head,
    field: EField,
    waveform: Waveform,
    *,
    model: NeuronModel | None = None,
    motor_threshold_V_per_m: float = MOTOR_THRESHOLD.value,
    hotspot: Drive = TANGENTIAL,
) -> Recruitment:
    """The share of each population that one pulse activates, at each point of the mid-cortical surface.

    Parameters
    ----------
    field
        E at the peak dI/dt of the pulse that is given: ``field.scaled_to(didt)``.
    model
        The directional table where None.
    motor_threshold_V_per_m
        ``|E|`` at mid-cortex of the motor hotspot at motor threshold, **for this waveform**. [V/m]
    hotspot
        How the field lies there, one place of a :func:`drive_of`; across the column where not given.

    Raises
    ------
    InputError
        The head has no cortex, the field is not of this head or zero everywhere, or
        :func:`subject_scale` refuses.
    """
    model = Directional() if model is None else model
    scale = subject_scale(model, waveform, motor_threshold_V_per_m=motor_threshold_V_per_m, hotspot=hotspot)
    drive = drive_of(head, field)
    size = np.linalg.norm(field.cortex_V_per_m, axis=1)
    thresholds = scale * model.thresholds_V_per_m(drive, waveform)
    with np.errstate(divide="ignore"):
        excess = np.log(size * _at_layers(model.populations, drive) / thresholds)
    below, above = threshold_spread(model.populations)[:, :, None]
    fraction = ndtr(excess / np.where(excess < 0, below, above))

    area, volume = head.cortex.point_areas_m2, _volumes_m3(head)
    return Recruitment(
        model=model.name,
        waveform=waveform.name,
        populations=model.populations,
        fraction=read_only(fraction),
        motor_threshold_V_per_m=motor_threshold_V_per_m,
        scale=scale,
        area_m2=read_only(fraction @ area),
        volume_m3=read_only(fraction @ volume),
        share=read_only(fraction @ area / area.sum()),
        regions=_regions(head, fraction),
    )


def subject_scale(
    model: NeuronModel,
    waveform: Waveform,
    *,
    motor_threshold_V_per_m: float = MOTOR_THRESHOLD.value,
    hotspot: Drive = TANGENTIAL,
) -> float:
    """What a model's thresholds are multiplied with to become those of one person.

    Absolute thresholds of neuron models are 2 to 4 times the fields that head models show at motor
    threshold. The scale puts the median L5 cell at the hotspot exactly at threshold when ``|E|`` at
    mid-cortex there is ``motor_threshold_V_per_m`` with this waveform.

    Raises
    ------
    InputError
        The motor threshold is not 5 to 500 V/m, the hotspot isn't one place, the model has no population
        L5, or its L5 cells can't fire in that direction.
    """
    low, high = _MT_RANGE_V_per_m
    if not low <= motor_threshold_V_per_m <= high:
        raise InputError("motor threshold", f"{motor_threshold_V_per_m:.4g} V/m", "5 to 500 V/m")
    if len(hotspot.polar_rad) != 1:
        raise InputError("hotspot", f"the drive of {len(hotspot.polar_rad)} places", "of one")
    if REFERENCE_POPULATION not in model.populations:
        raise InputError(
            f"model {model.name}", f"populations {', '.join(model.populations)}", REFERENCE_POPULATION
        )
    k = model.populations.index(REFERENCE_POPULATION)
    threshold = float(model.thresholds_V_per_m(hotspot, waveform)[k, 0])
    if not math.isfinite(threshold):
        raise InputError(
            "hotspot",
            f"E at {math.degrees(hotspot.polar_rad[0]):.0f} degrees to the column",
            f"a direction in which the {model.name} model can fire",
            "Give the drive of a place with field along the column.",
        )
    return motor_threshold_V_per_m * float(_at_layers((REFERENCE_POPULATION,), hotspot)[0, 0]) / threshold


def drive_of(head: Head, field: EField) -> Drive:
    """How the field lies to the cells at each point of the mid-cortical surface.

    The gradient is that of a linear fit to ``|E|`` in the grey-matter tetrahedra that share a node with the
    point's own, weighted by volume, along the column. On the built-in head the field a millimetre away
    differs by 7 to 8 % (SD), of whose variance this foretells a tenth to a fifth; the rest is finer than
    any slope. It is held within 100 %/mm: where the field is weak, its relative change can be anything.
    A field that is known at the mid-cortex alone, without tetrahedra, counts as uniform along the column.

    Raises
    ------
    InputError
        The head has no cortex, or the field is not of this head, or zero everywhere.
    """
    if not head.has_cortex:
        raise InputError("head", f"{head.name} has no cortex", "white matter under grey")
    E, cortex = field.cortex_V_per_m, head.cortex
    if E.shape != cortex.points_m.shape or len(field.E_V_per_m) not in (0, len(head.tets)):
        raise InputError(
            "field", f"{len(field.E_V_per_m)} tetrahedra and {len(E)} cortical points",
            f"the {len(head.tets)} and {len(cortex.points_m)} of {head.name}",
        )  # fmt: skip
    if not np.isfinite(E).all():
        raise InputError("field", "NaN or infinite values at the cortex", "finite numbers")
    size = np.linalg.norm(E, axis=1)
    if not size.any():
        raise InputError("field", "zero everywhere", "a pulse", "Give dI/dt above 0.")
    known = np.where(size > 0, size, 1.0)
    along = np.einsum("ij,ij->i", E, cortex.column) / known
    gradient = np.zeros(len(size))
    if len(field.E_V_per_m):
        gradient = np.einsum("ij,ij->i", _gradient_V_per_m2(head, field), cortex.column) / known
    return Drive(
        polar_rad=np.arccos(np.clip(along, -1.0, 1.0)),
        gradient_per_m=np.clip(gradient, -GRADIENT_RANGE_per_m, GRADIENT_RANGE_per_m),
    )


def _gradient_V_per_m2(head: Head, field: EField) -> FloatArray:
    """Gradient of ``|E|`` round each mid-cortical point, (n, 3): least squares over the patch of its tet."""
    grey = np.flatnonzero(head.tags == GREY_MATTER)
    nodes, n = head.tets[grey].ravel(), len(head.nodes_m)
    weight = np.repeat(head.volumes_m3[grey], 4)
    middle = head.cortex.points_m.mean(axis=0)
    unknowns = np.column_stack([np.ones(len(grey)), (head.centers_m[grey] - middle) / _CORTEX_REACH_m])
    unknowns = np.repeat(unknowns, 4, axis=0)
    size = np.repeat(np.linalg.norm(field.E_V_per_m[grey], axis=1), 4)

    def at_nodes(values: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(nodes, weight * values, minlength=n), dtype=float)

    normal, load = np.empty((n, 4, 4)), np.empty((n, 4))
    for i in range(4):
        load[:, i] = at_nodes(unknowns[:, i] * size)
        for j in range(i, 4):
            normal[:, i, j] = normal[:, j, i] = at_nodes(unknowns[:, i] * unknowns[:, j])
    patch = head.tets[head.cortex.tets]
    matrix = normal[patch].sum(axis=1)
    slopes = np.arange(1, 4)
    matrix[:, slopes, slopes] += 1e-6 * matrix[:, :1, 0]  # no slope where too few tetrahedra tell it
    solved = np.linalg.solve(matrix, load[patch].sum(axis=1)[..., None])
    return solved[:, 1:, 0] / _CORTEX_REACH_m


def _at_layers(populations: Sequence[str], drive: Drive) -> FloatArray:
    """``|E|`` at the somata of each population over that at mid-cortex, (n_populations, n).

    The field changes exponentially along the column and keeps its direction.
    """
    outward_m = [(0.5 - LAYER_DEPTH[name].value) * CORTICAL_THICKNESS.value for name in populations]
    return np.exp(np.multiply.outer(outward_m, drive.gradient_per_m))


@cache
def threshold_spread(populations: tuple[str, ...]) -> FloatArray:
    """How thresholds spread within each population, (2, n_populations): below and above the median.

    Standard deviations of the logarithm of two half normals that meet at the median, since published extremes
    lie farther above the median than below it. Five cells in 398 directions are taken as so many independent
    draws, whose lowest and highest are on average a known number of standard deviations from the median;
    what the table gives to the polar angle is taken off again. Neighbouring directions are alike, so the
    spread is too low, by a fifth at most. Only L2/3 and L5 have published extremes: the others take the mean
    of the two (assumed). Living cells differ in more than their shape, and that is not in it.
    """
    known = {name: _spread(name) for name in CELL_EXTREMES}
    mean: FloatArray = np.stack(list(known.values())).mean(axis=0)
    return read_only(np.stack([known.get(name, mean) for name in populations], axis=1))


def _spread(name: str) -> FloatArray:
    lowest, _ = (entry.value for entry in CELL_EXTREMES[name]["minimum"])
    medians = [entry.value for entry in CELL_EXTREMES[name]["median"]]
    _, highest = (entry.value for entry in CELL_EXTREMES[name]["maximum"])
    median = math.sqrt(math.prod(medians))
    reach = np.log([median / lowest, highest / median]) / _normal_maximum(N_CELLS * N_DIRECTIONS)
    table = np.log([entry.value for entry in THRESHOLDS[name]])
    directions = np.sin(POLAR_ANGLES_rad)  # how many there are at each polar angle
    mean = np.average(table, weights=directions)
    return np.sqrt(reach**2 - np.average((table - mean) ** 2, weights=directions))


def _normal_maximum(n: int) -> float:
    """Mean of the largest of n standard normal numbers."""
    x, step = np.linspace(-8.0, 8.0, 1601, retstep=True)
    return float((1 - ndtr(x) ** n - ndtr(-x) ** n).sum() * step / 2)


@lru_cache(maxsize=2)
def _volumes_m3(head: Head) -> FloatArray:
    """Grey matter that is nearest to each mid-cortical point, (n,). [m^3]"""
    grey = np.flatnonzero(head.tags == GREY_MATTER)
    distance, nearest = KDTree(head.cortex.points_m).query(
        head.centers_m[grey], distance_upper_bound=_CORTEX_REACH_m, workers=-1
    )
    cortical = np.isfinite(distance)
    volume = np.bincount(
        nearest[cortical], head.volumes_m3[grey[cortical]], minlength=len(head.cortex.points_m)
    )
    return read_only(np.asarray(volume, dtype=float))


_regions_of = lru_cache(maxsize=2)(regions_of)


def _regions(head: Head, fraction: FloatArray) -> tuple[RegionRecruitment, ...]:
    """Recruitment by region, the most recruited first; none without a way to MNI."""
    if head.head_to_mni is None:
        return ()
    regions, area = _regions_of(head), head.cortex.point_areas_m2
    total = np.bincount(regions.index, area, minlength=len(regions.names))
    active = np.stack([np.bincount(regions.index, area * row, minlength=len(total)) for row in fraction])
    rows = [
        RegionRecruitment(
            region=name, area_m2=float(total[k]), share=tuple((active[:, k] / total[k]).tolist())
        )
        for k, name in enumerate(regions.names)
        if total[k] > 0
    ]
    return tuple(sorted(rows, key=lambda row: -max(row.share)))
