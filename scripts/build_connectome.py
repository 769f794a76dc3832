"""Build src/tmsim/network/data/enigma-82.npz: how strongly 82 regions are connected, and how far apart.

Inputs, all public, of the ENIGMA toolbox (BSD-3-Clause; derived from Human Connectome Project data):

- ``strucMatrix_with_sctx.csv``: streamlines of the group, log-scaled;
- ``funcMatrix_with_sctx.csv``: functional connectivity of the group, Fisher z, negative values set to 0;
- ``strucLabels_with_sctx.csv`` and ``funcLabels_with_sctx.csv``.

    python scripts/build_connectome.py ENIGMA_FOLDER

The toolbox has no lengths of tracts. They are taken as straight lines between the centres of regions: in the
cortex the mean position of a region's vertices on fsaverage5 (``tmsim/head/data/regions``), below it round
MNI coordinates that were recalled, not measured. An error of 5 mm there is 1 ms of conduction.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1] / "src" / "tmsim"
OUT = ROOT / "network" / "data" / "enigma-82.npz"
SUBCORTICAL_MNI_MM = {
    "accumb": (10, 11, -7),
    "amyg": (23, -4, -18),
    "caud": (13, 10, 10),
    "hippo": (26, -22, -14),
    "pal": (20, -4, -1),
    "put": (25, 1, 0),
    "thal": (11, -18, 7),
}


def labels_of(path: Path) -> list[str]:
    """The one line of a labels file."""
    return path.read_text().strip().split(",")


def centres_m(labels: list[str]) -> np.ndarray:
    """The centre of each region, (n, 3), in MNI152. [m]"""
    with np.load(ROOT / "head" / "data" / "regions" / "desikan_killiany.npz") as atlas:
        names, region, vertices_m = atlas["names"], atlas["region"], atlas["mni_tenth_mm"] * 1e-4
    cortical = {str(name): vertices_m[region == k].mean(axis=0) for k, name in enumerate(names)}
    for side, sign in (("L", -1), ("R", 1)):
        for name, (x, y, z) in SUBCORTICAL_MNI_MM.items():
            cortical[side + name] = np.array([sign * x, y, z]) * 1e-3
    return np.array([cortical[label] for label in labels])


def main(enigma: Path) -> None:
    """Read the sources, check them against what must be so, write the archive and the licence beside it."""
    labels = labels_of(enigma / "strucLabels_with_sctx.csv")
    assert labels == labels_of(enigma / "funcLabels_with_sctx.csv")
    weights = np.loadtxt(enigma / "strucMatrix_with_sctx.csv", delimiter=",")
    fisher_z = np.loadtxt(enigma / "funcMatrix_with_sctx.csv", delimiter=",")
    assert weights.shape == fisher_z.shape == (len(labels), len(labels))
    assert (weights == weights.T).all()
    assert (fisher_z == fisher_z.T).all()
    assert fisher_z.max() > 1  # so they can't be correlations
    centre_m = centres_m(labels)
    lengths_m = np.linalg.norm(centre_m[:, None] - centre_m[None], axis=2)
    functional = np.tanh(fisher_z)
    np.fill_diagonal(functional, 1.0)

    OUT.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        OUT,
        labels=np.array(labels),
        weights=weights,
        lengths_m=np.round(lengths_m, 4),
        functional=np.round(functional, 5),
    )
    shutil.copyfile(enigma / "LICENSE-ENIGMA", OUT.parent / "LICENSE-ENIGMA")
    print(f"{OUT.name}: {len(labels)} regions, {OUT.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
