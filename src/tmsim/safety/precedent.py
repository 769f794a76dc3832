"""What the protocol library holds against a session: protocols that do the same, and the largest doses."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tmsim.core import Status
from tmsim.core.citations import citations
from tmsim.pulse import (
    Block,
    Intensity,
    PercentAMT,
    PercentRMT,
    Protocol,
    Train,
    list_protocols,
    protocol,
)
from tmsim.safety.types import Finding

_TOLERANCE = 0.02
"""Intervals that differ by less count as the same."""


def precedent(block: Block, muscle: str) -> tuple[Protocol, Block] | None:
    """A block of the library that does the same or more: the very same if there is one, or a verified one.

    The same is: as many layers, every interval but the outermost within 2 %, the outermost no shorter than
    2 % less, no count higher, and an intensity no higher in the same unit of the same muscle. The site
    may be another.
    """
    alike = [
        (published, other)
        for published in library()
        for other in published.blocks
        if published.muscle == muscle
        and _is_within(block.train, other.train)
        and _no_stronger(block.intensity, other.intensity)
    ]

    def rank(found: tuple[Protocol, Block]) -> tuple[bool, bool]:
        published, other = found
        differs = (other.train, other.intensity) != (block.train, block.intensity)
        return differs, published.status != "verified"

    return min(alike, key=rank, default=None)


def named(published: Protocol) -> str:
    """A protocol with its badge."""
    return f"{published.id} ({published.status})"


def library() -> tuple[Protocol, ...]:
    """All protocols of the library."""
    return tuple(protocol(name) for name in list_protocols())


def check_dose(session: Protocol) -> Iterator[Finding]:
    """Pulses of a session, a day and the course, and sessions a day, against the largest of the library."""
    dose: tuple[tuple[str, str, Callable[[Protocol], int | None]], ...] = (
        ("pulses-per-session", "pulses a session", lambda p: p.n_pulses),
        ("pulses-per-day", "pulses a day", lambda p: p.pulses_per_day),
        ("sessions-per-day", "sessions a day", lambda p: p.sessions_per_day),
        ("pulses-per-course", "pulses in the whole course", lambda p: p.pulses_total),
    )
    for rule, unit, of in dose:
        value = of(session)
        if value is None:
            continue
        most = max((p for p in library() if of(p) is not None), key=lambda p: of(p) or 0)
        yield _against(rule, unit, value, most, of(most) or 0)
    if session.between_sessions_s is not None:
        spaced = [p for p in library() if p.between_sessions_s is not None]
        least = min(spaced, key=lambda p: p.between_sessions_s or 0.0)
        yield _spacing(session.between_sessions_s, least, least.between_sessions_s or 0.0)


def _against(rule: str, unit: str, value: int, most: Protocol, limit: int) -> Finding:
    within = value <= limit
    relation = "no more than" if within else "more than"
    return Finding(
        rule=rule,
        severity="info" if within else "caution",
        value=float(value),
        limit=float(limit),
        unit=unit,
        table="protocol library",
        cell=most.id,
        source=_source(most),
        status=_status(most),
        message=f"{unit.capitalize()}: {value}, {relation} the most in the library, {limit} of "
        f"{named(most)}, which is a precedent and no limit.",
    )


def _spacing(value_s: float, least: Protocol, limit_s: float) -> Finding:
    within = value_s >= limit_s * (1 - _TOLERANCE)
    relation = "no less than" if within else "less than"
    return Finding(
        rule="between-sessions",
        severity="info" if within else "caution",
        value=value_s,
        limit=limit_s,
        unit="s",
        table="protocol library",
        cell=least.id,
        source=_source(least),
        status=_status(least),
        message=f"Between sessions: {value_s / 60:.4g} min, {relation} the least in the library, "
        f"{limit_s / 60:g} min of {named(least)}.",
    )


def _source(published: Protocol) -> str:
    return published.sources[0] if published.sources and published.sources[0] in citations() else "unknown"


def _status(published: Protocol) -> Status:
    return "read" if published.status == "verified" else "unverified"


def _is_within(train: Train, published: Train) -> bool:
    if len(train.layers) != len(published.layers):
        return False
    pairs = list(zip(train.layers, published.layers, strict=True))
    same_rhythm = all(abs(a.interval_s / b.interval_s - 1) <= _TOLERANCE for a, b in pairs[:-1])
    no_denser = all(a.interval_s >= b.interval_s * (1 - _TOLERANCE) for a, b in pairs)
    return same_rhythm and no_denser and all(a.count <= b.count for a, b in pairs)


def _no_stronger(intensity: Intensity | None, published: Intensity | None) -> bool:
    match intensity, published:
        case (PercentRMT(own), PercentRMT(most)) | (PercentAMT(own), PercentAMT(most)):
            return own <= most
    return intensity is None and published is None
