"""Every window at every minute of 30 days against a sum over its minutes, and what coarser edges would cost."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from allowance.core.buckets import Buckets
from bench.histories import MONTH, Ints, history
from bench.side_by_side import Truth, measure, show, table

GOAL = "P4: window edges: 0 error against a brute-force sum at every minute of 30 d, every window"

MINUTES = {"5m": 5, "30m": 30, "1h": 60, "2h": 120, "6h": 360, "1d": 1440, "3d": 4320, "30d": MONTH}
TARGET = Fraction(999, 1000)


def main(arguments: Sequence[str] = ()) -> None:
    """Subtractions beside sums, then the error of the 30-day budget when edges are coarser than a minute."""
    good, total = history(2 * MONTH, seed=3)
    buckets = Buckets(start=0, step=60, good=good, total=total)
    windows = dict(list(MINUTES.items())[: 4 if "--quick" in arguments else None])
    truth = Truth()
    at = range(MONTH, 2 * MONTH + 1)

    def subtract() -> list[Ints]:
        rows = []
        for width in windows.values():
            counts = [buckets.between((end - width) * 60, end * 60) for end in at]
            rows.append(np.array([(one.good, one.total) for one in counts], dtype=np.int64))
        return rows

    def sum_up() -> list[Ints]:
        return [
            np.array([(good[end - width : end].sum(), total[end - width : end].sum()) for end in at])
            for width in windows.values()
        ]

    ours, exact = measure("allowance, Buckets.between", subtract, runs=1, warm=0)
    brute, sums = measure("sum of each window's minutes", sum_up, runs=1, warm=0)
    wrong = sum(int((one != two).any(axis=1).sum()) for one, two in zip(exact, sums, strict=True))
    truth.same(f"windows that differ, of {len(windows) * len(at):,}", wrong, 0)
    show(f"{len(windows)} windows at each of {len(at):,} minutes", ours, [brute])
    _coarse(good, total)
    truth.leave()


def _coarse(good: Ints, total: Ints) -> None:
    """The 30-day budget left, when the trailing edge is floored to 5 or 60 minutes, or ratios are averaged."""
    bad_sum = np.concatenate(([0], np.cumsum(total - good)))
    total_sum = np.concatenate(([0], np.cumsum(total)))
    end = np.arange(MONTH, 2 * MONTH + 1)
    begin = end - MONTH
    budget = float(1 - TARGET)

    def left(edge: Ints) -> Ints:
        answer: Ints = 1 - (bad_sum[end] - bad_sum[edge]) / (total_sum[end] - total_sum[edge]) / budget
        return answer

    true = left(begin)
    five_minutes = np.concatenate(([0], np.cumsum(_ratios(good, total, 5))))
    averaged = 1 - (five_minutes[end // 5] - five_minutes[begin // 5]) / (MONTH // 5) / budget
    rows = [["30 d budget read from", "worst error", "median error", ""]]
    for name, other in (
        ("minutes, our edges", true),
        ("5-minute edges", left(begin // 5 * 5)),
        ("60-minute edges", left(begin // 60 * 60)),
        ("mean of 5-minute ratios", averaged),
    ):
        error = np.abs(other - true)
        rows.append([name, f"{error.max():.2%}", f"{np.median(error):.3%}", "of the budget"])
    table("what coarser edges would cost", rows)


def _ratios(good: Ints, total: Ints, width: int) -> Ints:
    bad, events = (values.reshape(-1, width).sum(axis=1) for values in (total - good, total))
    ratios: Ints = bad / np.maximum(events, 1)
    return ratios


if __name__ == "__main__":
    main(sys.argv[1:])
