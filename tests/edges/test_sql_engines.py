"""The same events and predicates give the same counts in plain Python and in every engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import duckdb
import numpy as np
import pytest

from allowance.contract.indicator import Events
from allowance.contract.source import Sql
from allowance.core.problem import Problem, ProblemError
from allowance.edges import sql
from allowance.signals.dialects import Dialect, identifier
from allowance.signals.event_sql import EventSli, event_sli
from tests.signals.event_samples import COLUMNS, PREDICATES, Event, counted, events

SAMPLE = events(seed=20261121, number=3000)
BEGIN, END = 1774735200, 1774742400
ENGINES = ("duckdb", "postgres", "clickhouse", "spark")
OPTIONAL = "an optional engine: pip install 'allowance[{extra}]'"

TYPES = {
    "duckdb": ("TIMESTAMPTZ", "INTEGER", "VARCHAR", "VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "VARCHAR", "DECIMAL(10,3)"),
    "postgres": ("timestamptz", "integer", "text", "text", "bigint", "float8", "boolean", "text", "numeric(10,3)"),
    "clickhouse": (
        "DateTime64(6, 'Europe/Berlin')", "Nullable(Int32)", "LowCardinality(Nullable(String))", "Nullable(String)",
        "Nullable(Int64)", "Nullable(Float64)", "Nullable(Bool)", "Nullable(String)", "Nullable(Decimal(10,3))",
    ),
}  # fmt: skip

ODD = 'a"b`c\\d'
CLOCKS = ("naive", "zoned", "s", "s32", "ms", "us", "ns", "f", "day", "bucket", "group", "duration_ms", ODD)
CLOCK_TYPES = {
    "duckdb": (
        "TIMESTAMP", "TIMESTAMPTZ", "BIGINT", "INTEGER", "BIGINT", "BIGINT", "BIGINT", "DOUBLE", "DATE", "INTEGER",
        "VARCHAR", "FLOAT", "INTEGER",
    ),
    "postgres": (
        "timestamp", "timestamptz(6)", "bigint", "integer", "bigint", "bigint", "numeric", "float8", "date", "integer",
        "varchar(5)", "real", "integer",
    ),
    "clickhouse": (
        "DateTime64(6, 'UTC')", "Nullable(DateTime64(6, 'Asia/Tokyo'))", "Int64", "Int32", "Int64", "Int64", "Int64",
        "Float64", "Date32", "UInt8", "LowCardinality(String)", "Float32", "UInt8",
    ),
}  # fmt: skip
MICROS = (-1, 0, 59_999_999, 60_000_000, 1_774_735_199_999_999, 1_774_735_200_000_000, -86_400_000_001)
"""Instants in microseconds since 1970: at the edges of minutes, of a day, and before 1970."""


def _clock_rows() -> list[tuple[object, ...]]:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    rows: list[tuple[object, ...]] = []
    for number, micros in enumerate(MICROS):
        at = epoch + timedelta(microseconds=micros)
        seconds = micros // 1_000_000
        numbers = (seconds, seconds, micros // 1000, micros, micros * 1000, micros / 1_000_000)
        rows.append(
            (at.replace(tzinfo=None), at, *numbers, at.date(), number % 2, f"g{number % 2}", 300.1, number)
        )
    return rows


def _create(table: str, names: tuple[str, ...], types: tuple[str, ...], dialect: Dialect = "duckdb") -> str:
    columns = [f"{identifier(name, dialect)} {kind}" for name, kind in zip(names, types, strict=True)]
    return f"CREATE TABLE {table} ({', '.join(columns)})"


TABLES: tuple[tuple[str, tuple[str, ...], dict[str, tuple[str, ...]], list[tuple[object, ...]]], ...] = (
    ("events", COLUMNS, TYPES, [event.row for event in SAMPLE]),
    ("clocks", CLOCKS, CLOCK_TYPES, _clock_rows()),
)


def _insert(table: str, width: int, mark: str = "?") -> str:
    return f"INSERT INTO {table} VALUES ({', '.join([mark] * width)})"


def _fill_duckdb(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("SET TimeZone = 'America/New_York'")
    connection.begin()
    for table, names, types, rows in TABLES:
        connection.execute(_create(table, names, types["duckdb"]))
        connection.executemany(_insert(table, len(names)), rows)
    connection.commit()


@pytest.fixture(scope="module")
def duckdb_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("duck") / "events.db"
    with duckdb.connect(str(path)) as connection:
        _fill_duckdb(connection)
    return f"duckdb:///{path}"


@pytest.fixture(scope="module")
def postgres_url(postgres: str) -> str:
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE DATABASE shop ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0")
        connection.execute("ALTER DATABASE shop SET timezone = 'America/New_York'")
    url = postgres.removesuffix("postgres") + "shop"
    with psycopg.connect(url) as connection:
        for table, names, types, rows in TABLES:
            connection.execute(_create(table, names, types["postgres"]).encode())
            connection.cursor().executemany(_insert(table, len(names), "%s"), rows)
    return url


@pytest.fixture(scope="module")
def clickhouse_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    pytest.importorskip("chdb", reason=OPTIONAL.format(extra="clickhouse"))
    connect = pytest.importorskip("clickhouse_connect", reason=OPTIONAL.format(extra="clickhouse"))
    folder = tmp_path_factory.mktemp("chdb")
    client = connect.get_client(interface="chdb", path=str(folder))
    for table, names, types, rows in TABLES:
        create = _create(table, names, types["clickhouse"], "clickhouse")
        client.command(f"{create} ENGINE = MergeTree ORDER BY tuple()")
        client.insert(table, rows, column_names=list(names))
    client.close()
    return f"chdb://{folder}"


@pytest.fixture(scope="module")
def spark_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pyspark = pytest.importorskip("pyspark.sql", reason=OPTIONAL.format(extra="spark"))
    folder = tmp_path_factory.mktemp("spark")
    with duckdb.connect() as connection:
        _fill_duckdb(connection)
        for table, *_ in TABLES:
            connection.execute(f"COPY {table} TO '{folder / table}' (FORMAT parquet)")
    builder = pyspark.SparkSession.builder.master("local[1]")
    for name, value in {
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": "1",
        # Compiling takes longer than counting so few rows.
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.session.timeZone": "America/New_York",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
    }.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    for table, *_ in TABLES:
        spark.sql(f"CREATE TABLE {table} USING parquet LOCATION '{folder / table}'")
    yield "spark://local"
    spark.stop()


@pytest.fixture(params=ENGINES)
def source(request: pytest.FixtureRequest) -> Sql:
    """The sample in each engine."""
    return Sql(url=request.getfixturevalue(f"{request.param}_url"), table="events", time="ts")


def _slis() -> list[EventSli]:
    return [event_sli(text, Events(good=text)) for text in PREDICATES]


def _rows(measured: Any, name: str, group: str = "") -> dict[int, tuple[int, int]]:
    series = measured.series[name, group]
    filled = np.flatnonzero(series.total)
    return {series.start + int(i) * series.step: (int(series.good[i]), int(series.total[i])) for i in filled}


def always(event: Event) -> bool:
    return True


def test_every_predicate_counts_alike(source: Sql) -> None:
    measured = sql.measure(source, _slis(), step=60)
    wrong = [
        text for text, judge in PREDICATES.items() if _rows(measured, text) != counted(SAMPLE, judge, always)
    ]
    assert wrong == []
    assert measured.facts.lines == len(SAMPLE)
    assert measured.facts.first == int(min(e.ts for e in SAMPLE).timestamp())
    assert measured.facts.last == int(max(e.ts for e in SAMPLE).timestamp())
    assert measured.facts.columns == COLUMNS


def test_validity_latency_groups_and_spans_count_alike(source: Sql) -> None:
    limit = Fraction("300.1")
    slis = [
        event_sli("default", Events()),
        event_sli("latency", Events(latency_ms=limit)),
        event_sli("both", Events(valid="path LIKE '/%'", good="status < 500", latency_ms=limit)),
        event_sli("third", Events(latency_ms=Fraction(1000, 3))),
    ]
    measured = sql.measure(source, slis, step=300, by="status", begin=BEGIN + 600, end=END - 600)
    inside = [e for e in SAMPLE if BEGIN + 600 <= e.ts.timestamp() < END - 600]
    assert {group for _, group in measured.series} == {
        "" if e.status is None else str(e.status) for e in inside
    }
    for status in (None, 200, 500):
        mine = [e for e in inside if e.status == status]
        group = "" if status is None else str(status)

        def fits(event: Event) -> bool | None:
            return event.duration is not None and Fraction(repr(event.duration)) <= limit

        def fine(event: Event) -> bool | None:
            return event.status is not None and event.status < 500

        def timed(event: Event) -> bool:
            return event.duration is not None

        def rooted(event: Event) -> bool:
            return timed(event) and event.path is not None and event.path.startswith("/")

        def in_a_third(event: Event) -> bool:
            return event.duration is not None and Fraction(event.duration) <= Fraction(1000, 3)

        expected = {
            "default": counted(mine, fine, always, 300),
            "latency": counted(mine, fits, timed, 300),
            "both": counted(mine, lambda e: fine(e) and fits(e), rooted, 300),
            "third": counted(mine, in_a_third, timed, 300),
        }
        assert {name: _rows(measured, name, group) for name in expected} == expected


def test_an_empty_span_has_no_data_and_is_no_error(source: Sql) -> None:
    measured = sql.measure(source, [event_sli("a", Events())], begin=0, end=3600)
    assert len(measured.series["a", ""]) == 0
    assert (measured.facts.lines, measured.facts.first) == (0, None)


def _refused(call: Callable[[], object]) -> Problem:
    with pytest.raises(ProblemError) as caught:
        call()
    (problem,) = caught.value.problems
    return problem


def test_a_wrong_table_or_column_names_the_right_ones(source: Sql) -> None:
    slis = [event_sli("a", Events(good="statsu < 500"))]
    problem = _refused(lambda: sql.measure(source, slis))
    assert problem.code == "column"
    assert "did you mean status?" in problem.hint
    problem = _refused(lambda: sql.measure(Sql(url=source.url, table="event", time="ts"), []))
    assert problem.code == "table"
    assert "did you mean events?" in problem.hint
    problem = _refused(lambda: sql.measure(Sql(url=source.url, table="events", time="time"), []))
    assert problem.code == "column"
    problem = _refused(lambda: sql.measure(Sql(url=source.url, table="events", time="path"), []))
    assert (problem.code, "no instant" in problem.message) == ("time", True)


def test_a_text_compared_with_a_number_is_no_traceback(source: Sql) -> None:
    problem = _refused(lambda: sql.measure(source, [event_sli("a", Events(good="path < 5"))]))
    assert problem.code == "types"
    assert "TRY_CAST" in problem.hint


def _minutes(micros: tuple[int, ...], step: int = 60) -> dict[int, tuple[int, int]]:
    found: dict[int, tuple[int, int]] = {}
    for value in micros:
        bucket = value // (step * 1_000_000) * step
        count = found.get(bucket, (0, 0))[1] + 1
        found[bucket] = (count, count)
    return found


@pytest.mark.parametrize("time", ["naive", "zoned", "s", "s32", "ms", "us", "ns", "f", "day"])
def test_every_way_to_write_an_instant_gives_the_same_buckets(source: Sql, time: str) -> None:
    clocks = Sql(url=source.url, table="clocks", time=time)
    everything = event_sli("a", Events(good="TRUE"))
    day_seconds = 86_400
    day = day_seconds * 1_000_000
    micros = tuple(value // day * day for value in MICROS) if time == "day" else MICROS
    measured = sql.measure(clocks, [everything], step=3600)
    assert _rows(measured, "a") == _minutes(micros, 3600)
    begin, end = 1_774_735_200 - day_seconds, 1_774_735_200
    measured = sql.measure(clocks, [everything], step=60, begin=begin, end=end)
    inside = tuple(value for value in micros if begin * 1_000_000 <= value < end * 1_000_000)
    assert _rows(measured, "a") == _minutes(inside)
    assert measured.facts.first == min(inside) // 1_000_000
    assert measured.facts.last == max(inside) // 1_000_000


def test_names_that_look_like_results_or_like_quotes_are_only_names(source: Sql) -> None:
    clocks = Sql(url=source.url, table="clocks", time="zoned")
    odd = ODD.replace('"', '""')
    slis = [event_sli("alias", Events(good="bucket = 1")), event_sli("odd", Events(good=f'"{odd}" = 3'))]
    measured = sql.measure(clocks, slis, by="GROUP", begin=0, step=3600)
    assert {group for _, group in measured.series} == {"g0", "g1"}
    assert measured.series["alias", "g1"].all().good == 3
    assert measured.series["alias", "g0"].all().good == 0
    assert measured.series["odd", "g1"].all().good == 1


def test_a_32_bit_duration_equals_its_limit(source: Sql) -> None:
    clocks = Sql(url=source.url, table="clocks", time="us")
    measured = sql.measure(clocks, [event_sli("a", Events(latency_ms=Fraction("300.1")))], step=3600)
    assert measured.series["a", ""].all().good == len(MICROS)
