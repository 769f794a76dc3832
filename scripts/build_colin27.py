"""Rebuild the built-in head ``colin27`` from its public sources.

    python scripts/build_colin27.py OUT --posteriors FOLDER --t1 ch2.nii.gz     # all stages after SAMSEG
    python scripts/build_colin27.py OUT --labels labels_0p75mm.nii.gz           # from clean labels on
    python scripts/build_colin27.py OUT --labels ... --mesh mesh.npz            # pack a mesh that is there

a. The T1 is ``/usr/share/mricron/templates/ch2.nii.gz`` of the Debian package mricron-data.
b. SAMSEG (PyPI samseg 0.4a0; it needs numpy < 2, hence an environment of its own) makes the posteriors::

       run_samseg -i ch2.nii.gz -o FOLDER --threads 1 --save-posteriors

c. Posteriors to clean, nested labels at 0.75 mm (``colin27_labels.py``).
d. Labels blurred at 0.5 mm and tissues separated.
e. Tetrahedra: by CGAL in a process of its own (``cgal_mesh.py``; ``--mesher cgal``), or on our own lattice
   (``--mesher lattice``).
f. Contacts of brain with bone relabelled, borders fitted, slivers removed.
g. Scaled to life size and written with the metadata.

Stages a to f work at MNI size.

Repeated once from the T1, stages a to c gave the shipped labels again with Dice 0.996 (white matter), 0.997
(grey), 0.998 (CSF), 0.999 (bone), 1.000 (scalp) and 0.983 (eyes). Stages d to g from the shipped labels gave
1.04 million tetrahedra with volumes within 1.1 % of the shipped mesh and a smallest angle of 5.4 degrees
(shipped: 4.1); the lattice, 1.13 million and 8.5 degrees, with 5 % more grey matter and 11 % less bone.
"""

from __future__ import annotations

import argparse
import gzip
import subprocess
import tempfile
import tomllib
from pathlib import Path

import nibabel
import numpy as np
import tomli_w
from colin27_labels import clean_labels
from scipy import ndimage

from tmsim.head import Head, Labels, Origin
from tmsim.head.builtin import pack_mesh, unpack_mesh
from tmsim.head.check import examine
from tmsim.head.faults import MeshArrays
from tmsim.head.lattice import (
    blurred_indicators,
    clean_contacts,
    fit_borders,
    mesh_labels,
    remove_slivers,
    separated,
)
from tmsim.head.locate import nearest_on_surface

LIFE_SCALE = 0.92
"""MNI heads are larger than life: 1.96 l of intracranial volume become 1.53 l."""

FINE_mm = 0.5

# Scalp positions in MNI space (Jurcak2007), in mm; the right ear mirrors the left.
FIDUCIALS_MNI_mm = {
    "nasion": (0.0, 82.9, -43.0),
    "inion": (0.0, -116.2, -30.5),
    "lpa": (-79.6, -20.6, -48.6),
    "rpa": (79.6, -20.6, -48.6),
}


def softened(tags: np.ndarray, voxel_mm: float, sigma_mm: float = 1.0) -> np.ndarray:
    """Stage d: the label whose blurred indicator is largest, on a grid of ``FINE_mm``; one connected head."""
    shape = tuple(int((n - 1) * voxel_mm / FINE_mm) + 1 for n in tags.shape)
    best, out = np.full(shape, -1.0, np.float32), np.zeros(shape, np.uint8)
    for tag in np.unique(tags).tolist():
        soft = ndimage.gaussian_filter((tags == tag).astype(np.float32), sigma_mm / voxel_mm)
        soft = ndimage.affine_transform(soft, np.full(3, FINE_mm / voxel_mm), output_shape=shape, order=1)
        soft *= {1: 1.06, 3: 1.06}.get(tag, 1.0)
        better = soft > best
        best[better], out[better] = soft[better], tag
    parts, _ = ndimage.label(out > 0)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    out[parts != sizes.argmax()] = 0
    return out


def cgal(tags: np.ndarray, python: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stage e: nodes in mm from the first voxel's centre, tetrahedra and tags, by CGAL in its own process."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "labels.npy", Path(folder) / "mesh.npz"
        np.save(source, tags)
        program = Path(__file__).with_name("cgal_mesh.py")
        subprocess.run(
            [python, str(program), str(source), str(FINE_mm), str(target)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        with np.load(target) as mesh:
            nodes_mm, tets, mesh_tags = mesh["nodes_mm"], mesh["tets"], mesh["tags"]
    used, where = np.unique(tets, return_inverse=True)
    return nodes_mm[used], where.reshape(-1, 4).astype(np.int32), mesh_tags


def finished(
    nodes_mm: np.ndarray, tets: np.ndarray, mesh_tags: np.ndarray, tags: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stage f: the mesh without contacts, its borders on the level sets of ``tags``, its slivers removed."""
    mesh_tags = clean_contacts(nodes_mm, tets, mesh_tags)
    voxel_mm = np.full(3, FINE_mm)
    indicators = blurred_indicators(tags, voxel_mm)
    nodes_mm = nodes_mm.copy()
    where = fit_borders(nodes_mm, tets, mesh_tags, indicators, 1 / voxel_mm, 0.4, rounds=6)
    remove_slivers(nodes_mm, tets, np.where(where.on_border, 0.3, 2.0), rounds=60)
    return nodes_mm, tets, mesh_tags


def fiducials_on_skin(nodes_m: np.ndarray, tets: np.ndarray, tags: np.ndarray) -> dict[str, list[float]]:
    """The Jurcak landmarks, scaled to life size and moved to the nearest point of this head's skin. [m]"""
    head = Head(name="", nodes_m=nodes_m, tets=tets, tags=tags, origin=Origin(source="", sha256=""))
    wanted = np.array(list(FIDUCIALS_MNI_mm.values())) * LIFE_SCALE * 1e-3
    nearest = nearest_on_surface(head.skin, wanted)
    for name, d in zip(FIDUCIALS_MNI_mm, nearest.distance_m, strict=True):
        print(f"{name}: moved {abs(d) * 1e3:.1f} mm to the skin")
    return {name: np.round(p, 6).tolist() for name, p in zip(FIDUCIALS_MNI_mm, nearest.points_m, strict=True)}


def write_head(
    folder: Path, nodes_mm: np.ndarray, tets: np.ndarray, mesh_tags: np.ndarray, labels: nibabel.Nifti1Image
) -> None:
    """Stage g: scale a mesh and a label volume in MNI space to life size and write the package's files."""
    folder.mkdir(parents=True, exist_ok=True)
    pack_mesh(folder / "mesh.npz", nodes_mm * LIFE_SCALE * 1e-3, tets, mesh_tags)
    nodes_m, tets, mesh_tags = unpack_mesh(folder / "mesh.npz")
    scaled = nibabel.Nifti1Image(
        np.asarray(labels.dataobj).astype(np.uint8), np.diag([LIFE_SCALE] * 3 + [1.0]) @ labels.affine
    )
    # No time stamp inside, so that the same labels give the same file.
    (folder / "labels.nii.gz").write_bytes(gzip.compress(scaled.to_bytes(), compresslevel=9, mtime=0))
    about = {
        **tomllib.loads(Path(__file__).with_name("colin27.toml").read_text(encoding="utf-8")),
        "head_to_mni": np.diag([1 / LIFE_SCALE] * 3 + [1.0]).tolist(),
        "fiducials_m": fiducials_on_skin(nodes_m, tets, mesh_tags),
    }
    (folder / "head.toml").write_text(tomli_w.dumps(about, multiline_strings=True), encoding="utf-8")
    print(examine(MeshArrays(nodes_m=nodes_m, tets=tets, tags=mesh_tags), folder.name).as_text())


def tetrahedra(
    labels: nibabel.Nifti1Image, mesher: str, python: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stages d to f: nodes in MNI space [mm], tetrahedra and tags."""
    tags, voxel_mm = np.asarray(labels.dataobj).astype(np.uint8), float(labels.affine[0, 0])
    if mesher == "lattice":
        affine_m = np.diag([1e-3, 1e-3, 1e-3, 1.0]) @ labels.affine
        mesh = mesh_labels(Labels(tags=tags, affine_m=affine_m), cell_m=0.0028 / LIFE_SCALE)
        return mesh.nodes_m * 1e3, mesh.tets, mesh.tags
    fine = separated(softened(tags, voxel_mm), np.full(3, FINE_mm))
    nodes_mm, tets, mesh_tags = finished(*cgal(fine, python), fine)
    return nodes_mm + labels.affine[:3, 3], tets, mesh_tags


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, help="folder for the three files, src/tmsim/head/data/colin27")
    parser.add_argument("--t1", type=Path, help="ch2.nii.gz")
    parser.add_argument("--posteriors", type=Path, help="output folder of SAMSEG")
    parser.add_argument("--labels", type=Path, help="clean labels in MNI space, instead of the two above")
    parser.add_argument(
        "--mesh", type=Path, help="a mesh in MNI space (nodes_mm, tets, tags), instead of meshing"
    )
    parser.add_argument("--mesher", choices=("cgal", "lattice"), default="cgal")
    parser.add_argument("--pygalmesh-python", default="/usr/bin/python3", help="a Python that has pygalmesh")
    args = parser.parse_args()
    if args.labels:
        labels = nibabel.Nifti1Image.from_filename(args.labels)
    elif args.t1 and args.posteriors:
        labels = clean_labels(args.t1, args.posteriors)
    else:
        parser.error("give --labels, or --t1 and --posteriors")
    if args.mesh:
        with np.load(args.mesh) as mesh:
            parts = mesh["nodes_mm"].astype(float), mesh["tets"], mesh["tags"]
    else:
        parts = tetrahedra(labels, args.mesher, args.pygalmesh_python)
    write_head(args.out, *parts, labels)


if __name__ == "__main__":
    main()
