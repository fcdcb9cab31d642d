"""What every exception for one change has in common: the terms, the grant, and the price of going against the policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from allowance.contract.budget_policy import ErrorBudgetPolicy
from allowance.core.problem import refuse
from allowance.core.time import Instant, iso, parse_instant
from allowance.governance.facts import Obligation, PendingKind
from allowance.governance.ledger import Entry
from allowance.governance.obligations import owing
from allowance.governance.pending import Person, lasting, said


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainstPolicy:
    """What is asked for where a change goes against the policy. `memo` is the risk that is accepted, as plain JSON.

    `reports.memo` prints it.
    """

    service: str
    unit: str
    change: str
    environment: str
    seconds: int
    reason: str
    memo: Mapping[str, Any]


def fitting(kind: PendingKind, ask: AgainstPolicy, policy: ErrorBudgetPolicy) -> None:
    """Refuse an ask without a reason or a change, or for longer than the policy allows. Errors: `Problem` of its kind."""
    said(kind, "reason", ask.reason, hint="say why this cannot wait")
    said(kind, "change", ask.change, hint="it is bound to one change: name its id")
    lasting(kind, ask.seconds, policy.exceptions.expires, "the policy allows")


def terms_of(ask: AgainstPolicy) -> dict[str, Any]:
    """An ask as it waits for a yes, as plain JSON."""
    return {
        "unit": ask.unit,
        "change": ask.change.strip(),
        "environment": ask.environment,
        "seconds": ask.seconds,
        "reason": ask.reason.strip(),
        "memo": dict(ask.memo),
    }


def owes_nothing(kind: PendingKind, unit: str, debts: Sequence[Obligation]) -> None:
    """Refuse a unit with overdue postmortems. Errors: `Problem` of the kind."""
    for first in debts:
        raise refuse(
            kind,
            f"{unit} owes the postmortem {first.id} since {iso(first.due)}",
            hint=f"write it, then: allowance bullet close {first.id} --evidence URL",
        )


def granted(
    id_: str, service: str, terms: Mapping[str, Any], by: str, who: Person, *, now: Instant
) -> dict[str, Any]:
    """The part of an entry that says what was granted: to which change, where, from when to when, by whom."""
    return {
        "id": id_,
        "service": service,
        "change": terms["change"],
        "environment": terms["environment"],
        "begin": iso(now),
        "end": iso(now + int(terms["seconds"])),
        "by": by,
        "approved_by": [who.name],
    }


def priced(
    grant: Mapping[str, Any], terms: Mapping[str, Any], policy: ErrorBudgetPolicy, why: str, *, now: Instant
) -> dict[str, Any]:
    """A grant against the policy with its price: the memo under both names, and the postmortem that is owed for it.

    `why` follows the change in the words of the postmortem.
    """
    names = list(dict.fromkeys([grant["by"], *grant["approved_by"]]))
    due = now + policy.exceptions.postmortem_within
    what = f"postmortem of {grant['change']}, {why}"
    return {
        **grant,
        "unit": terms["unit"],
        "reason": terms["reason"],
        "policy": policy.name,
        "memo": {**terms["memo"], "accepted_by": names, "accepted_until": grant["end"]},
        "obligation": owing(f"{grant['id']}.postmortem", what, terms["unit"], due),
    }


def fields_of(entry: Entry) -> dict[str, Any]:
    """The fields of what an entry with a `granted` part grants."""
    told = entry.payload
    return {
        **{name: told[name] for name in ("id", "service", "change", "environment", "by")},
        "begin": parse_instant(told["begin"]),
        "end": parse_instant(told["end"]),
        "approved_by": tuple(told["approved_by"]),
        "seq": entry.seq,
    }


def price_of(entry: Entry) -> dict[str, Any]:
    """The fields that a `priced` entry adds to these."""
    told = entry.payload
    return {
        **{name: told[name] for name in ("unit", "reason", "memo")},
        "obligation": told["obligation"]["id"],
    }
