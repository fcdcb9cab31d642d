"""An executive's override of a governance freeze: for one change, with the same trail as a silver bullet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from allowance.contract.budget_policy import ErrorBudgetPolicy
from allowance.core.problem import refuse
from allowance.core.time import Instant, iso, parse_instant
from allowance.governance.facts import Freeze, Override, Standing
from allowance.governance.ledger import Draft, Entry
from allowance.governance.obligations import overdue, owing, owing_step
from allowance.governance.pending import (
    Person,
    another,
    asked_draft,
    asked_step,
    lasting,
    next_id,
    open_for,
    said,
    waiting,
    without,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideAsk:
    """What an override would be for; `freeze` is the id of the freeze (`""`: the only one in force)."""

    service: str
    unit: str
    freeze: str
    change: str
    environment: str
    seconds: int
    reason: str
    memo: Mapping[str, Any]


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
    terms = {
        "unit": ask.unit,
        "freeze": _allowed(ask, policy, standing, now=now).id,
        "change": ask.change.strip(),
        "environment": ask.environment,
        "seconds": ask.seconds,
        "reason": ask.reason.strip(),
        "memo": dict(ask.memo),
    }
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
    _owes_nothing(standing, found.terms["unit"], now=now)
    return [_overridden(id_, found.service, found.terms, found.by, policy, who, now=now)]


def _allowed(ask: OverrideAsk, policy: ErrorBudgetPolicy, standing: Standing, *, now: Instant) -> Freeze:
    """The freeze that it goes through."""
    freeze = _frozen(ask, standing, now=now)
    said("override", "reason", ask.reason, hint="say why this cannot wait")
    change = said("override", "change", ask.change, hint="an override is bound to one change: name its id")
    lasting("override", ask.seconds, policy.exceptions.expires, "the policy allows")
    _owes_nothing(standing, ask.unit, now=now)
    if (waits := open_for(standing, "override", ask.service, change, ask.environment, now=now)) is not None:
        raise refuse(
            "override", f"{waits.id} was asked for and waits", hint=f"let somebody approve {waits.id}"
        )
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


def _owes_nothing(standing: Standing, unit: str, *, now: Instant) -> None:
    for first in overdue(standing, unit, now=now):
        raise refuse(
            "override",
            f"{unit} owes the postmortem {first.id} since {iso(first.due)}",
            hint=f"write it, then: allowance bullet close {first.id} --evidence URL",
        )


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
    end = now + int(terms["seconds"])
    what = f"postmortem of {terms['change']}, for which the freeze of {service} was overridden"
    payload = {
        **{name: terms[name] for name in ("unit", "freeze", "change", "environment", "reason")},
        "id": id_,
        "service": service,
        "begin": iso(now),
        "end": iso(end),
        "by": by,
        "approved_by": [who.name],
        "policy": policy.name,
        "memo": {
            **terms["memo"],
            "accepted_by": list(dict.fromkeys([by, who.name])),
            "accepted_until": iso(end),
        },
        "obligation": owing(
            f"{id_}.postmortem", what, terms["unit"], now + policy.exceptions.postmortem_within
        ),
    }
    return Draft(kind="freeze.overridden", subject=service, actor=who.name, at=now, payload=payload)


def _requested(standing: Standing, entry: Entry) -> Standing:
    return asked_step("override", standing, entry)


def _lift(standing: Standing, entry: Entry) -> Standing:
    told = entry.payload
    one = Override(
        id=told["id"],
        service=told["service"],
        freeze=told["freeze"],
        change=told["change"],
        environment=told["environment"],
        begin=parse_instant(told["begin"]),
        end=parse_instant(told["end"]),
        by=told["by"],
        reason=told["reason"],
        obligation=told["obligation"]["id"],
        unit=told["unit"],
        approved_by=tuple(told["approved_by"]),
        memo=told["memo"],
        seq=entry.seq,
    )
    return replace(
        standing,
        overrides={**standing.overrides, one.id: one},
        pending=without(standing, one.id),
        obligations=owing_step("postmortem", one.id, one.service, [told["obligation"]], standing, entry),
    )


FOLDS = {"override.requested": _requested, "freeze.overridden": _lift}
