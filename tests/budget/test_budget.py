"""Budgets, days and slices: every part adds up to the whole."""

from __future__ import annotations

from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.budget.budget import Budget, budget_at, full_outage_seconds
from allowance.budget.burn import burn_rate
from allowance.budget.slices import RATIO_UNITS, to_ratio_slices, to_slices
from allowance.budget.spend import spend_by_day
from allowance.core.buckets import Buckets, from_rows
from allowance.core.counts import NO_DATA, Counts
from allowance.core.problem import ProblemError
from allowance.core.window import RollingWindow, Span
from tests.budget.histories import MIN, histories, targets

DAY = 86400
T999 = Fraction(999, 1000)


def test_the_budget_of_a_window_by_hand() -> None:
    budget = Budget(target=T999, counts=Counts(good=10041, total=10049))
    assert budget.allowed == Fraction(10049, 1000)
    assert budget.spent == 8
    assert budget.remaining == 1 - Fraction(8000, 10049)
    assert budget.met is True


def test_a_budget_can_be_overspent_and_is_not_clamped() -> None:
    budget = Budget(target=T999, counts=Counts(good=0, total=100))
    assert budget.remaining == -999
    assert budget.met is False


def test_no_events_are_neither_good_nor_bad() -> None:
    budget = Budget(target=T999, counts=Counts(good=0, total=0))
    assert (budget.remaining, budget.met, budget.allowed) == (NO_DATA, NO_DATA, 0)


def test_equality_meets_the_target() -> None:
    assert Budget(target=T999, counts=Counts(good=999, total=1000)).met is True
    assert Budget(target=T999, counts=Counts(good=998, total=999)).met is False


@given(histories(), targets)
def test_spending_the_whole_window_at_burn_one_leaves_nothing(history: Buckets, target: Fraction) -> None:
    counts = history.all()
    burn, remaining = burn_rate(counts, target), Budget(target=target, counts=counts).remaining
    assert burn == NO_DATA if remaining == NO_DATA else remaining == 1 - burn  # type: ignore[operator]


@given(histories(longest=4000), targets, st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu"]))
def test_the_days_add_up_to_what_was_spent(history: Buckets, target: Fraction, zone: str) -> None:
    window = RollingWindow(seconds=2 * DAY)
    budget = budget_at(history, target, window, now=history.end)
    days = spend_by_day(history, target, window.at(history.end), ZoneInfo(zone))
    assert sum(d.counts.bad for d in days) == budget.spent
    assert sum(d.counts.total for d in days) == budget.counts.total
    if budget.counts.total:
        assert sum(d.share for d in days) == 1 - budget.remaining  # type: ignore[operator]


def test_a_day_that_clocks_shorten_is_one_day() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    start = 1_774_652_400 - 1_774_652_400 % 60  # 2026-03-28T00:00+01:00
    history = from_rows((start + MIN * m, 1, 1) for m in range(3 * 24 * 60 - 60))
    days = spend_by_day(history, T999, Span(begin=history.start, end=history.end), berlin)
    assert [(d.day, d.span.seconds // 3600) for d in days] == [
        ("2026-03-28", 24),
        ("2026-03-29", 23),
        ("2026-03-30", 24),
    ]


@pytest.mark.parametrize(
    ("target", "days", "seconds"),
    [("0.999", 28, "2419.2"), ("0.999", 30, "2592"), ("0.99999", 30, "25.92"), ("0.99", 7, "6048")],
)
def test_minutes_of_total_outage(target: str, days: int, seconds: str) -> None:
    assert full_outage_seconds(Fraction(target), days * DAY) == Fraction(seconds)


@given(histories(), st.integers(1, 10), targets)
def test_slices_count_each_slice_once(history: Buckets, minutes: int, slice_target: Fraction) -> None:
    size = MIN * minutes
    sliced = to_slices(history, size, slice_target)
    grid = range(history.start - history.start % size, history.end, size)
    expected = [history.between(max(s, history.start), s + size) for s in grid]
    with_data = [c for c in expected if c.total]
    assert sliced.all().total == len(with_data)
    assert sliced.all().good == sum(Fraction(c.good, c.total) >= slice_target for c in with_data)
    assert to_slices(history, size, slice_target, "good").all().bad == sliced.all().bad
    assert to_slices(history, size, slice_target, "bad").all().good == sliced.all().good


@given(histories(longest=60), st.integers(1, 10))
def test_ratio_slices_give_the_mean_of_the_ratios(history: Buckets, minutes: int) -> None:
    size = MIN * minutes
    counts = to_ratio_slices(history, size).all()
    grid = range(history.start - history.start % size, history.end, size)
    ratios = [c.sli for s in grid if (c := history.between(max(s, history.start), s + size)).total]
    if ratios:
        mean = sum(ratios, start=Fraction(0)) / len(ratios)  # type: ignore[arg-type]
        assert abs(Fraction(counts.good, counts.total) - mean) <= Fraction(1, RATIO_UNITS)


def test_a_slice_must_fit_the_buckets() -> None:
    with pytest.raises(ProblemError, match="whole number"):
        to_slices(from_rows([(0, 1, 1)]), 90, T999)
