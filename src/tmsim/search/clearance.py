"""How far a coil is in the scalp or clear of it, for many poses."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import maximum_filter

from tmsim.coil import Coil
from tmsim.core import FloatArray, Surface
from tmsim.placement.clearance import CELL_m, outline, samples_on
from tmsim.search import kernels

_PATCH_m = 0.006
_FAR_m = 0.03


class Skin:
    """The skin as points a millimetre apart at most, in small patches that are nearly flat."""

    def __init__(self, skin: Surface) -> None:
        samples = samples_on(skin.points_m[skin.triangles], CELL_m)
        _, patch = np.unique(np.floor(samples / _PATCH_m).astype(int), axis=0, return_inverse=True)
        order = np.argsort(patch.ravel(), kind="stable")
        self.samples_m, patch = samples[order], patch.ravel()[order]
        self.starts = np.searchsorted(patch, np.arange(patch[-1] + 2))
        first, count = self.starts[:-1], np.diff(self.starts)[:, None]
        self.middles_m = np.add.reduceat(self.samples_m, first) / count
        offset = self.samples_m - self.middles_m[patch]
        self.reach_m = np.maximum.reduceat(np.linalg.norm(offset, axis=1), first)
        spread = np.add.reduceat(offset[:, :, None] * offset[:, None], first)
        self.normals = np.linalg.eigh(spread)[1][:, :, 0].copy()  # in which a patch extends least
        out_of_plane = np.abs(np.einsum("ij,ij->i", offset, self.normals[patch]))
        self.height_m = np.maximum.reduceat(out_of_plane, first)


class Clearance:
    """:func:`tmsim.placement.clearance.lift_to_clear` for one coil and many poses at once."""

    def __init__(self, skin: Skin, coil: Coil) -> None:
        self._skin = skin
        samples = outline(coil, CELL_m)
        low, high = samples[:, :2].min(axis=0) - CELL_m, samples[:, :2].max(axis=0) + CELL_m
        self._deepest = np.full(np.ceil((high - low) / CELL_m).astype(int) + 1, -np.inf)
        cells = np.floor((samples[:, :2] - low) / CELL_m).astype(int)
        np.maximum.at(self._deepest, tuple(cells.T), samples[:, 2])
        margin = int(np.ceil(skin.reach_m.max() / CELL_m)) + 1
        wide = np.pad(self._deepest, margin, constant_values=-np.inf)
        self._within = maximum_filter(wide, size=2 * margin + 1)
        self._corners_m = np.stack([low, low - margin * CELL_m])

    def overlaps_m(self, matrices: FloatArray) -> FloatArray:
        """How deep the coil is in the scalp along its axis at each pose, (n, 4, 4) to (n,). [m]

        Negative where it is clear, to 30 mm: how far it could still move in.
        """
        out = np.empty(len(matrices))
        skin = self._skin
        kernels.overlaps(
            np.ascontiguousarray(matrices), skin.samples_m, skin.starts, skin.middles_m, skin.normals,
            skin.height_m, skin.reach_m, self._deepest, self._within, self._corners_m, CELL_m, -_FAR_m, out,
        )  # fmt: skip
        return out

    def lifts_m(self, matrices: FloatArray) -> FloatArray:
        """How far each pose, (n, 4, 4), must move out along the coil's axis to clear the scalp, (n,). [m]"""
        return np.maximum(self.overlaps_m(matrices), 0.0)
