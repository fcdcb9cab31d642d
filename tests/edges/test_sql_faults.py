"""What goes wrong with an SQL engine is one sentence with a next step, and never holds a secret."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from allowance.contract.indicator import Events
from allowance.contract.source import Sql
from allowance.core.problem import NOWHERE, Problem, ProblemError, Where
from allowance.edges import sql
from allowance.edges.sql import counting
from allowance.edges.sql.address import parse_address
from allowance.edges.sql.columns import role, unit
from allowance.edges.sql.engines import SCHEMES
from allowance.signals.event_sql import event_sli
from tests.fakes import clickhouse_http
from tests.peers import free_port, running, wait_until

SLIS = [event_sli("a", Events())]


def refused(call: Callable[[], object]) -> Problem:
    with pytest.raises(ProblemError) as caught:
        call()
    (problem,) = caught.value.problems
    assert caught.value.__cause__ is None
    return problem


def asked(url: str, table: str = "events", **more: Any) -> Problem:
    return refused(lambda: sql.measure(Sql(url=url, table=table, time="ts", **more), SLIS))


@pytest.fixture
def events_file(tmp_path: Path) -> Path:
    path = tmp_path / "events.db"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE events AS SELECT TIMESTAMP '2026-01-01 00:00:30' AS ts, 200 AS status"
        )
    return path


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("events.db", "names no engine"),
        ("postgresql://u:hunter2@[::1/x", "cannot be read"),
        ("postgresql://u:hunter2@h:99999/x", "cannot be read"),
        ("mysql://u:hunter2@h/x", "no SQL engine for mysql://"),
        ("postgresql://h/x?options=hunter2", "unknown option 'options'"),
        ("duckdb:///x.db?access=hunter2", "unknown option 'access'"),
        ("sc://h:15002/;token=hunter2", "holds a ;"),
    ],
)
def test_a_bad_url_is_refused_without_its_secrets(url: str, words: str, events_file: Path) -> None:
    problem = asked(url)
    assert problem.code == "url"
    assert words in problem.message
    assert problem.hint
    assert "hunter2" not in str(problem)


def test_secrets_in_options_are_refused() -> None:
    problem = asked("postgresql://h/x?password=hunter2")
    assert (problem.code, "hunter2" in str(problem)) == ("secret", False)


def test_a_password_comes_from_the_environment_and_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Sql(url="postgresql://u:other@h/x", table="t", time="ts", password_env="SHOP_PASSWORD")
    monkeypatch.delenv("SHOP_PASSWORD", raising=False)
    problem = refused(lambda: parse_address(source))
    assert (problem.code, "SHOP_PASSWORD" in problem.message) == ("secret", True)
    monkeypatch.setenv("SHOP_PASSWORD", "p@ss word/1")
    address = parse_address(source)
    assert address.password == "p@ss word/1"
    assert "p@ss" not in f"{address!r}{address.shown}"
    assert address.scrub("x p@ss word/1 y p%40ss%20word%2F1") == "x *** y ***"


def test_a_password_in_the_url_is_noted(postgres: str) -> None:
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS noted (ts timestamptz, status integer)")
    measured = sql.measure(
        Sql(url=postgres.replace("postgres@", "postgres:hunter2@"), table="noted", time="ts"), SLIS
    )
    (note,) = measured.facts.notes
    assert (note.code, note.severity, "hunter2" in str(note)) == ("secret", "warning", False)


@pytest.mark.parametrize("scheme", ["postgresql", "clickhouse"])
def test_a_closed_port_is_a_problem_of_the_connection(scheme: str, capfd: pytest.CaptureFixture[str]) -> None:
    if scheme == "clickhouse":
        pytest.importorskip(
            "clickhouse_connect", reason="an optional engine: pip install 'allowance[clickhouse]'"
        )
    problem = asked(f"{scheme}://u:hunter2@127.0.0.1:{free_port()}/x")
    assert problem.code == "connection"
    assert "hunter2" not in str(problem)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("url", "package", "extra"),
    [
        ("postgresql://h/x", "psycopg", "postgres"),
        ("clickhouse://h/x", "clickhouse_connect", "clickhouse"),
        ("sc://h", "pyspark", "spark"),
    ],
)
def test_a_missing_extra_is_named(
    url: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] == package:
            raise ImportError(name)
        return whole(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    problem = asked(url)
    assert problem.code == "extra"
    assert problem.hint == f"pip install 'allowance[{extra}]'"


def test_places_are_told(events_file: Path) -> None:
    where = Where(file="slo.yaml", line=3)
    problem = refused(
        lambda: sql.measure(Sql(url=f"duckdb:///{events_file}", table="event", time="ts"), SLIS, where=where)
    )
    assert problem.where == where
    assert asked(f"duckdb:///{events_file}", table="event").where == NOWHERE


class TestDuckDb:
    def test_a_file_is_found_from_here_and_from_the_root(
        self, events_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(events_file.parent)
        for url in (f"duckdb:///{events_file.name}", f"duckdb:///{events_file}", f"duckdb://{events_file}"):
            measured = sql.measure(Sql(url=url, table="main.events", time="ts"), SLIS)
            assert measured.series["a", ""].all().good == 1

    def test_a_missing_file_is_not_created(self, tmp_path: Path) -> None:
        assert asked(f"duckdb:///{tmp_path}/none.db").code == "connection"
        assert list(tmp_path.iterdir()) == []

    def test_a_file_that_is_no_database_is_a_problem(self, tmp_path: Path) -> None:
        (tmp_path / "x.db").write_text("no database")
        assert asked(f"duckdb:///{tmp_path}/x.db").code == "connection"

    def test_a_query_that_takes_too_long_is_stopped(self, tmp_path: Path) -> None:
        path = tmp_path / "slow.db"
        with duckdb.connect(str(path)) as connection:
            connection.execute(
                "CREATE VIEW events AS SELECT TIMESTAMP '2026-01-01' AS ts, (a.x * b.x) % 7 AS status "
                "FROM range(10000000) a(x), range(10000000) b(x)"
            )
        source = Sql(url=f"duckdb:///{path}", table="events", time="ts")
        problem = refused(lambda: sql.measure(source, SLIS, timeout=1))
        assert problem.code == "timeout"

    def test_an_answer_that_is_too_long_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "many.db"
        with duckdb.connect(str(path)) as connection:
            connection.execute(
                "CREATE TABLE events AS SELECT TIMESTAMP '2026-01-01' AS ts, x AS status FROM range(9) t(x)"
            )
        monkeypatch.setattr(counting, "MOST_ROWS", 8)
        source = Sql(url=f"duckdb:///{path}", table="events", time="ts")
        assert refused(lambda: sql.measure(source, SLIS, by="status")).code == "rows"
        assert sql.measure(source, SLIS).facts.lines == 9

    def test_events_without_an_instant_are_told(self, tmp_path: Path) -> None:
        path = tmp_path / "lost.db"
        with duckdb.connect(str(path)) as connection:
            connection.execute(
                "CREATE TABLE events AS SELECT NULL::TIMESTAMP AS ts, 200 AS status FROM range(3)"
            )
        measured = sql.measure(Sql(url=f"duckdb:///{path}", table="events", time="ts"), SLIS)
        (note,) = measured.facts.notes
        assert (note.code, note.message) == ("no-instant", "3 events without ts are not counted")

    @pytest.mark.parametrize("table", ["", "a b", "a;b", "a..b", ".a", "a.", '"a', "a--", "(SELECT 1)"])
    def test_what_is_no_name_of_a_table_is_refused(self, table: str, events_file: Path) -> None:
        assert asked(f"duckdb:///{events_file}", table=table).code == "table"


@pytest.fixture(scope="module")
def shop(postgres: str) -> str:
    import psycopg

    # A database of its own: other tests of this server take away its public schema with all rights on it.
    url = postgres.removesuffix("postgres") + "faults"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE ROLE reader LOGIN")
        connection.execute("CREATE DATABASE faults")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE closed (ts timestamptz, status integer)")
        connection.execute("CREATE TABLE shown (ts timestamptz, status integer)")
        connection.execute("GRANT SELECT ON shown TO reader")
        connection.execute(
            "CREATE FUNCTION touched() RETURNS integer LANGUAGE plpgsql VOLATILE AS "
            "$$ BEGIN INSERT INTO shown VALUES (now(), 1); RETURN 1; END $$"
        )
        connection.execute("CREATE VIEW writing AS SELECT now() AS ts, touched() AS status")
        connection.execute(
            "CREATE VIEW slow AS SELECT now() AS ts, CASE WHEN pg_sleep(5) IS NULL THEN 1 ELSE 2 END AS status"
        )
    return url


class TestPostgres:
    def test_no_permission(self, shop: str) -> None:
        url = shop.replace("postgres@", "reader@")
        problem = asked(url, "closed")
        assert (problem.code, problem.hint) == ("permission", "grant SELECT to the user")
        assert sql.measure(Sql(url=url, table="public.shown", time="ts"), SLIS).facts.lines == 0

    def test_no_such_database_and_no_such_user(self, shop: str) -> None:
        assert asked(shop.removesuffix("faults") + "nothing").code in ("connection", "login")
        assert asked(shop.replace("postgres@", "nobody@")).code in ("connection", "login")

    def test_a_view_that_writes_cannot(self, shop: str) -> None:
        problem = asked(shop, "writing")
        assert "read-only" in problem.message
        assert sql.measure(Sql(url=shop, table="shown", time="ts"), SLIS).facts.lines == 0

    def test_a_statement_is_stopped_after_its_time(self, shop: str) -> None:
        problem = refused(lambda: sql.measure(Sql(url=shop, table="slow", time="ts"), SLIS, timeout=1))
        assert problem.code == "timeout"

    def test_groups_are_text_in_a_database_without_encoding(self, shop: str) -> None:
        import psycopg

        with psycopg.connect(shop, autocommit=True) as connection:
            connection.execute("CREATE DATABASE bare ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
        url = shop.removesuffix("faults") + "bare"
        with psycopg.connect(url, autocommit=True, client_encoding="UTF8") as connection:
            connection.execute("CREATE TABLE events AS SELECT now() AS ts, 200 AS status, 'ü'::text AS place")
        measured = sql.measure(Sql(url=url, table="events", time="ts"), SLIS, by="place")
        assert set(measured.series) == {("a", "ü")}


@pytest.fixture(scope="module")
def clickhouse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("chdb", reason="an optional engine: pip install 'allowance[clickhouse]'")
    pytest.importorskip(
        "clickhouse_connect", reason="an optional engine: pip install 'allowance[clickhouse]'"
    )
    folder = tmp_path_factory.mktemp("clickhouse")
    port = free_port()
    program = [sys.executable, clickhouse_http.__file__, str(folder / "data"), str(port)]
    login = ("reader", clickhouse_http.PASSWORD)
    with running(program, folder / "log"):
        place = f"http://127.0.0.1:{port}"
        wait_until(
            lambda: httpx.get(place, params={"query": "SELECT 1"}, auth=login).is_success, "ClickHouse"
        )
        for query in (
            "CREATE TABLE events (ts DateTime, status Nullable(Int32)) ENGINE = MergeTree ORDER BY ts",
            "INSERT INTO events VALUES (1700000000, 200), (1700000001, 500), (1700000061, NULL)",
        ):
            assert httpx.post(place, params={"query": query}, auth=login).is_success
        yield f"clickhouse://reader@127.0.0.1:{port}/default"


class TestClickHouseOverHttp:
    def test_counts(self, clickhouse_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SHOP_PASSWORD", clickhouse_http.PASSWORD)
        source = Sql(url=clickhouse_server, table="events", time="ts", password_env="SHOP_PASSWORD")
        measured = sql.measure(source, SLIS)
        assert measured.series["a", ""].good.tolist() == [1, 0]
        assert measured.series["a", ""].total.tolist() == [2, 1]
        assert (measured.facts.format, measured.facts.first) == ("ClickHouse", 1700000000)

    def test_a_refused_login_and_a_wrong_table(
        self, clickhouse_server: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        problem = asked(clickhouse_server.replace("reader@", "reader:hunter2@"))
        assert (problem.code, "hunter2" in str(problem)) == ("login", False)
        monkeypatch.setenv("SHOP_PASSWORD", clickhouse_http.PASSWORD)
        problem = asked(clickhouse_server, "event", password_env="SHOP_PASSWORD")
        assert (problem.code, "did you mean events?" in problem.hint) == ("table", True)
        assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("dialect", "word", "expected"),
    [
        ("duckdb", "TIMESTAMP WITH TIME ZONE", "timestamptz"),
        ("duckdb", "TIMESTAMP_NS", "timestamp"),
        ("duckdb", "FLOAT", "real"),
        ("duckdb", "UHUGEINT", "integer"),
        ("postgres", "timestamptz(3)", "timestamptz"),
        ("postgres", "float8", "number"),
        ("postgres", "int4", "integer"),
        ("postgres", "numeric(10, 3)", "number"),
        ("postgres", "interval", "other"),
        ("clickhouse", "Nullable(DateTime('Europe/Berlin'))", "timestamptz"),
        ("clickhouse", "LowCardinality(Nullable(Float32))", "real"),
        ("clickhouse", "UInt64", "integer"),
        ("spark", "timestamp", "timestamptz"),
        ("spark", "timestamp_ntz", "timestamp"),
        ("spark", "float", "real"),
    ],
)
def test_types_have_roles(dialect: Any, word: str, expected: str) -> None:
    assert role(word, dialect) == expected


def test_numbers_since_1970_tell_their_unit() -> None:
    now = 1_700_000_000
    assert [unit(now * 1000**power) for power in range(4)] == ["seconds", "millis", "micros", "nanos"]


def test_every_scheme_is_listed_in_the_documentation() -> None:
    text = (Path(__file__).parents[2] / "docs" / "predicates.md").read_text()
    assert [scheme for scheme in SCHEMES if f"`{scheme}://" not in text] == []
