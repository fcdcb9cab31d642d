"""One minute of many SLOs: the burn of four rules in both windows, and the budget left."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from allowance.budget.budget import budget_at
from allowance.budget.burn import read_rule
from allowance.contract.rules import WORKBOOK
from allowance.core.window import RollingWindow
from bench.histories import MONTH, buckets
from bench.p01_live_minute import live
from bench.side_by_side import Truth, measure, show

GOAL = "P3: 10,000 SLOs, one minute, in <= 250 ms of CPU and <= 400 MB, with exact window edges"
LIMIT, MEGABYTES = 0.25, 400
HOURS = 0.4
"""Of history for the whole process: so much that every minute of it is there."""

TARGET = Fraction(999, 1000)
PERIOD = 30 * 86_400
WINDOW = RollingWindow(seconds=PERIOD)
DIFFERENT = 50


def main(arguments: Sequence[str] = ()) -> None:
    """The arithmetic one by one and for all at once, and the whole minute in the program itself."""
    count = 1000 if "--quick" in arguments else 10_000
    histories = [buckets(MONTH, seed) for seed in range(DIFFERENT)]
    slos = [histories[number % DIFFERENT] for number in range(count)]
    now = MONTH * 60

    def step() -> int:
        firing = 0
        for history in slos:
            for rule in WORKBOOK:
                firing += read_rule(history, rule, TARGET, period=PERIOD, window=WINDOW, now=now).firing
            firing += 0 * budget_at(history, TARGET, WINDOW, now=now).spent
        return firing

    thresholds = [rule.factor(PERIOD) * (1 - TARGET) for rule in WORKBOOK]
    widths = sorted(
        {rule.long // 60 for rule in WORKBOOK} | {rule.short // 60 for rule in WORKBOOK} | {MONTH}
    )
    # One row holds all SLOs at one minute, as a loop that evaluates them together would keep them.
    bad = {w: np.array([int(h.total_sum[-1 - w] - h.good_sum[-1 - w]) for h in slos]) for w in (0, *widths)}
    total = {w: np.array([int(h.total_sum[-1 - w]) for h in slos]) for w in (0, *widths)}

    def at_once() -> int:
        firing = 0
        for rule, threshold in zip(WORKBOOK, thresholds, strict=True):
            p, q = threshold.numerator, threshold.denominator
            over = [
                q * (bad[0] - bad[w]) > p * (total[0] - total[w]) for w in (rule.long // 60, rule.short // 60)
            ]
            firing += int((over[0] & over[1]).sum())
        return firing

    ours, fired = measure(f"one by one, {count:,} SLOs", step, runs=1, warm=0)
    floor, together = measure("floor: all at once in NumPy", at_once, runs=9)
    truth = Truth()
    truth.same("rules that fire", fired, together)
    show("the arithmetic alone, 4 rules x 2 windows and the budget", ours, [floor])
    truth.leave()
    if shutil.which("prometheus") and shutil.which("promtool"):
        _whole(count)


def _whole(count: int) -> None:
    """The whole minute in the program itself: pulled out of a Prometheus, stored, judged, told and governed."""
    with tempfile.TemporaryDirectory(prefix="allowance-bench-") as folder:
        found = live(Path(folder), count, 0.02, hours=HOURS)
    print(
        f"\n  the whole process, {count:,} SLOs of which 2 of 100 fail, a minute pulled out of a Prometheus"
    )
    print(f"  {found.ours * 1e3:.0f} ms of CPU (median), {found.cheapest * 1e3:.0f} ms (the cheapest minute)")
    print(f"  {found.megabytes} MB in memory, {found.private} MB of it that are nobody's file")
    scale = count / 10_000
    for word, value, limit in (
        ("ms of CPU", found.ours * 1e3, LIMIT * 1e3 * scale),
        ("MB", found.megabytes, MEGABYTES),
    ):
        kept = "kept" if value <= limit else "MISSED"
        print(f"  goal {word} <= {limit:.0f}: {value:.0f}, {kept}")


if __name__ == "__main__":
    main(sys.argv[1:])
