"""Loops of the rasteriser: arrays in, arrays filled."""

from __future__ import annotations

import numba
import numpy as np

from tmsim.core import FloatArray


@numba.njit(cache=True)
def rasterise(xyz_px, triangles, depth, face, weights) -> None:
    """Find the nearest triangle at the centre of each pixel.

    Parameters
    ----------
    xyz_px
        Projected points, (n, 3): x right, y down, z away from the eye.
    triangles
        (k, 3).
    depth
        (rows, columns) float32, filled beforehand with how far one can see; lowered in place.
    face
        (rows, columns) int32: the triangle seen, untouched where none is.
    weights
        (rows, columns, 2) float32: barycentric weights of its second and third corner.
    """
    rows, columns = depth.shape
    for t in range(triangles.shape[0]):
        ax, ay, az = xyz_px[triangles[t, 0]]
        bx, by, bz = xyz_px[triangles[t, 1]]
        cx, cy, cz = xyz_px[triangles[t, 2]]
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if area == 0.0:
            continue
        first_row = max(0, int(np.ceil(min(ay, by, cy) - 0.5)))
        last_row = min(rows - 1, int(np.floor(max(ay, by, cy) - 0.5)))
        first_column = max(0, int(np.ceil(min(ax, bx, cx) - 0.5)))
        last_column = min(columns - 1, int(np.floor(max(ax, bx, cx) - 0.5)))
        for i in range(first_row, last_row + 1):
            y = i + 0.5 - ay
            for j in range(first_column, last_column + 1):
                x = j + 0.5 - ax
                v = (x * (cy - ay) - (cx - ax) * y) / area
                w = ((bx - ax) * y - x * (by - ay)) / area
                if v < 0.0 or w < 0.0 or v + w > 1.0:
                    continue
                z = az + v * (bz - az) + w * (cz - az)
                if z < depth[i, j]:
                    depth[i, j] = z
                    face[i, j] = t
                    weights[i, j, 0] = v
                    weights[i, j, 1] = w


@numba.njit(cache=True)
def interpolate(face, weights, triangles, values, out) -> None:
    """Point values (n, d) at each pixel, (rows, columns, d); pixels without a triangle are left alone."""
    rows, columns = face.shape
    for i in range(rows):
        for j in range(columns):
            t = face[i, j]
            if t < 0:
                continue
            v, w = weights[i, j, 0], weights[i, j, 1]
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            for k in range(values.shape[1]):
                out[i, j, k] = (1 - v - w) * values[a, k] + v * values[b, k] + w * values[c, k]


@numba.njit(cache=True)
def face_the_eye(normals) -> None:
    """Make ``normals`` (rows, columns, 3) unit and toward the eye, in place: both sides are lit."""
    rows, columns, _ = normals.shape
    for i in range(rows):
        for j in range(columns):
            x, y, z = normals[i, j, 0], normals[i, j, 1], normals[i, j, 2]
            length = np.sqrt(x * x + y * y + z * z)
            if length > 0.0:
                scale = (-1.0 if z > 0.0 else 1.0) / length
                normals[i, j, 0], normals[i, j, 1], normals[i, j, 2] = x * scale, y * scale, z * scale


@numba.njit(cache=True)
def occlude(depth, normals, radius_px, samples, out) -> None:
    """How much of the sky each pixel loses to its surroundings, 0 (open) to 1.

    ``depth`` in pixels (infinite where there is nothing), ``normals`` toward the eye in image axes
    (x right, y down, z away). The sample pattern turns over 4 x 4 pixels: average the result over
    4 x 4 to remove its trace.
    """
    rows, columns = depth.shape
    offsets = np.empty((16, samples, 2), dtype=np.int64)
    for turn in range(16):
        for k in range(samples):
            angle = turn * (2 * np.pi / 16) + 2.399963 * k  # the golden angle spreads them evenly
            reach = radius_px * np.sqrt((k + 0.5) / samples)
            offsets[turn, k, 0] = int(np.rint(reach * np.sin(angle)))
            offsets[turn, k, 1] = int(np.rint(reach * np.cos(angle)))
    for i in range(rows):
        for j in range(columns):
            if not np.isfinite(depth[i, j]):
                continue
            pattern = offsets[(i % 4) * 4 + (j % 4)]
            total = 0.0
            for k in range(samples):
                dy, dx = pattern[k]
                row, column = i + dy, j + dx
                if row < 0 or row >= rows or column < 0 or column >= columns:
                    continue
                dz = depth[row, column] - depth[i, j]
                square = dx * dx + dy * dy + dz * dz
                if not square < radius_px * radius_px or square == 0.0:
                    continue
                rise = dx * normals[i, j, 0] + dy * normals[i, j, 1] + dz * normals[i, j, 2]
                # The offset keeps flat facets from shading themselves.
                lean = rise / np.sqrt(square) - 0.1
                if lean > 0.0:
                    total += lean * (1.0 - square / (radius_px * radius_px))
            out[i, j] = min(1.0, 2.0 * total / samples)


@numba.njit(cache=True)
def light(face, normals, gloss, open_sky, colours) -> None:
    """Light ``colours`` (rows, columns, 3), linear RGB, in place.

    A soft key light over the viewer's left shoulder, a sky from above, a weak fill from the front; the
    highlight is Blinn-Phong's. Normals as in ``occlude``.
    """
    key = np.array([-0.45, -0.55, -0.70])
    key /= np.sqrt(np.sum(key * key))
    half = key + np.array([0.0, 0.0, -1.0])
    half /= np.sqrt(np.sum(half * half))
    rows, columns = face.shape
    for i in range(rows):
        for j in range(columns):
            if face[i, j] < 0:
                continue
            nx, ny, nz = normals[i, j, 0], normals[i, j, 1], normals[i, j, 2]
            sky = 0.5 - 0.5 * ny
            front = -nz
            direct = max(0.0, nx * key[0] + ny * key[1] + nz * key[2])
            shine = max(0.0, nx * half[0] + ny * half[1] + nz * half[2]) ** 40
            diffuse = open_sky[i, j] * (0.09 + 0.22 * sky + 0.24 * front) + 0.56 * direct * (
                0.5 + 0.5 * open_sky[i, j]
            )
            white = 0.6 * gloss[i, j] * shine * open_sky[i, j]
            for k in range(3):
                colours[i, j, k] = colours[i, j, k] * diffuse + white


@numba.njit(cache=True)
def composite(colours, opacities, depths, out) -> None:
    """Blend layers at each pixel from the farthest to the nearest, premultiplied.

    ``colours`` (layers, rows, columns, 3), ``opacities`` and ``depths`` (layers, rows, columns);
    ``out`` (rows, columns, 4) starts at zero.
    """
    layers, rows, columns = depths.shape
    order = np.empty(layers, dtype=np.int64)
    for i in range(rows):
        for j in range(columns):
            for n in range(layers):
                m = n
                while m > 0 and depths[order[m - 1], i, j] < depths[n, i, j]:
                    order[m] = order[m - 1]
                    m -= 1
                order[m] = n
            for n in order:
                a = opacities[n, i, j]
                for k in range(3):
                    out[i, j, k] = a * colours[n, i, j, k] + (1 - a) * out[i, j, k]
                out[i, j, 3] = a + (1 - a) * out[i, j, 3]


@numba.njit(cache=True)
def slice_tets(nodes, tets, out) -> None:
    """Which tetrahedron holds each point (i + 0.5, j + 0.5, 0) of a unit grid.

    ``nodes`` (n, 3) are in grid units: column, row, distance from the plane. ``out`` (rows, columns)
    int32 is untouched where there is none.
    """
    rows, columns = out.shape
    for t in range(tets.shape[0]):
        a, b, c, d = nodes[tets[t, 0]], nodes[tets[t, 1]], nodes[tets[t, 2]], nodes[tets[t, 3]]
        if min(a[2], b[2], c[2], d[2]) > 0.0 or max(a[2], b[2], c[2], d[2]) < 0.0:
            continue
        first_column = max(0, int(np.ceil(min(a[0], b[0], c[0], d[0]) - 0.5)))
        last_column = min(columns - 1, int(np.floor(max(a[0], b[0], c[0], d[0]) - 0.5)))
        first_row = max(0, int(np.ceil(min(a[1], b[1], c[1], d[1]) - 0.5)))
        last_row = min(rows - 1, int(np.floor(max(a[1], b[1], c[1], d[1]) - 0.5)))
        u, v, w = b - a, c - a, d - a
        volume = _triple(u, v, w)
        if volume == 0.0:
            continue
        for i in range(first_row, last_row + 1):
            for j in range(first_column, last_column + 1):
                p = np.array([j + 0.5 - a[0], i + 0.5 - a[1], -a[2]])
                beta = _triple(p, v, w) / volume
                gamma = _triple(u, p, w) / volume
                delta = _triple(u, v, p) / volume
                if min(beta, gamma, delta, 1 - beta - gamma - delta) >= -1e-9:
                    out[i, j] = t


@numba.njit(cache=True)
def _triple(a: FloatArray, b: FloatArray, c: FloatArray) -> float:
    """``a . (b x c)``."""
    return (
        a[0] * (b[1] * c[2] - b[2] * c[1])
        + a[1] * (b[2] * c[0] - b[0] * c[2])
        + a[2] * (b[0] * c[1] - b[1] * c[0])
    )
