from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.core.buckets import add, from_rows
from allowance.core.counts import Counts
from allowance.core.problem import ProblemError

rows = st.lists(
    st.tuples(st.integers(0, 7200), st.integers(0, 50), st.integers(0, 50)).map(
        lambda r: (r[0], r[1], r[1] + r[2])
    ),
    max_size=40,
)


@given(rows, st.integers(-10, 200), st.integers(-10, 200))
def test_a_window_is_the_sum_of_the_rows_inside_it(data: list[tuple[int, int, int]], a: int, b: int) -> None:
    begin, end = 60 * a, 60 * b
    inside = [row for row in data if begin <= row[0] - row[0] % 60 < end]
    expected = Counts(good=sum(r[1] for r in inside), total=sum(r[2] for r in inside))
    assert from_rows(data).between(begin, end) == expected


@given(rows, rows)
def test_adding_histories_adds_every_window(
    one: list[tuple[int, int, int]], two: list[tuple[int, int, int]]
) -> None:
    both = add([from_rows(one), from_rows(two)])
    assert both.all() == from_rows(one + two).all()
    assert both.between(600, 3600) == from_rows(one + two).between(600, 3600)


def test_an_instant_inside_a_bucket_is_refused() -> None:
    with pytest.raises(ProblemError, match="not on an edge"):
        from_rows([(0, 1, 1)]).between(0, 30)


def test_a_wrong_timestamp_does_not_fill_the_memory() -> None:
    with pytest.raises(ProblemError, match="too far apart"):
        from_rows([(0, 1, 1), (10**12, 1, 1)])


def test_trimming_keeps_what_was_measured() -> None:
    history = from_rows([(0, 0, 0), (600, 3, 4), (1200, 0, 0)]).trimmed()
    assert (history.start, len(history)) == (600, 1)
    assert history.all() == Counts(good=3, total=4)
    assert np.array_equal(history.total_sum, [0, 4])
