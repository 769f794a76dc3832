"""What is known of the two stimulators' serial lines and limits, each figure with its source.

The protocols were read in open drivers, McNair2017 for Magstim and Saatlou2018 with its Python translation
for MagVenture; nothing here was checked on a device. What the drivers leave open is ``assumed``.
Rates, energies and waits of the Rapid2 by its output are those of :mod:`tmsim.safety`.
"""

from __future__ import annotations

from tmsim.core import Parameter

LATENCY_s = (
    Parameter(0.002, "s", "assumed", "unverified", "shortest time from a whole command to its effect"),
    Parameter(0.012, "s", "assumed", "unverified", "longest; drawn evenly between the two"),
)
FRAME_TIMEOUT = Parameter(
    0.1, "s", "assumed", "unverified", "the rest of a command comes within this or never"
)

AMBIENT = Parameter(22.0, "degC", "assumed", "unverified")
FULL_PULSE_HEATING = Parameter(
    0.04,
    "K",
    "assumed",
    "unverified",
    "of an air-cooled coil by a pulse at 100 %",
)
COOLING_TIME = Parameter(
    300.0, "s", "assumed", "unverified", "of a coil cooled by air; an uncooled one: an hour"
)

# Magstim Rapid2

RAPID2_BAUD = Parameter(9600, "Bd", "McNair2017", "read", "8 data bits, no parity, 1 stop bit")
REMOTE_IDLE = Parameter(5.0, "s", "McNair2017", "read", "longest silence of the host, not armed")
REMOTE_ARMED = Parameter(0.5, "s", "McNair2017", "read", "longest silence of the host, armed")
ARMING = Parameter(1.0, "s", "McNair2017", "read", "about")
AUTO_DISARM = Parameter(60.0, "s", "McNair2017", "read", "armed without a pulse")
POWER_UP = Parameter(0.010, "s", "McNair2017", "read", "a percent of output, rising")
POWER_DOWN = Parameter(0.100, "s", "McNair2017", "read", "a percent of output, falling")
POWER_AT_START = Parameter(30.0, "%MSO", "assumed", "unverified")
SINGLE_INTERVAL = Parameter(1.0, "s", "McNair2017", "read", "between single pulses")
ENHANCED_INTERVAL = Parameter(
    2.0, "s", "McNair2017", "read", "between single pulses of 100 % and more, enhanced"
)
ENHANCED_POWER = Parameter(110.0, "%MSO", "McNair2017", "read", "single pulses only")
SHORTEST_TRAIN = Parameter(0.1, "s", "McNair2017", "read", "one unit of the train's duration on the wire")
MOST_PULSES = Parameter(6000, "1", "McNair2017", "read", "in a train")
# MagVenture MagPro X100

MAGPRO_BAUD = Parameter(38400, "Bd", "Saatlou2018", "read", "8 data bits, no parity, 1 stop bit")
MAGPRO_RATE_Hz = (
    Parameter(0.1, "Hz", "Saatlou2018", "read", "in steps of 0.1 up to 1"),
    Parameter(100.0, "Hz", "Saatlou2018", "read", "in steps of 1 from 1"),
)
MAGPRO_MOST_TRAINS = Parameter(500, "1", "Saatlou2018", "read")
MAGPRO_MOST_PULSES = Parameter(2000, "1", "assumed", "unverified", "in a train; hundreds only above 1000")
MAGPRO_PAUSE_s = (
    Parameter(0.1, "s", "Saatlou2018", "read", "last pulse of a train to the first of the next"),
    Parameter(120.0, "s", "Saatlou2018", "read"),
)
MAGPRO_BURST = (Parameter(2, "1", "Saatlou2018", "read"), Parameter(5, "1", "Saatlou2018", "read"))
MAGPRO_BURST_INTERVAL_s = (
    Parameter(0.010, "s", "Saatlou2018", "read"),
    Parameter(0.100, "s", "Saatlou2018", "read"),
)
MAGPRO_HOTTEST = Parameter(
    43.0, "degC", "assumed", "unverified", "recalled limit of applied parts is 41 to 43"
)
MAGPRO_DIDT = Parameter(155.3, "A/us", "Drakaki2022", "read", "MC-B70 at 100 %; what a fired pulse reports")
