"""Rotations: somebody is always on call, and hands over at the exact time on the wall."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.alerting.rotations import Override, Rotation, shifts
from allowance.core.duration import DAY, HOUR, WEEK
from allowance.core.time import in_zone, iso, parse_instant, wall_instant

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    BERLIN,
    ZoneInfo("UTC"),
    ZoneInfo("America/New_York"),
    ZoneInfo("Australia/Lord_Howe"),  # half an hour of summer time
    ZoneInfo("America/Santiago"),  # clocks change at midnight
    ZoneInfo("Pacific/Apia"),  # skipped 2011-12-30
    ZoneInfo("Africa/Casablanca"),
]
PEOPLE = ("ada", "ben", "cleo")
SHOP = Rotation(name="shop", people=PEOPLE, first=date(2026, 1, 5), second=9 * HOUR, zone=BERLIN)

instants = st.integers(parse_instant("2010-01-01"), parse_instant("2035-01-01"))
rotations = st.builds(
    Rotation,
    name=st.just("shop"),
    people=st.lists(st.sampled_from(["ada", "ben", "cleo", "dora"]), min_size=1, max_size=4).map(tuple),
    first=st.dates(date(2009, 1, 1), date(2034, 1, 1)),
    second=st.integers(0, 24 * 60 - 1).map(lambda minute: minute * 60),
    zone=st.sampled_from(ZONES),
    days=st.sampled_from([1, 7, 14]),
    overrides=st.lists(
        st.builds(
            lambda begin, length, person: Override(begin=begin, end=begin + length, person=person),
            instants,
            st.integers(1, 3 * WEEK),
            st.sampled_from(["eve", "fay"]),
        ),
        max_size=3,
    ).map(tuple),
)


@given(rotations, instants)
def test_somebody_is_always_on_call(rotation: Rotation, at: int) -> None:
    turn = rotation.turn(at)
    assert rotation.handover(turn) <= at < rotation.handover(turn + 1)
    assert rotation.on_call(at) in (*rotation.people, "eve", "fay")


@given(rotations, st.integers(-500, 500))
def test_a_turn_begins_when_the_clock_on_the_wall_says_so(rotation: Rotation, turn: int) -> None:
    at = rotation.handover(turn)
    wall, before = (in_zone(second, rotation.zone).replace(tzinfo=None) for second in (at, at - 1))
    day = rotation.first + timedelta(days=turn * rotation.days)
    asked = datetime.combine(day, time()) + timedelta(seconds=rotation.second)
    assert wall == asked or before < asked < wall, "only where clocks jump over it, it begins with the jump"


@given(rotations, instants, st.integers(1, 8 * WEEK))
def test_the_plan_has_no_gap_and_is_what_holds(rotation: Rotation, begin: int, length: int) -> None:
    plan = shifts(rotation, begin=begin, end=begin + length)
    assert (plan[0].span.begin, plan[-1].span.end) == (begin, begin + length)
    for one, other in pairwise(plan):
        assert one.span.end == other.span.begin
        assert one.person != other.person
    for shift in plan:
        middle = (shift.span.begin + shift.span.end) // 2
        for at in (shift.span.begin, middle, shift.span.end - 1):
            assert rotation.on_call(at) == shift.person


@pytest.mark.parametrize(
    ("week", "handover"),
    [
        ("2026-03-23", "2026-03-23T08:00:00Z"),
        ("2026-03-30", "2026-03-30T07:00:00Z"),
        ("2026-10-19", "2026-10-19T07:00:00Z"),
        ("2026-10-26", "2026-10-26T08:00:00Z"),
    ],
)
def test_monday_at_nine_is_nine_in_summer_and_winter(week: str, handover: str) -> None:
    turn = (date.fromisoformat(week) - SHOP.first).days // 7
    at = parse_instant(handover)
    assert iso(SHOP.handover(turn)) == handover
    assert SHOP.on_call(at) == PEOPLE[turn % 3]
    assert SHOP.on_call(at - 1) == PEOPLE[(turn - 1) % 3]


@pytest.mark.parametrize(
    ("day", "second", "zone", "expected"),
    [
        (
            "2026-03-29",
            2 * HOUR + 1800,
            "Europe/Berlin",
            "2026-03-29T01:00:00Z",
        ),  # does not exist: at the jump
        ("2026-10-25", 2 * HOUR + 1800, "Europe/Berlin", "2026-10-25T00:30:00Z"),  # twice: the first
        ("2026-09-06", 0, "America/Santiago", "2026-09-06T04:00:00Z"),  # no midnight
        ("2026-10-04", 2 * HOUR + 900, "Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ],
)
def test_times_that_a_clock_skips_or_shows_twice(day: str, second: int, zone: str, expected: str) -> None:
    assert iso(wall_instant(date.fromisoformat(day), second, ZoneInfo(zone))) == expected


def test_an_override_holds_to_the_second_and_the_last_one_wins() -> None:
    at = SHOP.handover(3)
    swapped = Rotation(
        name="shop", people=PEOPLE, first=SHOP.first, second=SHOP.second, zone=BERLIN,
        overrides=(
            Override(begin=at + 10, end=at + DAY, person="dora"),
            Override(begin=at + 100, end=at + 200, person="eve"),
        ),
    )  # fmt: skip
    said = [swapped.on_call(at + after) for after in (9, 10, 99, 100, 199, 200, DAY - 1, DAY)]
    assert said == ["ada", "dora", "dora", "eve", "eve", "dora", "dora", "ada"]


def test_a_rotation_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="needs people"):
        Rotation(name="x", people=(), first=SHOP.first, second=0, zone=BERLIN)
