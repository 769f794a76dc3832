"""The pulse: what the stimulator sends through the coil, how strong, and in which order.

A capacitor, charged to V0, on a coil of inductance L with loop resistance R::

    alpha = R / 2L    omega = sqrt(1/LC - alpha^2)    i = V0/(omega L) exp(-alpha t) sin(omega t)
    E ~ dI/dt = V0/L exp(-alpha t) (cos(omega t) - alpha/omega sin(omega t))

    biphasic      one full period         half-sine     half a period
    monophasic    until the capacitor is empty; then i dies in the freewheel path
    rectangular   a large capacitor for a set width, then a second one against it, or the freewheel path

All are solved in closed form. Energy on the capacitor is C V0^2 / 2; peak dI/dt is V0/L and linear in the
percentage of the stimulator's output.

Range: linear parts, ideal switches but for the time a switch takes to close, the same current along all of
the coil. The shapes of the MagPro X100 and of cTMS1 are fitted to figures read off recordings (Aberra2020,
Sorkhabi2020); those of Magstim are unverified. Trains follow Huang2005 and are nested layers of count and
onset-to-onset interval.
"""

from tmsim.pulse.circuit import Circuit, Freewheel
from tmsim.pulse.generate import generate
from tmsim.pulse.intensity import (
    CurrentSlope,
    Intensity,
    PercentAMT,
    PercentMSO,
    PercentRMT,
    parse_intensity,
)
from tmsim.pulse.load import list_waveforms, waveform
from tmsim.pulse.output import OutputTable, didt_max_A_per_s, read_output_table
from tmsim.pulse.parameters import STIMULATORS, Stimulator
from tmsim.pulse.protocol import Block, Nerve, Protocol, list_protocols, protocol
from tmsim.pulse.record import read_waveform, recorded
from tmsim.pulse.rectangular import ctms
from tmsim.pulse.sentence import parse_train
from tmsim.pulse.types import GeneratedWaveform, Layer, Output, Train, Waveform

__all__ = [
    "STIMULATORS",
    "Block",
    "Circuit",
    "CurrentSlope",
    "Freewheel",
    "GeneratedWaveform",
    "Intensity",
    "Layer",
    "Nerve",
    "Output",
    "OutputTable",
    "PercentAMT",
    "PercentMSO",
    "PercentRMT",
    "Protocol",
    "Stimulator",
    "Train",
    "Waveform",
    "ctms",
    "didt_max_A_per_s",
    "generate",
    "list_protocols",
    "list_waveforms",
    "parse_intensity",
    "parse_train",
    "protocol",
    "read_output_table",
    "read_waveform",
    "recorded",
    "waveform",
]
