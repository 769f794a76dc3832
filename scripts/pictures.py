"""The pictures of README and documentation, made from the public API: ``python scripts/pictures.py``."""

from __future__ import annotations

from pathlib import Path

import tmsim
from tmsim.report import magnitude_figure

PICTURE = Path(__file__).parents[1] / "docs" / "assets" / "colin27-f3.png"


def main() -> None:
    """|E| on the cortex of the built-in head, a 70 mm figure-8 over F3."""
    head = tmsim.Head.load("colin27")
    coil = tmsim.Coil.load("magstim-70mm-fig8")
    pose = tmsim.place(head, coil, target="F3", angle="45 deg")
    field = tmsim.simulate(head, coil, pose)
    metrics = tmsim.summarize(head, field)
    PICTURE.parent.mkdir(exist_ok=True)
    figure = magnitude_figure(head, coil, pose, field, metrics)
    figure.savefig(PICTURE, dpi=110, bbox_inches="tight", facecolor="white")


if __name__ == "__main__":
    main()
