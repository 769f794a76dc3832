"""The state machine of the MagPro: what it takes, when it is silent, and what its replies hold."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tmsim.core import InputError
from tmsim.rehearsal import MagProX100, Refusal
from tmsim.rehearsal.frames import magventure_frame, take_magventure_frame


class Lab:
    """A MagPro and someone who sends frames."""

    def __init__(self, **spec) -> None:
        self.emulator = MagProX100(**spec).emulate()

    def tell(self, payload: str) -> bytes:
        """The payload of the reply, empty where there is none."""
        reply = self.emulator.receive(magventure_frame(bytes.fromhex(payload)))
        return take_magventure_frame(reply)[0] or b""

    def ready(self, output: str = "3C") -> Lab:
        self.tell(f"01 {output}")
        self.tell("02 01")
        return self

    def last_refusal(self) -> Refusal:
        return [event.refusal for event in self.emulator.events if event.refusal][-1]

    @property
    def pulses(self) -> list[float]:
        return [pulse.time_s for pulse in self.emulator.delivered]


def test_a_pulse_needs_the_device_enabled():
    lab = Lab()
    assert lab.tell("03") == b""
    assert lab.last_refusal() is Refusal.NOT_ARMED
    lab.ready()
    reply = lab.tell("03")
    assert reply[:2] == bytes([3, 93])  # 60 % of 155 A/us
    assert [(pulse.output_mso) for pulse in lab.emulator.delivered] == [60]


def test_a_burst_has_its_pulses_at_its_interval():
    lab = Lab().ready()
    assert lab.tell("09 01 01 00 00 03 02 00 C8 00 64")  # three pulses, 20 ms
    lab.tell("03")
    lab.emulator.advance(1)
    assert [b - a for a, b in pairwise(lab.pulses)] == pytest.approx([0.02, 0.02])


@pytest.mark.parametrize(
    ("payload", "refusal"),
    [
        ("01 65", Refusal.BAD_DATA),
        ("01", Refusal.BAD_DATA),
        ("02 02", Refusal.BAD_DATA),
        ("06 00 00 00 28 00 4B 01 04", Refusal.BAD_DATA),
        ("06 00 69 00 28 00 4B 01 04", Refusal.BAD_DATA),  # 10.5 Hz
        ("06 03 F2 00 28 00 4B 01 04", Refusal.TOO_FAST),  # 101 Hz
        ("06 00 64 00 00 00 4B 01 04", Refusal.BAD_DATA),
        ("06 00 64 04 4D 00 4B 01 04", Refusal.BAD_DATA),  # 1101 pulses
        ("06 00 64 00 28 01 F5 01 04", Refusal.BAD_DATA),  # 501 trains
        ("06 00 64 00 28 00 4B 04 B1", Refusal.BAD_DATA),  # a pause of 120.1 s
        ("06 00 64 00 28 00 4B 00 00", Refusal.BAD_DATA),
        ("06 00 64", Refusal.BAD_DATA),
        ("09 01 01 00 00 03 04 00 C8 00 64", Refusal.BAD_DATA),  # a burst of one
        ("09 01 01 00 00 03 02 00 32 00 64", Refusal.BAD_DATA),  # 5 ms
        ("09 01 00 00 00 03 02 00 C8 00 64", Refusal.BAD_DATA),  # not an X100
        ("08 01 00 00 00 00 FF FF", Refusal.BAD_DATA),
        ("07 00", Refusal.BAD_DATA),
        ("0D", Refusal.UNKNOWN_COMMAND),
    ],
)
def test_what_is_out_of_range_is_met_with_silence_and_changes_nothing(payload, refusal):
    lab = Lab()
    before = lab.tell("05")
    assert lab.tell(payload) == b""
    assert lab.last_refusal() is refusal
    assert lab.tell("05") == before


def test_a_frame_with_a_wrong_checksum_is_ignored_and_the_next_is_read():
    lab = Lab()
    assert lab.emulator.receive(bytes.fromhex("FE 02 01 32 C7 FF")) == b""
    assert lab.last_refusal() is Refusal.BAD_CHECKSUM
    noise = b"\x00\xff\x13"
    reply = lab.emulator.receive(noise + magventure_frame(b"\x01\x32"))
    assert take_magventure_frame(reply)[0][:3] == bytes([1, 50, 0])


def test_a_reply_can_hold_ff_and_only_its_length_tells_where_it_ends():
    lab = Lab(serial_number=0x01FF03)
    reply = lab.emulator.receive(magventure_frame(b"\x00"))
    assert reply.index(0xFF) < len(reply) - 1  # where a client that splits there would cut
    payload, rest = take_magventure_frame(reply + b"\xfe")
    assert len(payload) == 9
    assert rest == b"\xfe"


def test_a_sequence_holds_its_settings_and_its_end_shows():
    lab = Lab().ready()
    lab.tell("06 00 64 00 05 00 02 00 0A")  # 5 pulses at 10 Hz, twice, 1 s between
    lab.tell("04")
    assert lab.tell("05")[-1] == 1
    for payload in ("01 28", "06 00 64 00 05 00 02 00 0A", "04", "03"):
        assert lab.tell(payload) == b""
        assert lab.last_refusal() is Refusal.BUSY
    lab.emulator.advance(2)
    assert lab.tell("05")[-1] == 0
    assert len(lab.pulses) == 10
    assert lab.pulses[5] - lab.pulses[4] == pytest.approx(1.0)
    assert lab.emulator.state == "enabled"


def test_a_sequence_asks_for_no_sign_of_life():
    lab = Lab().ready()
    lab.tell("06 00 0A 00 64 00 01 00 0A")  # 100 pulses at 1 Hz
    lab.tell("04")
    lab.emulator.advance(200)
    assert len(lab.pulses) == 100


@pytest.mark.parametrize("stop", ["disable", "coil"])
def test_a_sequence_ends_where_it_is_disabled_or_the_coil_comes_off(stop):
    lab = Lab().ready()
    lab.tell("06 00 64 00 64 00 01 00 0A")
    lab.tell("04")
    lab.emulator.advance(1)
    if stop == "disable":
        assert lab.tell("02 00")
    else:
        lab.emulator.unplug_coil()
    stopped = len(lab.pulses)
    lab.emulator.advance(20)
    assert len(lab.pulses) == stopped < 15
    assert lab.emulator.state == "disabled"
    if stop == "coil":
        assert lab.tell("02 01") == b""
        assert lab.last_refusal() is Refusal.COIL_ABSENT


def test_bursts_that_run_into_each_other_are_refused():
    lab = Lab().ready()
    lab.tell("09 01 01 00 00 03 00 01 F4 00 64")  # five pulses, 50 ms
    lab.tell("06 00 64 00 05 00 02 00 0A")  # ten a second
    assert lab.tell("04") == b""
    assert lab.last_refusal() is Refusal.TOO_FAST
    assert lab.pulses == []


def test_a_charge_delay_keeps_pulses_apart():
    lab = Lab().ready()
    lab.tell("08 01 00 00 00 00 01 F4")  # 500 ms
    lab.tell("03")
    lab.emulator.advance(0.3)
    assert lab.tell("03") == b""
    assert lab.last_refusal() is Refusal.CHARGING
    lab.tell("06 00 64 00 05 00 02 00 0A")
    lab.emulator.advance(1)
    assert lab.tell("04") == b""
    lab.tell("09 01 01 00 00 03 02 00 C8 00 64")  # bursts at 20 ms
    assert lab.tell("03") == b""
    assert len(lab.pulses) == 1


def test_a_hot_coil_disables():
    lab = Lab(ambient_C=40.0, cooling_s=1e4).ready("64")
    lab.tell("06 00 64 00 C8 00 01 00 0A")
    lab.tell("04")
    lab.emulator.advance(30)
    assert lab.last_refusal() is Refusal.COIL_HOT
    assert len(lab.pulses) == 76  # 3 K at 0.04 K a pulse, less what is lost on the way
    assert lab.tell("02 01") == b""


@pytest.mark.parametrize("spec", [{"serial_number": -1}, {"serial_number": 1 << 24}, {"coil_code": 256}])
def test_a_device_that_can_not_be_is_refused(spec):
    with pytest.raises(InputError):
        MagProX100(**spec)
