"""Who is hurt most, and what a request costs: the groups with the worst budgets, and the promises about cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from allowance.budget.evaluate import Evaluation
from allowance.contract.explain import indicator_words
from allowance.core.counts import NoData
from allowance.reports import numbers, tabular
from allowance.reports.page import State
from allowance.reports.pages.facts import NOT_MEASURED, Facts, Promise
from allowance.reports.pages.rows import left
from allowance.reports.pages.view import Link, Num, query_text

MOST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Hurt:
    """A group of a promise, which has a budget of its own: how much of it is left, and what failed."""

    group: str
    by: str
    promise: Link
    state: State
    left: Num
    failed: Num
    total: Num


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """A promise about cost: the share of requests that cost no more than they may, and what that is."""

    promise: Link
    state: State
    within: Num
    target: Num
    means: str


def hurt_most(facts: Facts) -> tuple[Hurt, ...]:
    """The groups with the least budget left, of those in which something failed; each group of a promise once."""
    found = [
        (one, name, each) for one in facts.promises for name, each in one.groups.items() if _is_hurt(each)
    ]
    found.sort(key=lambda some: (_remaining(some[2]), -some[2].budget.spent, some[0].slo.id, some[1]))
    return tuple(_hurt(facts, *some) for some in found[:MOST])


def costs(facts: Facts) -> Iterator[Cost]:
    """Every promise about cost that was measured, the worst first."""
    for one in facts.worst_first:
        if one.slo.kind == "cost" and one.evaluation is not None and one.health not in NOT_MEASURED:
            sli, target = one.evaluation.budget.counts.sli, one.slo.target
            yield Cost(
                promise=Link(text=one.name, href=facts.href(one.slo)),
                state=State(health=one.health),
                within=Num(text=tabular.sli_percent(sli, target), value=sli),
                target=Num(text=tabular.target_percent(target), value=target),
                means=indicator_words(one.slo.indicator),
            )


def _is_hurt(one: Evaluation) -> bool:
    return bool(one.budget.spent) and one.health not in NOT_MEASURED


def _remaining(one: Evaluation) -> Fraction:
    found = one.budget.remaining
    return Fraction(1) if isinstance(found, NoData) else found


def _hurt(facts: Facts, one: Promise, name: str, each: Evaluation) -> Hurt:
    budget = each.budget
    by = ", ".join(one.slo.group_by)
    return Hurt(
        group=name,
        by=by,
        promise=Link(text=one.name, href=facts.href(one.slo) + query_text(by=one.slo.group_by[0]) + "#who"),
        state=State(health=each.health),
        left=left(budget.remaining),
        failed=Num(text=numbers.whole(budget.spent), value=budget.spent),
        total=Num(text=numbers.whole(budget.counts.total), value=budget.counts.total),
    )
