"""Coils: windings to current elements, their A and B, coil files, casings.

Per ampere of coil current, in the coil's own frame::

    wire      A = mu0/(4 pi) t 2 atanh(L / (ra + rb))
              B = mu0/(4 pi) (ra x rb) (ra + rb) / (ra rb (ra rb + ra.rb))
    dipole    A = mu0/(4 pi) m x d / d^3
              B = mu0/(4 pi) (3 (m.d) d / d^2 - m) / d^3
    E0 = -dA/dt, the field that the coil drives before the head answers

Range: quasi-static, thin wire, no iron. Within a wire's thickness of a winding the fields are not those of
the real conductor. The built-in coils are idealised from the dimensions of Deng2013; files of SimNIBS
(``.ccd``, ``.tcd``, ``.nii.gz``) are read as they are.
"""

from tmsim.coil.load import list_coils
from tmsim.coil.parameters import CATALOGUE, WindingSpec
from tmsim.coil.types import Coil, Dipoles, Elements, RecordedWaveform, SampledPotential, Segments

__all__ = [
    "CATALOGUE",
    "Coil",
    "Dipoles",
    "Elements",
    "RecordedWaveform",
    "SampledPotential",
    "Segments",
    "WindingSpec",
    "list_coils",
]
