"""The electric field that a coil induces in a head.

At the frequencies of TMS the field is quasi-static: E = E0 - grad(phi), where E0 = -dA/dt is the field of
the coil in free space and phi that of the charge which gathers wherever conductivity changes, with
div(sigma grad(phi)) = div(sigma E0) in the head and no current through its surface. Everything is linear in
dI/dt. phi is found with second-order finite elements on tetrahedra and multigrid-preconditioned conjugate
gradients; in a layered sphere the closed form is a second, independent method (Sarvas1987, Heller1992).

Range: a head far smaller than the wavelength and purely resistive tissue (Wagner2004), so pulses of some
kHz; the coil outside the head. The error of the discretisation is estimated with every field, and the
mesh refined where the coil is until it is as small as asked for (Bey1995, Doerfler1996); those of
segmentation and conductivity are not in it, and are larger (Gomez2020, McCann2019): `propagate` draws them
from published ranges and says what the field's scatter comes from (SaturninoUncertainty2019).
"""

from tmsim.field.basis import BasisSpec, Drive, FieldBasis, LiveField, tissue_points
from tmsim.field.chaos import Beta, Normal
from tmsim.field.depth import DepthSpread, depth_and_spread
from tmsim.field.metrics import summarize
from tmsim.field.readouts import MeanComponent, MeanMagnitude, Peak, Readout, standard_readouts
from tmsim.field.sensitivity import (
    LinearSpread,
    Sensitivities,
    conductivity_sensitivities,
    linear_spreads,
    sensitivities,
)
from tmsim.field.solve import REFERENCE_DIDT_A_PER_S, Solver, prepare, primary_field, simulate
from tmsim.field.sphere import sphere_field
from tmsim.field.study import Study, standard_borders, standard_conductivity
from tmsim.field.types import EField, ErrorEstimate, FiniteElements, LayeredSphere, Method, Metrics, RegionRow
from tmsim.field.uncertainty import Spread, Uncertainty, propagate

__all__ = [
    "REFERENCE_DIDT_A_PER_S",
    "BasisSpec",
    "Beta",
    "DepthSpread",
    "Drive",
    "EField",
    "ErrorEstimate",
    "FieldBasis",
    "FiniteElements",
    "LayeredSphere",
    "LinearSpread",
    "LiveField",
    "MeanComponent",
    "MeanMagnitude",
    "Method",
    "Metrics",
    "Normal",
    "Peak",
    "Readout",
    "RegionRow",
    "Sensitivities",
    "Solver",
    "Spread",
    "Study",
    "Uncertainty",
    "conductivity_sensitivities",
    "depth_and_spread",
    "linear_spreads",
    "prepare",
    "primary_field",
    "propagate",
    "sensitivities",
    "simulate",
    "sphere_field",
    "standard_borders",
    "standard_conductivity",
    "standard_readouts",
    "summarize",
    "tissue_points",
]
