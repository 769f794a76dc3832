"""Read a head: built-in, gmsh file or label volume."""

from __future__ import annotations

from pathlib import Path

from tmsim.head.builtin import builtin_names, load_builtin
from tmsim.head.types import Head


def load(source: str | Path, *, repair: bool = False) -> Head:
    """`Head.load`."""
    if str(source) in builtin_names():
        return load_builtin(str(source))
    raise NotImplementedError
