"""The wire as others have it: checksums, lengths and timings of the two stimulators' serial protocols.

Magstim: constants of the driver of McNair2017, and two examples of a laboratory's public wiki
(Beauchamp:TMS, openwetware.org) that the driver doesn't have. MagVenture: frames built bit by bit with the
Python translation of the driver of Saatlou2018.
"""

from __future__ import annotations

import pytest

import tmsim.rehearsal.parameters
import tmsim.sensation.parameters
from tmsim.core import Parameter
from tmsim.core.citations import citations
from tmsim.rehearsal import MagProX100, Rapid2
from tmsim.rehearsal.frames import (
    crc8,
    magstim_checksum,
    magstim_frame,
    magventure_frame,
    take_magventure_frame,
)


@pytest.mark.parametrize(
    ("body", "checksum"), [(b"Q@", b"n"), (b"x@", b"G"), (b"@050", b"*"), (b"EJ", b"\x70")]
)
def test_magstim_checksums_are_those_of_others(body, checksum):
    assert bytes([magstim_checksum(body)]) == checksum


@pytest.mark.parametrize(
    ("payload", "crc"),
    [
        ("00", 0x00),
        ("02 01", 0xCF),
        ("02 00", 0x91),
        ("03 01", 0x0B),
        ("01 32", 0xC6),
        ("06 00 64 00 28 00 4B 01 04", 0xBC),
    ],
)
def test_magventure_checksums_are_those_of_others(payload, crc):
    assert crc8(bytes.fromhex(payload)) == crc
    frame = magventure_frame(bytes.fromhex(payload))
    assert frame.hex(" ").upper() == f"FE {len(frame) - 4:02X} {payload} {crc:02X} FF"
    assert take_magventure_frame(frame) == (bytes.fromhex(payload), b"")


def rapid2(software: int = 9, model: str = "magstim-super-rapid2"):
    emulator = Rapid2(model=model, software=software).emulate()
    code = b"REHEARSAL" if software >= 9 else b"@"
    assert emulator.receive(magstim_frame(b"Q" + code))[1] & 0x80
    return emulator


def tell(emulator, *bodies: bytes) -> list[bytes]:
    return [emulator.receive(magstim_frame(body)) for body in bodies]


@pytest.mark.parametrize(("software", "length"), [(6, 21), (7, 22), (8, 22), (9, 24), (10, 24)])
def test_the_reply_with_the_settings_is_as_long_as_the_software_has_it(software, length):
    (reply,) = tell(rapid2(software), b"\\@")
    assert len(reply) == length
    assert magstim_frame(reply[:-1]) == reply


@pytest.mark.parametrize(
    ("command", "length"),
    [(b"F@", 9), (b"I@", 6), (b"ND", 8), (b"x@", 6), (b"@060", 3), (b"b@", 4)],
)
def test_replies_of_a_rapid2_are_as_long_as_its_driver_reads(command, length):
    assert [len(reply) for reply in tell(rapid2(), command)] == [length]


@pytest.mark.parametrize(
    ("power", "wait_s", "wait_told"), [(100, 5.60, b"0056"), (80, 2.14, b"0022"), (60, 0.5, b"0005")]
)
def test_forty_pulses_at_10_hz_are_followed_by_the_published_wait(power, wait_s, wait_told):
    emulator = rapid2()
    tell(emulator, b"@%03d" % power, b"[0010", b"B0100", b"D00040")
    assert tell(emulator, b"\\@")[0][-5:-1] == wait_told
    tell(emulator, b"EB")
    hold(emulator, 2.0)
    tell(emulator, b"EH")
    first_s = emulator.delivered[0].time_s
    ready_s = None
    while ready_s is None:
        hold(emulator, 0.02)
        if tell(emulator, b"x@")[0][1] & 0x04:
            ready_s = emulator.now_s
    assert len(emulator.delivered) == 40
    assert ready_s - (first_s + 4.0) == pytest.approx(wait_s, abs=0.05)


@pytest.mark.parametrize(("n_pulses", "taken"), [(250, True), (251, False)])
def test_at_full_output_a_train_of_10_hz_lasts_25_s_at_most(n_pulses, taken):
    emulator = rapid2()
    tell(emulator, b"@100", b"[0010", b"B0100", b"D%05d" % n_pulses, b"EB")
    hold(emulator, 2.0)
    assert (tell(emulator, b"EH")[0][1:2] != b"S") is taken


@pytest.mark.parametrize(
    ("model", "power", "most_Hz"),
    [
        ("magstim-rapid2", 100, 15),
        ("magstim-rapid2", 60, 25),
        ("magstim-rapid2", 30, 50),
        ("magstim-super-rapid2", 51, 50),
        ("magstim-super-rapid2", 100, 25),
        ("magstim-super-rapid2-plus", 89, 50),
        ("magstim-rapid2-115v", 100, 11),
        ("magstim-super-rapid2-plus-115v", 100, 25),
    ],
)
def test_the_highest_rate_at_an_output_is_the_device_s(model, power, most_Hz):
    emulator = rapid2(model=model)
    tell(emulator, b"@%03d" % power)
    low, high = tell(emulator, b"B%04d" % (10 * most_Hz), b"B%04d" % (10 * most_Hz + 1))
    assert low[1:2] != b"S"
    assert high[1:2] == b"S"


def test_pulses_at_50_hz_need_an_output_no_higher_than_the_device_has_it():
    for model, most in (("rapid2", 30), ("super-rapid2", 51), ("super-rapid2-plus", 89)):
        taken = []
        for power in (most, most + 1):
            emulator = rapid2(model=f"magstim-{model}")
            taken.append(tell(emulator, b"@%03d" % power, b"B0500")[1][1:2] != b"S")
        assert taken == [True, False], model


def test_the_status_of_a_magpro_has_13_bytes_and_its_bits_where_drivers_read_them():
    emulator = MagProX100(serial_number=0x01FF03, coil_code=60).emulate()
    emulator.receive(magventure_frame(b"\x01\x32"))
    emulator.receive(magventure_frame(b"\x02\x01"))
    reply = emulator.receive(magventure_frame(b"\x00"))
    assert len(reply) == 13
    bits = f"{reply[3]:08b}"
    assert (bits[6:8], bits[4:6], bits[3], bits[0:3]) == (
        "00",
        "01",
        "1",
        "001",
    )
    assert int.from_bytes(reply[4:7], "big") == 0x01FF03
    assert list(reply[7:11]) == [22, 60, 50, 0]  # degrees, coil, amplitudes


def test_the_published_setup_makes_10_hz_trains_of_40_pulses_26_s_apart():
    emulator = MagProX100().emulate()
    for payload in ("01 32", "06 00 64 00 28 00 4B 01 04", "02 01", "04"):
        assert emulator.receive(magventure_frame(bytes.fromhex(payload)))
    emulator.advance(60.0)
    times = [pulse.time_s for pulse in emulator.delivered]
    assert times[1] - times[0] == pytest.approx(0.1)
    assert times[40] - times[39] == pytest.approx(26.0)  # from the last pulse to the first
    assert times[40] - times[0] == pytest.approx(29.9)  # so trains start every 29.9 s


def figures(value) -> list[Parameter]:
    """Every published number within a value of a module."""
    if isinstance(value, Parameter):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else ()
    return [figure for part in parts for figure in figures(part)]


@pytest.mark.parametrize("room", [tmsim.rehearsal.parameters, tmsim.sensation.parameters])
def test_every_figure_names_its_work_or_says_that_it_is_assumed(room):
    found = figures({name: value for name, value in vars(room).items() if not name.startswith("__")})
    assert len(found) > 15
    for figure in found:
        assert figure.source in citations() or (figure.source, figure.status) == ("assumed", "unverified"), (
            figure
        )


def hold(emulator, seconds: float) -> None:
    """Let time pass and keep control."""
    for _ in range(round(seconds / 0.02)):
        emulator.advance(0.02)
        emulator.receive(magstim_frame(b"x@"))
