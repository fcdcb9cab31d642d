"""Durations, instants, ratios and windows as people write and read them."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.core.duration import parse_duration, short
from allowance.core.problem import ProblemError
from allowance.core.ratio import decimal_text, parse_target, percent_text
from allowance.core.time import iso, parse_instant
from allowance.core.window import CALENDAR_UNITS, CalendarWindow, RollingWindow, parse_window

BERLIN = ZoneInfo("Europe/Berlin")


@given(st.integers(1, 3 * 10**9))
def test_a_duration_reads_back_as_printed(seconds: int) -> None:
    assert parse_duration(short(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "30", "d", "30 days", "-1d", "0s", "1.5h", "99999999999999w", "30d x"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ProblemError):
        parse_duration(text)


@given(st.integers(-(10**9), 4 * 10**9))
def test_an_instant_reads_back_as_printed(instant: int) -> None:
    assert parse_instant(iso(instant)) == instant


def test_an_offset_is_respected_and_no_zone_means_utc() -> None:
    assert iso(parse_instant("2013-11-17T06:31:30-05:00")) == "2013-11-17T11:31:30Z"
    assert iso(parse_instant("2013-11-17 06:31:30")) == "2013-11-17T06:31:30Z"


@pytest.mark.parametrize("text", ["99.9", "99.9%", "0.999", " 99.90 % "])
def test_a_target_may_be_percent_or_fraction(text: str) -> None:
    assert parse_target(text) == Fraction(999, 1000)


@pytest.mark.parametrize("text", ["100", "1", "0", "101", "nan", "inf", "-5", "99,9", "1e99", "x"])
def test_a_target_without_a_budget_or_meaning_is_refused(text: str) -> None:
    with pytest.raises(ProblemError):
        parse_target(text)


@given(st.fractions(), st.integers(1, 12))
def test_decimals_are_within_half_a_last_digit(value: Fraction, places: int) -> None:
    assert abs(Fraction(decimal_text(value, places)) - value) <= Fraction(1, 2 * 10**places)


def test_decimals_read_as_people_write_them() -> None:
    assert decimal_text(Fraction(10049, 1000)) == "10.049"
    assert decimal_text(Fraction(-1, 3), 3) == "-0.333"
    assert percent_text(Fraction(99999, 100000)) == "99.999 %"


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_a_day_is_as_long_as_its_clock_says(day: str, hours: int) -> None:
    noon = parse_instant(f"{day}T12:00:00+01:00")
    assert CalendarWindow(unit="day", zone=BERLIN).whole(noon).seconds == hours * 3600


def test_a_day_without_midnight_begins_at_the_jump() -> None:
    # In Beirut clocks went from 00:00 to 01:00 on 2022-03-27.
    zone = ZoneInfo("Asia/Beirut")
    span = CalendarWindow(unit="day", zone=zone).whole(parse_instant("2022-03-27T12:00:00+03:00"))
    assert iso(span.begin) == "2022-03-26T22:00:00Z"
    assert span.seconds == 23 * 3600


@given(
    st.sampled_from(CALENDAR_UNITS),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia"]),
    st.integers(631_152_000, 2_500_000_000),
)
def test_periods_tile_time_without_gap_or_overlap(unit: str, zone: str, instant: int) -> None:
    window = CalendarWindow(unit=unit, zone=ZoneInfo(zone))  # type: ignore[arg-type]
    span = window.whole(instant)
    assert span.begin < instant <= span.end
    assert window.whole(span.end) == span
    assert window.whole(span.end + 1).begin == span.end
    first = datetime.fromtimestamp(span.begin, UTC).astimezone(ZoneInfo(zone))
    assert unit == "day" or (unit == "week" and first.weekday() == 0) or unit == "week" or first.day == 1


def test_windows_as_people_write_them() -> None:
    assert parse_window("30d") == RollingWindow(seconds=30 * 86400)
    assert parse_window("month", "Europe/Berlin") == CalendarWindow(unit="month", zone=BERLIN)
    assert parse_window("calendar month Europe/Berlin") == CalendarWindow(unit="month", zone=BERLIN)
    for text in ("", "fortnight", "30", "month Mars/Base"):
        with pytest.raises(ProblemError):
            parse_window(text)
