"""The pulse log as a table."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from tmsim.core import whole_file
from tmsim.rehearsal.types import Rehearsal


def write_pulse_log(rehearsals: Sequence[Rehearsal], path: Path) -> None:
    """Write every planned pulse of the blocks of a session as a line of CSV.

    Columns are block (from 1), planned_s, delivered_s, output_mso, refused; times count from the start of
    the block, and what a pulse doesn't have is left empty.
    """
    with whole_file(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("block", "planned_s", "delivered_s", "output_mso", "refused"))
        for block, rehearsal in enumerate(rehearsals, 1):
            for pulse in rehearsal.pulses:
                delivered = "" if pulse.delivered_s is None else f"{pulse.delivered_s:.6f}"
                output = "" if pulse.output_mso is None else f"{pulse.output_mso:g}"
                table.writerow((block, f"{pulse.planned_s:.6f}", delivered, output, pulse.refusal or ""))
