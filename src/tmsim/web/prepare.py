"""Build a basis in a process of its own: ``python -m tmsim.web.prepare JSON``, progress in JSON lines."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from tmsim.core import TmsimError
from tmsim.core.cache import Cache
from tmsim.field import BasisSpec, FieldBasis
from tmsim.plan.stages import head_of
from tmsim.plan.types import HeadPlan, Plan


def main(text: str) -> int:
    """Leave the basis in the cache; 2 where it is refused, and the server, which asks again, says why."""
    asked = json.loads(text)
    cache = Cache(folder=Path(asked["cache"]))

    def tell(what: str, done: float) -> None:
        sys.stdout.write(json.dumps({"stage": what, "fraction": done}) + "\n")
        sys.stdout.flush()

    try:
        head = head_of(Plan(head=HeadPlan(**asked["head"])), cache)
        FieldBasis.load_or_build(head, BasisSpec(**asked["spec"]), cache=cache, progress=tell)
    except TmsimError:
        return 2
    except (BrokenPipeError, KeyboardInterrupt):  # the server is gone
        return 130
    return 0


if __name__ == "__main__":
    os.nice(5)  # live fields of the same machine go first
    sys.exit(main(sys.argv[1]))
