"""Where a result came from: hashes of what went in, and the versions of what worked on it."""

from __future__ import annotations

import hashlib
import json
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

_PACKAGE = Path(__file__).parents[1]
_NUMERIC = ("numpy", "scipy", "numba", "pyamg")
"""Packages whose release can move a bit of a field."""


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of(*parts: Any) -> str:
    """SHA-256 of values, in hexadecimal: arrays by type, shape and bytes, the rest by its JSON text.

    Floats enter with all their digits, mappings in the order of their keys.
    """
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            head, body = f"{part.dtype.str}{part.shape}", np.ascontiguousarray(part).tobytes()
        else:
            head, body = "json", json.dumps(part, sort_keys=True, allow_nan=False).encode()
        # The length goes before the bytes, so that two parts never run into one another.
        digest.update(f"{head}:{len(body)}:".encode())
        digest.update(body)
    return digest.hexdigest()


@cache
def code_of(*rooms: str) -> str:
    """SHA-256 of all that is in ``rooms``, source and data, and the releases of the numeric packages."""
    digest = hashlib.sha256()
    for room in sorted(rooms):
        for path in sorted((_PACKAGE / room).rglob("*")):
            if path.is_file() and path.parent.name != "__pycache__":
                digest.update(path.relative_to(_PACKAGE).as_posix().encode())
                digest.update(path.read_bytes())
    releases = {name: version(name) for name in _NUMERIC}
    return sha256_of(digest.hexdigest(), releases)


def environment() -> dict[str, str]:
    """Releases of tmsim, Python and the numeric packages, and the kind of machine; no name or path of it."""
    names = ("tmsim", *_NUMERIC, "nibabel", "matplotlib")
    return {
        **{name: version(name) for name in names},
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
    }
