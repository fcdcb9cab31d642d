"""A sign of many at once is the sign of each."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from allowance.budget.budget import budget_at
from allowance.budget.fleet import Fleet, Member
from allowance.budget.marks import NO_EVENTS, Mark, Marks, remaining_mark
from allowance.contract.indicator import PromRatio
from allowance.contract.model import Slo
from allowance.core.buckets import Buckets, Ints, add
from allowance.core.counts import NoData
from allowance.core.window import RollingWindow

STEP, LONG = 60, 30
rows = st.lists(st.tuples(st.integers(0, 4), st.sampled_from([0, 1, 3, 2**55])), min_size=LONG, max_size=LONG)
shares = st.fractions(-2, 2, max_denominator=50) | st.fractions(0, 1)


class Kept:
    """Running totals of two columns."""

    def __init__(self, columns: list[Buckets]) -> None:
        self.columns = columns

    def at(self, instant: int) -> tuple[Ints, Ints]:
        place = min(max(instant // STEP, 0), LONG)
        good = np.array([one.good_sum[place] for one in self.columns], dtype=np.int64)
        return good, np.array([one.total_sum[place] for one in self.columns], dtype=np.int64)


@given(
    st.tuples(rows, rows),
    st.sampled_from([Fraction("0.9"), Fraction("0.999"), Fraction(1, 3)]),
    st.lists(st.tuples(st.integers(0, 1), st.integers(1, 40), shares), min_size=1, max_size=5),
    st.integers(0, LONG),
)
def test_signs_are_those_of_each_budget(
    given_rows: tuple[list[tuple[int, int]], ...],
    target: Fraction,
    asked: list[tuple[int, int, Fraction]],
    at: int,
) -> None:
    columns = []
    for one in given_rows:
        total = np.array([total for _, total in one], dtype=np.int64)
        bad = np.minimum(np.array([bad for bad, _ in one], dtype=np.int64), total)
        columns.append(Buckets(start=0, step=STEP, good=total - bad, total=total))
    slo = Slo(
        name="a",
        service="s",
        indicator=PromRatio(total="t", good="g"),
        target=target,
        window=RollingWindow(seconds=600),
    )
    fleet = Fleet([Member(slo=slo, group="", columns=(0,)), Member(slo=slo, group="", columns=(0, 1))])
    histories = [columns[0], add(columns)]
    marks = [
        remaining_mark("a", target, RollingWindow(seconds=width * STEP), share) for _, width, share in asked
    ] + [Mark(slo="a", window=RollingWindow(seconds=STEP), share=share) for *_, share in asked]
    members = [member for member, *_ in asked] * 2
    found = Marks(fleet, marks, members).signs(Kept(columns), now=at * STEP)
    for sign, mark, member, (_, _, share) in zip(found, marks, members, asked * 2, strict=True):
        budget = budget_at(histories[member], target, mark.window, now=at * STEP)
        if isinstance(budget.remaining, NoData):
            assert sign == NO_EVENTS
        elif mark.share == (1 - share) * (1 - target):
            assert sign == (share > budget.remaining) - (share < budget.remaining)
        else:
            ratio = Fraction(budget.counts.bad, budget.counts.total)
            assert sign == (ratio > share) - (ratio < share)
