"""Trains: one form for the same pulses, a sentence that reads back, contradictions refused."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmsim.core import InputError
from tmsim.pulse import Layer, Train, parse_train


def train(*layers):
    return Train(layers=tuple(Layer(count=count, interval_s=interval) for count, interval in layers))


ITBS = train((3, 0.02), (10, 0.2), (20, 10))


@st.composite
def trains(draw):
    """Any nested train: each layer starts again somewhere after what lies inside it."""
    layers, span, pulses = [], Fraction(0), 1
    for _ in range(draw(st.integers(0, 5))):
        count = draw(st.integers(1, 60))
        pause = draw(
            st.fractions(Fraction(1, 10**6), 20, max_denominator=10**6)
            | st.sampled_from([Fraction(1, rate) for rate in (1, 3, 5, 7, 10, 18, 20, 50, 200)])
            | st.floats(1e-6, 20).map(Fraction)
        )
        interval = float(span + pause)
        if pulses * count > 100_000 or Fraction(interval) <= span or interval > 86400:
            break
        layers.append((count, interval))
        span += (count - 1) * Layer(count=1, interval_s=interval).exact_interval_s
        pulses *= count
    return train(*layers)


@given(trains())
def test_a_sentence_reads_back_as_the_train_it_was_made_from(some):
    assert parse_train(str(some)) == some


@given(trains())
def test_onsets_rise_from_zero_to_the_last_pulse(some):
    onsets = some.onsets_s()
    assert len(onsets) == some.n_pulses
    assert onsets[0] == 0
    assert (np.diff(onsets) > 0).all()
    assert onsets[-1] == pytest.approx(some.last_pulse_s, rel=1e-12)


@given(trains(), st.integers(0, 5), st.floats(1e-3, 50))
def test_a_layer_of_one_is_no_layer(some, place, interval):
    layers = list(some.layers)
    layers.insert(min(place, len(layers)), Layer(count=1, interval_s=interval))
    assert Train(layers=tuple(layers)) == some


@given(st.integers(2, 40), st.integers(2, 40), st.sampled_from([0.02, 0.1, 1 / 3, 1 / 18, 0.0015]))
def test_a_layer_that_goes_on_where_the_last_one_ends_is_the_same_layer(inner, outer, interval):
    assert train(
        (inner, interval), (outer, float(inner * Fraction(interval).limit_denominator(10**6)))
    ) == train((inner * outer, interval))


def test_itbs_has_its_pulses_where_they_are_published():
    onsets = ITBS.onsets_s()
    np.testing.assert_allclose(onsets[:7], [0, 0.02, 0.04, 0.2, 0.22, 0.24, 0.4], atol=1e-12)
    np.testing.assert_allclose(onsets[30:33], [10, 10.02, 10.04], atol=1e-12)
    assert (ITBS.n_pulses, ITBS.cycle_s, ITBS.last_pulse_s) == (600, 200.0, 191.84)


THETA = "3 pulses at 50 Hz every 0.2 s"


@pytest.mark.parametrize(
    ("words", "layers"),
    [
        ("itbs, for 1800 pulses.", [(3, 0.02), (10, 0.2), (60, 10)]),
        ("cTBS for 300 pulses", [(3, 0.02), (100, 0.2)]),
        ("cTBS for 40 s", [(3, 0.02), (200, 0.2)]),
        ("1 Hz for 15 min", [(900, 1)]),
        (f"{THETA}, 10 times, every 10 s, 20 times", [(3, 0.02), (10, 0.2), (20, 10)]),
        ("3 PULSES AT 50 HZ EVERY 200 MS, 2 S ON, 8 S OFF FOR 60 PULSES", [(3, 0.02), (10, 0.2), (2, 10)]),
        ("4 pulses every 5 ms, every 5 s, for 1440 pulses", [(4, 0.005), (360, 5)]),
        ("40 pulses at 10 Hz every 30 s, for 3000 pulses", [(40, 0.1), (75, 30)]),
    ],
)
def test_trains_may_be_said_in_other_words(words, layers):
    assert parse_train(words) == train(*layers)


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([(3, 0.02), (10, 0.2), (20, 10)], f"{THETA}, 2 s on, 8 s off, for 600 pulses"),
        ([(3, 0.02), (200, 0.2)], f"{THETA}, for 600 pulses"),
        ([(40, 0.1), (75, 30)], "10 Hz, 4 s on, 26 s off, for 3000 pulses"),
        ([(900, 1)], "1 Hz for 900 pulses"),
        ([(30, 3)], "1 pulse every 3 s, for 30 pulses"),
        ([(4, 0.005), (360, 5)], "4 pulses at 200 Hz every 5 s, for 1440 pulses"),
        ([(2, 0.0015), (180, 5)], "2 pulses every 1.5 ms, every 5 s, for 360 pulses"),
        ([(36, 1 / 18), (55, 22)], "18 Hz, 2 s on, 20 s off, for 1980 pulses"),
        ([(2, 0.1)], "2 pulses at 10 Hz"),
        ([(40, 0.1), (2, 3.95)], "10 Hz, 40 times, every 3.95 s, for 80 pulses"),
        ([], "1 pulse"),
    ],
)
def test_trains_read_as_papers_have_them(layers, words):
    assert str(train(*layers)) == words
    assert parse_train(words) == train(*layers)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("3 pulses at 50 Hz every 0.03 s, for 30 pulses", "0.03 s, while what is repeated lasts 0.04 s"),
        ("3 pulses at 50 Hz every 0.04 s, for 30 pulses", "lasts 0.04 s"),
        ("10 Hz, 40 times, every 2 s, for 400 pulses", "every 2 s, while what is repeated lasts 3.9 s"),
        ("iTBS for 601 pulses", "601 pulses in all; expected a multiple of 30"),
        ("10 Hz, 4.05 s on, 26 s off, for 3000 pulses", "4.05 s on; expected a whole number of times 0.1 s"),
        ("1 Hz for 900.5 s", "900.5 s in all; expected a whole number of times 1 s"),
        ("3 pulses at 50 Hz for 4 pulses", "4 pulses; expected 3"),
        ("10 Hz", "no end"),
        ("10 Hz, 4 s on, 26 s off", "no end"),
        ("", "no end"),
        ("3 pulses", "3 pulses without a rate"),
        ("10 Hz every 2 s, for 30 pulses", "every 2 s, with no count"),
        ("3 pulses at 50 Hz, 2 s on, 8 s off, for 9 pulses", "a count of nothing"),
        ("0 Hz for 3 pulses", "'0'; expected a number above 0"),
        ("1/0 Hz for 3 pulses", "'1/0'; expected a number above 0"),
        ("1 Hz for 0 pulses", "a count of at least 1"),
        ("1 Hz for 90000000 pulses", "at most 1000000"),
        ("10 Hz, 4 s on, 26 s of, for 3000 pulses", "'4 s on, 26 s of, for 3000 pulses'"),
        ("10 kHz for 3 pulses", "'10 kHz for 3 pulses'"),
        ("1 Hz for 3 hours", "'for 3 hours'"),
        ("iTBSx", "'iTBSx'"),
        ("1" * 3000, "3000 characters"),
    ],
)  # fmt: skip
def test_contradictions_and_gaps_are_refused_by_the_sentence_that_says_why(words, says):
    with pytest.raises(InputError, match=says.replace(".", r"\.")):
        parse_train(words)


@given(st.text(alphabet="0123456789./ ,HzmsevrypulonfatiTBSc", max_size=60))
def test_any_other_words_are_refused_or_a_train(words):
    try:
        found = parse_train(words)
    except InputError:
        return
    assert parse_train(str(found)) == found


@pytest.mark.parametrize(
    ("count", "interval"), [(0, 1), (-3, 1), (2.5, 1), (3, 0), (3, -1), (3, float("nan")), (3, 1e9)]
)
def test_a_layer_that_cannot_be_is_refused(count, interval):
    with pytest.raises(InputError, match="layer|interval"):
        Layer(count=count, interval_s=interval)


def test_intervals_are_the_fractions_they_stand_for():
    assert Layer(count=2, interval_s=0.1).exact_interval_s == Fraction(1, 10)
    assert Layer(count=2, interval_s=1 / 18).exact_interval_s == Fraction(1, 18)
    assert Layer(count=2, interval_s=12.345678).exact_interval_s == Fraction(12345678, 10**6)
