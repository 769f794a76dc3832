"""Rebuild the built-in head ``colin27`` from its public sources."""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path

import nibabel
import numpy as np
import tomli_w
import trimesh

from tmsim.head.builtin import DATA, pack_mesh, unpack_mesh

LIFE_SCALE = 0.92
"""MNI heads are larger than life: 1.96 l of intracranial volume become 1.53 l."""

# Scalp positions in MNI space (Jurcak2007), in mm; the right ear mirrors the left.
FIDUCIALS_MNI_mm = {
    "nasion": (0.0, 82.9, -43.0),
    "inion": (0.0, -116.2, -30.5),
    "lpa": (-79.6, -20.6, -48.6),
    "rpa": (79.6, -20.6, -48.6),
}

ABOUT = {
    "title": "Colin27, the average of 27 T1 scans of one person (Holmes1998), at life size",
    "licence": (
        "The scan is ch2.nii.gz of the Debian package mricron-data, which Debian lists as BSD-3-Clause as a whole. "
        "The McConnell Brain Imaging Centre (MNI) is known to give Colin27 away under a permissive notice of its "
        "own; that notice was not found in the package. Labels and mesh made from it: BSD-3-Clause."
    ),
    "sources": [
        "ch2.nii.gz, Colin27 T1 in MNI space, 181x217x181 voxels of 1 mm: Debian package mricron-data",
        "SAMSEG (PyPI samseg 0.4a0), run as a separate program: tissue posteriors",
        "CGAL through the Debian package python3-pygalmesh, run as a separate program: tetrahedra",
    ],
    "recipe": [
        "posteriors to clean, nested labels at 0.75 mm",
        "labels blurred (1 mm; white matter and CSF favoured by 1.06) and resampled to 0.5 mm",
        "at least 1.5 mm of CSF between brain and bone or scalp, and of grey matter over white (between voxels)",
        "that separation is a model choice: it made CSF of 19 ml of bone and scalp, and grey of 9.5 ml of white",
        "tetrahedra: cells of 2.6 mm in brain and CSF and 4.5 mm elsewhere, facets 2.15 mm, distance 0.5 mm",
        "remaining contacts of brain with bone relabelled, border nodes moved to the level set, slivers removed",
        "scaled by 0.92 about the MNI origin to life size",
    ],
    "known_defects": [
        "Scalp is too thick: median 9.5 mm on the vault, 3 to 7 mm expected.",
        "A bright band was read as fat of the scalp; if it is diploe, some 6 mm move from scalp to skull.",
        "CSF is over-called: falx and venous sinuses are in it.",
        "The pial surface is rough at the occipital pole and the cerebellum.",
        "The field of view clips the ears and the tip of the nose and cuts the neck flat.",
        "Segmented from T1 alone: no CT and no manual labels stood against it.",
    ],
}


def outer_triangles(tets: np.ndarray) -> np.ndarray:
    """Faces that belong to one tetrahedron only, facing outward."""
    faces = np.concatenate([tets[:, f] for f in ([1, 2, 3], [0, 3, 2], [0, 1, 3], [0, 2, 1])])
    _, first, count = np.unique(np.sort(faces, axis=1), axis=0, return_index=True, return_counts=True)
    return faces[first[count == 1]]


def fiducials_on_skin(nodes_m: np.ndarray, tets: np.ndarray) -> dict[str, list[float]]:
    """The Jurcak landmarks, scaled to life size and moved to the nearest point of this head's skin. [m]"""
    skin = trimesh.Trimesh(nodes_m, outer_triangles(tets), process=False)
    # The air of the sinuses has a surface too; the skin is the largest.
    skin = max(skin.split(only_watertight=False), key=lambda part: len(part.faces))
    wanted = np.array(list(FIDUCIALS_MNI_mm.values())) * LIFE_SCALE * 1e-3
    nearest, distance_m, _ = trimesh.proximity.closest_point_naive(skin, wanted)
    for name, d in zip(FIDUCIALS_MNI_mm, distance_m, strict=True):
        print(f"{name}: moved {d * 1e3:.1f} mm to the skin")
    return {name: np.round(p, 6).tolist() for name, p in zip(FIDUCIALS_MNI_mm, nearest, strict=True)}


def write_head(folder: Path, nodes_mm: np.ndarray, tets: np.ndarray, tags: np.ndarray, labels: Path) -> None:
    """Stage g: scale a mesh and a label volume in MNI space to life size and write the files of the package."""
    folder.mkdir(parents=True, exist_ok=True)
    pack_mesh(folder / "mesh.npz", nodes_mm * LIFE_SCALE * 1e-3, tets, tags)
    nodes_m, tets, tags = unpack_mesh(folder / "mesh.npz")
    image = nibabel.load(labels)
    scaled = nibabel.Nifti1Image(
        np.asarray(image.dataobj).astype(np.uint8), np.diag([LIFE_SCALE] * 3 + [1.0]) @ image.affine
    )
    # No time stamp inside, so that the same labels give the same file.
    (folder / "labels.nii.gz").write_bytes(gzip.compress(scaled.to_bytes(), compresslevel=9, mtime=0))
    about = {
        **ABOUT,
        "head_to_mni": np.diag([1 / LIFE_SCALE] * 3 + [1.0]).tolist(),
        "fiducials_m": fiducials_on_skin(nodes_m, tets),
    }
    (folder / "head.toml").write_text(tomli_w.dumps(about, multiline_strings=True), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mesh", type=Path)
    parser.add_argument("labels", type=Path)
    args = parser.parse_args()
    with np.load(args.mesh) as mesh:
        write_head(DATA / "colin27", mesh["nodes_mm"].astype(float), mesh["tets"], mesh["tags"], args.labels)
