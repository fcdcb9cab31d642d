"""Sudden or slow: a step that is there is found, and noise is none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.budget.onset import Onset, onset
from allowance.core.buckets import Buckets
from allowance.core.counts import NO_DATA
from tests.budget.histories import MIN, even, histories


def test_an_outage_begins_where_it_begins() -> None:
    found = onset(even(180, 100, {range(160, 180): 28}), begin=0, end=180 * MIN)
    assert isinstance(found, Onset)
    assert found.at == 160 * MIN
    assert (found.before.bad, found.after.bad) == (0, 20 * 28)


@given(seed=st.integers(0, 2**32 - 1), at=st.integers(20, 160), share=st.floats(0.1, 0.9))
def test_a_strong_step_is_found_near_its_place(seed: int, at: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    total = rng.integers(80, 120, 180)
    rate = np.where(np.arange(180) < at, 0.001, share)
    bad = rng.binomial(total, rate)
    found = onset(Buckets(start=0, step=MIN, good=total - bad, total=total), begin=0, end=180 * MIN)
    assert isinstance(found, Onset)
    assert abs(found.at - at * MIN) <= 2 * MIN


@pytest.mark.parametrize("rate", [0.0005, 0.01, 0.2, 0.9, 0.999])
def test_one_level_is_no_step(rate: float) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        total = np.full(180, 100)
        bad = rng.binomial(total, rate)
        history = Buckets(start=0, step=MIN, good=total - bad, total=total)
        assert onset(history, begin=0, end=180 * MIN) == NO_DATA


@given(histories())
def test_both_sides_together_are_the_whole(history: Buckets) -> None:
    found = onset(history, begin=history.start, end=history.end)
    if isinstance(found, Onset):
        assert found.before + found.after == history.all()
        assert history.start < found.at < history.end
        assert found.after.bad * found.before.total >= 3 * found.before.bad * found.after.total


def test_nothing_measured_and_nothing_failed_are_no_step() -> None:
    assert onset(even(60, 0, {}), begin=0, end=60 * MIN) == NO_DATA
    assert onset(even(60, 10, {}), begin=0, end=60 * MIN) == NO_DATA
    assert onset(even(60, 10, {range(60): 10}), begin=0, end=60 * MIN) == NO_DATA
