"""The pulse: what the stimulator sends through the coil, how strong, and in which order."""

from tmsim.pulse.intensity import (
    CurrentSlope,
    Intensity,
    PercentAMT,
    PercentMSO,
    PercentRMT,
    parse_intensity,
)
from tmsim.pulse.types import Layer, Train, Waveform

__all__ = [
    "CurrentSlope",
    "Intensity",
    "Layer",
    "PercentAMT",
    "PercentMSO",
    "PercentRMT",
    "Train",
    "Waveform",
    "parse_intensity",
]
