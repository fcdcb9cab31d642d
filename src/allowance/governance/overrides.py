"""An executive's override of a governance freeze: for one change, with the same trail as a silver bullet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from allowance.contract.budget_policy import ErrorBudgetPolicy
from allowance.core.problem import refuse
from allowance.core.time import Instant
from allowance.governance.facts import Freeze, Override, Standing
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


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideAsk(AgainstPolicy):
    """What an override would be for; `freeze` is the id of the freeze (`""`: the only one in force)."""

    freeze: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OverridePrice:
    """What an override costs: which freeze it goes through, who must say yes, when it ends, what is owed until when."""

    freeze: Freeze
    two_people: bool
    ends: Instant
    postmortem_due: Instant


def price_override(
    ask: OverrideAsk, policy: ErrorBudgetPolicy, standing: Standing, *, now: Instant
) -> OverridePrice:
    """What it would cost. Errors: as `ask_override`."""
    rules = policy.exceptions
    return OverridePrice(
        freeze=_allowed(ask, policy, standing, now=now),
        two_people=rules.two_people,
        ends=now + ask.seconds,
        postmortem_due=now + rules.postmortem_within,
    )


def ask_override(
    ask: OverrideAsk,
    policy: ErrorBudgetPolicy,
    standing: Standing,
    who: Person,
    *,
    may_override: bool,
    now: Instant,
) -> Sequence[Draft]:
    """Ask for an override; where the policy is content with one executive (`may_override`), it holds at once.

    Errors: `Problem` `override`: no governance freeze is in force, a postmortem overdue, asked for already.
    """
    terms = {**terms_of(ask), "freeze": _allowed(ask, policy, standing, now=now).id}
    if may_override and not policy.exceptions.two_people:
        id_ = next_id(standing, "override")
        return [_overridden(id_, ask.service, terms, who.name, policy, who, now=now)]
    return [asked_draft(standing, "override", ask.service, who, terms, now=now)]


def approve_override(
    id_: str, policy: ErrorBudgetPolicy, standing: Standing, who: Person, *, now: Instant
) -> Sequence[Draft]:
    """An executive's yes (the caller's right was looked at): the freeze is lifted for the change from now on.

    Errors: `Problem` `approver`: the person who asked; `override`: lapsed, a postmortem overdue.
    """
    found = waiting(standing, "override", id_, now=now)
    another(found, who, two_people=policy.exceptions.two_people)
    owes_nothing("override", found.terms["unit"], overdue(standing, found.terms["unit"], now=now))
    return [_overridden(id_, found.service, found.terms, found.by, policy, who, now=now)]


def _allowed(ask: OverrideAsk, policy: ErrorBudgetPolicy, standing: Standing, *, now: Instant) -> Freeze:
    """The freeze that it goes through."""
    freeze = _frozen(ask, standing, now=now)
    fitting("override", ask, policy)
    owes_nothing("override", ask.unit, overdue(standing, ask.unit, now=now))
    not_asked_yet(standing, "override", ask.service, ask.change, ask.environment, now=now)
    return freeze


def _frozen(ask: OverrideAsk, standing: Standing, *, now: Instant) -> Freeze:
    held = [
        one
        for one in standing.freezes.values()
        if one.service == ask.service and one.begin <= now and (one.end is None or now < one.end)
    ]
    found = [one for one in held if one.model == "governance" and ask.freeze in ("", one.id)]
    if len(found) > 1:
        names = ", ".join(sorted(one.id for one in found))
        raise refuse(
            "override", f"several governance freezes hold {ask.service}", hint=f"name one of: {names}"
        )
    if not found:
        others = ", ".join(f"{one.id} ({one.model})" for one in held) or "none"
        raise refuse(
            "override",
            f"no governance freeze {ask.freeze or 'of ' + ask.service} is in force; freezes: {others}",
            hint="a hard freeze takes a silver bullet, a soft one only warns",
        )
    return found[0]


def _overridden(
    id_: str,
    service: str,
    terms: Mapping[str, Any],
    by: str,
    policy: ErrorBudgetPolicy,
    who: Person,
    *,
    now: Instant,
) -> Draft:
    why = f"for which the freeze of {service} was overridden"
    payload = {
        **priced(granted(id_, service, terms, by, who, now=now), terms, policy, why, now=now),
        "freeze": terms["freeze"],
    }
    return Draft(kind="freeze.overridden", subject=service, actor=who.name, at=now, payload=payload)


def _lift(standing: Standing, entry: Entry) -> Standing:
    told = entry.payload
    one = Override(freeze=told["freeze"], **fields_of(entry), **price_of(entry))
    return replace(
        standing,
        overrides={**standing.overrides, one.id: one},
        pending=without(standing, one.id),
        obligations=owing_step("postmortem", one.id, one.service, [told["obligation"]], standing, entry),
    )


FOLDS = {"override.requested": asked_step, "freeze.overridden": _lift}
