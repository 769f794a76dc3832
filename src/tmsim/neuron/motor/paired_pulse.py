"""Two pulses through one coil: inhibition and facilitation as a shift of the recruitment curve."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri

from tmsim.core import InputError, read_only, stream
from tmsim.neuron.motor.mep import draw_mep_V, median_mep_V, threshold_mso
from tmsim.neuron.motor.parameters import MAX_SHIFT_RMT, PAIRED_PULSES, TEST_RMT, PairedPulse
from tmsim.neuron.motor.types import DEVICE_MSO, Conditioned, Subject

_TAIL = 0.05  # of people below and above the published range, each


def paired_pulse(subject: Subject, name: str, *, n_pulses: int = 20, repeat: int = 0) -> Conditioned:
    """Take a paired-pulse measure on a subject, as a lab does: ``n_pulses`` alone, as many in pairs.

    The subject's own ratio is drawn from the published range (log-normal, its 5th to 95th percentile). The
    conditioning pulse shifts the subject's recruitment curve along the amplitude by as much as gives that
    ratio of medians at the test pulse, 120 %RMT. At other amplitudes the same shift gives other ratios, and
    near the plateau hardly any facilitation. Medians are taken since MEPs and the noise are skewed.

    Parameters
    ----------
    name
        ``"SICI"``, ``"ICF"``, ``"LICI"`` or ``"SICF-1"`` to ``"SICF-3"``.
    repeat
        Another number records other MEPs of the same subject with the same ratio.

    Raises
    ------
    InputError
        No such measure, fewer than two pulses, or 120 %RMT of this subject is more than the device gives.
    """
    if name not in PAIRED_PULSES:
        raise InputError("paired pulse", repr(name), f"one of {', '.join(PAIRED_PULSES)}")
    if n_pulses < 2:
        raise InputError("pulses", str(n_pulses), "2 or more of each kind")
    rmt_mso = threshold_mso(subject)
    test_mso = TEST_RMT.value * rmt_mso
    if test_mso > DEVICE_MSO:
        found = f"{TEST_RMT.value:g} times a motor threshold of {rmt_mso:.4g} %MSO"
        raise InputError("test pulse", found, "0 to 100 %MSO, as the device has it")
    pair = PAIRED_PULSES[name]
    which = list(PAIRED_PULSES).index(name)
    wanted = _draw_ratio(pair, stream(subject.seed, "paired pulse", subject.index, which))
    shift_mso, limited = _shift(subject, rmt_mso, wanted)
    conditioned = replace(subject, onset_mso=subject.onset_mso + shift_mso)
    generator = stream(subject.seed, "paired pulse", subject.index, which, repeat)
    test_V = draw_mep_V(subject, np.full(n_pulses, test_mso), generator)
    conditioned_V = draw_mep_V(conditioned, np.full(n_pulses, test_mso), generator)
    return Conditioned(
        pair=pair,
        test_mso=test_mso,
        ratio=median_mep_V(conditioned, test_mso) / median_mep_V(subject, test_mso),
        shift_mso=shift_mso,
        limited=limited,
        conditioned=conditioned,
        test_V=read_only(test_V),
        conditioned_V=read_only(conditioned_V),
        measured_ratio=float(np.median(conditioned_V) / np.median(test_V)),
    )


def _draw_ratio(pair: PairedPulse, generator: np.random.Generator) -> float:
    low, high = np.log([p.value for p in pair.ratio])
    sd = (high - low) / 2 / ndtri(1 - _TAIL)
    return float(np.exp((low + high) / 2 + sd * generator.standard_normal()))


def _shift(subject: Subject, rmt_mso: float, ratio: float) -> tuple[float, bool]:
    """How far the curve moves up for this ratio of medians, and whether it had too little room. [%MSO]"""
    test_mso = TEST_RMT.value * rmt_mso
    wanted_V = ratio * median_mep_V(subject, test_mso)

    def excess(shift_mso: float) -> float:
        moved = replace(subject, onset_mso=subject.onset_mso + shift_mso)
        return float(np.log(median_mep_V(moved, test_mso) / wanted_V))

    # Near its plateau no shift would do: there the MEP of one pulse is already about the largest.
    most = MAX_SHIFT_RMT.value * rmt_mso
    if excess(-most) < 0:
        return -most, True
    if excess(most) > 0:
        return most, True
    return float(brentq(excess, -most, most, xtol=1e-6)), False
