"""One minute of many SLOs: the burn of four rules in both windows, and the budget left."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from allowance.budget.budget import budget_at
from allowance.budget.burn import read_rule
from allowance.contract.rules import WORKBOOK
from allowance.core.window import RollingWindow
from bench.histories import MONTH, buckets
from bench.side_by_side import Truth, measure, show

GOAL = (
    "P3: 10,000 SLOs, one minute, in <= 250 ms CPU (here: the arithmetic of it, without reading and storing)"
)
LIMIT = 0.25

TARGET = Fraction(999, 1000)
PERIOD = 30 * 86_400
WINDOW = RollingWindow(seconds=PERIOD)
DIFFERENT = 50


def main(arguments: Sequence[str] = ()) -> None:
    """The step that the live loop takes for each SLO, beside bare subtractions for all of them at once."""
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

    ours, fired = measure(f"allowance, {count:,} SLOs", step, runs=3)
    floor, together = measure("floor: all at once in NumPy", at_once, runs=9)
    truth = Truth()
    truth.same("rules that fire", fired, together)
    show("one minute, 4 rules x 2 windows and the budget", ours, [floor], cpu_limit=LIMIT * count / 10_000)
    print(
        f"  {ours.median_cpu / count * 1e6:.1f} us of CPU for each SLO; it does not depend on traffic or on age"
    )
    truth.leave()
