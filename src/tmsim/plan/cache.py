"""Results of stages, kept by content: the same code on the same inputs is never run twice."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from tmsim.core import whole_file
from tmsim.core.provenance import code_of, sha256_of

Arrays = Mapping[str, Any]
"""Arrays by name, of any type and shape."""


def default_folder() -> Path:
    """``TMSIM_CACHE`` if set, else the user's cache folder for tmsim."""
    return Path(os.environ.get("TMSIM_CACHE") or platformdirs.user_cache_dir("tmsim", appauthor=False))


def stage_key(stage: str, *parts: object, rooms: tuple[str, ...]) -> str:
    """The name of a stage's result: the stage, its code, its spec and the keys of what went in.

    The code enters as a hash of the files of ``rooms`` and of the numeric packages' releases, not as
    tmsim's version: whoever edits a kernel never meets a field of the old one.
    """
    return f"{stage}-{sha256_of(code_of(*rooms), *parts)[:32]}"


@dataclass(frozen=True, kw_only=True)
class Cache:
    """A folder of arrays by key, the least recently used given up first.

    A hit returns the bits that were stored. An entry that can't be read is a miss: what is computed
    takes its place. A folder that can't be written costs time, never a run.
    """

    folder: Path = field(default_factory=default_folder)
    limit_bytes: int = 4 * 10**9

    def arrays(self, key: str, compute: Callable[[], Arrays]) -> tuple[Arrays, bool]:
        """The arrays under ``key``, computed if they aren't there, and whether they were."""
        path = self.folder / f"{key}.npz"
        stored = _read(path)
        if stored is not None:
            return stored, True
        computed = compute()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as part, part.open("wb") as file:
                np.savez(file, **computed)
            self._evict(keep=path)
        except OSError:
            pass  # disk full or read-only: the result itself is in hand
        return computed, False

    def _evict(self, keep: Path) -> None:
        entries = [(path, path.stat()) for path in self.folder.iterdir() if path.is_file() and path != keep]
        total = keep.stat().st_size + sum(stat.st_size for _, stat in entries)
        for path, stat in sorted(entries, key=lambda entry: entry[1].st_mtime_ns):
            if total <= self.limit_bytes:
                break
            path.unlink(missing_ok=True)
            total -= stat.st_size


def _read(path: Path) -> Arrays | None:
    try:
        # Zip members carry a CRC that is checked as they are read: a flipped bit doesn't pass.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as entry:
            arrays = {name: entry[name] for name in entry.files}
    except Exception:  # a broken zip raises a dozen kinds of error, and all mean: compute it again
        return None
    with suppress(OSError):
        os.utime(path)  # the time of last use, for eviction
    return arrays
