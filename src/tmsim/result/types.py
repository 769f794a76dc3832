"""What a run found, link by link. What couldn't be worked out is None or empty."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tmsim.core import FloatArray
from tmsim.course import Cohort, Schedule, TrialArm
from tmsim.field import Beta, LinearSpread, Uncertainty
from tmsim.field.study import Source, Variable
from tmsim.field.types import EField
from tmsim.network import Connectome, Evoked, Resting, RestingChange
from tmsim.neuron.dose import Dose, MotorThreshold
from tmsim.neuron.motor.types import Conditioned, HuntResult, RecruitmentCurve, Subject, Trace
from tmsim.neuron.types import Recruitment
from tmsim.plasticity import Group
from tmsim.pulse import Block, Intensity, Protocol, Waveform
from tmsim.safety import Finding
from tmsim.sensation import ScalpField, Sound
from tmsim.transmitters import Binding, CourseRelease, Release


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldUncertainty:
    """How far the field may be off, and what from; ``drawn`` is None where no draws were asked for."""

    variables: tuple[Variable, ...]
    sources: tuple[Source, ...]
    linear: tuple[LinearSpread, ...]
    drawn: Uncertainty | None

    def inputs_of(self, source: Source) -> str:
        """How far what is uncertain of a source scatters, in words and in the units of the field's papers."""
        texts = []
        for variable in self.variables:
            spread = variable.distribution
            if variable.source != source:
                continue
            if isinstance(spread, Beta):
                texts.append(f"{spread.low:g} to {spread.high:g} {variable.unit}")
            else:
                scale, unit = {"m": (1e3, "mm"), "rad": (math.degrees(1), "deg")}[variable.unit]
                texts.append(f"SD {spread.sd * scale:.3g} {unit}")
        return ", ".join(dict.fromkeys(texts))


@dataclass(frozen=True, kw_only=True, eq=False)
class Site:
    """A coil over a place in the cortex, and how strongly it drives that place at 1 A/us.

    Parameters
    ----------
    place_m
        The place in head coordinates, (3,). [m]
    scalp_to_cortex_m
        From the scalp under the coil to the nearest pial surface. [m]
    drive_V_per_m
        :func:`tmsim.neuron.dose.drive_of_area` at 1 A/us. [V/m]
    """

    target: str
    place_m: FloatArray
    scalp_to_cortex_m: float
    drive_V_per_m: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Muscle:
    """A virtual subject with the motor threshold of this head, examined as in a lab.

    Who the subject is, beyond the threshold, is drawn at random: another seed gives another person.
    """

    subject: Subject
    curve: RecruitmentCurve
    hunt: HuntResult
    trace: Trace
    pairs: tuple[Conditioned, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Response:
    """From pulse to muscle. What couldn't be worked out is None or empty, and ``missing`` says why.

    Parameters
    ----------
    didt_max_A_per_s
        dI/dt at full output of this stimulator with this coil, where known. [A/s]
    field
        At the dose.
    hand, target
        The coil over the hand area, for the motor threshold, and over the target.
    doses
        The share of the motor threshold that the dose comes to, by the three rules.
    """

    waveform: Waveform
    didt_max_A_per_s: float | None
    field: EField
    hand: Site | None
    target: Site | None
    threshold: MotorThreshold | None
    doses: tuple[Dose, ...]
    recruitment: Recruitment | None
    muscle: Muscle | None
    missing: str


@dataclass(frozen=True, kw_only=True, eq=False)
class BlockResult:
    """A block of a session, taken on a brain at rest, and what it leaves in a group of people.

    ``group`` is None where no model covers the train; ``missing`` then says why.
    """

    block: Block
    group: Group | None
    missing: str


@dataclass(frozen=True, kw_only=True)
class Hearing:
    """What one ear hears of a session."""

    ear: str
    sound: Sound


@dataclass(frozen=True, kw_only=True, eq=False)
class CortexSession:
    """One session at the dose of a plan, as far as it hangs on the field at the cortex alone.

    Parameters
    ----------
    percent_mso
        The dose as stimulator output, or None where that isn't known. [%MSO]
    hearing
        Levels at the ears; empty where the ears or the output are not known.
    """

    protocol: Protocol
    intensity: Intensity
    percent_mso: float | None
    findings: tuple[Finding, ...]
    blocks: tuple[BlockResult, ...]
    hearing: tuple[Hearing, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Session(CortexSession):
    """One session at the dose of a plan, with the field in the scalp."""

    scalp: ScalpField


@dataclass(frozen=True, kw_only=True, eq=False)
class Transmission:
    """Transmitters in a session and over a course; ``share`` of the prefrontal L5 cells fire at a pulse."""

    share: float
    release: Release
    binding: Binding
    over_course: CourseRelease | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Brain:
    """The rest of the brain, on a connectome.

    Parameters
    ----------
    site
        The region in which most cells fire.
    evoked, without_connections
        What one pulse evokes, and the same where regions are cut off from each other.
    resting
        Before the session.
    change
        Rest before and after the session's after-effect on the site; None where ``missing`` says why.
    """

    connectome: Connectome
    site: str
    evoked: Evoked
    without_connections: Evoked
    resting: Resting
    change: RestingChange | None
    missing: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Weeks:
    """A course. ``cohorts`` are active and sham, or none where no model exists; ``missing`` then says so."""

    schedule: Schedule
    cohorts: tuple[Cohort, ...]
    trials: tuple[TrialArm, ...]
    missing: str


@dataclass(frozen=True, kw_only=True)
class Link:
    """One step from coil to course.

    Parameters
    ----------
    sentence
        What happens, with this run's figures.
    evidence
        What the sentence rests on, and how far it can be trusted.
    """

    name: str
    sentence: str
    evidence: str
