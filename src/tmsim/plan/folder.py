"""The folder of a run appears whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tmsim.core import InputError
from tmsim.plan.outcome import FILE_NAME


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A temporary folder beside ``out`` that becomes ``out`` if the block ends well, and vanishes if not.

    ``out`` may be new, empty, or the folder of an earlier run with nothing else in it, which is then
    replaced; until the new one is complete the old one stays as it was.

    Raises
    ------
    InputError
        ``out`` is a file, holds what no run wrote, or its parent is no folder. Nothing is computed then.
    """
    out = out.resolve()
    _refuse_foreign(out)
    try:
        part = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as fault:
        raise InputError(
            str(out), f"can't be written ({fault.strerror})", "a folder that may be written"
        ) from None
    try:
        yield part
        # mkdtemp makes the folder private; give it the mode any new folder would get.
        mask = os.umask(0)
        os.umask(mask)
        part.chmod(0o777 & ~mask)
        _put_in_place(part, out)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _refuse_foreign(out: Path) -> None:
    if not out.parent.is_dir():
        raise InputError(str(out), "its parent is no folder", "a path in an existing folder")
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(str(out), "a file", "a new folder, or that of an earlier run")
    try:
        own = {FILE_NAME, *json.loads((out / FILE_NAME).read_bytes())["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        own = set()
    foreign = sorted({path.name for path in out.iterdir()} - own)
    if foreign:
        raise InputError(
            str(out),
            f"holds {foreign[0]!r}, which no run wrote",
            "a new folder, or that of an earlier run",
            "Nothing was changed.",
        )


def _put_in_place(part: Path, out: Path) -> None:
    if not out.exists():
        part.rename(out)
        return
    old = part.with_name(f"{part.name}-old")
    out.rename(old)
    try:
        part.rename(out)
    except OSError:
        old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)
