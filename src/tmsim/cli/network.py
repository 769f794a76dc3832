"""``tmsim network``: connectomes, what a pulse evokes on them, and rest before and after a change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tmsim.cli.show import Json, Picture, print_facts, save_picture
from tmsim.core import InputError, to_si

if TYPE_CHECKING:
    from tmsim.core import FloatArray
    from tmsim.network import Evoked

app = typer.Typer(help="The rest of the brain: masses of neurons on a connectome.")

ConnectomeName = Annotated[
    str, typer.Option("--connectome", help="A built-in one, or your own .csv or .npz (`network connectome`).")
]
_STANDARD = "enigma-82"
_SITE = "L_rostralmiddlefrontal"
_LISTED = 10


@app.command("connectome")
def network_connectome(
    source: Annotated[str, typer.Argument(help="A built-in one, or your own .csv or .npz.")] = _STANDARD,
    as_json: Json = False,
) -> None:
    """Check a connectome and tell what is in it.

    A .csv has the labels in its first line and a line of weights for each region, which may begin with its
    label. An .npz has the arrays labels and weights, and may have lengths_m and functional. Regions of the
    cortex are named as in a head: L_rostralmiddlefrontal.
    """
    import numpy as np

    from tmsim.network import connectome, similarity

    found = connectome(source)
    n = len(found.labels)
    pairs = np.triu_indices(n, 1)
    connected = found.weights[pairs] > 0
    facts: dict[str, Any] = {
        "name": found.name,
        "source": found.source,
        "regions": n,
        "cortical": int(found.cortical.sum()),
        "connected_pairs": f"{connected.mean():.0%}",
    }
    if found.lengths_m is not None:
        facts["median_length_mm"] = round(1e3 * float(np.median(found.lengths_m[pairs][connected])), 1)
    if found.functional is not None:
        everywhere = np.ones(n, dtype=bool)
        facts["functional_min"] = float(found.functional.min())
        facts["structure_function_r"] = round(similarity(found.weights, found.functional, everywhere), 2)
        if 2 < found.cortical.sum() < n:
            cortical = similarity(found.weights, found.functional, found.cortical)
            facts["structure_function_r_cortex"] = round(cortical, 2)
    facts["labels"] = list(found.labels)
    print_facts(facts, as_json)


@app.command("evoked")
def network_evoked(
    at: Annotated[
        list[str] | None,
        typer.Option(
            help="A region, and the share of its cells that fire: 'L_precentral=0.2'. May be repeated; "
            f"{_SITE} if left out."
        ),
    ] = None,
    connectome: ConnectomeName = _STANDARD,
    cut: Annotated[
        str, typer.Option(help="When connections are cut in the run that is told beside it.")
    ] = "50 ms",
    coupling: Annotated[float | None, typer.Option(help="Contacts between regions.")] = None,
    speed: Annotated[str | None, typer.Option(help="Of conduction between regions, e.g. '3.9 m/s'.")] = None,
    trials: Annotated[int, typer.Option(help="Trials with noise; 0 for one run without.")] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the noise.")] = 0,
    picture: Picture = None,
    as_json: Json = False,
) -> None:
    """What a pulse evokes in each region: early where cells fire, late in the network.

    The share of cells is 0.1 where none is given. The potential stands for the source of the EEG, not for
    what an electrode sees; its size rests on an assumption, so compare regions and times.
    """
    from tmsim.network import JansenRit, Trials, evoked
    from tmsim.network import connectome as load

    wiring = load(connectome)
    given: dict[str, Any] = {}
    if coupling is not None:
        given["coupling"] = coupling
    if speed is not None:
        given["speed_m_per_s"] = to_si(speed, "m/s", name="--speed")
    mass, noise = JansenRit(**given), Trials(count=trials, seed=seed) if trials else None
    shares = dict(_share(text) for text in at or [_SITE])
    whole = evoked(wiring, shares, mass=mass, trials=noise)
    without = evoked(wiring, shares, mass=mass, trials=noise, cut_s=to_si(cut, "s", name="--cut"))
    if picture is not None:
        from tmsim.head import Head
        from tmsim.report.network import evoked_figure

        # On any cortex regions can be shown only if some are named as those of a head.
        head = Head.load("colin27") if wiring.cortical.any() else None
        save_picture(evoked_figure(whole, without, head=head), picture)
    if as_json:
        print(json.dumps(_evoked_facts(whole, without), indent=2))
        return
    _print_evoked(whole, without)


@app.command("rest")
def network_rest(
    at: Annotated[str | None, typer.Option(help="A region whose synapses change.")] = None,
    change: Annotated[
        float, typer.Option(help="By how much, in percent of their strength; with --at.")
    ] = 30.0,
    synapses: Annotated[str, typer.Option(help="Which change: recurrent or outgoing.")] = "recurrent",
    connectome: ConnectomeName = _STANDARD,
    coupling: Annotated[
        float | None, typer.Option(help="G, in units of the connectome's largest eigenvalue.")
    ] = None,
    picture: Picture = None,
    as_json: Json = False,
) -> None:
    """Rates and functional connectivity at rest, and how they change with the synapses of one region.

    That an after-effect is such a change is an assumption, and which synapses it is in isn't known.
    """
    import numpy as np

    from tmsim.network import MeanField, after_plasticity, resting, similarity
    from tmsim.network import connectome as load

    if synapses not in ("recurrent", "outgoing"):
        raise InputError("--synapses", repr(synapses), "recurrent or outgoing")
    kind: Literal["recurrent", "outgoing"] = "outgoing" if synapses == "outgoing" else "recurrent"
    wiring = load(connectome)
    rest = resting(wiring, mass=MeanField() if coupling is None else MeanField(coupling=coupling))
    changed = None if at is None else after_plasticity(rest, at, change / 100, synapses=kind)
    if picture is not None:
        from tmsim.report.network import change_figure, connectivity_figure

        if changed is None:
            save_picture(connectivity_figure(rest), picture)
        else:
            from tmsim.head import Head

            head = Head.load("colin27") if wiring.cortical.any() else None
            save_picture(change_figure(changed, head=head), picture)
    pairs = np.triu_indices(len(wiring.labels), 1)
    facts: dict[str, Any] = {
        "connectome": wiring.name,
        "rate_Hz": float(rest.rates_Hz.mean()),
        "inhibition_min": float(rest.inhibition.min()),
        "inhibition_max": float(rest.inhibition.max()),
        "slowest_per_s": rest.slowest_per_s,
        "fc_mean": float(rest.fc[pairs].mean()),
    }
    if wiring.functional is not None:
        facts["fc_measured_mean"] = float(wiring.functional[pairs].mean())
        facts["r_with_measured"] = similarity(
            rest.fc, wiring.functional, np.ones(len(wiring.labels), dtype=bool)
        )
        if 2 < wiring.cortical.sum() < len(wiring.labels):
            facts["r_with_measured_cortex"] = similarity(rest.fc, wiring.functional, wiring.cortical)
    if changed is not None:
        facts |= {
            "region": changed.region,
            "synapses": changed.synapses,
            "change": changed.change,
            "site_rate_Hz": float(changed.after.rates_Hz[wiring.index(changed.region)]),
            "notes": list(changed.notes),
            "regions": [
                {
                    "region": row.region,
                    "rate_after_Hz": row.rate_after_Hz,
                    "fc_before": row.fc_before,
                    "fc_after": row.fc_after,
                }
                for row in changed.regions
            ],
        }
    if as_json:
        facts["labels"], facts["fc"] = list(wiring.labels), rest.fc.tolist()
        print(json.dumps(facts, indent=2))
        return
    _print_rest(facts)


def _share(text: str) -> tuple[str, float]:
    region, _, share = text.partition("=")
    try:
        return region.strip(), float(share) if share else 0.1
    except ValueError:
        raise InputError(
            "--at", repr(text), "a region, or a region and a share: 'L_precentral=0.2'"
        ) from None


def _evoked_facts(whole: Evoked, without: Evoked) -> dict[str, Any]:
    def by_region(values: FloatArray) -> dict[str, float]:
        return dict(zip(whole.labels, values.tolist(), strict=True))

    return {
        "recruited": {name: share for name, share in by_region(whole.recruited).items() if share},
        "early_mV": by_region(whole.early_mV),
        "late_mV": by_region(whole.late_mV),
        "cut_s": without.cut_s,
        "late_cut_mV": by_region(without.late_mV),
        "time_s": whole.time_s.tolist(),
        "potential_mV": {
            name: row.tolist() for name, row in zip(whole.labels, whole.potential_mV, strict=True)
        },
        "notes": list(whole.notes),
        "sources": list(whole.sources),
    }


def _print_evoked(whole: Evoked, without: Evoked) -> None:
    others = whole.elsewhere
    order = sorted(range(len(others)), key=lambda k: -(whole.early_mV[k] + whole.late_mV[k]))
    cut_ms = 1e3 * (without.cut_s or 0.0)
    print(f"Potential, root mean square in mV{'early':>12}{'late':>10}{f'late, cut at {cut_ms:.0f} ms':>22}")
    for k in order[: _LISTED + int((~others).sum())]:
        mark = "  *" if not others[k] else ""
        late, cut = whole.late_mV[k], without.late_mV[k]
        print(f"{whole.labels[k] + mark:32}{whole.early_mV[k]:13.4f}{late:10.4f}{cut:22.4f}")
    if (late_elsewhere := whole.late_mV[others].sum()) > 0:
        kept = without.late_mV[others].sum() / late_elsewhere
        print(f"Of the late response in other regions {kept:.0%} is left with connections cut.")
    print("* the pulse makes cells fire there")
    for note in whole.notes:
        print(f"- {note}")


def _print_rest(facts: dict[str, Any]) -> None:
    print(f"{facts['connectome']}: {facts['rate_Hz']:.2f} Hz in all regions")
    print(f"  feedback inhibition  {facts['inhibition_min']:.2f} to {facts['inhibition_max']:.2f}")
    print(f"  slowest disturbance  dies away at {facts['slowest_per_s']:.2f} per second")
    measured = f", measured {facts['fc_measured_mean']:.3f}" if "fc_measured_mean" in facts else ""
    print(f"  mean correlation     {facts['fc_mean']:.3f}{measured}")
    for key, pairs in (("r_with_measured_cortex", "pairs of the cortex"), ("r_with_measured", "all pairs")):
        if key in facts:
            print(f"  r with the measured  {facts[key]:.2f} over {pairs}")
    if "region" not in facts:
        return
    print(
        f"{facts['synapses']} synapses of {facts['region']} {facts['change']:+.0%}: "
        f"{facts['site_rate_Hz']:.2f} Hz there"
    )
    print(f"  {'correlation with it':28}{'before':>9}{'after':>9}{'change':>9}")
    for row in facts["regions"][:_LISTED]:
        before, after = row["fc_before"], row["fc_after"]
        print(f"  {row['region']:28}{before:9.3f}{after:9.3f}{after - before:+9.3f}")
    for note in facts["notes"]:
        print(f"- {note}")
