"""SLIs over events: what is valid, what is good, and one query per engine that a person can read."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.contract.indicator import Events
from allowance.core.problem import ProblemError, Where
from allowance.signals.dialects import DIALECTS, Dialect, TimeKind, bucket
from allowance.signals.event_sql import check_sli, count_query, event_sli, good_sql, valid_sql
from allowance.signals.predicate import parse_predicate
from tests.signals.event_samples import PREDICATES

GOLDEN = Path(__file__).parent / "golden"

SLIS = [
    event_sli("checkout-availability", Events(valid="route = 'checkout' AND path NOT LIKE '/health%'")),
    event_sli("checkout-latency", Events(valid="route = 'checkout'", latency_ms=Fraction("300.1"))),
    event_sli(
        "api",
        Events(
            valid="regexp_matches(path, '^/api/v\\d+/') AND NOT (\"user-agent\" ILIKE '%bot%' OR status IS NULL)",
            good="status BETWEEN 200 AND 399 OR (status = 404 AND ends_with(path, '.ico'))",
        ),
    ),
]


def judged(status: object, duration: object, indicator: Events) -> tuple[object, object]:
    """(valid, good) of one event, as DuckDB says it."""
    sli = event_sli("a", indicator)
    with duckdb.connect() as connection:
        query = (
            f"SELECT {valid_sql(sli, 'duckdb')}, {good_sql(sli, 'duckdb')} "
            "FROM (SELECT ?::INTEGER AS status, ?::DECIMAL(18, 3) AS duration_ms)"
        )
        (row,) = connection.execute(query, [status, duration]).fetchall()
    return row[0], row[1]


LATENCY = Events(latency_ms=Fraction("300.1"))
BOTH = Events(good="status < 500", latency_ms=Fraction("300.1"))


@pytest.mark.parametrize(
    ("status", "duration", "indicator", "expected"),
    [
        (200, None, Events(), (True, True)),
        (500, None, Events(), (True, False)),
        (None, None, Events(), (True, False)),
        (None, None, Events(valid="status < 600"), (False, False)),
        (None, "1", Events(valid="NOT (status >= 500)"), (False, False)),
        (500, "300.1", LATENCY, (True, True)),
        (200, "300.101", LATENCY, (True, False)),
        (200, None, LATENCY, (False, False)),
        (200, "300.1", BOTH, (True, True)),
        (500, "300.1", BOTH, (True, False)),
        (200, "301", BOTH, (True, False)),
        (200, "1", Events(valid="status = 500", good="TRUE"), (False, False)),
        (200, "333.333", Events(latency_ms=Fraction(1000, 3)), (True, True)),
        (200, "333.334", Events(latency_ms=Fraction(1000, 3)), (True, False)),
    ],
)
def test_good_counts_among_valid_and_unknown_is_false(
    status: object, duration: object, indicator: Events, expected: tuple[bool, bool]
) -> None:
    assert judged(status, duration, indicator) == expected


def test_everything_is_valid_where_nothing_is_said() -> None:
    assert valid_sql(event_sli("a", Events()), "duckdb") == "TRUE"
    assert good_sql(event_sli("a", Events()), "postgres") == 'COALESCE("status" < 500, FALSE)'


def test_an_sli_knows_its_columns_and_a_wrong_one_is_named() -> None:
    assert SLIS[2].columns == {"path", "user-agent", "status"}
    assert SLIS[1].columns == {"route", "duration_ms"}
    check_sli(SLIS[1], ["Route", "duration_ms"])
    with pytest.raises(ProblemError, match="there is no column 'duration_ms'"):
        check_sli(SLIS[1], ["route", "duration"])


def test_a_wrong_predicate_is_told_with_its_place() -> None:
    with pytest.raises(ProblemError) as caught:
        event_sli("a", Events(good="count(*)"), where=Where(file="slo.yaml", line=3, path="slos.0"))
    assert str(caught.value.problems[0].where) == "slo.yaml:3: slos.0.good"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_query_of_each_engine_is_as_written_down(dialect: Dialect) -> None:
    """Look at the files in `golden`; ALLOWANCE_GOLDEN=write writes them anew."""
    query = count_query(
        SLIS,
        dialect=dialect,
        relation="events",
        time='"at"' if dialect not in ("clickhouse", "spark", "bigquery") else "`at`",
        time_kind="timestamptz",
        step=60,
        by="region",
        begin=1_774_735_200,
        end=1_774_742_400,
    )
    words = "\n".join(f"-- {text}\n{parse_predicate(text).sql(dialect)}\n" for text in PREDICATES)
    written = f"{query};\n\n-- Predicates as written, and as this engine reads them.\n\n{words}"
    path = GOLDEN / f"{dialect}.sql"
    if os.environ.get("ALLOWANCE_GOLDEN") == "write":
        path.write_text(written, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == written


def test_no_events_are_zero_rows_and_a_bucket_without_valid_events_is_zero() -> None:
    slis = [event_sli("a", Events(valid="status > 900"))]
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE events (moment TIMESTAMP, status INTEGER)")
        query = count_query(slis, dialect="duckdb", relation="events", time="moment", step=60)
        assert connection.execute(query).fetchall() == []
        connection.execute("INSERT INTO events VALUES (TIMESTAMP '1970-01-01 00:01:30', 200), (NULL, 1000)")
        assert connection.execute(query).fetchall() == [(60, "", 0, 0)]


@given(
    micros=st.integers(-60_000_000_000_000_000, 250_000_000_000_000_000),
    step=st.sampled_from([1, 7, 10, 60, 300, 3600, 86_400]),
)
def test_buckets_are_exact_back_to_the_year_68(micros: int, step: int) -> None:
    expected = micros // (step * 1_000_000) * step
    kinds: dict[str, TimeKind] = {
        "make_timestamp(?)": "timestamp",
        "make_timestamp(?)::TIMESTAMPTZ": "timestamptz",
        "?::BIGINT": "micros",
    }
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for sql, kind in kinds.items():
            query = f"SELECT {bucket('moment', step, kind, 'duckdb')} FROM (SELECT {sql} AS moment)"
            assert connection.execute(query, [micros]).fetchall() == [(expected,)]


@given(nanos=st.integers(-(2**62) + 2**60, 4_000_000_000_000_000_000), step=st.sampled_from([1, 60, 3600]))
def test_buckets_of_nanoseconds_do_not_overflow(nanos: int, step: int) -> None:
    with duckdb.connect() as connection:
        query = f"SELECT {bucket('moment', step, 'nanos', 'duckdb')} FROM (SELECT ?::BIGINT AS moment)"
        assert connection.execute(query, [nanos]).fetchall() == [(nanos // (step * 10**9) * step,)]


def test_a_span_is_half_open_in_every_form() -> None:
    edge = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    begin = int(edge.timestamp())
    rows = [begin * 10**6 + offset for offset in (-1, 0, 1, 59_999_999, 60_000_000)]
    forms: dict[TimeKind, str] = {
        "timestamp": "make_timestamp(x)",
        "timestamptz": "make_timestamp(x)::TIMESTAMPTZ",
        "micros": "x",
        "nanos": "x * 1000",
    }
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for kind, sql in forms.items():
            query = count_query(
                [event_sli("a", Events(good="TRUE"))],
                dialect="duckdb",
                relation=f"(SELECT {sql} AS moment FROM (SELECT unnest({rows}) AS x))",
                time="moment",
                time_kind=kind,
                step=60,
                begin=begin,
                end=begin + 60,
                facts=True,
            )
            assert connection.execute(query).fetchall() == [(begin, "", 3, 3, 3, begin, begin + 59)]
