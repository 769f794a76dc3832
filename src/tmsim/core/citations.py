"""The works that tmsim rests on, by BibTeX key, from CITATIONS.bib beside this file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from tmsim.core.errors import InputError

_FILE = Path(__file__).with_name("CITATIONS.bib")
# Our own file only: one field a line, no braces inside values, entries closed by a brace at the margin.
_ENTRY = re.compile(r"^@\w+\{([^,\s]+),\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^\s*(\w+) = \{([^{}]*)\},?$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Citation:
    """One work. As text it is a reference in one line; ``note`` says what of it was not re-read."""

    key: str
    authors: tuple[str, ...]  # "Deng ZD"; a last "others" stands for those left out
    year: int
    title: str
    venue: str  # journal or proceedings, with volume and pages where known
    doi: str = ""
    note: str = ""

    def __str__(self) -> str:
        first, *others = self.authors
        names = f"{first} et al." if len(others) > 5 or "others" in others else ", ".join(self.authors)
        end = "" if self.title.endswith("?") else "."
        reference = f"{names} ({self.year}). {self.title}{end} {self.venue}."
        return f"{reference} doi:{self.doi}" if self.doi else reference


def citation(key: str) -> Citation:
    """The work under a BibTeX key, such as ``"Deng2013"``.

    Raises
    ------
    InputError
        There is none under this key.
    """
    works = citations()
    if key not in works:
        raise InputError("citation", repr(key), "a key of CITATIONS.bib")
    return works[key]


@cache
def citations() -> Mapping[str, Citation]:
    """All works by key."""
    entries = _ENTRY.findall(_FILE.read_text(encoding="utf-8"))
    return MappingProxyType({key: _citation(key, dict(_FIELD.findall(body))) for key, body in entries})


def _citation(key: str, fields: Mapping[str, str]) -> Citation:
    venue = fields.get("journal") or fields["booktitle"]
    if "volume" in fields:
        venue += f" {fields['volume']}"
    if "number" in fields:
        venue += f"({fields['number']})"
    if "pages" in fields:
        venue += (":" if "volume" in fields else ", ") + fields["pages"].replace("--", "–")
    return Citation(
        key=key,
        authors=tuple(fields["author"].split(" and ")),
        year=int(fields["year"]),
        title=fields["title"],
        venue=venue,
        doi=fields.get("doi", ""),
        note=fields.get("note", ""),
    )
