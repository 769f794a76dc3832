"""What a tracer of dopamine D2 receptors would show: dopamine competes with it for the receptor."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tmsim.core import FloatArray, InputError, read_only
from tmsim.transmitters.circuit import circuit
from tmsim.transmitters.evidence import TRANSMITTERS
from tmsim.transmitters.parameters import DEPLETION, DEPLETION_SD, KI_M
from tmsim.transmitters.types import Binding, Release


def binding_change(rest_M: npt.ArrayLike, during_M: npt.ArrayLike, *, ki_M: float = KI_M.value) -> FloatArray:
    """Relative change of a binding potential as dopamine goes from ``rest_M`` to ``during_M``.

    The potential goes with 1 / (1 + [DA]/Ki): a tracer at low dose, dopamine in equilibrium with one kind of
    receptor, and the mean concentration over the scan.

    Raises
    ------
    InputError
        A concentration below 0, or a Ki that isn't above 0.
    """
    rest, during = np.asarray(rest_M, dtype=float), np.asarray(during_M, dtype=float)
    for name, value in (("dopamine at rest", rest), ("dopamine", during)):
        if not (np.isfinite(value).all() and (value >= 0).all()):
            raise InputError(name, "a value below 0 or NaN", "concentrations of 0 mol/l or more")
    if not 0 < ki_M < math.inf:
        raise InputError("Ki", f"{ki_M} mol/l", "above 0")
    return (1 + rest / ki_M) / (1 + during / ki_M) - 1


def session_binding(release: Release) -> Binding:
    """What a D2 tracer would show, from the mean over the session, against rest.

    A scan that goes on after the session would show less of it, since dopamine falls back at once here.
    Low and high stand for one standard deviation between people of what depletion showed (Laruelle1997).
    """
    k = TRANSMITTERS.index("dopamine")
    rest, during = release.rest_M[k], release.mean_M[k]
    healthy_M = float(circuit().dopamine_M[-1])
    spread = [
        binding_change(rest, during, ki_M=healthy_M / (DEPLETION.value + side * DEPLETION_SD.value))
        for side in (-1, 1)
    ]
    return Binding(
        cases=release.cases,
        change=read_only(binding_change(rest, during)),
        low=read_only(np.minimum(*spread)),
        high=read_only(np.maximum(*spread)),
    )
