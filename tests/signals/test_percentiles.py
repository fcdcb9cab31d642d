"""Nearest rank against its definition."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from allowance.core.counts import NO_DATA
from allowance.signals.measured import Durations
from allowance.signals.percentiles import merged, nearest_rank


def _durations(values: list[int]) -> Durations:
    counts = Counter(values)
    return Durations(
        values_ms=tuple(map(float, sorted(counts))), counts=tuple(counts[v] for v in sorted(counts))
    )


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.integers(1, 1000))
def test_it_is_the_value_at_the_rank(values: list[int], per_mille: int) -> None:
    percent = Fraction(per_mille, 10)
    rank = math.ceil(Fraction(per_mille, 1000) * len(values))
    assert nearest_rank(_durations(values), percent) == sorted(values)[rank - 1]


def test_without_durations_there_is_no_percentile() -> None:
    assert nearest_rank(Durations(), Fraction(50)) == NO_DATA


@given(st.lists(st.integers(0, 9), max_size=20), st.lists(st.integers(0, 9), max_size=20))
def test_groups_merge_into_the_whole(one: list[int], two: list[int]) -> None:
    assert merged([_durations(one), _durations(two)]) == _durations(one + two)
