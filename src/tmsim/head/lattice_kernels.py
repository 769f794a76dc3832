"""Loops of the lattice mesher. Lengths are in mm of the voxel frame; see `tmsim.head.lattice`."""

from __future__ import annotations

import numba
import numpy as np

_FIRST = np.array([0, 0, 0, 1, 1, 2])
_SECOND = np.array([1, 2, 3, 2, 3, 3])

# Where a tetrahedron is sampled, in barycentric coordinates: middle, towards corners, towards edges.
SAMPLES = np.array(
    [[0.25] * 4]
    + [[0.1 + 0.6 * (i == k) for i in range(4)] for k in range(4)]
    + [
        [0.1 + 0.3 * (i in pair) for i in range(4)]
        for pair in ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
    ]
)


@numba.njit(cache=True)
def label_at(labels, x, y, z):
    """Label of the voxel that holds a point in voxel coordinates; 0 outside the volume."""
    i, j, k = int(np.floor(x + 0.5)), int(np.floor(y + 0.5)), int(np.floor(z + 0.5))
    if i < 0 or j < 0 or k < 0 or i >= labels.shape[0] or j >= labels.shape[1] or k >= labels.shape[2]:
        return 0
    return int(labels[i, j, k])


@numba.njit(cache=True)
def _count_labels(points, tet, origin, step, labels, counts):
    """Labels found at the sample points of one tetrahedron, into ``counts``; returns that of the middle."""
    counts[:] = 0
    middle = 0
    for s in range(len(SAMPLES)):
        x = y = z = 0.0
        for c in range(4):
            x += SAMPLES[s, c] * points[tet[c], 0]
            y += SAMPLES[s, c] * points[tet[c], 1]
            z += SAMPLES[s, c] * points[tet[c], 2]
        label = label_at(labels, origin[0] + step[0] * x, origin[1] + step[1] * y, origin[2] + step[2] * z)
        if s == 0:
            middle = label
        counts[label] += 1
    return middle


@numba.njit(cache=True)
def _slot(keys, key):
    """Place of ``key`` in an open-addressed table, or of the gap where it belongs."""
    mask = len(keys) - 1
    at = ((key * -7046029254386353131) >> 17) & mask
    while keys[at] != -1 and keys[at] != key:
        at = (at + 1) & mask
    return at


@numba.njit(cache=True)
def _doubled(array):
    shape = (2 * array.shape[0], *array.shape[1:])
    out = np.empty(shape, array.dtype)
    out[: array.shape[0]] = array
    return out


@numba.njit(cache=True)
def bisect(points, tets, labels, origin, step, wanted, wanted_mixed):
    """Bisect tetrahedra at their longest edge until each is fine enough and no edge has a hanging node.

    Longest-edge bisection of the body-centred cubic lattice yields three shapes only, none with an angle
    below 45 degrees. Ties are broken by node numbers, alike in all tetrahedra that share an edge,
    so that the spreading of bisections ends.

    Parameters
    ----------
    points
        Lattice points in whole numbers, (n, 3), so that lengths compare exactly.
    tets
        (n_tets, 4).
    labels, origin, step
        Label volume; its voxel coordinates are ``origin + step * point``.
    wanted
        Bisections wanted where a label occurs, by label.
    wanted_mixed
        Bisections wanted where several labels meet.
    """
    n_points, n_tets = len(points), len(tets)
    points, tets = _doubled(points), _doubled(tets)
    level = np.zeros(len(tets), np.int8)
    settled = np.zeros(len(tets), np.bool_)
    touched = np.zeros(len(points), np.bool_)
    keys = np.full(1 << 16, -1, np.int64)
    middles = np.empty(len(keys), np.int32)
    n_split = 0
    counts = np.zeros(256, np.int64)
    changed = True
    while changed:
        changed = False
        t = 0
        while t < n_tets:
            split = False
            if not settled[t]:
                settled[t] = True
                middle = _count_labels(points, tets[t], origin, step, labels, counts)
                target = wanted[middle]
                if counts[middle] < len(SAMPLES):
                    target = max(target, wanted_mixed)
                    for label in range(len(wanted)):
                        if counts[label] > 0:
                            target = max(target, wanted[label])
                split = level[t] < target
            longest, longest_key = -1, np.int64(-1)
            first = second = 0
            for e in range(6):
                a, b = tets[t, _FIRST[e]], tets[t, _SECOND[e]]
                if a > b:
                    a, b = b, a
                key = (np.int64(a) << 32) | np.int64(b)
                if not split and touched[a] and touched[b] and keys[_slot(keys, key)] == key:
                    split = True
                length = 0
                for c in range(3):
                    d = points[a, c] - points[b, c]
                    length += d * d
                if length > longest or (length == longest and key > longest_key):
                    longest, longest_key, first, second = length, key, a, b
            if not split:
                t += 1
                continue
            changed = True
            at = _slot(keys, longest_key)
            if keys[at] == -1:
                if n_points == len(points):
                    points, touched = _doubled(points), _doubled(touched)
                    touched[n_points:] = False
                for c in range(3):
                    points[n_points, c] = (points[first, c] + points[second, c]) // 2
                keys[at], middles[at] = longest_key, n_points
                touched[first] = touched[second] = True
                n_points += 1
                n_split += 1
                if 2 * n_split > len(keys):
                    old_keys, old_middles = keys, middles
                    keys = np.full(2 * len(old_keys), -1, np.int64)
                    middles = np.empty(len(keys), np.int32)
                    for k in range(len(old_keys)):
                        if old_keys[k] != -1:
                            place = _slot(keys, old_keys[k])
                            keys[place], middles[place] = old_keys[k], old_middles[k]
                    at = _slot(keys, longest_key)
            middle_node = middles[at]
            if n_tets == len(tets):
                tets, level, settled = _doubled(tets), _doubled(level), _doubled(settled)
            for c in range(4):
                corner = tets[t, c]
                tets[n_tets, c] = middle_node if corner == first else corner
                if corner == second:
                    tets[t, c] = middle_node
            level[t] += 1
            level[n_tets] = level[t]
            settled[t] = settled[n_tets] = False
            n_tets += 1
    return points[:n_points], tets[:n_tets]


@numba.njit(cache=True)
def vote(points, tets, labels, origin, step, tags):
    """The label that most sample points of each tetrahedron see, into ``tags``; the middle breaks ties."""
    counts = np.zeros(256, np.int64)
    for t in range(len(tets)):
        best = _count_labels(points, tets[t], origin, step, labels, counts)
        for label in range(256):
            if counts[label] > counts[best]:
                best = label
        tags[t] = best


@numba.njit(cache=True)
def contrast(indicators, a, b, x, y, z, gradient):
    """Difference of two blurred indicators at a point in voxel coordinates, trilinear, in parts of 255.

    Its gradient, per voxel, goes into ``gradient``. Points outside take the nearest values inside.
    """
    nx, ny, nz = indicators.shape[1:]
    x, y, z = min(max(x, 0.0), nx - 1.001), min(max(y, 0.0), ny - 1.001), min(max(z, 0.0), nz - 1.001)
    i, j, k = int(x), int(y), int(z)
    u, v, w = x - i, y - j, z - k
    value = 0.0
    gradient[:] = 0.0
    for p in range(2):
        fx, gx = (u, 1.0) if p else (1 - u, -1.0)
        for q in range(2):
            fy, gy = (v, 1.0) if q else (1 - v, -1.0)
            for r in range(2):
                fz, gz = (w, 1.0) if r else (1 - w, -1.0)
                f = float(indicators[a, i + p, j + q, k + r]) - float(indicators[b, i + p, j + q, k + r])
                value += f * fx * fy * fz
                gradient[0] += f * gx * fy * fz
                gradient[1] += f * fx * gy * fz
                gradient[2] += f * fx * fy * gz
    return value


@numba.njit(cache=True)
def worst_quality(nodes, tets, around, begin, end):
    """Smallest mean ratio (`tmsim.head.quality`) of the tetrahedra ``around[begin:end]``."""
    worst = 1.0
    for s in range(begin, end):
        p, q, r, o = tets[around[s], 0], tets[around[s], 1], tets[around[s], 2], tets[around[s], 3]
        ax, ay, az = nodes[q, 0] - nodes[p, 0], nodes[q, 1] - nodes[p, 1], nodes[q, 2] - nodes[p, 2]
        bx, by, bz = nodes[r, 0] - nodes[p, 0], nodes[r, 1] - nodes[p, 1], nodes[r, 2] - nodes[p, 2]
        cx, cy, cz = nodes[o, 0] - nodes[p, 0], nodes[o, 1] - nodes[p, 1], nodes[o, 2] - nodes[p, 2]
        six = (ay * bz - az * by) * cx + (az * bx - ax * bz) * cy + (ax * by - ay * bx) * cz
        squares = ax * ax + ay * ay + az * az + bx * bx + by * by + bz * bz + cx * cx + cy * cy + cz * cz
        squares += (ax - bx) ** 2 + (ay - by) ** 2 + (az - bz) ** 2
        squares += (ax - cx) ** 2 + (ay - cy) ** 2 + (az - cz) ** 2
        squares += (bx - cx) ** 2 + (by - cy) ** 2 + (bz - cz) ** 2
        quality = 12 * (abs(six) / 2) ** (2 / 3) / squares if squares > 0 else 0.0
        worst = min(worst, quality if six > 0 else -quality)
    return worst


@numba.njit(cache=True)
def relax(nodes, tets, starts, around, near_starts, near, pairs, indicators, per_mm, pull, longest, floor):
    """Move each node, in turn, towards the mean of its neighbours and onto the border it belongs to.

    Parameters
    ----------
    nodes
        (n, 3), changed in place. [mm]
    starts, around
        Tetrahedra of node i: ``around[starts[i]:starts[i + 1]]``.
    near_starts, near
        Neighbours that pull at a node: along its border where it has one; none fixes the node.
    pairs
        The two indicators whose difference vanishes where the node belongs, (n, 2); -1 for none.
    per_mm
        Voxels per mm along each axis; voxel (0, 0, 0) has its centre at the origin.
    pull, longest
        Share of the way to the mean that is taken; longest move. [mm]
    floor
        A move is halved, and in the end not made, if it takes a tetrahedron below this mean ratio or, where
        one is below it already, makes the worst one worse.
    """
    target, gradient = np.empty(3), np.empty(3)
    for i in range(len(nodes)):
        begin, end = near_starts[i], near_starts[i + 1]
        if begin == end:
            continue
        x, y, z = nodes[i, 0], nodes[i, 1], nodes[i, 2]
        target[:] = 0.0
        for s in range(begin, end):
            for c in range(3):
                target[c] += nodes[near[s], c]
        for c in range(3):
            target[c] = nodes[i, c] + pull * (target[c] / (end - begin) - nodes[i, c])
        if pairs[i, 0] >= 0:
            for _ in range(2):
                value = contrast(
                    indicators,
                    pairs[i, 0],
                    pairs[i, 1],
                    target[0] * per_mm[0],
                    target[1] * per_mm[1],
                    target[2] * per_mm[2],
                    gradient,
                )
                steep = 0.0
                for c in range(3):
                    gradient[c] *= per_mm[c]
                    steep += gradient[c] * gradient[c]
                # Where the difference is flat (below 2 % a mm) its zero is nowhere near.
                if steep < 25.0:
                    break
                scale = -value / steep
                length = abs(scale) * np.sqrt(steep)
                if length > longest:
                    scale *= longest / length
                for c in range(3):
                    target[c] += scale * gradient[c]
        dx, dy, dz = target[0] - x, target[1] - y, target[2] - z
        length = np.sqrt(dx * dx + dy * dy + dz * dz)
        share = min(1.0, longest / length) if length > 0 else 0.0
        before = worst_quality(nodes, tets, around, starts[i], starts[i + 1])
        accepted = False
        for _ in range(5):
            nodes[i, 0], nodes[i, 1], nodes[i, 2] = x + share * dx, y + share * dy, z + share * dz
            after = worst_quality(nodes, tets, around, starts[i], starts[i + 1])
            if after >= floor or after >= before:
                accepted = True
                break
            share /= 2
        if not accepted:
            nodes[i, 0], nodes[i, 1], nodes[i, 2] = x, y, z


@numba.njit(cache=True)
def search(nodes, tets, starts, around, chosen, anchors, reach, draws):
    """Move each chosen node to where the worst tetrahedron round it is best, among random places.

    Parameters
    ----------
    chosen
        Nodes to move, (m,).
    anchors, reach
        A node stays within ``reach[i]`` of ``anchors[i]``. [mm]
    draws
        Uniform random numbers in [0, 1), (m, tries, 3).
    """
    for m in range(len(chosen)):
        i = chosen[m]
        size = 0.0
        for s in range(starts[i], starts[i + 1]):
            for c in range(4):
                d = 0.0
                for k in range(3):
                    d += (nodes[tets[around[s], c], k] - nodes[i, k]) ** 2
                size = max(size, d)
        size = np.sqrt(size)
        best = worst_quality(nodes, tets, around, starts[i], starts[i + 1])
        for t in range(draws.shape[1]):
            x, y, z = nodes[i, 0], nodes[i, 1], nodes[i, 2]
            # Mostly short steps, in a direction uniform on the sphere.
            step = 0.3 * size * draws[m, t, 0] ** 2
            up, turn = 2 * draws[m, t, 1] - 1, 2 * np.pi * draws[m, t, 2]
            flat = np.sqrt(1 - up * up)
            away = np.array([x + step * flat * np.cos(turn), y + step * flat * np.sin(turn), z + step * up])
            away -= anchors[i]
            length = np.sqrt((away * away).sum())
            if length > reach[i]:
                away *= reach[i] / length
            nodes[i] = anchors[i] + away
            quality = worst_quality(nodes, tets, around, starts[i], starts[i + 1])
            if quality > best:
                best = quality
            else:
                nodes[i, 0], nodes[i, 1], nodes[i, 2] = x, y, z
