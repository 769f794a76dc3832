"""The calcium rule in one population against figures recomputed with the constants of SanzLeon2018.

Figures are the target of the coupling over its value at rest, at the end of the train. At slow rates the
target swings for minutes around the limit that metaplasticity sets, so that a single moment says little:
there the mean over the last quarter of the train is held against the figure. All rates are at a pulse
amplitude of 9, which was found by trying: of 5.8 to 10 it alone gives 1.86 at 20 Hz.
"""

from __future__ import annotations

import numpy as np
import pytest

from tmsim.plasticity import Calcium
from tmsim.plasticity.calcium import CalciumState
from tmsim.pulse import Layer, Train, parse_train


def end(train: Train, amplitude: float) -> CalciumState:
    """The population when the train could start again in its own rhythm."""
    left = Calcium(amplitude=amplitude).stimulated(train)
    return left.rested(train.cycle_s - train.last_pulse_s)


@pytest.mark.parametrize(
    ("sentence", "amplitude", "published", "tolerance"),
    [
        ("cTBS for 300 pulses", 5.8, 1.07, 0.01),
        ("cTBS", 5.8, 0.97, 0.005),
        ("iTBS", 5.8, 1.02, 0.005),
        ("cTBS", 9.0, 1.64, 0.005),
        ("iTBS", 9.0, 1.28, 0.005),
        ("cTBS", 15.0, 1.93, 0.005),
        ("iTBS", 15.0, 1.41, 0.005),
    ],
)
def test_theta_burst_changes_the_target_by_the_published_amount(sentence, amplitude, published, tolerance):
    assert end(parse_train(sentence), amplitude).target == pytest.approx(published, abs=tolerance)


def test_depression_by_ctbs_is_not_reproduced_once_pulses_are_strong():
    # As it should be said: the sign depends on the amplitude, and the model's notes say so.
    train = parse_train("cTBS")
    assert end(train, 5.8).target < 1 < end(train, 9.0).target
    assert "not reproduced" in Calcium.validity
    assert "not reproduced" in " ".join(Calcium().after_effect(train).notes)


@pytest.mark.parametrize(("rate_Hz", "published"), [(5, 1.07), (10, 0.86), (20, 1.86)])
def test_900_pulses_change_the_target_by_the_published_amount(rate_Hz, published):
    train = parse_train(f"900 pulses at {rate_Hz} Hz")
    # At 5 and 10 Hz the target swings by 0.15 a minute: 0.03 is ten seconds of it.
    tolerance = 0.005 if rate_Hz == 20 else 0.03
    assert end(train, 9.0).target == pytest.approx(published, abs=tolerance)


@pytest.mark.parametrize("rate_Hz", [0.5, 1, 2])
def test_slow_pulses_lower_the_target_to_the_published_level(rate_Hz):
    model, state, targets = Calcium(amplitude=9.0), None, []
    block = Train(layers=(Layer(count=15, interval_s=1 / rate_Hz),))
    for _ in range(60):  # 900 pulses
        state = model.stimulated(block, state).rested(1 / rate_Hz)
        targets.append(state.target)
    assert np.mean(targets[45:]) == pytest.approx(0.945, abs=0.015)
