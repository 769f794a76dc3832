"""A box of tetrahedra with a tissue border in its middle, for solutions that can be written down."""

from __future__ import annotations

import numpy as np

from tmsim.core import FloatArray, stream
from tmsim.head import Head, Origin

LEFT, RIGHT = 1, 2
"""Tags for x < 0 and x > 0."""


def box_head(
    cells: int, *, tensors_S_per_m: tuple[FloatArray, FloatArray], rotation: FloatArray | None = None
) -> Head:
    """The cube from -1 to 1 m, ``cells`` along each edge (even), six tetrahedra in each, nodes jittered.

    ``tensors_S_per_m`` are the conductivities left and right of x = 0, before ``rotation`` of everything.
    """
    ticks = np.linspace(-1, 1, cells + 1)
    nodes = np.stack(np.meshgrid(ticks, ticks, ticks, indexing="ij"), axis=-1).reshape(-1, 3)
    free = (np.abs(nodes) < 1 - 1e-9) & (np.abs(nodes) > 1e-9)
    nodes += 0.15 * (2 / cells) * (2 * stream(1, "mesh", cells).random(nodes.shape) - 1) * free
    corner = np.stack(np.meshgrid(*3 * [np.arange(cells)], indexing="ij"), axis=-1).reshape(-1, 3)

    def number(offset: FloatArray) -> FloatArray:
        i, j, k = (corner + offset).T
        return (i * (cells + 1) + j) * (cells + 1) + k

    tets = []
    for order in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)):
        offset = np.zeros(3, int)
        path = [number(offset)]
        for axis in order:
            offset[axis] += 1
            path.append(number(offset))
        tets.append(np.column_stack(path))
    tets = np.concatenate(tets).astype(np.int32)
    a, b, c, d = (nodes[tets[:, k]] for k in range(4))
    inverted = np.einsum("ij,ij->i", np.cross(b - a, c - a), d - a) < 0
    tets[inverted] = tets[inverted][:, [0, 1, 3, 2]]
    right = nodes[tets].mean(axis=1)[:, 0] > 0
    turn = np.eye(3) if rotation is None else rotation
    pair = np.stack([turn @ tensor @ turn.T for tensor in tensors_S_per_m])
    return Head(
        name="box",
        nodes_m=nodes @ turn.T,
        tets=tets,
        tags=np.where(right, RIGHT, LEFT).astype(np.int32),
        tensors_S_per_m=pair[right.astype(int)],
        origin=Origin(source="box", sha256=""),
    )


def border_solution(
    points: FloatArray, left_S_per_m: FloatArray, right_S_per_m: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """E and E0 of a problem with a jump of an anisotropic conductivity at x = 0, before the turn.

    E_y = a(x) b(y) is continuous and sigma_x E_x closes the current: div(sigma E) = 0 on both sides, its
    normal part continuous at x = 0 and zero on the walls. E0 = E + grad(phi) with phi = -integral of E_x dx.
    """
    x, y = points[:, 0], points[:, 1]
    slope = 2 * (left_S_per_m[1, 1] + right_S_per_m[1, 1]) / (left_S_per_m[1, 1] - right_S_per_m[1, 1])
    b, b1, b2 = (
        np.cos(np.pi * y / 2),
        -np.pi / 2 * np.sin(np.pi * y / 2),
        -((np.pi / 2) ** 2) * np.cos(np.pi * y / 2),
    )

    def integral(t):  # of a(x) = 1 + slope x, from 0
        return t + slope * t**2 / 2

    def twice(t):
        return t**2 / 2 + slope * t**3 / 6

    left = x < 0
    to_border = -left_S_per_m[1, 1] * -integral(-1.0)  # sigma_y times the integral of a from -1 to 0, negated
    x_part = np.where(
        left,
        -left_S_per_m[1, 1] / left_S_per_m[0, 0] * (integral(x) - integral(-1.0)),
        (to_border - right_S_per_m[1, 1] * integral(x)) / right_S_per_m[0, 0],
    )
    before = -left_S_per_m[1, 1] / left_S_per_m[0, 0] * (twice(0.0) - twice(-1.0) - integral(-1.0))
    phi_part = -np.where(
        left,
        -left_S_per_m[1, 1] / left_S_per_m[0, 0] * (twice(x) - twice(-1.0) - integral(-1.0) * (x + 1)),
        before + (to_border * x - right_S_per_m[1, 1] * twice(x)) / right_S_per_m[0, 0],
    )
    E = np.column_stack([x_part * b1, (1 + slope * x) * b, np.zeros(len(x))])
    E0 = E + np.column_stack([-x_part * b1, phi_part * b2, np.zeros(len(x))])
    return E, E0
