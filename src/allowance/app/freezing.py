"""What is known of the freezes and policies of a running program, for whoever looks at them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from allowance.app.gate import policy_of
from allowance.budget.epoch import budget_since
from allowance.contract.budget_policy import ErrorBudgetPolicy
from allowance.contract.model import Contract, Service
from allowance.core.counts import NO_DATA
from allowance.core.problem import refuse
from allowance.core.time import Instant
from allowance.governance.bankruptcies import epochs
from allowance.governance.endings import needed, remaining_of
from allowance.governance.expressions import silent
from allowance.governance.facts import Freeze, Standing
from allowance.governance.freezes import by_clock, progress
from allowance.governance.measuring import Counted, earliest_end, numbers_of
from allowance.governance.verdict_clauses import Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How far a freeze is on the way to its end, and when that is at the earliest where it can be known.

    `remaining` is the budget that its clause speaks of, `need` the share that must be left (nothing: none is named).
    """

    text: str
    earliest: Instant | None
    remaining: Amount = NO_DATA
    need: Fraction | None = None


def way_of(freeze: Freeze, contract: Contract, counted: Counted, standing: Standing, *, now: Instant) -> Way:
    """The way of a freeze at `now`, an edge of the buckets, by the counts of its SLO."""
    service = contract.service(freeze.service)
    policy = None if service is None else policy_of(contract, service)
    slo = None if service is None else next((one for one in service.slos if one.id == freeze.slo), None)
    counts = None if slo is None else counted(slo.id)
    if service is None or policy is None or slo is None or counts is None:
        return Way(text=by_clock(freeze) if freeze.by_hand else "", earliest=freeze.until)
    epoch = epochs(standing).get(slo.id)
    earliest = earliest_end(freeze, policy, slo, counts, epoch=epoch, now=now)
    remaining: Amount = NO_DATA
    need: Fraction | None = None
    if 1 <= freeze.clause <= len(policy.clauses):
        at = now - now % counts.step
        budget = budget_since(counts, slo.target, slo.window, epoch, now=at)
        numbers = numbers_of(service, slo, policy, counts, budget, None, say=silent, epoch=epoch, now=at)
        remaining = remaining_of(policy.clauses[freeze.clause - 1].when, numbers)
        need = needed(policy, policy.clauses[freeze.clause - 1])
    text = progress(freeze, policy, remaining, earliest)
    return Way(text=text, earliest=earliest, remaining=remaining, need=need)


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A policy and the services that follow it."""

    policy: ErrorBudgetPolicy
    services: tuple[Service, ...]


def followed(contract: Contract) -> Mapping[str, Followed]:
    """Every policy that is written or followed, by name."""
    policies = {one.name: one for one in contract.budget_policies}
    for service in contract.services:
        policies.setdefault(service.policy, policy_of(contract, service))
    return {
        name: Followed(policy=policy, services=tuple(one for one in contract.services if one.policy == name))
        for name, policy in sorted(policies.items())
    }


def known_service(contract: Contract, name: str) -> Service:
    """A service of the contract. Errors: `Problem` `service`."""
    found = contract.service(name)
    if found is None:
        raise refuse(
            "service",
            f"there is no service {name[:100]!r} in the contract",
            hint=f"known: {', '.join(one.name for one in contract.services)[:300]}",
        )
    return found


def known_policy(contract: Contract, name: str) -> Followed:
    """A policy that is written or followed. Errors: `Problem` `policy`."""
    found = followed(contract)
    if name not in found:
        raise refuse("policy", f"there is no policy {name[:100]!r}", hint=f"known: {', '.join(found)[:300]}")
    return found[name]
