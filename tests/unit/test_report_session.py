"""The picture of a rehearsal shows every pulse in the row where it belongs."""

from __future__ import annotations

import numpy as np
import pytest

from tmsim.pulse import PercentMSO, parse_train
from tmsim.rehearsal import DEVICES, CablePulled, Refusal, rehearse
from tmsim.report.session import pulse_log_figure

TRAIN = parse_train("10 Hz, 4 s on, 26 s off, for 160 pulses")
RAPID2 = DEVICES["magstim-rapid2"]


def rows(figure) -> dict[float, np.ndarray]:
    """Times of the ticks of the raster by the height of their lower end. [s]"""
    found: dict[float, list[float]] = {}
    for lines in figure.axes[0].collections:
        for (x, low), _ in lines.get_segments():
            found.setdefault(low, []).append(x)
    return {height: np.sort(times) for height, times in found.items()}


@pytest.mark.parametrize("faults", [[], [CablePulled(at_s=33.0)]])
def test_planned_delivered_and_missing_pulses_are_in_their_rows(faults):
    rehearsal = rehearse(TRAIN, PercentMSO(60), RAPID2, faults=faults)
    shown = rows(pulse_log_figure(rehearsal))
    np.testing.assert_allclose(shown[2.0], TRAIN.onsets_s())
    np.testing.assert_allclose(shown[1.0], rehearsal.delivered_s)
    missing = [pulse.planned_s for pulse in rehearsal.pulses if pulse.refusal]
    np.testing.assert_allclose(shown.get(0.0, []), missing)
    assert len(shown[1.0]) + len(missing) == 160


def test_the_lines_end_at_the_numbers_planned_and_delivered():
    rehearsal = rehearse(TRAIN, PercentMSO(60), RAPID2, faults=[CablePulled(at_s=33.0)])
    planned, delivered = pulse_log_figure(rehearsal).axes[1].lines
    assert planned.get_ydata()[-1] == 160
    assert delivered.get_ydata()[-1] == len(rehearsal.delivered_s) < 160


def test_the_picture_says_why_pulses_are_missing_and_how_it_ended():
    figure = pulse_log_figure(rehearse(TRAIN, PercentMSO(60), RAPID2, faults=[CablePulled(at_s=33.0)]))
    words = " ".join(text.get_text() for ax in figure.axes for text in [*ax.texts, ax.title, ax._left_title])
    assert Refusal.CABLE_PULLED in words
    assert "remote control lost" in words
    assert "standby, no remote control" in words


def test_a_session_of_which_nothing_was_delivered_can_be_drawn():
    figure = pulse_log_figure(rehearse(parse_train("iTBS"), PercentMSO(60), RAPID2))
    assert set(rows(figure)) == {0.0, 2.0}
