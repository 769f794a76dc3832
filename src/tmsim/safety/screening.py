"""The questionnaire before TMS. It ends with a physician, or without a clearance: it never clears anyone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from tmsim.core import InputError
from tmsim.formats.toml import read_toml
from tmsim.safety.parameters import SCREENING
from tmsim.safety.types import Item, Screening

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
    table = read_toml(path)
    for key, answer in table.items():
        if not isinstance(answer, str):
            raise InputError(f"{path.name}, {key[:40]!r}", "no text in quotes", '"yes", "no" or "unknown"')
    return table


def form() -> str:
    """The questionnaire as TOML, to be filled in."""
    lines = ['# Answer "yes", "no" or "unknown". Write no name or date of birth in this file.']
    for item in SCREENING:
        lines += ["", f"# {item.question}" + (f" {item.note}" if item.note else ""), f'{item.id} = "unknown"']
    return "\n".join(lines) + "\n"
