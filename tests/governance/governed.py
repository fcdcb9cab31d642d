"""A service under a policy, governed over a history step by step in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

from allowance.budget.evaluate import by_method
from allowance.contract.budget_policy import (
    ROLES,
    Clause,
    Condition,
    ErrorBudgetPolicy,
    Signature,
    Thresholds,
)
from allowance.contract.indicator import PromRatio
from allowance.contract.model import Service, Slo
from allowance.contract.policies import RISKY
from allowance.contract.signing import policy_hash
from allowance.core.buckets import Buckets
from allowance.core.duration import HOUR
from allowance.core.time import Instant
from allowance.core.window import RollingWindow
from allowance.governance.govern import NOTHING_WAITS, Waiting, govern
from allowance.governance.ledger import Entry
from allowance.governance.measures import ServiceMeasures
from allowance.governance.measuring import Ground, service_measures
from allowance.governance.signatures import binding
from tests.governance.ruling import Book

SLO = Slo(
    name="availability",
    service="checkout",
    indicator=PromRatio(total="t", good="g"),
    target=Fraction(9, 10),
    window=RollingWindow(seconds=2 * HOUR),
    rules=(),
)
SERVICE = Service(name="checkout", slos=(SLO,), policy="ours")
POLICY = ErrorBudgetPolicy(
    name="ours",
    thresholds=Thresholds(margin=Fraction(1, 10), dwell=300),
    clauses=(
        Clause(when=Condition(state="yellow"), changes=("experiment",), consequence="hold"),
        Clause(when=Condition(state="red"), changes=RISKY, consequence="deny", because="it is spent"),
        Clause(
            when=Condition(remaining_below=Fraction(-1)),
            changes=RISKY,
            consequence="deny",
            hand_back=True,
            rotation="shop-developers",
        ),
    ),
)


def in_force(policy: ErrorBudgetPolicy) -> ErrorBudgetPolicy:
    """The policy with all three signatures in its document."""
    digest = policy_hash(policy)
    signatures = tuple(
        Signature(role=role, by=f"the {role}", on=date(2026, 9, 1), hash=digest) for role in ROLES
    )
    return replace(policy, signatures=signatures)


class Court:
    """Steps over a history; the book keeps what was recorded."""

    def __init__(
        self, history: Buckets, policy: ErrorBudgetPolicy = POLICY, service: Service = SERVICE
    ) -> None:
        self.book = Book()
        self.policy, self.service = policy, service
        self.waiting: Waiting = NOTHING_WAITS
        self.counts = {slo.id: by_method(slo, history) for slo in service.slos}
        self.ground = Ground(counted=self.counts.get)

    def measures(self, now: Instant) -> ServiceMeasures:
        digest = policy_hash(self.policy)
        return service_measures(
            self.service,
            self.policy,
            digest,
            self.ground,
            self.book.standing,
            binding=binding(self.policy, digest, self.book.standing),
            now=now,
        )

    def step(self, now: Instant) -> list[Entry]:
        step = govern([self.measures(now)], self.book.standing, self.waiting, now=now)
        self.waiting = step.waiting
        return self.book.act(lambda standing: step.drafts) if step.drafts else []

    def run(self, begin: Instant, end: Instant) -> list[Entry]:
        """Every minute in `(begin, end]`."""
        return [entry for now in range(begin + 60, end + 1, 60) for entry in self.step(now)]

    def states(self, subject: str = "checkout/availability") -> list[tuple[Instant, str]]:
        """When which state was said."""
        return [
            (entry.at, entry.payload["to"])
            for entry in self.book.entries
            if entry.kind == "state.changed" and entry.subject == subject
        ]
