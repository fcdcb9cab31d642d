"""Silver bullets: a change goes against the policy, rarely, at a stated price, with two names under it.

They are finite per period and unit, bound to one change, end by themselves and leave a postmortem owed; while that
one is overdue there is no next bullet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from allowance.contract.budget_policy import ErrorBudgetPolicy, Role
from allowance.core.problem import refuse
from allowance.core.time import Instant, iso
from allowance.governance.facts import Bullet, Obligation, Standing
from allowance.governance.granting import (
    AgainstPolicy,
    fields_of,
    fitting,
    granted,
    owes_nothing,
    price_of,
    priced,
    terms_of,
)
from allowance.governance.ledger import Draft, Entry
from allowance.governance.obligations import overdue, owing_step
from allowance.governance.pending import (
    Person,
    another,
    asked_draft,
    asked_step,
    next_id,
    not_asked_yet,
    waiting,
    without,
)
from allowance.governance.periods import period_name, period_span


class BulletAsk(AgainstPolicy):
    """What a bullet would be for."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How many bullets a unit has in a period, and the overdue postmortems that keep it from the next."""

    unit: str
    period: str
    until: Instant
    granted: int
    spent: int
    blocked_by: tuple[Obligation, ...]

    @property
    def left(self) -> int:
        """How many are left; never below 0."""
        return max(0, self.granted - self.spent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a bullet costs: what is left after it, who must say yes, when it ends, what is owed and until when."""

    quota: Quota
    left_after: int
    approvers: tuple[Role, ...]
    two_people: bool
    ends: Instant
    postmortem_due: Instant


def quota(policy: ErrorBudgetPolicy, standing: Standing, unit: str, *, now: Instant) -> Quota:
    """What a unit has left in the current period of a policy."""
    rules = policy.exceptions
    span = period_span(rules.per, now)
    spent = sum(one.unit == unit and span.begin <= one.begin < span.end for one in standing.bullets.values())
    return Quota(
        unit=unit,
        period=period_name(rules.per, now),
        until=span.end,
        granted=rules.silver_bullets,
        spent=spent,
        blocked_by=tuple(overdue(standing, unit, now=now)),
    )


def price(ask: BulletAsk, policy: ErrorBudgetPolicy, standing: Standing, *, now: Instant) -> Price:
    """What this bullet would cost. Errors: as `ask_bullet`."""
    found = _allowed(ask, policy, standing, now=now)
    rules = policy.exceptions
    return Price(
        quota=found,
        left_after=found.left - 1,
        approvers=rules.approvers,
        two_people=rules.two_people,
        ends=now + ask.seconds,
        postmortem_due=now + rules.postmortem_within,
    )


def ask_bullet(
    ask: BulletAsk, policy: ErrorBudgetPolicy, standing: Standing, who: Person, *, now: Instant
) -> Sequence[Draft]:
    """Ask for a bullet; where the policy is content with one person of an approving role, it is spent at once.

    Errors: `Problem` `bullet`: none left, a postmortem overdue, asked for already, no reason, too long.
    """
    _allowed(ask, policy, standing, now=now)
    terms = terms_of(ask)
    if who.party in policy.exceptions.approvers and not policy.exceptions.two_people:
        id_ = next_id(standing, "bullet")
        return [_spent(id_, ask.service, terms, who.name, policy, who, now=now)]
    return [asked_draft(standing, "bullet", ask.service, who, terms, now=now)]


def approve_bullet(
    id_: str, policy: ErrorBudgetPolicy, standing: Standing, who: Person, *, now: Instant
) -> Sequence[Draft]:
    """Say yes to a bullet that waits: it is spent from now on.

    Errors: `Problem` `approver`: not of an approving role, or the person who asked; `unknown-id`; `bullet`: lapsed, none
    left, a postmortem overdue.
    """
    found = waiting(standing, "bullet", id_, now=now)
    rules = policy.exceptions
    approver(who, rules.approvers)
    another(found, who, two_people=rules.two_people)
    _granted(quota(policy, standing, found.terms["unit"], now=now))
    return [_spent(id_, found.service, found.terms, found.by, policy, who, now=now)]


def approver(who: Person, approvers: Sequence[Role]) -> None:
    """Refuse whoever is of no approving role. Errors: `Problem` `approver`."""
    if who.party not in approvers:
        party = who.party or "none of the three parties"
        raise refuse(
            "approver",
            f"{who.name} speaks for {party}; the policy wants a yes of {' or '.join(approvers) or 'nobody'}",
            hint="ask somebody of that role, or change exceptions.approvers and sign the policy again",
        )


def _allowed(ask: BulletAsk, policy: ErrorBudgetPolicy, standing: Standing, *, now: Instant) -> Quota:
    fitting("bullet", ask, policy)
    found = quota(policy, standing, ask.unit, now=now)
    _granted(found)
    key = (ask.service, ask.change.strip(), ask.environment)
    for one in standing.bullets.values():
        if (one.service, one.change, one.environment) == key and one.begin <= now < one.end:
            raise refuse(
                "bullet",
                f"{one.id} holds for this change until {iso(one.end)}",
                hint="no second one is needed",
            )
    not_asked_yet(standing, "bullet", *key, now=now)
    return found


def _granted(found: Quota) -> None:
    owes_nothing("bullet", found.unit, found.blocked_by)
    if not found.left:
        raise refuse(
            "bullet",
            f"{found.unit} has spent {found.spent} of {found.granted} silver bullets in {found.period}",
            hint=f"the next period begins at {iso(found.until)}; reliability work and rollbacks need no bullet",
        )


def _spent(
    id_: str,
    service: str,
    terms: Mapping[str, Any],
    by: str,
    policy: ErrorBudgetPolicy,
    who: Person,
    *,
    now: Instant,
) -> Draft:
    why = f"which went against the budget of {service}"
    payload = {
        **priced(granted(id_, service, terms, by, who, now=now), terms, policy, why, now=now),
        "period": period_name(policy.exceptions.per, now),
    }
    return Draft(kind="bullet.spent", subject=service, actor=who.name, at=now, payload=payload)


def _spend(standing: Standing, entry: Entry) -> Standing:
    told = entry.payload
    bullet = Bullet(period=told["period"], **fields_of(entry), **price_of(entry))
    return replace(
        standing,
        bullets={**standing.bullets, bullet.id: bullet},
        pending=without(standing, bullet.id),
        obligations=owing_step(
            "postmortem", bullet.id, bullet.service, [told["obligation"]], standing, entry
        ),
    )


FOLDS = {"bullet.requested": asked_step, "bullet.spent": _spend}
