"""From a field to a muscle in one record: what was found out about one dose on one head."""

from __future__ import annotations

from dataclasses import dataclass

from tmsim.core import FloatArray
from tmsim.field.types import EField
from tmsim.neuron.dose import Dose, MotorThreshold
from tmsim.neuron.motor.types import Conditioned, HuntResult, RecruitmentCurve, Subject, Trace
from tmsim.neuron.types import Recruitment
from tmsim.pulse import Waveform


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
        :func:`drive_of_area` at 1 A/us. [V/m]
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
