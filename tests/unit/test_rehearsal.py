"""Sessions sent over a real pseudo-terminal: what is delivered, what is refused, and where each ends."""

from __future__ import annotations

import csv
import os
import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tmsim.core import InputError
from tmsim.pulse import PercentMSO, Train, parse_train, protocol
from tmsim.rehearsal import (
    DEVICES,
    ByteCorrupted,
    CablePulled,
    CoilSwitchReleased,
    CoilUnplugged,
    HostLine,
    HostStalled,
    LineLostError,
    MagProX100,
    PseudoTerminal,
    Rapid2,
    Rapid2Emulator,
    Refusal,
    find_device,
    rehearse,
    write_pulse_log,
)
from tmsim.rehearsal.frames import magstim_frame, magventure_frame
from tmsim.rehearsal.parameters import FULL_PULSE_HEATING

RAPID2, SUPER, MAGPRO = (DEVICES[name] for name in ("magstim-rapid2", "magstim-super-rapid2", "magpro-x100"))
FOUR_TRAINS = parse_train("10 Hz, 4 s on, 26 s off, for 160 pulses")
PROMPT_s = 0.06  # a host that sends a command at its time, over a slow line


def lateness_s(rehearsal) -> np.ndarray:
    return np.array([p.delivered_s - p.planned_s for p in rehearsal.pulses if p.delivered_s is not None])


def refused_between(rehearsal, first_s: float, last_s: float) -> set[Refusal | None]:
    return {pulse.refusal for pulse in rehearsal.pulses if first_s <= pulse.planned_s <= last_s}


@pytest.mark.parametrize("name", DEVICES)
def test_half_an_hour_of_10_hz_is_delivered_as_planned(name):
    train = protocol("hf10-standard").blocks[0].train
    rehearsal = rehearse(train, PercentMSO(60), find_device(name))
    assert rehearsal.complete
    assert len(rehearsal.delivered_s) == 3000
    assert set(rehearsal.delivered_mso) == {60.0}
    assert rehearsal.delivered_s[-1] > 2220
    late = lateness_s(rehearsal)
    assert late.min() > 0
    assert late.max() < PROMPT_s
    assert rehearsal.end_state in ("standby, no remote control", "disabled")


def test_a_rapid2_whose_cable_is_pulled_stops_within_half_a_second():
    rehearsal = rehearse(FOUR_TRAINS, PercentMSO(60), RAPID2, faults=[CablePulled(at_s=3.0)])
    last_s = rehearsal.delivered_s[-1]
    assert 3.0 < last_s < 3.5
    assert np.allclose(np.diff(rehearsal.delivered_s), 0.1)
    assert refused_between(rehearsal, last_s + 0.05, 3.95) == {Refusal.REMOTE_LOST}
    assert refused_between(rehearsal, 29, 1000) == {Refusal.CABLE_PULLED}
    assert rehearsal.end_state == "standby, no remote control"
    assert sum(rehearsal.refusals.values()) + len(rehearsal.delivered_s) == 160


def test_a_magpro_whose_cable_is_pulled_goes_on_to_the_end_with_nobody_to_stop_it():
    rehearsal = rehearse(FOUR_TRAINS, PercentMSO(60), MAGPRO, faults=[CablePulled(at_s=3.0)])
    assert rehearsal.complete
    assert rehearsal.end_state == "enabled"
    assert "cable pulled" in [event.what for event in rehearsal.events]


def test_a_late_command_makes_a_late_train_and_no_other():
    rehearsal = rehearse(FOUR_TRAINS, PercentMSO(60), RAPID2, faults=[HostStalled(at_s=29.95, for_s=0.3)])
    assert rehearsal.complete
    late = lateness_s(rehearsal).reshape(4, 40)
    assert late[[0, 2, 3]].max() < PROMPT_s
    assert late[1].min() > 0.15
    assert np.ptp(late[1]) < 1e-6  # the train itself keeps its time


def test_a_host_that_stalls_for_longer_than_half_a_second_loses_the_armed_device():
    rehearsal = rehearse(FOUR_TRAINS, PercentMSO(60), RAPID2, faults=[HostStalled(at_s=29.95, for_s=0.8)])
    assert len(rehearsal.delivered_s) == 40
    assert rehearsal.refusals == {Refusal.REMOTE_LOST: 120}
    assert rehearsal.end_state == "standby, no remote control"


def test_a_rate_beyond_the_device_ends_in_standby_with_nothing_delivered():
    train = parse_train("20 Hz, 2 s on, 28 s off, for 160 pulses")
    rehearsal = rehearse(train, PercentMSO(100), RAPID2)
    assert rehearsal.refusals == {Refusal.TOO_FAST: 160}
    assert rehearsal.end_state == "standby, no remote control"
    assert rehearsal.delivered_s.shape == rehearsal.delivered_mso.shape == (0,)
    assert rehearse(train, PercentMSO(70), RAPID2).complete


def test_trains_too_close_for_their_energy_are_skipped_and_the_next_is_taken():
    train = parse_train("10 Hz, 4 s on, 4 s off, for 160 pulses")  # 5.6 s are needed
    rehearsal = rehearse(train, PercentMSO(100), SUPER)
    assert rehearsal.refusals == {Refusal.WAITING: 80}
    assert refused_between(rehearsal, 8, 12) == refused_between(rehearsal, 24, 28) == {Refusal.WAITING}
    assert refused_between(rehearsal, 0, 4) == refused_between(rehearsal, 16, 20) == {None}
    assert rehearse(parse_train("10 Hz, 4 s on, 5.7 s off, for 160 pulses"), PercentMSO(100), SUPER).complete


def test_a_train_longer_than_its_energy_is_refused_whole():
    rehearsal = rehearse(parse_train("10 Hz, 26 s on, 30 s off, for 520 pulses"), PercentMSO(100), SUPER)
    assert rehearsal.refusals == {Refusal.TOO_LONG: 520}


@pytest.mark.parametrize("name", ["itbs600", "ctbs600", "qps5", "itms"])
def test_a_rapid2_takes_no_bursts_over_its_line_and_says_so(name):
    train = protocol(name).blocks[0].train
    rehearsal = rehearse(train, PercentMSO(25), DEVICES["magstim-super-rapid2-plus"])
    assert rehearsal.refusals in (
        {Refusal.NO_BURSTS: train.n_pulses},
        {Refusal.NOT_EXPRESSIBLE: train.n_pulses},
    )
    if name != "itms":
        assert "no bursts" in next(iter(rehearsal.refusals))


@pytest.mark.parametrize("name", ["itbs600", "ctbs600"])
def test_a_magpro_takes_theta_bursts(name):
    train = protocol(name).blocks[0].train
    rehearsal = rehearse(train, PercentMSO(40), MAGPRO)
    assert rehearsal.complete
    np.testing.assert_allclose(np.diff(rehearsal.delivered_s), np.diff(train.onsets_s()), atol=1e-9)


@pytest.mark.parametrize("name", ["qps5", "itms"])
def test_closer_bursts_than_a_magpro_makes_are_refused(name):
    rehearsal = rehearse(protocol(name).blocks[0].train, PercentMSO(40), MAGPRO)
    assert set(rehearsal.refusals) == {Refusal.NOT_EXPRESSIBLE}


def test_a_pause_between_two_tenths_of_a_second_is_rounded_and_noted_and_the_drift_logged():
    train = protocol("dtms-h1-mdd").blocks[0].train  # 18 Hz: pauses of 20.0556 s
    rehearsal = rehearse(train, PercentMSO(60), MAGPRO)
    assert rehearsal.complete
    assert "20.1 s" in rehearsal.notes[0]
    assert rehearsal.latest_s == pytest.approx(54 * (20.1 + 35 / 18 - 22), abs=0.02)


def test_a_train_longer_than_the_wire_tells_is_cut_in_equal_parts_with_the_device_s_pause_between():
    rehearsal = rehearse(parse_train("1 Hz for 1800 pulses"), PercentMSO(60), RAPID2)
    assert rehearsal.complete
    assert rehearsal.notes
    late = lateness_s(rehearsal)
    assert late[:900].max() < PROMPT_s
    assert late[900:] == pytest.approx(0.5, abs=PROMPT_s)


@pytest.mark.parametrize(("interval", "software"), [("4 s", 9), ("4 s", 6), ("70 s", 9), ("70 s", 6)])
def test_slow_pulses_are_fired_one_by_one_and_the_device_is_disarmed_over_long_pauses(interval, software):
    train = parse_train(f"4 pulses every {interval}")
    rehearsal = rehearse(train, PercentMSO(80), Rapid2(software=software))
    assert rehearsal.complete
    assert lateness_s(rehearsal).max() < PROMPT_s
    armed = [event.what for event in rehearsal.events].count("armed")
    assert armed == (1 if interval == "4 s" else 4)


@pytest.mark.parametrize("device", [RAPID2, MAGPRO])
def test_a_single_pulse_is_a_session_too(device):
    rehearsal = rehearse(Train(layers=()), PercentMSO(50), device)
    assert rehearsal.complete
    assert rehearsal.delivered_mso.tolist() == [50.0]


@pytest.mark.parametrize(
    ("fault", "device", "why", "delivered"),
    [
        (CoilUnplugged, RAPID2, Refusal.COIL_ABSENT, 50),
        (CoilSwitchReleased, RAPID2, Refusal.COIL_SWITCH, 50),
        (CoilUnplugged, MAGPRO, Refusal.COIL_ABSENT, 50),
        (CoilSwitchReleased, MAGPRO, None, 160),
    ],
)
def test_an_accident_to_the_coil_ends_the_session_where_the_device_knows_of_it(fault, device, why, delivered):
    rehearsal = rehearse(FOUR_TRAINS, PercentMSO(60), device, faults=[fault(at_s=31.0)])
    assert len(rehearsal.delivered_s) == pytest.approx(delivered, abs=1)
    assert set(rehearsal.refusals) == ({why} if why else set())


@pytest.mark.parametrize("at_s", [3.0, 15.0, 29.99])
def test_one_bit_wrong_on_the_line_costs_one_train_at_most(at_s):
    rehearsal = rehearse(FOUR_TRAINS, PercentMSO(60), RAPID2, faults=[ByteCorrupted(at_s=at_s)])
    assert Refusal.BAD_CHECKSUM in [event.refusal for event in rehearsal.events]
    assert len(rehearsal.delivered_s) >= 120
    assert set(rehearsal.refusals) <= {Refusal.BAD_CHECKSUM}


def test_an_uncooled_coil_disarms_when_it_is_hot_and_not_before():
    train = parse_train("10 Hz, 4 s on, 6 s off, for 1000 pulses")
    rehearsal = rehearse(train, PercentMSO(100), Rapid2(model="magstim-super-rapid2", cooling_s=3600))
    assert set(rehearsal.refusals) == {Refusal.COIL_HOT}
    last_s = rehearsal.delivered_s[-1]
    left = np.exp(-(last_s - rehearsal.delivered_s) / 3600)
    assert FULL_PULSE_HEATING.value * left.sum() > 18 > FULL_PULSE_HEATING.value * left[:-1].sum()


def test_the_same_seed_gives_the_same_log_and_another_seed_other_latencies():
    first, again, other = (rehearse(FOUR_TRAINS, PercentMSO(60), RAPID2, seed=seed) for seed in (3, 3, 4))
    assert first.pulses == again.pulses
    assert first.events == again.events
    assert first.pulses != other.pulses
    assert len(first.delivered_s) == len(other.delivered_s)


def test_several_faults_come_in_their_order():
    faults = [CablePulled(at_s=61.0), HostStalled(at_s=29.95, for_s=0.3)]
    rehearsal = rehearse(FOUR_TRAINS, PercentMSO(60), RAPID2, faults=faults)
    assert 90 <= len(rehearsal.delivered_s) <= 96
    assert lateness_s(rehearsal).reshape(-1)[40] > 0.15


@pytest.mark.parametrize("make", [lambda: CablePulled(at_s=-1.0), lambda: CablePulled(at_s=float("nan"))])
def test_a_fault_before_the_session_is_refused(make):
    with pytest.raises(InputError, match="time of a fault"):
        make()


def test_a_stall_has_to_last():
    with pytest.raises(InputError, match="stall"):
        HostStalled(at_s=1.0, for_s=0.0)


def test_half_a_percent_and_an_unknown_device_are_refused():
    with pytest.raises(InputError, match=r"62\.5 %MSO"):
        rehearse(FOUR_TRAINS, PercentMSO(62.5), RAPID2)
    with pytest.raises(InputError, match="magstim-rapid2"):
        find_device("rapid")


def test_any_program_can_open_the_line_and_talk():
    emulator = Rapid2(software=6).emulate()
    with PseudoTerminal(emulator) as terminal:
        end = os.open(terminal.path, os.O_RDWR | os.O_NOCTTY)
        try:
            os.write(end, magstim_frame(b"Q@"))
            reply = os.read(end, 3)
        finally:
            os.close(end)
    assert reply[0:1] == b"Q"
    assert reply[1] & 0x80
    assert magstim_frame(reply[:2]) == reply


def test_bytes_pass_the_line_as_they_are():
    """No echo, no line ends, no flow control: each is a byte of data in one of the protocols."""
    with PseudoTerminal(MagProX100(serial_number=0x0D0A11, coil_code=0x13).emulate()) as terminal:
        line = HostLine(terminal.path, terminal)
        line.write(magventure_frame(b"\x01\x0d"))
        assert line.read(8)[2:5] == b"\x01\x0d\x00"
        line.write(magventure_frame(b"\x00"))
        assert line.read(13)[4:9] == bytes([0x0D, 0x0A, 0x11, 22, 0x13])
        line.close()


@pytest.mark.parametrize("path", ["/dev/null", "/dev/ttyS0", "/dev/ttyUSB0", "COM1", ""])
def test_the_client_opens_nothing_but_its_emulator(path):
    with PseudoTerminal(RAPID2.emulate()) as terminal, pytest.raises(InputError, match="never to a device"):
        HostLine(path, terminal)


def test_the_client_does_not_open_the_pseudo_terminal_of_another():
    with PseudoTerminal(RAPID2.emulate()) as mine, PseudoTerminal(MAGPRO.emulate()) as other:
        with pytest.raises(InputError, match="own pseudo-terminal"):
            HostLine(other.path, mine)
        HostLine(mine.path, mine).close()


def test_a_pulled_cable_hangs_up_on_the_host():
    with PseudoTerminal(RAPID2.emulate()) as terminal:
        line = HostLine(terminal.path, terminal)
        terminal.pull()
        with pytest.raises(LineLostError, match="cable"):
            line.write(magstim_frame(b"F@"))
        with pytest.raises(LineLostError, match="cable"):
            line.read(9)
        line.close()


def test_a_fault_of_the_emulator_itself_is_not_taken_for_a_pulled_cable(monkeypatch):
    def broken(_self, _data):
        raise ZeroDivisionError

    monkeypatch.setattr(Rapid2Emulator, "receive", broken)
    with pytest.raises(ZeroDivisionError):
        rehearse(FOUR_TRAINS, PercentMSO(60), RAPID2)


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_a_rehearsal_leaves_neither_open_files_nor_threads():
    rehearse(FOUR_TRAINS, PercentMSO(60), MAGPRO)
    before = open_files(), threading.active_count()
    rehearse(FOUR_TRAINS, PercentMSO(60), RAPID2, faults=[CablePulled(at_s=3.0)])
    rehearse(FOUR_TRAINS, PercentMSO(60), MAGPRO)
    assert (open_files(), threading.active_count()) == before


def test_the_log_has_a_line_for_every_planned_pulse(tmp_path):
    rehearsal = rehearse(FOUR_TRAINS, PercentMSO(60), RAPID2, faults=[CablePulled(at_s=3.0)])
    write_pulse_log([rehearsal, rehearsal], tmp_path / "log.csv")
    with (tmp_path / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["block"] for row in rows] == ["1"] * 160 + ["2"] * 160
    delivered = [float(row["delivered_s"]) for row in rows[:160] if row["delivered_s"]]
    np.testing.assert_allclose(delivered, rehearsal.delivered_s, atol=1e-6)
    assert all(a <= b for a, b in pairwise(float(row["planned_s"]) for row in rows[:160]))
    assert rows[159]["refused"] == "cable pulled"
    assert {row["output_mso"] for row in rows} == {"60", ""}
    assert all(bool(row["delivered_s"]) != bool(row["refused"]) for row in rows)
