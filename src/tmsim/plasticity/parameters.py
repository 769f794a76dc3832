"""Published numbers of plasticity, each with its source and how far it was checked.

Choices of this project have the source ``assumed`` and are unverified, however reasonable they are.
"""

from __future__ import annotations

from dataclasses import dataclass

from tmsim.core import Parameter, Status


def _assumed(value: float, unit: str, note: str = "") -> Parameter:
    return Parameter(value, unit, "assumed", "unverified", note)


# The revised Huang-Rothwell model. The constants are those of the revision, whose code was read; the
# equations are Huang2011. C is the peak of calcium after a burst; some constants are divided by C or C^2.
def _huang(value: float, unit: str, note: str = "") -> Parameter:
    return Parameter(value, unit, "Huang2011", "read", note or "constant of the published revision")


CALCIUM_PEAK = _huang(1.0, "1", "after a contraction of the target muscle")
CALCIUM_PEAK_RELAXED = _huang(3.0, "1", "with the muscle relaxed beforehand")
CALCIUM_DECAY = _huang(1.2, "1/s")
FACILITATION_RATE = _huang(1.45, "1")
FACILITATION_DECAY = _huang(0.005, "1/burst", "divided by C")
INHIBITION_RATE = _huang(0.123, "1", "divided by C^2")
INHIBITION_DECAY = _huang(0.07, "1/burst", "divided by C^2")
GAP_DECAY = _huang(0.1, "1/s", "of both substances between trains")
PEAK_LATEST_s = _huang(1800.0, "s", "of inhibition, after very many bursts")
PEAK_HALF_BURSTS = _huang(130.0, "bursts")
PEAK_STEEPNESS = _huang(3.6, "1")
PEAK_RATIO = _huang(5.0, "1", "facilitation peaks so many times earlier than inhibition")
COURSE_INHIBITION = (_huang(2.5, "1"), _huang(4.0, "1"), _huang(0.2, "1"), _huang(1.1, "1"))
COURSE_FACILITATION = (_huang(3.0, "1"), _huang(2.0, "1"), _huang(0.25, "1"), _huang(2.0, "1"))
"""Steepness of rise and of fall, and their half times over the time of the peak."""
MEP_PER_UNIT = Parameter(
    0.1, "1", "Huang2011", "unverified",
    "a reading: figures of the revision draw 10 units as 100 % of the baseline MEP; not checked against "
    "Huang2005",
)  # fmt: skip
FITTED_AMT = Parameter(
    80.0, "%AMT", "Huang2005", "unverified", "intensity of the trains the model was fitted to"
)
FORGOTTEN_s = _assumed(
    60.0, "s", "an earlier block counts if it ended less than this before: by then 0.3 % of it is left"
)


# How people differ.
@dataclass(frozen=True, kw_only=True)
class Pooled:
    """What unselected people show after one protocol."""

    peak: Parameter  # mean over studies of the largest change of the MEP amplitude
    effect_size: Parameter  # standardised mean difference, taken as mean over SD between people
    share: Parameter  # of people who respond as expected

    @property
    def sources(self) -> tuple[str, ...]:
        """Keys of CITATIONS.bib."""
        return self.peak.source, self.effect_size.source, self.share.source


def _pooled(peak: float, effect_size: Parameter, share: Parameter) -> Pooled:
    return Pooled(
        peak=Parameter(peak, "1", "Wischnewski2015", "read", "64 studies"),
        effect_size=effect_size,
        share=share,
    )


_ITBS_SIZE = Parameter(0.71, "1", "Chung2016", "read", "87 studies, up to 30 min; publication bias")
_CTBS_SIZE = Parameter(0.90, "1", "Chung2016", "read", "at 5 min, downward; publication bias")
_ITBS_SHARE = Parameter(0.43, "1", "LopezAlonso2014", "read", "of 56 people, by cluster analysis")
_CTBS_SHARE = Parameter(0.5, "1", "McAllister2013", "read", "8 of 16 people")
ITBS600 = _pooled(0.3554, _ITBS_SIZE, _ITBS_SHARE)
CTBS300 = _pooled(-0.2784, _CTBS_SIZE, _CTBS_SHARE)
CTBS600 = _pooled(-0.2281, _CTBS_SIZE, _CTBS_SHARE)
RETEST = Parameter(
    0.55, "1", "Kanig2023", "read", "best correlation between two sessions of iTBS; others are lower"
)
RESPONSE_CHANGE = _assumed(0.15, "1", "least mean change of the MEP to count as a response")
RESPONSE_WINDOW_s = _assumed(1800.0, "s", "over which that mean is taken")
MEP_SLOPE = _assumed(
    15.0, "1", "rise of ln(MEP) per motor threshold: from 50 uV at threshold to 1 mV at 120 % of it"
)


# The evidence kernel.
@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known of one kind of train: the change at its peak, its course, and the people.

    Parameters
    ----------
    rates_Hz
        Pulse rates, lowest and highest, that the row stands for; of QPS, the rate within a burst.
    effect
        Change of the mean MEP amplitude at its peak.
    peak_s, half_life_s
        From the last pulse to the peak, and from there to half of it. [s]
    spread
        Standard deviation of the effect between people.
    pulses
        With how many it was seen. With fewer the effect is scaled down, with more it is kept.
    """

    name: str
    rates_Hz: tuple[float, float]
    quadripulse: bool = False
    effect: Parameter
    peak_s: Parameter
    half_life_s: Parameter
    spread: Parameter
    pulses: Parameter
    note: str = ""
    read_in: tuple[str, ...] = ()  # works beside those of the numbers

    @property
    def sources(self) -> tuple[str, ...]:
        """Keys of CITATIONS.bib."""
        named = [p.source for p in self.parameters if p.source != "assumed"]
        return tuple(dict.fromkeys([*named, *self.read_in]))

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All numbers of the row."""
        return self.effect, self.peak_s, self.half_life_s, self.spread, self.pulses


def _pulses(n: int, source: str, status: Status = "read") -> Parameter:
    return Parameter(n, "pulses", source, status)


_UP, _DOWN = _assumed(0.45, "1", "about that of iTBS"), _assumed(0.3, "1", "about that of cTBS")
_QPS = "with monophasic pulses; that the effect outlasts 75 min was read, its size was not"
EVIDENCE: dict[str, Evidence] = {
    row.name: row
    for row in (
        Evidence(
            name="1 Hz",
            rates_Hz=(0.5, 1.2),
            effect=Parameter(-0.195, "1", "Chen1997", "read", "0.9 Hz for 15 min"),
            peak_s=_assumed(0.0, "s"),
            half_life_s=_assumed(900.0, "s", "Chen1997 saw the decrease for at least 15 min"),
            spread=_DOWN,
            pulses=_pulses(810, "Chen1997"),
            note="1 Hz is not always inhibitory (Caparelli2012).",
            read_in=("Maeda2000", "Caparelli2012"),
        ),
        Evidence(
            name="5 Hz",
            rates_Hz=(4.0, 7.0),
            effect=_assumed(0.3, "1", "middle of the +20 to +50 % that are recalled for 5 to 20 Hz"),
            peak_s=_assumed(0.0, "s"),
            half_life_s=_assumed(1800.0, "s"),
            spread=_UP,
            pulses=_pulses(900, "Quartarone2005"),
            note="Below 900 pulses no overall increase was seen (Quartarone2005).",
        ),
        Evidence(
            name="10 Hz",
            rates_Hz=(7.0, 14.0),
            effect=_assumed(0.2, "1", "low end of what is recalled"),
            peak_s=_assumed(0.0, "s"),
            half_life_s=_assumed(900.0, "s"),
            spread=_UP,
            pulses=_assumed(1000, "pulses"),
            note="In 20 people nothing changed after 10 Hz on either of two days (Maeda2000).",
            read_in=("Maeda2000",),
        ),
        Evidence(
            name="20 Hz",
            rates_Hz=(14.0, 25.0),
            effect=_assumed(0.35, "1", "that it is upward was read in Maeda2000, its size is recalled"),
            peak_s=_assumed(0.0, "s"),
            half_life_s=_assumed(900.0, "s"),
            spread=_UP,
            pulses=_assumed(1600, "pulses"),
            read_in=("Maeda2000",),
        ),
        Evidence(
            name="QPS5",
            rates_Hz=(199.0, 201.0),
            quadripulse=True,
            effect=Parameter(0.6, "1", "Hamada2008", "unverified", _QPS),
            peak_s=_assumed(900.0, "s"),
            half_life_s=Parameter(4500.0, "s", "Hamada2008", "unverified", _QPS),
            spread=_UP,
            pulses=_pulses(1440, "Hamada2008"),
        ),
        Evidence(
            name="QPS50",
            rates_Hz=(19.9, 20.1),
            quadripulse=True,
            effect=Parameter(-0.4, "1", "Hamada2008", "unverified", _QPS),
            peak_s=_assumed(900.0, "s"),
            half_life_s=Parameter(4500.0, "s", "Hamada2008", "unverified", _QPS),
            spread=_DOWN,
            pulses=_pulses(1440, "Hamada2008"),
        ),
    )
}
QUADRIPULSE_INTERVAL_s = Parameter(5.0, "s", "Hamada2008", "read", "from burst to burst")


# The calcium rule in a neural population. Values were read in the authors' simulator (SanzLeon2018), in its
# configuration for theta burst and its code; the equations are Fung2013, the metaplasticity Fung2014.
def _field(value: float, unit: str, note: str = "") -> Parameter:
    return Parameter(value, unit, "SanzLeon2018", "read", note)


CALCIUM_RULE: dict[str, Parameter] = {
    "alpha": _field(83.33, "1/s", "decay of the dendritic response"),
    "beta": _field(769.2, "1/s", "rise of the dendritic response"),
    "gamma": _field(116.0, "1/s", "damping of the axonal field"),
    "rate_max": _field(340.0, "1/s", "highest firing rate"),
    "threshold": _field(0.013, "V", "mean firing threshold"),
    "threshold_spread": _field(0.0038, "V"),
    "stimulus_coupling": _field(0.047, "V s"),
    "glutamate_release": _field(150e-6, "1", "per spike"),
    "glutamate_s": _field(0.030, "s", "decay of glutamate"),
    "glutamate_half": _field(200e-6, "1", "half of the receptors bound"),
    "glutamate_slope": _field(30e3, "1"),
    "reversal": _field(0.195, "V", "of calcium, above rest"),
    "unblock_half": _field(0.0455, "V", "half of the NMDA channels unblocked, above rest"),
    "unblock_slope": _field(62.0, "1/V"),
    "nmda_rest": _field(2e-3, "1", "conductance of the NMDA receptors at rest"),
    "calcium_s": _field(0.050, "s", "decay of calcium"),
    "depression": _field(0.25e-6, "mol/l", "calcium above which coupling falls"),
    "potentiation": _field(0.45e-6, "mol/l", "calcium above which it rises"),
    "calcium_slope": _field(4e7, "l/mol"),
    "rate_rest": _field(1e-4, "1/s", "of both changes without calcium"),
    "rate_up": _field(2.3e-2, "1/s"),
    "rate_down": _field(2e-2, "1/s"),
    "coupling_rest": _field(13e-6, "V s"),
    "coupling_max": _field(80e-6, "V s"),
    "expression": _field(0.01, "1/s", "at which the coupling follows its target"),
    "metaplasticity_s": _field(7.0, "s", "the NMDA conductance follows the change of coupling"),
    "recovery_s": _field(1000.0, "s", "of the NMDA conductance"),
}
PULSE_WIDTH_s = _field(0.5e-3, "s", "rectangle that stands for a pulse")
PULSE_AMPLITUDE = _field(5.8, "1/s", "of that rectangle, in the configuration for theta burst; 10 for 15 Hz")


# The synapse of Graupner and Brunel, set for cortical slices.
def _synapse(value: float, unit: str, note: str = "") -> Parameter:
    return Parameter(
        value, unit, "Graupner2012", "read", note or "set for cortical slices, read in the authors' code"
    )


SYNAPSE: dict[str, Parameter] = {
    "calcium_s": _synapse(0.0226936, "s"),
    "calcium_pre": _synapse(0.5617539, "1"),
    "calcium_post": _synapse(1.23964, "1"),
    "depression": _synapse(1.0, "1"),
    "potentiation": _synapse(1.3, "1"),
    "rate_down": _synapse(331.909, "1"),
    "rate_up": _synapse(725.085, "1"),
    "noise": _synapse(3.3501, "1"),
    "efficacy_s": _synapse(346.3615, "s"),
    "delay_s": _synapse(0.0046098, "s", "from the presynaptic spike to its calcium"),
    "share_down": _synapse(0.5, "1", "of the synapses before stimulation"),
    "strength_ratio": _synapse(
        5.40988, "1", "of an up synapse over a down one; 5.28145 belongs to hippocampus"
    ),
}
POST_DELAY_s = _assumed(
    0.002, "s", "from the pulse, which fires the axon, to the spike of the cell it ends on"
)
