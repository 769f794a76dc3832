"""Findings on a session: what published tables, devices and precedents say of its pulses. Never a verdict.

A train lasts ``n / f``: count times interval. Tables of train duration are read at the next tabulated rate
and the next tabulated intensity up; a cell with ``>`` is the longest that was tested, not a limit. Bursts
above 25 Hz and intensities above 130 % are outside of every table and are compared with published protocols.

==========================  ============================================================================
``train-duration``          longest train by rate and intensity (Wassermann1998, Rossi2009, ChenIntervals1997)
``train-pause``             shortest pause between trains (ChenIntervals1997)
``pulses-per-session`` ...  doses beside the largest of the protocol library
``device-rate`` ...         rate, energy and wait of the Magstim Rapid² (McNair2017): the only ``stop``
``coil-heating``            balance of heat in an uncooled winding, a range
``sound``                   measured levels (Koponen2020), a range
==========================  ============================================================================

A protocol of the library that does the same turns ``caution`` into ``caution-with-precedent``, never into
less. The tables are recalled and were not compared with the papers: each message says so. The screening
(Rossi2011) refers to a physician or says that it is no clearance.

Range: scalp stimulation of adults with the pulses of common stimulators. Drugs, sleep, alcohol and illness
move the threshold of seizures and are in none of the tables.
"""

from tmsim.safety.check import check_session
from tmsim.safety.device import (
    continuous_rate_Hz,
    device_by_name,
    max_rate_Hz,
    on_time_per_minute_s,
    pulse_energy_J,
    wait_between_trains_s,
)
from tmsim.safety.heating import Heating, coil_heating
from tmsim.safety.parameters import DEVICES, SCREENING, TRAIN_TABLES
from tmsim.safety.screening import form, read_answers, screen
from tmsim.safety.types import SEVERITIES, Device, DurationTable, Finding, Item, Screening, Severity

__all__ = [
    "DEVICES",
    "SCREENING",
    "SEVERITIES",
    "TRAIN_TABLES",
    "Device",
    "DurationTable",
    "Finding",
    "Heating",
    "Item",
    "Screening",
    "Severity",
    "check_session",
    "coil_heating",
    "continuous_rate_Hz",
    "device_by_name",
    "form",
    "max_rate_Hz",
    "on_time_per_minute_s",
    "pulse_energy_J",
    "read_answers",
    "screen",
    "wait_between_trains_s",
]
