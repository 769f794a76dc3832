"""Build src/tmsim/head/data/regions/desikan_killiany.npz: cortical regions by MNI position.

Inputs, all public:

- ``aparc_fsa5.csv`` and ``strucLabels_with_sctx.csv`` of the ENIGMA toolbox (BSD-3-Clause): the region
  of each fsaverage5 vertex, left hemisphere then right, and the names of the regions;
- fsaverage5 pial and white surfaces as GIFTI, as nilearn carries them
  (``nilearn/datasets/data/fsaverage5``).

    python scripts/build_regions.py ENIGMA_FOLDER FSAVERAGE5_FOLDER

The vertex numbers follow FreeSurfer's colour table: 0 unknown, 1 to 35 the left hemisphere with 4 the
corpus callosum, 36 to 70 the right with 39; the names skip both corpora callosa. Positions are the mean
of pial and white, taken from MNI305 to MNI152 by FreeSurfer's matrix, in steps of 0.1 mm.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from nibabel.gifti.gifti import GiftiImage

MNI305_TO_MNI152 = np.array(
    [
        [0.9975, -0.0073, 0.0176, -0.0429],
        [0.0146, 1.0009, -0.0024, 1.5496],
        [-0.0130, -0.0093, 0.9971, 1.1840],
    ]
)
CORPUS_CALLOSUM = (4, 39)
OUT = Path(__file__).parents[1] / "src" / "tmsim" / "head" / "data" / "regions" / "desikan_killiany.npz"


def main(enigma: Path, fsaverage5: Path) -> None:
    """Read the sources, check the numbering against anatomy, write the archive."""
    codes = np.loadtxt(enigma / "aparc_fsa5.csv", dtype=int)
    names = (enigma / "strucLabels_with_sctx.csv").read_text().strip().split(",")[:68]

    positions = []
    for side in ("left", "right"):
        pial, white = (
            GiftiImage.from_filename(fsaverage5 / f"{layer}_{side}.gii.gz").agg_data("pointset")
            for layer in ("pial", "white")
        )
        positions.append((np.asarray(pial, dtype=float) + np.asarray(white, dtype=float)) / 2)
    mni_mm = np.concatenate(positions) @ MNI305_TO_MNI152[:, :3].T + MNI305_TO_MNI152[:, 3]
    assert codes.shape == (len(mni_mm),)

    cortical = np.setdiff1d(np.arange(1, 71), CORPUS_CALLOSUM)
    kept = np.isin(codes, cortical)
    region = np.searchsorted(cortical, codes[kept])
    mni_mm = mni_mm[kept]
    centre = {name: mni_mm[region == k].mean(axis=0) for k, name in enumerate(names)}
    assert all((centre[name][0] < 0) == name.startswith("L_") for name in names)
    # The order of FreeSurfer's table, held against places that cannot be mistaken.
    assert centre["L_precentral"][1] > centre["L_postcentral"][1] > centre["L_superiorparietal"][1]
    assert centre["L_frontalpole"][1] == max(c[1] for c in centre.values() if c[0] < 0)
    assert min(centre, key=lambda name: centre[name][1]).endswith(("pericalcarine", "lateraloccipital"))
    assert centre["R_insula"][0] > 30
    assert centre["R_paracentral"][0] < 15

    OUT.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        OUT,
        mni_tenth_mm=np.round(mni_mm * 10).astype(np.int16),
        region=region.astype(np.uint8),
        names=np.array(names),
    )
    print(f"{OUT.name}: {len(region)} vertices, {len(names)} regions, {OUT.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
