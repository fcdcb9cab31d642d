"""Policies as pages show them: which version, who signed it, what is missing, and when it is looked at again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from allowance.contract.budget_policy import ROLES, ErrorBudgetPolicy, Role
from allowance.contract.model import Service
from allowance.core.time import Instant, in_zone
from allowance.governance.facts import Signed, Standing
from allowance.governance.ledger import Entry
from allowance.governance.signatures import missing, signers
from allowance.reports import tabular
from allowance.reports.pages.facts import UTC, service_name
from allowance.reports.pages.view import Link, When

PARTIES: dict[Role, str] = {"product": "Product", "engineering": "Engineering", "business": "Business"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy, its hash, and the services that follow it."""

    policy: ErrorBudgetPolicy
    digest: str
    services: tuple[Service, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A party and who signed for it: `""` while nobody has."""

    role: str
    name: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """A signature under another version."""

    role: str
    by: str
    at: When
    digest: str
    entry: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedPolicy:
    """One policy on the page."""

    name: str
    version: str
    digest: str
    title: str
    description: str
    in_force: bool
    says: str
    parties: tuple[Party, ...]
    earlier: tuple[Before, ...]
    services: tuple[Link, ...]
    revisit: str
    overdue: bool
    escalation: str


def signed_policy(one: Policy, standing: Standing, *, now: Instant) -> SignedPolicy:
    """A policy with its signatures at `now`."""
    policy = one.policy
    there, lacking = signers(policy, one.digest, standing), missing(policy, one.digest, standing)
    today = in_zone(now, UTC).date()
    names = " and ".join(PARTIES[role] for role in lacking)
    return SignedPolicy(
        name=policy.name,
        version=policy.version,
        digest=one.digest,
        title=policy.display_name or policy.name,
        description=policy.description or "",
        in_force=not lacking,
        says=f"advises only: {names} {'has' if len(lacking) == 1 else 'have'} not signed this version"
        if lacking
        else "in force: all three parties signed this version",
        parties=tuple(Party(role=role, name=PARTIES[role], by=there.get(role, "")) for role in ROLES),
        earlier=tuple(
            _before(each)
            for each in standing.signed
            if each.policy == policy.name and each.hash != one.digest
        ),
        services=tuple(Link(text=service_name(s), href=f"/services/{s.name}") for s in one.services),
        revisit=_revisit(policy.revisit, today),
        overdue=policy.revisit is not None and policy.revisit < today,
        escalation=policy.escalation or "",
    )


def _before(one: Signed) -> Before:
    return Before(
        role=PARTIES[one.role],
        by=one.by,
        at=When(at=one.at),
        digest=one.hash[:12],
        entry=Link(text=f"#{one.seq}", href=f"/ledger/{one.seq}"),
    )


def _revisit(day: date | None, today: date) -> str:
    if day is None:
        return "no date to look at it again"
    said = tabular.day(day.isoformat())
    return f"was to be looked at again on {said}" if day < today else f"looked at again on {said}"


def written_down(document: Any, indent: int = 0) -> str:
    """A policy's document as lines that people read: `key: value`, deeper levels further in."""
    pad = "  " * indent
    if isinstance(document, Mapping):
        lines = []
        for key, value in document.items():
            if isinstance(value, Mapping) or _is_deep(value):
                lines += [f"{pad}{key}:", written_down(value, indent + 1)]
            else:
                lines.append(f"{pad}{key}: {_flat(value)}")
        return "\n".join(lines)
    if isinstance(document, Sequence) and not isinstance(document, str):
        found = []
        for one in document:
            text = written_down(one, indent + 1)
            found.append(f"{pad}- {text.lstrip()}")
        return "\n".join(found)
    return f"{pad}{_flat(document)}"


def _is_deep(value: Any) -> bool:
    return isinstance(value, list | tuple) and any(isinstance(one, Mapping) for one in value)


def _flat(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def changes_since(name: str, entries: Sequence[Entry], since: Instant) -> tuple[str, ...]:
    """What the ledger says of changes to a policy since an instant, one line per field."""
    found = []
    for entry in entries:
        for one in entry.payload.get("changes", ()) if entry.at >= since else ():
            if one["kind"] == "error-budget policy" and one["name"] == name:
                found.append(change_text(one))
    return tuple(found)


def change_text(one: Mapping[str, Any]) -> str:
    """One difference between two contracts, as `contract.diff` would say it."""
    if not one.get("field"):
        return f"{one['kind']} {one['name']} {one['what']}"
    before, after = one.get("before") or "nothing", one.get("after") or "nothing"
    return f"{one['kind']} {one['name']}: {one['field']}: {before} \u2192 {after}"
