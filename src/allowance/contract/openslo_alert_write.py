"""Burn-rate rules as OpenSLO v1 can say them: one policy, one window and one factor each."""

from __future__ import annotations

from fractions import Fraction

from allowance.contract.amounts import as_name
from allowance.contract.model import Slo
from allowance.contract.openslo_alerts import SHORT_WINDOW
from allowance.contract.rules import BurnRule
from allowance.contract.slo_write import Plain
from allowance.contract.yaml_text import Number
from allowance.core.duration import DAY, HOUR, MINUTE, short
from allowance.core.ratio import decimal_text


def alert_policies(slo: Slo, name: str) -> list[Plain]:
    """Inline policies, one per rule, for tools that do not read our annotation.

    A rule that asks what is left of the budget cannot be said: without its condition it would speak far too often.
    """
    sayable = [
        rule
        for rule in slo.rules
        if rule.remaining_below is None and shorthand(rule.long) and (not rule.hold or shorthand(rule.hold))
    ]
    return [_policy(slo, rule, f"{name}-{rule.severity}-{short(rule.long)}") for rule in sayable]


def _policy(slo: Slo, rule: BurnRule, name: str) -> Plain:
    """One rule as OpenSLO can say it: one window, one factor."""
    condition = {
        "kind": "burnrate",
        "op": "gt",
        "threshold": Number(decimal_text(rule.factor(slo.period))),
        "lookbackWindow": shorthand(rule.long),
        "alertAfter": shorthand(rule.hold) if rule.hold else "0m",
    }
    spec = {
        "alertWhenBreaching": True,
        **({"alertWhenNoData": True} if slo.no_data_alert is not None else {}),
        "conditions": [
            {
                "kind": "AlertCondition",
                "metadata": {"name": as_name(name), "annotations": {SHORT_WINDOW: short(rule.short)}},
                "spec": {"severity": rule.severity, "condition": condition},
            }
        ],
        "notificationTargets": [
            {
                "kind": "AlertNotificationTarget",
                "metadata": {"name": rule.severity},
                "spec": {"target": rule.severity},
            }
        ],
    }
    return {"kind": "AlertPolicy", "metadata": {"name": as_name(name)}, "spec": spec}


def shorthand(seconds: int) -> str | None:
    """Seconds as OpenSLO writes them; `None` where it has no word for them."""
    for letter, size in (("d", DAY), ("h", HOUR), ("m", MINUTE)):
        if seconds % size == 0:
            return f"{seconds // size}{letter}"
    return None


def openslo_number(value: Fraction) -> Number:
    """A number without quotes."""
    return Number(decimal_text(value, 40))
