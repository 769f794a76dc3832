"""The rest of the brain: what one pulse evokes in it, and how its rest changes with the site's synapses."""

from __future__ import annotations

from tmsim.core import OutsideModelError
from tmsim.network import after_plasticity, connectome, evoked, recruited_by_region, resting
from tmsim.plan.types import Plan
from tmsim.result import Brain, CortexSession, Response


def brain_of(plan: Plan, response: Response, session: CortexSession | None) -> Brain | None:
    """What the plan's pulse evokes on its connectome, and rest before and after its session.

    None where the pulse makes next to no cells fire in any region of the connectome.

    Raises
    ------
    InputError
        The connectome can't be read.
    """
    wiring = connectome(plan.network.connectome)
    fired = response.recruitment
    if fired is None:
        return None
    shares = {
        region: share for region, share in recruited_by_region(fired).items() if region in wiring.labels
    }
    if not shares:
        return None
    site = max(shares, key=lambda region: shares[region])
    rest, change, missing = resting(wiring), None, ""
    groups = [result.group for result in session.blocks if result.group is not None] if session else []
    if not groups:
        missing = "there is no after-effect to change synapses by"
    else:
        effect = groups[0]
        try:
            change = after_plasticity(rest, site, float(effect.mean[effect.effect.peak]))
        except OutsideModelError as outside:
            missing = str(outside)
    return Brain(
        connectome=wiring,
        site=site,
        evoked=evoked(wiring, shares),
        without_connections=evoked(wiring, shares, cut_s=0.0),
        resting=rest,
        change=change,
        missing=missing,
    )
