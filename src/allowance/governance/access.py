"""Who was turned away: each refused attempt is recorded, so that trying has a price."""

from __future__ import annotations

from dataclasses import dataclass, replace

from allowance.core.time import Instant
from allowance.governance.facts import Standing
from allowance.governance.ledger import Draft, Entry

DENIED = "access.denied"
UNKNOWN = "unknown"
"""The actor of an attempt with a token that nobody knows."""

LONGEST = 200
"""Longer addresses are cut in the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A request that was refused: who (`""`: nobody known), from where, what they tried and how it was answered.

    `unrecorded`: so many more of the same caller were not recorded since the last one that was.
    """

    name: str
    role: str
    address: str
    method: str
    path: str
    status: int
    unrecorded: int = 0


def access_denied(attempt: Attempt, *, now: Instant) -> Draft:
    """The record of a refused attempt."""
    path = attempt.path[:LONGEST]
    return Draft(
        kind=DENIED,
        subject=path,
        actor=attempt.name or UNKNOWN,
        at=now,
        payload={
            "method": attempt.method[:LONGEST],
            "path": path,
            "status": attempt.status,
            "role": attempt.role,
            "address": attempt.address[:LONGEST],
            "unrecorded": attempt.unrecorded,
        },
    )


def count_denied(standing: Standing, entry: Entry) -> Standing:
    """One more, and those that the entry only counts."""
    return replace(standing, denied=standing.denied + 1 + int(entry.payload["unrecorded"]))
