"""What so many events can show: against published tables, against SciPy, and by counting every outcome."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom, poisson

from allowance.budget.confidence import (
    Interval,
    at_least,
    at_least_poisson,
    clopper_pearson,
    events_to_promise,
    events_to_show,
    false_page,
)
from allowance.core.counts import NO_DATA, Counts


@pytest.fixture(scope="module")
def tables(cases: Path) -> dict[str, Any]:
    return json.loads((cases / "published-tables" / "tables.json").read_text())


def interval(good: int, total: int, level: Fraction = Fraction(95, 100)) -> Interval:
    found = clopper_pearson(Counts(good=good, total=total), level)
    assert isinstance(found, Interval)
    return found


def test_published_intervals(tables: dict[str, Any]) -> None:
    for row in tables["clopper_pearson_95"]:
        found = interval(row["n"] - row["failures"], row["n"])
        assert found.low == pytest.approx(row["lower_ok"], abs=1e-10)
        assert found.high == pytest.approx(row["upper_ok"], abs=1e-10)


def test_published_false_pages(tables: dict[str, Any]) -> None:
    threshold = Fraction("14.4") * (1 - Fraction("0.999"))
    for row in tables["low_traffic_false_page_probability_1h_window"]:
        found = false_page(row["requests_per_hour"], Fraction(str(row["true_error_ratio"])), threshold)
        assert found.failures_needed == row["failures_needed_in_1h_to_exceed_14.4x"]
        # The table prints ten digits.
        assert found.binomial == pytest.approx(row["P_binomial"], rel=1e-9)
        assert found.poisson == pytest.approx(row["P_poisson"], rel=1e-9)


def test_rule_of_three(tables: dict[str, Any]) -> None:
    assert events_to_show(Fraction("0.999")) == tables["rule_of_three_n_for_99.9"]


@given(
    target=st.fractions(Fraction(1, 10), Fraction(999, 1000), max_denominator=1000),
    percent=st.integers(50, 99),
)
def test_rule_of_three_is_the_smallest(target: Fraction, percent: int) -> None:
    level = Fraction(percent, 100)
    n = events_to_show(target, level)
    assert target**n <= 1 - level < target ** (n - 1)


def test_rule_of_three_where_equality_is_enough() -> None:
    assert events_to_show(Fraction(9, 10), Fraction(19, 100)) == 2


@given(target=st.fractions(Fraction(1, 100), Fraction(99_999, 100_000), max_denominator=100_000))
def test_one_failure_keeps_a_promise_that_has_enough_events(target: Fraction) -> None:
    n = events_to_promise(target)
    assert (1 - target) * n >= 1
    assert (1 - target) * (n - 1) < 1


def test_events_to_promise() -> None:
    assert [events_to_promise(Fraction(t)) for t in ("0.9", "0.99", "0.999", "0.9999")] == [
        10,
        100,
        1000,
        10_000,
    ]


@given(total=st.integers(1, 3_000_000), data=st.data(), percent=st.sampled_from([50, 80, 95, 99]))
def test_interval_against_scipy(total: int, data: st.DataObject, percent: int) -> None:
    bad = data.draw(st.integers(0, min(total, 30)) | st.integers(0, total))
    found = interval(total - bad, total, Fraction(percent, 100))
    tail = (1 - percent / 100) / 2
    low = 0.0 if bad == total else beta.ppf(tail, total - bad, bad + 1)
    high = 1.0 if bad == 0 else beta.ppf(1 - tail, total - bad + 1, bad)
    assert found.low == pytest.approx(low, abs=1e-10)
    assert found.high == pytest.approx(high, abs=1e-10)
    assert 0 <= found.low <= (total - bad) / total <= found.high <= 1


@given(total=st.integers(1, 400), data=st.data())
def test_interval_moves_with_the_evidence(total: int, data: st.DataObject) -> None:
    good = data.draw(st.integers(0, total - 1))
    found, better = interval(good, total), interval(good + 1, total)
    wider, ten_times = interval(good, total, Fraction(99, 100)), interval(10 * good, 10 * total)
    assert found.low <= better.low
    assert found.high <= better.high
    assert wider.low <= found.low <= found.high <= wider.high
    assert ten_times.high - ten_times.low < found.high - found.low


@pytest.mark.parametrize("truth", [Fraction(1, 20), Fraction(1, 3), Fraction(9, 10)])
def test_interval_holds_the_truth_as_often_as_it_says(truth: Fraction) -> None:
    total = 30
    held = Fraction(0)
    for good in range(total + 1):
        found = interval(good, total)
        if found.low <= truth <= found.high:
            held += math.comb(total, good) * truth**good * (1 - truth) ** (total - good)
    assert held >= Fraction(95, 100)


def test_no_events_say_nothing() -> None:
    assert clopper_pearson(Counts(good=0, total=0)) is NO_DATA


@given(events=st.integers(1, 60), percent=st.integers(1, 99), data=st.data())
def test_binomial_tail_against_every_outcome(events: int, percent: int, data: st.DataObject) -> None:
    ratio, failures = Fraction(percent, 100), data.draw(st.integers(0, events + 1))
    exact = sum(
        math.comb(events, k) * ratio**k * (1 - ratio) ** (events - k) for k in range(failures, events + 1)
    )
    assert at_least(failures, events, float(ratio)) == pytest.approx(float(exact), rel=1e-11)


@given(events=st.integers(1, 1_000_000), exponent=st.floats(-6, -0.1), deviations=st.floats(-6, 20))
def test_tails_against_scipy(events: int, exponent: float, deviations: float) -> None:
    ratio = 10**exponent
    mean = events * ratio
    failures = min(events, max(0, int(mean + deviations * math.sqrt(mean)) + 1))
    oracle = binom.sf(failures - 1, events, ratio)
    if oracle > 1e-280:
        assert at_least(failures, events, ratio) == pytest.approx(oracle, rel=1e-10)
    oracle = poisson.sf(failures - 1, mean)
    if oracle > 1e-280 and mean < 1e4:
        assert at_least_poisson(failures, mean) == pytest.approx(oracle, rel=1e-10)


@given(events=st.integers(0, 5000), threshold=st.fractions(0, 2, max_denominator=1000))
def test_failures_needed_are_strictly_over_the_threshold(events: int, threshold: Fraction) -> None:
    needed = false_page(events, Fraction(1, 1000), threshold).failures_needed
    assert needed > threshold * events >= needed - 1


def test_a_threshold_above_all_events_never_pages() -> None:
    found = false_page(100, Fraction(1, 2), Fraction(144, 100))
    assert (found.failures_needed, found.binomial) == (145, 0.0)


@given(events=st.integers(1, 2000), percent=st.integers(0, 99))
def test_a_worse_service_pages_more_often(events: int, percent: int) -> None:
    threshold = Fraction(5, 100)
    better = false_page(events, Fraction(percent, 100), threshold)
    worse = false_page(events, Fraction(percent + 1, 100), threshold)
    assert better.binomial <= worse.binomial + 1e-12
    assert better.poisson <= worse.poisson + 1e-12


@pytest.mark.parametrize("wrong", [Fraction(0), Fraction(1), Fraction(3, 2)])
def test_targets_and_levels_lie_inside(wrong: Fraction) -> None:
    with pytest.raises(ValueError):
        events_to_promise(wrong)
    with pytest.raises(ValueError):
        events_to_show(wrong)
    with pytest.raises(ValueError):
        clopper_pearson(Counts(good=1, total=1), wrong)
