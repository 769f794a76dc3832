"""``tmsim coil``: which coils are built in, and what is known of one."""

from __future__ import annotations

from typing import Annotated

import typer

from tmsim.cli.show import Json, print_facts, print_list

app = typer.Typer(help="Coils: which are built in, and what is known of one.")


@app.command("list")
def coil_list(as_json: Json = False) -> None:
    """List the built-in coils."""
    from tmsim.coil import Coil, list_coils

    coils = [Coil.load(name) for name in list_coils()]
    print_list([{"name": coil.name, "label": coil.label} for coil in coils], as_json)


@app.command("show")
def coil_show(
    source: Annotated[str, typer.Argument(help="A built-in coil, or a .ccd, .tcd or .nii.gz file.")],
    as_json: Json = False,
) -> None:
    """Show what is known of a coil."""
    from tmsim.coil import Coil

    coil = Coil.load(source)
    facts = {
        "name": coil.name,
        "label": coil.label,
        "brand": coil.brand,
        "stimulator": coil.stimulator,
        "elements": [type(part).__name__ for part in coil.elements],
        "didt_max_A_per_s": coil.didt_max_A_per_s,
        "casing": coil.casing is not None,
        "waveform": coil.waveform.name if coil.waveform else None,
        "source": coil.source,
        "status": coil.status,
        "note": coil.note,
    }
    print_facts(facts, as_json)
