"""TOML files whose content isn't trusted."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from tmsim.core import InputError
from tmsim.formats.files import read_bytes

_MAX_BYTES = 2**16
"""No file written by hand is larger."""


def read_toml(path: Path) -> dict[str, Any]:
    """The table in a file.

    Raises
    ------
    InputError
        The file is missing, larger than 64 KiB, or not TOML in UTF-8.
    """
    data = read_bytes(path, _MAX_BYTES)
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as fault:
        raise InputError(path.name, f"byte {fault.start} is not UTF-8", "text in UTF-8") from None
    except (ValueError, RecursionError) as fault:  # TOMLDecodeError; numbers or nesting beyond reason
        what = " ".join(str(fault).split())[:80]
        raise InputError(path.name, f"not TOML, {what}", "key = value lines and [tables]") from None
