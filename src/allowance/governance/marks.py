"""Which thresholds governing holds budgets against: while none of them is crossed, it comes to what it came to before."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from allowance.budget.marks import Mark, remaining_mark
from allowance.contract.budget_policy import Clause, ErrorBudgetPolicy, Thresholds
from allowance.contract.model import Slo
from allowance.core.window import RollingWindow
from allowance.governance.expressions import expressions
from allowance.governance.states import eased


def is_marked(policy: ErrorBudgetPolicy) -> bool:
    """Whether marks say all that a policy asks; an expression may ask anything."""
    return not expressions(policy)


def marks_of(slo: Slo, policy: ErrorBudgetPolicy) -> Iterator[Mark]:
    """Every share of bad events at which a state, or a clause and its end, may change their mind."""
    for at in _edges(policy.thresholds):
        yield remaining_mark(slo.id, slo.target, slo.window, at)
    for clause in policy.clauses:
        yield from _of_clause(slo, clause, policy.thresholds)


def _of_clause(slo: Slo, clause: Clause, thresholds: Thresholds) -> Iterator[Mark]:
    when = clause.when
    window = when.window or slo.window
    if when.state is not None and when.window is not None:
        for at in _edges(thresholds):
            yield remaining_mark(slo.id, slo.target, window, at)
    if when.remaining_below is not None:
        for at in (when.remaining_below, when.remaining_below + thresholds.margin):
            yield remaining_mark(slo.id, slo.target, window, at)
    if when.burn_above is not None and when.burn_over is not None:
        share = when.burn_above * (1 - slo.target)
        yield Mark(slo=slo.id, window=RollingWindow(seconds=when.burn_over), share=share)


def _edges(thresholds: Thresholds) -> set[Fraction]:
    back = eased(thresholds)
    return {thresholds.yellow_below, thresholds.red_at, back.yellow_below, back.red_at}
