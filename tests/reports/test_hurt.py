"""Who is hurt most, and what requests cost: the groups with the least budget, the promises about cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from allowance.budget.evaluate import evaluate
from allowance.contract.indicator import PromRatio
from allowance.contract.model import Contract, Service, Slo
from allowance.core.buckets import Buckets, from_rows
from allowance.core.window import RollingWindow
from allowance.reports.pages.facts import Facts, Known, Promise
from allowance.reports.pages.hurt import MOST, costs, hurt_most

DAY = 86400
SLO = Slo(
    name="orders",
    service="shop",
    indicator=PromRatio(total="a", good="b"),
    target=Fraction("0.99"),
    window=RollingWindow(seconds=DAY),
    group_by=("tenant",),
)


def _buckets(good: int, total: int) -> Buckets:
    return from_rows([(0, good, total)], DAY)


def _facts(groups: Mapping[str, tuple[int, int]], *slos: Slo) -> Facts:
    service = Service(name="shop", slos=slos)
    promises = tuple(
        Promise(
            slo=slo,
            service=service,
            evaluation=evaluate(slo, _buckets(9_900, 10_000), now=DAY),
            known=Known(source="s", word="ok", reason="", newest=DAY),
            counted=lambda _: None,
            history=lambda _: _buckets(9_900, 10_000),
            groups={name: evaluate(slo, _buckets(*counts), now=DAY) for name, counts in groups.items()},
        )
        for slo in slos
    )
    return Facts(at=DAY, step=60, contract=Contract(services=(service,)), promises=promises)


def test_the_groups_with_the_least_budget_stand_first() -> None:
    """Nothing failed, or too little was seen: that is nobody who is hurt."""
    groups = {"well": (9_999, 10_000), "worst": (9_000, 10_000), "fine": (10_000, 10_000), "tiny": (1, 2)}
    many = {f"tenant-{n}": (9_950, 10_000) for n in range(9)}
    found = hurt_most(_facts(groups | many, SLO))
    assert len(found) == MOST
    assert [one.group for one in found] == ["worst", *(f"tenant-{n}" for n in range(MOST - 1))]
    assert (found[0].failed.value, found[0].total.value, found[0].left.value) == (1_000, 10_000, -9)
    assert found[0].promise.href.endswith("by=tenant#who")
    assert {one.group for one in hurt_most(_facts(groups, SLO))} == {"worst", "well"}


def test_what_requests_cost_is_said_where_it_is_promised() -> None:
    cost = replace(SLO, name="price", kind="cost", group_by=())
    (one,) = costs(_facts({}, SLO, cost))
    assert (one.promise.text, one.within.value, one.target.value) == (
        "Shop price",
        Fraction("0.99"),
        Fraction("0.99"),
    )
