"""The methods paragraph, written from what was used."""

from __future__ import annotations

import numpy as np

from tmsim.coil.types import Dipoles, Elements, Segments
from tmsim.field.types import FiniteElements
from tmsim.head.parameters import TISSUES
from tmsim.report.layout import slope_text
from tmsim.report.types import ReportInput


def method_text(report: ReportInput) -> tuple[str, ...]:
    """Paragraphs that a paper could quote: head, coil, field, and how numbers were drawn from it."""
    return _head(report), _coil(report), _field(report), _numbers(report)


def _head(report: ReportInput) -> str:
    head = report.head
    tags = np.unique(head.tags).tolist()
    sigma = ", ".join(
        f"{TISSUES[tag].label if tag in TISSUES else f'tag {tag}'} {head.conductivity_of(tag):.4g}"
        for tag in tags
    )
    kind = "isotropic" if head.tensors_S_per_m is None else "isotropic, overridden by tensors where given,"
    return (
        f"The head {head.name} was represented by {len(head.tets):,} tetrahedra with "
        f"{len(head.nodes_m):,} nodes in {len(tags)} tissues. Conductivities were {kind} in S/m: {sigma}."
    )


def _coil(report: ReportInput) -> str:
    coil = report.coil
    parts = " and ".join(_part(element) for element in coil.elements)
    return (
        f"The coil {coil.label} was represented by {parts}. Its vector potential A is that of a coil in "
        "free space; the tissue's own magnetic field and displacement currents are neglected, as is usual "
        "below 10 kHz."
    )


def _part(element: Elements) -> str:
    match element:
        case Segments(starts_m=starts):
            return f"{len(starts):,} straight pieces of wire"
        case Dipoles(positions_m=positions):
            return f"{len(positions):,} magnetic dipoles"
    return "a vector potential sampled on a grid"


def _field(report: ReportInput) -> str:
    field = report.field
    if isinstance(field.method, FiniteElements):
        order = {1: "first", 2: "second"}[field.method.order]
        refined = "" if field.method.error is None else "on the mesh of the head refined where the coil is "
        return (
            "The electric field E = −∂A/∂t − ∇φ follows from ∇·(σE) = 0 with no current through the outer "
            f"surface. It was solved with finite elements of {order} order {refined}"
            f"({field.unknowns:,} unknowns) by conjugate gradients, in {field.iterations} iterations to a "
            f"relative residual of {field.relative_residual:.1e}, at dI/dt = "
            f"{slope_text(field.didt_A_per_s)}. It is linear in dI/dt."
        )
    return (
        "The electric field is the closed form for a radially layered sphere at "
        f"dI/dt = {slope_text(field.didt_A_per_s)}: a check on other methods, not a model of this head."
    )


def _numbers(report: ReportInput) -> str:
    text = (
        "Fields on the cortex are taken from grey matter alone, on the surface half way between white matter "
        "and pia. Percentiles are weighted by volume. Directions are for rising current."
    )
    field = report.field
    error = field.error
    if error is None:
        return text + " No error estimate was made for this field."
    if field.misses_error:
        text += " The limit of unknowns was reached before the error that was asked for."
    return text + (
        f" Numerical error ({error.method}) where the field exceeds half of its peak: median "
        f"{100 * error.median:.2g} %, 95th percentile {100 * error.p95:.2g} %. Errors of segmentation and "
        "conductivity come on top of it and are often larger."
    )
