"""Local refinement: tetrahedra split in eight where asked, and their neighbours so that all edges meet.

Red and green refinement, after Bey1995. Marked tetrahedra are split in eight at the middles of their edges
("red"), the octahedron inside along its shortest diagonal. A neighbour with middles on one edge, on two
opposite ones or on the three of a face is cut in two or four ("green"); with any others it is split in eight
too. Green pieces are never split themselves: their whole tetrahedron is, when its turn comes. So shapes stay
bounded however often a place is refined.

Range: borders of tissues keep their facets, so this brings a field nearer to that of the head as meshed, not
to a smoother one. No node moves and volumes stay as they are. Equal input gives equal bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tmsim.core import FloatArray, InputError, IntArray, read_only
from tmsim.head.locate import barycentric_gradients
from tmsim.head.quality import EDGES, FACES
from tmsim.head.types import Cortex, Head

Indices = npt.NDArray[np.int64]

# Pieces of a tetrahedron by local number: 0 to 3 its corners, 4 to 9 the middles of EDGES.
_CORNERS = ((0, 4, 5, 6), (4, 1, 7, 8), (5, 7, 2, 9), (6, 8, 9, 3))
_DIAGONALS = ((4, 9), (5, 8), (6, 7))
_RINGS = ((5, 6, 8, 7), (4, 7, 9, 6), (4, 5, 9, 8))  # what goes round each diagonal
_RED = tuple(
    np.array(_CORNERS + tuple((p, q, ring[k], ring[(k + 1) % 4]) for k in range(4)))
    for (p, q), ring in zip(_DIAGONALS, _RINGS, strict=True)
)
_WHOLE = 63  # the pattern of a tetrahedron with all six edges split; bit k stands for edge k


def _bisected(pieces: Sequence[Sequence[int]], edge: int) -> list[list[int]]:
    """Each piece in two: the middle of an edge stands for either end of it."""
    return [[4 + edge if v == end else v for v in piece] for piece in pieces for end in EDGES[edge]]


def _green() -> dict[int, npt.NDArray[np.int64]]:
    """Pieces by pattern of split edges, for the patterns that need no splitting in eight."""
    table: dict[int, list[list[int]]] = {0: [[0, 1, 2, 3]]}
    for k in range(6):
        table[1 << k] = _bisected(table[0], k)
    for k in range(3):  # opposite edges
        table[1 << k | 1 << (5 - k)] = _bisected(table[1 << k], 5 - k)
    for face in FACES:
        a, b, c = face
        ab, bc, ca = (4 + EDGES.index((min(e), max(e))) for e in ((a, b), (b, c), (c, a)))
        whole = dict.fromkeys(range(4))
        cuts = ({b: ab, c: ca}, {a: ab, c: bc}, {a: ca, b: bc}, {a: ab, b: bc, c: ca})
        code = sum(1 << (middle - 4) for middle in (ab, bc, ca))
        table[code] = [[cut.get(v, v) for v in whole] for cut in cuts]
    return {code: np.array(pieces) for code, pieces in table.items()}


_GREEN = _green()


def _completed() -> npt.NDArray[np.int64]:
    """The pattern that each of the 64 is brought to: itself, a whole face for two of its edges, or all."""
    out = np.full(64, _WHOLE)
    for code in range(64):
        for green in sorted(_GREEN, key=lambda g: (g.bit_count(), g)):
            if code & ~green == 0:
                out[code] = green
                break
    return out


_COMPLETED = _completed()


@dataclass(frozen=True, kw_only=True, eq=False)
class RefinedHead:
    """A head with some of its tetrahedra split, the smaller ones of one tissue and conductivity with it.

    ``head`` is the refined one; ``parent`` says which tetrahedron of ``base`` each of its own is part of.
    """

    base: Head
    nodes_m: FloatArray  # (n_nodes, 3), those of the base first
    whole: IntArray  # (n_whole, 4) tetrahedra before neighbours are fitted to each other
    base_tet: Indices  # (n_whole,) rising
    pattern: npt.NDArray[np.int64]  # (n_whole,) edges that are split
    split_edges: Indices  # rising keys of edges with a middle
    middles: Indices  # the node in each

    @staticmethod
    def of(head: Head) -> RefinedHead:
        """A head as it is."""
        none = np.empty(0, np.int64)
        return RefinedHead(
            base=head,
            nodes_m=head.nodes_m,
            whole=head.tets,
            base_tet=np.arange(len(head.tets)),
            pattern=np.zeros(len(head.tets), np.int64),
            split_edges=none,
            middles=none,
        )

    def split(self, where: npt.ArrayLike) -> RefinedHead:
        """Split tetrahedra of ``head`` in eight, given by index or mask, and fit their neighbours."""
        marked = np.zeros(len(self.whole), bool)
        try:
            marked[self._pieces[1][np.asarray(where)]] = True
        except IndexError:
            raise InputError(
                "tetrahedra to split",
                f"beyond the {len(self.parent)} of the head",
                "indices or a mask of them",
            ) from None
        work = _Splitting(self)
        work.run(marked)
        return replace(
            self,
            nodes_m=read_only(work.nodes_m),
            whole=read_only(work.whole),
            base_tet=read_only(work.base_tet),
            pattern=read_only(work.pattern),
            split_edges=read_only(work.split_edges),
            middles=read_only(work.middles),
        )

    @cached_property
    def head(self) -> Head:
        """The refined head; its mid-cortical surface is that of the base."""
        base, parent = self.base, self.parent
        tensors = base.tensors_S_per_m
        head = replace(
            base,
            nodes_m=self.nodes_m,
            tets=self._pieces[0],
            tags=base.tags[parent],
            tensors_S_per_m=None if tensors is None else tensors[parent],
        )
        if not base.has_cortex:
            return head
        cortex = base.cortex
        return head.with_cortex(
            Cortex(
                points_m=cortex.points_m,
                triangles=cortex.triangles,
                tets=self.tets_within(cortex.tets, cortex.points_m),
                column=cortex.column,
            )
        )

    @cached_property
    def parent(self) -> Indices:
        """The tetrahedron of the base that each of ``head`` is part of, (n_tets,), rising."""
        return read_only(self.base_tet[self._pieces[1]])

    def tets_within(self, base_tets: npt.ArrayLike, points_m: FloatArray) -> IntArray:
        """The tetrahedra of ``head`` that hold points in known tetrahedra of the base, (n,)."""
        owner = np.asarray(base_tets)
        first, last = np.searchsorted(self.parent, owner), np.searchsorted(self.parent, owner, side="right")
        count = last - first
        point = np.repeat(np.arange(len(owner)), count)
        tet = np.arange(count.sum()) + np.repeat(first - (np.cumsum(count) - count), count)
        corners = self.nodes_m[self._pieces[0][tet]]
        offset = points_m[point] - corners.mean(axis=1)
        least = np.einsum("nak,nk->na", barycentric_gradients(corners), offset).min(axis=1)
        # The last of each point's candidates in this order is the one that it is deepest in.
        order = np.lexsort((-tet, least, point))
        return tet[order][np.cumsum(count) - 1].astype(np.int32)

    def mean_over_base(self, values: FloatArray) -> FloatArray:
        """Values by tetrahedron of ``head``, (n_tets, 3), as means over those of the base, by volume."""
        base, volume = self.base, self.head.volumes_m3
        sums = [np.bincount(self.parent, volume * column, len(base.tets)) for column in values.T]
        return np.stack(sums, axis=1) / np.bincount(self.parent, volume, len(base.tets))[:, None]

    @cached_property
    def _pieces(self) -> tuple[IntArray, Indices]:
        """Conforming tetrahedra, in the order of ``whole``, and the row of that which each is part of."""
        plain = np.flatnonzero(self.pattern == 0)
        tets: list[npt.NDArray[np.integer]] = [self.whole[plain]]
        rows = [plain]
        for code in np.unique(self.pattern[self.pattern > 0]).tolist():
            cut = np.flatnonzero(self.pattern == code)
            local = _with_middles(self.whole[cut], self.split_edges, self.middles)
            tets.append(local[:, _GREEN[code]].reshape(-1, 4))
            rows.append(np.repeat(cut, len(_GREEN[code])))
        row = np.concatenate(rows)
        order = np.argsort(row, kind="stable")
        return read_only(np.concatenate(tets).astype(np.int32)[order]), read_only(row[order])


class _Splitting:
    """Arrays of a `RefinedHead` while it is being split."""

    def __init__(self, start: RefinedHead) -> None:
        self.nodes_m, self.whole, self.base_tet = start.nodes_m, start.whole, start.base_tet
        self.pattern = start.pattern.copy()
        self.split_edges, self.middles = start.split_edges, start.middles

    def run(self, marked: npt.NDArray[np.bool_]) -> None:
        """Split what is marked, and on until every edge with a middle has one for all that share it."""
        while marked.any():
            fresh = self._add_middles(_keys(self.whole[marked]).ravel())
            young = self._split_in_eight(marked)
            changed = young | self._near(fresh)
            marked = np.zeros(len(self.whole), bool)
            while changed.any():
                rows = np.flatnonzero(changed)
                keys = _keys(self.whole[rows])
                found = _lookup(self.split_edges, keys)
                code = ((found >= 0) << np.arange(6)).sum(axis=1)
                goal = _COMPLETED[code]
                goal[self._split_twice(rows, found)] = _WHOLE
                self.pattern[rows] = goal
                marked[rows] = goal == _WHOLE
                missing = (goal[:, None] >> np.arange(6) & 1).astype(bool) & (found < 0)
                changed = self._near(self._add_middles(keys[missing]))

    def _add_middles(self, keys: Indices) -> Indices:
        """Middles for edges that have none; returns the keys of these."""
        keys = np.unique(keys)
        keys = keys[_lookup(self.split_edges, keys) < 0]
        a, b = _ends(keys)
        all_keys = np.concatenate([self.split_edges, keys])
        all_middles = np.concatenate([self.middles, len(self.nodes_m) + np.arange(len(keys))])
        order = np.argsort(all_keys)
        self.split_edges, self.middles = all_keys[order], all_middles[order]
        self.nodes_m = np.concatenate([self.nodes_m, (self.nodes_m[a] + self.nodes_m[b]) / 2])
        return keys

    def _split_in_eight(self, marked: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Put eight in the place of each that is marked; returns which are new."""
        rows = np.flatnonzero(marked)
        local = _with_middles(self.whole[rows], self.split_edges, self.middles)
        ends = self.nodes_m[local[:, _DIAGONALS]]
        shortest = ((ends[:, :, 0] - ends[:, :, 1]) ** 2).sum(axis=2).argmin(axis=1)
        young = np.take_along_axis(local, np.array(_RED)[shortest].reshape(len(rows), 32), axis=1)
        kept = ~marked
        row = np.concatenate([np.flatnonzero(kept), np.repeat(rows, 8)])
        order = np.argsort(row, kind="stable")
        self.whole = np.concatenate([self.whole[kept], young.reshape(-1, 4).astype(np.int32)])[order]
        self.base_tet = self.base_tet[row[order]]
        self.pattern = np.where(marked, 0, self.pattern)[row[order]]
        return order >= kept.sum()

    def _near(self, keys: Indices) -> npt.NDArray[np.bool_]:
        """Tetrahedra whose pattern middles on these edges may change.

        That are those at the ends of an edge, and where an end is itself a middle, at the ends of that edge.
        """
        touched = np.zeros(len(self.nodes_m), bool)
        ends = np.concatenate(_ends(keys))
        touched[ends] = True
        grown = touched[self.middles]
        touched[np.concatenate(_ends(self.split_edges[grown]))] = True
        return np.asarray(touched[self.whole].any(axis=1))

    def _split_twice(self, rows: Indices, found: Indices) -> npt.NDArray[np.bool_]:
        """Which of some tetrahedra have a neighbour split more than once: a half edge, or one in a face."""
        out = np.zeros(len(rows), bool)
        some = np.flatnonzero((found >= 0).any(axis=1))
        middle = np.where(found[some] >= 0, self.middles[found[some]], -1)
        for k, ends in enumerate(EDGES):
            for end in ends:
                self._mark_split(out, some, middle[:, k], self.whole[rows[some], end])
        for j in range(6):
            for k in range(j + 1, 6):
                if j + k != 5:  # opposite edges share no face
                    self._mark_split(out, some, middle[:, j], middle[:, k])
        return out

    def _mark_split(self, out: npt.NDArray, some: Indices, a: Indices, b: npt.NDArray) -> None:
        there = (a >= 0) & (b >= 0)
        out[some[there]] |= _lookup(self.split_edges, _key(a[there], b[there])) >= 0


def _key(a: npt.NDArray, b: npt.NDArray) -> Indices:
    """An edge as one number, whichever way round."""
    return np.minimum(a, b).astype(np.int64) << 32 | np.maximum(a, b)


def _ends(keys: Indices) -> tuple[Indices, Indices]:
    return keys >> 32, keys & 0xFFFFFFFF


def _keys(tets: npt.NDArray) -> Indices:
    """The six edges of tetrahedra, (n, 6)."""
    return np.stack([_key(tets[:, i], tets[:, j]) for i, j in EDGES], axis=1)


def _lookup(keys: Indices, wanted: Indices) -> Indices:
    """Places of ``wanted`` in rising ``keys``, -1 where absent."""
    if not len(keys):
        return np.full(wanted.shape, -1)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, at, -1)


def _with_middles(tets: npt.NDArray, split_edges: Indices, middles: Indices) -> Indices:
    """Nodes of tetrahedra by local number, (n, 10): corners, then middles of edges where there are any."""
    found = _lookup(split_edges, _keys(tets))
    middle = np.where(found >= 0, middles[found], -1) if len(middles) else found
    return np.concatenate([tets, middle], axis=1)
