"""Counting: many SLIs at once, groups, durations, and the bounds on what is held in memory."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import pytest

from allowance.core.problem import ProblemError
from allowance.edges import files
from allowance.edges.files import answer, cells, counting, text
from allowance.signals.event_sql import EventSli
from allowance.signals.measured import Measured
from allowance.signals.percentiles import USUAL, nearest_rank
from tests.edges.logs import ask, codes, counts, sli

ROW = "2026-01-01T00:{minute:02d}:00Z,{status},{group},{ms}\n"


def _csv(rows: list[tuple[int, int, str, str]]) -> str:
    return "time,status,team,ms\n" + "".join(
        ROW.format(minute=minute, status=status, group=group, ms=ms) for minute, status, group, ms in rows
    )


def test_groups(tmp_path: Path) -> None:
    rows = [(0, 200, "a", "1"), (0, 500, "a", "2"), (1, 200, "b", "3"), (2, 200, "", "4")]
    measured = ask(tmp_path, _csv(rows), by="TEAM")
    found = {group: counts(measured, group) for _, group in measured.series}
    assert found == {"a": (1, 2), "b": (1, 1), "(none)": (1, 1)}
    assert {group for _, group in measured.durations} == {"a", "b", "(none)"}
    assert {group for _, group in ask(tmp_path, _csv(rows), by="status").series} == {"200", "500"}


def test_the_smallest_groups_become_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer, "MOST_GROUPS", 3)
    rows = [(minute % 60, 200, f"g{n}", "5") for n in range(10) for minute in range(n + 1)]
    measured = ask(tmp_path, _csv(rows), by="team")
    assert {group: counts(measured, group) for _, group in measured.series} == {
        "g9": (10, 10),
        "g8": (9, 9),
        "(other)": (36, 36),
    }
    assert sum(measured.durations["a", "(other)"].counts) == 36
    assert codes(measured.facts.notes) == ["groups"]


def test_groups_are_fewer_where_their_histories_are_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer, "MOST_CELLS", 200)
    rows = [(minute, 200, f"g{n}", "5") for n in range(10) for minute in (0, 59)]
    measured = ask(tmp_path, _csv(rows), by="team")
    assert len(measured.series) == 3
    assert sum(counts(measured, group)[1] for _, group in measured.series) == 20


def test_durations_are_those_of_valid_events(tmp_path: Path) -> None:
    rows = [(n % 60, 200 if n % 2 else 500, "a", f"{n}.5") for n in range(100)]
    rows += [(0, 200, "a", "-1"), (0, 200, "a", ""), (0, 200, "a", "x")]
    measured = ask(tmp_path, _csv(rows), valid="status < 500")
    found = measured.durations["a", ""]
    assert found.values_ms == tuple(n + 0.5 for n in range(1, 100, 2))
    assert set(found.counts) == {1}
    assert nearest_rank(found, USUAL[0]) == 49.5
    assert ask(tmp_path, _csv(rows), durations=False).durations == {}


def test_too_many_durations_keep_four_digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "DISTINCT", 500)
    rows = [(0, 200, "a", f"{n}.123456") for n in range(0, 100_000, 100)]
    measured = ask(tmp_path, _csv(rows))
    found = measured.durations["a", ""]
    assert sum(found.counts) == 1000
    assert {0.1235, 100.1, 12300.0, 99900.0} <= set(found.values_ms)
    assert codes(measured.facts.notes) == ["durations"]


def test_durations_stay_small_while_they_grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "COMPACT_ROWS", 10)
    monkeypatch.setattr(text, "COMPACT_EVERY", 1)
    rows = [(0, 200, "a", str(n % 50)) for n in range(1000)]
    assert set(ask(tmp_path, _csv(rows)).durations["a", ""].counts) == {20}


def _events(path: Path, rows: int) -> str:
    duckdb.execute(
        f"""COPY (SELECT make_timestamp(1767225600000000 + (hash(i) % 7200000000)::BIGINT) AS time,
        CASE WHEN hash(i, 9) % 20 = 0 THEN NULL ELSE (200 + (hash(i, 1) % 4) * 100)::SMALLINT END AS status,
        CASE WHEN hash(i, 8) % 20 = 0 THEN NULL ELSE 's' || hash(i, 2) % 5 END AS service,
        CASE WHEN hash(i, 7) % 20 = 0 THEN NULL ELSE (hash(i, 3) % 1000) / 4.0 END AS duration_ms
        FROM range({rows}) AS r(i)) TO '{path}' (FORMAT parquet)"""
    )
    return str(path)


MANY = [
    sli("status < 500", "service = 's0'", name="0"),
    sli("status <> 500 or status is null", "service in ('s1', 's2')", name="1"),
    sli("not (status between 300 and 400)", "service <> 's3'", name="2"),
    sli(None, "service is not null", 100, name="3"),
    sli("200 = status and duration_ms < 62.5", None, name="4"),
    sli("duration_ms > 62.5 and duration_ms <= 125", "service = 's9' or service = 's4'", name="5"),
    sli("status >= 300", "duration_ms is null", name="6"),
    sli("status not in (400, 500)", "not service = 's0'", "0.25", name="7"),
    sli("status > -1", "service = ''", name="8"),
    sli("duration_ms = 10", None, name="9"),
]


def _same(one: Measured, other: Measured) -> None:
    assert one.series.keys() == other.series.keys()
    assert all(one.series[key] == other.series[key] for key in one.series)
    assert one.durations == other.durations


def test_many_slis_at_once_count_what_each_counts_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "ROWS", 700)
    path = _events(tmp_path / "x.parquet", 3000)
    together = files.measure([path], MANY)
    for one in MANY:
        alone = files.measure([path], [one])
        assert together.series[one.name, ""] == alone.series[one.name, ""], one.name
        assert together.durations.get((one.name, "")) == alone.durations.get((one.name, "")), one.name


@pytest.mark.parametrize("seed", range(4))
def test_both_plans_agree_on_random_slis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    path = _events(tmp_path / "x.parquet", 2000)
    slis = _random_slis(random.Random(seed))
    by_cells = files.measure([path], slis)
    monkeypatch.setattr("allowance.edges.files.tables.FROM_SLIS", 10**6)
    _same(by_cells, files.measure([path], slis))


def _random_slis(rng: random.Random) -> list[EventSli]:
    def comparison() -> str:
        column, values = rng.choice(
            [("status", ["200", "300", "299.5", "-1"]), ("duration_ms", ["10", "62.5", "249.75"]), ("service", ["'s1'", "'s2'"])]
        )  # fmt: skip
        word = rng.choice(["=", "<>"] if column == "service" else ["<", "<=", ">", ">=", "=", "<>"])
        either = [
            f"{column} {word} {rng.choice(values)}",
            f"{column} in ({', '.join(values)})",
            f"{column} is null",
        ]
        return rng.choice(either)

    def predicate(depth: int) -> str:
        if depth == 0:
            return comparison()
        joined = f"({predicate(depth - 1)}) {rng.choice(['and', 'or'])} ({predicate(depth - 1)})"
        return rng.choice([joined, f"not ({predicate(depth - 1)})"])

    return [
        sli(predicate(2), rng.choice([None, predicate(1)]), rng.choice([None, None, 50]), name=str(n))
        for n in range(12)
    ]


@pytest.mark.parametrize(
    ("good", "by"), [("service like 's%'", None), ("status + 1 < 500", None), ("status < 500", "service"), ("hour(time) = 0", None)]
)  # fmt: skip
def test_other_predicates_take_the_plain_plan(tmp_path: Path, good: str, by: str | None) -> None:
    path = _events(tmp_path / "x.parquet", 500)
    slis = [sli(good, name=str(n)) for n in range(9)]
    measured = files.measure([path], slis, by=by)
    assert (
        sum(measured.series["8", group].all().total for name, group in measured.series if name == "8") == 500
    )


def test_too_many_slis_over_too_long_a_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer, "MOST_CELLS", 100)
    path = _events(tmp_path / "x.parquet", 500)
    with pytest.raises(ProblemError, match="fewer SLIs at once"):
        files.measure([path], MANY)


def test_nothing_valid_is_no_data(tmp_path: Path) -> None:
    measured = ask(tmp_path, _csv([(0, 200, "a", "1")]), valid="status > 900")
    assert (counts(measured), len(measured.series["a", ""])) == ((0, 0), 0)
    assert measured.facts.lines == 1


def test_steps(tmp_path: Path) -> None:
    rows = [(minute, 200, "a", "1") for minute in range(60)]
    assert len(ask(tmp_path, _csv(rows), step=3600).series["a", ""]) == 1
    assert len(ask(tmp_path, _csv(rows), step=10).series["a", ""]) == 355
