"""Maintenance that comes again: its times on a wall, across changes of the clock, and what is no rule."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.contract.maintenance import Recurrence, parse_rrule, spans
from allowance.contract.read import read
from allowance.contract.write import write
from allowance.core.problem import ProblemError
from allowance.core.time import in_zone, iso, parse_instant

SUNDAYS = "FREQ=WEEKLY;BYDAY=SU;BYHOUR=2;BYMINUTE=30"
BERLIN = ZoneInfo("Europe/Berlin")


def _spans(rule: Recurrence, begin: str, end: str) -> list[tuple[str, str]]:
    found = spans(rule, begin=parse_instant(begin), end=parse_instant(end))
    return [(iso(span.begin), iso(span.end)) for span in found]


def test_half_past_two_stays_half_past_two_when_clocks_change() -> None:
    rule = Recurrence(rrule=SUNDAYS, duration=7200, zone=BERLIN)
    assert _spans(rule, "2026-03-22", "2026-04-06") == [
        ("2026-03-22T01:30:00Z", "2026-03-22T03:30:00Z"),
        ("2026-03-29T01:00:00Z", "2026-03-29T03:00:00Z"),  # 02:30 does not exist: it begins at the jump
        ("2026-04-05T00:30:00Z", "2026-04-05T02:30:00Z"),
    ]
    assert _spans(rule, "2026-10-25", "2026-11-02") == [
        ("2026-10-25T00:30:00Z", "2026-10-25T02:30:00Z"),  # 02:30 comes twice: the first; two real hours
        ("2026-11-01T01:30:00Z", "2026-11-01T03:30:00Z"),
    ]


def test_an_occurrence_that_began_before_is_there_and_one_that_ends_at_the_edge_is_not() -> None:
    rule = Recurrence(rrule=SUNDAYS, duration=7200, zone=ZoneInfo("UTC"))
    assert _spans(rule, "2026-11-22T04:29:59Z", "2026-11-22T05:00:00Z") == [
        ("2026-11-22T02:30:00Z", "2026-11-22T04:30:00Z")
    ]
    assert _spans(rule, "2026-11-22T04:30:00Z", "2026-11-22T05:00:00Z") == []
    assert _spans(rule, "2026-11-22T02:00:00Z", "2026-11-22T02:30:00Z") == []


@given(
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]),
    st.integers(0, 23),
    st.integers(1_710_000_000, 1_900_000_000),
    st.sampled_from([600, 7200, 100_000]),
)
def test_every_day_has_its_occurrence_at_its_hour(zone: str, hour: int, begin: int, duration: int) -> None:
    rule = Recurrence(rrule=f"FREQ=DAILY;BYHOUR={hour}", duration=duration, zone=ZoneInfo(zone))
    found = spans(rule, begin=begin, end=begin + 10 * 86_400)
    assert all(span.seconds == duration for span in found)
    assert 9 <= len(found) <= 13
    walls = [in_zone(span.begin, rule.zone) for span in found]
    assert sum(wall.hour != hour for wall in walls) <= 1  # at most one falls into a jump of the clock
    assert [span for span in found if span.end <= begin or span.begin >= begin + 10 * 86_400] == []
    halves = spans(rule, begin=begin, end=begin + 5 * 86_400) + spans(
        rule, begin=begin + 5 * 86_400, end=begin + 10 * 86_400
    )
    assert set(halves) == set(found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "every sunday",
        "BYDAY=SU",
        "FREQ=SECONDLY",
        "FREQ=HOURLY",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=DAILY;UNTIL=20301231T000000Z",
        "FREQ=DAILY;UNTIL=20200101",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY\nEXDATE:20260101T000000",
        "FREQ=DAILY;BYHOUR=77",
        "FREQ=DAILY;COLOUR=RED",
        "FREQ=WEEKLY;BYDAY=SU" + ",SU" * 200,
    ],
)
def test_what_is_no_rule(text: str) -> None:
    with pytest.raises(ProblemError, match="rrule"):
        parse_rrule(text)


DOCUMENT = """
apiVersion: allowance/v1
kind: Service
metadata: {name: checkout}
spec:
  source: {prometheus: "http://prometheus:9090"}
  maintenance:
    - rrule: FREQ=MONTHLY;BYDAY=1SU;BYHOUR=2
      duration: 2h
      zone: Europe/Berlin
      from: 2026-01-04 02:00
      reason: the orders database is upgraded
      unlessBurnAbove: 50
    - {rrule: FREQ=DAILY;BYHOUR=4, duration: 10m, reason: the nightly restart}
  slos:
    - {name: availability, promql: {total: a, good: b}}
"""


def test_a_service_says_when_it_is_worked_on_and_the_document_can_be_written_again() -> None:
    contract = read([("shop.yaml", DOCUMENT.encode())]).trusted()
    (first, second) = contract.services[0].maintenance
    assert (first.reason, first.unless_burn_above) == ("the orders database is upgraded", 50.0)
    assert str(first.recurrence) == "FREQ=MONTHLY;BYDAY=1SU;BYHOUR=2 for 2h (Europe/Berlin)"
    assert second.recurrence.zone.key == "UTC"
    assert read([("again.yaml", write(contract).encode())]).trusted() == contract


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("FREQ=MONTHLY;BYDAY=1SU;BYHOUR=2", "FREQ=NEVER", "rrule"),
        ("duration: 2h", "duration: 40d", "duration"),
        ("Europe/Berlin", "Europe/Atlantis", "zone"),
        ("2026-01-04 02:00", "2026-01-04T02:00:00Z", "instant"),
        ("reason: the orders database is upgraded", "", "missing"),
        ("unlessBurnAbove: 50", "unlessBurnAbove: -1", "value"),
        ("unlessBurnAbove", "unlessBurnsAbove", "unknown-key"),
    ],
)
def test_what_is_wrong_has_its_place(old: str, new: str, code: str) -> None:
    found = read([("shop.yaml", DOCUMENT.replace(old, new).encode())])
    assert [problem.code for problem in found.problems if problem.severity == "error"] == [code]
    assert found.problems[0].where.line is not None
