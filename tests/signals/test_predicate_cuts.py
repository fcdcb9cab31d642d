"""Kinds of values: between two cuts every predicate says the same."""

from __future__ import annotations

from fractions import Fraction

import duckdb
import pytest

from allowance.contract.indicator import Events
from allowance.signals.event_sql import event_sli
from allowance.signals.predicate_cuts import Cuts, cuts_of


def cuts(good: str, ms: str | None = None) -> dict[str, Cuts] | None:
    return cuts_of(event_sli("a", Events(good=good, latency_ms=None if ms is None else Fraction(ms))))


def test_numbers_and_texts() -> None:
    found = cuts(
        "status < 500 and (service = 'a' or service in ('b', 'c')) and 10 >= ms and not x is null", "0.5"
    )
    assert found is not None
    assert {name: len(one.examples()) for name, one in found.items()} == {
        "status": 3, "service": 5, "ms": 3, "x": 2, "duration_ms": 3,
    }  # fmt: skip


@pytest.mark.parametrize(
    "good",
    [
        "status + 1 < 5",
        "a < b",
        "path like 'x%'",
        "name < 'x'",
        "ok",
        "lower(x) = 'a'",
        "x = 1 and x = 'a'",
        "x is true",
    ],
)
def test_what_has_no_kinds(good: str) -> None:
    assert cuts(good) is None


def test_a_bound_that_no_decimal_writes_has_no_kinds() -> None:
    assert cuts("1 = x", "1/3") is None


@pytest.mark.parametrize(
    "good",
    [
        "x < 5",
        "x <= 5 or x > 7",
        "x = 5",
        "x <> 5 and x < 5.5",
        "x between 5 and 6",
        "x in (5, 6, -1)",
        "x is null",
    ],
)
def test_an_example_of_each_kind_is_of_that_kind(good: str) -> None:
    found = cuts(good)
    assert found is not None
    rows = ", ".join(f"({place}, {value})" for place, value in enumerate(found["x"].examples()))
    query = f"SELECT place, {found['x'].code_sql('x')} FROM (VALUES {rows}) AS t(place, x)"
    assert all(place == code for place, code in duckdb.execute(query).fetchall())


@pytest.mark.parametrize("good", ["x < 5", "x <= 5 and x > 4.25", "x in (4, 5)", "x <> 5", "not x >= 5"])
def test_values_of_one_kind_are_judged_alike(good: str) -> None:
    found = cuts(good)
    assert found is not None
    kind = found["x"].code_sql("x")
    values = "SELECT CASE WHEN i < 0 THEN NULL ELSE i / 8.0 END AS x FROM range(-1, 80) AS r(i)"
    query = f"SELECT count(DISTINCT coalesce({good}, false)) FROM ({values}) GROUP BY {kind}"
    assert set(duckdb.execute(query).fetchall()) == {(1,)}
