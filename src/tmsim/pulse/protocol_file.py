"""Protocol files: TOML to a checked :class:`Protocol`.

::

    label = "High-frequency left DLPFC"
    status = "draft"
    pulses = 3000  # checked against the blocks

    [[block]]
    site = "left DLPFC"
    target = "beam-f3"  # placement text
    intensity = "120 %RMT"
    train = [[40, "0.1 s"], [75, "30 s"]]  # [count, interval], inner to outer; or a sentence

    [course]
    days_per_week = 5
    sessions_total = 30

An interval runs from onset to onset and may be given as its rate, ``"18 Hz"``.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

from tmsim.core import InputError, to_si
from tmsim.core.citations import citations
from tmsim.formats.toml import read_toml
from tmsim.pulse.intensity import Intensity, parse_intensity
from tmsim.pulse.protocol import Badge, Block, Nerve, Protocol
from tmsim.pulse.sentence import parse_train
from tmsim.pulse.types import Layer, Train

T = TypeVar("T")
Reader = Callable[[str, Any], Any]

_MOST = 1_000_000  # no count of pulses or sessions is larger
_MARKS = (
    "train", "intensity", "target", "waveform", "nerve", "sessions_per_day", "between_sessions",
    "days_per_week", "sessions_total", "taper", "evidence_level", "regulatory", "label",
)  # fmt: skip
"""What ``unverified`` may name."""


def read_protocol(path: Path) -> Protocol:
    """Read a protocol from a TOML file; its name is that of the file.

    Raises
    ------
    InputError
        The file is missing or not TOML, a key is unknown or missing, a value is of the wrong kind, or the
        protocol contradicts itself.
    """
    table = read_toml(path)
    try:
        return _protocol(path.stem, table)
    except InputError as refused:
        raise InputError(
            f"{path.name}, {refused.name}", refused.value, refused.expected, refused.cure
        ) from None


def _protocol(name: str, table: Mapping[str, Any]) -> Protocol:
    top = _read("", table, _TOP, required=("label", "status", "block"))
    course = _read("course", top.pop("course", {}), _COURSE)
    blocks = tuple(_block(k, entry) for k, entry in enumerate(top.pop("block"), start=1))
    pulses = top.pop("pulses", None)
    if nerve := top.pop("nerve", None):
        keys = {"site": _text, "lead": _seconds, "intensity": _text}
        values = _read("nerve", nerve, keys, required=tuple(keys))
        nerve = Nerve(site=values["site"], lead_s=values["lead"], intensity=values["intensity"])
    if "between_sessions" in course:
        course["between_sessions_s"] = course.pop("between_sessions")
    sources = top.get("sources", ())
    if sources and not top.get("doi") and sources[0] in citations():
        top["doi"] = citations()[sources[0]].doi
    found = Protocol(id=name, blocks=blocks, nerve=nerve, **top, **course)
    if pulses is not None and pulses != found.n_pulses:
        raise InputError("pulses", str(pulses), f"the {found.n_pulses} that the blocks add up to")
    return found


def _block(number: int, entry: Any) -> Block:
    keys = {"site": _text, "target": _text, "intensity": _intensity, "train": _train}
    return Block(**_read(f"block {number}", entry, keys, required=("train",)))


def _read(
    place: str, table: Any, keys: Mapping[str, Reader], *, required: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The values of a table, each through the reader of its key; ``place`` is what errors call it."""
    if not isinstance(table, dict):
        raise InputError(place, _shown(table), "a table")
    for key in table:
        if key not in keys:
            close = difflib.get_close_matches(key, keys, n=1)
            raise InputError(
                _within(place, _shown(key)),
                "no such key",
                f"one of {', '.join(keys)}",
                f"Did you mean `{close[0]}`?" if close else "",
            )
    for key in required:
        if key not in table:
            raise InputError(_within(place, key), "missing", "a value")
    return {key: keys[key](_within(place, key), value) for key, value in table.items()}


def _within(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # an integer of more digits than Python prints
        return "a number beyond reason"
    return text if len(text) <= 60 else text[:57] + "..."


def _inside(name: str, value: Any, read: Callable[[], T]) -> T:
    """What ``read`` makes of a value; a refusal keeps its words and gets the place in the file."""
    try:
        return read()
    except InputError as refused:
        found = _shown(value) if len(refused.value) > 200 else refused.value
        raise InputError(name, found, refused.expected, refused.cure) from None


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InputError(name, _shown(value), "text in quotes")
    return " ".join(value.split())


def _whole(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST:
        raise InputError(name, _shown(value), f"a whole number, 0 to {_MOST}")
    return value


def _seconds(name: str, value: Any) -> float:
    text = _text(name, value)
    return _inside(name, value, lambda: to_si(text, "s"))


def _interval(name: str, value: Any) -> float:
    text = _text(name, value)
    if not text.lower().endswith("hz"):
        return _inside(name, value, lambda: to_si(text, "s"))
    rate_Hz = _inside(name, value, lambda: to_si(text, "Hz"))
    if not rate_Hz > 0:
        raise InputError(name, _shown(value), "a rate above 0")
    return 1 / rate_Hz


def _intensity(name: str, value: Any) -> Intensity:
    text = _text(name, value)
    return _inside(name, value, lambda: parse_intensity(text))


def _train(name: str, value: Any) -> Train:
    if isinstance(value, str):
        return _inside(name, value, lambda: parse_train(value))
    if not isinstance(value, list) or not all(isinstance(layer, list) and len(layer) == 2 for layer in value):
        raise InputError(name, _shown(value), "a sentence, or [count, interval] pairs from inner to outer")
    layers = [(_whole(name, count), _interval(name, interval)) for count, interval in value]
    return _inside(name, value, lambda: Train(layers=tuple(Layer(count=n, interval_s=s) for n, s in layers)))


def _one_of(*words: str) -> Reader:
    def read(name: str, value: Any) -> str:
        if value not in words:
            raise InputError(name, _shown(value), f"one of {', '.join(words)}")
        return value

    return read


def _list_of(read: Reader, length: int | None = None) -> Reader:
    def read_list(name: str, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or length not in (None, len(value)):
            raise InputError(name, _shown(value), "a list" if length is None else f"a list of {length}")
        return tuple(read(name, item) for item in value)

    return read_list


def _tables(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list) or not 1 <= len(value) <= 100:
        raise InputError(name, _shown(value), "1 to 100 [[block]] tables")
    return value


def _as_is(_name: str, value: Any) -> Any:
    return value


_TOP: dict[str, Reader] = {
    "label": _text,
    "indication": _text,
    "status": _one_of(*get_args(Badge)),
    "unverified": _list_of(_one_of(*_MARKS)),
    "pulses": _whole,
    "pulses_range": _list_of(_whole, 2),
    "intensity_range": _list_of(_intensity, 2),
    "intensity_note": _text,
    "muscle": _one_of("hand", "foot"),
    "waveform": _one_of("biphasic", "monophasic"),
    "coil": _text,
    "sources": _list_of(_text),
    "doi": _text,
    "verified_by": _text,
    "evidence_level": _text,
    "regulatory": _text,
    "notes": _text,
    "block": _tables,
    "course": _as_is,
    "nerve": _as_is,
}
_COURSE: dict[str, Reader] = {
    "sessions_per_day": _whole,
    "between_sessions": _seconds,
    "days_per_week": _whole,
    "sessions_total": _whole,
    "sessions_range": _list_of(_whole, 2),
    "taper_sessions": _whole,
    "taper": _text,
}
