"""Results kept by content: the same code on the same inputs is never run twice."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from tmsim.core.errors import InputError
from tmsim.core.files import whole_file
from tmsim.core.provenance import code_of, sha256_of

Arrays = Mapping[str, Any]
"""Arrays by name, of any type and shape."""

LIMIT_BYTES = 4 * 10**9
"""What a cache may hold where its user has set nothing else."""

_LIMIT_FILE = "limit_bytes"
_ABOUT_FILE = "about.txt"
_UNFINISHED = ".part"


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
class Entry:
    """One result in the cache, or what an interrupted computation left there."""

    key: str
    size_bytes: int
    used_s: float  # when it was last used, since the epoch
    finished: bool
    about: str  # what it is in words, "" if whoever made it did not say


@dataclass(frozen=True, kw_only=True)
class Cache:
    """A folder of results by key, the least recently used given up first.

    A hit returns the bits that were stored. An entry that can't be read is a miss: what is computed
    takes its place. A folder that can't be written costs time, never a run.

    Parameters
    ----------
    limit_bytes
        What it may hold; what :meth:`set_limit` has left in the folder where None.
    """

    folder: Path = field(default_factory=default_folder)
    limit_bytes: int | None = None

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

    def filled(self, key: str, fill: Callable[[Path], None], *, about: str) -> Path:
        """The folder under ``key``, for arrays too large to be read whole; filled if it isn't there.

        ``fill`` writes into another folder, which takes this one's place when it returns. If it is stopped,
        what it wrote stays, and the next ``fill`` finds it there. ``about`` says in words what it is.

        Raises
        ------
        OSError
            The folder can't be written.
        """
        whole = self.folder / key
        if self.found(key) is None:
            part = self.folder / f"{key}{_UNFINISHED}"
            part.mkdir(parents=True, exist_ok=True)
            (part / _ABOUT_FILE).write_text(about, encoding="utf-8")
            fill(part)
            try:
                part.rename(whole)
            except OSError:
                if not whole.is_dir():  # else another process was faster
                    raise
                _delete(part)
        self._evict(keep=whole)
        return whole

    def found(self, key: str) -> Path | None:
        """The folder under ``key`` if it was filled once, else None."""
        whole = self.folder / key
        if not whole.is_dir():
            return None
        with suppress(OSError):
            os.utime(whole)  # the time of last use, for eviction
        return whole

    def remove(self, key: str) -> None:
        """Give up one entry; nothing happens if it isn't there."""
        for path in (self.folder / f"{key}.npz", self.folder / key, self.folder / f"{key}{_UNFINISHED}"):
            _delete(path)

    def entries(self) -> list[Entry]:
        """All that is kept, the least recently used first."""
        return [
            Entry(
                key=path.name.removesuffix(".npz").removesuffix(_UNFINISHED),
                size_bytes=size,
                used_s=used_ns / 1e9,
                finished=not path.name.endswith(_UNFINISHED),
                about=_about(path),
            )
            for path, size, used_ns in self._paths()
        ]

    def clear(self) -> int:
        """Give up every entry; the bytes that were freed."""
        freed = 0
        for path, size, _ in self._paths():
            _delete(path)
            freed += size
        return freed

    @property
    def limit(self) -> int:
        """What the cache may hold. [bytes]"""
        if self.limit_bytes is not None:
            return self.limit_bytes
        try:
            return int((self.folder / _LIMIT_FILE).read_text(encoding="ascii"))
        except (OSError, ValueError):
            return LIMIT_BYTES

    def set_limit(self, limit_bytes: int) -> None:
        """Keep at most so much from now on, in every process; the oldest entries go at once.

        Raises
        ------
        InputError
            The limit is negative.
        """
        if limit_bytes < 0:
            raise InputError("limit", f"{limit_bytes} bytes", "zero or more")
        self.folder.mkdir(parents=True, exist_ok=True)
        with whole_file(self.folder / _LIMIT_FILE) as part:
            part.write_text(str(limit_bytes), encoding="ascii")
        self._evict(keep=None)

    def _paths(self) -> list[tuple[Path, int, int]]:
        """Path, size and time of last use in nanoseconds of each entry, the least recently used first."""
        if not self.folder.is_dir():
            return []
        found = []
        for path in self.folder.iterdir():
            if path.name.startswith(".") or not (path.is_dir() or path.suffix == ".npz"):
                continue
            with suppress(OSError):  # another process may have given it up meanwhile
                files = path.rglob("*") if path.is_dir() else (path,)
                size = sum(file.stat().st_size for file in files)
                found.append((path, size, path.stat().st_mtime_ns))
        return sorted(found, key=lambda entry: entry[2])

    def _evict(self, keep: Path | None) -> None:
        entries, limit = self._paths(), self.limit
        total = sum(size for _, size, _ in entries)
        for path, size, _ in entries:
            if total <= limit:
                break
            if path != keep:
                _delete(path)
                total -= size


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _about(path: Path) -> str:
    try:
        return (path / _ABOUT_FILE).read_text(encoding="utf-8")
    except OSError:
        return ""


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
