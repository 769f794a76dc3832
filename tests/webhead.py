"""A small head for tests of the page: folded spheres in a file, as a user would bring one, and its basis."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from spheres import ellipsoid, mapped, sphere_head
from tmsim.core.cache import Cache
from tmsim.field import BasisSpec, FieldBasis
from tmsim.formats import msh
from tmsim.head import Head
from tmsim.plan.types import HeadPlan
from tmsim.web.bench import Bench

SPEC = BasisSpec(sources=80, samples=200, modes=32)


def write_head(path: Path, cell_m: float = 0.009) -> Path:
    """Five tissues, stretched to the proportions of a head, so that no symmetry hides a wrong frame."""
    radii_m, tags = (0.066, 0.078, 0.080, 0.086, 0.092), (1, 2, 3, 4, 5)
    return write_mesh(path, mapped(sphere_head(radii_m, tags, cell_m=cell_m), ellipsoid))


def write_mesh(path: Path, head: Head) -> Path:
    """Any head as a gmsh file."""
    mesh = msh.MshFile(
        nodes_mm=head.nodes_m * 1e3,
        tets=head.tets,
        tet_tags=head.tags,
        triangles=np.empty((0, 3), np.int32),
        triangle_tags=np.empty(0, np.int32),
        tet_data={},
    )
    msh.write(path, mesh)
    return path


def ready_bench(head: Path, cache: Cache) -> Bench:
    """A bench on that head whose basis is in the cache already."""
    bench = Bench(HeadPlan(source=str(head)), spec=SPEC, cache=cache)
    FieldBasis.load_or_build(bench.head, SPEC, cache=cache)
    return bench
