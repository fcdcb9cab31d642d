"""A new epoch: the same counts, a shorter window, and nothing else."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.budget.comeback import earliest_above
from allowance.budget.epoch import budget_since, since_epoch
from allowance.budget.evaluate import by_method, evaluate
from allowance.contract.indicator import PromRatio
from allowance.contract.model import Slo, Timeslices
from allowance.contract.rules import WORKBOOK
from allowance.core.buckets import Buckets
from allowance.core.duration import DAY, HOUR
from allowance.core.time import parse_zone
from allowance.core.window import CalendarWindow, RollingWindow

MIN, START = 60, 1_790_000_040 - 1_790_000_040 % 86400
MINUTES = 120


def slo(**changes: Any) -> Slo:
    fields: dict[str, Any] = {
        "name": "a",
        "service": "s",
        "indicator": PromRatio(total="t", good="g"),
        "target": Fraction("0.9"),
        "window": RollingWindow(seconds=100 * MIN),
        "rules": WORKBOOK,
    }
    return Slo(**fields | changes)


def history(bad: list[int]) -> Buckets:
    total = np.full(len(bad), 10, dtype=np.int64)
    return Buckets(start=START, step=MIN, good=total - np.array(bad, dtype=np.int64), total=total)


SLOS = [
    slo(),
    slo(window=CalendarWindow(unit="day", zone=parse_zone("UTC"))),
    slo(method=Timeslices(slice=5 * MIN, slice_target=Fraction(1, 2))),
]


@pytest.mark.parametrize("one", SLOS, ids=["rolling", "calendar", "slices"])
@given(
    bad=st.lists(st.integers(0, 10), min_size=MINUTES, max_size=MINUTES),
    begin=st.one_of(st.none(), st.integers(-30 * MIN, 150 * MIN)),
)
def test_the_budget_counts_from_the_epoch_and_the_telemetry_stays(
    one: Slo, bad: list[int], begin: int | None
) -> None:
    buckets, now = history(bad), START + MINUTES * MIN
    counted = by_method(one, buckets)
    whole = evaluate(one, buckets, now=now)
    found = since_epoch(whole, counted, None if begin is None else START + begin)
    first = whole.span.begin if begin is None else START + begin
    edge = -(-first // counted.step) * counted.step
    if edge > whole.at:
        assert found == whole, "an epoch that has not begun changes nothing"
        return
    assert found.budget.counts == counted.between(max(edge, whole.span.begin), whole.at)
    assert found.span.begin == max(edge, whole.span.begin)
    assert found.readings == whole.readings
    assert buckets == history(bad), "no epoch changes what was counted"


def test_after_a_bankruptcy_the_budget_is_whole_again() -> None:
    bad = [10] * 60 + [0] * 60
    buckets, now = history(bad), START + MINUTES * MIN
    spent = evaluate(slo(), buckets, now=now)
    assert (spent.budget.remaining, spent.health) == (1 - Fraction(400, 100), "broken")
    anew = since_epoch(spent, buckets, START + 60 * MIN)
    assert (anew.budget.remaining, anew.budget.counts.total) == (1, 600)


@pytest.mark.parametrize(
    "window", [RollingWindow(seconds=2 * DAY), CalendarWindow(unit="week", zone=parse_zone("UTC"))], ids=str
)
@given(
    bad=st.lists(st.integers(0, 10), min_size=20, max_size=20),
    epoch=st.one_of(st.none(), st.integers(0, 19)),
    above=st.fractions(min_value=-2, max_value=Fraction(9, 10), max_denominator=10),
)
def test_a_budget_is_back_in_the_hour_that_was_foretold(
    window: RollingWindow | CalendarWindow, bad: list[int], epoch: int | None, above: Fraction
) -> None:
    """As much traffic as before, and nothing that fails: the budget of the hour before is not enough yet."""
    total = np.full(20 + 9 * 24, 10, dtype=np.int64)
    good = total.copy()
    good[:20] -= np.array(bad, dtype=np.int64)
    begin, now = None if epoch is None else START + epoch * HOUR, START + 20 * HOUR
    # Rolling windows are full of traffic from the beginning, so that it stays as it is.
    before = np.full(48, 10, dtype=np.int64)
    buckets = Buckets(
        start=START - 2 * DAY,
        step=HOUR,
        good=np.concatenate([before, good]),
        total=np.concatenate([before, total]),
    )
    told = earliest_above(buckets, Fraction(9, 10), window, above, epoch=begin, now=now)
    assert told is not None

    def left(at: int) -> Fraction:
        found = budget_since(buckets, Fraction(9, 10), window, begin, now=at).remaining
        assert isinstance(found, Fraction)
        return found

    new = isinstance(window, CalendarWindow) and told == window.whole(now).end
    assert new or left(told) > above
    assert told == now + HOUR or left(told - HOUR) <= above


def test_an_epoch_is_waited_for_no_longer_than_its_own_errors() -> None:
    """The outage before it has no say in when the budget is back."""
    buckets = history([10] * 60 + [0] * 30 + [1] * 30)
    window, now = RollingWindow(seconds=7 * DAY), START + MINUTES * MIN
    far = earliest_above(buckets, Fraction(9, 10), window, Fraction(1, 2), now=now)
    near = earliest_above(buckets, Fraction(9, 10), window, Fraction(1, 2), epoch=START + 90 * MIN, now=now)
    assert near is not None
    assert far is not None
    assert near == now + HOUR < far
