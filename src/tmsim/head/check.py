"""What a mesh is like: sizes, quality, anatomy, and what is wrong or odd about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from tmsim.core import IntArray
from tmsim.head.faults import Fault, MeshArrays, find_faults
from tmsim.head.load import read_mesh
from tmsim.head.parameters import BRAIN_TAGS, CSF, TISSUES
from tmsim.head.quality import aspect, edge_lengths_m, matched_faces, signed_volumes_m3, smallest_dihedral_deg
from tmsim.head.types import Head

SLIVER_deg = 5.0
INTRACRANIAL_ml = (1000.0, 1900.0)
"""Brain and CSF of living adults lie between these, roughly; MNI-sized heads lie above."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Percentiles of a quantity."""

    p01: float
    p05: float
    median: float
    p95: float
    p99: float
    smallest: float
    largest: float


@dataclass(frozen=True, kw_only=True)
class HeadReport:
    """The findings of `check`.

    ``faults`` keep the head from loading; ``remarks`` are sentences on what is odd but can be solved.
    The scalp-cortex distance is that of the upper half of the brain, None without brain tissue.
    """

    name: str
    n_nodes: int
    n_tets: int
    extent_mm: tuple[float, float, float]
    tets_by_tissue: dict[str, int]
    volumes_ml: dict[str, float]
    intracranial_ml: float
    edge_mm: Spread
    smallest_dihedral_deg: Spread
    aspect: Spread
    scalp_cortex_mm: Spread | None
    brain_contacts: dict[str, int]
    faults: tuple[Fault, ...]
    remarks: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether the head loads as it is."""
        return not self.faults

    def as_dict(self) -> dict[str, Any]:
        """The report as plain numbers, texts, lists and dictionaries, for JSON."""
        return {"sound": self.sound, **asdict(self)}

    def as_text(self) -> str:
        """The report for a terminal."""
        lines = [
            f"{self.name}: {self.n_tets:,} tetrahedra, {self.n_nodes:,} nodes, "
            + " x ".join(f"{v:.0f}" for v in self.extent_mm)
            + " mm",
            "",
            f"{'tissue':<16}{'tetrahedra':>12}{'volume':>12}",
        ]
        for tissue, count in self.tets_by_tissue.items():
            lines.append(f"{tissue:<16}{count:>12,}{self.volumes_ml[tissue]:>9.1f} ml")
        lines += ["", f"brain and CSF   {self.intracranial_ml:.0f} ml"]
        if self.scalp_cortex_mm:
            d = self.scalp_cortex_mm
            lines.append(f"scalp to cortex {d.median:.1f} mm (5 to 95 %: {d.p05:.1f} to {d.p95:.1f} mm)")
        angle, ratio, edge = self.smallest_dihedral_deg, self.aspect, self.edge_mm
        lines += [
            f"edges           {edge.median:.2f} mm (1 to 99 %: {edge.p01:.2f} to {edge.p99:.2f} mm)",
            f"smallest angle  {angle.smallest:.1f} deg (1 %: {angle.p01:.1f}, median {angle.median:.1f} deg)",
            f"aspect          {ratio.largest:.1f} at most (99 %: {ratio.p99:.2f}, median {ratio.median:.2f})",
            "",
        ]
        for fault in self.faults:
            cure = f"; --repair: {fault.repair}" if fault.repair else "; can't be repaired here"
            lines.append(f"fault   {fault.found}; expected {fault.expected}{cure}")
        lines += [f"remark  {remark}" for remark in self.remarks]
        lines.append("sound" if self.sound else "not sound: a field can't be computed on it as it is")
        return "\n".join(lines)


def check(source: Head | str | Path) -> HeadReport:
    """Examine a head, or a file as it is: faults are reported here, while `Head.load` refuses them.

    Raises
    ------
    InputError
        The file can't be read at all.
    """
    if isinstance(source, Head):
        return examine(MeshArrays(nodes_m=source.nodes_m, tets=source.tets, tags=source.tags), source.name)
    return examine(read_mesh(source), str(source))


def examine(mesh: MeshArrays, name: str) -> HeadReport:
    """`check` on arrays."""
    faults = find_faults(mesh)
    nodes_m, tets, tags = mesh.nodes_m, mesh.tets, mesh.tags
    if any(fault.name == "non-finite nodes" for fault in faults):
        sound = np.isfinite(nodes_m[tets]).all(axis=(1, 2))
        tets, tags = tets[sound], tags[sound]
    volumes_ml = np.abs(signed_volumes_m3(nodes_m, tets)) * 1e6
    present = np.unique(tags).tolist()
    label = {tag: TISSUES[tag].label if tag in TISSUES else f"tag {tag}" for tag in present}
    by_tag = {tag: float(volumes_ml[tags == tag].sum()) for tag in present}
    intracranial_ml = sum(by_tag.get(tag, 0.0) for tag in (*BRAIN_TAGS, CSF))
    angles = smallest_dihedral_deg(nodes_m, tets)
    contacts, outer_nodes = _contacts(tets, tags, label)
    return HeadReport(
        name=name,
        n_nodes=len(mesh.nodes_m),
        n_tets=len(mesh.tets),
        extent_mm=tuple((1e3 * np.ptp(nodes_m[tets], axis=(0, 1))).tolist())
        if len(tets)
        else (0.0, 0.0, 0.0),
        tets_by_tissue={label[tag]: int(np.count_nonzero(tags == tag)) for tag in present},
        volumes_ml={label[tag]: by_tag[tag] for tag in present},
        intracranial_ml=intracranial_ml,
        edge_mm=_spread(1e3 * edge_lengths_m(nodes_m, tets)),
        smallest_dihedral_deg=_spread(angles),
        aspect=_spread(aspect(nodes_m, tets)),
        scalp_cortex_mm=_scalp_cortex_mm(mesh, outer_nodes),
        brain_contacts=contacts,
        faults=faults,
        remarks=tuple(_remarks(angles, contacts, intracranial_ml)),
    )


def _contacts(tets: IntArray, tags: IntArray, label: dict[int, str]) -> tuple[dict[str, int], np.ndarray]:
    """Faces of the brain against each tissue other than brain and CSF, and the nodes of the outer border."""
    order, starts = matched_faces(tets)
    sizes = np.diff(starts, append=len(order))
    single = order[starts[sizes == 1]]
    pair = starts[sizes == 2]
    one, other = tags[order[pair] // 4], tags[order[pair + 1] // 4]
    contacts: dict[str, int] = {}
    for a, b in ((one, other), (other, one)):
        against = b[np.isin(a, BRAIN_TAGS) & ~np.isin(b, (*BRAIN_TAGS, CSF))]
        for tag, count in zip(*(v.tolist() for v in np.unique(against, return_counts=True)), strict=True):
            contacts[label[tag]] = contacts.get(label[tag], 0) + count
    bare = int(np.isin(tags[single // 4], BRAIN_TAGS).sum())
    if bare:
        contacts["air"] = bare
    opposite = single % 4
    corners = tets[single // 4]
    return contacts, np.unique(corners[np.arange(4) != opposite[:, None]])


def _scalp_cortex_mm(mesh: MeshArrays, outer_nodes: np.ndarray) -> Spread | None:
    brain = np.unique(mesh.tets[np.isin(mesh.tags, BRAIN_TAGS)])
    beside = np.unique(mesh.tets[~np.isin(mesh.tags, BRAIN_TAGS)])
    pial = np.intersect1d(brain, beside, assume_unique=True)
    pial = pial[np.isfinite(mesh.nodes_m[pial]).all(axis=1)]
    if not len(pial) or not len(outer_nodes):
        return None
    points_m = mesh.nodes_m[pial]
    # The upper half, and of it what no other brain hides: gyral crowns lie in the outer shell of the brain.
    points_m = points_m[points_m[:, 2] > np.median(points_m[:, 2])]
    skin_m = mesh.nodes_m[outer_nodes]
    middle_m = skin_m.mean(axis=0)
    directions = (points_m - middle_m) / np.linalg.norm(points_m - middle_m, axis=1, keepdims=True)
    bins = np.unique(np.round(directions * 12).astype(int), axis=0, return_inverse=True)[1].ravel()
    order = np.lexsort((-np.linalg.norm(points_m - middle_m, axis=1), bins))
    crowns = order[np.r_[True, np.diff(bins[order]) > 0]]
    return _spread(1e3 * cKDTree(skin_m).query(points_m[crowns])[0])


def _remarks(angles: np.ndarray, contacts: dict[str, int], intracranial_ml: float) -> list[str]:
    remarks = []
    slivers = np.count_nonzero(angles < SLIVER_deg)
    if slivers:
        remarks.append(
            f"{slivers} tetrahedra have an angle below {SLIVER_deg:g} degrees: fields there are poor"
        )
    for tissue, count in contacts.items():
        remarks.append(
            f"the brain touches {tissue} at {count} faces: the field is singular where three tissues meet"
        )
    low, high = INTRACRANIAL_ml
    if not low <= intracranial_ml <= high:
        remarks.append(
            f"brain and CSF take {intracranial_ml:.0f} ml, outside the {low:.0f} to {high:.0f} ml of adults"
        )
    return remarks


def _spread(values: np.ndarray) -> Spread:
    flat = values.ravel()
    if not len(flat):
        return Spread(p01=0, p05=0, median=0, p95=0, p99=0, smallest=0, largest=0)
    p01, p05, median, p95, p99 = np.percentile(flat, [1, 5, 50, 95, 99]).tolist()
    return Spread(
        p01=p01,
        p05=p05,
        median=median,
        p95=p95,
        p99=p99,
        smallest=float(flat.min()),
        largest=float(flat.max()),
    )
