"""Plan: what to compute, in TOML; run it, and keep what was computed.

``plan.toml`` -> `load` (checked, defaults written out by `dump`) -> `run` (head, coil, placement, field,
motor threshold, dose, who fires, metrics, outputs, report) -> `Outcome`, which names all that went in and can
be run again from itself. Solved fields are kept by content in the user's cache folder (``TMSIM_CACHE``): a
change to a plan solves only what depends on it, and a change of the dose solves nothing.
"""

from tmsim.core.cache import Cache
from tmsim.plan.explain import explain
from tmsim.plan.outcome import Outcome
from tmsim.plan.read import default, dump, load, parse
from tmsim.plan.response import response_of
from tmsim.plan.results import Results, carry_out
from tmsim.plan.run import run
from tmsim.plan.session import protocol_of, session_of
from tmsim.plan.types import Plan

__all__ = [
    "Cache",
    "Outcome",
    "Plan",
    "Results",
    "carry_out",
    "default",
    "dump",
    "explain",
    "load",
    "parse",
    "protocol_of",
    "response_of",
    "run",
    "session_of",
]
