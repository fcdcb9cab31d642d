"""OpenSLO's alert objects: policies, burn-rate conditions and notification targets.

OpenSLO knows one window per condition, where a burn-rate alert wants two. A condition therefore becomes a rule whose
short window is a twelfth of the long one in whole minutes; a warning says so. Severities are free text there and
one of three words here: the table `SEVERITY_WORDS` says which word becomes which.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from allowance.contract.amounts import parse_name
from allowance.contract.defaults import short_window
from allowance.contract.envelope import text_map
from allowance.contract.factor_rule import FactorRule
from allowance.contract.fields import Fields
from allowance.contract.model import AlertPolicy, NoDataAlert
from allowance.contract.openslo_words import COMPARISONS, one_of, parse_shorthand, reference
from allowance.contract.origin import Origin
from allowance.contract.rules import Severity
from allowance.core.duration import parse_duration, short
from allowance.core.problem import ProblemError, Where

SEVERITY_WORDS: dict[Severity, frozenset[str]] = {
    "page": frozenset({"page", "critical", "high", "urgent", "emergency", "fatal", "sev1", "p1"}),
    "ticket": frozenset({"ticket", "warning", "warn", "medium", "error", "sev2", "p2"}),
    "log": frozenset({"log", "info", "informational", "low", "notice", "none", "sev3", "p3"}),
}

SHORT_WINDOW = "allowance/short-window"
"""The annotation of an AlertCondition with the short window that OpenSLO cannot say."""


@dataclass(slots=True, kw_only=True)
class Alerts:
    """Named alert objects while a set of documents is read; `declared` also holds names of faulty ones."""

    conditions: dict[str, FactorRule]
    policies: dict[str, AlertPolicy]
    declared: set[tuple[str, str]]


def severity_of(text: str) -> Severity | None:
    """The severity that a free word means, if it is known."""
    word = "".join(letter for letter in text.lower() if letter.isalnum())
    return next((severity for severity, words in SEVERITY_WORDS.items() if word in words), None)


def read_condition(spec: Fields, annotations: dict[str, str]) -> FactorRule | None:
    """The spec of an AlertCondition."""
    spec.text("description")
    severity = _severity(spec)
    condition = spec.fields("condition") if spec.need("condition") else None
    spec.finish()
    if condition is None:
        return None
    if condition.need("kind", hint="burnrate"):
        condition.word("kind", ("burnrate",))
    op = condition.word("op", COMPARISONS) if condition.need("op", hint="gt") else None
    factor = condition.number("threshold") if condition.need("threshold") else None
    long = condition.parsed("lookbackWindow", parse_shorthand) if condition.need("lookbackWindow") else None
    hold = condition.parsed("alertAfter", _alert_after)
    condition.finish()
    _check_op(condition, op)
    if factor is not None and factor <= 0:
        condition.wrong("threshold", "threshold must be above zero", hint="such as 14.4")
        return None
    if severity is None or factor is None or long is None:
        return None
    brief = _short_window(condition, long, annotations)
    return FactorRule(severity=severity, factor=Fraction(factor), long=long, short=brief, hold=hold or 0)


def _severity(spec: Fields) -> Severity | None:
    text = spec.raw("severity") if spec.need("severity", hint="page, ticket or log") else None
    if text is None:
        return None
    severity = severity_of(text)
    if severity is None:
        spec.notes.warn(
            "severity",
            f"severity {text[:40]!r} is read as ticket",
            where=spec.where("severity"),
            hint="page wakes somebody, ticket waits for the morning, log for the weekly review",
        )
    return severity or "ticket"


def _alert_after(text: str) -> int:
    return 0 if text.strip() in ("0m", "0s", "0h", "0") else parse_shorthand(text)


def _check_op(condition: Fields, op: str | None) -> None:
    if op in ("lt", "lte"):
        condition.wrong(
            "op",
            f"op {op} would alert while the budget burns slowly",
            hint="write gt: the alert speaks when the burn rate exceeds the threshold",
            code="burn-op",
        )
    if op == "gte":
        condition.notes.warn(
            "burn-op",
            "op gte is read as gt: a burn rate exactly at the threshold does not alert",
            where=condition.where("op"),
            hint="write gt",
        )


def _short_window(condition: Fields, long: int, annotations: dict[str, str]) -> int:
    if SHORT_WINDOW in annotations:
        try:
            return min(long, parse_duration(annotations[SHORT_WINDOW]))
        except ProblemError as error:
            condition.notes.refused(error, condition.where("lookbackWindow"))
            return long
    brief = short_window(long)
    if brief != long:
        condition.notes.warn(
            "one-window",
            f"one window of {short(long)} becomes two, {short(long)} and {short(brief)}, so that the alert clears soon",
            where=condition.where("lookbackWindow"),
            hint=f"say the short window with the annotation {SHORT_WINDOW}",
        )
    return brief


def read_policy(
    spec: Fields, name: str, display_name: str | None, alerts: Alerts, *, where: Where
) -> AlertPolicy | None:
    """The spec of an AlertPolicy."""
    description = spec.text("description")
    flags = {key: spec.flag(key) for key in ("alertWhenNoData", "alertWhenResolved", "alertWhenBreaching")}
    conditions = spec.each("conditions")
    targets = tuple(_target(fields, alerts) for fields in spec.each("notificationTargets"))
    spec.finish()
    if len(conditions) != 1:
        spec.notes.error(
            "conditions",
            "conditions needs exactly one condition",
            where=spec.where("conditions"),
            hint="write one policy per condition; an AlertPolicy of allowance/v1 holds several rules",
        )
        return None
    if not spec.has("notificationTargets") or not spec.items("notificationTargets"):
        spec.missing("notificationTargets", hint="at least one targetRef")
    rule = _condition(conditions[0], alerts)
    if rule is None:
        return None
    if flags["alertWhenBreaching"] is None:
        spec.notes.warn(
            "breaching",
            f"{spec.called()} does not say alertWhenBreaching; it alerts",
            where=spec.where(),
            hint="write alertWhenBreaching: true",
        )
    return AlertPolicy(
        name=name,
        rules=() if flags["alertWhenBreaching"] is False else (rule,),
        no_data=NoDataAlert(severity=rule.severity, after=rule.long) if flags["alertWhenNoData"] else None,
        notify=tuple(target for target in targets if target is not None),
        display_name=display_name,
        description=description,
        origin=Origin(where=where, fields={"rules": spec.where("conditions")}),
    )


def _condition(fields: Fields, alerts: Alerts) -> FactorRule | None:
    form = one_of(
        fields, ("conditionRef", "spec"), code="condition", hint="write conditionRef, or kind and spec"
    )
    if form == "conditionRef":
        name = reference(fields, "conditionRef")
        fields.finish()
        if name is not None and ("AlertCondition", name) not in alerts.declared:
            dangling(fields, "conditionRef", "AlertCondition", name)
        return alerts.conditions.get(name or "")
    opened = open_inline(fields, "AlertCondition")
    return read_condition(*opened) if opened is not None else None


def _target(fields: Fields, alerts: Alerts) -> str | None:
    form = one_of(fields, ("targetRef", "spec"), code="target", hint="write targetRef, or kind and spec")
    if form == "targetRef":
        name = reference(fields, "targetRef")
        fields.finish()
        if name is not None and ("AlertNotificationTarget", name) not in alerts.declared:
            fields.notes.warn(
                "reference",
                f"the notification target {name!r} is not in these documents",
                where=fields.where("targetRef"),
                hint="add its AlertNotificationTarget, or route by this name",
            )
        return name
    opened = open_inline(fields, "AlertNotificationTarget")
    if opened is None:
        return None
    spec, _ = opened
    spec.text("description")
    spec.need("target")
    spec.finish()
    metadata = fields.fields("metadata")
    return metadata.text("name") if metadata is not None else None


def open_inline(fields: Fields, kind: str) -> tuple[Fields, dict[str, str]] | None:
    """The spec and the annotations of an object that is written in place."""
    if fields.need("kind", hint=kind):
        fields.word("kind", (kind,))
    metadata = fields.fields("metadata") if fields.need("metadata") else None
    spec = fields.fields("spec") if fields.need("spec") else None
    fields.finish()
    if metadata is None or spec is None:
        return None
    if metadata.need("name"):
        metadata.parsed("name", parse_name)
    annotations = text_map(metadata, "annotations")
    for key in ("displayName", "labels"):
        metadata.has(key)
    metadata.finish()
    return spec, annotations


def dangling(fields: Fields, key: str, kind: str, name: str) -> None:
    """Report a name that no document holds."""
    fields.wrong(
        key,
        f"{key} names the {kind} {name!r}, which is not in these documents",
        hint=f"add the {kind}, or read its file too",
        code="reference",
    )
