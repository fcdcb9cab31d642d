"""The entry of a verdict, found again by its key: the same question under the same key has one answer."""

from __future__ import annotations

from dataclasses import replace

from allowance.governance.facts import Standing
from allowance.governance.keys import Keys
from allowance.governance.ledger import Draft, Entry
from allowance.governance.verdict import Ask, Verdict, ask_json, verdict_json

DECIDED = "gate.decided"
"""The kind of entry that holds a verdict."""


def decided(verdict: Verdict, *, key: str) -> Draft:
    """The draft that records a verdict with all of its evidence; `key` may be empty."""
    return Draft(
        kind=DECIDED,
        subject=verdict.ask.service,
        actor=verdict.ask.actor or "allowance",
        at=verdict.at,
        payload={
            "key": key,
            "ask": ask_json(verdict.ask),
            "verdict": verdict_json(verdict),
            "evidence": verdict.evidence,
        },
    )


def remember_decision(standing: Standing, entry: Entry) -> Standing:
    """The step of the fold: the key leads to the entry."""
    key = entry.payload["key"]
    if not key:
        return standing
    known = standing.decisions if isinstance(standing.decisions, Keys) else Keys(standing.decisions)
    return replace(standing, decisions=known.added(key, entry.seq))


def asks_the_same(entry: Entry, ask: Ask) -> bool:
    """Whether an entry answers exactly this ask."""
    found: object = entry.payload["ask"]
    return found == ask_json(ask)
