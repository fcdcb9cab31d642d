"""From counts to what a policy asks of them: the one place where clauses get their numbers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from allowance.budget.budget import Budget, Windowed
from allowance.budget.burn import burn_rate
from allowance.budget.comeback import earliest_above
from allowance.budget.epoch import budget_since
from allowance.contract.budget_policy import BudgetState, ErrorBudgetPolicy
from allowance.contract.expressions import spans
from allowance.contract.model import Service, Slo
from allowance.core.counts import NO_DATA, NOTHING
from allowance.core.time import Instant
from allowance.governance.endings import needed, waits
from allowance.governance.expressions import Say, expressions, said, silent
from allowance.governance.facts import Freeze, Standing
from allowance.governance.measures import ServiceMeasures, SloMeasures
from allowance.governance.verdict_clauses import Amount, SloNumbers, state_of

Counted = Callable[[str], Windowed | None]
"""What the budget of an SLO (by its id) counts; nothing where nothing is counted."""

NO_EPOCHS: Mapping[str, Instant] = {}
NOBODY: Collection[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where the numbers come from: the counts, the epochs of budgets, the SLOs whose telemetry cannot be trusted."""

    counted: Counted
    epochs: Mapping[str, Instant] = field(default_factory=dict, hash=False)
    blind: Collection[str] = NOBODY
    say: Say = silent


def service_measures(
    service: Service,
    policy: ErrorBudgetPolicy,
    digest: str,
    ground: Ground,
    standing: Standing,
    *,
    binding: bool,
    now: Instant,
) -> ServiceMeasures:
    """Everything that governing needs of a service at `now`, an edge of the buckets."""
    slos = tuple(_slo(service, slo, policy, ground, standing, now) for slo in service.slos)
    return ServiceMeasures(service=service.name, policy=policy, digest=digest, binding=binding, slos=slos)


def numbers_of(
    service: Service,
    slo: Slo,
    policy: ErrorBudgetPolicy,
    counted: Windowed,
    budget: Budget,
    state: BudgetState | None,
    *,
    say: Say,
    epoch: Instant | None = None,
    now: Instant,
    more_spans: Collection[int] = (),
) -> SloNumbers:
    """What the clauses of a policy ask of an SLO, and nothing else.

    `epoch` is from when its budget counts, over the windows of clauses as well; burn rates see all of the telemetry.
    `more_spans`: burn rates that others ask for.
    """
    whens = [clause.when for clause in policy.clauses]
    at = now - now % counted.step
    windows = {str(one.window): one.window for one in whens if one.window is not None}
    asked = {one.burn_over for one in whens if one.burn_over is not None} | set(more_spans)
    asked |= {span for text in expressions(policy) for span in spans(text)}
    over: dict[str, Amount] = {
        text: budget_since(counted, slo.target, window, epoch, now=at).remaining
        for text, window in windows.items()
    }
    burns: dict[int, Amount] = {
        span: burn_rate(counted.between(at - span, at), slo.target)
        for span in sorted(asked)
        if span % counted.step == 0
    }
    told = said(
        policy,
        service,
        slo,
        state=state or state_of(policy.thresholds, budget.remaining),
        remaining=budget.remaining,
        burns=burns,
        say=say,
        now=now,
    )
    return SloNumbers(state=state, remaining=budget.remaining, over=over, burns=burns, said=told)


def earliest_end(
    freeze: Freeze,
    policy: ErrorBudgetPolicy,
    slo: Slo,
    counted: Windowed,
    *,
    epoch: Instant | None = None,
    now: Instant,
) -> Instant | None:
    """When a freeze can end at the earliest, if nothing more fails; nothing where no budget decides that."""
    if not 1 <= freeze.clause <= len(policy.clauses):
        return freeze.until
    clause = policy.clauses[freeze.clause - 1]
    need = needed(policy, clause)
    if need is None:
        return None
    found = earliest_above(counted, slo.target, clause.when.window or slo.window, need, epoch=epoch, now=now)
    return None if found is None else found + waits(policy, clause, freeze=True)


def _slo(
    service: Service, slo: Slo, policy: ErrorBudgetPolicy, ground: Ground, standing: Standing, now: Instant
) -> SloMeasures:
    fact = standing.states.get(slo.id)
    state = None if fact is None else fact.state
    counted = None if slo.id in ground.blind else ground.counted(slo.id)
    if counted is None:
        numbers, counts = SloNumbers(state=state, remaining=NO_DATA), NOTHING
    else:
        at = now - now % counted.step
        epoch = ground.epochs.get(slo.id)
        budget = budget_since(counted, slo.target, slo.window, epoch, now=at)
        counts = budget.counts
        numbers = numbers_of(
            service, slo, policy, counted, budget, state, say=ground.say, epoch=epoch, now=now
        )
    return SloMeasures(slo=slo.id, window=str(slo.window), target=slo.target, counts=counts, numbers=numbers)
