"""Build tests/reference/data/tvb_jansen_rit.npz: one second of The Virtual Brain as a reference.

The Virtual Brain (SanzLeon2013) is under the GPL and no part of tmsim: run this in an environment of its own,
with ``pip install tvb-library==2.10.0``, from the root of the project:

    python scripts/tvb_jansen_rit.py

82 Jansen-Rit masses on the built-in connectome, each pushed off its fixed point, oscillate; Heun's method, 1
ms, no noise. Input, coupling and speed are stored with the potentials of every tenth step. What coupling
gives at the fixed point is taken off each region's input, as tmsim has it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.optimize import brentq
from tvb.datatypes.connectivity import Connectivity
from tvb.simulator.coupling import SigmoidalJansenRit
from tvb.simulator.integrators import HeunDeterministic
from tvb.simulator.models.jansen_rit import JansenRit
from tvb.simulator.monitors import Raw
from tvb.simulator.simulator import Simulator

ROOT = Path(__file__).parents[1]
INPUT_Hz, COUPLING, SPEED_m_per_s = 220.0, 10.0, 3.9
STEP_ms, LENGTH_ms, KEPT = 1.0, 1000.0, 10


def fixed_point(model: JansenRit) -> np.ndarray:
    """The state (6,) of one mass that stays as it is under ``INPUT_Hz``."""
    A, a, B, b, J, v0, r, nu_max, a1, a2, a3, a4 = (
        float(getattr(model, name)[0])
        for name in ("A", "a", "B", "b", "J", "v0", "r", "nu_max", "a_1", "a_2", "a_3", "a_4")
    )

    def rate(v: float) -> float:
        return 2 * nu_max / (1 + np.exp(r * (v0 - v)))

    def parts(v: float) -> tuple[float, float, float]:
        y0 = A / a * rate(v)
        return y0, A / a * (INPUT_Hz * 1e-3 + a2 * J * rate(a1 * J * y0)), B / b * a4 * J * rate(a3 * J * y0)

    v = brentq(lambda v: parts(v)[1] - parts(v)[2] - v, -20, 50, xtol=1e-14)
    return np.array([*parts(v), 0, 0, 0])


def main() -> None:
    """Run and write."""
    with np.load(ROOT / "src" / "tmsim" / "network" / "data" / "enigma-82.npz") as archive:
        weights, lengths_m, labels = archive["weights"], archive["lengths_m"], archive["labels"]
    n = len(weights)
    weights = COUPLING * weights / np.linalg.eigvalsh(weights)[-1]
    # Its own v0 is 5.52 mV; all other numbers are those of Jansen1995 already.
    model = JansenRit(v0=np.array([6.0]), variables_of_interest=("y1", "y2"))
    start = fixed_point(model)
    rest = float(2 * model.nu_max[0] / (1 + np.exp(model.r[0] * (model.v0[0] - (start[1] - start[2])))))
    model.mu = INPUT_Hz * 1e-3 - weights.sum(axis=1) * rest
    state = np.tile(start[:, None], (1, n))
    state[1] += np.linspace(0.1, 0.5, n)
    horizon = int(np.rint(lengths_m.max() * 1e3 / SPEED_m_per_s / STEP_ms)) + 1

    simulator = Simulator(
        model=model,
        connectivity=Connectivity(
            weights=weights,
            tract_lengths=lengths_m * 1e3,
            region_labels=labels.astype("<U128"),
            centres=np.zeros((n, 3)),
            speed=np.array([SPEED_m_per_s]),  # mm/ms
        ),
        coupling=SigmoidalJansenRit(
            cmin=np.array([0.0]), cmax=2 * model.nu_max, midpoint=model.v0, r=model.r, a=np.array([1.0])
        ),
        integrator=HeunDeterministic(dt=STEP_ms),
        monitors=(Raw(),),
        simulation_length=LENGTH_ms,
        conduction_speed=SPEED_m_per_s,
        initial_conditions=np.tile(state[None, :, :, None], (horizon, 1, 1, 1)),
    ).configure()
    ((time_ms, states),) = simulator.run()
    time_ms = time_ms - time_ms[0] + STEP_ms  # it counts from the start of its history
    potential_mV = (states[:, 0] - states[:, 1])[..., 0].T  # after each step
    kept = slice(KEPT - 1, None, KEPT)
    out = ROOT / "tests" / "reference" / "data" / "tvb_jansen_rit.npz"
    np.savez_compressed(
        out,
        time_s=np.round(time_ms[kept] * 1e-3, 6),
        potential_mV=potential_mV[:, kept],
        input_Hz=INPUT_Hz,
        coupling=COUPLING,
        speed_m_per_s=SPEED_m_per_s,
    )
    print(f"{out.name}: {potential_mV.shape} steps, {out.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
