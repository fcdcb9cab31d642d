"""What channels are told of the ledger: freezes as they begin and end, overrides of them, and silver bullets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from allowance.alerting.alert import Notice
from allowance.alerting.word import change
from allowance.governance.freezes import BEGAN, ENDED, ITSELF
from allowance.governance.ledger import Entry


def announced(entry: Entry, *, link: str) -> Notice | None:
    """What an entry says to those who look for what has changed; nothing where it is nothing of that kind.

    An entry has one key, so that it is told once; it is routed as a page of its service would be.
    """
    say = SAYS.get(entry.kind)
    if say is None:
        return None
    told = entry.payload
    facts = {
        "service": entry.subject,
        "slo": told.get("slo"),
        "change": told.get("change"),
        "environment": told.get("environment"),
        "why": told.get("why") or told.get("reason"),
        "ends when": told.get("ends_when"),
        "until": told.get("end"),
        "by": entry.actor,
    }
    return change(
        f"ledger/{entry.seq}",
        entry.subject,
        say(entry, told),
        {name: text for name, text in facts.items() if text},
        link=f"{link}/ledger/{entry.seq}" if link else "",
        at=entry.at,
    )


def _began(entry: Entry, told: Mapping[str, Any]) -> str:
    by = "" if entry.actor == ITSELF else f" by {entry.actor}"
    return f"{entry.subject} was frozen{by} ({told['id']}, {told['model']}): {told['why']}"


def _ended(entry: Entry, told: Mapping[str, Any]) -> str:
    by = "" if entry.actor == ITSELF else f" by {entry.actor}"
    return f"{entry.subject}: {told['id']} was ended{by}: {told['why']}"


def _overridden(entry: Entry, told: Mapping[str, Any]) -> str:
    where = f"{told['change']} in {told['environment']}"
    return f"{entry.subject}: {told['freeze']} was overridden by {entry.actor} for {where}: {told['reason']}"


def _spent(entry: Entry, told: Mapping[str, Any]) -> str:
    return (
        f"{entry.subject}: a silver bullet of {told['unit']} was spent on {told['change']} in "
        f"{told['environment']}: {told['reason']}"
    )


SAYS: Mapping[str, Callable[[Entry, Mapping[str, Any]], str]] = {
    BEGAN: _began,
    ENDED: _ended,
    "freeze.overridden": _overridden,
    "bullet.spent": _spent,
}
"""Kinds of entries that are told, each with its sentence."""

KINDS = ("freeze", "bullet.spent")
"""What to ask a ledger for, to find all of them."""
