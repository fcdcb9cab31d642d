"""Lint: is there an agreement, is it in force, and does it let repairs through?"""

from __future__ import annotations

from collections.abc import Iterator

from allowance.contract.budget_policy import ChangeClass, ErrorBudgetPolicy
from allowance.contract.lint_rule import Facts, Finding, LintRule
from allowance.contract.policies import POLICIES
from allowance.contract.signing import missing_roles, policy_hash

_REPAIRS: tuple[ChangeClass, ...] = ("p0", "security", "rollback")
"""Changes that end harm; no budget is a reason to hold them."""


def _written(facts: Facts) -> list[ErrorBudgetPolicy]:
    """The policies of the documents; those that came with the program are advice, and nobody signs them."""
    return [policy for policy in facts.contract.budget_policies if POLICIES.get(policy.name) != policy]


def _no_policy(facts: Facts) -> Iterator[Finding]:
    own = {policy.name for policy in _written(facts)}
    for service in facts.contract.services:
        if service.slos and service.policy in POLICIES and service.policy not in own:
            yield Finding(
                subject=service,
                where=service.origin.at("policy"),
                message=f"{service.name} has no error-budget policy of its own, only the advice {service.policy}",
            )


def _unsigned(facts: Facts) -> Iterator[Finding]:
    for policy in _written(facts):
        missing = missing_roles(policy)
        if not missing:
            continue
        digest = policy_hash(policy)
        stale = sorted({signature.role for signature in policy.signatures if signature.hash != digest})
        changed = f"; {', '.join(stale)} signed another version" if stale else ""
        yield _about(
            policy, "signatures", f"the policy {policy.name} is not signed by {', '.join(missing)}{changed}"
        )


def _overdue(facts: Facts) -> Iterator[Finding]:
    for policy in _written(facts):
        if policy.revisit is not None and policy.revisit < facts.today:
            yield _about(
                policy, "revisit", f"the policy {policy.name} was to be revisited on {policy.revisit}"
            )


def _no_revisit(facts: Facts) -> Iterator[Finding]:
    for policy in _written(facts):
        if policy.revisit is None:
            yield _about(
                policy, "revisit", f"the policy {policy.name} does not say when it is looked at again"
            )


def _toothless(facts: Facts) -> Iterator[Finding]:
    for policy in _written(facts):
        if all(clause.consequence == "allow" for clause in policy.clauses):
            yield _about(policy, "clauses", f"the policy {policy.name} never holds or denies a change")


def _blocks_repairs(facts: Facts) -> Iterator[Finding]:
    for policy in _written(facts):
        for clause in policy.clauses:
            stopped = [change for change in _REPAIRS if change in clause.changes]
            if clause.consequence == "deny" and stopped:
                yield Finding(
                    subject=policy,
                    where=clause.origin.at("changes"),
                    message=f"a clause of {policy.name} denies {', '.join(stopped)}: the repair could not be shipped",
                )


def _silence_ships(facts: Facts) -> Iterator[Finding]:
    for policy in _written(facts):
        if policy.without_data == "allow":
            yield _about(
                policy, "without_data", f"the policy {policy.name} allows changes when the budget is unknown"
            )


def _unused(facts: Facts) -> Iterator[Finding]:
    used = {service.policy for service in facts.contract.services}
    for policy in _written(facts):
        if policy.name not in used:
            yield _about(policy, "name", f"no service follows the policy {policy.name}")
    asked = {name for slo in facts.slos for name in slo.alerts}
    asked |= {name for service in facts.contract.services for name in service.alerts}
    for alerts in facts.contract.alert_policies:
        if alerts.name not in asked:
            yield Finding(
                subject=alerts,
                where=alerts.origin.at("name"),
                message=f"no SLO uses the alert policy {alerts.name}",
            )


def _about(policy: ErrorBudgetPolicy, name: str, message: str) -> Finding:
    return Finding(subject=policy, where=policy.origin.at(name), message=message)


RULES = (
    LintRule(
        id="AL801",
        name="no-policy",
        severity="info",
        why="What happens when the budget is gone must be agreed before it is gone; later it is a quarrel.",
        fix="Write an ErrorBudgetPolicy and name it in the service; the built-in ones are a beginning.",
        check=_no_policy,
    ),
    LintRule(
        id="AL802",
        name="unsigned-policy",
        severity="warning",
        why="A policy is in force when Product, Engineering and Business signed this exact version; until then it advises.",
        fix="Let the missing roles sign it.",
        check=_unsigned,
    ),
    LintRule(
        id="AL803",
        name="revisit-overdue",
        severity="warning",
        why="An agreement that nobody looks at again stops describing how people work.",
        fix="Meet, decide what changes, set a new date, and sign again.",
        check=_overdue,
    ),
    LintRule(
        id="AL804",
        name="no-revisit-date",
        severity="warning",
        why="Targets and traffic change; a policy without a date is only revisited in anger.",
        fix="Write revisit: with a date in the next half year.",
        check=_no_revisit,
    ),
    LintRule(
        id="AL805",
        name="policy-without-consequence",
        severity="warning",
        why="A budget without a consequence is a dashboard.",
        fix="Hold or deny risky changes while the budget is red.",
        check=_toothless,
    ),
    LintRule(
        id="AL806",
        name="repairs-blocked",
        severity="error",
        why="A freeze that stops rollbacks, security fixes and P0 fixes prolongs the outage that caused it.",
        fix="Leave p0, security and rollback out of the clause.",
        check=_blocks_repairs,
    ),
    LintRule(
        id="AL807",
        name="unknown-is-allowed",
        severity="warning",
        why="When telemetry dies the gate would open, exactly when nobody sees what a release does.",
        fix="Write withoutData: hold.",
        check=_silence_ships,
    ),
    LintRule(
        id="AL808",
        name="unused-policy",
        severity="info",
        why="A policy that nobody follows is mistaken for one that holds.",
        fix="Name it in a service, or remove it.",
        check=_unused,
    ),
)
