"""What the page asks for first: head, coils, pulses, protocols and models there are, and their shapes."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from functools import cache
from typing import Any, Literal, get_args

import numpy as np
from fastapi import APIRouter, Request, Response

from tmsim.coil import CATALOGUE, Coil, Segments, list_coils
from tmsim.core import FloatArray
from tmsim.placement import NAMED_POINTS
from tmsim.placement.targets import HeadPoint
from tmsim.plan.types import AtTarget, NeuronPlan, OutputPlan, Plan, PulsePlan
from tmsim.web.anatomy import Anatomy, packed, tissues_of
from tmsim.web.bench import Bench

router = APIRouter(prefix="/api")

Shape = Literal["skin", "cortex", "cortex-full"]


@router.get("/page")
def page(request: Request) -> dict[str, Any]:
    """All that the page is built from."""
    bench: Bench = request.app.state.bench
    anatomy = bench.anatomy
    return {
        "head": {
            "name": anatomy.name,
            "tissues": tissues_of(anatomy),
            "bounds_mm": (anatomy.bounds_m * 1e3).tolist(),
            "n_cortex": len(anatomy.live),
            "n_cortex_full": len(anatomy.cortex.points_m),
        },
        **library(),
        "targets": _targets(anatomy),
        "default_plan": first_plan(bench, anatomy).model_dump(mode="json"),
        "basis": asdict(bench.basis),
    }


@cache
def library() -> dict[str, Any]:
    """What is built in, by name."""
    from tmsim import __version__
    from tmsim.neuron import neuron_model
    from tmsim.plasticity import MODELS
    from tmsim.pulse import STIMULATORS, list_protocols, protocol
    from tmsim.safety import DEVICES

    coils = [Coil.load(name) for name in list_coils()]
    return {
        "version": __version__,
        "coils": [
            {
                "name": coil.name,
                "label": coil.label,
                "shape": "circular" if CATALOGUE[coil.name].wings == 1 else "figure-8",
                "didt_max_A_per_us": _per_us(coil.didt_max_A_per_s),
                "status": coil.status,
            }
            for coil in coils
        ],
        "waveforms": [
            {"name": name, "label": entry.label, "kind": entry.kind, "status": entry.status}
            for name, entry in STIMULATORS.items()
        ],
        "protocols": [
            {
                "name": p.id,
                "title": p.label,
                "status": p.status,
                "indication": p.indication,
                "muscle": p.muscle,
                "intensity": str(p.blocks[0].intensity or ""),
                "target": p.blocks[0].target,
                "evidence_level": p.evidence_level,
                "sources": list(p.sources),
            }
            for p in map(protocol, list_protocols())
        ],
        "neuron_models": [
            {"name": name, "label": name, "validity": neuron_model(name).validity}
            for name in get_args(NeuronPlan.model_fields["model"].annotation)
        ],
        "plasticity_models": [
            {"name": name, "label": model().label, "validity": model().validity}
            for name, model in MODELS.items()
        ],
        "devices": [{"name": name, "label": device.label} for name, device in DEVICES.items()],
        "connectomes": [{"name": "enigma-82", "label": "ENIGMA, 82 regions"}],
    }


def first_plan(bench: Bench, anatomy: Anatomy) -> Plan:
    """The default plan on this head; where it lacks the landmarks, over its top and at a set dI/dt."""
    placement, pulse = AtTarget(), PulsePlan()
    if placement.target not in anatomy.electrodes_m:
        x, y, z = anatomy.skin.points_m[anatomy.skin.points_m[:, 2].argmax()].round(4).tolist()
        placement = AtTarget(target=str(HeadPoint((x, y, z))))
    if not anatomy.named_m:
        pulse = PulsePlan(dose="67 A/us")
    output = OutputPlan(t1=str(bench.t1) if bench.t1 else "")
    return Plan(head=bench.head_plan, placement=placement, pulse=pulse, output=output)


@router.get("/geometry/{name}")
def geometry(name: Shape, request: Request) -> Response:
    """A surface: see :func:`tmsim.web.anatomy.packed`."""
    anatomy: Anatomy = request.app.state.bench.anatomy
    surface = {"skin": anatomy.skin, "cortex": anatomy.live_cortex, "cortex-full": anatomy.cortex}[name]
    content = packed(surface)
    return unchanging(request, content, "application/octet-stream")


def unchanging(request: Request, content: bytes, kind: str) -> Response:
    """An answer that a browser asks for anew only to hear that it is the same."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=kind, headers=headers)


@router.get("/coils/{name}/geometry")
def coil_geometry(name: str, request: Request) -> dict[str, Any]:
    """Casing, windings and handle of a coil, in its own coordinates. [mm]"""
    coil: Coil = request.app.state.bench.coil(name)
    casing = coil.casing
    return {
        "casing": {
            "points_mm": [] if casing is None else _flat_mm(casing.points_m),
            "triangles": [] if casing is None else casing.triangles.ravel().tolist(),
        },
        "windings": [_flat_mm(line) for line in windings_of(coil)],
        "handle": None
        if coil.handle_m is None
        else {
            "from_mm": (coil.handle_m[0] * 1e3).tolist(),
            "to_mm": (coil.handle_m[1] * 1e3).tolist(),
        },
    }


def windings_of(coil: Coil) -> list[FloatArray]:
    """The wire as lines, (n, 3) each: segments that follow each other are one. [m]"""
    lines = []
    for part in coil.elements:
        if isinstance(part, Segments) and len(part.starts_m):
            broken = np.flatnonzero(np.linalg.norm(part.starts_m[1:] - part.ends_m[:-1], axis=1) > 1e-6) + 1
            for starts, ends in zip(
                np.split(part.starts_m, broken), np.split(part.ends_m, broken), strict=True
            ):
                lines.append(np.concatenate([starts, ends[-1:]]))
    return lines


def _targets(anatomy: Anatomy) -> dict[str, Any]:
    return {
        "electrodes": {name: (at * 1e3).round(2).tolist() for name, at in anatomy.electrodes_m.items()},
        "named": [
            {
                "name": name,
                "label": NAMED_POINTS[name].label,
                "point_mm": (at * 1e3).round(2).tolist(),
                "source": NAMED_POINTS[name].source,
                "status": NAMED_POINTS[name].status,
                "note": NAMED_POINTS[name].note,
            }
            for name, at in anatomy.named_m.items()
        ],
    }


def _per_us(slope_A_per_s: float | None) -> float | None:
    return None if slope_A_per_s is None else slope_A_per_s * 1e-6


def _flat_mm(points_m: FloatArray) -> list[float]:
    return (points_m * 1e3).round(3).ravel().tolist()
