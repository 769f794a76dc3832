"""Target text, and Beam F3 against its golden values."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmsim.core import InputError
from tmsim.head.landmarks import ALIASES, LABELS
from tmsim.placement import (
    NAMED_POINTS,
    BeamF3,
    Electrode,
    HeadPoint,
    MniPoint,
    Named,
    beam_f3,
    parse_target,
)


@pytest.mark.parametrize(
    ("tapes_cm", "along_cm", "down_cm"),
    [
        ((36, 38, 60), 6.95, 9.79),  # the first number was seen in the method's own calculator
        ((36, 36, 56), 6.47, 9.50),
        ((38, 35, 58), 6.67, 9.56),
        ((34, 34, 54), 6.24, 8.97),
    ],
)
def test_beam_f3_gives_the_golden_distances(tapes_cm, along_cm, down_cm):
    found_cm = np.array(beam_f3(*(tape / 100 for tape in tapes_cm))) * 100
    np.testing.assert_allclose(found_cm, [along_cm, down_cm], atol=0.005)


@pytest.mark.parametrize(
    "tapes_m", [(36, 38, 60), (0.36, 0.60, 0.38), (0.1, 0.38, 0.6), (0.36, 0.38, np.nan)]
)
def test_tapes_that_no_head_has_are_refused(tapes_m):
    with pytest.raises(InputError):
        beam_f3(*tapes_m)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("F3", Electrode("F3")),
        (" fp1 ", Electrode("Fp1")),
        ("T3", Electrode("T3")),
        ("mni -38 44 26 mm", MniPoint((-0.038, 0.044, 0.026))),
        ("MNI -38, 44, 26 mm", MniPoint((-0.038, 0.044, 0.026))),
        ("head -3.5 4 2.4 cm", HeadPoint((-0.035, 0.04, 0.024))),
        ("beam-f3 36 38 60 cm", BeamF3((0.36, 0.38, 0.60))),
        ("beam-f3", BeamF3()),
        ("Hand-Knob-Left", Named("hand-knob-left")),
    ],
)
def test_target_text_is_read(text, target):
    found = parse_target(text)
    assert type(found) is type(target)
    if isinstance(target, MniPoint | HeadPoint):
        assert isinstance(found, MniPoint | HeadPoint)
        assert found.point_m == pytest.approx(target.point_m)
    else:
        assert found == target


metres = st.integers(-150_000, 150_000).map(lambda n: n * 1e-6)
targets = st.one_of(
    st.sampled_from([*LABELS, *ALIASES]).map(Electrode),
    st.sampled_from(sorted(NAMED_POINTS)).map(Named),
    st.tuples(metres, metres, metres).map(MniPoint),
    st.tuples(metres, metres, metres).map(HeadPoint),
    st.just(BeamF3()),
)


@given(targets)
def test_a_target_prints_itself_back(target):
    again = parse_target(str(target))
    assert type(again) is type(target)
    if isinstance(target, MniPoint | HeadPoint):
        assert isinstance(again, MniPoint | HeadPoint)
        np.testing.assert_allclose(again.point_m, target.point_m, atol=1e-12)
    else:
        assert again == target


@given(st.text(max_size=40))
def test_any_text_is_a_target_or_is_refused_in_one_sentence(text):
    with suppress(InputError):
        assert str(parse_target(text)).lower().split()[0] == text.replace(",", " ").lower().split()[0]


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("F11", "F1"),
        ("hand-knob", "hand-knob-left"),
        ("dlpfc", "dlpfc-bnu"),
        ("beamf3", "beam-f3"),
        ("T99", "T9"),
    ],
)
def test_an_unknown_target_is_refused_with_near_matches(text, near):
    with pytest.raises(InputError, match=near):
        parse_target(text)


@pytest.mark.parametrize(
    "text",
    ["", "mni 1 2 3", "mni 1 2 mm", "mni 1 2 3 s", "head a b c mm", "mni nan 1 2 mm", "beam-f3 36 38 60"],
)
def test_a_point_without_three_numbers_and_a_unit_is_refused(text):
    with pytest.raises(InputError):
        parse_target(text)


def test_a_target_made_by_hand_is_checked_as_well():
    assert Electrode("fpz").label == "Fpz"
    for make in (lambda: Electrode("G7"), lambda: Named("nowhere"), lambda: BeamF3((36.0, 38.0, 60.0))):
        with pytest.raises(InputError):
            make()


def test_every_named_target_says_how_far_it_was_checked():
    for point in NAMED_POINTS.values():
        assert point.status in ("read", "recomputed", "unverified")
        assert point.source
    for side in ("left", "right"):
        hand = NAMED_POINTS[f"hand-knob-{side}"]
        assert hand.status == "unverified"
        assert "19.5 mm" in hand.note
    left, right = (np.array(NAMED_POINTS[f"hand-knob-{side}"].mni_mm) for side in ("left", "right"))
    np.testing.assert_array_equal(left * (-1, 1, 1), right)
    assert left[0] < 0
