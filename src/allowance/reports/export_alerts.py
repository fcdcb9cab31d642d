"""Alerting rules of one SLO: one alert per severity, and one for missing data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from allowance.contract.rules import SEVERITIES, BurnRule, Severity
from allowance.core.duration import short
from allowance.core.ratio import decimal_text, percent_text
from allowance.reports.export_file import Query
from allowance.reports.export_names import (
    ALERTS,
    BAD,
    NO_DATA_ALERT,
    RATIO,
    TOTAL,
    ExportedSlo,
    group_label,
)
from allowance.reports.export_queries import EventQueries, number

_SHOWN = 6


def alert_rules(one: ExportedSlo, queries: EventQueries) -> Iterator[dict[str, Any]]:
    """One rule per severity; rules that hold back for another time (`for`) are an alert of their own."""
    for severity in SEVERITIES:
        rules = [rule for rule in one.rules if rule.severity == severity]
        for hold in sorted({rule.hold for rule in rules}):
            yield _burn(one, severity, [rule for rule in rules if rule.hold == hold])
    silence = one.slo.no_data_alert
    if silence is not None:
        summary = f"{_name(one)} is not measured: its series are gone for {short(silence.after)}"
        yield {
            "alert": NO_DATA_ALERT,
            "expr": Query(queries.absent(silence.after)),
            "labels": _labels(one, silence.severity),
            "annotations": {"summary": literal(summary), **_runbook(one)},
        }


def alert_name(severity: Severity, hold: int) -> str:
    """`SloBurnPage`; with a hold `SloBurnPageFor15m`, so that no two alerts have the same labels."""
    return ALERTS[severity] + (f"For{short(hold)}" if hold else "")


def literal(text: str) -> str:
    """Text of people in a place where Prometheus expands templates."""
    return text.replace("{{", '{{"{{"}}')


def _burn(one: ExportedSlo, severity: Severity, rules: Sequence[BurnRule]) -> dict[str, Any]:
    hold = rules[0].hold
    groups = "".join(
        f" ({group_label(label)} {{{{ $labels.{group_label(label)} }}}})" for label in one.slo.group_by
    )
    summary = literal(f"{_name(one)} burns its error budget") + groups
    return {
        "alert": alert_name(severity, hold),
        "expr": Query("\nor\n".join(_condition(one, rule) for rule in rules)),
        **({"for": short(hold)} if hold else {}),
        **({"keep_firing_for": short(keep)} if (keep := max(rule.keep for rule in rules)) else {}),
        "labels": _labels(one, severity),
        "annotations": {"summary": summary, "description": _description(one, rules), **_runbook(one)},
    }


def _condition(one: ExportedSlo, rule: BurnRule) -> str:
    line = number(rule.factor(one.slo.period) * (1 - one.slo.target))
    parts = [f"{one.windowed(RATIO, rule.long)} > {line}"]
    if rule.short != rule.long:
        parts.append(f"{one.windowed(RATIO, rule.short)} > {line}")
    if rule.guard.min_events and one.counts_events:
        parts.append(f"{one.windowed(TOTAL, rule.long)} >= {rule.guard.min_events}")
    if rule.guard.min_bad and one.counts_events:
        parts.append(f"{one.windowed(BAD, rule.long)} >= {rule.guard.min_bad}")
    spent = rule.spent_line(one.slo.target)
    if spent is not None:
        parts.append(f"{one.period(RATIO)} > {number(spent)}")
    return "(\n    " + "\n  and\n    ".join(parts) + "\n)"


def _description(one: ExportedSlo, rules: Sequence[BurnRule]) -> str:
    """What each rule means, such as `more than 2 % of the budget of 30d goes within 1h (burn rate above 14.4)`."""
    period = short(one.slo.period)
    means = [
        f"more than {percent_text(rule.share, _SHOWN)} of the budget of {period} goes within {short(rule.long)}"
        f" (burn rate above {decimal_text(rule.factor(one.slo.period), _SHOWN)}"
        + (f", also in the last {short(rule.short)})" if rule.short != rule.long else ")")
        + _while(rule)
        for rule in rules
    ]
    return (
        f"Fires when {', or '.join(means)}. "
        "{{ $value | humanizePercentage }} of the events in the long window are bad."
    )


def _while(rule: BurnRule) -> str:
    below = rule.remaining_below
    return "" if below is None else f" while less than {percent_text(below, _SHOWN)} of it is left"


def _labels(one: ExportedSlo, severity: Severity) -> dict[str, str]:
    owner = one.slo.owner or one.service.owner
    return {
        "severity": severity,
        "service": one.slo.service,
        "slo": one.slo.name,
        **({"owner": literal(owner)} if owner else {}),
        "tier": str(one.service.tier),
    }


def _name(one: ExportedSlo) -> str:
    return f"{one.service.display_name or one.slo.service}: {one.slo.display_name or one.slo.name}"


def _runbook(one: ExportedSlo) -> dict[str, str]:
    runbook = one.slo.runbook or one.service.runbook
    return {"runbook_url": literal(runbook)} if runbook else {}
