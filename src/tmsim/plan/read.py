"""Plans in and out: TOML to a checked plan, and back with every default written out."""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import tomli_w
from pydantic import BaseModel, ValidationError

from tmsim.core import InputError
from tmsim.formats.files import read_bytes
from tmsim.plan.types import AtPose, AtPoseFile, AtTarget, NetworkPlan, Plan

Model = TypeVar("Model", bound=BaseModel)

_MAX_BYTES = 2**20
"""No plan is larger; a mesh given in its place is refused before it is read."""

_KINDS = {
    "string_type": "text in quotes",
    "model_type": "a table",
    "dict_type": "a table",
    "tuple_type": "a list",
}
"""pydantic's words for types, in those of TOML."""


def default() -> Plan:
    """The plan of a run that says nothing: the built-in head, a 70 mm figure-8 coil over F3."""
    return Plan()


def load(path: Path) -> Plan:
    """Read a plan from TOML, or the plan inside an ``outcome.json``; its paths are relative to the file.

    Raises
    ------
    InputError
        The file is missing or not text, the TOML is broken, or a key or value is not known.
    """
    from tmsim.plan.outcome import Outcome

    if path.suffix == ".json":
        return with_paths(Outcome.read(path).plan, lambda text: _absolute(text, path.parent))
    return with_paths(parse(read_text(path), name=path.name), lambda text: _absolute(text, path.parent))


def parse(text: str, *, name: str = "plan") -> Plan:
    """A plan from TOML text; ``name`` is what errors call it."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise InputError(
            name, f"not TOML, {_lower(str(fault))}", "key = value lines under [tables]"
        ) from None
    return from_table(table, name=name)


def from_table(table: Mapping[str, Any], *, name: str = "plan") -> Plan:
    """A plan from what TOML text means; what is left out takes its default."""
    # By way of JSON: a list is then a tuple, and yet no type is guessed.
    return checked(Plan, json.dumps(table, default=str), name=name)


def dump(plan: Plan) -> str:
    """The plan as TOML, with every default written out; ``parse(dump(plan)) == plan``."""
    return tomli_w.dumps(plan.model_dump(mode="json"))


def with_paths(plan: Plan, change: Callable[[str], str]) -> Plan:
    """The same plan with ``change`` applied to each path in it; built-in names are no paths."""
    head = plan.head.model_copy(update={"source": _if_path(plan.head.source, change)})
    coil = plan.coil.model_copy(update={"source": _if_path(plan.coil.source, change)})
    output = plan.output.model_copy(update={"t1": change(plan.output.t1) if plan.output.t1 else ""})
    pulse = plan.pulse.model_copy(update={"waveform": _if_path(plan.pulse.waveform, change)})
    session = plan.session
    if session.protocol.lower().endswith(".toml"):  # a sentence may have dots and strokes too
        session = session.model_copy(update={"protocol": change(session.protocol)})
    network = NetworkPlan(connectome=_if_path(plan.network.connectome, change))
    placement = plan.placement
    if isinstance(placement, AtPoseFile):
        placement = AtPoseFile(pose_file=change(placement.pose_file))
    return plan.model_copy(
        update={
            "head": head,
            "coil": coil,
            "pulse": pulse,
            "session": session,
            "network": network,
            "output": output,
            "placement": placement,
        }
    )


def relative_to(plan: Plan, folder: Path) -> Plan:
    """The same plan with its paths as seen from ``folder``, so that the two can move together."""

    def change(text: str) -> str:
        try:
            return Path(os.path.relpath(text, folder)).as_posix()
        except ValueError:  # another drive on Windows: no relative path exists
            return text

    return with_paths(plan, change)


def read_text(path: Path) -> str:
    """The text of a file, or a refusal that says why it can't be had."""
    try:
        return read_bytes(path, _MAX_BYTES).decode("utf-8")
    except UnicodeDecodeError as fault:
        raise InputError(path.name, f"byte {fault.start} is not UTF-8", "text in UTF-8") from None


def checked(model: type[Model], text: str, *, name: str) -> Model:
    """``model`` from JSON text; the first fault found becomes the one sentence of an InputError."""
    try:
        return model.model_validate_json(text)
    except ValidationError as faults:
        raise _sentence(model, faults, name) from None


def _sentence(model: type[BaseModel], faults: ValidationError, name: str) -> InputError:
    fault = faults.errors()[0]
    where, keys = _place(model, fault["loc"])
    value = repr(fault["input"])
    value = value if len(value) <= 60 else value[:57] + "..."
    more = f"{faults.error_count() - 1} more fault(s) follow." if faults.error_count() > 1 else ""
    if fault["type"] == "extra_forbidden":
        key = str(fault["loc"][-1])
        close = difflib.get_close_matches(key, keys, n=1)
        cure = f"Did you mean `{close[0]}`?" if close else more
        return InputError(f"{name}, {where}", "no such key", f"one of {', '.join(keys)}", cure)
    if fault["type"] == "missing":
        return InputError(f"{name}, {where}", "missing", "a value", more)
    cause = fault.get("ctx", {}).get("error")
    if isinstance(cause, InputError):
        expected = cause.expected
    else:
        expected = _KINDS.get(fault["type"]) or _lower(fault["msg"])
        for words in ("value error, ", "input should be ", "expected "):
            expected = expected.removeprefix(words)
    return InputError(f"{name}, {where}", value, expected, more)


def _place(model: type[BaseModel], loc: tuple[int | str, ...]) -> tuple[str, list[str]]:
    """``placement.gap`` from pydantic's location, and the keys known in its table."""
    tags = {"target": AtTarget, "pose_file": AtPoseFile, "pose": AtPose}
    where = ""
    for depth, step in enumerate(loc):
        # Below `placement` pydantic names the kind of placement, which is no key of the file.
        if depth and loc[depth - 1] == "placement" and step in tags:
            model = tags[str(step)]
            continue
        where += f"[{step}]" if isinstance(step, int) else f".{step}" if where else str(step)
        known = model.model_fields.get(str(step))
        inner = known.annotation if known else None
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            model = inner
    return where or "content", list(model.model_fields)


def _if_path(source: str, change: Callable[[str], str]) -> str:
    # Built-in names have neither suffix nor folder, files of heads and coils have at least one.
    return change(source) if Path(source).suffix or len(Path(source).parts) > 1 else source


def _absolute(text: str, folder: Path) -> str:
    return str((folder / Path(text).expanduser()).resolve())


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
