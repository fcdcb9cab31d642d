"""Percentiles within one percent, whatever the latencies and the order in which sketches are merged."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.core.counts import NO_DATA
from allowance.core.problem import ProblemError
from allowance.signals.sketch import (
    EMPTY,
    ERROR,
    from_bytes,
    merged,
    of,
    of_buckets,
    place_of,
    places_of,
    value_of,
)

LATENCIES = st.integers(min_value=0, max_value=10**15)
SLACK = Fraction(1, 10**6)
"""Places are found with floats, values rounded to whole nanoseconds."""


@given(
    st.lists(LATENCIES, min_size=1, max_size=60), st.fractions(min_value=0, max_value=1, max_denominator=1000)
)
def test_a_percentile_is_within_one_percent(latencies: list[int], share: Fraction) -> None:
    exact = sorted(latencies)[floor(share * (len(latencies) - 1))]
    found = of(latencies).quantile(share)
    assert isinstance(found, int)
    assert abs(found - exact) <= exact * (ERROR + SLACK) + 1


@given(st.lists(st.lists(LATENCIES, max_size=20), max_size=6), st.randoms())
def test_merging_is_adding_in_any_order(parts: list[list[int]], random: st.DataObject) -> None:
    sketches = [of(part) for part in parts]
    whole = of([one for part in parts for one in part])
    assert merged(sketches) == whole
    random.shuffle(sketches)  # type: ignore[attr-defined]
    assert merged([merged(sketches[:2]), *sketches[2:]]) == whole
    assert from_bytes(whole.as_bytes()) == whole


@given(st.lists(st.integers(min_value=-(2**62), max_value=2**62), min_size=1))
def test_many_at_once_have_the_places_of_one_by_one(latencies: list[int]) -> None:
    found = [value_of(place) for place in places_of(np.array(latencies, dtype=np.int64)).tolist()]
    for one, latency in zip(found, latencies, strict=True):
        assert abs(one - max(latency, 0)) <= max(latency, 0) * (ERROR + SLACK) + 1
        assert abs(one - value_of(place_of(latency))) <= one * 3 * ERROR + 1


def test_no_latency_has_no_percentile() -> None:
    assert EMPTY.quantile(Fraction(1, 2)) == NO_DATA


def test_a_histogram_is_as_exact_as_its_bounds() -> None:
    sketch = of_buckets((0.1, 0.2, 0.4), (0, 10, 90, 0), unit=10**9)
    assert sketch.events == 100
    middle = sketch.quantile(Fraction(1, 2))
    assert isinstance(middle, int)
    assert 0.2e9 < middle < 0.4e9


@pytest.mark.parametrize("raw", [b"", b"{}1", b'[["a"]]', b"7"])
def test_what_is_no_sketch_is_refused(raw: bytes) -> None:
    with pytest.raises(ProblemError, match="sketch"):
        from_bytes(raw)
