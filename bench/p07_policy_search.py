"""A thousand candidate alert policies over one SLO-year: which would have paged how often, and how early?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from fractions import Fraction
from itertools import islice, product

import numpy as np

from allowance.budget.replay import replay
from allowance.contract.rules import BurnRule
from bench.histories import YEAR, buckets
from bench.p05_backtest_year import TARGET, by_division
from bench.side_by_side import Truth, measure, show

GOAL = "P7: search 1,000 candidate policies over one SLO-year in <= 5 s on one core"
LIMIT = 5.0

PERIOD = 30 * 86_400
MINUTE, HOUR, DAY = 60, 3600, 86_400


def candidates(count: int) -> list[tuple[BurnRule, ...]]:
    """Policies of four rules each: all mixes of shares and windows around the workbook's."""
    shares = [Fraction(percent, 100) for percent in (1, 2, 3, 5, 8)]
    shorts = (5, 10, 15, 20)
    mixes = product(shares, shares, shorts, shorts, (2, 3, 4), (1, 2))
    return [
        (
            BurnRule(severity="page", share=first, long=HOUR, short=quick * MINUTE),
            BurnRule(severity="page", share=second, long=6 * HOUR, short=2 * slow * MINUTE),
            BurnRule(severity="ticket", share=Fraction(10, 100), long=days * DAY, short=2 * HOUR),
            BurnRule(severity="ticket", share=Fraction(15, 100), long=3 * DAY, short=half * 3 * HOUR),
        )
        for first, second, quick, slow, days, half in islice(mixes, count)
    ]


def main(arguments: Sequence[str] = ()) -> None:
    """Ours for all candidates; the naive form for a few of them, scaled."""
    count = 100 if "--quick" in arguments else 1000
    year, policies = buckets(YEAR), candidates(count)

    def search() -> list[int]:
        return [
            int(np.count_nonzero(replay(year, policy, TARGET, period=PERIOD).firing("page")))
            for policy in policies
        ]

    ours, pages = measure(f"allowance, {count:,} policies", search, runs=1, warm=0)
    few = 10
    naive, divided = measure(
        f"NumPy, divisions, {few} policies",
        lambda: [by_division(year.good, year.total, policy) for policy in policies[:few]],
        runs=1,
        warm=0,
    )
    truth = Truth()
    truth.same(
        "minutes with a page, first policies",
        pages[:few],
        [int(np.count_nonzero(flags[0] | flags[1])) for flags in divided],
    )
    scaled = naive.times(count / few, f"NumPy, divisions, {count:,} (scaled)")
    show("one SLO-year", ours, [scaled], cpu_limit=LIMIT * count / 1000)
    truth.leave()


if __name__ == "__main__":
    main(sys.argv[1:])
