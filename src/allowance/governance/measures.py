"""What governing needs of a service at one instant: its policy, and the exact numbers of each SLO."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from allowance.contract.budget_policy import ErrorBudgetPolicy
from allowance.core.counts import Counts, NoData
from allowance.core.time import Instant
from allowance.governance.verdict_clauses import SloNumbers


@dataclass(frozen=True, slots=True, kw_only=True)
class SloMeasures:
    """One SLO: the counts of its window, its target, and what the clauses of the policy ask of it."""

    slo: str
    window: str
    target: Fraction
    counts: Counts
    numbers: SloNumbers


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceMeasures:
    """A service under its policy. `digest` is the policy's hash, `binding` whether all three parties signed it."""

    service: str
    policy: ErrorBudgetPolicy
    digest: str
    binding: bool
    slos: tuple[SloMeasures, ...]
    earliest: Mapping[tuple[str, int], Instant] = field(default_factory=dict, hash=False)
    """(SLO, clause) -> when a freeze of it may end at the earliest; only where somebody wants to write it down."""

    def slo(self, slo_id: str) -> SloMeasures | None:
        """The measures of an SLO, if the service has it."""
        return next((one for one in self.slos if one.slo == slo_id), None)


def evidence(one: SloMeasures, service: ServiceMeasures) -> dict[str, Any]:
    """The numbers behind a decision as plain, exact JSON."""
    allowed = (1 - one.target) * one.counts.total
    remaining = one.numbers.remaining
    return {
        "slo": one.slo,
        "window": one.window,
        "target": exact(one.target),
        "good": one.counts.good,
        "total": one.counts.total,
        "allowed": exact(allowed),
        "remaining": "no data" if isinstance(remaining, NoData) else exact(remaining),
        "policy": policy_of(service),
    }


def policy_of(service: ServiceMeasures) -> dict[str, Any]:
    """Which version of which policy decided."""
    return {"name": service.policy.name, "hash": service.digest}


def exact(value: Fraction) -> str:
    """A fraction as text that says it exactly."""
    return f"{value.numerator}/{value.denominator}"
