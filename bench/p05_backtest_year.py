"""One SLO-year of minutes, the four rules of the workbook, at every minute."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allowance.budget.replay import replay
from allowance.contract.rules import WORKBOOK, BurnRule
from allowance.core.buckets import Buckets
from bench.histories import YEAR, Ints, history
from bench.side_by_side import Timing, Truth, measure, show

GOAL = "P5: back-test 1 SLO-year, 4 rules, counts in memory, in <= 5 ms; the same minutes fire"
LIMIT = 0.005

TARGET = Fraction(999, 1000)
PERIOD = 30 * 86_400
Flags = NDArray[np.bool_]


def main(arguments: Sequence[str] = ()) -> None:
    """Ours beside NumPy with divisions, DuckDB, Polars if it is installed, and one reading of the counts."""
    good, total = history(YEAR)
    buckets = Buckets(start=0, step=60, good=good, total=total)
    ours, replayed = measure("allowance", lambda: replay(buckets, WORKBOOK, TARGET, period=PERIOD), runs=15)
    fired = [one.firing for one in replayed.rules]
    from_scratch, _ = measure(
        "allowance, from arrays",
        lambda: replay(Buckets(start=0, step=60, good=good, total=total), WORKBOOK, TARGET, period=PERIOD),
        note="validates the counts and sums them up first",
        runs=15,
    )
    naive, divided = measure("NumPy, divisions", lambda: by_division(good, total), runs=5)
    floor, _ = measure("floor: read once", lambda: (int(good.sum()), int(total.sum())), runs=15)
    rows = [from_scratch, floor, naive]
    truth = Truth()
    count = sum(int(flags.sum()) for flags in fired)
    # Divisions round: at instants exactly at a threshold they may say the other thing.
    off = sum(int((one != two).sum()) for one, two in zip(fired, divided, strict=True))
    print(f"  minutes on which divisions in floating point disagree: {off}")
    for timing, flags in _engines(good, total, quick="--quick" in arguments):
        rows.append(timing)
        truth.same(f"minutes that fire, beside {timing.name}", count, sum(int(one.sum()) for one in flags))
    show("one year, 525,600 minutes, 4 rules x 2 windows", ours, rows, cpu_limit=LIMIT)
    truth.leave()


def by_division(good: Ints, total: Ints, rules: Sequence[BurnRule] = WORKBOOK) -> list[Flags]:
    """Each window's ratio, divided out and compared, the way that the formula is written."""
    bad_sum = np.concatenate(([0], np.cumsum(total - good)))
    total_sum = np.concatenate(([0], np.cumsum(total)))
    end = np.arange(1, len(total_sum))

    def over(window: int, factor: float) -> Flags:
        begin = np.maximum(end - window // 60, 0)
        events = total_sum[end] - total_sum[begin]
        ratio = np.where(events > 0, (bad_sum[end] - bad_sum[begin]) / np.maximum(events, 1), 0.0)
        flags: Flags = ratio > factor * (1 - float(TARGET))
        return flags

    factors = [(rule, float(rule.factor(PERIOD))) for rule in rules]
    return [over(rule.long, factor) & over(rule.short, factor) for rule, factor in factors]


def _engines(good: Ints, total: Ints, *, quick: bool) -> list[tuple[Timing, list[Flags]]]:
    found = [_duckdb(good, total, quick=quick)]
    if importlib.util.find_spec("polars"):
        found.append(_polars(good, total))
    else:
        print("  Polars is not installed; its row is left out")
    return found


def _duckdb(good: Ints, total: Ints, *, quick: bool) -> tuple[Timing, list[Flags]]:
    import duckdb

    minute, bad = np.arange(len(total)), total - good
    connection = duckdb.connect()
    connection.register("counts", {"minute": minute, "bad": bad, "total": total})
    connection.execute("CREATE TABLE history AS SELECT * FROM counts")
    expressions = ", ".join(
        f"{_over(rule.long, threshold)} AND {_over(rule.short, threshold)}"
        for rule in WORKBOOK
        for threshold in [rule.factor(PERIOD) * (1 - TARGET)]
    )
    query = f"SELECT {expressions} FROM history ORDER BY minute"
    timing, columns = measure(
        "DuckDB, window functions",
        lambda: list(connection.execute(query).fetchnumpy().values()),
        runs=1 if quick else 3,
        warm=0,
    )
    return timing, [np.asarray(column, dtype=np.bool_) for column in columns]


def _over(window: int, threshold: Fraction) -> str:
    rows = f"OVER (ORDER BY minute ROWS BETWEEN {window // 60 - 1} PRECEDING AND CURRENT ROW)"
    return f"SUM(bad) {rows} * {threshold.denominator} > {threshold.numerator} * SUM(total) {rows}"


def _polars(good: Ints, total: Ints) -> tuple[Timing, list[Flags]]:
    import polars  # type: ignore[import-not-found, unused-ignore]

    frame = polars.DataFrame({"bad": total - good, "total": total})

    def over(window: int, threshold: Fraction) -> Any:
        bad, events = (polars.col(name).rolling_sum(window // 60, min_samples=1) for name in ("bad", "total"))
        return bad * threshold.denominator > events * threshold.numerator

    def run() -> list[Flags]:
        thresholds = [(rule, rule.factor(PERIOD) * (1 - TARGET)) for rule in WORKBOOK]
        columns = [over(rule.long, one) & over(rule.short, one) for rule, one in thresholds]
        answer = frame.select(column.alias(str(place)) for place, column in enumerate(columns))
        return [answer[str(place)].to_numpy() for place in range(len(columns))]

    return measure("Polars, rolling sums", run, runs=5)


if __name__ == "__main__":
    main(sys.argv[1:])
