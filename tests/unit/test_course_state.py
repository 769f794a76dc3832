"""A course that stops and goes on, in one file or several, is the course that ran through."""

import contextlib
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tmsim.core import InputError, TmsimError
from tmsim.course import MODELS, cohort, read_state, resume, schedule_of, state_of, write_state
from tmsim.pulse import protocol

ITBS = schedule_of(protocol("itbs600"), missed=("day 9",))
SAINT = schedule_of(protocol("saint"))
IN_ONE_FOLDER = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def through_file(course, path):
    write_state(state_of(course), path)
    return read_state(path)


def same(one, other):
    for name in ("day", "score", "group", "baseline", "long_run", "tau_sessions"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert one.spec == other.spec


@IN_ONE_FOLDER
@given(stops=st.lists(st.integers(0, 60), max_size=4), arm=st.sampled_from(["active", "sham"]))
def test_stopping_anywhere_any_number_of_times_changes_nothing(stops, arm, tmp_path):
    through = cohort(ITBS, n=50, seed=3, arm=arm, follow_up_weeks=2)
    course = cohort(ITBS, n=50, seed=3, arm=arm, follow_up_weeks=2, until_day=0)
    for day in sorted(stops):
        course = resume(through_file(course, tmp_path / "state.json"), until_day=day)
        assert course.reached_day == min(day, 56)
    same(resume(through_file(course, tmp_path / "state.json")), through)


def test_a_stop_in_the_middle_of_a_week_keeps_the_sessions_of_that_week(tmp_path):
    course = cohort(ITBS, n=20, until_day=10)
    assert course.day.tolist() == [0, 7]
    assert course.sessions[-1] == 5
    state = through_file(course, tmp_path / "state.json")
    assert state.day == 10
    assert resume(state).sessions.tolist() == [0, 5, 9, 14, 19, 24, 29]


def test_sessions_missed_after_a_stop_are_as_if_known_from_the_start(tmp_path):
    state = through_file(cohort(SAINT, n=30, model="accelerated", until_day=2), tmp_path / "state.json")
    known = cohort(SAINT.without("day 4", 50), n=30, model="accelerated")
    same(resume(state, missed=("day 4", "50")), known)


@pytest.mark.parametrize("missed", [(20,), ("day 2",)])
def test_what_was_given_can_t_be_missed_any_more(missed):
    state = state_of(cohort(SAINT, n=5, model="accelerated", until_day=2))
    with pytest.raises(InputError, match="one after day 2"):
        resume(state, missed=missed)


def test_time_runs_forward():
    state = state_of(cohort(ITBS, n=5, until_day=14))
    with pytest.raises(InputError, match="14 or more"):
        resume(state, until_day=13)


def test_the_same_course_writes_the_same_bytes(tmp_path):
    for name in ("a.json", "b.json"):
        write_state(state_of(cohort(ITBS, n=40, seed=8, until_day=21)), tmp_path / name)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"a.json", "b.json"}


def test_a_model_of_one_s_own_has_no_name_to_be_found_by(tmp_path):
    own = replace(MODELS["exponential"], label="mine")
    with pytest.raises(InputError, match="of your own"):
        write_state(state_of(cohort(ITBS, n=5, model=own)), tmp_path / "state.json")
    assert list(tmp_path.iterdir()) == []


def written(tmp_path, **changed):
    path = tmp_path / "state.json"
    write_state(state_of(cohort(ITBS, n=4, until_day=14)), path)
    table = json.loads(path.read_text())
    path.write_text(json.dumps(table | changed))
    return path


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"format": "other"}, "no state of a course"),
        ({"model": "guess"}, "state.json, symptom model"),
        ({"scale": "Y-BOCS"}, "scale: 'Y-BOCS'"),
        ({"arm": "both"}, "arm: 'both'"),
        ({"n": True}, "n: True"),
        ({"n": 5}, "another number of them"),
        ({"day": 43}, "at most 42"),
        ({"day": 21}, "another number of them"),
        ({"scores": [[1, 2, 3, 99]] * 3}, "whole numbers, 0 to 52"),
        ({"scores": [[1, 2, 3, 4.5]] * 3}, "whole numbers, 0 to 52"),
        ({"sessions": [[1, 0.0, 200.0, 600, False]]}, "rows of day"),
        ({"sessions": [[1, 0.0, float("nan"), 600, False, False]]}, "duration of a session: nan s"),
        ({"sessions": []}, "0 sessions"),
        ({"seed": -1}, "seed: -1"),
        ({"name": None}, "name: None"),
    ],
)
def test_a_state_that_contradicts_itself_is_refused_in_one_sentence(changed, says, tmp_path):
    with pytest.raises(InputError, match=says) as refused:
        read_state(written(tmp_path, **changed))
    assert "\n" not in str(refused.value)
    assert "state.json" in str(refused.value)


@pytest.mark.parametrize("changed", [{"seed": 1}, {"model": "exponential"}, {"arm": "sham"}, {"first": 4}])
def test_ratings_that_its_seed_doesn_t_give_are_refused(changed, tmp_path):
    with pytest.raises(InputError, match="ratings that its seed and schedule don't give"):
        resume(read_state(written(tmp_path, **changed)))


def test_a_missing_file_and_other_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="none.json"):
        read_state(tmp_path / "none.json")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    with pytest.raises(InputError, match="not JSON"):
        read_state(tmp_path / "deep.json")


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
KEYS = ("model", "scale", "seed", "first", "n", "follow_up_weeks", "day", "name", "sessions", "scores")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.sampled_from(KEYS), value=JSON)
def test_wild_states_are_read_or_refused_by_an_error_of_tmsim(key, value, tmp_path):
    with contextlib.suppress(TmsimError):
        resume(read_state(written(tmp_path, **{key: value})))
