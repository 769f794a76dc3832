"""The plan of a run: what a user writes in TOML, checked, with every default in place."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag

from tmsim.core import to_si
from tmsim.pulse import Intensity, PercentMSO, parse_intensity

Row = tuple[float, float, float, float]
LEAST_DRAWS = 40  # more than twice all uncertain inputs
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
ThresholdField = Annotated[str, _quantity("V/m", 5.0, 500.0, "5 to 500 V/m")]
Conductivity = Annotated[str, _quantity("S/m", 1e-9, 1e3, "above 0 and at most 1000 S/m")]


def _above_zero(text: str) -> str:
    if not any(vars(parse_intensity(text)).values()):  # an intensity is one number
        raise ValueError("expected above zero")
    return text


def _measured(text: str) -> str:
    if text and not isinstance(parse_intensity(text), PercentMSO):
        raise ValueError("expected a measured threshold such as 52 %MSO")
    return text and _above_zero(text)


Dose = Annotated[str, AfterValidator(_above_zero)]
MeasuredThreshold = Annotated[str, AfterValidator(_measured)]


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
    """Which pulse, and how strong.

    ``waveform`` is a built-in one (``tmsim pulse list``) or a file of time and value; ``dose`` a share of the
    motor threshold, of the stimulator's output, or a current slope; ``didt_max`` the current slope at full
    output of this stimulator with this coil, if the coil's own doesn't hold.
    """

    waveform: str = "magstim-rapid2-biphasic"
    dose: Dose = "120 %RMT"
    didt_max: CurrentSlope | Literal[""] = ""

    @property
    def intensity(self) -> Intensity:
        """The dose as a type."""
        return parse_intensity(self.dose)

    @property
    def didt_max_A_per_s(self) -> float | None:
        """Current slope at full output, where the plan gives one. [A/s]"""
        return to_si(self.didt_max, "A/s") if self.didt_max else None


class MotorPlan(Section):
    """Where the motor threshold is from: simulated with the same coil over ``site``, or measured.

    ``rmt`` is a measured resting motor threshold such as ``"52 %MSO"``, with this coil and stimulator; it
    stands for the hand area's field at this output, whatever the field is. ``threshold_field`` is that field
    where nothing was measured, for a biphasic pulse.
    """

    site: str = "hand-knob-left"
    angle: Angle = "45 deg"
    gap: Gap = "4 mm"
    rmt: MeasuredThreshold = ""
    threshold_field: ThresholdField = "60 V/m"

    @property
    def rmt_percent_mso(self) -> float | None:
        """The measured threshold, if there is one. [%MSO]"""
        rmt = parse_intensity(self.rmt) if self.rmt else None
        return rmt.value if isinstance(rmt, PercentMSO) else None

    @property
    def threshold_field_V_per_m(self) -> float:
        """Field at motor threshold for a biphasic pulse. [V/m]"""
        return to_si(self.threshold_field, "V/m")


class NeuronPlan(Section):
    """Which model says who fires (``tmsim neuron list``)."""

    model: Literal["directional", "magnitude", "cosine"] = "directional"


class SessionPlan(Section):
    """Which pulses, in which order, at the dose of the pulse: one session.

    ``protocol`` is a name of the library (``tmsim protocol list``), a ``.toml`` file, a sentence, or empty
    for a single pulse; ``plasticity`` a model's name, or empty for that which suits the train; ``device`` the
    stimulator whose limits are checked (``tmsim protocol check --help``), or empty; ``people`` how many are
    drawn to show how much they differ.
    """

    protocol: str = "itbs600"
    plasticity: str = ""
    device: str = "magstim-super-rapid2-plus"
    people: int = Field(default=200, ge=2, le=100_000)


class TransmittersPlan(Section):
    """Transporters as drugs or genes have them; 1 is healthy, an SSRI about 0.3 of ``sert_scale``."""

    sert_scale: float = Field(default=1.0, ge=0.15, le=5)
    dat_scale: float = Field(default=1.0, ge=0.15, le=5)
    net_scale: float = Field(default=1.0, ge=0.15, le=5)


class NetworkPlan(Section):
    """Which connectome: a built-in one, or the user's own in a file (``tmsim network connectome``)."""

    connectome: str = "enigma-82"


class CoursePlan(Section):
    """The sessions over days and weeks, and the people who get them.

    ``sessions`` of the daily course, 0 for the protocol's own; ``missed`` such as ``"12"``, ``"7-9"`` or
    ``"day 12"``; ``people`` in each arm; ``model`` and ``scale`` of symptoms (``tmsim course models``), or
    empty for those that suit the protocol.
    """

    sessions: int = Field(default=0, ge=0, le=10_000)
    missed: tuple[str, ...] = ()
    people: int = Field(default=2000, ge=2, le=100_000)
    model: str = ""
    scale: str = ""


def _percent(text: str) -> str:
    if text and not 1e-3 <= to_si(text, "1") <= 0.5:
        raise ValueError("expected 0.1 to 50 %, or nothing")
    return text


class FieldPlan(Section):
    """How the field is solved.

    ``error`` has the mesh refined round the coil until the error estimate of the field at mid-cortex, its
    median, is no larger; empty for the mesh as it is. That is for second order on heads with a cortex: all
    other fields are solved on the mesh as it is.
    """

    method: Literal["fem"] = "fem"
    order: Literal[1, 2] = 2
    tolerance: float = Field(default=1e-6, ge=1e-10, le=1e-2)
    error: Annotated[str, AfterValidator(_percent)] = "3 %"

    @property
    def wanted_error(self) -> float | None:
        """The error that is asked for, as a share."""
        return to_si(self.error, "1") if self.error else None


def _enough(draws: int) -> int:
    if draws and not LEAST_DRAWS <= draws <= 100_000:
        raise ValueError(f"expected 0 for first order alone, or {LEAST_DRAWS} to 100000")
    return draws


class UncertaintyPlan(Section):
    """What is uncertain of the field besides conductivities, and how its scatter is found.

    ``held`` says how the coil is: ``"tracked"`` by a robot or navigation, on a ``"cap"``, or ``"exactly"`` as
    planned; ``borders`` whether the borders of tissues are uncertain; ``draws`` how many times the field is
    solved anew, 0 for first order alone, in elements of this ``order``.
    """

    held: Literal["tracked", "cap", "exactly"] = "tracked"
    borders: bool = True
    draws: Annotated[int, AfterValidator(_enough)] = 0
    order: Literal[1, 2] = 1


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
    motor: MotorPlan = MotorPlan()
    neuron: NeuronPlan = NeuronPlan()
    session: SessionPlan = SessionPlan()
    transmitters: TransmittersPlan = TransmittersPlan()
    network: NetworkPlan = NetworkPlan()
    course: CoursePlan = CoursePlan()
    field: FieldPlan = FieldPlan()
    uncertainty: UncertaintyPlan = UncertaintyPlan()
    output: OutputPlan = OutputPlan()
