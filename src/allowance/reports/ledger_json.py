"""Entries of the ledger, and what became of looking through it, as plain JSON."""

from __future__ import annotations

from typing import Any

from allowance.core.time import iso
from allowance.governance.ledger import Entry
from allowance.governance.verify import Broken, Verified


def entry_json(entry: Entry) -> dict[str, Any]:
    """An entry; its hash is over the same fields with `at` in seconds."""
    return {
        "seq": entry.seq,
        "at": iso(entry.at),
        "kind": entry.kind,
        "subject": entry.subject,
        "actor": entry.actor,
        "payload": dict(entry.payload),
        "schema": entry.schema,
        "prev": entry.prev,
        "hash": entry.hash,
    }


def verification_json(found: Verified | Broken) -> dict[str, Any]:
    """Whether every link holds; if not, the number of the first that does not, and what is wrong with it."""
    if isinstance(found, Broken):
        return {"whole": False, "broken": {"seq": found.seq, "why": found.why}}
    return {
        "whole": True,
        "after": found.after,
        "head": found.head,
        "hash": found.hash,
        "checkpoints": found.checkpoints,
    }
