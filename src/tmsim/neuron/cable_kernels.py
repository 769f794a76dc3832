"""Membrane potential of a branched cable, step by step. Arrays in, arrays out; mV, ms, uS, nF, nA.

One step: gates by their exact exponential at the potential of the step before, then the potential by implicit
Euler. The linear system of a tree whose parents stand before their children is solved in one sweep to the
root and one back (Hines1984); without branches that is the tridiagonal solve. Kinetics are
those of Aberra2018.
"""

from __future__ import annotations

import numba as nb
import numpy as np

SODIUM_mV, POTASSIUM_mV = 50.0, -85.0  # reversal potentials
SODIUM_SPEED = 2.3**1.6  # kinetics of the sodium gates were measured at 21 C; this is 37 C


@nb.njit(error_model="numpy", cache=True)
def _linoid(x):  # pragma: no cover
    """x / (1 - exp(-x)), which is 1 at 0."""
    return 1 + x / 2 if abs(x) < 1e-6 else x / (1 - np.exp(-x))


@nb.njit(error_model="numpy", cache=True)
def gates(v):  # pragma: no cover
    """Rates of the sodium gates and of Kv3.1 at ``v``: opening and closing of m, of h, then n_inf and tau_n.

    Rates are in 1/ms, tau in ms.
    """
    a = _linoid((v + 38) / 6)
    b = _linoid((v + 66) / 6)
    m_open, m_close = 0.182 * 6 * SODIUM_SPEED * a, 0.124 * 6 * SODIUM_SPEED * (a - (v + 38) / 6)
    h_open, h_close = 0.015 * 6 * SODIUM_SPEED * (b - (v + 66) / 6), 0.015 * 6 * SODIUM_SPEED * b
    n_inf = 1 / (1 + np.exp(-(v - 18.7) / 9.7))
    n_tau = 4 / (1 + np.exp(-(v + 46.56) / 44.14))
    return m_open, m_close, h_open, h_close, n_inf, n_tau


@nb.njit(error_model="numpy", cache=True)
def _at_rest(v, active, m, h, n):  # pragma: no cover
    for j in range(len(active)):
        m_open, m_close, h_open, h_close, n_inf, _ = gates(v[active[j]])
        m[j], h[j], n[j] = m_open / (m_open + m_close), h_open / (h_open + h_close), n_inf


@nb.njit(error_model="numpy", cache=True)
def _step(
    field, dt, parent, axial, passive, capacity, resting, drive, active, sodium, potassium,
    v, m, h, n, diagonal, right,
):  # fmt: skip  # pragma: no cover
    """Take ``v`` and the gates from one time to the next, in place."""
    count = len(v)
    for i in range(count):
        diagonal[i] = passive[i]
        right[i] = capacity[i] * v[i] + resting[i] + field * drive[i]
    for j in range(len(active)):
        i = active[j]
        m_open, m_close, h_open, h_close, n_inf, n_tau = gates(v[i])
        rate = m_open + m_close
        m[j] += (m_open / rate - m[j]) * (1 - np.exp(-dt * rate))
        rate = h_open + h_close
        h[j] += (h_open / rate - h[j]) * (1 - np.exp(-dt * rate))
        n[j] += (n_inf - n[j]) * (1 - np.exp(-dt / n_tau))
        g_sodium, g_potassium = sodium[j] * m[j] ** 3 * h[j], potassium[j] * n[j]
        diagonal[i] += g_sodium + g_potassium
        right[i] += g_sodium * SODIUM_mV + g_potassium * POTASSIUM_mV
    for i in range(count - 1, 0, -1):
        share = axial[i] / diagonal[i]
        diagonal[parent[i]] -= share * axial[i]
        right[parent[i]] += share * right[i]
    v[0] = right[0] / diagonal[0]
    for i in range(1, count):
        v[i] = (right[i] + axial[i] * v[parent[i]]) / diagonal[i]


@nb.njit(error_model="numpy", cache=True)
def respond(
    course, dt, rest, parent, axial, passive, capacity, resting, drive, active, sodium, potassium, out
):  # pragma: no cover
    """Membrane potential of every compartment at times 0, dt, 2 dt, ..., (steps + 1, n) into ``out``. [mV]

    ``course`` (steps,) is the field in the middle of each step [V/m]; ``dt`` in ms; ``parent`` (n,) with that
    of the first unused; ``axial`` (n,) conductance to the parent, 0 for the first; ``passive`` (n,) what
    stands on the diagonal besides the channels: capacity, leak and all axial conductances; ``capacity`` (n,)
    over dt; ``resting`` (n,) leak current at 0 mV; ``drive`` (n,) current that a field of 1 V/m drives into
    the compartment; ``active`` (k,) compartments with channels, ``sodium`` and ``potassium`` (k,) their
    largest conductances.
    """
    v = np.full(len(parent), rest)
    m, h, n = np.empty(len(active)), np.empty(len(active)), np.empty(len(active))
    diagonal, right = np.empty_like(v), np.empty_like(v)
    _at_rest(v, active, m, h, n)
    out[0] = v
    for step in range(len(course)):
        _step(
            course[step], dt, parent, axial, passive, capacity, resting, drive, active, sodium, potassium,
            v, m, h, n, diagonal, right,
        )  # fmt: skip
        out[step + 1] = v


@nb.njit(error_model="numpy", cache=True)
def fires(
    field, course, dt, rest, parent, axial, passive, capacity, resting, drive, active, sodium, potassium,
    nodes, enough,
):  # fmt: skip  # pragma: no cover
    """Whether ``enough`` of ``nodes`` pass 0 mV when ``course`` is scaled by ``field``; else as `respond`."""
    v = np.full(len(parent), rest)
    m, h, n = np.empty(len(active)), np.empty(len(active)), np.empty(len(active))
    diagonal, right = np.empty_like(v), np.empty_like(v)
    passed = np.zeros(len(nodes), dtype=np.bool_)
    count = 0
    _at_rest(v, active, m, h, n)
    for step in range(len(course)):
        _step(
            field * course[step], dt, parent, axial, passive, capacity, resting, drive, active, sodium,
            potassium, v, m, h, n, diagonal, right,
        )  # fmt: skip
        for j in range(len(nodes)):
            if not passed[j] and v[nodes[j]] > 0:
                passed[j] = True
                count += 1
        if count >= enough:
            return True
    return False
