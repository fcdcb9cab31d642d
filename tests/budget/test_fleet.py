"""All SLOs in one sweep say what each of them says alone."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from allowance.budget.evaluate import evaluate
from allowance.budget.fleet import Fleet, Member
from allowance.contract.indicator import PromRatio
from allowance.contract.model import Slo
from allowance.core.buckets import Buckets, Ints, add
from allowance.core.time import Instant
from allowance.core.window import RollingWindow
from tests.budget.histories import MIN, even, histories, rules, targets, windows


class Columns:
    """Running totals of some histories, looked up one by one."""

    def __init__(self, parts: list[Buckets]) -> None:
        self.parts = parts

    def at(self, instant: Instant) -> tuple[Ints, Ints]:
        counts = [part.between(part.start, instant) for part in self.parts]
        return (
            np.array([c.good for c in counts], dtype=np.int64),
            np.array([c.total for c in counts], dtype=np.int64),
        )


@st.composite
def fleets(draw: st.DrawFn) -> tuple[list[Member], list[Buckets], Instant]:
    parts = draw(st.lists(histories(), min_size=1, max_size=6))
    start = parts[0].start
    parts = [Buckets(start=start, step=MIN, good=p.good, total=p.total) for p in parts]
    members = [
        Member(
            slo=Slo(
                name=f"s{number}",
                service="shop",
                indicator=PromRatio(total="t", good="g"),
                target=draw(targets),
                window=draw(windows),
                rules=tuple(draw(st.lists(rules, max_size=4))),
            ),
            group="",
            columns=tuple(sorted(draw(st.sets(st.integers(0, len(parts) - 1), min_size=1)))),
        )
        for number in range(draw(st.integers(1, 5)))
    ]
    return members, parts, start + MIN * draw(st.integers(0, 320))


@settings(max_examples=150, deadline=None)
@given(fleets())
def test_a_sweep_says_what_evaluate_says_of_each(drawn: tuple[list[Member], list[Buckets], Instant]) -> None:
    members, parts, now = drawn
    sweep = Fleet(members).sweep(Columns(parts), now=now)
    for number, member in enumerate(members):
        alone = evaluate(member.slo, add(parts[column] for column in member.columns), now=now)
        assert bool(sweep.firing[number]) == any(reading.met for reading in alone.readings)
        assert int(sweep.good[number]) == alone.budget.counts.good
        assert int(sweep.total[number]) == alone.budget.counts.total


def test_a_product_beyond_64_bits_is_still_exact() -> None:
    from allowance.contract.rules import BurnRule

    exact = Fraction(1, 10**18)
    rule = BurnRule(severity="page", share=exact, long=5 * MIN, short=5 * MIN)
    slo = Slo(
        name="s",
        service="shop",
        indicator=PromRatio(total="t", good="g"),
        target=1 - Fraction(1, 10**9),
        window=RollingWindow(seconds=5 * MIN),
        rules=(rule,),
    )
    history = even(5, 10**12, {range(0, 1): 1})
    fleet = Fleet([Member(slo=slo, group="", columns=(0,))])
    assert bool(fleet.sweep(Columns([history]), now=5 * MIN).firing[0]) is bool(
        evaluate(slo, history, now=5 * MIN).firing
    )


def test_nobody_is_judged_as_nobody() -> None:
    assert Fleet([]).sweep(Columns([]), now=0).firing.size == 0
