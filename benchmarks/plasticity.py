"""How much faster than real time the calcium rule runs through common trains.

``python -m benchmarks.plasticity`` runs each train once, after everything is compiled.
"""

from __future__ import annotations

import time

from rich.console import Console
from rich.table import Table

from tmsim.plasticity import Calcium
from tmsim.pulse import parse_train

TRAINS = ("iTBS", "cTBS", "900 pulses at 1 Hz", "10 Hz, 4 s on, 26 s off, for 3000 pulses")
AIM = 100


def main() -> None:
    """Print one table."""
    model = Calcium(amplitude=9.0)
    model.stimulated(parse_train("cTBS for 30 pulses"))
    table = Table("calcium rule", "lasts, s", "CPU s", f"times real time (aim: {AIM})")
    for sentence in TRAINS:
        train = parse_train(sentence)
        start = time.process_time()
        model.stimulated(train)
        taken_s = time.process_time() - start
        table.add_row(
            sentence, f"{train.last_pulse_s:.0f}", f"{taken_s:.2f}", f"{train.last_pulse_s / taken_s:,.0f}"
        )
    Console(width=132).print(table)


if __name__ == "__main__":
    main()
