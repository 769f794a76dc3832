"""From a pulse over the hand area to the twitch of a hand muscle: a virtual subject, measured as a lab does.

The size of a motor evoked potential (MEP), peak to peak, of a pulse of amplitude A in percent of stimulator
output (Goetz2019)::

    x = max(A - onset + v_x, 0)                          v_x ~ N(0, drive spread)   what arrives
    V = noise + 0.1 uV 10^(v_y + range / (1 + (midpoint / x)^steepness))
                                                         v_y ~ N(0, size spread)    what comes of it
    noise ~ generalised extreme value(location, scale, shape)

Nine numbers make a subject; :func:`draw_subject` draws them from their distribution between people. The
resting motor threshold (RMT) is the amplitude at which half of the MEPs reach 50 uV. It follows from the nine
numbers by integration over the three sources of chance, done over 4096 evenly spread pulses; so do the
quantiles of a recruitment curve. :func:`with_threshold` stretches the amplitudes of a subject so that its RMT
is that of a head model or of a real person.

In 3000 subjects (RMT in %MSO, and over subjects the quartiles of each one's median MEP and the median of each
one's SD over mean)::

    RMT 67 +- 9    110 %RMT: 0.34 (0.22-0.73) mV, CV 0.78    120 %RMT: 0.90 (0.54-1.76) mV, CV 0.51

Threshold hunts are the 5-of-10 rule (Groppa2012) and maximum likelihood (Awiszus2003). A reliable MEP size
takes thirty pulses or more (Cuypers2014). Descending waves follow logistic curves (Numssen2021), and the MEP
over time has the shape that 100 motor units give it (Moezzi2018).

Range: one resting hand muscle of healthy adults, single pulses apart by seconds, 0 to 100 %MSO. The active
threshold, latencies, silent period and all ratios of paired pulses are recalled and unverified; they show how
such measures behave and spread, not what a person's will be.
"""

from tmsim.neuron.motor.hunt import (
    METHODS,
    Hunt,
    MaximumLikelihood,
    RelativeFrequency,
    UnbracketedError,
    error_curve,
    hunt,
)
from tmsim.neuron.motor.mep import (
    active_threshold_mso,
    draw_mep_V,
    median_mep_V,
    mep_quantiles_V,
    movement_threshold_mso,
    recruitment_curve,
    share_reaching,
    threshold_mso,
)
from tmsim.neuron.motor.paired_pulse import paired_pulse
from tmsim.neuron.motor.parameters import PAIRED_PULSES, PairedPulse
from tmsim.neuron.motor.silent_period import silent_period
from tmsim.neuron.motor.subject import draw_population, draw_subject, with_threshold
from tmsim.neuron.motor.types import (
    Conditioned,
    ErrorCurve,
    HuntResult,
    RecruitmentCurve,
    SilentPeriod,
    Subject,
    Trace,
    Trial,
    Volley,
)
from tmsim.neuron.motor.waves import descending_volley, mep_latency_s, mep_trace

__all__ = [
    "METHODS",
    "PAIRED_PULSES",
    "Conditioned",
    "ErrorCurve",
    "Hunt",
    "HuntResult",
    "MaximumLikelihood",
    "PairedPulse",
    "RecruitmentCurve",
    "RelativeFrequency",
    "SilentPeriod",
    "Subject",
    "Trace",
    "Trial",
    "UnbracketedError",
    "Volley",
    "active_threshold_mso",
    "descending_volley",
    "draw_mep_V",
    "draw_population",
    "draw_subject",
    "error_curve",
    "hunt",
    "median_mep_V",
    "mep_latency_s",
    "mep_quantiles_V",
    "mep_trace",
    "movement_threshold_mso",
    "paired_pulse",
    "recruitment_curve",
    "share_reaching",
    "silent_period",
    "threshold_mso",
    "with_threshold",
]
