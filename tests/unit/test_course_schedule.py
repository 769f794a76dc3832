"""Schedules: sessions on their days, what is missed, and what can't be."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmsim.core import InputError
from tmsim.course import Schedule, Session, schedule_of
from tmsim.pulse import Block, Layer, Protocol, Train, list_protocols, protocol

ITBS = protocol("itbs600")
SAINT = protocol("saint")


def days(schedule):
    return [session.day for session in schedule.sessions]


@st.composite
def protocols(draw):
    a_day = draw(st.integers(1, 12))
    pause_s = draw(st.floats(0, 3600)) if a_day > 1 else None
    return Protocol(
        id="drawn",
        label="drawn",
        blocks=(Block(train=Train(layers=(Layer(count=draw(st.integers(1, 2000)), interval_s=0.1),))),),
        sessions_per_day=a_day,
        between_sessions_s=pause_s,
        days_per_week=draw(st.integers(1, 7)),
        sessions_total=draw(st.integers(a_day, 120)),
        taper_sessions=draw(st.integers(0, 20)),
    )


@given(found=protocols(), data=st.data())
def test_any_protocol_gives_its_sessions_in_order_and_each_counts_once(found, data):
    schedule = schedule_of(found)
    assert found.sessions_total is not None
    assert len(schedule.sessions) == found.sessions_total + found.taper_sessions
    assert schedule.pulses_total == found.pulses_total
    assert max(schedule.planned_on.values()) <= found.sessions_per_day
    for week in range(1, schedule.sessions[-1].week + 1):
        daily = {s.day for s in schedule.sessions if s.week == week and not s.taper}
        assert len(daily) <= found.days_per_week
    for before, after in zip(schedule.sessions, schedule.sessions[1:], strict=False):
        if before.day == after.day:
            pause_s = after.start_s - before.start_s - before.duration_s
            assert pause_s == pytest.approx(found.between_sessions_s, abs=1e-6)
        else:
            assert before.day < after.day
    numbers = st.sets(st.integers(1, len(schedule.sessions)), max_size=len(schedule.sessions) - 1)
    missed = data.draw(numbers)
    less = schedule.without(*missed)
    assert len(less.given) == len(schedule.sessions) - len(missed)
    assert less.pulses_total == (len(schedule.sessions) - len(missed)) * found.n_pulses
    assert [less.sessions_by(day) for day in (0, less.last_day)] == [0, len(less.given)]
    assert days(less) == days(schedule)  # nothing is made up for


def test_five_days_a_week_are_monday_to_friday():
    assert days(schedule_of(ITBS))[:6] == [1, 2, 3, 4, 5, 8]
    assert schedule_of(ITBS).last_day == 40  # Friday of the sixth week


def test_ten_a_day_for_five_days_are_90_000_pulses_fifty_minutes_apart():
    schedule = schedule_of(SAINT)
    assert schedule.planned_on == dict.fromkeys(range(1, 6), 10)
    assert schedule.pulses_total == 90_000
    assert schedule.between_sessions_s == pytest.approx(50 * 60)
    last = schedule.sessions[9]
    assert last.start_s + last.duration_s == pytest.approx(9 * 3600 + 10 * 60)  # ten sessions, nine pauses
    assert [schedule.pulses_by(day) for day in (1, 5, 90)] == [18_000, 90_000, 90_000]


def test_sessions_of_a_day_without_a_time_between_them_are_spread_over_twelve_hours():
    schedule = schedule_of(protocol("stms-migraine"), sessions=6)
    assert [session.start_s / 3600 for session in schedule.sessions] == [0, 12, 0, 12, 0, 12]


def test_the_taper_comes_after_the_daily_course_evenly_or_as_given():
    daily = schedule_of(protocol("hf10-standard"), taper=())
    even = schedule_of(protocol("hf10-standard"))
    assert days(even)[30:] == [43, 46, 50, 53, 57, 60]
    assert all(session.taper for session in even.sessions[30:])
    falling = schedule_of(protocol("hf10-standard"), taper=(3, 2, 1))
    assert days(falling)[30:] == [43, 45, 47, 50, 53, 57]
    assert falling.sessions[:30] == even.sessions[:30] == daily.sessions
    assert days(schedule_of(protocol("dtms-h4-smoking")))[15:] == [22, 29, 36]  # one a week


def test_sessions_are_missed_by_number_by_range_and_by_day():
    schedule = schedule_of(SAINT, missed=(1, "3-4", "day 5"))
    missed = [number for number, session in enumerate(schedule.sessions, start=1) if session.missed]
    assert missed == [1, 3, 4, *range(41, 51)]
    assert schedule.without(1, 2).without("day 1-2").pulses_total == 20 * 1800
    assert schedule.cell(1) == "7 of 10"


def test_the_calendar_says_what_was_given_and_the_dose_so_far():
    lines = str(schedule_of(ITBS, missed=("day 9", 1))).splitlines()
    assert lines[0] == "itbs600: 28 of 30 sessions of 600 pulses, 16,800 pulses over 6 weeks"
    assert lines[2].split()[2:] == ["0", "of", "1", "1", "1", "1", "1", ".", ".", "2,400", "2,400"]
    assert lines[-1].split()[-2:] == ["3,000", "16,800"]
    assert "50 min between" in str(schedule_of(SAINT))


def test_a_schedule_may_be_made_by_hand():
    sessions = [Session(day=day, pulses=1200, duration_s=1200) for day in (1, 3, 10)]
    schedule = Schedule(name="mine", sessions=tuple(sessions))
    assert schedule.cumulative_pulses.tolist() == [1200, 2400, 3600]
    assert schedule.between_sessions_s is None


def session(**changed):
    return Session(**{"day": 1, "pulses": 600, "duration_s": 200.0, **changed})


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: session(day=0), "day of a session: 0"),
        (lambda: session(pulses=0), "pulses of a session: 0"),
        (lambda: session(duration_s=float("nan")), "duration of a session: nan s"),
        (lambda: session(start_s=86400.0), "start of a session"),
        (lambda: Schedule(name="x", sessions=()), "0 sessions"),
        (lambda: Schedule(name="x", sessions=(session(missed=True),)), "all 1 sessions missed"),
        (lambda: Schedule(name="x", sessions=(session(day=2), session())), "session 2: starts on day 1"),
        (lambda: Schedule(name="x", sessions=(session(), session(start_s=100.0))), "a start after session 1"),
        (
            lambda: Schedule(name="x", sessions=(session(duration_s=86400.0, start_s=9.0), session(day=2))),
            "session 2: starts on day 2 at 0 min",
        ),
        (lambda: schedule_of(protocol("ctbs600")), "sessions: none in protocol 'ctbs600'"),
        (lambda: schedule_of(ITBS, sessions=0), "sessions: 0"),
        (lambda: schedule_of(ITBS, taper=(8,)), "0 to 7 sessions in each week"),
        (lambda: schedule_of(ITBS, missed=(31,)), "missed session: 31"),
        (lambda: schedule_of(ITBS, missed=("day 6",)), "a day with a session"),
        (lambda: schedule_of(ITBS, missed=("9-7",)), "missed session: 9-7"),
        (lambda: schedule_of(ITBS, missed=("Monday",)), "such as 12"),
        (lambda: schedule_of(ITBS, missed=("1-30",)), "all 30 sessions missed"),
        (
            lambda: schedule_of(replace(protocol("hf10-standard"), sessions_per_day=25)),
            "sessions that fit",
        ),
    ],
)  # fmt: skip
def test_what_can_t_be_is_refused_in_one_sentence(make, says):
    with pytest.raises(InputError, match=says) as refused:
        make()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", list_protocols())
def test_every_protocol_with_a_course_has_a_schedule(name):
    found = protocol(name)
    if found.sessions_total is None:
        assert len(schedule_of(found, sessions=7).sessions) == 7
    else:
        assert schedule_of(found).pulses_total == found.pulses_total
