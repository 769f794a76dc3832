"""Published figures that sessions are held against, with how far each was checked.

The tables of train duration are recalled, cell by cell, and were not compared with the papers: whatever
rests on them is a draft, and says so. Of ChenIntervals1997 the abstract was read: trains shorter by 25 % than
before, and 5 s between trains tolerated at 110 % where 1 s was not above 100 %.
"""

from __future__ import annotations

from tmsim.core import Parameter
from tmsim.safety.types import Cell, Device, DurationTable, Item


def _row(text: str) -> tuple[Cell, ...]:
    return tuple(
        Cell(duration_s=float(word.removeprefix(">")), longest_tested=word.startswith(">"))
        for word in text.split()
    )


TRAIN_TABLES = (
    DurationTable(
        name="Rossi2009 after Wassermann1998", source="Rossi2009", status="unverified",
        percents=(90, 100, 110, 120, 130),
        rows_by_rate=(
            (1.0, _row(">1800 >1800 >1800 >360 >50")),
            (5.0, _row(">10 >10 >10 >10 >10")),
            (10.0, _row(">5 >5 >5 4.2 2.9")),
            (20.0, _row("2.05 2.05 1.6 1.0 0.55")),
            (25.0, _row("1.28 1.28 0.84 0.4 0.24")),
        ),
    ),
    DurationTable(
        name="Chen 1997", source="ChenIntervals1997", status="unverified",
        percents=(100, 110, 120, 130),
        rows_by_rate=(
            (1.0, _row(">270 >270 >180 50")),
            (5.0, _row("10 10 10 10")),
            (10.0, _row("5 5 3.2 2.2")),
            (20.0, _row("1.5 1.2 0.8 0.4")),
            (25.0, _row("1.0 0.7 0.3 0.2")),
        ),
    ),
)  # fmt: skip
"""Train durations without spread of excitation or seizure, most permissive table first."""

PAUSE_TOLERATED = Parameter(
    5.0, "s", "ChenIntervals1997", "unverified", "between trains up to 20 Hz and 110 %"
)
PAUSE_TOO_SHORT = Parameter(
    1.0,
    "s",
    "ChenIntervals1997",
    "read",
    "at 20 Hz and above 100 %; from the abstract, as is 5 s at 20 Hz and 110 %",
)
PAUSE_HIGHEST_RATE = Parameter(20.0, "Hz", "ChenIntervals1997", "unverified")
PAUSE_HIGHEST_PERCENT = Parameter(110.0, "%", "ChenIntervals1997", "unverified", "too few data at 120 %")
PAUSE_FREE_PERCENT = Parameter(100.0, "%", "ChenIntervals1997", "read", "the short pauses failed above it")


def _rapid2(kind: str, label: str, mains_V: int, rates_Hz: dict[int, float]) -> Device:
    return Device(
        name=f"magstim-{kind}" + ("" if mains_V == 240 else f"-{mains_V}v"),
        label=f"Magstim {label}, {mains_V} V",
        rates_by_percent=tuple((float(percent), float(rate)) for percent, rate in rates_Hz.items()),
        energy_limited=True,
        source="McNair2017",
    )


DEVICES: dict[str, Device] = {
    device.name: device
    for device in (
        _rapid2("rapid2", "Rapid²", 240,
                {30: 50, 31: 46, 34: 42, 40: 37, 50: 30, 60: 25, 70: 20, 80: 18, 90: 17, 100: 15}),
        _rapid2("super-rapid2", "Super Rapid²", 240,
                {30: 100, 40: 75, 50: 50, 51: 50, 60: 45, 70: 40, 80: 35, 90: 30, 100: 25}),
        _rapid2("super-rapid2-plus", "Super Rapid² Plus", 240,
                {40: 100, 50: 97, 54: 88, 60: 80, 63: 74, 70: 68, 80: 57, 89: 50, 90: 49, 100: 41}),
        _rapid2("rapid2", "Rapid²", 115,
                {30: 36, 40: 28, 50: 23, 60: 19, 70: 16, 80: 14, 90: 12, 100: 11}),
        _rapid2("super-rapid2", "Super Rapid²", 115,
                {30: 60, 40: 55, 50: 44, 60: 37, 70: 32, 80: 27, 90: 24, 100: 22}),
        _rapid2("super-rapid2-plus", "Super Rapid² Plus", 115,
                {40: 60, 50: 58, 60: 47, 70: 40, 80: 34, 90: 30, 100: 25}),
        Device(name="magpro-x100", label="MagVenture MagPro X100", rates_by_percent=((0.0, 100.0),),
               energy_limited=False, source="Saatlou2018"),
    )
}  # fmt: skip
"""Stimulators by name, their rates as open drivers have them; which type of Rapid² bears which name is
recalled, and of the MagPro no figure of power or energy is known."""

PULSE_ENERGY = tuple(
    (percent, Parameter(joules, "J", "McNair2017", "read", f"a pulse at {percent} %MSO"))
    for percent, joules in (
        (0, 0.0), (1, 0.0), (20, 10.1), (40, 40.3), (50, 63.0), (60, 90.7), (70, 123.4), (80, 161.2),
        (90, 204.0), (100, 252.0),
    )
)  # fmt: skip
"""Energy that a pulse of the Rapid² takes; it grows with the square of the output."""
MEAN_POWER = Parameter(1050.0, "W", "McNair2017", "recomputed", "that the Rapid² can keep up")
ENERGY_PER_MINUTE = Parameter(
    63_000.0, "J", "McNair2017", "recomputed", "of the Rapid²: 60 s of its mean power"
)
SHORTEST_WAIT = Parameter(0.5, "s", "McNair2017", "read", "between trains of the Rapid²")
DISARM_TEMPERATURE = Parameter(40.0, "°C", "McNair2017", "read", "a Magstim disarms above it")


def _assumed(value: float, unit: str, note: str) -> Parameter:
    return Parameter(value, unit, "assumed", "unverified", note)


COPPER_RESISTIVITY = _assumed(1.7e-8, "ohm m", "at room temperature, a handbook value")
COPPER_HEAT_CAPACITY = _assumed(3.45e6, "J/m^3/K", "a handbook value")
RESISTANCE_FACTOR = (
    _assumed(1.0, "1", "least resistance to the pulse, over that to direct current"),
    _assumed(3.0, "1", "most: crowding of the current, leads and joints"),
)
CAPACITY_FACTOR = (
    _assumed(5.0, "1", "heat capacity with casing and filling, over that of the copper"),
    _assumed(1.0, "1", "the copper alone"),
)
COOLING_TIME = _assumed(600.0, "s", "fastest cooling of a coil in still air; the slowest is none at all")
ROOM_TEMPERATURE = (
    _assumed(20.0, "°C", "coolest coil at the start"),
    _assumed(25.0, "°C", "warmest coil at the start"),
)


def _item(id_: str, question: str, note: str = "") -> Item:
    return Item(id=id_, question=question, source="Rossi2011", status="unverified", note=note)


def _listed(id_: str, question: str) -> Item:
    note = "An absolute contraindication in a checklist for stroke after Rossi2021."
    return Item(id=id_, question=question, source="Rossi2021", status="read", note=note)


SCREENING = (
    _item("epilepsy", "Epilepsy, or ever a convulsion or seizure?"),
    _item("syncope", "Ever a fainting spell?"),
    _item("head-trauma", "Ever a head injury with concussion or loss of consciousness?"),
    _item("hearing", "Hearing problems or ringing in the ears?"),
    _listed("cochlear-implant", "A cochlear implant?"),
    _item("pregnancy", "Pregnant, or a chance of it?"),
    _item("metal", "Metal in the brain, the skull or elsewhere in the body: clips, plates, fragments?"),
    _listed("neurostimulator", "An implanted stimulator of brain, cortex or nerve?"),
    _listed("pacemaker", "A cardiac pacemaker or leads in the heart?"),
    _item("infusion-device", "An implanted device that gives a drug?"),
    _item("medication", "Any medication?", "Some drugs lower the threshold of seizures."),
    _item("tms-problem", "Ever a problem with TMS?"),
    _item("mri-problem", "Ever a problem with MRI?"),
    _listed("shunt", "A ventriculoperitoneal shunt?"),
    _listed("skull-defect", "A piece missing from the skull?"),
)  # fmt: skip
"""Questions before TMS, in our words: those of Rossi2011 as recalled, and two of a checklist for stroke. A
yes to a question of Rossi2011 is no absolute contraindication: a physician weighs it."""
