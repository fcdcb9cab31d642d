"""What a careful reader would remark about a history, its target and its alert rules."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from allowance.budget.targets import TargetFit, Traffic
from allowance.contract.rules import BurnRule
from allowance.core.counts import NoData
from allowance.core.problem import Problem
from allowance.core.ratio import decimal_text, percent_text


def findings(
    target: Fraction,
    rules: Sequence[BurnRule],
    period: int,
    fit: TargetFit,
    traffic: Traffic | NoData,
) -> tuple[Problem, ...]:
    """In order of weight: no data, too little traffic, rules that cannot speak, a target that is too easy."""
    found: list[Problem] = []
    if isinstance(traffic, NoData):
        found.append(
            Problem(
                code="no-data",
                severity="warning",
                message="nothing was measured: no event counted as valid",
                hint="check --valid, the columns and the time span",
            )
        )
    elif not traffic.enough:
        found.append(
            Problem(
                code="too-little-traffic",
                severity="warning",
                message=str(traffic),
                hint="choose a longer window or fewer nines, or add synthetic checks",
            )
        )
    found += [_rule(rule, target, period) for rule in rules if rule.is_dead(target, period)]
    found += [_slow(rule, period) for rule in rules if rule.factor(period) < 1]
    if fit.word == "gold-plated":
        found.append(
            Problem(
                code="gold-plated",
                severity="info",
                message=f"the promise is far easier than what is delivered: {fit.reason}",
                hint="; ".join(fit.advice),
            )
        )
    return tuple(found)


def _rule(rule: BurnRule, target: Fraction, period: int) -> Problem:
    most = 1 / (1 - target)
    return Problem(
        code="dead-alert",
        severity="warning",
        message=f"the rule {rule.name} can never fire: its factor {decimal_text(rule.factor(period), 3)} is not below "
        f"{decimal_text(most, 3)}, the burn rate of a total outage at {percent_text(target)}",
        hint="give it a smaller share of the budget or a longer window",
    )


def _slow(rule: BurnRule, period: int) -> Problem:
    return Problem(
        code="alert-below-one",
        severity="warning",
        message=f"the rule {rule.name} fires at a burn rate of {decimal_text(rule.factor(period), 3)}, at which the "
        "budget would still last",
        hint="a rule should ask for a burn rate of at least 1",
    )
