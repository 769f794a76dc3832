"""The state machine of the Rapid2: what it answers, when it is ready, and when it stops."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tmsim.core import InputError
from tmsim.rehearsal import Rapid2, Refusal
from tmsim.rehearsal.frames import magstim_frame

STANDBY, ARMED, READY, COIL, HOT, REMOTE = 0x01, 0x02, 0x04, 0x08, 0x10, 0x80
ENHANCED, TRAIN, WAIT, SINGLE, COIL_READY = 0x01, 0x02, 0x04, 0x08, 0x20


class Lab:
    """A Rapid2 and someone who types commands."""

    def __init__(self, **spec) -> None:
        self.device = Rapid2(**{"model": "magstim-super-rapid2", **spec})
        self.emulator = self.device.emulate()
        if self.device.software < 9:
            self.take_control = "Q@"
        else:
            self.take_control = "Q" + self.device.unlock_code

    def tell(self, body: str) -> bytes:
        return self.emulator.receive(magstim_frame(body.encode("latin-1")))

    def status(self) -> int:
        return self.tell("F@")[1]  # needs no control and keeps none that is lost

    def rapid(self) -> int:
        return self.tell("\\@")[2]

    def hold(self, seconds: float) -> None:
        end_s = self.emulator.now_s + seconds
        while self.emulator.now_s < end_s:
            self.emulator.advance(min(0.1, end_s - self.emulator.now_s))
            self.tell("F@")

    def armed(self) -> Lab:
        self.tell(self.take_control)
        self.tell("EB")
        self.hold(1.3)
        return self

    def last_refusal(self) -> Refusal:
        return [event.refusal for event in self.emulator.events if event.refusal][-1]

    @property
    def pulses(self) -> list[float]:
        return [pulse.time_s for pulse in self.emulator.delivered]


def test_it_starts_in_standby_without_control_and_with_a_coil():
    lab = Lab()
    assert lab.status() == STANDBY | COIL
    assert lab.rapid() & (SINGLE | COIL_READY) == SINGLE | COIL_READY
    assert lab.emulator.state == "standby, no remote control"


def test_a_status_is_from_before_the_command_but_for_control_itself():
    lab = Lab()
    assert lab.tell(lab.take_control)[1] & REMOTE
    assert lab.tell("EB")[1] & STANDBY  # as it was
    assert lab.status() & ARMED
    assert not lab.tell("R@")[1] & REMOTE


def test_it_arms_in_a_second_and_fires_only_then():
    lab = Lab()
    lab.tell(lab.take_control)
    lab.tell("EB")
    lab.hold(0.8)
    assert lab.tell("EH")[1:2] == b"S"
    assert lab.last_refusal() is Refusal.ARMING
    lab.hold(0.3)
    assert lab.status() & READY
    lab.tell("EH")
    assert len(lab.pulses) == 1
    assert lab.emulator.delivered[0].output_mso == 30


@pytest.mark.parametrize("command", ["@050", "EB", "EH", "[0010", "B0100", "D00010", "b@", "^@", "n0100"])
def test_without_control_nothing_can_be_set(command):
    lab = Lab()
    assert lab.tell(command)[1:2] == b"S"
    assert lab.last_refusal() is Refusal.NO_REMOTE
    assert lab.pulses == []


@pytest.mark.parametrize("code", ["@", "WRONGCODE"])
def test_new_software_wants_its_unlock_code(code):
    lab = Lab()
    assert lab.tell("Q" + code)[1:2] == b"S"
    assert lab.last_refusal() is Refusal.LOCKED
    assert not lab.status() & REMOTE


def test_old_software_knows_neither_code_nor_system_status():
    lab = Lab(software=8)
    assert lab.tell("Q@")[1] & REMOTE
    assert lab.tell("x@") == b"?"


def test_an_unknown_command_is_answered_by_one_byte_and_takes_along_the_rest():
    lab = Lab()
    assert lab.tell("J@") == b"?"
    assert lab.tell(lab.take_control)[1] & REMOTE


def test_a_wrong_checksum_and_bad_data_are_answered_with_a_question_mark():
    lab = Lab()
    lab.tell(lab.take_control)
    assert lab.emulator.receive(b"@050+") == magstim_frame(b"@?")
    assert lab.last_refusal() is Refusal.BAD_CHECKSUM
    for body in ("@101", "@0x0", "B0000", "D00000", "D06001", "EX", "NX"):
        assert lab.tell(body)[1:2] == b"?", body
        assert lab.last_refusal() is Refusal.BAD_DATA


def test_half_a_command_is_forgotten():
    lab = Lab()
    assert lab.emulator.receive(b"@0") == b""
    lab.emulator.advance(0.2)
    assert lab.tell(lab.take_control)[1] & REMOTE


def test_control_is_lost_after_five_seconds_idle_and_half_a_second_armed():
    lab = Lab()
    lab.tell(lab.take_control)
    lab.emulator.advance(4.9)
    assert "no remote" not in lab.emulator.state
    lab.emulator.advance(0.2)
    assert lab.emulator.state == "standby, no remote control"
    lab.armed()
    lab.emulator.advance(0.4)
    assert lab.emulator.armed
    lab.emulator.advance(0.2)
    assert lab.emulator.state == "standby, no remote control"
    assert lab.last_refusal() is Refusal.REMOTE_LOST


def test_it_disarms_after_a_minute_without_a_pulse_and_each_pulse_starts_the_minute_anew():
    lab = Lab().armed()
    lab.hold(50)
    lab.tell("EH")
    lab.hold(55)
    assert lab.emulator.armed
    lab.hold(6)
    assert not lab.emulator.armed
    assert lab.last_refusal() is Refusal.TIMED_OUT


@pytest.mark.parametrize(("power", "seconds"), [(80, 0.5), (10, 2.0)])
def test_power_moves_up_by_a_percent_in_10_ms_and_down_in_100_ms(power, seconds):
    lab = Lab().armed()
    lab.tell(f"@{power:03d}")
    start_s = lab.emulator.now_s
    while not lab.status() & READY:
        lab.emulator.advance(0.005)
    assert lab.emulator.now_s - start_s == pytest.approx(seconds, abs=0.03)
    lab.tell("EH")
    assert lab.emulator.delivered[-1].output_mso == power


def test_a_pulse_is_refused_while_the_power_moves():
    lab = Lab().armed()
    lab.tell("@000")
    assert lab.tell("EH")[1:2] == b"S"
    assert lab.last_refusal() is Refusal.CHARGING


def test_single_pulses_are_a_second_apart_and_two_where_the_power_is_enhanced():
    lab = Lab()
    lab.tell(lab.take_control)
    lab.tell("^@")
    lab.tell("@110")
    lab.tell("EB")
    lab.hold(1.5)
    for _ in range(60):
        lab.tell("EH")
        lab.hold(0.1)
    gaps = [b - a for a, b in pairwise(lab.pulses)]
    assert min(gaps) >= 2.0
    assert max(gaps) < 2.2
    ordinary = Lab().armed()
    for _ in range(30):
        ordinary.tell("EH")
        ordinary.hold(0.1)
    gaps = [b - a for a, b in pairwise(ordinary.pulses)]
    assert min(gaps) >= 1.0
    assert max(gaps) < 1.2


def test_enhanced_power_is_for_single_pulses_and_goes_back_to_100():
    lab = Lab()
    lab.tell(lab.take_control)
    assert lab.tell("@110")[1:2] == b"?"
    lab.tell("^@")
    lab.tell("@110")
    assert lab.rapid() & ENHANCED
    lab.tell("_@")
    assert lab.tell("\\@")[3:6] == b"100"
    lab.tell("[0010")
    assert lab.tell("^@")[1:2] == b"S"
    lab.tell("[0000")
    lab.tell("^@")
    for body in ("B0100", "[0010", "D00010"):
        lab.tell(body)
    assert lab.last_refusal() is Refusal.SETTINGS
    assert lab.rapid() & SINGLE


def test_a_train_runs_by_itself_and_shows_train_then_wait():
    lab = Lab()
    for body in (lab.take_control, "@060", "[0010", "B0100", "D00010", "EB"):
        lab.tell(body)
    lab.hold(1.5)
    lab.tell("EH")
    lab.hold(0.3)
    assert lab.rapid() & TRAIN
    assert lab.tell("@050")[1:2] == b"S"
    assert lab.last_refusal() is Refusal.BUSY
    assert lab.tell("EH")[1:2] == b"S"
    lab.hold(0.9)
    assert not lab.rapid() & TRAIN
    assert lab.rapid() & WAIT
    assert lab.tell("EH")[1:2] == b"S"
    assert lab.last_refusal() is Refusal.WAITING
    assert [b - a for a, b in pairwise(lab.pulses)] == pytest.approx([0.1] * 9)


def test_duration_rate_and_pulses_follow_each_other():
    lab = Lab()
    for body in (lab.take_control, "[0040", "B0100"):
        lab.tell(body)
    assert lab.tell("\\@")[3:-1] == b"030" + b"0100" + b"00040" + b"0040" + b"0005"
    lab.tell("D00025")
    assert lab.tell("\\@")[3:-1] == b"030" + b"0100" + b"00025" + b"0025" + b"0005"
    lab.tell("[0000")
    assert lab.rapid() & SINGLE


def test_a_train_shorter_than_a_tenth_of_a_second_can_not_be_told():
    lab = Lab()
    for body in (lab.take_control, "[0010", "B0500"):
        lab.tell(body)
    assert lab.tell("D00003")[1:2] == b"S"
    assert lab.last_refusal() is Refusal.NO_BURSTS
    assert lab.tell("D00005")[1:2] != b"S"


@pytest.mark.parametrize("command", ["[0010", "B0100", "D00010", "b@", "^@", "_@", "n0100", "EB"])
def test_what_a_train_is_made_of_can_not_be_changed_while_armed(command):
    lab = Lab().armed()
    assert lab.tell(command)[1:2] == b"S"
    assert lab.last_refusal() is Refusal.ARMED


def test_raising_the_power_beyond_the_rate_that_is_set_is_refused():
    lab = Lab(model="magstim-rapid2")
    for body in (lab.take_control, "[0010", "B0200"):
        lab.tell(body)
    assert lab.tell("@070")[1:2] != b"S"
    assert lab.tell("@100")[1:2] == b"S"
    assert lab.last_refusal() is Refusal.TOO_FAST


def test_disarming_ends_a_train_and_keeps_control():
    lab = Lab()
    for body in (lab.take_control, "[0100", "B0100", "EB"):
        lab.tell(body)
    lab.hold(1.3)
    lab.tell("EH")
    lab.hold(0.5)
    lab.tell("EA")
    stopped = len(lab.pulses)
    assert 5 <= stopped < 10
    lab.hold(2.0)
    assert len(lab.pulses) == stopped
    assert lab.emulator.state == "standby, remote control"


def test_without_a_coil_it_disarms_and_does_not_arm():
    lab = Lab().armed()
    lab.emulator.unplug_coil()
    assert not lab.status() & (ARMED | READY | COIL)
    assert lab.tell("EB")[1:2] == b"S"
    assert lab.last_refusal() is Refusal.COIL_ABSENT


def test_the_safety_switch_matters_unless_it_is_told_not_to():
    lab = Lab().armed()
    lab.emulator.release_switch()
    assert not lab.emulator.armed
    assert lab.tell("EB")[1:2] == b"S"
    assert lab.last_refusal() is Refusal.COIL_SWITCH
    lab.tell("b@")
    assert lab.tell("EB")[1:2] != b"S"
    lab.emulator.release_switch()
    assert lab.emulator.armed


def test_a_coil_above_40_degrees_disarms_and_can_not_be_armed_until_it_has_cooled():
    lab = Lab(ambient_C=39.5, cooling_s=1e4)
    for body in (lab.take_control, "@100", "[0010", "B0100", "D00040", "EB"):
        lab.tell(body)
    lab.hold(2.0)
    lab.tell("EH")
    lab.hold(4.0)
    assert not lab.emulator.armed
    assert lab.last_refusal() is Refusal.COIL_HOT
    assert len(lab.pulses) == 13  # at 0.04 K each
    assert 40.0 < lab.emulator.temperature_C < 40.1
    assert lab.status() & HOT
    assert int(lab.tell("F@")[2:5]) == round(10 * lab.emulator.temperature_C)
    assert lab.tell("EB")[1:2] == b"S"
    lab.emulator.advance(600)
    lab.tell(lab.take_control)
    assert lab.tell("EB")[1:2] != b"S"


def test_a_charge_delay_is_told_back_and_keeps_pulses_apart():
    lab = Lab()
    lab.tell(lab.take_control)
    lab.tell("n1500")
    assert lab.tell("o@")[2:-1] == b"1500"
    assert lab.tell("x@")[3] & 0x04
    lab.tell("EB")
    lab.hold(1.3)
    for _ in range(50):
        lab.tell("EH")
        lab.hold(0.1)
    gaps = [b - a for a, b in pairwise(lab.pulses)]
    assert min(gaps) >= 1.5
    assert max(gaps) < 1.7


@pytest.mark.parametrize(
    "spec",
    [
        {"model": "magpro-x100"},
        {"model": "rapid"},
        {"software": 3},
        {"unlock_code": ""},
        {"unlock_code": "@A"},
        {"unlock_code": "é"},
        {"ambient_C": 60.0},
        {"cooling_s": 0.0},
        {"cooling_s": float("nan")},
    ],
)
def test_a_device_that_can_not_be_is_refused(spec):
    with pytest.raises(InputError):
        Rapid2(**spec)
