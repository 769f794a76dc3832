"""Write the table of the protocol library into docs/protocols.md, between its two marks."""

from __future__ import annotations

from pathlib import Path

from tmsim.pulse import Block, Protocol, list_protocols, protocol

PAGE = Path(__file__).parents[1] / "docs" / "protocols.md"
START, END = "<!-- table: scripts/protocols_page.py -->", "<!-- end of table -->"
_HEAD = "| protocol | badge | where and how strong | pulses | session | course | evidence | source |"


def table() -> str:
    """The library as a Markdown table; what was recalled and not read is starred."""
    rows = [_row(protocol(name)) for name in list_protocols()]
    return "\n".join([_HEAD, "| --- " * _HEAD.count(" | ") + "| --- |", *rows])


def _row(found: Protocol) -> str:
    cells = [
        f"`{found.id}` {found.label}",
        f"**{found.status}**",
        "; ".join(_place(found, block) for block in found.blocks),
        "; ".join(str(block.train) for block in found.blocks) + _star(found, "train"),
        f"{found.n_pulses} in {_duration(found.duration_s)}",
        _course(found),
        found.evidence_level,
        ", ".join(found.sources),
    ]
    return "| " + " | ".join(cells) + " |"


def _duration(duration_s: float) -> str:
    return f"{duration_s:g} s" if duration_s < 60 else f"{duration_s / 60:.3g} min"


def _star(found: Protocol, *fields: str) -> str:
    return "\\*" if set(fields) & set(found.unverified) else ""


def _place(found: Protocol, block: Block) -> str:
    intensity = [str(block.intensity) if block.intensity else "", found.intensity_note]
    if found.muscle == "foot":
        intensity.insert(1, "of the foot")
    said = ", ".join(word for word in intensity if word) + _star(found, "intensity")
    return f"{block.site}: {said}"


def _course(found: Protocol) -> str:
    if found.sessions_total is None and found.sessions_per_day == 1:
        return "–"
    words = [f"{found.sessions_per_day} a day, {found.days_per_week} days a week"]
    if found.between_sessions_s is not None:
        words.append(f"{found.between_sessions_s / 60:g} min between")
    if found.sessions_total is not None:
        words.append(f"{found.sessions_total} sessions")
    recalled = _star(found, "sessions_total", "days_per_week")
    taper = found.taper + _star(found, "taper") if found.taper else ""
    return "; ".join([", ".join(words) + recalled, *filter(None, [taper])])


def written(page: str) -> str:
    """The page with the table of today in it."""
    before, after = page.split(START)[0], page.split(END)[1]
    return f"{before}{START}\n\n{table()}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
