"""The plan of a run: what a user writes in TOML, checked, with every default in place."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag

from tmsim.core import to_si

Row = tuple[float, float, float, float]
OutputKind = Literal["mesh", "nifti", "gifti", "tables", "navigation", "report"]


def _quantity(unit: str, low: float, high: float, span: str) -> AfterValidator:
    """Text with a unit; kept as written, since a plan is read by people, and checked against its range."""

    def check(text: str) -> str:
        if not low <= to_si(text, unit) <= high:
            raise ValueError(f"expected {span}")
        return text

    return AfterValidator(check)


Gap = Annotated[str, _quantity("m", 0.0, 0.1, "0 to 100 mm")]
Angle = Annotated[str, _quantity("rad", -6.2832, 6.2832, "-360 to 360 deg")]
CurrentSlope = Annotated[str, _quantity("A/s", 1.0, 1e9, "up to 1000 A/us, above zero")]
Conductivity = Annotated[str, _quantity("S/m", 1e-9, 1e3, "above 0 and at most 1000 S/m")]


class Section(BaseModel):
    """A table of the plan: unknown keys are refused, no type is guessed, nothing changes once read."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class HeadPlan(Section):
    """Which head: a built-in name or a file, mended or not, with other conductivities by tissue name."""

    source: str = "colin27"
    repair: bool = False
    conductivity: dict[str, Conductivity] = Field(default_factory=dict)

    @property
    def sigma_S_per_m(self) -> dict[str, float]:
        """The conductivities that differ from the standard. [S/m]"""
        return {tissue: to_si(text, "S/m") for tissue, text in self.conductivity.items()}


class CoilPlan(Section):
    """Which coil: a built-in name or a file, and where its movable parts are, as `Coil.load` takes it."""

    source: str = "magstim-70mm-fig8"
    deformation: dict[str, float] = Field(default_factory=dict)


class AtTarget(Section):
    """The coil tangential to the scalp over a target, its handle at an angle to a named reference."""

    target: str = "F3"
    angle: Angle = "45 deg"
    reference: str = "midline"
    gap: Gap = "4 mm"

    @property
    def angle_rad(self) -> float:
        """Handle angle. [rad]"""
        return to_si(self.angle, "rad")

    @property
    def gap_m(self) -> float:
        """Scalp to casing. [m]"""
        return to_si(self.gap, "m")


class AtPoseFile(Section):
    """The coil where a file says: a 4x4 text file in mm, in the SimNIBS convention."""

    pose_file: str


class AtPose(Section):
    """The coil where 4 rows of 4 numbers say, translation in mm, in the SimNIBS convention."""

    pose: tuple[Row, Row, Row, Row]


def _placed_by(value: Any) -> str:
    keys = value if isinstance(value, dict) else vars(value)
    return "pose" if "pose" in keys else "pose_file" if "pose_file" in keys else "target"


PlacementPlan = Annotated[
    Annotated[AtTarget, Tag("target")]
    | Annotated[AtPoseFile, Tag("pose_file")]
    | Annotated[AtPose, Tag("pose")],
    Discriminator(_placed_by),
]


class PulsePlan(Section):
    """How fast the coil current rises; the field is proportional to it."""

    didt: CurrentSlope = "1 A/us"

    @property
    def didt_A_per_s(self) -> float:
        """Rate of change of the coil current. [A/s]"""
        return to_si(self.didt, "A/s")


class FieldPlan(Section):
    """How the field is solved."""

    method: Literal["fem"] = "fem"
    order: Literal[1, 2] = 2
    tolerance: float = Field(default=1e-6, ge=1e-10, le=1e-2)


class OutputPlan(Section):
    """Which files are written, and the image whose grid the volume takes.

    ``t1`` is a NIfTI file; left empty, the volume takes the grid of the head's own labels, or 1 mm
    voxels round the head where it has none.
    """

    files: tuple[OutputKind, ...] = ("mesh", "nifti", "gifti", "tables", "navigation", "report")
    t1: str = ""


class Plan(Section):
    """One run, from head to report."""

    schema_version: Literal[1] = 1
    seed: int = Field(default=0, ge=0, lt=2**63)
    head: HeadPlan = HeadPlan()
    coil: CoilPlan = CoilPlan()
    placement: PlacementPlan = AtTarget()
    pulse: PulsePlan = PulsePlan()
    field: FieldPlan = FieldPlan()
    output: OutputPlan = OutputPlan()
