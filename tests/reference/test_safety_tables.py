"""Published limits: what the tables say of protocols in use, and what the Rapid² can do.

The tables of train duration are recalled (Rossi2009 after Wassermann1998, ChenIntervals1997). That the two
agree by the factor that ChenIntervals1997 states in its abstract tests them against each other, not against
the papers.
"""

from itertools import pairwise

import pytest

from tmsim.pulse import Layer, PercentRMT, Train, protocol
from tmsim.safety import (
    DEVICES,
    TRAIN_TABLES,
    check_session,
    continuous_rate_Hz,
    max_rate_Hz,
    on_time_per_minute_s,
    pulse_energy_J,
    wait_between_trains_s,
)

WASSERMANN, CHEN = TRAIN_TABLES


def durations(session, **options):
    """Limit [s] and severity of the findings on train duration."""
    return {
        (found.limit, found.severity)
        for found in check_session(session, **options)
        if found.rule == "train-duration"
    }


def test_chen_is_three_quarters_of_wassermann_at_every_limit():
    compared = 0
    for rate_Hz, row in CHEN.rows_by_rate:
        for percent, cell in zip(CHEN.percents, row, strict=True):
            _, before = WASSERMANN.look_up(rate_Hz, percent) or (None, None)
            assert before is not None
            if rate_Hz >= 10 and not before.longest_tested:
                assert cell.duration_s == pytest.approx(0.75 * before.duration_s, abs=0.0701)
                compared += 1
    assert compared == 10


@pytest.mark.parametrize("table", TRAIN_TABLES)
def test_faster_or_stronger_never_allows_longer_trains(table):
    rows = [[cell.duration_s for cell in row] for _, row in table.rows_by_rate]
    for durations_s in (*rows, *zip(*rows, strict=True)):
        assert all(milder >= harder for milder, harder in pairwise(durations_s))


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        # 10 Hz, 4 s, 120 %: within Wassermann1998, beyond ChenIntervals1997
        ("hf10-standard", {(4.2, "info"), (3.2, "caution-with-precedent")}),
        ("hf10-dash", {(4.2, "info"), (3.2, "caution-with-precedent")}),
        # 20 Hz, 2 s, 100 %: the same
        ("dtms-h7-ocd", {(2.05, "info"), (1.5, "caution-with-precedent")}),
        # 18 Hz is read at 20 Hz: 2 s at 120 % is beyond both
        ("dtms-h1-mdd", {(1.0, "caution-with-precedent"), (0.8, "caution-with-precedent")}),
        # 1 Hz, 1800 s, 120 %: longer than was tested, which is no limit
        ("lf1-right", {(360.0, "outside-table"), (180.0, "outside-table")}),
        # 10 Hz, 10 s, 90 %: 5 s were the longest tested, and are the limit of ChenIntervals1997 at 100 %
        ("pain-m1", {(5.0, "outside-table"), (5.0, "caution-with-precedent")}),
        # bursts: no table
        ("itbs600", {(25.0, "outside-table")}),
        ("qps5", {(25.0, "outside-table")}),
    ],
)
def test_protocols_in_use_against_the_tables(name, limits):
    assert durations(protocol(name)) == limits


def test_without_a_precedent_it_is_a_caution():
    # As hf10-standard, with one pulse more in each train.
    train = Train(layers=(Layer(count=41, interval_s=0.1), Layer(count=75, interval_s=30)))
    assert durations(train, intensity=PercentRMT(120)) == {(4.2, "info"), (3.2, "caution")}


@pytest.mark.parametrize(
    ("percent", "rate_Hz", "on_s", "wait_s"),
    [(100, 4.17, 25.0, 5.60), (80, 6.51, 39.1, 2.14), (60, 11.58, 69.5, 0.5)],
)
def test_the_energy_limits_of_the_rapid2_are_those_of_its_driver(percent, rate_Hz, on_s, wait_s):
    """McNair2017: continuous rate; seconds at 10 Hz in a minute; wait after 40 pulses at 10 Hz."""
    assert continuous_rate_Hz(percent) == pytest.approx(rate_Hz, abs=0.006)
    assert on_time_per_minute_s(10, percent) == pytest.approx(on_s, abs=0.05)
    assert wait_between_trains_s(40, 10, percent) == pytest.approx(wait_s, abs=0.005)


@pytest.mark.parametrize("percent", [0, 1, 20, 40, 50, 60, 70, 80, 90, 100])
def test_the_energy_of_a_pulse_goes_with_the_square_of_the_output(percent):
    square_J = 252 * (percent / 100) ** 2
    assert pulse_energy_J(percent) == pytest.approx(square_J, abs=0.13)


@pytest.mark.parametrize(
    ("name", "percent"),
    [("magstim-rapid2", 30), ("magstim-super-rapid2", 51), ("magstim-super-rapid2-plus", 89)],
)
def test_theta_burst_needs_an_output_at_which_50_Hz_are_possible(name, percent):
    def stops(percent_mso):
        findings = check_session(protocol("itbs600"), device=name, percent_mso=percent_mso)
        return [found.rule for found in findings if found.severity == "stop"]

    assert stops(percent) == []
    assert stops(percent + 1) == ["device-rate"]


@pytest.mark.parametrize("name", DEVICES)
def test_no_device_is_faster_at_a_higher_output(name):
    rates = [max_rate_Hz(DEVICES[name], percent) for percent in range(101)]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] > 0
