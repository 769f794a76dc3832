"""Emulators under any bytes at any time: they never crash, and never fire unless armed."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from tmsim.rehearsal import MagProX100, Rapid2, Rapid2Emulator
from tmsim.rehearsal.frames import magstim_frame, magventure_frame, take_magventure_frame

NOISE = st.binary(max_size=24)
WAITS = st.floats(0.0, 3.0)
ACCIDENTS = st.sampled_from(["coil", "switch"])

_SIZES = {"@": 4, "[": 5, "B": 5, "D": 6, "n": 5, "o": 2, "E": 2}
_SET = st.builds(
    lambda letter, number: f"{letter}{number:05d}"[: _SIZES[letter]],
    st.sampled_from(sorted(_SIZES)),
    st.integers(0, 99999),
)
_SAID = ["QREHEARSAL", "Q@", "R@", "EA", "EB", "EH", "x@", "F@", "I@", "ND", "\\@", "b@", "^@", "_@", "@110"]
MAGSTIM = st.one_of(st.sampled_from(_SAID), _SET).map(lambda text: magstim_frame(text.encode()))
FIRING = [
    "EH",
    "EH",
    "x@",
    "x@",
    "QREHEARSAL",
    "EB",
    "@032",
    "EA",
    "[0010",
    "[0000",
    "B0200",
    "D00020",
    "^@",
    "@110",
]
MAGSTIM_FIRING = st.sampled_from(FIRING).map(lambda text: magstim_frame(text.encode()))
SHORT_WAITS = st.floats(0.0, 0.45)  # a Rapid2 keeps its host over these

MAGVENTURE = st.builds(
    lambda letter, data: magventure_frame(bytes([letter]) + data), st.integers(0, 12), st.binary(max_size=10)
)
_FIRING = ["01 3C", "02 01", "02 01", "03", "04", "05", "06 00 64 00 05 00 02 00 0A"]
_FIRING += ["09 01 01 00 00 03 02 00 C8 00 64"]
MAGVENTURE_FIRING = st.sampled_from(_FIRING).map(lambda text: magventure_frame(bytes.fromhex(text)))


def play(emulator, actions) -> None:
    """Each action in turn, none of which may raise; time and the number of pulses never run back."""
    for action in actions:
        before = emulator.now_s, len(emulator.delivered), emulator.armed
        if isinstance(action, float):
            emulator.advance(action)
        elif isinstance(action, bytes):
            emulator.receive(action)
        elif action == "coil":
            emulator.unplug_coil()
        else:
            emulator.release_switch()
        assert emulator.now_s >= before[0]
        assert len(emulator.delivered) >= before[1]
        assert isinstance(emulator.state, str)


def fired_only_while(emulator, on: str, off: str) -> None:
    """Every pulse lies between an event ``on`` and the next event ``off``."""
    spans, start_s = [], None
    for event in emulator.events:
        if event.what == on and start_s is None:
            start_s = event.time_s
        elif event.what == off:
            assert start_s is not None
            spans.append((start_s, event.time_s))
            start_s = None
    spans.append((emulator.now_s if start_s is None else start_s, emulator.now_s))
    for pulse in emulator.delivered:
        assert any(first <= pulse.time_s <= last for first, last in spans), pulse


def ready_rapid2() -> Rapid2Emulator:
    """Armed and ready, in the mode for trains or that for single pulses."""
    emulator = Rapid2().emulate()
    for body in (b"QREHEARSAL", b"[0010", b"B0100", b"EB", b"x@", b"x@", b"x@", b"x@"):
        emulator.receive(magstim_frame(body))
        emulator.advance(0.3)
    assert emulator.state == "ready, remote control"
    return emulator


@given(st.lists(st.one_of(NOISE, WAITS), max_size=30))
def test_noise_makes_no_stimulator_fire(stream):
    for emulator in (Rapid2().emulate(), Rapid2(software=6).emulate(), MagProX100().emulate()):
        play(emulator, stream)
        assert not emulator.armed
        assert emulator.delivered == []


@given(st.lists(st.one_of(MAGSTIM, MAGSTIM, WAITS, NOISE), max_size=40))
def test_a_rapid2_without_its_code_never_arms(stream):
    emulator = Rapid2(unlock_code="ANOTHER").emulate()
    play(emulator, stream)
    assert not emulator.armed
    assert emulator.delivered == []


@given(
    st.lists(st.one_of(MAGSTIM_FIRING, MAGSTIM_FIRING, MAGSTIM, SHORT_WAITS, SHORT_WAITS, NOISE), max_size=40)
)
def test_a_rapid2_fires_only_while_armed_and_no_faster_than_it_may(stream):
    emulator = ready_rapid2()
    play(emulator, stream)
    fired_only_while(emulator, "armed", "disarmed")
    times = [pulse.time_s for pulse in emulator.delivered]
    assert all(later - earlier > 1 / 51 for earlier, later in pairwise(times))


@given(st.lists(st.one_of(MAGSTIM_FIRING, MAGSTIM_FIRING, SHORT_WAITS, NOISE, ACCIDENTS), max_size=40))
def test_no_pulse_comes_after_the_coil_is_off(stream):
    emulator = ready_rapid2()
    play(emulator, stream)
    fired_only_while(emulator, "armed", "disarmed")
    off_s = [event.time_s for event in emulator.events if event.what == "coil unplugged"]
    assert all(pulse.time_s <= off_s[0] for pulse in emulator.delivered if off_s)


@given(st.lists(st.one_of(MAGVENTURE_FIRING, MAGVENTURE_FIRING, MAGVENTURE, WAITS, NOISE), max_size=40))
def test_a_magpro_fires_only_while_enabled(stream):
    emulator = MagProX100().emulate()
    play(emulator, stream)
    fired_only_while(emulator, "enabled", "disabled")


@pytest.mark.parametrize("pulses", [1, 10])
def test_streams_like_these_do_fire(pulses):
    """So that the tests above are about something."""

    def fires(stream: list[object]) -> bool:
        emulator = ready_rapid2()
        play(emulator, stream)
        return len(emulator.delivered) >= pulses

    streams = st.lists(st.one_of(MAGSTIM_FIRING, SHORT_WAITS), min_size=20, max_size=80)
    assert find(streams, fires, settings=settings(max_examples=5000, deadline=None))


@given(NOISE, st.binary(min_size=1, max_size=20), NOISE)
def test_a_sound_frame_is_found_after_noise_that_is_none(before, payload, after):
    noise = bytes(byte for byte in before if byte != 0xFE)
    assert take_magventure_frame(noise + magventure_frame(payload) + after) == (payload, after)


@given(st.lists(MAGSTIM, max_size=20), st.integers(1, 5))
def test_how_bytes_are_cut_on_the_line_changes_nothing(commands, size):
    bodies = b"".join(commands)
    whole, cut = Rapid2().emulate(), Rapid2().emulate()
    replies = whole.receive(bodies)
    parts = b"".join(cut.receive(bodies[k : k + size]) for k in range(0, len(bodies), size))
    assert parts == replies
    assert cut.now_s == whole.now_s
    assert cut.events == whole.events
