"""CSV and Parquet: events, counts and snapshots of counters."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from allowance.core.problem import ProblemError
from allowance.edges import files
from allowance.signals.counters import CounterColumns
from tests.edges.logs import ask, codes, counts, minutes, refused, sli

EVENTS = """\
time,service,state,http_code,ms,note
2026-01-01T00:00:00Z,a,up,200,10,
2026-01-01T00:00:59.999Z,a,down,500,20.5,"quoted, with ""quotes""
and a line end"
2026-01-01T00:01:00+01:00,b,up,301,,x
"""


def test_csv_of_events(tmp_path: Path) -> None:
    measured = ask(tmp_path, EVENTS, "state = 'up'")
    assert (measured.facts.format, measured.facts.lines, measured.facts.malformed) == ("csv-events", 3, 0)
    assert minutes(measured) == [("2025-12-31T23:01:00Z", 1, 1), ("2026-01-01T00:00:00Z", 1, 2)]


@pytest.mark.parametrize(
    ("valid", "total"),
    [
        ("http_code in (200, 301)", 2),
        ("http_code like '5%'", 1),
        ("http_code like '5%' and ms <= 20.5", 1),
        ("ms <= 20.5", 2),
        ("ms is null", 1),
        ("note is null", 1),
        ("note like '%\"quotes\"%'", 1),
        ("status >= 300", 2),
        ("duration_ms > 10", 1),
    ],
)
def test_columns_of_csv(tmp_path: Path, valid: str, total: int) -> None:
    assert counts(ask(tmp_path, EVENTS, valid=valid))[1] == total


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_other_delimiters_and_a_byte_order_mark(tmp_path: Path, mark: str) -> None:
    text = "\ufefftime;status\r\n2026-01-01T00:00:00Z;200\r\n2026-01-01T00:00:00Z;500\r\n".replace(";", mark)
    measured = ask(tmp_path, text)
    assert counts(measured) == (1, 2)
    assert measured.facts.columns == ("time", "status")


def test_decimal_commas(tmp_path: Path) -> None:
    text = "time;value;status\n2026-01-01T00:00:00Z;0,5;200\n2026-01-01T00:00:00Z;12,25;200\n"
    assert counts(ask(tmp_path, text, "value <= 0.5")) == (1, 2)


def test_records_that_are_not_whole(tmp_path: Path) -> None:
    text = "time,status\n2026-01-01T00:00:00Z,200\n2026-01-01T00:00:00Z\nnever,200\n,200\n2026-01-01T00:00:00Z,1,2\n"
    measured = ask(tmp_path, text)
    assert (counts(measured), measured.facts.lines, measured.facts.malformed) == ((1, 1), 5, 4)
    assert [(p.where.line, p.message.rpartition(": ")[0]) for p in measured.facts.samples] == [
        (3, "1 field where the header has 2"),
        (4, "the time 'never' cannot be read, or lies outside the years 1970 to 2199"),
        (5, "no time in time"),
        (6, "3 fields where the header has 2"),
    ]


def test_a_quote_that_does_not_end_spoils_one_line_only(tmp_path: Path) -> None:
    good = "2026-01-01T00:00:00Z,200,x\n"
    text = "time,status,note\n" + good * 3 + '2026-01-01T00:00:00Z,200,"open\n' + good * 400
    measured = ask(tmp_path, text)
    assert (counts(measured), measured.facts.malformed) == ((403, 403), 1)
    assert measured.facts.samples[0].where.line == 5
    assert "a quoted field does not end" in measured.facts.samples[0].message


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-01-01T00:00:00Z,200\n2026-01-01T00:00:00Z,200\n", "header"),
        ("1,2,x\n3,4,x\n", "header"),
        ("time,status,status\n2026-01-01T00:00:00Z,200,1\n", "header"),
        ("time,status\n", "empty"),
        ("\n \n", "empty"),
    ],
)
def test_tables_that_cannot_be_read(tmp_path: Path, text: str, code: str) -> None:
    assert refused(tmp_path, text).code == code


COUNTS = "minute,good,total,team\n2026-01-01T00:00:00Z,3,4,x\n2026-01-01T00:00:00Z,0,0,y\n2026-01-01T00:01:00Z,5,5,y\n"


def test_tables_of_counts(tmp_path: Path) -> None:
    measured = ask(tmp_path, COUNTS)
    assert measured.facts.format == "csv-counts"
    assert minutes(measured) == [("2026-01-01T00:00:00Z", 3, 4), ("2026-01-01T00:01:00Z", 5, 5)]
    assert counts(ask(tmp_path, COUNTS, valid="team = 'y'")) == (5, 5)
    assert counts(ask(tmp_path, COUNTS, by="team"), "x") == (3, 4)
    assert refused(tmp_path, COUNTS, "team = 'x'").code == "counts"


@pytest.mark.parametrize("header", ["t,bad,total", "t,good,bad", "ts,bad_events,total_events"])
def test_other_pairs_of_counts(tmp_path: Path, header: str) -> None:
    rows = "1767225600,1,4\n1767225660,0,0\n" if "total" in header else "1767225600,3,1\n1767225660,0,0\n"
    assert counts(ask(tmp_path, f"{header}\n{rows}")) == (3, 4)


def test_counts_that_cannot_be(tmp_path: Path) -> None:
    rows = "2026-01-01T00:00:00Z,1,1\n" * 300
    bad = "2026-01-01T00:00:00Z,5,4\n2026-01-01T00:00:00Z,-1,4\n2026-01-01T00:00:00Z,1.5,4\n2026-01-01T00:00:00Z,,4\n"
    measured = ask(tmp_path, "time,good,total\n" + rows + bad)
    assert (counts(measured), measured.facts.malformed) == ((300, 300), 4)


def _parquet(path: Path, query: str) -> str:
    duckdb.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return str(path)


def test_parquet_of_events(tmp_path: Path) -> None:
    path = _parquet(
        tmp_path / "events.parquet",
        """SELECT make_timestamp(1767225600000000 + i * 1000000) AS at, 200 + (i % 4) * 100 AS code,
        {'ms': i / 10.0, 'name': 'n' || i % 3} AS span, i::VARCHAR AS id FROM range(120) AS r(i)""",
    )
    Path(path).rename(tmp_path / "odd [1] *?.parquet")
    path = str(tmp_path / "odd [1] *?.parquet")
    measured = files.measure([path], [sli("code < 500")])
    assert measured.facts.format == "parquet-events"
    assert minutes(measured) == [("2026-01-01T00:00:00Z", 45, 60), ("2026-01-01T00:01:00Z", 45, 60)]
    assert (measured.facts.lines, measured.facts.malformed) == (120, 0)
    assert counts(files.measure([path], [sli("\"span.name\" = 'n1'")])) == (40, 120)
    assert counts(files.measure([path], [sli("id = 7 or id like '11%'")])) == (12, 120)
    assert counts(files.measure([path], [sli("code < 500")], by="span.name"), "n0")[1] == 40


@pytest.mark.parametrize(
    ("time", "first"),
    [
        ("make_timestamp(1767225600000000)", "2026-01-01T00:00:00Z"),
        ("'2026-01-01 01:00:00+01'::TIMESTAMPTZ", "2026-01-01T00:00:00Z"),
        ("'2026-01-01'::DATE", "2026-01-01T00:00:00Z"),
        ("1767225600", "2026-01-01T00:00:00Z"),
        ("1767225600000::BIGINT", "2026-01-01T00:00:00Z"),
        ("1767225600.5::DOUBLE", "2026-01-01T00:00:00Z"),
        ("'2026-01-01T00:00:00Z'", "2026-01-01T00:00:00Z"),
    ],
)
def test_times_of_parquet(tmp_path: Path, time: str, first: str) -> None:
    path = _parquet(tmp_path / "x.parquet", f"SELECT {time} AS time, 200 AS status")
    assert minutes(files.measure([path], [sli()])) == [(first, 1, 1)]


def test_rows_of_parquet_without_a_usable_time(tmp_path: Path) -> None:
    path = _parquet(
        tmp_path / "x.parquet",
        """SELECT CASE WHEN i = 2 THEN NULL WHEN i = 4 THEN TIMESTAMP '9999-01-01' ELSE TIMESTAMP '2026-01-01' END AS time,
        200 AS status FROM range(6) AS r(i)""",
    )
    measured = files.measure([path], [sli()])
    assert (counts(measured), measured.facts.lines, measured.facts.malformed) == ((4, 4), 6, 2)
    assert [problem.where.line for problem in measured.facts.samples] == [3, 5]


def test_parquet_of_counts_and_files_of_several_schemas(tmp_path: Path) -> None:
    one = _parquet(tmp_path / "1.parquet", "SELECT TIMESTAMP '2026-01-01' AS time, 3 AS good, 4 AS total")
    two = _parquet(
        tmp_path / "2.parquet", "SELECT TIMESTAMP '2026-01-01' AS time, 5::BIGINT AS good, 5::BIGINT AS total"
    )
    empty = _parquet(
        tmp_path / "3.parquet", "SELECT TIMESTAMP '2026-01-01' AS time, 5 AS good, 5 AS total LIMIT 0"
    )
    measured = files.measure([one, two, empty], [sli()])
    assert (measured.facts.format, counts(measured)) == ("parquet-counts", (8, 9))
    assert codes(measured.facts.notes) == ["empty", "zone"]


def test_a_damaged_parquet_file(tmp_path: Path) -> None:
    path = Path(_parquet(tmp_path / "x.parquet", "SELECT TIMESTAMP '2026-01-01' AS time, 200 AS status"))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ProblemError) as caught:
        files.measure([str(path)], [sli()])
    assert (caught.value.problems[0].code, caught.value.problems[0].where.file) == ("file", str(path))


SNAPSHOTS = """\
t_ms,zone,2xx,5xx
1767225600000,a,100,1
1767225600000,b,50,0
1767225610000,a,110,2
1767225610000,a,110,2
1767225659999,b,55,0
1767225670000,a,5,0
1767225680000,b,55,7
1767225680000,a,6,x
"""


def test_counters(tmp_path: Path) -> None:
    columns = CounterColumns(total="2xx + 5xx", bad="5xx")
    measured = ask(tmp_path, SNAPSHOTS, counters=columns, by="zone")
    assert (measured.facts.format, measured.facts.lines, measured.facts.malformed) == ("counters", 8, 1)
    assert minutes(measured, "a", "sli") == [("2026-01-01T00:00:00Z", 10, 11), ("2026-01-01T00:01:00Z", 5, 5)]
    assert minutes(measured, "b", "sli") == [("2026-01-01T00:00:00Z", 5, 5), ("2026-01-01T00:01:00Z", 0, 7)]
    whole = ask(tmp_path, SNAPSHOTS, counters=columns)
    assert counts(whole, name="sli") == (20, 28)
    assert codes(whole.facts.notes) == ["series"]


def test_counters_over_rotated_files(tmp_path: Path) -> None:
    rows = SNAPSHOTS.splitlines(keepends=True)
    (tmp_path / "2").write_text("".join([rows[0], *rows[5:]]))
    (tmp_path / "1").write_text("".join(rows[:5]))
    columns = CounterColumns(total="2xx + 5xx", good='"2xx"', series=("zone",))
    measured = files.measure([str(tmp_path / "2"), str(tmp_path / "1")], [], counters=columns)
    assert counts(measured, name="sli") == (20, 28)


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        (CounterColumns(total="2xx + 5xx"), "counters"),
        (CounterColumns(total=None, bad="5xx"), "counters"),
        (CounterColumns(total="2xx - 5xx", bad="5xx"), "counters"),
        (CounterColumns(total="2xx + 2xx", bad="5xx"), "counters"),
        (CounterColumns(total="2xx", bad="4xx"), "column"),
    ],
)
def test_counters_that_cannot_be_read(tmp_path: Path, columns: CounterColumns, code: str) -> None:
    assert refused(tmp_path, SNAPSHOTS, counters=columns).code == code


def test_counters_of_mixed_series(tmp_path: Path) -> None:
    text = "time,zone,dc,all,bad\n2026-01-01T00:00:00Z,a,x,5,0\n2026-01-01T00:00:00Z,b,x,500,0\n"
    columns = CounterColumns(total="all", bad="bad", series=("dc",))
    assert "mixed" in refused(tmp_path, text, counters=columns).message
