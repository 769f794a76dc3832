"""The chain of a plan in plain words: one sentence a link, with this run's own figures."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from tmsim.core import InputError
from tmsim.head.regions import region_text
from tmsim.placement import Placement
from tmsim.plan.live import LiveResults
from tmsim.plan.results import Results
from tmsim.result import Link, Session

Chain = Results | LiveResults


def explain(results: Chain, *names: str) -> tuple[Link, ...]:
    """The links of a plan that was carried out, in their order; those that it has.

    Parameters
    ----------
    names
        Of :data:`LINKS`, where some are enough; all if none is given.

    Raises
    ------
    InputError
        There is no link of a name.
    """
    for name in names:
        if name not in LINKS:
            raise InputError("link", repr(name), f"one of {', '.join(LINKS)}")
    return tuple(link for name, step in LINKS.items() if not names or name in names for link in step(results))


def _coil(results: Chain) -> Iterator[Link]:
    coil, pose, response = results.solved.coil, results.solved.pose, results.response
    where = f"over {pose.target}" if isinstance(pose, Placement) else "where the plan puts it"
    slope = f"{response.field.didt_A_per_s / 1e6:.3g} A/µs"
    dial = _dial(response.field.didt_A_per_s, response.didt_max_A_per_s)
    yield Link(
        name="coil",
        sentence=f"A {coil.label} sits {where}; its current starts to rise by {slope}{dial} and is over "
        f"{response.waveform.duration_s * 1e6:.0f} µs later.",
        evidence="Windings as published, idealised; the pulse from a circuit or a record.",
    )


def _field(results: Chain) -> Iterator[Link]:
    metrics, error = results.metrics, results.response.field.error
    region = next(iter(metrics.regions), None)
    where = f", strongest in the {region_text(region.region)} region" if region else ""
    yield Link(
        name="field",
        sentence=f"By induction this drives an electric field of up to {metrics.p999_V_per_m:.0f} V/m in the "
        f"cortex{where}, and of more than half of that over {metrics.area_50_m2 * 1e4:.0f} cm² of it.",
        evidence="Physics, solved with finite elements"
        + (f"; numerical error {error.median:.0%} at the median" if error else "")
        + ". Tissue borders and conductivities add more.",
    )


def _threshold(results: Chain) -> Iterator[Link]:
    response = results.response
    if (threshold := response.threshold) is None:
        return
    share = response.field.didt_A_per_s / threshold.didt_A_per_s
    slope = f"{threshold.didt_A_per_s / 1e6:.3g} A/µs"
    dial = _dial(threshold.didt_A_per_s, response.didt_max_A_per_s)
    how = "made" if threshold.measured else "would make"
    yield Link(
        name="motor threshold",
        sentence=f"Over the hand area the same coil {how} a hand muscle twitch from {slope}{dial} on; "
        f"the dose is {share:.0%} of that.",
        evidence="Measured."
        if threshold.measured
        else "Simulated from one published field strength; people differ by a factor of two.",
    )


def _neurons(results: Chain) -> Iterator[Link]:
    fired = results.response.recruitment
    if fired is None or "L5" not in fired.populations:
        return
    area_cm2 = dict(zip(fired.populations, fired.area_m2 * 1e4, strict=True))
    most = max(area_cm2, key=lambda name: area_cm2[name])
    others = f"; most cells fire in {most}, over {area_cm2[most]:.2g} cm²" if most != "L5" else ""
    yield Link(
        name="neurons",
        sentence=f"Each pulse makes cells of layer 5 fire over what amounts to {area_cm2['L5']:.2g} cm² of "
        f"cortex{others}.",
        evidence="Model cells, scaled to the motor threshold; not measured outside the motor cortex.",
    )


def _muscle(results: Chain) -> Iterator[Link]:
    if (muscle := results.response.muscle) is None:
        return
    latency_ms = muscle.trace.latency_s * 1e3
    yield Link(
        name="muscle",
        sentence=f"In a virtual subject with that threshold {len(muscle.hunt.trials)} pulses find it "
        f"to {abs(muscle.hunt.error):.0%}, and a pulse of 120 % of it makes the hand twitch after "
        f"{latency_ms:.0f} ms.",
        evidence="Published statistics of many people; the latency is unverified.",
    )


def _session(results: Chain) -> Iterator[Link]:
    if (session := results.session) is None:
        return
    held = session.protocol
    graves = [finding for finding in session.findings if finding.severity != "info"]
    found = (
        f"{len(graves)} finding{'s' * (len(graves) != 1)} to weigh" if graves else "nothing but information"
    )
    felt = (
        f" and a field {session.scalp.ratio:.1f} times as strong in the scalp"
        if isinstance(session, Session)
        else ""
    )
    yield Link(
        name="session",
        sentence=f"{held.label}: {held.n_pulses:,} pulses in {held.duration_s / 60:.0f} min, each a click at "
        f"the ear{felt}; tables and devices have {found}.",
        evidence=f"The protocol is {held.status}; safety tables are recalled and unverified.",
    )


def _after(results: Chain) -> Iterator[Link]:
    for result in results.session.blocks if results.session else ():
        if (group := result.group) is None:
            continue
        peak, mean = group.effect.peak, group.mean
        minutes = math.ceil(group.effect.time_s[peak] / 60)
        yield Link(
            name="plasticity",
            sentence=f"Some {minutes} min later the cortex answers {abs(mean[peak]):.0%} "
            f"{'more' if mean[peak] > 0 else 'less'} on average, with a spread of {group.sd[peak]:.0%} "
            f"between people; {group.responders.mean():.0%} respond as expected. After two hours "
            f"{abs(mean[-1]):.0%} are left.",
            evidence="Rules of the motor cortex; that they hold elsewhere is not shown.",
        )


def _transmitters(results: Chain) -> Iterator[Link]:
    if (transmission := results.transmission) is None:
        return
    told = []
    for known, change in zip(transmission.release.evidence, transmission.release.change, strict=True):
        found = change[np.isfinite(change)]
        if len(found):
            told.append(f"{known.transmitter} {found.min():+.0%} to {found.max():+.0%}")
    yield Link(
        name="transmitters",
        sentence=f"{transmission.share:.0%} of the left prefrontal L5 cells fire at each pulse, and the "
        f"brainstem may answer: over the session {', '.join(told)}; the ranges are what isn't known of the "
        "connections.",
        evidence="Dopamine: small PET studies in people. Serotonin, noradrenaline: animals, in conflict.",
    )


def _network(results: Chain) -> Iterator[Link]:
    if (brain := results.brain) is None:
        return
    late = brain.evoked.late_mV
    kept = brain.without_connections.late_mV[brain.evoked.elsewhere].sum()
    far = late[brain.evoked.elsewhere].sum()
    silent = "; cut off from each other they stay silent" if kept < 0.01 * far else ""
    change = ""
    if brain.change is not None:
        site = brain.connectome.index(brain.site)
        before, after = brain.change.before.rates_Hz[site], brain.change.after.rates_Hz[site]
        change = (
            f" With its synapses changed as the session leaves them, the site fires at {after:.1f} Hz at "
        )
        change += f"rest in place of {before:.1f}."
    yield Link(
        name="network",
        sentence=f"Each pulse sets off a response in the {region_text(brain.site)} region, and after 100 ms "
        f"{far / late.sum():.0%} of it is in regions that no field reaches{silent}.{change}",
        evidence="Neural masses on a group's connectome: a model of how activity spreads, not this brain's.",
    )


def _course(results: Chain) -> Iterator[Link]:
    if (weeks := results.weeks) is None or not weeks.cohorts:
        return
    active, sham = weeks.cohorts
    scale = active.spec.scale.name
    yield Link(
        name="course",
        sentence=f"After {len(weeks.schedule.given)} sessions people in trials of such courses went from "
        f"{active.mean[0]:.0f} to {active.mean[-1]:.0f} points of {scale}, with sham to {sham.mean[-1]:.0f}; "
        f"{active.response[-1]:.0%} against {sham.response[-1]:.0%} responded.",
        evidence="Statistics of trials, drawn anew; no link above enters, and no one's course is foretold.",
    )


def _dial(didt_A_per_s: float, most: float | None) -> str:
    return "" if most is None else f" ({didt_A_per_s / most:.0%} of what the stimulator gives)"


LINKS: dict[str, Callable[[Chain], Iterator[Link]]] = {
    "coil": _coil,
    "field": _field,
    "motor threshold": _threshold,
    "neurons": _neurons,
    "muscle": _muscle,
    "session": _session,
    "plasticity": _after,
    "transmitters": _transmitters,
    "network": _network,
    "course": _course,
}
"""The links of the chain, from coil to course."""
