"""The gate: facts of the newest tick and of the ledger, judged and recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

from allowance.app.law import Law
from allowance.budget.comeback import earliest_above
from allowance.budget.evaluate import Evaluation
from allowance.contract.budget_policy import BudgetState, ErrorBudgetPolicy
from allowance.contract.model import Contract, Service, Slo
from allowance.contract.policies import POLICIES
from allowance.core.counts import NO_DATA, NoData
from allowance.core.problem import refuse
from allowance.core.time import Instant
from allowance.governance.bankruptcies import epochs
from allowance.governance.conditions import looked_up
from allowance.governance.endings import remaining_of
from allowance.governance.expressions import Say, silent
from allowance.governance.facts import Standing
from allowance.governance.freezes import open_freezes, progress
from allowance.governance.judge import judge
from allowance.governance.ledger import Draft, Entry
from allowance.governance.measuring import Counted, earliest_end, numbers_of
from allowance.governance.verdict import Ask, Verdict
from allowance.governance.verdict_clauses import Amount, ClauseFacts, SloNumbers, state_of
from allowance.governance.verdict_facts import Comeback, DependencyFact, GateFacts, Progress, SourceFact
from allowance.governance.verdict_record import DECIDED, asks_the_same, decided

SHADOW = ("gate", "shadow")
"""A service with this label has a gate that only watches."""


class Evaluations(Protocol):
    """Every SLO judged at one instant, such as a `Tick`."""

    @property
    def at(self) -> Instant: ...
    def whole(self, slo_id: str) -> Evaluation | None: ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Numbers:
    """The newest evaluations, what budgets count for what clauses ask of other spans, and who knows CEL."""

    tick: Evaluations | None
    counted: Counted
    say: Say = silent
    facts: dict[str, tuple[tuple[object, ...], GateFacts]] = field(default_factory=dict)
    """What was found by these numbers, by service, and what stood then: decisions come in dozens a second."""


def verdict_of(
    ask: Ask,
    contract: Contract,
    numbers: Numbers,
    sources: Sequence[SourceFact],
    standing: Standing,
    *,
    now: Instant,
) -> Verdict:
    """Judge one ask. Errors: `Problem` `service` where the contract knows no such service."""
    service = contract.service(ask.service)
    if service is None:
        raise refuse(
            "service",
            f"there is no service {ask.service[:100]!r} in the contract",
            hint=f"known: {', '.join(one.name for one in contract.services)[:300]}",
        )
    policy = policy_of(contract, service)
    return judge(
        ask, gate_facts(contract, service, policy, numbers, sources, standing), policy, standing, now=now
    )


def policy_of(contract: Contract, service: Service) -> ErrorBudgetPolicy:
    """The error-budget policy of a service. Errors: `Problem` `policy` where there is none of that name."""
    found = contract.budget_policy(service.policy) or POLICIES.get(service.policy)
    if found is None:
        raise refuse(
            "policy",
            f"{service.name} follows the policy {service.policy}, which nobody wrote",
            hint="allowance check says where it is named",
        )
    return found


def gate_facts(
    contract: Contract,
    service: Service,
    policy: ErrorBudgetPolicy,
    numbers: Numbers,
    sources: Sequence[SourceFact],
    standing: Standing,
) -> GateFacts:
    """What the gate knows of a service at the newest tick; of the ledger it depends on four things only."""
    stood = (contract, policy, sources, standing.states, standing.freezes, standing.epochs, standing.releases)
    kept = numbers.facts.get(service.name)
    if kept is None or any(old is not new for old, new in zip(kept[0], stood, strict=True)):
        kept = numbers.facts[service.name] = (
            stood,
            _facts(contract, service, policy, numbers, sources, standing),
        )
    return kept[1]


def _facts(
    contract: Contract,
    service: Service,
    policy: ErrorBudgetPolicy,
    numbers: Numbers,
    sources: Sequence[SourceFact],
    standing: Standing,
) -> GateFacts:
    found = {slo.id: numbers.tick.whole(slo.id) if numbers.tick is not None else None for slo in service.slos}
    names = {slo.id for slo in service.slos}
    spent = [(slo, one) for slo in service.slos if (one := found[slo.id]) is not None and _below_zero(one)]
    clauses = ClauseFacts(
        slos={
            slo.id: _numbers(service, slo, found[slo.id], policy, numbers, standing) for slo in service.slos
        }
    )
    return GateFacts(
        service=service.name,
        unit=service.owner or service.name,
        as_of=None if numbers.tick is None else numbers.tick.at,
        clauses=clauses,
        sources=tuple(one for one in sources if one.slo in names),
        progress=tuple(_progress(service, policy, numbers, standing, clauses)),
        comebacks=tuple(_comebacks(spent, numbers, standing)),
        dependencies=tuple(_dependencies(contract, service, numbers, standing)),
        shadow=service.labels.get(SHADOW[0]) == SHADOW[1],
    )


def _numbers(
    service: Service,
    slo: Slo,
    found: Evaluation | None,
    policy: ErrorBudgetPolicy,
    numbers: Numbers,
    standing: Standing,
) -> SloNumbers:
    """What the clauses of the policy ask of an SLO, and nothing else: it all becomes evidence."""
    fact = standing.states.get(slo.id)
    counted = numbers.counted(slo.id)
    if found is None or counted is None:
        return SloNumbers(state=fact.state if fact else None, remaining=NO_DATA)
    releases = [
        one for one in standing.releases.values() if one.service == slo.service and found.at < one.end
    ]
    return numbers_of(
        service,
        slo,
        policy,
        counted,
        found.budget,
        fact.state if fact is not None else None,
        say=numbers.say,
        epoch=epochs(standing).get(slo.id),
        now=found.at,
        more_spans={span for one in releases for span in looked_up(one)},
    )


def _progress(
    service: Service, policy: ErrorBudgetPolicy, numbers: Numbers, standing: Standing, clauses: ClauseFacts
) -> Iterator[Progress]:
    """How far each freeze of the service is on the way to its end."""
    at = None if numbers.tick is None else numbers.tick.at
    slos = {slo.id: slo for slo in service.slos}
    for freeze in open_freezes(standing):
        if freeze.service != service.name or at is None:
            continue
        earliest = freeze.until
        remaining: Amount = NO_DATA
        counted = numbers.counted(freeze.slo) if freeze.slo in slos else None
        if counted is not None and 1 <= freeze.clause <= len(policy.clauses):
            slo, begin = slos[freeze.slo], epochs(standing).get(freeze.slo)
            earliest = earliest_end(freeze, policy, slo, counted, epoch=begin, now=at)
            remaining = remaining_of(policy.clauses[freeze.clause - 1].when, clauses.slos[slo.id])
        text = progress(freeze, policy, remaining, earliest)
        yield Progress(freeze=freeze.id, text=text, earliest=earliest)


def _below_zero(found: Evaluation) -> bool:
    remaining = found.budget.remaining
    return not isinstance(remaining, NoData) and remaining <= 0


def _comebacks(
    spent: Sequence[tuple[Slo, Evaluation]], numbers: Numbers, standing: Standing
) -> Iterator[Comeback]:
    """When a spent budget is above zero again, if nothing more fails."""
    begins = epochs(standing)
    for slo, found in spent:
        counted = numbers.counted(slo.id)
        if counted is None:
            continue
        at = earliest_above(
            counted, slo.target, slo.window, Fraction(0), epoch=begins.get(slo.id), now=found.at
        )
        if at is not None:
            yield Comeback(slo=slo.id, earliest=at)


def _dependencies(
    contract: Contract, service: Service, numbers: Numbers, standing: Standing
) -> Iterator[DependencyFact]:
    for one in service.dependencies:
        other = contract.service(one.service)
        fact = standing.states.get(one.service)
        state = fact.state if fact is not None else None
        if state is None and other is not None:
            state = _worst(other, policy_of(contract, other), numbers)
        if state is not None:
            yield DependencyFact(service=one.service, state=state)


def _worst(service: Service, policy: ErrorBudgetPolicy, numbers: Numbers) -> BudgetState | None:
    found = [numbers.tick.whole(slo.id) for slo in service.slos] if numbers.tick is not None else []
    states = [state_of(policy.thresholds, one.budget.remaining) for one in found if one is not None]
    order: tuple[BudgetState, ...] = ("red", "yellow", "green")
    return next((state for state in order if state in states), None)


def record(
    law: Law, ask: Ask, verdict: Callable[[Standing], Verdict], *, key: str = ""
) -> tuple[Entry, bool]:
    """Judge on what stands and write it down as one step; the entry, and whether it is new.

    The same ask under the same key is answered by the same entry. Errors: `Problem` `key` for another ask.
    """
    known: list[int] = []

    def decide(standing: Standing) -> Sequence[Draft]:
        found = standing.decisions.get(key) if key else None
        if found is not None:
            known.append(found)
            return []
        return [decided(verdict(standing), key=key)]

    entries = law.act(decide)
    if entries:
        return entries[0], True
    entry = entry_of(law, known[0])
    if not asks_the_same(entry, ask):
        raise refuse(
            "key",
            f"the key {key[:100]!r} belongs to another question, entry {entry.seq}",
            hint="take a new key for a new question",
        )
    return entry, False


def entry_of(law: Law, number: int) -> Entry:
    """The verdict with this number in the ledger. Errors: `Problem` `decision` where there is none."""
    found = law.ledger.entries(after=number - 1, most=1) if number > 0 else ()
    if not found or found[0].seq != number or found[0].kind != DECIDED:
        raise refuse(
            "decision", f"there is no decision {number}", hint="the id is what POST /v1/decisions answered"
        )
    return found[0]
