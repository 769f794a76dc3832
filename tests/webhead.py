"""A small head for tests of the page: folded spheres in a file, as a user would bring one, and its basis."""

from __future__ import annotations

from pathlib import Path

from spheres import ellipsoid, mapped, sphere_head, write_mesh
from tmsim.core.cache import Cache
from tmsim.field import BasisSpec, FieldBasis
from tmsim.plan.types import HeadPlan
from tmsim.web.bench import Bench

SPEC = BasisSpec(sources=80, samples=200, modes=32)


def write_head(path: Path, cell_m: float = 0.009) -> Path:
    """Five tissues, stretched to the proportions of a head, so that no symmetry hides a wrong frame."""
    radii_m, tags = (0.066, 0.078, 0.080, 0.086, 0.092), (1, 2, 3, 4, 5)
    return write_mesh(path, mapped(sphere_head(radii_m, tags, cell_m=cell_m), ellipsoid))


def ready_bench(head: Path, cache: Cache) -> Bench:
    """A bench on that head whose basis is in the cache already."""
    bench = Bench(HeadPlan(source=str(head)), spec=SPEC, cache=cache)
    FieldBasis.load_or_build(bench.head, SPEC, cache=cache)
    return bench
