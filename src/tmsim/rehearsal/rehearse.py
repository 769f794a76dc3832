"""Carry out a session on an emulated stimulator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tmsim.core import InputError
from tmsim.pulse import PercentMSO, Train
from tmsim.rehearsal.hosts import Bench, SessionEndedError, host_for
from tmsim.rehearsal.machine import Delivered
from tmsim.rehearsal.magpro import MagProX100
from tmsim.rehearsal.rapid2 import Rapid2
from tmsim.rehearsal.terminal import LineLostError, PseudoTerminal
from tmsim.rehearsal.types import EmulatedDevice, Event, Fault, PlannedPulse, Refusal, Rehearsal

DEVICES: dict[str, EmulatedDevice] = {
    "magstim-rapid2": Rapid2(),
    "magstim-super-rapid2": Rapid2(model="magstim-super-rapid2"),
    "magstim-super-rapid2-plus": Rapid2(model="magstim-super-rapid2-plus"),
    "magpro-x100": MagProX100(),
}
"""Stimulators by name."""

_STOPS = ("disarmed", "disabled")
_AFTERMATH_s = 6.0  # longer than a Rapid2 stays under the control of a silent host


def find_device(name: str) -> EmulatedDevice:
    """A stimulator by its name in ``DEVICES``."""
    if name not in DEVICES:
        raise InputError("device", repr(name), f"one of {', '.join(DEVICES)}")
    return DEVICES[name]


def rehearse(
    train: Train,
    intensity: PercentMSO,
    device: EmulatedDevice,
    *,
    faults: Sequence[Fault] = (),
    seed: int = 0,
) -> Rehearsal:
    """Send a train to an emulated stimulator over a pseudo-terminal, and log what becomes of each pulse.

    The clock is the emulator's own: a session of half an hour takes a second or two. No device is spoken to.

    Parameters
    ----------
    intensity
        Of all pulses, in whole percent.
    faults
        What goes wrong, and when.
    seed
        Of the latencies; the same seed gives the same log.

    Raises
    ------
    InputError
        The intensity is no whole percent.
    """
    if intensity.value != int(intensity.value):
        raise InputError("intensity", str(intensity), "whole percent of output, as both devices take it")
    machine = device.emulate(seed)
    n_pulses, notes = train.n_pulses, ()
    ending: Refusal | None = None
    with PseudoTerminal(machine) as terminal:
        bench = Bench(machine, terminal, faults)
        try:
            host = host_for(device, train)
            n_pulses, notes = host.n_pulses, host.notes
            host.run(bench, intensity)
        except SessionEndedError as ended:
            stops = [event for event in machine.events if event.what in _STOPS]
            ending = ended.refusal or _first_refusal(reversed(stops or machine.events))
        except LineLostError:
            ending = Refusal.CABLE_PULLED
        finally:
            bench.line.close()
        left_s = 0.0 if bench.start_s is None else bench.start_s + train.last_pulse_s - machine.now_s
        terminal.advance(_AFTERMATH_s + max(left_s, 0.0))
    start_s = machine.now_s if bench.start_s is None else bench.start_s
    return Rehearsal(
        device=device,
        train=train,
        intensity=intensity,
        pulses=_accounted(train, n_pulses, bench, ending, start_s),
        events=tuple(replace(event, time_s=event.time_s - start_s) for event in machine.events),
        end_state=machine.state,
        notes=notes,
        seed=seed,
    )


def _accounted(
    train: Train, n_pulses: int, bench: Bench, ending: Refusal | None, start_s: float
) -> tuple[PlannedPulse, ...]:
    """Every planned pulse with what became of it: commands ask for ``n_pulses`` each, in the plan's order."""
    delivered, events = bench.machine.delivered, bench.machine.events
    marks = [*bench.commands, (len(delivered), len(events))]
    got: list[Delivered | Refusal | None] = []
    for (first, seen), (last, seen_next) in zip(bench.commands, marks[1:], strict=True):
        got += delivered[first:last]
        # A train that has begun was cut by what disarmed the device, not by a command refused meanwhile.
        reasons = [event for event in events[seen:seen_next] if last == first or event.what in _STOPS]
        why = _first_refusal(reasons) or ending
        got += [why] * (n_pulses - (last - first))
    got += [ending] * (train.n_pulses - len(got))
    return tuple(
        PlannedPulse(planned_s=planned_s, delivered_s=pulse.time_s - start_s, output_mso=pulse.output_mso)
        if isinstance(pulse, Delivered)
        else PlannedPulse(planned_s=planned_s, refusal=pulse)
        for planned_s, pulse in zip(train.onsets_s().tolist(), got, strict=True)
    )


def _first_refusal(events: Iterable[Event]) -> Refusal | None:
    return next((event.refusal for event in events if event.refusal), None)
