"""``tmsim course``: a schedule as a calendar, virtual cohorts, and what trials found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from tmsim.cli.show import Json, Picture, print_list, save_picture
from tmsim.core import InputError

if TYPE_CHECKING:
    from tmsim.core import FloatArray
    from tmsim.course import Arm, Cohort, Schedule, TrialArm, TrialOutcome
    from tmsim.pulse import Protocol

app = typer.Typer(help="The treatment course: sessions over weeks, virtual cohorts, figures of trials.")

ProtocolName = Annotated[
    str, typer.Option("--protocol", help="A protocol of the library, a .toml file, or a sentence.")
]
Sessions = Annotated[int | None, typer.Option(help="Sessions of the daily course, if not the protocol's.")]
Taper = Annotated[str | None, typer.Option(help="Sessions in each week after it: '3,2,1', or '0' for none.")]
Missed = Annotated[str, typer.Option(help="Sessions not given: '3, 7-9, day 12'.")]
_STANDARD = "itbs600"
_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


@app.command("schedule")
def course_schedule(
    protocol: ProtocolName = _STANDARD,
    sessions: Sessions = None,
    taper: Taper = None,
    missed: Missed = "",
    picture: Picture = None,
    as_json: Json = False,
) -> None:
    """Show the sessions of a course as a calendar, with the cumulative dose."""
    _, schedule = _schedule(protocol, sessions, taper, missed)
    if picture is not None:
        from tmsim.report.course import schedule_figure

        save_picture(schedule_figure(schedule), picture)
    if as_json:
        print(json.dumps(_schedule_facts(schedule), indent=2))
    else:
        print(schedule)


@app.command("models")
def course_models(as_json: Json = False) -> None:
    """List the symptom models: what of each was published, and what is calibrated."""
    from tmsim.course import MODELS

    rows = [
        {
            "name": model.name,
            "label": model.label,
            "published": model.published,
            "calibrated": model.calibrated,
            "sources": ", ".join(model.sources),
        }
        for model in MODELS.values()
    ]
    print_list(rows, as_json)


@app.command("cohort")
def course_cohort(
    protocol: Annotated[
        str | None, typer.Option(help=f"A name of the library, a .toml file, or a sentence; or {_STANDARD}.")
    ] = None,
    sessions: Sessions = None,
    taper: Taper = None,
    missed: Missed = "",
    n: Annotated[int | None, typer.Option("--n", help="People in each arm; 1000 if left out.")] = None,
    arm: Annotated[str | None, typer.Option(help="active or sham; both if left out.")] = None,
    model: Annotated[
        str | None, typer.Option(help="See `course models`; by the indication if left out.")
    ] = None,
    scale: Annotated[str | None, typer.Option(help="One of the model's: HRSD-17, MADRS, PHQ-9.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the people; 0 if left out.")] = None,
    follow_up: Annotated[int | None, typer.Option(help="Weeks of ratings after the course.")] = None,
    until: Annotated[int | None, typer.Option(help="Stop at the end of this day of the course.")] = None,
    state: Annotated[
        Path | None, typer.Option(help="Go on from this file: only --missed since and --until go with it.")
    ] = None,
    save: Annotated[Path | None, typer.Option(help="Write the state at the end to this file.")] = None,
    picture: Picture = None,
    as_json: Json = False,
) -> None:
    """Send virtual people through a course: scores, response and remission by week, beside trials.

    Statistics of trials with their spread, never a prediction for a person.
    """
    from tmsim.course import ARMS, cohort, default_model, read_state, resume, state_of, trials, write_state

    if state is not None:
        new = {
            "--protocol": protocol, "--sessions": sessions, "--taper": taper, "--n": n, "--arm": arm,
            "--model": model, "--scale": scale, "--seed": seed, "--follow-up": follow_up,
        }  # fmt: skip
        for option, value in new.items():
            if value is not None:
                raise InputError(option, f"{value} beside --state", "one of the two")
        cohorts = [resume(read_state(state), until_day=until, missed=_items(missed))]
    else:
        what, schedule = _schedule(protocol or _STANDARD, sessions, taper, missed)
        cohorts = [
            cohort(
                schedule,
                n=1000 if n is None else n,
                arm=cast("Arm", each),
                seed=seed or 0,
                model=model or default_model(what),
                scale=scale,
                follow_up_weeks=follow_up or 0,
                until_day=until,
            )
            for each in ([arm] if arm else ARMS)
        ]
    if save is not None:
        if len(cohorts) > 1:
            raise InputError("--save", "two arms", "one", "Give --arm active or --arm sham.")
        write_state(state_of(cohorts[0]), save)
    spec = cohorts[0].spec
    found = trials(spec.model.indication, protocols=spec.model.protocols)
    if picture is not None:
        from tmsim.report.course import cohort_figure

        save_picture(cohort_figure(cohorts, found), picture)
    if as_json:
        print(json.dumps(_cohort_facts(cohorts, found), indent=2))
        return
    _print_cohorts(cohorts)
    print("\nTrials to compare with")
    _print_trials(found)


@app.command("trials")
def course_trials(
    indication: Annotated[str, typer.Argument(help="Such as depression or ocd; all if left out.")] = "",
    as_json: Json = False,
) -> None:
    """Print what trials, registries and pooled analyses found, with source and status."""
    from tmsim.course import INDICATIONS, trials

    arms = trials(indication)
    shown = [found for found in INDICATIONS.values() if indication in ("", found.name)]
    if as_json:
        rows = [
            {
                "name": found.name,
                "label": found.label,
                "evidence": found.evidence,
                "arms": [asdict(arm) for arm in arms if arm.indication == found.name],
            }
            for found in shown
        ]
        print(json.dumps(rows, indent=2))
        return
    for number, found in enumerate(shown):
        print(f"{chr(10) if number else ''}{found.label} ({found.name}): {found.evidence}")
        _print_trials([arm for arm in arms if arm.indication == found.name])


def _schedule(source: str, sessions: int | None, taper: str | None, missed: str) -> tuple[Protocol, Schedule]:
    from tmsim.course import schedule_of
    from tmsim.pulse import protocol

    found = protocol(source)
    weeks = None if taper is None else [_count(item) for item in _items(taper)]
    return found, schedule_of(found, sessions=sessions, taper=weeks, missed=_items(missed))


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",")] if text.strip() else []


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 3):
        raise InputError("--taper", repr(text), "sessions in each week, such as '3,2,1'")
    return int(text)


def _schedule_facts(schedule: Schedule) -> dict[str, Any]:
    return {
        "name": schedule.name,
        "protocol": schedule.protocol,
        "sessions_planned": len(schedule.sessions),
        "sessions_given": len(schedule.given),
        "pulses_total": schedule.pulses_total,
        "between_sessions_s": schedule.between_sessions_s,
        "sessions": [
            {"number": number, "week": session.week, **asdict(session)}
            for number, session in enumerate(schedule.sessions, start=1)
        ],
    }


def _cohort_facts(cohorts: Sequence[Cohort], found: Sequence[TrialArm]) -> dict[str, Any]:
    from tmsim.course import effect_size

    spec = cohorts[0].spec
    return {
        "schedule": spec.schedule.name,
        "model": spec.model.name,
        "scale": spec.scale.name,
        "people": spec.n,
        "seed": spec.seed,
        "notes": list(cohorts[0].notes),
        "arms": {each.spec.arm: _arm_facts(each) for each in cohorts},
        "effect_size": effect_size(cohorts[0], cohorts[1]).tolist() if len(cohorts) > 1 else None,
        "trials": [asdict(arm) for arm in found],
    }


def _arm_facts(cohort: Cohort) -> dict[str, Any]:
    from tmsim.course import binomial_band

    def band(share: FloatArray | None) -> list[list[float]] | None:
        return None if share is None else binomial_band(share, len(cohort)).tolist()

    return {
        "reached_day": cohort.reached_day,
        "day": cohort.day.tolist(),
        "week": cohort.weeks.tolist(),
        "sessions": cohort.sessions.tolist(),
        "pulses": cohort.pulses.tolist(),
        "mean": cohort.mean.tolist(),
        "mean_band": cohort.mean_band.tolist(),
        "sd": cohort.sd.tolist(),
        "quantile_levels": _LEVELS,
        "quantiles": cohort.quantiles(_LEVELS).tolist(),
        "response": cohort.response.tolist(),
        "response_band": band(cohort.response),
        "remission": None if cohort.remission is None else cohort.remission.tolist(),
        "remission_band": band(cohort.remission),
        "remission_at_any_time": cohort.remission_at_any_time,
        "classes": [
            {"name": each.name, "share": share, "mean": mean if share else None}
            for each, share, mean in zip(
                cohort.classes,
                cohort.class_share.tolist(),
                [cohort.class_mean(k).tolist() for k in range(len(cohort.classes))],
                strict=True,
            )
        ],
    }


def _print_cohorts(cohorts: Sequence[Cohort]) -> None:
    from tmsim.course import effect_size

    spec = cohorts[0].spec
    schedule = spec.schedule
    arms = " and ".join(each.spec.arm for each in cohorts)
    print(str(schedule).splitlines()[0])
    print(f"{spec.n} people, {arms}; model {spec.model.name}; {spec.scale.label}\n")
    for each in cohorts:
        _print_arm(each)
    if len(cohorts) > 1:
        size = float(effect_size(cohorts[0], cohorts[1])[-1])
        print(f"active falls {size:.2f} SD more than sham by the last rating")
    for note in cohorts[0].notes:
        print(f"- {note}")


def _print_arm(cohort: Cohort) -> None:
    print(f"{cohort.spec.arm:9}week  sessions    pulses   mean    SD  middle half  response  remission")
    low, high = cohort.quantiles((0.25, 0.75))
    remission = cohort.remission
    for k in range(len(cohort.day)):
        print(
            f"{cohort.weeks[k]:13.3g}{cohort.sessions[k]:10}{cohort.pulses[k]:10,}{cohort.mean[k]:7.1f}"
            f"{cohort.sd[k]:6.1f}{f'{low[k]:.0f} to {high[k]:.0f}':>13}{cohort.response[k]:10.0%}"
            + (f"{remission[k]:11.0%}" if remission is not None else f"{'-':>11}")
        )
    if cohort.spec.follow_up_weeks and cohort.remission_at_any_time is not None:
        print(
            f"in remission at one rating or more from the last session on: {cohort.remission_at_any_time:.0%}"
        )
    print()


def _print_trials(arms: Sequence[TrialArm]) -> None:
    for arm in arms:
        people = f"n {arm.n}" if arm.n else "n ?"
        scale = f", {arm.scale}" if arm.scale else ""
        print(f"  {arm.trial}, {arm.label} [{arm.arm}], {people}{scale}; {arm.design}")
        for outcome in arm.outcomes:
            print(f"      {_outcome_text(outcome)}")
        if arm.note:
            print(f"      - {arm.note}")


def _outcome_text(outcome: TrialOutcome) -> str:
    value = outcome.value
    share = value.unit == "1" and outcome.name not in ("effect size", "odds ratio")
    unit = " %" if share else "" if value.unit == "1" else f" {value.unit}"

    def number(x: float) -> str:
        return f"{100 * x if share else x:.3g}"

    interval = ""
    if outcome.low is not None and outcome.high is not None:
        interval = f" ({number(outcome.low)} to {number(outcome.high)})"
    note = f"; {value.note}" if value.note else ""
    return (
        f"{outcome.name} {number(value.value)}{interval}{unit}, {outcome.when} "
        f"[{value.source}, {value.status}{note}]"
    )
