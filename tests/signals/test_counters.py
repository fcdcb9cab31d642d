"""Sums of counter columns, and the question that their increments are."""

from __future__ import annotations

import pytest

from allowance.core.problem import ProblemError
from allowance.signals.counters import CounterColumns, CounterSums, counter_sums, increments_sql

COLUMNS = ("time", "zone", "1xx", "2xx", "5xx", "odd name", "a+b")


def test_sums() -> None:
    sums = counter_sums(CounterColumns(total='1xx + 2XX+"odd name" + "a+b"', bad="5xx"), COLUMNS)
    assert sums == CounterSums(total=("1xx", "2xx", "odd name", "a+b"), good=(), bad=("5xx",))
    assert sums.columns == ("1xx", "2xx", "odd name", "a+b", "5xx")


@pytest.mark.parametrize(
    "text", ["", "+", "1xx +", "1xx 2xx", "1xx - 2xx", "1xx + 1xx", '"1xx', "1xx + + 2xx"]
)
def test_what_is_no_sum(text: str) -> None:
    with pytest.raises(ProblemError) as caught:
        counter_sums(CounterColumns(total=text, bad="5xx"), COLUMNS)
    assert caught.value.problems[0].code in ("counters", "column")


def test_total_and_one_of_good_and_bad_are_needed() -> None:
    for columns in (CounterColumns(total="1xx"), CounterColumns(total=None, good="1xx")):
        with pytest.raises(ProblemError, match="counters need"):
            counter_sums(columns, COLUMNS)
    with pytest.raises(ProblemError, match="counters need"):
        counter_sums(CounterColumns(total="1xx", good="1xx", bad="5xx"), COLUMNS)


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(ProblemError, match="did you mean 5xx"):
        counter_sums(CounterColumns(total="1xx", bad="5x"), COLUMNS)


def test_the_query_names_every_counter_once() -> None:
    sums = CounterSums(total=("a", "b"), good=(), bad=("b",))
    query = increments_sql("rows", at="t", values=["x", "y"], series=["z"], group="''", sums=sums)
    assert "(v0 + v1) - (v1) AS good" in query
    assert "PARTITION BY grp, k0 ORDER BY us, v0, v1" in query
