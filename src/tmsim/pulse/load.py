"""A waveform by name or from a file."""

from __future__ import annotations

import re
from pathlib import Path

from tmsim.coil import Coil
from tmsim.core import InputError
from tmsim.pulse.generate import generate
from tmsim.pulse.parameters import STIMULATORS
from tmsim.pulse.record import read_waveform, recorded
from tmsim.pulse.rectangular import ctms, switched_off
from tmsim.pulse.types import Waveform

_CTMS = re.compile(r"ctms-(\d+(?:\.\d+)?)us-(\d+(?:\.\d+)?)")
_FILES = (".csv", ".tsv", ".txt", ".dat")


def list_waveforms() -> tuple[str, ...]:
    """Names of the built-in waveforms. Besides, ``ctms-60us-5`` is any width and ratio of :func:`ctms`."""
    return tuple(STIMULATORS)


def waveform(source: str | Path) -> Waveform:
    """A built-in waveform by name (:func:`list_waveforms`), ``ctms-60us-5``, or a recorded one from a file.

    ``ctms-60us-5`` is a rectangular pulse of 60 us with an amplitude ratio of 5. A ``.tcd`` coil file
    gives the record that it carries; other files are read by :func:`read_waveform`. What comes from a
    circuit is a :class:`GeneratedWaveform`.

    Raises
    ------
    InputError
        Unknown name, or a file that can't be read as a pulse.
    """
    name = str(source)
    if name in STIMULATORS:
        entry = STIMULATORS[name]
        if entry.kind == "rectangular":
            return switched_off(entry.circuit, entry.width_s, name=name)
        return generate(entry.circuit, entry.kind, name=name)
    if match := _CTMS.fullmatch(name):
        return ctms(width_s=float(match[1]) * 1e-6, ratio=float(match[2]), name=name)
    path = Path(source)
    if path.suffix.lower() == ".tcd":
        record = Coil.load(path).waveform
        if record is None:
            raise InputError(path.name, "no recorded waveform", "a coil file that carries one")
        return recorded(record)
    if path.suffix.lower() in _FILES or path.is_file():
        return read_waveform(path)
    raise InputError(
        "waveform", repr(name), f"one of {', '.join(STIMULATORS)}, or ctms-60us-5 for 60 us and a ratio of 5",
        "Or the path of a recorded one.",
    )  # fmt: skip
