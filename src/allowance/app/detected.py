"""How long it took to find what fires: from where its errors began to where its alert opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from allowance.alerting.alert import Alert, Notice
from allowance.alerting.plan import Plan
from allowance.app.tick import Key
from allowance.budget.detection import began
from allowance.core.buckets import Buckets
from allowance.core.duration import short
from allowance.core.time import iso

ERRORS_SINCE, FOUND_AFTER = "errors since", "found after"
"""The facts that an opening notice carries."""


def with_detection(plan: Plan, histories: Mapping[Key, Buckets]) -> tuple[Notice, ...]:
    """The notices of a tick; those that open a burn-rate alert say since when it was to be seen in the counts."""
    alerts = {alert.signature: alert for alert in plan.alerts}
    return tuple(_with(notice, alerts.get(notice.signature), histories) for notice in plan.notices)


def _with(notice: Notice, alert: Alert | None, histories: Mapping[Key, Buckets]) -> Notice:
    if alert is None or notice.says == "resolved":
        return notice
    slo = alert.evaluation.slo
    rules = [rule for rule in slo.rules if rule.severity == alert.severity]
    history = histories.get((slo.id, alert.group))
    if not rules or history is None or not len(history):
        return notice
    reach = max(rule.long + rule.hold for rule in rules)
    first = began(history, notice.since, reach=reach, gap=max(rule.short for rule in rules))
    found = {ERRORS_SINCE: iso(first), FOUND_AFTER: short(notice.since - first)}
    return replace(notice, message=replace(notice.message, facts={**notice.message.facts, **found}))
