"""Lint: what a careful reviewer would say about a contract, as one table of rules.

A rule is set aside for one SLO, or for a service with all that it holds, by the label `allowance/ignore`:
`AL202 batch jobs have no users at night`. Several are parted by semicolons. The reason is required.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from allowance.contract import (
    lint_alerts,
    lint_averages,
    lint_dependencies,
    lint_names,
    lint_people,
    lint_policies,
    lint_queries,
    lint_symptoms,
    lint_targets,
    lint_told,
)
from allowance.contract.lint_rule import Facts, Finding, LintRule, Subject, facts
from allowance.contract.model import Contract, Service, Slo
from allowance.core.problem import Problem

IGNORE = "allowance/ignore"

_ENTRY = re.compile(r"(AL\d{3})(?:[\s:,-]+(.*\w.*))?", re.DOTALL)


def lint(contract: Contract, *, today: date) -> list[Problem]:
    """Every finding of every rule that is not set aside, in the order of the table."""
    given = facts(contract, today=today)
    aside = {
        _key(holder): {rule for rule, reason in _entries(holder) if reason} for holder in _holders(given)
    }
    return [
        _problem(rule, finding)
        for rule in RULES
        for finding in rule.check(given)
        if not any(rule.id in aside.get(key, ()) for key in _keys(finding.subject))
    ]


def _problem(rule: LintRule, finding: Finding) -> Problem:
    return Problem(
        code=rule.id,
        message=finding.message,
        where=finding.where,
        hint=finding.hint or rule.fix,
        severity=rule.severity,
    )


def _holders(given: Facts) -> Iterator[Service | Slo]:
    yield from given.contract.services
    yield from given.slos


def _key(holder: Service | Slo) -> str:
    return holder.name if isinstance(holder, Service) else holder.id


def _keys(subject: Subject) -> tuple[str, ...]:
    """Whose labels may set a rule aside for a subject."""
    if isinstance(subject, Slo):
        return subject.id, subject.service
    return (subject.name,) if isinstance(subject, Service) else ()


def _entries(holder: Service | Slo) -> list[tuple[str, str]]:
    """(rule, reason) pairs of a label; what is no rule's id stands where the rule would."""
    found: list[tuple[str, str]] = []
    for part in holder.labels.get(IGNORE, "").split(";"):
        entry = _ENTRY.fullmatch(part.strip())
        if entry is not None:
            found.append((entry[1], (entry[2] or "").strip()))
        elif part.strip():
            found.append((part.strip(), ""))
    return found


def _without_reason(given: Facts) -> Iterator[Finding]:
    for holder in _holders(given):
        for rule, reason in _entries(holder):
            if rule in BY_ID and not reason:
                yield _about_label(holder, f"{_key(holder)} sets {rule} aside without a reason")


def _without_rule(given: Facts) -> Iterator[Finding]:
    for holder in _holders(given):
        for rule, _ in _entries(holder):
            if rule not in BY_ID:
                yield _about_label(holder, f"{_key(holder)} sets {rule[:40]!r} aside, which is no lint rule")


def _about_label(holder: Service | Slo, message: str) -> Finding:
    return Finding(subject=holder, where=holder.origin.at("labels"), message=message)


RULES: tuple[LintRule, ...] = (
    LintRule(
        id="AL001",
        name="set-aside-without-reason",
        severity="error",
        why="An exception without a reason stays for ever, because nobody knows when it has ended.",
        fix=f"Write {IGNORE}: AL202 and then why.",
        check=_without_reason,
    ),
    LintRule(
        id="AL002",
        name="set-aside-unknown-rule",
        severity="warning",
        why="A slip in the number leaves the rule on, and its reader believes that it is off.",
        fix="Use the number that the finding carries, such as AL202.",
        check=_without_rule,
    ),
    *lint_symptoms.RULES,
    *lint_averages.RULES,
    *lint_targets.RULES,
    *lint_alerts.RULES,
    *lint_people.RULES,
    *lint_dependencies.RULES,
    *lint_queries.RULES,
    *lint_names.RULES,
    *lint_policies.RULES,
    *lint_told.RULES,
)
BY_ID: dict[str, LintRule] = {rule.id: rule for rule in RULES}
