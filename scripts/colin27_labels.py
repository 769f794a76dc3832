"""Stage c of ``build_colin27.py``: SAMSEG's posteriors and the T1 to clean, nested labels at 0.75 mm.

Tags are those of SimNIBS: 1 white matter, 2 grey matter, 3 CSF, 4 bone, 5 scalp, 6 eyes, 0 air. Nested means:
brain inside CSF inside bone inside scalp, each with a least thickness where the T1 alone can't tell.
"""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
from scipy import ndimage

VOXEL_mm = 0.75
PAD_mm = 9.0
MIN_CSF_mm, MIN_BONE_mm, MIN_SCALP_mm = 0.8, 2.0, 2.5
VAULT_ABOVE_mm = -45.0  # below, at the neck and the base, no least thickness of bone is imposed

# Structures of SAMSEG's atlas by the tissue they belong to; the first match of a part of the name counts.
TISSUE_OF = (
    ("Fluid_Inside_Eyes", 6),
    ("Soft_Nonbrain", 5),
    ("Skull", 4),
    ("Unknown", 0),
    ("White-Matter", 1),
    ("WM-hypo", 1),
    ("Brain-Stem", 1),
    ("VentralDC", 1),
    ("Optic-Chiasm", 1),
    ("Pallidum", 1),
    ("Ventricle", 3),
    ("Lat-Vent", 3),
    ("CSF", 3),
    ("vessel", 3),
    ("choroid", 3),
    ("", 2),  # cortex and the grey nuclei
)


def clean_labels(t1: Path, posteriors: Path) -> nibabel.Nifti1Image:
    """Labels on a padded grid of 0.75 mm, in the space of the T1."""
    image = nibabel.Nifti1Image.from_filename(t1)
    intensity = np.squeeze(np.asarray(image.dataobj)).astype(np.float32)
    share = tissue_shares(posteriors, image.affine, intensity.shape)
    source_mm = float(abs(image.affine[0, 0]))
    pad = round(PAD_mm / source_mm)
    scale = VOXEL_mm / source_mm
    shape = tuple(round((n + 2 * pad) / scale) for n in intensity.shape)
    offset = 0.5 * scale - 0.5 - pad

    def fine(volume: np.ndarray, outside: float = 0.0) -> np.ndarray:
        return ndimage.affine_transform(
            volume.astype(np.float32), np.full(3, scale), np.full(3, offset), shape, order=1, cval=outside
        )

    affine = image.affine.copy()
    affine[:3, :3] *= scale
    affine[:3, 3] += image.affine[:3, :3] @ np.full(3, offset)
    soft_tissue = float(np.median(intensity[(share[5] > 0.9) & (intensity > 0)]))
    threshold = 0.3 * soft_tissue  # half way up the edge of the skin, whose own voxels are darker
    head = _largest(_opened(fine(_head_mask(intensity > threshold, pad)) > 0.5, 2.0))
    shares = [fine(ndimage.gaussian_filter(share[tag], 0.45), float(tag == 0)) for tag in range(7)]
    voted = np.argmax(shares, axis=0).astype(np.uint8)
    vault = (affine[2, 3] + affine[2, 2] * np.arange(shape[2]) > VAULT_ABOVE_mm)[None, None]
    return nibabel.Nifti1Image(_smoothed(_nested(voted, head, fine(intensity) < threshold, vault)), affine)


def tissue_shares(posteriors: Path, affine: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Posterior of each tissue in the grid of the T1, (7, i, j, k)."""
    share = np.zeros((7, *shape), np.float32)
    for path in sorted((posteriors / "posteriors").glob("*.mgz")):
        tag = next(tag for part, tag in TISSUE_OF if part in path.name)
        structure = nibabel.MGHImage.from_filename(path)
        values = np.asarray(structure.dataobj, dtype=np.float32)
        if not np.allclose(structure.affine, affine, atol=1e-3) or values.shape != shape:
            to_structure = np.linalg.inv(structure.affine) @ affine
            values = ndimage.affine_transform(values, to_structure, output_shape=shape, order=1)
        share[tag] += values / 255 if values.max() > 1.5 else values
    # What no structure claims is air.
    share[0] = np.maximum(share[0], 1 - share[1:].sum(axis=0))
    return share


def _head_mask(bright: np.ndarray, pad: int) -> np.ndarray:
    """The head, filled, from its bright voxels; blurred to place its edge between voxels."""
    padded = np.pad(_largest(bright), pad)
    below = padded.copy()
    below[:, :, :pad] = padded[:, :, pad : pad + 1]  # so that the cut neck is closed from below
    filled = ndimage.binary_fill_holes(_closed(below, 8.0, 1.0))
    for k in range(filled.shape[2]):
        filled[:, :, k] = ndimage.binary_fill_holes(filled[:, :, k])
    inner = filled[pad:-pad, pad:-pad, pad:-pad]
    return ndimage.gaussian_filter(inner.astype(np.float32), 0.8)


def _nested(voted: np.ndarray, head: np.ndarray, dark: np.ndarray, vault: np.ndarray) -> np.ndarray:
    voxels = 1 / VOXEL_mm**3
    brain = np.isin(voted, (1, 2))
    core = _largest(_opened(brain, 1.0))
    brain = _largest(brain & (_distance(core) <= 1.2))
    brain = ndimage.binary_fill_holes(brain | _small(~brain, 20 * voxels))
    white = (voted == 1) & brain
    white &= ~_small(white, 25 * voxels)
    white |= _small(brain & ~white, 6 * voxels)
    thin = _distance(brain) <= MIN_CSF_mm
    inside = _closed(_largest(_opened(brain | (voted == 3) | thin, 1.5) | thin), 7.0) & head
    inside = ndimage.binary_fill_holes(inside)
    inside = (ndimage.gaussian_filter(inside.astype(np.float32), 1.0 / VOXEL_mm) > 0.5) | thin
    depth = _distance(~head)
    shell = (_distance(inside) < MIN_BONE_mm) & vault & head & ~inside
    bone = ((voted == 4) & head & ~inside) | shell
    bone = _largest(_opened(_closed(bone, 1.5), 0.8) | shell) & ~inside
    bone &= (depth > MIN_SCALP_mm) | ~vault
    bone |= _small(head & ~inside & ~bone, 60 * voxels)
    air = _opened((voted == 0) & head & (depth > 4) & ~inside & dark, 1.5)
    air &= ~_small(air, 200 * voxels)
    out = np.zeros(voted.shape, np.uint8)
    out[head] = 5
    out[bone] = 4
    eyes = _largest_few((voted == 6) & head & ~inside, 2)
    out[eyes] = 6
    out[air] = 0
    out[inside] = 3
    out[brain & inside] = 2
    out[white & inside] = 1
    out[_small(out == 5, 200 * voxels)] = 4
    return out


def _smoothed(labels: np.ndarray) -> np.ndarray:
    """Labels of the largest blurred indicator (0.7 mm), with strays removed and no brain on bone."""
    best, out = np.full(labels.shape, -1.0, np.float32), np.zeros_like(labels)
    for tag in range(7):
        soft = ndimage.gaussian_filter((labels == tag).astype(np.float32), 0.7 / VOXEL_mm)
        soft *= 1.06 if tag in (1, 3) else 1.0  # keeps thin white matter and thin CSF
        better = soft > best
        best[better], out[better] = soft[better], tag
    out[_small(np.isin(out, (1, 2)), 500)] = 3
    out[_small(out == 1, 40)] = 2
    out[_small(out == 3, 15)] = 2
    out[ndimage.binary_dilation(np.isin(out, (1, 2))) & np.isin(out, (4, 5))] = 3
    return out


def _distance(mask: np.ndarray, voxel_mm: float = VOXEL_mm) -> np.ndarray:
    """From each voxel to the nearest of ``mask``. [mm]"""
    return ndimage.distance_transform_edt(~mask, sampling=voxel_mm)


def _opened(mask: np.ndarray, radius_mm: float) -> np.ndarray:
    return (_distance(_distance(~mask) > radius_mm) <= radius_mm) & mask


def _closed(mask: np.ndarray, radius_mm: float, voxel_mm: float = VOXEL_mm) -> np.ndarray:
    grown = _distance(mask, voxel_mm) <= radius_mm
    return (_distance(~grown, voxel_mm) > radius_mm) | mask


def _largest(mask: np.ndarray) -> np.ndarray:
    return _largest_few(mask, 1)


def _largest_few(mask: np.ndarray, number: int) -> np.ndarray:
    parts, _ = ndimage.label(mask)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return np.isin(parts, [k for k in np.argsort(sizes)[-number:] if sizes[k]])


def _small(mask: np.ndarray, voxels: float) -> np.ndarray:
    """Connected parts of fewer voxels than that."""
    parts, _ = ndimage.label(mask)
    small = np.bincount(parts.ravel()) < voxels
    small[0] = False
    return small[parts]
