"""A small software renderer: triangles to an image, without display or graphics card."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter

from tmsim.core import InputError
from tmsim.report.kernels import composite, face_the_eye, interpolate, light, occlude, rasterise
from tmsim.report.types import Camera, Mesh

Image = npt.NDArray[np.uint8]
"""(rows, columns, 4), sRGB with straight alpha; the background is transparent."""

_GAMMA = 2.2
_OCCLUSION_RADIUS_M = 0.012  # the width of a sulcus and a half: folds darken, lobes don't


def render(meshes: Sequence[Mesh], camera: Camera, *, supersample: int = 2) -> Image:
    """Draw ``meshes`` as the camera sees them.

    Solid meshes hide each other; of each glass mesh the nearest sheet is drawn over what lies behind it.

    Parameters
    ----------
    supersample
        Each pixel is the mean of so many squared samples.

    Returns
    -------
    (height_px, width_px, 4) uint8, sRGB with straight alpha.

    Raises
    ------
    InputError
        There is nothing to draw, or ``supersample`` is not 1 to 4.
    """
    if not meshes:
        raise InputError("meshes", "none", "at least one")
    if supersample not in (1, 2, 3, 4):
        raise InputError("supersample", str(supersample), "1, 2, 3 or 4")
    shape = (camera.height_px * supersample, camera.width_px * supersample)
    nothing = np.full(shape, np.inf, dtype=np.float32)
    solid = [m for m in meshes if m.opacity == 1]
    layers = [_layer(solid, camera, supersample, nothing)] if solid else []
    behind = layers[0][2] if layers else nothing
    layers += [_layer([m], camera, supersample, behind) for m in meshes if m.opacity < 1]
    colours, opacities, depths = (np.stack(part) for part in zip(*layers, strict=True))
    out = np.zeros((*shape, 4), dtype=np.float32)
    composite(colours, opacities, depths, out)
    return _developed(out, supersample)


def _layer(
    meshes: Sequence[Mesh], camera: Camera, supersample: int, behind: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The nearest sheet of ``meshes`` before ``behind``: linear colours, opacities and depths."""
    starts = np.cumsum([0, *(len(m.points_m) for m in meshes[:-1])])
    triangles = np.concatenate([m.triangles + s for m, s in zip(meshes, starts, strict=True)])
    axes = np.stack([camera.right, -camera.up, camera.gaze])
    values = np.concatenate(
        [
            np.column_stack(
                [m.normals @ axes.T, np.asarray(m.colours) ** _GAMMA, np.full(len(m.points_m), m.gloss)]
            )
            for m in meshes
        ]
    )
    points = np.concatenate([camera.project(m.points_m) for m in meshes]) * supersample

    depth = behind.copy()
    face = np.full(depth.shape, -1, dtype=np.int32)
    weights = np.zeros((*depth.shape, 2), dtype=np.float32)
    rasterise(points, triangles, depth, face, weights)
    seen = np.zeros((*depth.shape, values.shape[1]), dtype=np.float32)
    interpolate(face, weights, triangles, values, seen)
    normals, colours, gloss = seen[..., :3], seen[..., 3:6], seen[..., 6]
    face_the_eye(normals)
    opacity = meshes[0].opacity
    open_sky = np.ones(depth.shape, dtype=np.float32)
    if opacity == 1:
        shade = np.zeros_like(depth)
        occlude(depth, normals, _OCCLUSION_RADIUS_M / camera.m_per_px * supersample, 16, shade)
        open_sky -= uniform_filter(shade, 4)
    light(face, normals, gloss, open_sky, colours)
    opacities = np.full(depth.shape, opacity, dtype=np.float32)
    if opacity < 1:
        opacities += (0.75 * (1 - opacity)) * (1 + normals[..., 2]) ** 3  # a rim, as glass has
    missed = face < 0
    opacities[missed] = 0
    depth[missed] = np.inf
    return colours, opacities, depth


def _developed(samples: npt.NDArray[np.float32], supersample: int) -> Image:
    """Premultiplied linear samples to an sRGB image with straight alpha."""
    rows, columns = (n // supersample for n in samples.shape[:2])
    mean = samples.reshape(rows, supersample, columns, supersample, 4).mean(axis=(1, 3))
    alpha = mean[..., 3:]
    straight = mean[..., :3] / np.where(alpha > 0, alpha, 1)
    image = np.concatenate([np.clip(straight, 0, 1) ** (1 / _GAMMA), alpha], axis=-1)
    return np.rint(image * 255).astype(np.uint8)
