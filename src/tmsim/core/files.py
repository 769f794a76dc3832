"""Outputs appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tmsim.core.errors import InputError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that becomes ``path`` if the block ends well, and vanishes if not.

    The temporary name keeps the suffix, since writers choose the format by it.
    """
    if not path.parent.is_dir():
        raise InputError(str(path), "its folder does not exist", "a path in an existing folder")
    handle, name = tempfile.mkstemp(prefix=".", suffix="".join(path.suffixes[-2:]), dir=path.parent)
    os.close(handle)
    part = Path(name)
    try:
        yield part
        # mkstemp makes the file private; give it the mode any new file would get.
        mask = os.umask(0)
        os.umask(mask)
        part.chmod(0o666 & ~mask)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
