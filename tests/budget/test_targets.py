"""Targets from history: each suggestion is checked by counting the windows that meet it."""

from __future__ import annotations

import csv
import gzip
import math
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.budget.confidence import events_to_promise
from allowance.budget.targets import (
    NICE_TARGETS,
    CannotPromise,
    TargetHistory,
    nice_target,
    suggested_targets,
    target_fit,
    traffic_for,
)
from allowance.core.buckets import Buckets, empty, from_rows
from allowance.core.counts import NO_DATA
from allowance.core.duration import DAY, HOUR
from allowance.core.time import parse_instant
from allowance.core.window import CalendarWindow, RollingWindow

WEEK = RollingWindow(seconds=7 * DAY)
UTC = ZoneInfo("UTC")


def hourly(bad: list[int], total: int = 10, start: int = 0) -> Buckets:
    totals = np.full(len(bad), total, dtype=np.int64)
    return Buckets(start=start, step=HOUR, good=totals - np.array(bad, dtype=np.int64), total=totals)


def steady(days: int, bad_per_day: int, total: int = 1000) -> Buckets:
    return hourly(([bad_per_day] + [0] * 23) * days, total)


histories = st.lists(
    st.integers(0, 10).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))),
    min_size=1,
    max_size=400,
).map(
    lambda rows: Buckets(
        start=0,
        step=HOUR,
        good=np.array([good for good, _ in rows], dtype=np.int64),
        total=np.array([total for _, total in rows], dtype=np.int64),
    )
)


def slis_by_hand(buckets: Buckets, seconds: int, now: int) -> list[Fraction]:
    """Every whole window at day edges counted back from the last moment with data, or the one that there is."""
    data = [
        (buckets.start + i * HOUR, int(buckets.good[i]), int(buckets.total[i]))
        for i in range(len(buckets))
        if buckets.total[i] and buckets.start + (i + 1) * HOUR <= now
    ]
    if not data:
        return []
    first, last = data[0][0], data[-1][0] + HOUR
    ends = list(range(last, first + seconds - 1, -min(DAY, seconds))) or [last]
    sums = [
        (
            sum(g for at, g, _ in data if end - seconds <= at < end),
            sum(t for at, _, t in data if end - seconds <= at < end),
        )
        for end in ends
    ]
    return [Fraction(good, total) for good, total in sums if total]


@given(buckets=histories, hours=st.sampled_from([3, 24, 72]), past=st.integers(0, 30))
def test_suggestions_are_met_by_that_share_and_nothing_higher_is(
    buckets: Buckets, hours: int, past: int
) -> None:
    now = buckets.end - past * HOUR
    slis = slis_by_hand(buckets, hours * HOUR, now)
    found = suggested_targets(buckets, RollingWindow(seconds=hours * HOUR), now=now)
    if not slis:
        assert found is NO_DATA
        return
    assert isinstance(found, TargetHistory)
    assert found.windows == len(slis)
    for one in found.suggestions:
        met = sum(sli >= one.exact for sli in slis)
        assert one.met_by == met >= one.share * len(slis)
        assert sum(sli > one.exact for sli in slis) < math.ceil(one.share * len(slis))
        if isinstance(one.nice, Fraction):
            assert one.nice <= one.exact
            assert one.nice in NICE_TARGETS
            assert events_to_promise(one.nice) <= found.expected_events
    exact = [one.exact for one in found.suggestions]
    assert exact == sorted(exact, reverse=True), "a larger share of windows meets a lower target"


def test_what_lies_after_now_is_not_known() -> None:
    buckets = steady(20, 0)
    later = hourly([0] * 24 * 20 + [1000] * 24, 1000)
    now = 20 * DAY
    assert suggested_targets(buckets, WEEK, now=now) == suggested_targets(later, WEEK, now=now)


def test_less_than_one_window_is_taken_as_it_is_and_said() -> None:
    found = suggested_targets(steady(3, 24), WEEK, now=3 * DAY)
    assert isinstance(found, TargetHistory)
    assert (found.whole, found.windows) == (False, 1)
    assert {one.exact for one in found.suggestions} == {Fraction(999, 1000)}
    assert found.expected_events == 7 * 24_000
    assert "shorter than one window" in str(found)


def test_windows_without_events_are_left_out_and_counted() -> None:
    gap = hourly([1] * 48 + [0] * 240 + [0] * 48)
    gap.total[48:288] = 0
    gap.good[48:288] = 0
    buckets = Buckets(start=0, step=HOUR, good=gap.good, total=gap.total)
    found = suggested_targets(buckets, RollingWindow(seconds=2 * DAY), now=buckets.end)
    assert isinstance(found, TargetHistory)
    assert (found.windows, found.empty) == (4, 9)
    assert "9 without events" in str(found)


def test_calendar_windows_are_the_finished_periods() -> None:
    start, now = parse_instant("2026-01-10"), parse_instant("2026-06-15")
    buckets = hourly([0] * ((now - start) // HOUR), start=start)
    february = (parse_instant("2026-02-11") - start) // HOUR
    buckets.good[february] = 0
    buckets = Buckets(start=start, step=HOUR, good=buckets.good, total=buckets.total)
    found = suggested_targets(buckets, CalendarWindow(unit="month", zone=UTC), now=now)
    assert isinstance(found, TargetHistory)
    assert found.windows == 4
    assert found.suggestions[-1].exact == 1 - Fraction(1, 28 * 24)


def test_nothing_measured_is_no_data() -> None:
    assert suggested_targets(empty(), WEEK, now=0) is NO_DATA
    assert traffic_for(empty(), Fraction(99, 100), WEEK, now=0) is NO_DATA
    assert target_fit(empty(), Fraction(99, 100), WEEK, now=0).word == "no data"


@pytest.mark.parametrize(
    ("exact", "events", "nice"),
    [
        ("0.99934", 10**6, "0.999"),
        ("0.99951", 10**6, "0.9995"),
        ("0.9951", 10**6, "0.995"),
        ("0.999", 10**6, "0.999"),
        ("1", 10**9, "0.99999"),
        ("1", 480, "0.995"),
        ("0.99999", 999, "0.998"),
    ],
)
def test_nice_targets_are_rounded_down_and_shown_by_the_traffic(exact: str, events: int, nice: str) -> None:
    assert nice_target(Fraction(exact), Fraction(events)) == Fraction(nice)


def test_no_target_where_half_fails_or_hardly_anything_happens() -> None:
    assert isinstance(nice_target(Fraction(48, 100), Fraction(1000)), CannotPromise)
    assert isinstance(nice_target(Fraction(1), Fraction(1)), CannotPromise)


@given(exact=st.fractions(Fraction(1, 2), 1, max_denominator=10**6), events=st.integers(2, 10**7))
def test_nice_targets_rise_with_history_and_traffic(exact: Fraction, events: int) -> None:
    found = nice_target(exact, Fraction(events))
    better, busier = nice_target(Fraction(1), Fraction(events)), nice_target(exact, Fraction(10 * events))
    assert isinstance(found, Fraction)
    assert isinstance(better, Fraction)
    assert isinstance(busier, Fraction)
    assert found <= better
    assert found <= busier


def test_traffic_says_what_is_needed_and_what_there_is() -> None:
    found = traffic_for(steady(10, 0, total=1), Fraction("0.999"), WEEK, now=10 * DAY)
    assert not isinstance(found, type(NO_DATA))
    assert (found.needed, found.expected, found.enough) == (1000, 168, False)
    assert "needs 1000 events" in str(found)
    busy = traffic_for(steady(10, 0, total=10), Fraction("0.999"), WEEK, now=10 * DAY)
    assert not isinstance(busy, type(NO_DATA))
    assert busy.enough


def test_gold_plating() -> None:
    target, now = Fraction("0.999"), 20 * DAY
    assert target_fit(steady(20, 2), target, WEEK, now=now).word == "gold-plated"
    assert target_fit(steady(20, 2), target, WEEK, now=now).advice
    # 2.4 of 24 allowed bad events a day are a tenth of the budget, and a tenth is not below a tenth.
    assert target_fit(steady(20, 3), target, WEEK, now=now).word == "fits"
    assert target_fit(steady(13, 0), target, WEEK, now=13 * DAY).word == "too little history"
    assert target_fit(steady(14, 0), target, WEEK, now=14 * DAY).word == "gold-plated"
    assert target_fit(steady(20, 0, total=59), target, WEEK, now=now).word == "too little traffic"
    assert target_fit(steady(20, 0, total=60), target, WEEK, now=now).word == "gold-plated"


def test_one_bad_window_is_not_gold_plating() -> None:
    bad = [0] * 24 * 20
    bad[24 * 8] = 300
    found = target_fit(hourly(bad, 1000), Fraction("0.999"), WEEK, now=20 * DAY)
    assert (found.word, found.spent) == ("fits", Fraction(300, 168))
    assert target_fit(hourly(bad, 1000), Fraction("0.999"), WEEK, now=20 * DAY, last=1).word == "gold-plated"


def test_gold_plating_by_the_calendar() -> None:
    start, now = parse_instant("2026-01-01"), parse_instant("2026-03-15")
    buckets = hourly([0] * ((now - start) // HOUR), 1000, start=start)
    month = CalendarWindow(unit="month", zone=UTC)
    assert target_fit(buckets, Fraction("0.999"), month, now=now).word == "gold-plated"
    assert target_fit(buckets, Fraction("0.999"), month, now=now - 20 * DAY).word == "too little history"


def test_real_monitors(cases: Path) -> None:
    rows: dict[str, list[tuple[int, int, int]]] = {}
    with gzip.open(cases / "upptime-curc" / "checks.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["monitor"], []).append((int(row["epoch_s"]), int(row["state"] == "up"), 1))
    window = RollingWindow(seconds=28 * DAY)
    for monitor in rows.values():
        buckets = from_rows(monitor, HOUR)
        found = suggested_targets(buckets, window, now=buckets.end)
        assert isinstance(found, TargetHistory)
        slis = slis_by_hand(buckets, 28 * DAY, buckets.end)
        for one in found.suggestions:
            assert sum(sli >= one.exact for sli in slis) >= one.share * len(slis)
        # A check each hour and a half cannot show three nines in a month.
        assert target_fit(buckets, Fraction("0.999"), window, now=buckets.end).word != "gold-plated"
        traffic = traffic_for(buckets, Fraction("0.999"), window, now=buckets.end)
        assert not isinstance(traffic, type(NO_DATA))
        assert not traffic.enough
