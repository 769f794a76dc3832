"""Duration of trains, and pauses between them, against the published tables."""

from __future__ import annotations

from collections.abc import Iterator

from tmsim.pulse import Intensity, PercentAMT, PercentRMT, Train
from tmsim.safety.parameters import (
    PAUSE_FREE_PERCENT,
    PAUSE_HIGHEST_PERCENT,
    PAUSE_HIGHEST_RATE,
    PAUSE_TOLERATED,
    PAUSE_TOO_SHORT,
    TRAIN_TABLES,
)
from tmsim.safety.types import DurationTable, Finding

_HIGHEST_RATE_Hz = max(rate for table in TRAIN_TABLES for rate, _ in table.rows_by_rate)
_ROUNDING = 1e-9
_DRAFT = "The table is recalled, not read: a draft."


def check_train(train: Train, intensity: Intensity | None) -> Iterator[Finding]:
    """Findings on the innermost trains of a block and the shortest pause between them."""
    if not train.layers:
        return
    percent = percent_of_threshold(intensity)
    rate_Hz = 1 / train.layers[0].interval_s
    if rate_Hz > _HIGHEST_RATE_Hz * (1 + _ROUNDING):
        yield _outside(
            rate_Hz,
            f"Bursts at {rate_Hz:.4g} Hz: no table of train duration goes beyond {_HIGHEST_RATE_Hz:g} Hz. "
            "Compare with a published protocol.",
        )
    elif percent is None:
        found = f"an intensity of {intensity}" if intensity else "no intensity"
        message = f"{rate_Hz:.4g} Hz with {found}: without % of motor threshold the tables can't be read."
        yield _outside(rate_Hz, message)
    else:
        said = str(intensity)
        if isinstance(intensity, PercentAMT):
            said += " (taken as if of the resting threshold)"
        for table in TRAIN_TABLES:
            yield _duration(train, rate_Hz, percent, said, table)
        if len(train.layers) > 1:
            yield _pause(shortest_pause_s(train), rate_Hz, percent, said)


def percent_of_threshold(intensity: Intensity | None) -> float | None:
    """% of motor threshold as the tables have it, or None for other intensities.

    They are of the resting threshold. The active one is lower, so that reading it as if it were the resting
    one errs to the side of caution.
    """
    return intensity.value if isinstance(intensity, PercentRMT | PercentAMT) else None


def shortest_pause_s(train: Train, inner: int = 1) -> float:
    """Shortest time without pulses between two trains, which are the ``inner`` innermost layers. [s]

    A train lasts as long as count times interval: the time after its last pulse is its own.
    """
    end_s = Train(layers=train.layers[:inner]).cycle_s
    last_start_s = 0.0
    pauses_s = []
    for layer in train.layers[inner:]:
        pauses_s.append(layer.interval_s - last_start_s - end_s)
        last_start_s += (layer.count - 1) * layer.interval_s
    return min(pauses_s)


def _outside(rate_Hz: float, message: str) -> Finding:
    return Finding(
        rule="train-duration",
        severity="outside-table",
        value=rate_Hz,
        limit=_HIGHEST_RATE_Hz,
        unit="Hz",
        table=TRAIN_TABLES[0].name,
        source=TRAIN_TABLES[0].source,
        status=TRAIN_TABLES[0].status,
        message=message,
    )


def _duration(train: Train, rate_Hz: float, percent: float, intensity: str, table: DurationTable) -> Finding:
    duration_s = train.layers[0].count * train.layers[0].interval_s
    found = f"Trains of {duration_s:.4g} s at {rate_Hz:.4g} Hz and {intensity}"
    hit = table.look_up(rate_Hz, percent)
    if hit is None:
        return Finding(
            rule="train-duration",
            severity="outside-table",
            value=percent,
            limit=table.percents[-1],
            unit="%",
            table=table.name,
            source=table.source,
            status=table.status,
            message=f"{found}: {table.name} ends at {table.percents[-1]:g} %. "
            "Compare with a published protocol.",
        )
    name, cell = hit
    within = duration_s <= cell.duration_s * (1 + _ROUNDING)
    kind = "the longest tested" if cell.longest_tested else "the limit"
    where = f"{kind} of {table.name} at {name}, {cell.duration_s:g} s"
    relation = "no longer than" if within else "longer than"
    return Finding(
        rule="train-duration",
        severity="info" if within else "outside-table" if cell.longest_tested else "caution",
        value=duration_s,
        limit=cell.duration_s,
        unit="s",
        table=table.name,
        cell=name,
        source=table.source,
        status=table.status,
        message=f"{found}: {relation} {where}. {_DRAFT}",
    )


def _pause(pause_s: float, rate_Hz: float, percent: float, intensity: str) -> Finding:
    tolerated, too_short = PAUSE_TOLERATED, PAUSE_TOO_SHORT
    found = f"Pauses of {pause_s:.4g} s between trains at {rate_Hz:.4g} Hz and {intensity}"
    if rate_Hz > PAUSE_HIGHEST_RATE.value * (1 + _ROUNDING):
        severity, said = "outside-table", f"nothing was tested above {PAUSE_HIGHEST_RATE.value:g} Hz"
    elif pause_s >= tolerated.value * (1 - _ROUNDING):
        tested = percent <= PAUSE_HIGHEST_PERCENT.value
        severity = "info" if tested else "outside-table"
        said = f"{tolerated.value:g} s were tolerated up to {PAUSE_HIGHEST_PERCENT.value:g} %"
        said += "" if tested else "; above it there are too few data"
    elif percent > PAUSE_FREE_PERCENT.value:
        severity = "caution"
        said = f"{too_short.value:g} s and less were too short above {PAUSE_FREE_PERCENT.value:g} %, "
        said += f"{tolerated.value:g} s were tolerated up to {PAUSE_HIGHEST_PERCENT.value:g} %"
    else:
        severity, said = "outside-table", f"we know no figure up to {PAUSE_FREE_PERCENT.value:g} %"
    return Finding(
        rule="train-pause",
        severity=severity,
        value=pause_s,
        limit=tolerated.value,
        unit="s",
        source=tolerated.source,
        status=tolerated.status,
        message=f"{found}: {said} ({tolerated.source}; recalled in part: a draft).",
    )
