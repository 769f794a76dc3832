"""What is known of TMS and each transmitter: how good the evidence is, and what studies found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tmsim.core import InputError, Parameter

Level = Literal["human", "animal", "extrapolated"]
"""What a statement on TMS rests on: measured in people, in animals, or on neither."""


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What one study found.

    Parameters
    ----------
    subjects, stimulation, found
        In words.
    change, sd
        Relative change of a tracer's binding, and its standard deviation, where a figure was read.
    source
        Key of CITATIONS.bib.
    """

    transmitter: str
    subjects: str
    stimulation: str
    found: str
    source: str
    change: Parameter | None = None
    sd: Parameter | None = None


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """How far what is simulated of a transmitter under TMS can be trusted.

    Parameters
    ----------
    level
        The best kind of evidence there is that TMS changes it.
    sign
        Whether it is known which way TMS changes it in people.
    words
        One sentence that goes wherever the result is shown.
    model
        Where the numbers of the model come from, in one sentence.
    """

    transmitter: str
    level: Level
    sign: Literal["rises", "unknown"]
    words: str
    model: str

    @property
    def observations(self) -> tuple[Observation, ...]:
        """What studies found."""
        return tuple(row for row in OBSERVATIONS if row.transmitter == self.transmitter)

    @property
    def sources(self) -> tuple[str, ...]:
        """Keys of CITATIONS.bib of those studies."""
        return tuple(dict.fromkeys(row.source for row in self.observations))


TRANSMITTERS = ("dopamine", "serotonin", "noradrenaline")
EVIDENCE: dict[str, Evidence] = {
    row.transmitter: row
    for row in (
        Evidence(
            transmitter="dopamine",
            level="human",
            sign="rises",
            words="PET and SPECT in 5 to 23 people point to release after left prefrontal stimulation; the "
            "link from cortex to cell is extrapolated, its size set on five patients.",
            model="Uptake and release of a published circuit; release autoreceptor assumed.",
        ),
        Evidence(
            transmitter="serotonin",
            level="animal",
            sign="unknown",
            words="Studies conflict and none shows the sign in people, so both signs are simulated and "
            "neither is claimed; the link from cortex to cell is extrapolated.",
            model="A published terminal with synthesis, vesicles, uptake and autoreceptors.",
        ),
        Evidence(
            transmitter="noradrenaline",
            level="extrapolated",
            sign="unknown",
            words="No study in people, and in rats receptors only: both signs are simulated and neither is "
            "claimed.",
            model="The same kinetics with unverified numbers from one slice study; rates assumed.",
        ),
    )
}


def evidence(transmitter: str) -> Evidence:
    """How good the evidence is.

    Raises
    ------
    InputError
        There is no such transmitter.
    """
    if transmitter not in EVIDENCE:
        raise InputError("transmitter", repr(transmitter), f"one of {', '.join(TRANSMITTERS)}")
    return EVIDENCE[transmitter]


def _percent(value: float, source: str, note: str = "") -> Parameter:
    return Parameter(value / 100, "1", source, "read", note)


OBSERVATIONS: tuple[Observation, ...] = (
    Observation(
        transmitter="dopamine",
        subjects="5 patients",
        stimulation="prefrontal rTMS during [123I]IBZM SPECT",
        found="striatal binding fell, as much as after d-amphetamine",
        source="Pogarell2007",
        change=_percent(-9.6, "Pogarell2007"),
        sd=_percent(6.2, "Pogarell2007"),
    ),
    Observation(
        transmitter="dopamine",
        subjects="patients, 4 scans",
        stimulation="d-amphetamine in place of rTMS",
        found="striatal [123I]IBZM binding fell",
        source="Pogarell2007",
        change=_percent(-8.0, "Pogarell2007"),
        sd=_percent(2.95, "Pogarell2007"),
    ),
    Observation(
        transmitter="dopamine",
        subjects="healthy people",
        stimulation="10 Hz over the left prefrontal cortex, [11C]raclopride PET",
        found="binding in the left caudate nucleus fell, by 7 to 8 % as recalled",
        source="Strafella2001",
        change=Parameter(-0.075, "1", "Strafella2001", "unverified", "recalled as about -7 to -8 %"),
    ),
    Observation(
        transmitter="dopamine",
        subjects="healthy people",
        stimulation="10 Hz over the left or right DLPFC, [11C]FLB 457 PET",
        found="left: binding fell in ipsilateral subgenual and pregenual cingulate and medial orbitofrontal "
        "cortex; right: no change",
        source="Cho2009",
    ),
    Observation(
        transmitter="dopamine",
        subjects="23 healthy people",
        stimulation="four blocks of iTBS over the left DLPFC at 90 %RMT, 30 min apart, [18F]DMFP PET, "
        "against sham",
        found="striatal dopamine rose step by step for 85 min, and stayed",
        source="Shaikh2024",
    ),
    Observation(
        transmitter="dopamine",
        subjects="8 anaesthetised monkeys",
        stimulation="5 Hz over the motor cortex, [11C]raclopride PET",
        found="binding fell in the ventral striatum and rose in the right putamen",
        source="Ohnishi2004",
    ),
    Observation(
        transmitter="serotonin",
        subjects="rats",
        stimulation="25 Hz, 500 pulses, microdialysis in the prefrontal cortex",
        found="extracellular serotonin rose after sham, and did not after rTMS",
        source="Kanno2003",
    ),
    Observation(
        transmitter="serotonin",
        subjects="rats",
        stimulation="chronic rTMS, microdialysis in the prefrontal cortex",
        found="5-HT1A and 5-HT1B autoreceptors became less sensitive",
        source="Gur2000",
    ),
    Observation(
        transmitter="serotonin",
        subjects="rats",
        stimulation="electrical stimulation of the medial prefrontal cortex",
        found="55 of 66 serotonin cells of the dorsal raphe were inhibited, by way of GABA and 5-HT1A; "
        "without serotonin 31 of 40 were excited",
        source="Celada2001",
    ),
    Observation(
        transmitter="serotonin",
        subjects="22 dogs",
        stimulation="accelerated rTMS over the left frontal cortex, [11C]DASB PET",
        found="after 20 sessions transporter binding in the subgenual cingulate was lower a month later; "
        "after 5 sessions, or sham, it was not",
        source="XuY2022",
    ),
    Observation(
        transmitter="serotonin",
        subjects="11 patients",
        stimulation="three weeks of bilateral theta burst, [11C]WAY-100635 PET, against sham",
        found="no change of 5-HT1A binding in post-hoc comparisons",
        source="Murgas2023",
    ),
    Observation(
        transmitter="noradrenaline",
        subjects="rats",
        stimulation="chronic rTMS",
        found="beta-adrenergic and 5-HT2 receptors changed; noradrenaline itself was not measured",
        source="BenShachar1999",
    ),
)
"""Studies of TMS, or of what stands for it, that were read as abstracts unless they say otherwise."""
