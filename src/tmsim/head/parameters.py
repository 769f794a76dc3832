"""Tissues by SimNIBS tag, with isotropic conductivities and their sources.

The values are the set that SimNIBS ships, so that fields can be compared with its own. Published
measurements spread far more widely than these digits suggest: skull by a factor of ten, grey matter by
a factor of four (McCann2019). They belong to frequencies of about 1 to 10 kHz.
"""

from __future__ import annotations

from dataclasses import dataclass

from tmsim.core import Parameter


@dataclass(frozen=True)
class Tissue:
    """A tissue: its SimNIBS tag, its name and its standard conductivity."""

    tag: int
    name: str
    label: str
    conductivity: Parameter


def _tissue(tag: int, name: str, label: str, sigma_S_per_m: float, source: str) -> Tissue:
    # The values were read in the SimNIBS set; the primary papers behind them were not re-read.
    return Tissue(tag, name, label, Parameter(sigma_S_per_m, "S/m", source, "unverified"))


TISSUES: dict[int, Tissue] = {
    t.tag: t
    for t in (
        _tissue(1, "white_matter", "white matter", 0.126, "Wagner2004"),
        _tissue(2, "grey_matter", "grey matter", 0.275, "Wagner2004"),
        _tissue(3, "csf", "CSF", 1.654, "Wagner2004"),
        _tissue(4, "bone", "bone", 0.010, "Wagner2004"),
        _tissue(5, "scalp", "scalp", 0.465, "Wagner2004"),
        _tissue(6, "eyes", "eyes", 0.5, "Opitz2015"),
        _tissue(7, "compact_bone", "compact bone", 0.008, "Opitz2015"),
        _tissue(8, "spongy_bone", "spongy bone", 0.025, "Opitz2015"),
        _tissue(9, "blood", "blood", 0.6, "Gabriel2009"),
        _tissue(10, "muscle", "muscle", 0.16, "Gabriel2009"),
        _tissue(11, "cartilage", "cartilage", 0.88, "Saturnino2019"),
        _tissue(12, "fat", "fat", 0.078, "Saturnino2019"),
    )
}

WHITE_MATTER, GREY_MATTER, CSF, BONE, SCALP, EYES = 1, 2, 3, 4, 5, 6
BRAIN_TAGS = (WHITE_MATTER, GREY_MATTER)
SKULL_TAGS = (4, 7, 8)
"""Bone, whole or as compact and spongy bone."""
