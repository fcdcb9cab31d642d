"""Histories that tests make up."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from allowance.contract.rules import BurnRule, LowTraffic
from allowance.core.buckets import Buckets, from_rows
from allowance.core.window import RollingWindow, parse_window

MIN = 60


@st.composite
def histories(draw: st.DrawFn, longest: int = 300, step: int = MIN) -> Buckets:
    """Histories with quiet stretches, gaps and bursts of errors."""
    length = draw(st.integers(1, longest))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    total = rng.integers(0, draw(st.sampled_from([1, 3, 100])) + 1, length)
    rate = np.where(rng.random(length) < draw(st.sampled_from([0.02, 0.3])), rng.random(length), 0.001)
    bad = rng.binomial(total, rate)
    if draw(st.booleans()):
        total[rng.integers(0, length) :][:20] = 0
        bad = np.minimum(bad, total)
    start = step * draw(st.integers(0, 10**6))
    return Buckets(start=start, step=step, good=total - bad, total=total)


rules = st.builds(
    lambda share, short, times, hold, events, bad, below: BurnRule(
        severity="page",
        share=share,
        long=MIN * short * times,
        short=MIN * short,
        hold=MIN * hold,
        guard=LowTraffic(min_events=events, min_bad=bad),
        remaining_below=below,
    ),
    st.fractions(Fraction(1, 10**6), Fraction(1, 2), max_denominator=10**6),
    st.integers(1, 30),
    st.integers(1, 12),
    st.sampled_from([0, 0, 0, 1, 7]),
    st.sampled_from([0, 0, 20]),
    st.sampled_from([0, 0, 3]),
    st.none() | st.none() | st.fractions(0, Fraction(99, 100), max_denominator=10**6),
)

windows = st.one_of(
    st.integers(1, 400).map(lambda minutes: RollingWindow(seconds=minutes * MIN)),
    st.sampled_from([parse_window("day"), parse_window("week Europe/Berlin"), parse_window("month")]),
)

targets = st.fractions(Fraction(1, 2), Fraction(99999, 100000), max_denominator=10**9)


def even(minutes: int, per_minute: int, bad: dict[range, int], start: int = 0) -> Buckets:
    """Even traffic with so many bad events in each minute of some ranges."""
    return from_rows(
        (start + MIN * m, per_minute - sum(b for r, b in bad.items() if m in r), per_minute)
        for m in range(minutes)
    )
