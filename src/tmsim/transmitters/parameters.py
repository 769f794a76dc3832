"""Published numbers of the transmitters, each with its source and how far it was checked.

Choices of this project have the source ``assumed`` and are unverified, however reasonable they are.
"""

from __future__ import annotations

from tmsim.core import Parameter


def _assumed(value: float, unit: str, note: str = "") -> Parameter:
    return Parameter(value, unit, "assumed", "unverified", note)


# The serotonin terminal: synthesis, vesicles and uptake of Best2010, autoreceptors of Best2020. Constants
# were read in a public re-implementation; uM and hours, as the works have them. A second uptake, into glia
# (1400 uM/h, 0.17 uM), is left out: in that code a unit error keeps it shut.
def _terminal(value: float, unit: str, note: str = "") -> Parameter:
    return Parameter(value, unit, "Best2010", "read", note)


def _autoreceptor(value: float, unit: str, note: str = "") -> Parameter:
    return Parameter(value, unit, "Best2020", "read", note)


SEROTONIN_TERMINAL: dict[str, Parameter] = {
    "supply": _terminal(157.6, "uM/h", "tryptophan into the blood"),
    "blood_removal": _terminal(5.0, "1/h"),
    "blood_set": _terminal(96.0, "uM", "tryptophan of the blood to which it returns"),
    "entry_max": _terminal(700.0, "uM/h", "tryptophan into the terminal"),
    "entry_half": _terminal(330.0, "uM"),
    "pool_in": _terminal(9.0, "1/h", "tryptophan into the pool that serves all else"),
    "pool_out": _terminal(0.6, "1/h"),
    "pool_loss": _terminal(1.0, "1/h"),
    "tryptophan_removal": _terminal(2.0, "1/h"),
    "tph_max": _terminal(278.0, "uM/h", "tryptophan hydroxylase"),
    "tph_half": _terminal(40.0, "uM"),
    "tph_excess": _terminal(1000.0, "uM", "inhibition by its own substrate"),
    "tph_bh4": _terminal(20.0, "uM"),
    "drr_max": _terminal(5000.0, "uM/h", "dihydropteridine reductase, from BH2 to BH4"),
    "drr_bh2": _terminal(100.0, "uM"),
    "drr_back": _terminal(3.0, "uM/h"),
    "drr_bh4": _terminal(10.0, "uM"),
    "drr_nadp": _terminal(75.0, "uM", "half of NADPH, and of NADP on the way back"),
    "nadph": _terminal(330.0, "uM"),
    "nadp": _terminal(26.0, "uM"),
    "aadc_max": _terminal(400.0, "uM/h", "aromatic amino acid decarboxylase"),
    "aadc_half": _terminal(160.0, "uM"),
    "vmat_max": _terminal(1230.0, "uM/h", "into vesicles"),
    "vmat_half": _terminal(0.2, "uM"),
    "vmat_back": _terminal(1.0, "1/h", "out of vesicles"),
    "mao_max": _terminal(4000.0, "uM/h", "monoamine oxidase"),
    "mao_half": _terminal(95.0, "uM"),
    "sert_max": _terminal(250.0, "uM/h", "serotonin transporter"),
    "sert_half": _terminal(0.06, "uM"),
    "release": _terminal(1.89, "1/h", "share of the releasable vesicles at the resting rate"),
    "release_most": _terminal(12.0, "1", "of firing, after the autoreceptors' say"),
    "refill": _terminal(15.0, "1/h", "from reserve to releasable vesicles, per uM below rest"),
    "refill_most": _terminal(100.0, "uM/h"),
    "reserve_half": _assumed(
        1.0,
        "uM",
        "of the reserve, at which refilling falls to half; without it the reserve goes below zero "
        "after some days of an SSRI",
    ),
    "diffusion": _terminal(1.0, "1/h", "between extracellular space and terminal, or glia"),
    "removal": _terminal(40.0, "1/h", "out of the extracellular space by other ways"),
    "hia_removal": _terminal(1.0, "1/h"),
    "bind": _autoreceptor(36.0, "1/(uM h)"),
    "unbind": _autoreceptor(20.0, "1/h"),
    "receptors": _autoreceptor(10.0, "uM"),
    "g_on": _autoreceptor(20.0, "1/(uM2 h)", "G protein by bound receptors"),
    "g_off": _autoreceptor(200.0, "1/(uM h)", "by its regulator"),
    "g_total": _autoreceptor(10.0, "uM"),
    "t_on": _autoreceptor(30.0, "1/(uM2 h)", "regulator by G protein"),
    "t_off": _autoreceptor(200.0, "1/h"),
    "t_total": _autoreceptor(10.0, "uM"),
    "on_release": _autoreceptor(1.5, "1/uM", "fall of release for G protein above rest"),
    "on_synthesis": _autoreceptor(0.1, "1/uM", "fall of synthesis for G protein above rest"),
}
START_uM = (96, 0.28, 0.72, 20, 1.2, 0.05, 63, 63, 0.06, 3, 140, 0.95, 0.87, 0.9, 0.05)
"""From where the resting state is sought; in the order of :data:`STATES`."""
STATES = (
    "blood_tryptophan", "bh2", "bh4", "tryptophan", "htp", "cytosol", "vesicles", "reserve", "extracellular",
    "hia", "pool", "bound", "g", "t", "glia",
)  # fmt: skip
"""Names of the state of the serotonin terminal: concentrations in uM."""


# The circuit of dorsal raphe nucleus (DRN) and ventral tegmental area (VTA), read in code of the group.
def _circuit(value: float, unit: str, note: str = "") -> Parameter:
    return Parameter(value, unit, "Joshi2017", "read", note)


CIRCUIT: dict[str, Parameter] = {
    "gain_d": _circuit(0.019, "Hz", "of dopamine cells, per unit of input"),
    "gain_s": _circuit(0.033, "Hz", "of serotonin cells"),
    "gain_i": _circuit(0.06, "Hz", "of GABA cells"),
    "gain_e": _circuit(0.04, "Hz", "of glutamate cells"),
    "threshold_d": _circuit(-10.0, "1"),
    "threshold_s": _circuit(0.13, "1"),
    "threshold_i": _circuit(-200.0, "1"),
    "threshold_e": _circuit(-100.0, "1"),
    "bias_d": _circuit(200.0, "1"),
    "bias_s": _circuit(100.0, "1"),
    "bias_i": _circuit(250.0, "1", "of the GABA cells of the DRN"),
    "self_i": _circuit(0.5, "1", "of the GABA cells of the DRN on themselves, down"),
    "self_e": _circuit(0.5, "1", "of the glutamate cells on themselves, up"),
    "release_d": _circuit(0.1, "uM", "by a spike of the dopamine cells"),
    "vmax_d": _circuit(4e-3, "uM/ms"),
    "km_d": _circuit(0.15, "uM"),
    "release_s": _circuit(0.08, "uM", "by a spike of the serotonin cells"),
    "vmax_s": _circuit(1.3e-3, "uM/ms"),
    "km_s": _circuit(0.17, "uM"),
    "auto_most": _circuit(80.0, "1", "autoreceptor current at high concentration"),
    "auto_slope": _circuit(10.0, "1/uM"),
    "auto_half": _circuit(0.1, "uM"),
    "auto_d_ms": _circuit(150.0, "ms"),
    "auto_s_ms": _circuit(500.0, "ms"),
    "hetero_most": _circuit(0.03, "1/ms"),
    "hetero_slope": _circuit(20.0, "1/uM"),
    "hetero_half_d": _circuit(0.3, "uM"),
    "hetero_half_s": _circuit(0.1, "uM"),
    "hetero_d_ms": _circuit(1000.0, "ms"),
    "hetero_s_ms": _circuit(1200.0, "ms"),
}
_WEIGHTS: dict[str, float] = {
    "s_to_i": 20.0,  # serotonin on the GABA cells of the VTA, up
    "d_to_i": 2.0,  # dopamine on them, up
    "i_to_i": 10.0,  # they on themselves, down
    "s_to_e": 0.1,  # serotonin on the glutamate cells, down
    "s_to_i5": 4.0,  # serotonin on the GABA cells of the DRN, down
    "d_to_i5": 10.0,  # dopamine on them, up
    "e_to_d": 100.0,  # glutamate on dopamine cells, up
    "e_to_s": 5.0,  # glutamate on serotonin cells, up
    "i5_to_s": 0.1,  # GABA cells of the DRN on serotonin cells, down
    "i_to_d": 25.0,  # GABA cells of the VTA on dopamine cells, down
    "i_to_s": 0.0,  # GABA cells of the VTA on serotonin cells, down
}
WEIGHTS: dict[str, dict[str, Parameter]] = {
    "first": {name: _circuit(value, "1") for name, value in _WEIGHTS.items()},
    "second": {
        name: _circuit(value, "1") for name, value in (_WEIGHTS | {"e_to_s": 10.0, "i_to_s": 2.0}).items()
    },
}
"""Two published sets of weights, nearly alike at rest; they part under drugs."""
CIRCUIT_START = (0.01, 0.1, 0.1, 0.0, 0.0, 0.0)


# Dopamine and noradrenaline at their terminals, by release, uptake and an autoreceptor on release.
_NOT_READ = "the slice of one abstract: rat locus coeruleus, 30 pulses at 100 Hz"
DOPAMINE: dict[str, Parameter] = {
    "release_M": Parameter(1e-7, "mol/l", "Joshi2017", "read", "by a spike, as in the circuit"),
    "vmax_M_per_s": Parameter(4e-6, "mol/(l s)", "Joshi2017", "read", "as in the circuit"),
    "km_M": Parameter(1.5e-7, "mol/l", "Joshi2017", "read", "as in the circuit"),
    "half_M": Parameter(1e-7, "mol/l", "Joshi2017", "read", "of the autoreceptor, as in the circuit"),
    "per_M": Parameter(1e7, "l/mol", "Joshi2017", "read", "slope of the autoreceptor, as in the circuit"),
    "lag_s": Parameter(0.15, "s", "Joshi2017", "read", "of the autoreceptor, as in the circuit"),
    "on_release": _assumed(1.5, "1", "as strong on release as that of serotonin in Best2020"),
}
NORADRENALINE: dict[str, Parameter] = {
    "release_M": Parameter(
        1.1e-8, "mol/l", "Palij1994", "unverified",
        f"peak of 0.31 uM, plus what was taken up meanwhile, over 30 pulses; {_NOT_READ}",
    ),
    "vmax_M_per_s": Parameter(
        1.2e-7, "mol/(l s)", "Palij1994", "unverified",
        f"from a half-life of 2.93 s at 0.31 uM and that Km; {_NOT_READ}",
    ),
    "km_M": _assumed(2.8e-7, "mol/l", "of the order of the human transporter's in cell cultures"),
    "half_M": _assumed(1e-7, "mol/l", "as for dopamine and serotonin"),
    "per_M": _assumed(1e7, "l/mol", "as for dopamine and serotonin"),
    "lag_s": _assumed(0.5, "s", "as for serotonin in the circuit"),
    "on_release": _assumed(1.5, "1", "as for serotonin"),
}  # fmt: skip
COERULEUS_Hz = _assumed(2.0, "Hz", "tonic rate of the locus coeruleus at rest")


# From the stimulated prefrontal cortex to the circuit. Nobody has measured this in people.
REGION = "L_rostralmiddlefrontal"
"""The region of Desikan2006 that the DLPFC targets lie in."""
REFERENCE_SHARE = _assumed(
    0.13, "1", f"what the default run on the built-in head finds for L5 of {REGION}, at 120 %RMT"
)
DOPAMINE_GAIN = _assumed(
    520.0, "1/Hz",
    "set so that 10 Hz for 4 s of every 30 s at the reference share lowers binding by 9.6 %, the mean of "
    "five patients (Pogarell2007): that figure is put in, not predicted",
)  # fmt: skip
SEROTONIN_GAIN = _assumed(
    40.0, "1/Hz", "10 Hz at the reference share changes the rate by half; up or down, nobody knows"
)
NORADRENALINE_GAIN = _assumed(
    0.8, "Hz/Hz", "10 Hz at the reference share changes the rate by half; up or down, nobody knows"
)
OUTPUT_MOST_Hz = _assumed(
    3.0, "Hz", "share times pulse rate above which nothing is added: dopamine cells would fire above 30 Hz"
)


# What changes over a course, and drugs.
AUTORECEPTOR_FLOOR = _assumed(
    0.5, "1",
    "sensitivity of serotonin autoreceptors after very many sessions; that it falls was seen in rats "
    "(Gur2000), by how much is a choice",
)  # fmt: skip
AUTORECEPTOR_SESSIONS = _assumed(10.0, "sessions", "in which 63 % of that fall happens")
SSRI_SCALE = Parameter(
    0.3, "1", "Joshi2017", "recomputed",
    "reuptake as in the published run of the circuit; usual doses are recalled to leave about 0.2, at which "
    "dopamine cells fall silent with both sets of weights",
)  # fmt: skip


# Tracers of dopamine D2 receptors.
DEPLETION = Parameter(
    0.28, "1", "Laruelle1997", "read", "rise of [123I]IBZM binding without dopamine: [DA]/Ki at rest, n = 9"
)
DEPLETION_SD = Parameter(0.16, "1", "Laruelle1997", "read", "between people")
KI_M = _assumed(
    5.2e-8, "mol/l",
    "so that +20 to +60 % of the circuit's resting dopamine is -5 to -15 % of binding; [DA]/Ki is then 0.39, "
    "within one SD of what depletion showed (Laruelle1997)",
)  # fmt: skip
