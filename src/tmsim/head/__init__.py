"""The head: tetrahedra with tissue tags, their conductivities, surfaces, landmarks, and the built-in head.

A head is first-order tetrahedra in RAS coordinates, each of one tissue with one conductivity (or a
tensor); tags are those of SimNIBS. It comes from a gmsh file, from a label volume meshed on a
body-centred cubic lattice (after Labelle2007), or with the package. Meshes that would break a solve are
refused with the fault named, and mended only when asked.

Surfaces are borders between tissues; the mid-cortical surface is the level 0.5 of a potential that runs
from 0 at white matter to 1 at the pial surface (Jones2000). Scalp landmarks and 10-10 positions are
measured on the skin of the head at hand (Jurcak2007).

Range: frequencies of 1 to 10 kHz, at which tissue is taken as purely resistive; published conductivities
spread by a factor of four (grey matter) to ten (skull) round the standard values (McCann2019). The
built-in ``colin27`` (Holmes1998) is one man's head, segmented from T1 alone; `metadata` lists its
known defects.
"""

from tmsim.head.builtin import builtin_names, metadata
from tmsim.head.landmarks import electrode_positions, scalp_cortex_distance
from tmsim.head.locate import Nearest, locate, nearest_on_surface
from tmsim.head.parameters import TISSUES, Tissue
from tmsim.head.regions import Regions, regions_of
from tmsim.head.surfaces import grey_surface, mid_cortex, outer_surface, skull_surface
from tmsim.head.types import Cortex, Fiducials, Head, Labels, Origin

__all__ = [
    "TISSUES",
    "Cortex",
    "Fiducials",
    "Head",
    "Labels",
    "Nearest",
    "Origin",
    "Regions",
    "Tissue",
    "builtin_names",
    "electrode_positions",
    "grey_surface",
    "locate",
    "metadata",
    "mid_cortex",
    "nearest_on_surface",
    "outer_surface",
    "regions_of",
    "scalp_cortex_distance",
    "skull_surface",
]
