"""The axon-terminal cable against the figures it was specified by, and against measured thresholds.

The specified figures are recomputed, with the kinetics of Aberra2018 and recorded MagPro X100 and cTMS1
pulses; our pulses are generated from circuits, so that the two agree within 10 %. Beside them stand our own
figures at 1 %, found with the first release of this solver, so that a change shows.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tmsim.neuron import Axon, AxonTerminal, Drive, fit_strength_duration, threshold
from tmsim.neuron.parameters import MEASURED_THRESHOLDS, STRENGTH_DURATION_TAU
from tmsim.pulse import waveform
from tmsim.pulse.parameters import CTMS1
from tmsim.pulse.rectangular import switched_off

MONO, BI, HALF = (f"magpro-x100-{kind}" for kind in ("monophasic", "biphasic", "half-sine"))
CTMS = ("ctms1-30us", "ctms1-60us", "ctms1-120us")
LONG, SHORT = Axon(internodes=20), Axon(internodes=6)

# Specified threshold of an axon of 2 mm, or of 8 internodes if that is longer, in V/m, and what we find.
DIAMETERS = {
    0.3: (64, 530, 550.0),
    0.5: (39, 352, 364.0),
    1.0: (19, 216, 224.0),
    2.0: (9, 148, 149.3),
    3.0: (8, 120, 120.7),
}


def found(axon: Axon, name: str) -> float:
    return threshold(axon, waveform(name), tolerance=1e-3)


@pytest.fixture(scope="module")
def table() -> dict[int, dict[str, float]]:
    """Thresholds of axons of 1 um by internodes and waveform. [V/m]"""
    return {n: {w: found(Axon(internodes=n), w) for w in (MONO, BI, HALF, *CTMS)} for n in (20, 10, 8, 6, 5)}


@pytest.mark.parametrize("diameter_um", DIAMETERS)
def test_thresholds_by_diameter(diameter_um):
    internodes, specified, ours = DIAMETERS[diameter_um]
    axon = Axon(diameter_um=diameter_um, internodes=internodes)
    value = found(axon, MONO)
    assert value == pytest.approx(specified, rel=0.10)
    assert value == pytest.approx(ours, rel=0.01)


def test_threshold_falls_with_the_diameter_about_as_one_over_its_root():
    d, thresholds = list(DIAMETERS), [row[1] for row in DIAMETERS.values()]
    values = [found(Axon(diameter_um=x, internodes=DIAMETERS[x][0]), MONO) for x in (d[0], d[-1])]
    exponent = math.log(values[1] / values[0]) / math.log(d[-1] / d[0])
    assert exponent == pytest.approx(math.log(thresholds[-1] / thresholds[0]) / math.log(10), abs=0.03)
    assert -0.8 < exponent < -0.5


def test_thresholds_of_a_long_and_of_a_short_axon(table):
    assert table[20][MONO] == pytest.approx(216, rel=0.10)
    assert table[6][MONO] == pytest.approx(231, rel=0.10)
    assert table[20][MONO] == pytest.approx(223.9, rel=0.01)
    assert table[6][MONO] == pytest.approx(238.1, rel=0.01)


def test_biphasic_and_half_sine_pulses_against_monophasic_ones(table):
    long, short = table[20], table[6]
    assert long[BI] / long[MONO] == pytest.approx(1.04, rel=0.10)
    assert long[HALF] / long[MONO] == pytest.approx(1.04, rel=0.10)
    assert short[BI] / short[MONO] == pytest.approx(0.93, rel=0.10)
    assert long[BI] / long[MONO] == pytest.approx(1.032, rel=0.01)
    assert short[BI] / short[MONO] == pytest.approx(0.920, rel=0.01)


def test_strength_duration_ratios_of_a_long_and_of_a_short_axon(table):
    for n, specified, ours in ((20, (1.62, 0.68), (1.608, 0.686)), (6, (1.581, 0.732), (1.570, 0.732))):
        ratios = [table[n][CTMS[0]] / table[n][CTMS[1]], table[n][CTMS[2]] / table[n][CTMS[1]]]
        assert ratios == pytest.approx(specified, rel=0.10)
        assert ratios == pytest.approx(ours, rel=0.01)


def test_a_branch_of_six_internodes_has_the_measured_ratios(table):
    measured = [MEASURED_THRESHOLDS[width].value for width in (30, 60, 120)]  # Peterchev2013
    ours = [table[6][name] / table[6][CTMS[1]] for name in CTMS]
    assert ours == pytest.approx(measured, rel=0.06)


def test_a_shorter_branch_has_a_higher_threshold_and_a_shorter_time_constant(table):
    pulses = [waveform(name) for name in CTMS]
    thresholds = [row[MONO] for row in table.values()]
    taus = [
        fit_strength_duration(pulses, [row[name] for name in CTMS]).time_constant_s for row in table.values()
    ]
    assert thresholds == sorted(thresholds)
    assert taus == sorted(taus, reverse=True)
    assert taus[0] > 1.5 * taus[-1]


def test_measured_thresholds_give_a_time_constant_in_the_published_range():
    # Peterchev2013: 187 us, fitted with the recorded pulses. Ours droop more, which makes it 25 % longer.
    measured = [MEASURED_THRESHOLDS[width].value for width in (30, 60, 120)]
    fit = fit_strength_duration([waveform(name) for name in CTMS], measured)
    assert 150e-6 < fit.time_constant_s < 250e-6
    published = STRENGTH_DURATION_TAU["motor cortex, mean thresholds"].value
    assert abs(fit.time_constant_s - published) < 2 * fit.time_constant_error_s
    assert np.abs(fit.residuals).max() < 0.03


# Median thresholds at 30, 60 and 120 us and the time constant fitted to them with the recorded pulses:
# people (Peterchev2013) and three layers of model cells (Aberra2020), all recomputed from data files.
PAIRS = {
    "people": ((1.598, 1, 0.733), 187e-6),
    "L2/3": ((1.563, 1, 0.719), 188e-6),
    "L4": ((1.605, 1, 0.728), 195e-6),
    "L5": ((1.527, 1, 0.708), 185e-6),
}


def test_four_published_time_constants_follow_from_one_droop_of_the_pulse():
    circuit = replace(CTMS1, resistance_ohm=0.0225)
    pulses = [switched_off(circuit, width * 1e-6, name="cTMS1") for width in (32.0, 61.2, 120.6)]
    for name, (ratios, tau_s) in PAIRS.items():
        fit = fit_strength_duration(pulses, ratios)
        assert fit.time_constant_s == pytest.approx(tau_s, rel=0.03), name


def test_the_short_axon_has_a_time_constant_as_people_have():
    pulses = [waveform(name) for name in CTMS]
    ours = fit_strength_duration(pulses, [found(SHORT, name) for name in CTMS]).time_constant_s
    # DOstilio2016: 231 us for PA and 294 us for AP, with SDs of 97 and 91 us between people.
    for direction, spread_s in (("PA", 97.2e-6), ("AP", 90.9e-6)):
        assert ours == pytest.approx(STRENGTH_DURATION_TAU[f"motor cortex, {direction}"].value, abs=spread_s)


# --- Terminals in random directions ----------------------------------------------------------------------


def direction_factors(terminals: int, cells: int) -> np.ndarray:
    """min 1/cos over the terminals of each cell, for one direction of the field."""
    model = AxonTerminal(terminals=terminals, seed=11)
    ends = np.array([model.directions(cell) for cell in range(cells)])
    toward = ends[..., 0].max(axis=1)
    return 1 / toward[toward > 0.01]


def test_the_best_of_twenty_random_terminals_is_an_eighth_off_the_field():
    factor = direction_factors(20, 4000)
    assert factor.mean() == pytest.approx(1.12, abs=0.01)
    assert factor.std() == pytest.approx(0.15, abs=0.05)  # rare cells weigh much
    low, high = np.quantile(factor, (0.05, 0.95))
    assert low == pytest.approx(1.00, abs=0.01)
    assert high == pytest.approx(1.37, abs=0.03)


def test_the_factor_falls_with_the_number_of_terminals():
    # The mean over cells with few terminals hangs on the rare ones that have none towards the field.
    assert direction_factors(10, 4000).mean() == pytest.approx(1.32, abs=0.05)
    assert direction_factors(50, 4000).mean() == pytest.approx(1.04, abs=0.005)


@pytest.mark.parametrize("terminals", [10, 20, 50])
def test_the_factor_is_distributed_as_the_largest_of_uniform_cosines(terminals):
    factor = direction_factors(terminals, 4000)
    for share in (0.1, 0.5, 0.9):
        cosine = 2 * (1 - share) ** (1 / terminals) - 1  # P(largest cosine < c) = ((1 + c)/2)^K
        assert np.quantile(factor, share) == pytest.approx(1 / cosine, rel=0.02)


@pytest.fixture(scope="module")
def by_angle() -> dict[str, np.ndarray]:
    polar = np.linspace(0, math.pi, 13)
    drive = Drive(polar_rad=polar, gradient_per_m=np.zeros(13))
    return {name: AxonTerminal().thresholds_V_per_m(drive, waveform(name))[0] for name in (MONO, BI)}


def test_the_directional_curve_is_flat_as_that_of_realistic_cells(by_angle):
    curve = by_angle[MONO]
    assert curve.max() / curve.min() < 1.31  # of L5 in the table of Aberra2020; a cosine has no upper end
    assert 1.0 < np.median(curve) / found(SHORT, MONO) < 1.15
    # L5 cells of the table: 226 to 297 V/m.
    assert 215 < curve.min() < curve.max() < 310


def test_second_phases_do_more_as_in_realistic_cells(by_angle):
    # A terminal that the first phase hyperpolarised fires more easily in the second: L5 0.70, L4 0.76
    # biphasic over monophasic in Aberra2020.
    ratio = np.median(by_angle[BI]) / np.median(by_angle[MONO])
    assert ratio == pytest.approx(0.70, rel=0.15)
    assert ratio == pytest.approx(0.76, rel=0.15)


def test_the_model_is_the_best_terminal_of_each_cell():
    model, polar, gradient = AxonTerminal(terminals=6), 0.9, 400.0
    pulse = waveform(BI)
    value = model.thresholds_V_per_m(
        Drive(polar_rad=np.array([polar]), gradient_per_m=np.array([gradient])), pulse
    )[0, 0]
    direct = []
    for cell in range(5):
        ends = model.directions(cell)
        towards, away = (
            np.array(
                [threshold(model.axon, pulse, angle_rad=a, gradient_per_m=gradient * z) for z in ends[:, 2]]
            )
            for a in (0.0, math.pi)
        )
        for azimuth in np.arange(24) * math.pi / 12:
            field = [
                math.sin(polar) * math.cos(azimuth),
                math.sin(polar) * math.sin(azimuth),
                math.cos(polar),
            ]
            along = ends @ field
            direct.append(1 / np.max(np.abs(along) / np.where(along > 0, towards, away)))
    assert value == pytest.approx(np.median(direct), rel=0.01)
