"""From a session and whom it recruits to the drive of the circuit."""

from __future__ import annotations

import math

import numpy as np

from tmsim.core import FloatArray, InputError
from tmsim.neuron.types import Recruitment
from tmsim.pulse.protocol import Block, Protocol
from tmsim.pulse.types import Train
from tmsim.transmitters.parameters import REGION
from tmsim.transmitters.types import PrefrontalDrive, WINDOW_s

_LONGEST_s = 6 * 3600.0
_EARLY_s = 1e-9  # onsets are sums of rounded intervals: one at 4 s may come out at 3.9999999999


def prefrontal_drive(session: Train | Protocol, share: float) -> PrefrontalDrive:
    """The drive of a session over the left prefrontal cortex, second by second.

    A train is taken to lie there. Of a protocol those blocks count that name the left prefrontal cortex, or
    no place; the time of the others passes without drive, since right prefrontal stimulation changed no
    tracer's binding (Cho2009).

    Parameters
    ----------
    share
        Of the region's L5 cells that a pulse recruits, as :func:`prefrontal_share` reads it.

    Raises
    ------
    InputError
        No block lies there, the session is longer than 6 hours, or the share isn't 0 to 1.
    """
    if isinstance(session, Train):
        blocks, counts = ((session, True),), "the train"
    else:
        blocks = tuple((block.train, _is_left_prefrontal(block)) for block in session.blocks)
        counts = session.id
    if not any(here for _, here in blocks):
        raise InputError(counts, "no block over the left prefrontal cortex", "one there, or a sentence")
    duration_s = sum(max(train.cycle_s, WINDOW_s) for train, _ in blocks)
    if duration_s > _LONGEST_s:
        raise InputError(counts, f"a session of {duration_s / 3600:.3g} h", "at most 6 h")
    pulses: FloatArray = np.zeros(math.ceil(duration_s / WINDOW_s - _EARLY_s))
    start_s = 0.0
    for train, here in blocks:
        if here:
            second = ((start_s + train.onsets_s() + _EARLY_s) // WINDOW_s).astype(int)
            pulses += np.bincount(second, minlength=len(pulses))
        start_s += max(train.cycle_s, WINDOW_s)
    return PrefrontalDrive(pulses_Hz=pulses / WINDOW_s, share=share)


def prefrontal_share(recruitment: Recruitment, region: str = REGION) -> float:
    """The share of a region's L5 cells that a pulse recruits.

    Raises
    ------
    InputError
        The recruitment knows no such region or no L5.
    """
    if "L5" not in recruitment.populations:
        raise InputError("recruitment", f"populations {', '.join(recruitment.populations)}", "L5 among them")
    shares = {row.region: row.share for row in recruitment.regions}
    if region not in shares:
        raise InputError("region", repr(region), "a region of the recruitment", "Does the head have MNI?")
    return shares[region][recruitment.populations.index("L5")]


def _is_left_prefrontal(block: Block) -> bool:
    site, target = block.site.lower(), block.target.lower()
    if site:
        return site.startswith("left") and ("dlpfc" in site or "prefrontal" in site)
    return not target or target == "f3" or target.startswith(("beam-f3", "dlpfc"))
