"""How far a coil must be moved out to clear the scalp, for many poses."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import maximum_filter

from tmsim.coil import Coil
from tmsim.core import FloatArray, Surface
from tmsim.placement.clearance import CELL_m, outline, samples_on
from tmsim.search import kernels

_BALL_m = 0.006


class Skin:
    """The skin as points a millimetre apart at most, in small balls."""

    def __init__(self, skin: Surface) -> None:
        samples = samples_on(skin.points_m[skin.triangles], CELL_m)
        _, ball = np.unique(np.floor(samples / _BALL_m).astype(int), axis=0, return_inverse=True)
        order = np.argsort(ball.ravel(), kind="stable")
        self.samples_m, ball = samples[order], ball.ravel()[order]
        self.starts = np.searchsorted(ball, np.arange(ball[-1] + 2))
        self.middles_m = np.add.reduceat(self.samples_m, self.starts[:-1]) / np.diff(self.starts)[:, None]
        reach = np.linalg.norm(self.samples_m - self.middles_m[ball], axis=1)
        self.reach_m = np.maximum.reduceat(reach, self.starts[:-1])


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

    def lifts_m(self, matrices: FloatArray) -> FloatArray:
        """How far each pose, (n, 4, 4), must move out along the coil's axis, (n,). [m]"""
        out = np.empty(len(matrices))
        skin = self._skin
        kernels.lifts(
            np.ascontiguousarray(matrices), skin.samples_m, skin.starts, skin.middles_m, skin.reach_m,
            self._deepest, self._within, self._corners_m, CELL_m, out,
        )  # fmt: skip
        return out
