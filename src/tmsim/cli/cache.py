"""``tmsim cache``: what was computed once and is kept."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from tmsim.cli.show import Json
from tmsim.core import InputError

if TYPE_CHECKING:
    from tmsim.core.cache import Entry

app = typer.Typer(help="What was computed once and is kept: list it, bound it, clear it.")

_STAGES = {
    "basis": "field basis",
    "cortex": "mid-cortical surface of a head",
    "field": "field of one placement",
    "draw": "field of one draw of what is uncertain",
}
_SIZE = re.compile(r"\s*([0-9]*\.?[0-9]+)\s*([kMGT]?)B?\s*", re.IGNORECASE)
_FACTOR = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


@app.command("list")
def cache_list(as_json: Json = False) -> None:
    """List what is kept, the least recently used first: that goes first when the limit is reached."""
    from tmsim.core.cache import Cache

    cache = Cache()
    entries = cache.entries()
    total = sum(entry.size_bytes for entry in entries)
    if as_json:
        rows = [
            {
                "key": entry.key,
                "what": _what(entry),
                "size_bytes": entry.size_bytes,
                "used": _used(entry).isoformat(timespec="seconds"),
                "finished": entry.finished,
            }
            for entry in entries
        ]
        facts = {
            "folder": str(cache.folder),
            "limit_bytes": cache.limit,
            "size_bytes": total,
            "entries": rows,
        }
        print(json.dumps(facts, indent=2))
        return
    for entry in entries:
        unfinished = "" if entry.finished else "  (unfinished: goes on when it is asked for again)"
        print(f"{_size(entry.size_bytes):>8}  {_used(entry):%Y-%m-%d %H:%M}  {_what(entry)}{unfinished}")
    print(f"{_size(total):>8}  of {_size(cache.limit)} in {cache.folder}")


@app.command("limit")
def cache_limit(
    size: Annotated[str, typer.Argument(help="What may be kept from now on: '500 MB', '10GB', '0'.")],
    as_json: Json = False,
) -> None:
    """Set how much may be kept; what was not used for longest goes at once."""
    from tmsim.core.cache import Cache

    read = _SIZE.fullmatch(size)
    if read is None:
        raise InputError("size", repr(size), "bytes, kB, MB, GB or TB", "Write it like '10 GB'.")
    cache = Cache()
    cache.set_limit(round(float(read[1]) * _FACTOR[read[2].lower()]))
    kept = sum(entry.size_bytes for entry in cache.entries())
    if as_json:
        print(json.dumps({"limit_bytes": cache.limit, "size_bytes": kept}, indent=2))
    else:
        print(f"At most {_size(cache.limit)} from now on; {_size(kept)} are kept.")


@app.command("clear")
def cache_clear(as_json: Json = False) -> None:
    """Remove all that is kept; it is computed anew when it is needed."""
    from tmsim.core.cache import Cache

    freed = Cache().clear()
    print(json.dumps({"freed_bytes": freed}, indent=2) if as_json else f"{_size(freed)} freed.")


def _what(entry: Entry) -> str:
    stage = entry.key.rsplit("-", 1)[0]
    return entry.about or _STAGES.get(stage, stage)


def _used(entry: Entry) -> datetime:
    return datetime.fromtimestamp(entry.used_s).astimezone()


def _size(size_bytes: int) -> str:
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size_bytes >= factor:
            return f"{size_bytes / factor:.3g} {unit}"
    return f"{size_bytes} B"
