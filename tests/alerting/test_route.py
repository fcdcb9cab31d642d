"""Routes, hours and escalations: who is told what, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.alerting.escalation import Ladder, Step, due_steps
from allowance.alerting.hours import Hours, parse_stretch, parse_time, parse_weekday
from allowance.alerting.rotations import Rotation
from allowance.alerting.route import Directory, Route, chosen, escalations, on_call, targets
from allowance.core.duration import HOUR, WEEK
from allowance.core.problem import ProblemError
from allowance.core.time import parse_instant
from tests.alerting.notices import T0, notice

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Hours(zone=BERLIN, stretches=(parse_stretch("mon-fri 09:00-17:00"),))
SHOP = Rotation(name="shop", people=("ada", "ben"), first=date(2026, 1, 5), second=9 * HOUR, zone=BERLIN)
LADDER = Ladder(
    name="loud", steps=(Step(after=900, to=("shop", "room")), Step(after=1800, to=("boss", "pager")))
)
DIRECTORY = Directory(
    channels=frozenset({"pager", "mail", "room", "ada-phone", "ben-phone", "boss-phone"}),
    people={"ada": ("ada-phone", "mail"), "ben": ("ben-phone",), "boss": ("boss-phone",)},
    rotations={"shop": SHOP},
    routes=(
        Route(to=("room",), severities=frozenset({"page"}), go_on=True),
        Route(to=("shop",), severities=frozenset({"page"}), services=frozenset({"checkout"}), ladder="loud"),
        Route(to=("mail",), labels={"owner": frozenset({"shop", "search"})}, hours=OFFICE),
        Route(to=("pager",)),
    ),
    ladders={"loud": LADDER},
)


@pytest.mark.parametrize(
    ("local", "holds"),
    [
        ("2026-11-20T08:59:59", False),
        ("2026-11-20T09:00:00", True),
        ("2026-11-20T16:59:59", True),
        ("2026-11-20T17:00:00", False),
        ("2026-11-21T12:00:00", False),
        ("2026-07-20T09:00:00", True),
        ("2026-07-20T08:59:59", False),
    ],
)
def test_office_hours_are_those_of_the_wall(local: str, holds: bool) -> None:
    offset = "+02:00" if "-07-" in local else "+01:00"
    assert OFFICE.hold(parse_instant(local + offset)) is holds


def test_a_night_reaches_into_the_next_day() -> None:
    night = Hours(zone=ZoneInfo("UTC"), stretches=(parse_stretch("fri 22:00-06:00"),))
    times = ["2026-11-20T21:59:59", "2026-11-20T22:00:00", "2026-11-21T05:59:59", "2026-11-21T06:00:00"]
    assert [night.hold(parse_instant(at)) for at in times] == [False, True, True, False]
    assert not night.hold(parse_instant("2026-11-20T03:00:00")), "the night before was a Thursday's"


def test_all_days_and_all_hours_are_always() -> None:
    always = Hours(zone=BERLIN, stretches=(parse_stretch("mon-sun 00:00-24:00"),))
    assert all(always.hold(T0 + step) for step in range(0, WEEK, 1799))


@given(st.integers(0, 6), st.integers(0, 6), st.integers(0, 2 * WEEK))
def test_a_range_of_days_may_go_round_the_week(first: int, last: int, offset: int) -> None:
    names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    one = parse_stretch(f"{names[first]}-{names[last]} 00:00-24:00")
    assert one.days == {(first + step) % 7 for step in range((last - first) % 7 + 1)}
    day = (T0 + offset) // 86400 % 7
    assert one.holds(day, 0) == (day in one.days)


@pytest.mark.parametrize(
    "text",
    ["", "mon", "mon 9-17", "mon 09:00-25:00", "moon 09:00-17:00", "mon 24:00-24:00", "mon,- 09:00-10:00"],
)
def test_hours_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(ProblemError, match="hours"):
        parse_stretch(text)


def test_days_and_times_as_people_write_them() -> None:
    assert (parse_weekday("Monday"), parse_weekday("sun"), parse_time("9:05")) == (0, 6, 9 * HOUR + 300)


def test_the_first_route_that_fits_decides_unless_it_goes_on() -> None:
    def names(**changes: object) -> list[tuple[str, ...]]:
        at = parse_instant("2026-11-20T12:00:00Z")
        return [route.to for route in chosen(DIRECTORY.routes, notice(**changes), at=at)]

    assert names() == [("room",), ("shop",)]
    assert names(service="search") == [("room",), ("mail",)]
    assert names(severity="ticket", service="search") == [("mail",)]
    assert names(severity="ticket", labels={}) == [("pager",)]


@given(st.integers(0, 10**9), st.sampled_from(["page", "ticket", "log"]), st.sampled_from(["checkout", "x"]))
def test_with_a_last_route_that_takes_all_everybody_is_told(after: int, severity: str, service: str) -> None:
    one = notice(severity=severity, service=service)
    assert DIRECTORY.routes[-1].takes_all
    assert targets(DIRECTORY, one, now=T0 + after)


def test_people_and_rotations_become_channels() -> None:
    monday = SHOP.handover(46)
    assert targets(DIRECTORY, notice(), now=monday) == ("room", "ada-phone", "mail")
    assert targets(DIRECTORY, notice(), now=monday - 1) == ("room", "ben-phone")


def test_a_resolution_goes_to_who_was_told_and_not_to_who_is_on_call_now() -> None:
    monday = SHOP.handover(46)
    over = notice(says="resolved", opened=monday - 60, at=monday + 60)
    assert targets(DIRECTORY, over, now=monday + 60) == ("room", "ben-phone")


def test_a_resolution_goes_to_who_was_told_by_an_escalation_too() -> None:
    monday = SHOP.handover(46)
    over = notice(says="resolved", opened=monday - 60, at=monday + 1000)
    assert targets(DIRECTORY, over, now=over.at) == ("room", "ben-phone", "ada-phone", "mail")
    assert targets(DIRECTORY, over, acknowledged=monday, now=over.at) == ("room", "ben-phone")


def test_steps_come_one_after_the_other_until_somebody_has_seen_it() -> None:
    def due(now: int, acknowledged: int | None = None, resolved: int | None = None) -> list[int]:
        found = due_steps(LADDER, told=T0, acknowledged=acknowledged, resolved=resolved, now=now)
        return [at - T0 for at, _ in found]

    assert due(T0 + 899) == []
    assert due(T0 + 900) == [900]
    assert due(T0 + 10_000) == [900, 1800]
    assert due(T0 + 10_000, acknowledged=T0 + 900) == []
    assert due(T0 + 10_000, acknowledged=T0 + 901) == [900]
    assert due(T0 + 10_000, acknowledged=T0 + 2000, resolved=T0 + 1000) == [900]


def test_an_escalation_says_why_and_goes_to_who_is_on_call_at_its_step() -> None:
    monday = SHOP.handover(46)
    one = notice(opened=monday - 60)
    [(step, told)] = escalations(DIRECTORY, one, acknowledged=None, now=monday + 900)
    assert step.message.title == (
        "nobody has acknowledged for 15m: checkout availability: 28 of 100 requests fail"
    )
    assert step.key == f"{one.key}/loud/900"
    assert step.at == monday + 840
    assert told == ("ada-phone", "mail", "room")
    assert escalations(DIRECTORY, one, acknowledged=monday, now=monday + 900) == ()
    assert escalations(DIRECTORY, notice(says="resolved"), acknowledged=None, now=T0 + 9000) == ()


@given(st.lists(st.integers(0, 4000), min_size=1, max_size=6).map(sorted))
def test_asking_in_every_tick_tells_the_same_steps_as_asking_once(ticks: list[int]) -> None:
    def keys(now: int) -> set[str]:
        return {one.key for one, _ in escalations(DIRECTORY, notice(), acknowledged=None, now=T0 + now)}

    assert set().union(*(keys(now) for now in ticks)) == keys(ticks[-1])


def test_routes_without_an_escalation_have_none() -> None:
    plain = replace(DIRECTORY, ladders={})
    assert escalations(plain, notice(), acknowledged=None, now=T0 + 9000) == ()


def test_who_is_on_call_are_people_by_the_routes_that_take_any_page_of_a_service() -> None:
    turns = Rotation(
        name="shop", people=("ada", "ben"), first=date(2026, 1, 5), second=0, zone=ZoneInfo("UTC")
    )
    directory = Directory(
        channels=frozenset({"sms", "room"}),
        people={"ada": ("sms",), "ben": ("sms",), "eve": ("sms",)},
        rotations={"shop": turns},
        routes=(
            Route(to=("eve",), labels={"region": frozenset({"eu"})}),
            Route(to=("room",), severities=frozenset({"ticket"})),
            Route(to=("shop", "room"), services=frozenset({"checkout"})),
            Route(to=("eve",)),
        ),
    )
    monday = 1_767_571_200
    assert on_call(directory, "checkout", now=monday) == ("ada",)
    assert on_call(directory, "checkout", now=monday + 7 * 86400) == ("ben",)
    assert on_call(directory, "mail", now=monday) == ("eve",)
    assert on_call(directory, "mail", instead="shop", now=monday) == ("ada",)
