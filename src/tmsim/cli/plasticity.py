"""``tmsim plasticity``: which models there are, and what a protocol leaves behind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tmsim.cli.show import Json, Picture, print_list, save_picture

if TYPE_CHECKING:
    from tmsim.plasticity import Group

app = typer.Typer(help="Plasticity: how excitability changes over the hours after a train.")


@app.command("list")
def plasticity_list(as_json: Json = False) -> None:
    """List the plasticity models."""
    from tmsim.plasticity import MODELS

    models = [model() for model in MODELS.values()]
    rows = [{"name": model.name, "label": model.label, "validity": model.validity} for model in models]
    print_list(rows, as_json)


@app.command("run")
def plasticity_run(
    source: Annotated[
        str, typer.Argument(help="A protocol of the library, a .toml file, or a sentence: 'iTBS'.")
    ],
    model: Annotated[
        str | None,
        typer.Option(help="See `plasticity list`; if not given, huang for theta burst and kernel else."),
    ] = None,
    intensity: Annotated[
        str | None, typer.Option(help="Instead of the protocol's own: '80 %AMT', '120 %RMT', ...")
    ] = None,
    people: Annotated[int, typer.Option(help="How many people to draw.")] = 200,
    seed: Annotated[int, typer.Option(help="Seed of the people.")] = 0,
    picture: Picture = None,
    as_json: Json = False,
) -> None:
    """Show how a session changes excitability over two hours, on average and from person to person.

    Each block of the session is taken by itself, on a brain at rest: blocks lie in different places.
    """
    from tmsim.plasticity import default_model, draw_people, plasticity_model, respond
    from tmsim.pulse import parse_intensity, protocol

    given = parse_intensity(intensity) if intensity else None
    group_of = draw_people(seed, people)
    blocks = protocol(source).blocks
    groups = []
    for block in blocks:
        rule = plasticity_model(model) if model else default_model(block.train)
        groups.append(respond(group_of, rule.after_effect(block.train, given or block.intensity)))
    if picture is not None:
        from tmsim.report.plasticity import after_effect_figure

        save_picture(after_effect_figure(groups, [str(block.train) for block in blocks]), picture)
    facts = [_facts(str(block.train), group) for block, group in zip(blocks, groups, strict=True)]
    if as_json:
        print(json.dumps(facts, indent=2))
        return
    for fact in facts:
        _print(fact)


def _facts(train: str, group: Group) -> dict[str, Any]:
    from tmsim.plasticity import threshold_change

    effect = group.effect
    peak = effect.peak
    return {
        "train": train,
        "model": effect.model,
        "peak_s": float(effect.time_s[peak]),
        "model_change": float(effect.change[peak]),
        "mean_change": float(group.mean[peak]),
        "sd_change": float(group.sd[peak]),
        "effect_size": group.effect_size,
        "responders": float(group.responders.mean()),
        "threshold_change": float(threshold_change(group.mean[peak])),
        "notes": list(effect.notes),
        "sources": list(effect.sources),
        "time_s": effect.time_s.tolist(),
        "change": effect.change.tolist(),
        "mean": group.mean.tolist(),
        "sd": group.sd.tolist(),
    }


def _print(fact: dict[str, Any]) -> None:
    print(f"{fact['train']}: model {fact['model']}")
    print(
        f"  largest change       {fact['model_change']:+.0%} of the MEP, {fact['peak_s'] / 60:.3g} min after"
    )
    print(f"  people drawn         {fact['mean_change']:+.0%}, SD {fact['sd_change']:.0%} between them")
    print(f"  effect size          {fact['effect_size']:+.2f} (mean over SD between people)")
    print(f"  respond as expected  {fact['responders']:.0%} (15 % or more over 30 min)")
    print(f"  motor threshold      {fact['threshold_change']:+.1%} on average (a choice)")
    for note in fact["notes"]:
        print(f"  - {note}")
