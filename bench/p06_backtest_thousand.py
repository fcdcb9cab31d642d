"""Many SLO-years from files, as one whole process: start, read, sum up, replay, count."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from pathlib import Path

import numpy as np

from allowance.budget.replay import replay
from allowance.contract.rules import WORKBOOK
from allowance.core.buckets import Buckets
from bench.histories import YEAR, history
from bench.side_by_side import Truth, measure_process, show, table

GOAL = "P6: back-test 1,000 SLO-years from disk, whole process, in <= 8 s on one core, <= 5 s on two"
PER_YEAR = 0.008

TARGET = Fraction(999, 1000)
DIFFERENT = 10


def main(arguments: Sequence[str] = ()) -> None:
    """Ours on one core and on two, beside reading the same files once; a tenth of the work unless asked."""
    parser = argparse.ArgumentParser(prog="python -m bench p06_backtest_thousand")
    parser.add_argument("--years", type=int, default=100, help="SLO-years; 4.2 MB on disk each")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(arguments)
    years = 20 if options.quick else options.years
    with tempfile.TemporaryDirectory(prefix="allowance-bench-") as folder:
        _write(Path(folder), years)
        worker = [sys.executable, "-m", "bench.p06_backtest_thousand", "--child", folder]
        one = measure_process("allowance, one core", [*worker, "1"], runs=3)
        two = measure_process("allowance, two processes", [*worker, "2"], runs=3)
        floor = measure_process("floor: sum what is read", [*worker, "0"], runs=3)
        truth = Truth()
        truth.same("minutes that fire, one core and two", _count(folder, 1), _count(folder, 2))
    show(f"{years} SLO-years from disk, whole process", one, [two, floor], cpu_limit=PER_YEAR * years)
    rows = [["", "s for 1,000", ""]]
    rows += [[timing.name, f"{timing.median / years * 1000:.2f}", "scaled"] for timing in (one, two, floor)]
    table("the same for 1,000", rows)
    truth.leave()


def _write(folder: Path, years: int) -> None:
    for number in range(years):
        if number < DIFFERENT:
            good, total = history(YEAR, seed=number)
            counts = np.array([good, total], dtype=np.uint32)
        else:
            counts = np.roll(np.load(folder / f"{number % DIFFERENT}.npy"), 1440 * number, axis=1)
        np.save(folder / f"{number}.npy", counts)


def _count(folder: str, processes: int) -> int:
    paths = sorted(Path(folder).glob("*.npy"))
    if processes == 0:
        return sum(int(np.load(path).sum(dtype=np.int64)) for path in paths)
    if processes == 1:
        return sum(_fired(path) for path in paths)
    with ProcessPoolExecutor(processes) as pool:
        return sum(pool.map(_fired, paths, chunksize=max(1, len(paths) // (4 * processes))))


def _fired(path: Path) -> int:
    good, total = np.load(path).astype(np.int64)
    replayed = replay(Buckets(start=0, step=60, good=good, total=total), WORKBOOK, TARGET, period=30 * 86_400)
    return sum(one.firing_buckets for one in replayed.rules)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        print(_count(sys.argv[2], int(sys.argv[3])))
    else:
        main(sys.argv[1:])
