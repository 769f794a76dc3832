"""Published numbers of motor physiology, each with its source and how far it was checked."""

from __future__ import annotations

from dataclasses import dataclass

from tmsim.core import Parameter, Status

_GOETZ = "Goetz2019"


def _goetz(value: float, unit: str, note: str = "") -> Parameter:
    return Parameter(value, unit, _GOETZ, "read", note)


@dataclass(frozen=True, kw_only=True)
class Normal:
    """A quantity that varies between people as a normal distribution."""

    mean: Parameter
    sd: Parameter


# The virtual subject. log10 means that the logarithm to base 10 is normal.
NOISE_LOG10_V = Normal(
    mean=_goetz(-5.081765, "log10 V"), sd=_goetz(0.00357054**0.5, "log10 V", "square root of the variance")
)
RANGE_LOG10 = Normal(
    mean=_goetz(4.532265, "1", "decades from 0.1 uV to the plateau"), sd=_goetz(0.12616843**0.5, "1")
)
CURVE_MEAN = (
    _goetz(3.646550, "log10 %MSO^steepness", "half point of the rise, to the power of its steepness"),
    _goetz(0.426390, "log10", "steepness of the rise"),
    _goetz(1.666487, "log10 %MSO", "amplitude at which the rise begins"),
)
CURVE_COVARIANCE = (
    (7.202739, 0.569743, -0.197462),
    (0.569743, 0.0474258, -0.0151130),
    (-0.197462, -0.0151130, 0.00710711),
)
"""Covariance of the three logarithms of :data:`CURVE_MEAN` between people (Goetz2019, read)."""
SIZE_SPREAD_LOG10 = Normal(mean=_goetz(-0.964533, "log10 decades"), sd=_goetz(0.022759**0.5, "log10 decades"))
DRIVE_SPREAD_LOG10_MSO = Normal(mean=_goetz(0.688273, "log10 %MSO"), sd=_goetz(0.023671**0.5, "log10 %MSO"))
NOISE_SCALE_V = _goetz(1.55e-6, "V", "median; between people times 1.5^N(0, 1)")
NOISE_SCALE_FACTOR = _goetz(1.5, "1")
NOISE_SHAPE = _goetz(0.14, "1", "median; between people times 2^N(0, 1)")
NOISE_SHAPE_FACTOR = _goetz(2.0, "1")
SMALLEST_V = _goetz(10e-9, "V", "no MEP is recorded as smaller")
UNIT_V = _goetz(1e-7, "V", "where the decades of the rise begin")
SEEN_SMALL_V = _goetz(30e-6, "V", "some MEP of a subject is smaller")
SEEN_LARGE_V = _goetz(1e-3, "V", "and some larger")
SIZE_LIMITS_V = (_goetz(0.1e-6, "V"), _goetz(30e-3, "V"))
SEEN_OVER_MSO = (_goetz(20, "%MSO"), _goetz(120, "%MSO"))
THRESHOLDS_MSO = (_goetz(30, "%MSO"), _goetz(100, "%MSO"))

# Thresholds.
CRITERION_V = Parameter(50e-6, "V", "Groppa2012", "unverified", "peak to peak, muscle at rest")
AMT_RATIO = Parameter(
    0.8,
    "1",
    "assumed",
    "unverified",
    "active to resting threshold; recalled, about 0.75 to 0.85",
)
MOVEMENT_RATIO = Parameter(
    1.113,
    "1",
    "Westin2014",
    "read",
    "by visible movement to by EMG; 1.00 to 1.278 in 20 people",
)
PEST_SPREAD = Parameter(0.07, "1", "Awiszus2003", "read", "SD of the psychometric curve, of the threshold")
PEST_YES_MSO = Parameter(130, "%MSO", "Awiszus2003", "read", "virtual response that opens the hunt; 0: none")
START_SIZE_V = Parameter(500e-6, "V", _GOETZ, "read", "MEP from which the 5-of-10 rule steps down")
START_MSO = Parameter(35, "%MSO", "Groppa2012", "unverified", "where the way up begins")
UP_STEP_MSO = Parameter(5, "%MSO", "Groppa2012", "unverified", "and its steps")

# Latency of the MEP in the first dorsal interosseous.
LATENCY_S = Normal(
    mean=Parameter(22e-3, "s", "assumed", "unverified", "PA current; 20 to 24 ms taken as two SD either way"),
    sd=Parameter(1e-3, "s", "assumed", "unverified"),
)
LATENCY_AFTER_LM_S = {
    "LM": Parameter(0.0, "s", "Hamada2013", "unverified", "the direct wave: first to arrive"),
    "PA": Parameter(1.4e-3, "s", "assumed", "unverified", "one interval between I-waves"),
    "AP": Parameter(3.5e-3, "s", "Hamada2013", "unverified", "3 to 4 ms"),
}

# D- and I-waves, at the times WAVE_START_S + k WAVE_INTERVAL_S.
_PYNIBS = "Numssen2021"


@dataclass(frozen=True, kw_only=True)
class Wave:
    """How one descending wave grows with intensity: a logistic curve in multiples of the RMT."""

    plateau: Parameter
    slope: Parameter
    midpoint: Parameter


def _wave(plateau: float, slope: float, midpoint: float) -> Wave:
    return Wave(
        plateau=Parameter(plateau, "1", _PYNIBS, "read", "of the plateau of I1"),
        slope=Parameter(slope, "1/RMT", _PYNIBS, "read"),
        midpoint=Parameter(midpoint, "RMT", _PYNIBS, "read"),
    )


WAVES = {
    "D": _wave(0.362, 13.95, 1.695),
    "I1": _wave(1.0, 8.71, 1.314),
    "I2": _wave(0.737, 7.02, 1.442),
    "I3": _wave(0.437, 16.75, 1.316),
    "I4": _wave(0.295, 17.86, 1.747),
}
WAVE_WIDTH_S = Parameter(0.25e-3, "s", _PYNIBS, "read", "taken as the SD of the Gaussian")
WAVE_INTERVAL_S = Parameter(1.4e-3, "s", _PYNIBS, "read")
WAVE_START_S = Parameter(5e-3, "s", _PYNIBS, "read", "from the pulse to the D-wave")

# From the descending volley to the electromyogram.
UNITS = Parameter(100, "1", "Moezzi2018", "read", "motor units")
UNIT_THRESHOLDS_HZ = (
    Parameter(14, "Hz", "Moezzi2018", "read", "drive that fires the smallest unit"),
    Parameter(900, "Hz", "Moezzi2018", "read", "and the largest"),
)
UNIT_RATES_HZ = (
    Parameter(8, "Hz", "Moezzi2018", "read", "of a unit at its threshold"),
    Parameter(300, "Hz", "Moezzi2018", "read", "and at the largest drive"),
)
UNIT_WIDTH_S = Parameter(2e-3, "s", "Moezzi2018", "read", "lambda of -t exp(-(t/lambda)^2)")

# Cortical silent period: longest x (1 - exp(-(intensity - AMT) / rise)), in multiples of the RMT.
SILENT_LONGEST_S = Parameter(200e-3, "s", "assumed", "unverified", "100-200 ms at 1.3-1.5 RMT, recalled")
SILENT_RISE = Parameter(0.43, "RMT", "assumed", "unverified", "puts 150 ms at 1.4 RMT")
SILENT_SPREAD = Parameter(0.2, "1", "assumed", "unverified", "SD between people, of the length")


@dataclass(frozen=True, kw_only=True)
class PairedPulse:
    """A paired-pulse measure: two pulses through one coil, and by how much the MEP differs from that of one.

    ``ratio`` is the conditioned over the test MEP as published, from low to high; people are taken to lie
    between these two in 90 of 100 cases.
    """

    name: str
    label: str
    interval_s: tuple[float, float]  # from the first pulse to the second
    conditioning: str
    ratio: tuple[Parameter, Parameter]
    note: str = ""

    @property
    def status(self) -> Status:
        """How far the ratios were checked."""
        return self.ratio[0].status


def _pair(
    name: str, label: str, interval_ms: tuple[float, float], conditioning: str,
    ratio: tuple[float, float], source: str, note: str = "",
) -> PairedPulse:  # fmt: skip
    low, high = (Parameter(value, "1", source, "unverified") for value in ratio)
    return PairedPulse(
        name=name, label=label, interval_s=(interval_ms[0] * 1e-3, interval_ms[1] * 1e-3),
        conditioning=conditioning, ratio=(low, high), note=note,
    )  # fmt: skip


_SICF = "Only the intervals of the peaks are from the literature; the ratio is assumed."

PAIRED_PULSES: dict[str, PairedPulse] = {
    pair.name: pair
    for pair in (
        _pair("SICI", "short-interval intracortical inhibition", (2, 3), "first pulse at 80 %RMT",
              (0.3, 0.7), "Kujirai1993", "Poorly repeatable within a person (Nielsen2021)."),
        _pair("ICF", "intracortical facilitation", (10, 15), "first pulse at 80 %RMT", (1.1, 1.8),
              "Kujirai1993"),
        _pair("LICI", "long-interval intracortical inhibition", (100, 100), "first pulse at 120 %RMT",
              (0.1, 0.6), "Valls-Sole1992"),
        _pair("SICF-1", "short-interval intracortical facilitation, first peak", (1.3, 1.3),
              "second pulse at 90 %RMT", (1.2, 2.5), "assumed", _SICF),
        _pair("SICF-2", "short-interval intracortical facilitation, second peak", (2.6, 2.6),
              "second pulse at 90 %RMT", (1.1, 2.0), "assumed", _SICF),
        _pair("SICF-3", "short-interval intracortical facilitation, third peak", (4.3, 4.3),
              "second pulse at 90 %RMT", (1.0, 1.6), "assumed", _SICF),
    )
}  # fmt: skip
"""The paired-pulse measures by name. All ratios are recalled, none was read in its source."""

TEST_RMT = Parameter(1.2, "RMT", "assumed", "unverified", "the test pulse; labs also set it for 1 mV")
MAX_SHIFT_RMT = Parameter(0.3, "RMT", "assumed", "unverified", "the most a pulse shifts the curve")
