"""Built-in coils: one entry a coil, windings as published.

They are idealised: circular turns evenly spread between the inner and outer diameter, no leads, no
bridge between the wings, current spread over the height of the wire alone. Outer and inner diameters,
turns and layers are Deng2013's; of the real casing nothing was published, so casing, handle and
the distance from winding to casing face are ours, marked unverified.
"""

from __future__ import annotations

from dataclasses import dataclass

from tmsim.core import Parameter


def _assumed(value: float, unit: str, note: str) -> Parameter:
    return Parameter(value, unit, "assumed", "unverified", note)


WINDING_TO_FACE = _assumed(3.0, "mm", "lowest wire to the casing face that touches the head")
CASING_RIM = _assumed(5.0, "mm", "outermost wire to the casing's rim")
HANDLE_LENGTH = _assumed(150.0, "mm", "from the rim of the casing")
SIDES = 64
"""Straight sides of a turn. The polygon has the area of the circle, so that the far field is exact."""


@dataclass(frozen=True, kw_only=True)
class WindingSpec:
    """A built-in coil: windings in mm, as the literature gives them.

    ``turns`` are those of one layer of one wing; ``wings`` is 1 (circular) or 2 (figure-8, double cone),
    with centres ``spacing_mm`` apart, measured in the wings, or touching if that is 0.
    ``wire_height_mm`` is across the layers. ``wing_angle_deg`` is the angle between the two wings on the
    side of the head, 180 for a flat coil. ``didt_max`` at full output, of exactly this model or None.
    """

    number: int  # in Deng2013
    label: str
    outer_mm: float
    inner_mm: float
    turns: int
    layers: int = 1
    wings: int = 1
    spacing_mm: float = 0.0
    wire_width_mm: float = 1.75
    wire_height_mm: float = 6.0
    wing_angle_deg: float = 180.0
    brand: str = ""
    stimulator: str = ""
    didt_max: Parameter | None = None
    note: str = ""

    @property
    def center_m(self) -> float:
        """Distance of a wing's centre from the hinge, 0 for a circular coil. [m]"""
        return (self.spacing_mm or self.outer_mm) / 2 * 1e-3 if self.wings == 2 else 0.0


def _didt(value: float, note: str = "") -> Parameter:
    return Parameter(value, "A/us", "Drakaki2022", "read", note)


_WIRE = "The wire's cross-section isn't given: 1.75 x 6 mm assumed (unverified)."

CATALOGUE: dict[str, WindingSpec] = {
    "magstim-70mm-fig8": WindingSpec(
        number=31, label="Magstim 70 mm figure-8", outer_mm=87, inner_mm=56, turns=9, wings=2,
        spacing_mm=90.0, brand="Magstim", stimulator="Magstim Rapid",
        didt_max=Parameter(
            114.7, "A/us", "Drakaki2022", "unverified", "given for the D70; taken to be the same coil by name"
        ),
        note="Wing centres 90 mm apart, recomputed from the dipoles of Thielscher2004.",
    ),
    "magstim-25mm-fig8": WindingSpec(
        number=25, label="Magstim 25 mm figure-8", outer_mm=42, inner_mm=18, turns=14, wings=2,
        wire_width_mm=0.75, brand="Magstim",
    ),
    "magventure-c-b60": WindingSpec(
        number=29, label="MagVenture C-B60 figure-8", outer_mm=75, inner_mm=35, turns=5, layers=2, wings=2,
        wire_height_mm=11.0, brand="MagVenture", stimulator="MagPro X100", didt_max=_didt(155.4),
    ),
    "magventure-mc-b70": WindingSpec(
        number=30, label="MagVenture MC-B70 figure-8, bent wings", outer_mm=108, inner_mm=24, turns=10,
        wings=2, wire_width_mm=3.5, wing_angle_deg=150.0, brand="MagVenture", stimulator="MagPro X100",
        didt_max=_didt(155.3), note="The angle between the wings is assumed to be 150 degrees (unverified).",
    ),
    "magstim-circular-70mm": WindingSpec(
        number=4, label="Magstim circular 70 mm", outer_mm=94, inner_mm=40, turns=15, brand="Magstim",
    ),
    "magstim-circular-90mm": WindingSpec(
        number=5, label="Magstim circular 90 mm", outer_mm=123, inner_mm=66, turns=14, brand="Magstim",
    ),
    "mst-circular-animal": WindingSpec(
        number=6, label="MST circular, animal", outer_mm=97.5, inner_mm=47, turns=9, layers=2, note=_WIRE,
    ),
    "mst-circular-human": WindingSpec(
        number=7, label="MST circular, human", outer_mm=120, inner_mm=44, turns=9, layers=2, note=_WIRE,
    ),
    "three-layer-double": WindingSpec(
        number=21, label="three-layer double coil", outer_mm=30, inner_mm=8, turns=13, layers=3, wings=2,
        wire_width_mm=0.75, note="The wire's cross-section isn't given: 0.75 x 6 mm assumed (unverified).",
    ),
    "mst-twin": WindingSpec(
        number=36, label="MST Twin", outer_mm=119, inner_mm=40, turns=15, wings=2, wing_angle_deg=100.0,
        brand="MagVenture", stimulator="MagPro XP", didt_max=_didt(200.1, "one half of the coil"), note=_WIRE,
    ),
    "magstim-double-cone": WindingSpec(
        number=37, label="double cone", outer_mm=125, inner_mm=96, turns=7, wings=2, wing_angle_deg=100.0,
        brand="Magstim", stimulator="Magstim Rapid", didt_max=_didt(84.4), note=_WIRE,
    ),
}  # fmt: skip
"""Built-in coils by name."""
