"""What a run leaves: the numbers, where they came from, and the plan that makes them again."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tmsim.core import InputError, Status
from tmsim.field.types import ErrorEstimate, Metrics
from tmsim.neuron.dose import Dose
from tmsim.plan.types import Plan, Row
from tmsim.pulse.protocol import Badge
from tmsim.safety import Severity
from tmsim.transmitters.evidence import Level

FILE_NAME = "outcome.json"

Point = tuple[float, float, float]


class Record(BaseModel):
    """A part of an outcome; what it can't read is refused, never guessed."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Provenance(Record):
    """What made the numbers: code, inputs by SHA-256, and the works they rest on by BibTeX key."""

    environment: dict[str, str]
    code_sha256: str
    spec_sha256: str
    inputs_sha256: dict[str, str]
    seed: int
    citations: tuple[str, ...]


class PoseRecord(Record):
    """Where the coil sat, as a SimNIBS ``matsimnibs`` in mm, and the target it was worked out from if any."""

    simnibs_mm: tuple[Row, Row, Row, Row]
    target: str | None = None
    scalp_m: Point | None = None
    gap_m: float | None = None
    lifted_m: float | None = None


class FieldRecord(Record):
    """How the field was solved, and what it says of its own error.

    ``misses_error``: it is more than the plan asked for, since the limit of unknowns came first.
    """

    didt_A_per_s: float
    unknowns: int
    iterations: int
    relative_residual: float
    error: ErrorEstimate | None
    misses_error: bool = False


class AtCoilMaximum(Record):
    """The same field at the largest current slope the coil's stimulator gives."""

    didt_A_per_s: float
    p999_V_per_m: float


class ThresholdRecord(Record):
    """The motor threshold, and the place and field it stands for."""

    site: str
    didt_A_per_s: float
    percent_mso: float | None
    drive_V_per_m: float
    measured: bool


class LayerRecord(Record):
    """What one pulse activates of the cells of one layer, over the whole cortex."""

    population: str
    area_m2: float
    volume_m3: float
    share: float


class MuscleRecord(Record):
    """The virtual subject: its threshold as hunted with 20 pulses, and its MEPs at 120 %RMT. [%MSO, V]"""

    rmt_mso: float
    hunted_rmt_mso: float
    mep_V: float
    latency_s: float


class ResponseRecord(Record):
    """From pulse to muscle; what couldn't be worked out is null or empty, and ``missing`` says why."""

    waveform: str
    didt_A_per_s: float
    didt_max_A_per_s: float | None
    threshold: ThresholdRecord | None
    doses: tuple[Dose, ...]
    layers: tuple[LayerRecord, ...]
    muscle: MuscleRecord | None
    missing: str


class FindingRecord(Record):
    """A finding on the session, with the status of the figure behind it."""

    rule: str
    severity: Severity
    message: str
    source: str
    status: Status


class AfterEffectRecord(Record):
    """What a block leaves at its peak: mean relative change of the MEP over people, and their spread."""

    model: str
    peak_s: float
    mean_change: float
    sd: float
    responders: float
    people: int
    notes: tuple[str, ...]


class SessionRecord(Record):
    """One session at the plan's dose."""

    protocol: str
    status: Badge
    intensity: str
    percent_mso: float | None
    n_pulses: int
    duration_s: float
    findings: tuple[FindingRecord, ...]
    after_effects: tuple[AfterEffectRecord, ...]
    scalp_V_per_m: float
    scalp_to_cortex: float


class TransmitterRecord(Record):
    """Relative change of a transmitter over the session, over the cases of what isn't known."""

    transmitter: str
    evidence: Level
    sign_in_people: str
    least_change: float | None
    most_change: float | None


class BrainRecord(Record):
    """What one pulse evokes on the connectome, and how rest changes after the session. [mV, Hz]"""

    connectome: str
    site: str
    early_mV: dict[str, float]
    late_mV: dict[str, float]
    rate_Hz: float
    rate_after_Hz: float | None
    fc_similarity: float | None
    missing: str


class ArmRecord(Record):
    """What a cohort shows at the end of a course."""

    arm: str
    people: int
    baseline: float
    end: float
    sd: float
    response: float
    remission: float | None


class CourseRecord(Record):
    """A course, and its cohorts by a model of symptoms; none where there is no model, as ``missing`` says."""

    sessions: int
    pulses: int
    days: int
    model: str
    scale: str
    arms: tuple[ArmRecord, ...]
    missing: str


class SpreadRecord(Record):
    """How far a number of the field may be off for its inputs, at 1 A/us, and what from.

    The shares of the variance are by name of the source; ``draws`` is 0 where they are to first order.
    """

    readout: str
    label: str
    nominal_V_per_m: float
    sd_V_per_m: float
    variance_shares: dict[str, float]
    draws: int


class Outcome(Record):
    """One run, complete: ``tmsim run outcome.json`` runs it again.

    Paths in ``plan`` are as seen from the folder of the outcome; ``files`` holds the SHA-256 of what
    lies beside it.
    """

    schema_version: Literal[1] = 1
    plan: Plan
    provenance: Provenance
    pose: PoseRecord
    field: FieldRecord
    metrics: Metrics
    uncertainty: tuple[SpreadRecord, ...]
    response: ResponseRecord
    session: SessionRecord | None
    transmitters: tuple[TransmitterRecord, ...]
    brain: BrainRecord | None
    course: CourseRecord | None
    at_coil_maximum: AtCoilMaximum | None
    timings_s: dict[str, float]
    files: dict[str, str]

    @staticmethod
    def read(path: Path) -> Outcome:
        """The outcome in a folder, or in its ``outcome.json``.

        Raises
        ------
        InputError
            There is none, or it is not one that this version can read.
        """
        from tmsim.plan.read import checked, read_text

        file = path / FILE_NAME if path.is_dir() else path
        if not file.is_file():
            raise InputError(str(path), f"no {FILE_NAME} there", "the folder of a run")
        return checked(Outcome, read_text(file), name=file.name)
