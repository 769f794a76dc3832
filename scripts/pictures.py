"""The pictures of README and documentation, made from the public API: ``python scripts/pictures.py``."""

from __future__ import annotations

from pathlib import Path

import tmsim
from tmsim.report import magnitude_figure
from tmsim.report.search import search_figure
from tmsim.search import MeanVector, search

ASSETS = Path(__file__).parents[1] / "docs" / "assets"


def main() -> None:
    """Write both."""
    ASSETS.mkdir(exist_ok=True)
    head = tmsim.Head.load("colin27")
    coil = tmsim.Coil.load("magstim-70mm-fig8")
    field_over_f3(head, coil)
    best_for_the_hand(head, coil)


def field_over_f3(head: tmsim.Head, coil: tmsim.Coil) -> None:
    """|E| on the cortex of the built-in head, a 70 mm figure-8 over F3."""
    pose = tmsim.place(head, coil, target="F3", angle="45 deg")
    field = tmsim.simulate(head, coil, pose)
    metrics = tmsim.summarize(head, field)
    figure = magnitude_figure(head, coil, pose, field, metrics)
    figure.savefig(ASSETS / "colin27-f3.png", dpi=110, bbox_inches="tight", facecolor="white")


def best_for_the_hand(head: tmsim.Head, coil: tmsim.Coil) -> None:
    """A search over the left hand area: the map of the scalp, the best place, the handle."""
    found = search(head, coil, "hand-knob-left", MeanVector())
    figure = search_figure(head, [coil], found)
    figure.savefig(ASSETS / "target-hand-knob.png", dpi=150, facecolor="white")


if __name__ == "__main__":
    main()
