"""What tests of exceptions share: people, a policy, and a law in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from allowance.contract.budget_policy import ErrorBudgetPolicy, Exceptions
from allowance.core.duration import HOUR
from allowance.governance.bullets import BulletAsk
from allowance.governance.facts import Standing
from allowance.governance.fold import fold
from allowance.governance.ledger import Draft, Entry, seal
from allowance.governance.pending import Person

START = 1_790_000_040 - 1_790_000_040 % 86400
"""2026-09-21, a Monday in the third quarter."""

ADA = Person(name="ada", party="engineering")
PAT = Person(name="pat", party="product")
EVE = Person(name="eve", party="business")
ZOE = Person(name="zoe", party="business")
BOT = Person(name="bot", party=None)


class Book:
    """A ledger in memory: decided on what stands, sealed, folded."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.standing = Standing()

    def act(self, decide: Callable[[Standing], Sequence[Draft]]) -> list[Entry]:
        found = []
        for draft in decide(self.standing):
            prev = self.entries[-1].hash if self.entries else "0" * 64
            found.append(seal(draft, seq=len(self.entries) + 1, prev=prev))
            self.entries.append(found[-1])
        self.standing = fold(found, self.standing)
        return found


def policy(**changes: object) -> ErrorBudgetPolicy:
    return ErrorBudgetPolicy(name="shop", exceptions=Exceptions(**changes))  # type: ignore[arg-type]


def bullet(change: str = "PR-1", **changes: object) -> BulletAsk:
    fields: dict[str, object] = {
        "service": "checkout",
        "unit": "shop",
        "change": change,
        "environment": "production",
        "seconds": 4 * HOUR,
        "reason": "the sale begins tomorrow",
        "memo": {"accepted": "2 % of a failed launch"},
    }
    return BulletAsk(**fields | changes)  # type: ignore[arg-type]
