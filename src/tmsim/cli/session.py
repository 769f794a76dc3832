"""``tmsim session``: one session at the dose of a plan."""

from __future__ import annotations

import textwrap
from typing import Any

from tmsim.cli.show import Json, Picture, PlanFile, progress_bar, save_picture
from tmsim.core import InputError


def session(
    plan: PlanFile = None,
    picture: Picture = None,
    as_json: Json = False,
) -> None:
    """One session of a plan: its pulses, findings, what the person hears and feels, and what it leaves.

    Findings are for a person to weigh; they make no verdict and end in exit code 0.
    """
    import tmsim.plan

    what = tmsim.plan.load(plan) if plan else tmsim.plan.default()
    with progress_bar() as progress:
        held = tmsim.plan.session_of(what, progress=progress)
    if held is None:
        raise InputError("session.protocol", "empty", "a protocol", "See `tmsim protocol list`.")
    if picture is not None:
        from tmsim.report.plasticity import after_effect_figure

        groups = [result.group for result in held.blocks if result.group is not None]
        if not groups:
            raise InputError("--picture", "no after-effect to draw", "a session that a model covers")
        titles = [
            result.block.site or held.protocol.label for result in held.blocks if result.group is not None
        ]
        save_picture(after_effect_figure(groups, titles), picture)
    if as_json:
        from tmsim.plan.records import session_record

        print(session_record(held).model_dump_json(indent=2))
    else:
        _print_session(held)


def _print_session(held: Any) -> None:
    told = held.protocol
    output = "" if held.percent_mso is None else f" ({held.percent_mso:g} %MSO)"
    print(f"{told.label} [{told.status}]")
    print(f"{told.n_pulses:,} pulses at {held.intensity}{output} in {told.duration_s / 60:.1f} min\n")
    for finding in held.findings:
        mark = " [unverified]" if finding.status == "unverified" else ""
        print(textwrap.fill(f"{finding.severity}: {finding.message}{mark}", 100, subsequent_indent="    "))
    print()
    for hearing in held.hearing:
        sound = hearing.sound
        print(f"{hearing.ear + ' ear':12}a click {sound.click} (Z), busiest second {sound.busiest} (A)")
    scalp = held.scalp
    print(f"{'scalp':12}{scalp.scalp_V_per_m:.0f} V/m under the skin, {scalp.ratio:.1f} times the cortex\n")
    for result in held.blocks:
        if result.group is None:
            print(f"after: {result.missing}")
            continue
        group, peak = result.group, result.group.effect.peak
        print(
            f"after {group.effect.time_s[peak] / 60:.0f} min: MEP {group.mean[peak]:+.0%} on average, SD "
            f"{group.sd[peak]:.0%} between people; {group.responders.mean():.0%} respond as expected"
        )
        for note in group.effect.notes:
            print(textwrap.fill(f"- {note}", 100, subsequent_indent="  "))
