"""Many SLIs over one log of events: one pass for all of them, beside one query for each."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import duckdb

from allowance.contract.indicator import Events
from allowance.core.counts import Counts
from allowance.edges import files
from allowance.signals.event_sql import EventSli, event_sli
from bench.side_by_side import Timing, Truth, measure, show, table

GOAL = "P12: 50 SLIs over 30 M rows on 2 cores in <= 2.0 s; 50 SLIs cost <= 2x one; one <= 1.3x the bare scan"
LIMIT = 2.0

ROWS = 10_000_000
SERVICES = 20
LIMITS = (100, 300, 1000)


def main(arguments: Sequence[str] = ()) -> None:
    """Ours for 1, 10 and 50 SLIs, one query each, and a scan of the columns that are read."""
    parser = argparse.ArgumentParser(prog="python -m bench p12_many_slis")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(arguments)
    rows = 1_000_000 if options.quick else options.rows
    with tempfile.TemporaryDirectory(prefix="allowance-bench-") as folder:
        path = Path(folder) / "events.parquet"
        _write(path, rows)
        print(f"  {rows:,} rows, {path.stat().st_size / 1e6:.0f} MB of Parquet")
        _compare(str(path), rows)


def predicates(place: int) -> tuple[str, str]:
    """What is valid and what is good for the SLI at a place: availability and three latencies of each service."""
    service, kind = divmod(place, 1 + len(LIMITS))
    good = "status < 500" if kind == 0 else f"status < 500 AND duration_ms <= {LIMITS[kind - 1]}"
    return f"service = 's{service}'", good


def slis(count: int) -> list[EventSli]:
    """The first SLIs, as the program knows them."""
    return [
        event_sli(str(place), Events(valid=valid, good=good))
        for place in range(count)
        for valid, good in [predicates(place)]
    ]


def _write(path: Path, rows: int) -> None:
    """A month of events in order of time: 20 services, 10 statuses, durations up to 3 s."""
    duckdb.execute(
        f"""COPY (
            SELECT make_timestamp(1790000000000000 + i * (2592000000000 // {rows})) AS "time",
                   's' || (hash(i) % {SERVICES}) AS service,
                   [200, 200, 200, 200, 200, 201, 304, 404, 500, 503][(1 + hash(i + 1) % 10)::BIGINT] AS status,
                   (hash(i + 2) % 3000)::DOUBLE AS duration_ms,
                   'eu-' || (hash(i + 3) % 10) AS region
            FROM range({rows}) AS numbers(i)
        ) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"""
    )


def _compare(path: str, rows: int) -> None:
    truth = Truth()
    ours: dict[int, Timing] = {}
    for count in (1, 10, 50):
        chosen = slis(count)
        timing, measured = measure(
            f"allowance, {count} SLIs", partial(files.measure, [path], chosen, step=60), runs=3
        )
        ours[count] = timing
    counted = [measured.series[sli.name, ""].all() for sli in slis(50)]
    few = 10
    some, asked = measure(
        "one query each", lambda: [_summed(path, [place])[0] for place in range(few)], runs=1, warm=0
    )
    each = some.times(50 / few, f"DuckDB, one query each ({few} measured, scaled to 50)")
    filters, at_once = measure(
        "DuckDB, 100 FILTERs in one query", lambda: _summed(path, range(50)), runs=1, warm=0
    )
    scan, _ = measure("floor: scan the columns", lambda: _scan(path), runs=3)
    truth.same(f"counts of {few} SLIs, beside one query each", counted[:few], asked)
    truth.same("counts of 50 SLIs, beside FILTERs", counted, at_once)
    show(
        "50 SLIs per minute",
        ours[50],
        [each, filters, ours[10], ours[1], scan],
        limit=LIMIT * rows / 30_000_000,
        cpu_limit=2 * LIMIT * rows / 30_000_000,
    )
    ratios = [
        ["how it grows", "x", "goal", ""],
        ["50 SLIs to one", f"{ours[50].median / ours[1].median:.2f}", "2", ""],
        ["one SLI to the bare scan", f"{ours[1].median / scan.median:.2f}", "1.3", ""],
    ]
    table("growth", ratios)
    truth.leave()


def _summed(path: str, places: Sequence[int]) -> list[Counts]:
    """Counts per minute in SQL, summed up: what a person would write by hand."""
    columns = ", ".join(
        f"count(*) FILTER ({valid} AND {good}) AS g{place}, count(*) FILTER ({valid}) AS t{place}"
        for place in places
        for valid, good in [predicates(place)]
    )
    sums = ", ".join(f"sum(g{place})::BIGINT, sum(t{place})::BIGINT" for place in places)
    query = f"""SELECT {sums} FROM (
        SELECT date_trunc('minute', "time") AS minute, {columns} FROM read_parquet('{path}') GROUP BY 1)"""
    row = duckdb.execute(query).fetchone() or ()
    return [Counts(good=row[at], total=row[at + 1]) for at in range(0, len(row), 2)]


def _scan(path: str) -> object:
    return duckdb.execute(
        f"""SELECT max("time"), sum(status), sum(duration_ms), max(service), max(region)
        FROM read_parquet('{path}')"""
    ).fetchone()


if __name__ == "__main__":
    main(sys.argv[1:])
