"""Replay: the stepwise and the vectorised way agree, and both do what a person would do by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allowance.budget.burn import burn_rate
from allowance.budget.replay import replay, replay_stepwise
from allowance.contract.factor_rule import FactorRule
from allowance.contract.rules import WORKBOOK, BurnRule
from allowance.core.buckets import Buckets, empty, from_rows
from allowance.core.counts import NO_DATA, Counts
from allowance.core.problem import ProblemError
from allowance.core.window import Window
from tests.budget.histories import MIN, even, histories, rules, targets, windows

DAY = 86400
PERIOD = 30 * DAY
T999 = Fraction(999, 1000)


def _by_factor(factor: Fraction, long: int, short: int) -> BurnRule:
    return FactorRule(severity="page", factor=factor, long=long, short=short).on(PERIOD)


@settings(max_examples=150)
@given(histories(), st.lists(rules, min_size=1, max_size=3), targets, windows)
def test_stepwise_and_vectorised_agree(
    history: Buckets, policy: list[BurnRule], target: Fraction, window: Window
) -> None:
    fast = replay(history, policy, target, period=PERIOD, window=window)
    slow = replay_stepwise(history, policy, target, period=PERIOD, window=window)
    assert (fast.start, fast.length) == (slow.start, slow.length)
    for one, two in zip(fast.rules, slow.rules, strict=True):
        assert np.array_equal(one.long_over, two.long_over)
        assert np.array_equal(one.short_over, two.short_over)
        assert np.array_equal(one.firing, two.firing)
        assert one.episodes == two.episodes


@settings(max_examples=100)
@given(histories(longest=3000), st.lists(rules, min_size=1, max_size=3), st.integers(1, 50))
def test_pieces_do_not_show(history: Buckets, policy: list[BurnRule], piece: int) -> None:
    whole = replay(history, policy, T999, period=PERIOD)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("allowance.budget.replay._PIECE", piece)
        pieces = replay(history, policy, T999, period=PERIOD)
    for one, two in zip(whole.rules, pieces.rules, strict=True):
        assert np.array_equal(one.firing, two.firing)
        assert np.array_equal(one.long_over, two.long_over)


def test_counts_too_large_for_int64_products_are_still_exact() -> None:
    # 1 bad in 10**16: at a target of 1 - 10**-15 a burn of 0.1 against 0.1 is not above.
    history = from_rows([(0, 10**16 - 1, 10**16)])
    rule = BurnRule(severity="page", share=Fraction(1, 10), long=MIN, short=MIN)
    at = replay(history, [rule], 1 - Fraction(1, 10**15), period=MIN)
    just_below = replay(history, [rule], 1 - Fraction(1, 10**15) + Fraction(1, 10**30), period=MIN)
    assert at.rules[0].firing_buckets == 0
    assert just_below.rules[0].firing_buckets == 1


def test_equality_does_not_fire() -> None:
    # 9.04 against 9 must fire, 9 against 9 must not: nothing is rounded before it is compared.
    rule = _by_factor(Fraction(9), 60 * MIN, 60 * MIN)
    exactly = even(60, 1000, {range(60): 9})
    above = from_rows([(0, 99_096, 100_000)])
    assert replay(exactly, [rule], T999, period=PERIOD).rules[0].firing_buckets == 0
    assert replay(above, [rule], T999, period=PERIOD).rules[0].firing_buckets == 1


def test_an_outage_fires_and_clears_by_its_short_window() -> None:
    history = even(300, 100, {range(100, 130): 100})
    page = replay(history, WORKBOOK, T999, period=PERIOD).rules[0]
    assert page.first == 101 * MIN
    assert [(e.first // MIN, e.last // MIN) for e in page.episodes] == [(101, 134)]
    words = [page.word_at(i) for i in (98, 100, 150, 299)]
    assert words == ["calm", "firing", "recovering", "calm"]


def test_nothing_measured_says_nothing() -> None:
    nothing = replay(empty(), WORKBOOK, T999, period=PERIOD)
    assert nothing.length == 0
    assert nothing.episodes("page") == ()
    assert burn_rate(Counts(good=0, total=0), T999) == NO_DATA


def test_a_rule_that_does_not_fit_the_buckets_is_refused() -> None:
    rule = _by_factor(Fraction(10), 600, 90)
    with pytest.raises(ProblemError, match="whole number"):
        replay(even(10, 1, {}), [rule], T999, period=PERIOD)


def test_a_hold_asks_for_the_condition_to_last() -> None:
    history = even(60, 100, {range(10, 13): 100, range(30, 40): 100})
    rule = BurnRule(severity="page", share=Fraction(1, 43200), long=MIN, short=MIN, hold=5 * MIN)
    found = replay(history, [rule], Fraction(1, 2), period=PERIOD).rules[0]
    assert [(e.first // MIN, e.last // MIN) for e in found.episodes] == [(36, 40)]


def test_a_rule_waits_until_little_of_the_budget_is_left() -> None:
    # From minute 100 on 2 of 100 fail, 20 times too fast: after m minutes 20 (m - 100) / m of the budget is spent,
    # which is more than nine tenths from the 105th minute on.
    history = even(200, 100, {range(100, 200): 2})
    rule = replace(_by_factor(Fraction(10), MIN, MIN), remaining_below=Fraction(1, 10))
    found = replay(history, [rule], T999, period=PERIOD).rules[0]
    assert found.long_over.tolist() == [minute > 100 for minute in range(1, 201)]
    assert found.firing.tolist() == [minute >= 105 for minute in range(1, 201)]


def test_at_exactly_the_limit_the_rule_still_waits() -> None:
    # 1 000 events allow 100 bad ones at 90 %: with 90 bad a tenth is left, with 91 less than that.
    rule = BurnRule(
        severity="page", share=Fraction(1, 10), long=MIN, short=MIN, remaining_below=Fraction(1, 10)
    )
    for bad, fires in ((90, False), (91, True)):
        history = from_rows([(0, 1000 - bad, 1000)])
        assert bool(replay(history, [rule], Fraction(9, 10), period=MIN).rules[0].firing[0]) is fires
