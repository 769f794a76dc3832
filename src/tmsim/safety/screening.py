"""The questionnaire before TMS. It ends with a physician, or without a clearance: it never clears anyone."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from tmsim.core import InputError
from tmsim.formats.files import read_bytes
from tmsim.safety.parameters import SCREENING
from tmsim.safety.types import Item, Screening

_MAX_BYTES = 2**16
_ANSWERS = ("yes", "no", "unknown")


def screen(answers: Mapping[str, str]) -> Screening:
    """Hold answers against the questionnaire; what isn't answered is unknown, and unknown counts as yes.

    Parameters
    ----------
    answers
        ``yes``, ``no`` or ``unknown`` by the id of the item, as :data:`SCREENING` has them.

    Raises
    ------
    InputError
        An item or an answer that isn't known.
    """
    ids = [item.id for item in SCREENING]
    for key, answer in answers.items():
        if key not in ids:
            raise InputError("screening", repr(key[:40]), f"items {', '.join(ids)}")
        if answer not in _ANSWERS:
            raise InputError(f"screening, {key}", repr(answer)[:60], "yes, no or unknown")
    raised: list[tuple[Item, Literal["yes", "unknown"]]] = []
    for item in SCREENING:
        answer = answers.get(item.id, "unknown")
        if answer != "no":
            raised.append((item, "yes" if answer == "yes" else "unknown"))
    if raised:
        ending = f"Refer to a physician: {len(raised)} of {len(ids)} items answered yes or unknown."
    else:
        ending = "No item answered yes. This is not a clearance: a physician decides."
    return Screening(raised=tuple(raised), ending=ending)


def read_answers(path: Path) -> dict[str, str]:
    """Answers from a TOML file of ``item = "yes"`` lines; :func:`screen` checks them.

    Raises
    ------
    InputError
        The file is missing, or not TOML of texts.
    """
    try:
        table = tomllib.loads(read_bytes(path, _MAX_BYTES).decode("utf-8"))
    except UnicodeDecodeError as fault:
        raise InputError(path.name, f"byte {fault.start} is not UTF-8", "text in UTF-8") from None
    except (ValueError, RecursionError) as fault:
        what = str(fault).splitlines()[0][:80]
        raise InputError(path.name, f"not TOML, {what}", 'lines such as epilepsy = "no"') from None
    for key, answer in table.items():
        if not isinstance(answer, str):
            raise InputError(f"{path.name}, {key[:40]}", "no text in quotes", '"yes", "no" or "unknown"')
    return table


def form() -> str:
    """The questionnaire as TOML, to be filled in."""
    lines = ['# Answer "yes", "no" or "unknown". Write no name or date of birth in this file.']
    for item in SCREENING:
        lines += ["", f"# {item.question}" + (f" {item.note}" if item.note else ""), f'{item.id} = "unknown"']
    return "\n".join(lines) + "\n"
