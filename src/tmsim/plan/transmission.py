"""Transmitters under the plan's session, and over its course."""

from __future__ import annotations

from contextlib import suppress

from tmsim.core import InputError
from tmsim.plan.types import Plan
from tmsim.pulse import Protocol
from tmsim.result import Response, Transmission
from tmsim.transmitters import (
    Pharmacology,
    course_release,
    prefrontal_drive,
    prefrontal_share,
    session_binding,
    session_release,
)


def transmission_of(plan: Plan, held: Protocol, response: Response) -> Transmission | None:
    """What dopamine, serotonin and noradrenaline do in the session.

    None where nothing is known of it: no regions on the head, or no pulses over the left prefrontal cortex.
    """
    fired = response.recruitment
    if fired is None or not fired.regions or "L5" not in fired.populations:
        return None
    try:
        drive = prefrontal_drive(held, prefrontal_share(fired))
    except InputError:
        return None
    asked = plan.transmitters
    drugs = Pharmacology(sert_scale=asked.sert_scale, dat_scale=asked.dat_scale, net_scale=asked.net_scale)
    release = session_release(drive, pharmacology=drugs)
    over_course = None
    if sessions := plan.course.sessions or held.sessions_total:
        # Longer courses than the room takes have a session's release, and no more.
        with suppress(InputError):
            over_course = course_release(
                drive,
                sessions=sessions,
                sessions_per_day=held.sessions_per_day,
                between_sessions_s=held.between_sessions_s or 0.0,
                pharmacology=drugs,
            )
    binding = session_binding(release)
    return Transmission(share=drive.share, release=release, binding=binding, over_course=over_course)
