"""Lint: will the right person hear of it, in time, and only then?"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from allowance.contract.defaults import KINDS
from allowance.contract.lint_rule import Facts, Finding, LintRule
from allowance.contract.model import RatioTimeslices, Slo, Timeslices
from allowance.contract.rules import SEVERITIES, BurnRule
from allowance.core.duration import MINUTE, short
from allowance.core.ratio import decimal_text

VITAL = (0, 1)
"""Tiers in which a failure needs a person at once."""
QUICK = 5 * MINUTE


def _dead(facts: Facts) -> Iterator[Finding]:
    for slo, rule in _rules(facts):
        if rule.is_dead(slo.target, slo.period):
            most = decimal_text(1 / (1 - slo.target), 2)
            yield _about(
                slo,
                f"{_named(slo, rule)} can never fire: it waits for a burn rate above {_factor(slo, rule)}, "
                f"and a total outage burns at {most}",
            )


def _below_one(facts: Facts) -> Iterator[Finding]:
    for slo, rule in _rules(facts):
        factor = rule.factor(slo.period)
        if factor < 1 and rule.severity != "log":
            yield _about(
                slo,
                f"{_named(slo, rule)} fires at a burn rate of {_factor(slo, rule)}, at which the budget would last",
            )


def _longer_than_window(facts: Facts) -> Iterator[Finding]:
    for slo, rule in _rules(facts):
        if rule.long > slo.period:
            yield _about(
                slo,
                f"{_named(slo, rule)} looks back over {short(rule.long)}, longer than the window of {slo.window}",
            )


def _one_window(facts: Facts) -> Iterator[Finding]:
    for slo, rule in _rules(facts):
        if rule.short == rule.long and rule.severity == "page":
            yield _about(
                slo,
                f"{_named(slo, rule)} has one window: it goes on for up to {short(rule.long)} after the trouble ends",
            )


def _slices_too_long(facts: Facts) -> Iterator[Finding]:
    for slo, rule in _rules(facts):
        if isinstance(slo.method, Timeslices | RatioTimeslices) and slo.method.slice > rule.short:
            yield _about(
                slo,
                f"{_named(slo, rule)} has a short window of {short(rule.short)}, in which no slice of "
                f"{short(slo.method.slice)} is whole",
            )


def _nobody_told(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        if not slo.rules:
            yield _about(slo, f"{slo.id} has no alert rule: nobody is told when its budget burns")


def _no_page(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        if _is_vital(slo, facts) and slo.rules and all(rule.severity != "page" for rule in slo.rules):
            yield _about(slo, f"{slo.id} belongs to a vital service, but none of its rules pages anybody")


def _hidden(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        for index, rule in enumerate(slo.rules):
            if any(
                _says_all(other, rule, index > place)
                for place, other in enumerate(slo.rules)
                if place != index
            ):
                yield _about(
                    slo,
                    f"{_named(slo, rule)} says nothing that another rule over the same windows does not say",
                )


def _says_all(other: BurnRule, rule: BurnRule, comes_first: bool) -> bool:
    if (other.long, other.short) != (rule.long, rule.short) or other.guard != rule.guard:
        return False
    rank, other_rank = SEVERITIES.index(rule.severity), SEVERITIES.index(other.severity)
    same = (other.share, other_rank, other.hold, other.remaining_below)
    if same == (rule.share, rank, rule.hold, rule.remaining_below):
        return comes_first
    return (
        other.share <= rule.share
        and other_rank <= rank
        and other.hold <= rule.hold
        and _speaks_at_least(other, rule)
    )


def _speaks_at_least(other: BurnRule, rule: BurnRule) -> bool:
    """Whether the one rule asks for nothing about what is left of the budget, or for no less than the other one."""
    if other.remaining_below is None:
        return True
    return rule.remaining_below is not None and other.remaining_below >= rule.remaining_below


def _slow(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        pages = [
            rule for rule in slo.rules if rule.severity == "page" and not rule.is_dead(slo.target, slo.period)
        ]
        if not KINDS[slo.kind].by_tier or not _is_vital(slo, facts) or not pages:
            continue
        soonest = min(_detection(slo, rule) for rule in pages)
        if soonest > QUICK:
            yield _about(
                slo,
                f"{slo.id} pages {decimal_text(soonest / MINUTE, 1)} minutes after a total outage begins, not within 5",
            )


def _detection(slo: Slo, rule: BurnRule) -> Fraction:
    """Seconds from the beginning of a total outage, out of a full budget, until the rule fires; without delays."""
    spent = rule.spent_line(slo.target)
    until_low = Fraction(0) if spent is None else spent * slo.period
    return rule.hold + max(rule.long * rule.factor(slo.period) * (1 - slo.target), until_low)


def _no_data_unhandled(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        if _is_vital(slo, facts) and slo.rules and slo.no_data_alert is None:
            yield _about(slo, f"{slo.id} says nothing about missing data: a dead source looks like silence")


def _is_vital(slo: Slo, facts: Facts) -> bool:
    service = facts.services.get(slo.service)
    return service is not None and service.tier in VITAL


def _rules(facts: Facts) -> Iterator[tuple[Slo, BurnRule]]:
    for slo in facts.slos:
        for rule in slo.rules:
            yield slo, rule


def _named(slo: Slo, rule: BurnRule) -> str:
    return f"the {rule.severity} rule {rule.name} of {slo.id}"


def _factor(slo: Slo, rule: BurnRule) -> str:
    return decimal_text(rule.factor(slo.period), 3)


def _about(slo: Slo, message: str) -> Finding:
    return Finding(subject=slo, where=slo.origin.at("rules"), message=message)


RULES = (
    LintRule(
        id="AL301",
        name="dead-rule",
        severity="error",
        why="A burn rate cannot be above 1 / (1 - target); a rule that waits for more is silent in a total outage.",
        fix="Lower the rule's factor or share, or tighten the target.",
        check=_dead,
    ),
    LintRule(
        id="AL302",
        name="rule-below-burn-one",
        severity="warning",
        why="At a burn rate below 1 the budget outlives its window: there is nothing to act upon.",
        fix="Raise the share, or let the rule only log.",
        check=_below_one,
    ),
    LintRule(
        id="AL303",
        name="rule-longer-than-window",
        severity="error",
        why="What happened before the window has left the budget; the rule would speak about forgiven failures.",
        fix="Shorten the rule's long window, or use a longer SLO window.",
        check=_longer_than_window,
    ),
    LintRule(
        id="AL304",
        name="page-with-one-window",
        severity="warning",
        why="Without a short window a page goes on long after the trouble is over, and people learn to ignore it.",
        fix="Add a short window: a twelfth of the long one is usual.",
        check=_one_window,
    ),
    LintRule(
        id="AL305",
        name="slice-longer-than-rule",
        severity="warning",
        why="A short window that holds no whole slice sees the last slice too late or not at all.",
        fix="Shorten the slices, or lengthen the rule's short window.",
        check=_slices_too_long,
    ),
    LintRule(
        id="AL306",
        name="nobody-is-told",
        severity="warning",
        why="A budget that burns in silence is found empty.",
        fix="Give the SLO alerts: tiered, workbook, or a policy of your own.",
        check=_nobody_told,
    ),
    LintRule(
        id="AL307",
        name="vital-without-page",
        severity="warning",
        why="Tiers 0 and 1 are those whose outage cannot wait for office hours.",
        fix="Add a page rule, or lower the tier.",
        check=_no_page,
    ),
    LintRule(
        id="AL308",
        name="repeated-rule",
        severity="warning",
        why="Two rules over the same windows speak of one trouble twice.",
        fix="Keep the one that fires first or is more severe.",
        check=_hidden,
    ),
    LintRule(
        id="AL309",
        name="slow-page",
        severity="warning",
        why="A vital service's outage should be known within five minutes, which is a goal of the whole practice.",
        fix="Add a faster page rule that asks for nothing else (2 % of the budget in 1 h), or tighten the target.",
        check=_slow,
    ),
    LintRule(
        id="AL310",
        name="missing-data-unhandled",
        severity="warning",
        why="The worst outages stop the telemetry as well; without data no burn rate can fire.",
        fix="Write noData: {severity: ticket, after: 30m} beside the target, or in the alert policy.",
        check=_no_data_unhandled,
    ),
)
