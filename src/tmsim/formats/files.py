"""Reading files whose size isn't trusted."""

from __future__ import annotations

import zlib
from pathlib import Path

from tmsim.core import InputError


def read_bytes(path: Path, largest: int) -> bytes:
    """The whole file, refused if it is missing, a folder, or larger than ``largest`` bytes."""
    try:
        size = path.stat().st_size
        if size > largest:
            raise InputError(path.name, f"{size / 2**20:.0f} MiB", f"at most {largest / 2**20:.0f} MiB")
        return path.read_bytes()
    except OSError as error:
        raise InputError(str(path), error.strerror or "can't be read", "a readable file") from None


def decompress(name: str, data: bytes, largest: int, *, gzip: bool = False) -> bytes:
    """Inflate zlib or gzip data, refused if broken, cut short, or more than ``largest`` bytes inside."""
    stream = zlib.decompressobj(zlib.MAX_WBITS | 16 if gzip else zlib.MAX_WBITS)
    try:
        out = stream.decompress(data, largest + 1)
    except zlib.error:
        raise InputError(name, "broken compressed data", "an undamaged file") from None
    if len(out) > largest:
        raise InputError(name, "too large once decompressed", f"at most {largest / 2**20:.0f} MiB")
    if not stream.eof:
        raise InputError(name, "compressed data that end too early", "an undamaged file")
    return out
