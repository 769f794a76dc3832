"""Emulated stimulators, and a session rehearsed on them. Nothing here can speak to a real device.

A Magstim Rapid2 or a MagVenture MagPro X100 is a state machine: bytes of its public serial protocol in;
replies, states and pulses out, driven by a clock that only moves when it is told to. It sits on one end of a
pseudo-terminal. A host on the other end carries out a train as a lab's program would, and each planned pulse
ends in the log as delivered (when, how strong) or refused (why).

What a Rapid2 can do at an output (rate, energy, waits) is told by :mod:`tmsim.safety`; here it acts so.

Range: protocols as open drivers have them (McNair2017, Saatlou2018), checked on no device; latencies and the
heating of the coil are assumed. Bursts can't be told to a Rapid2 over its line. A Rapid2 that hears nothing
for 0.5 s while armed disarms itself; nothing of the kind is known of a MagPro, whose sequence runs on.
"""

from tmsim.rehearsal.log import write_pulse_log
from tmsim.rehearsal.magpro import MagProX100, MagProX100Emulator
from tmsim.rehearsal.rapid2 import Rapid2, Rapid2Emulator
from tmsim.rehearsal.rehearse import DEVICES, find_device, rehearse
from tmsim.rehearsal.terminal import HostLine, LineLostError, PseudoTerminal
from tmsim.rehearsal.types import (
    ByteCorrupted,
    CablePulled,
    CoilSwitchReleased,
    CoilUnplugged,
    EmulatedDevice,
    Event,
    Fault,
    HostStalled,
    PlannedPulse,
    Refusal,
    Rehearsal,
)

__all__ = [
    "DEVICES",
    "ByteCorrupted",
    "CablePulled",
    "CoilSwitchReleased",
    "CoilUnplugged",
    "EmulatedDevice",
    "Event",
    "Fault",
    "HostLine",
    "HostStalled",
    "LineLostError",
    "MagProX100",
    "MagProX100Emulator",
    "PlannedPulse",
    "PseudoTerminal",
    "Rapid2",
    "Rapid2Emulator",
    "Refusal",
    "Rehearsal",
    "find_device",
    "rehearse",
    "write_pulse_log",
]
