"""A new epoch: the same counts, a shorter window, and nothing else."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.budget.epoch import since_epoch
from allowance.budget.evaluate import by_method, evaluate
from allowance.contract.indicator import PromRatio
from allowance.contract.model import Slo, Timeslices
from allowance.contract.rules import WORKBOOK
from allowance.core.buckets import Buckets
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
