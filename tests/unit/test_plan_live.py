"""What plans on a live field keep, and what they work out anew."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tmsim.core import InputError
from tmsim.plan import default
from tmsim.plan.live import LiveResults, Memory, solve_live


class Nowhere:
    """A basis of another head."""

    n_points = 3


def test_the_same_thing_is_worked_out_once_even_by_several_at_a_time():
    memory, calls, both = Memory(), [], threading.Barrier(2)

    def slow():
        calls.append(1)
        both.wait(5)
        return "found"

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(memory.of, "key", slow)
        both.wait(5)
        second = pool.submit(memory.of, "key", slow)
        assert (first.result(5), second.result(5)) == ("found", "found")
    assert len(calls) == 1


def test_a_refusal_is_not_kept():
    memory = Memory()

    def refuse():
        raise InputError("dose", "too much", "less")

    with pytest.raises(InputError):
        memory.of("key", refuse)
    assert memory.of("key", lambda: 7) == 7


def test_the_oldest_is_forgotten_first():
    memory = Memory(most=2)
    for key in ("a", "b", "a", "c"):
        memory.of(key, lambda key=key: key)
    assert memory.of("a", lambda: "anew") == "a"
    assert memory.of("b", lambda: "anew") == "anew"


def test_a_basis_of_another_head_is_refused(colin27):
    with pytest.raises(InputError, match="field basis: 3 points"):
        solve_live(default(), colin27, Nowhere(), None)


def test_a_change_of_the_dose_leaves_the_hand_area_as_it_was(colin27):
    """The field over the hand area hangs on coil, site and waveform; nothing but a count tells."""
    asked = []

    class Counted:
        n_points = len(colin27.cortex.points_m)
        relative_residual = 0.0

        class spec:  # noqa: N801
            order, tolerance = 1, 1e-5

        def field(self, coil, pose, *, didt_A_per_s):
            asked.append(pose)

            class Field:
                E_V_per_m = np.ones((self.n_points, 3), np.float32)

            return Field

    memory, basis = Memory(), Counted()
    plan = default()
    stronger = plan.model_copy(update={"pulse": plan.pulse.model_copy(update={"dose": "110 %RMT"})})
    monophasic = plan.model_copy(
        update={"pulse": plan.pulse.model_copy(update={"waveform": "magpro-x100-monophasic"})}
    )
    thresholds = [
        LiveResults(plan=one, head=colin27, basis=basis, memory=memory).threshold
        for one in (plan, stronger, monophasic)
    ]
    assert len(asked) == 2  # once for each of two waveforms, and never where the coil is now
    assert thresholds[0] == thresholds[1] != thresholds[2]
