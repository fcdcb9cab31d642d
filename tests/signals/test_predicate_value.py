"""A predicate means the same in plain Python as in DuckDB, over any values."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allowance.signals.predicate import parse_predicate
from tests.signals.event_samples import COLUMNS, PREDICATES, events

EVENTS = events(7, 300)


@pytest.mark.parametrize("text", PREDICATES)
def test_the_predicates_that_all_engines_agree_on(text: str) -> None:
    decide = parse_predicate(text).decision()
    judge = PREDICATES[text]
    for event in EVENTS:
        row = dict(zip(COLUMNS, event.row, strict=True))
        expected = judge(event)
        assert (decide(row.get) is True) == (expected is True), row


numbers = st.sampled_from(["n", "m", "x", "0", "1", "2.5", "-3", "n + m", "m * 2", "x - 1", "n % 3", "m / 2"])
numbers |= st.sampled_from(
    ["abs(n)", "floor(x)", "ceil(x)", "coalesce(n, m, 7)", "nullif(n, m)", "greatest(n, m, 1)"]
)
numbers |= st.sampled_from(
    ["least(n, 2)", "length(t)", "CASE WHEN f THEN n ELSE m END", "-n", "CASE n WHEN 1 THEN 5 END"]
)
texts = st.sampled_from(
    ["t", "u", "'a'", "'ab'", "lower(t)", "upper(u)", "substr(t, 2, 1)", "coalesce(t, u, 'z')"]
)
signs = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
atoms = (
    st.builds(lambda a, sign, b: f"{a} {sign} {b}", numbers, signs, numbers)
    | st.builds(lambda a, sign, b: f"{a} {sign} {b}", texts, signs, texts)
    | st.builds(lambda a, b, c: f"{a} BETWEEN {b} AND {c}", numbers, numbers, numbers)
    | st.builds(lambda a, b, c: f"{a} IN ({b}, {c})", numbers, numbers, numbers)
    | st.builds(lambda a, word: f"{a} {word}", texts | numbers, st.sampled_from(["IS NULL", "IS NOT NULL"]))
    | st.builds(
        lambda a, word: f"{a} {word}", texts, st.sampled_from(["LIKE 'a%'", "NOT LIKE '_b'", "ILIKE '%B'"])
    )
    | st.builds(lambda a: f"regexp_matches({a}, '^a[b-d]?$')", texts)
    | st.builds(
        lambda name, a, b: f"{name}({a}, {b})",
        st.sampled_from(["starts_with", "ends_with", "contains"]),
        texts,
        texts,
    )
    | st.sampled_from(["f", "f IS TRUE", "f IS NOT FALSE", "f = TRUE", "TRUE", "try_cast(t AS INTEGER) < 5"])
)
predicates = st.recursive(
    atoms,
    lambda inner: (
        st.builds(lambda a: f"NOT ({a})", inner)
        | st.builds(lambda a, word, b: f"({a}) {word} ({b})", inner, st.sampled_from(["AND", "OR"]), inner)
        | st.builds(lambda a: f"({a}) IS TRUE", inner)
    ),
    max_leaves=5,
)
rows = st.fixed_dictionaries(
    {
        "n": st.none() | st.integers(-5, 5),
        "m": st.none() | st.integers(-5, 5),
        "x": st.none() | st.sampled_from([-2.5, 0.0, 0.5, 1.0, 2.5, 99.25]),
        "t": st.none() | st.sampled_from(["", "a", "ab", "AB", "4", "-7", "b\n", "ü"]),
        "u": st.none() | st.sampled_from(["a", "b", "ba"]),
        "f": st.none() | st.booleans(),
    }
)
TYPES = {"n": "BIGINT", "m": "BIGINT", "x": "DOUBLE", "t": "VARCHAR", "u": "VARCHAR", "f": "BOOLEAN"}
CONNECTION = duckdb.connect()


@settings(max_examples=400, deadline=None)
@given(text=predicates, row=rows)
def test_any_predicate_is_decided_as_duckdb_does(text: str, row: dict[str, Any]) -> None:
    predicate = parse_predicate(text)
    columns = ", ".join(f"?::{kind} AS {name}" for name, kind in TYPES.items())
    query = f"SELECT {predicate.sql('duckdb')} FROM (SELECT {columns})"
    (expected,) = CONNECTION.execute(query, [row[name] for name in TYPES]).fetchone() or (None,)
    assert predicate.decision()(row.get) is expected


def test_texts_that_are_numbers_and_kinds_that_do_not_compare() -> None:
    def decide(text: str, **row: Any) -> bool | None:
        return parse_predicate(text).decision()(row.get)

    assert decide("status < 500", status="200") is True
    assert decide("status < 500", status="5xx") is None
    assert decide("status < 500", status=True) is None
    assert decide("status < 500", status=float("nan")) is None
    assert decide("amount <= 300.1", amount=Decimal("300.1")) is True
    assert decide("amount <= 300.1", amount=300.1) is True
