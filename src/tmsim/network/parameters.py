"""Published numbers of the network, each with its source and how far it was checked.

Choices of this project have the source ``assumed`` and are unverified, however reasonable they are.
"""

from __future__ import annotations

from tmsim.core import Parameter


def _jansen(value: float, unit: str, note: str = "") -> Parameter:
    return Parameter(value, unit, "Jansen1995", "read", note)


def _deco(value: float, unit: str, note: str = "") -> Parameter:
    return Parameter(value, unit, "Deco2014", "read", note)


def _assumed(value: float, unit: str, note: str = "") -> Parameter:
    return Parameter(value, unit, "assumed", "unverified", note)


# Read in public code of Momi2023, which has the numbers of Jansen1995.
JANSEN_RIT: dict[str, Parameter] = {
    "epsp_mV": _jansen(3.25, "mV", "size of the excitatory postsynaptic potential"),
    "epsp_per_s": _jansen(100.0, "1/s"),
    "ipsp_mV": _jansen(22.0, "mV", "size of the inhibitory postsynaptic potential"),
    "ipsp_per_s": _jansen(50.0, "1/s"),
    "to_excitatory": _jansen(135.0, "1", "contacts from pyramidal cells to excitatory interneurons"),
    "from_excitatory": _jansen(108.0, "1", "and back"),
    "to_inhibitory": _jansen(33.75, "1", "contacts from pyramidal cells to inhibitory interneurons"),
    "from_inhibitory": _jansen(33.75, "1", "and back"),
    "most_Hz": _jansen(5.0, "Hz", "highest rate, 2 e0"),
    "half_mV": _jansen(6.0, "mV", "potential at half of it"),
    "slope_per_mV": _jansen(0.56, "1/mV"),
}
ALPHA_INPUT_Hz = Parameter(
    220.0, "Hz", "Jansen1995", "unverified", "middle of 120 to 320, where alpha arises"
)
REST_INPUT_Hz = _assumed(90.0, "Hz", "below 113, so that a mass has a rest that a pulse can disturb")
COUPLING = _assumed(110.0, "1", "contacts between regions; rest is lost near 160")
VOLLEY_s = _assumed(0.01, "s", "how long recruited cells fire: a volley of D- and I-waves")
TRIAL_NOISE_Hz = _assumed(30.0, "Hz", "half of the spread of input in Jansen1995, drawn anew each ms")
SPEED_m_per_s = Parameter(
    3.9, "m/s", "Lemarechal2022", "unverified", "of axons between regions, along straight lines here"
)
MEDIAN_DELAY_s = Parameter(0.0102, "s", "Lemarechal2022", "read", "between cortical regions, beyond age 15")
LONG_DELAYS = Parameter(0.16, "1", "Lemarechal2022", "read", "share of delays above 20 ms")

EARLY_s = (0.015, 0.1)
LATE_s = (0.1, 0.3)
"""Parts of the evoked response: local, and of the network (Momi2023, border at 100 ms); outer ends chosen.
[s]"""

# Read in public code that carries out Deco2014.
MEAN_FIELD: dict[str, Parameter] = {
    "tau_E_ms": _deco(100.0, "ms", "NMDA gating"),
    "tau_I_ms": _deco(10.0, "ms", "GABA gating"),
    "gamma": _deco(0.641e-3, "1"),
    "nmda_nA": _deco(0.15, "nA", "J_NMDA, synaptic coupling"),
    "background_nA": _deco(0.382, "nA", "I0"),
    "scale_E": _deco(1.0, "1", "W_E"),
    "scale_I": _deco(0.7, "1", "W_I"),
    "gain_E": _deco(310.0, "1/nC"),
    "offset_E": _deco(125.0, "Hz"),
    "curve_E": _deco(0.16, "s"),
    "gain_I": _deco(615.0, "1/nC"),
    "offset_I": _deco(177.0, "Hz"),
    "curve_I": _deco(0.087, "s"),
}
RECURRENT = _deco(1.4, "1", "w+")
NOISE = _deco(0.01, "1/sqrt(ms)", "of both gating variables")
TARGET_Hz = _deco(3.08, "Hz", "rate that feedback inhibition is set for")
TARGET_INPUT_nA = _deco(0.3774, "nA", "the excitatory input that gives it, without noise")
RATE_BAND_Hz = (
    _assumed(2.6, "Hz", "between these rates the model is taken to be at rest"),
    _assumed(3.6, "Hz"),
)
REST_COUPLING = _assumed(1.0, "1", "best correlations over the built-in cortex, flat from 0.8 to 1.3")
