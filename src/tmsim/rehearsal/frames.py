"""Checksums and frames of the two serial protocols: bytes in, bytes out."""

from __future__ import annotations

_START, _END = 0xFE, 0xFF


def magstim_checksum(body: bytes) -> int:
    """The complement of the sum of all bytes, modulo 256."""
    return ~sum(body) & 0xFF


def magstim_frame(body: bytes) -> bytes:
    """Command or reply with its checksum."""
    return body + bytes([magstim_checksum(body)])


def crc8(payload: bytes) -> int:
    """CRC-8 of Dallas/Maxim: polynomial 0x31, reflected, from 0."""
    crc = 0
    for byte in payload:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x8C if crc & 1 else crc >> 1
    return crc


def magventure_frame(payload: bytes) -> bytes:
    """FE, length, payload, CRC-8 of the payload, FF."""
    return bytes([_START, len(payload)]) + payload + bytes([crc8(payload), _END])


def take_magventure_frame(buffer: bytes) -> tuple[bytes | None, bytes]:
    """The first whole and sound payload in ``buffer``, or None, and the bytes after it.

    The end is found by the length, never by looking for FF, which is a legal byte of data. A frame
    with a wrong checksum or end is skipped.
    """
    while True:
        start = buffer.find(_START)
        if start < 0:
            return None, b""
        buffer = buffer[start:]
        size = buffer[1] if len(buffer) > 1 else 0
        if len(buffer) < size + 4:
            return None, buffer
        payload, crc, end = buffer[2 : 2 + size], buffer[2 + size], buffer[3 + size]
        if size and end == _END and crc == crc8(payload):
            return payload, buffer[size + 4 :]
        buffer = buffer[1:]
