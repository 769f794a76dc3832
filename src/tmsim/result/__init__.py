"""What a run found out, from pulse to course: filled by `tmsim.plan`, shown by reports and pages."""

from tmsim.result.types import (
    BlockResult,
    Brain,
    CortexSession,
    FieldUncertainty,
    Hearing,
    Link,
    Muscle,
    Response,
    Session,
    Site,
    Transmission,
    Weeks,
)

__all__ = [
    "BlockResult",
    "Brain",
    "CortexSession",
    "FieldUncertainty",
    "Hearing",
    "Link",
    "Muscle",
    "Response",
    "Session",
    "Site",
    "Transmission",
    "Weeks",
]
