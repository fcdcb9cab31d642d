"""Governing after every tick: what the budgets of now change in states, freezes and hand-backs goes into the ledger."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from allowance.alerting.telemetry import Feed
from allowance.app.gate import policy_of
from allowance.app.law import Law
from allowance.app.quiet import Ground as Around
from allowance.app.quiet import Look, Quiet
from allowance.app.tick import Tick
from allowance.budget.budget import Windowed
from allowance.contract.budget_policy import ErrorBudgetPolicy
from allowance.contract.model import Contract, Service
from allowance.contract.signing import policy_hash
from allowance.core.duration import MINUTE
from allowance.core.time import Instant
from allowance.governance.bankruptcies import epochs
from allowance.governance.endings import waits
from allowance.governance.expressions import Say, silent
from allowance.governance.facts import Standing
from allowance.governance.freezes import is_noted, open_freezes
from allowance.governance.govern import NOTHING_WAITS, Step, Waiting, govern
from allowance.governance.hand_backs import open_hand_backs
from allowance.governance.ledger import Draft
from allowance.governance.measures import ServiceMeasures
from allowance.governance.measuring import Counted, Ground, earliest_end, service_measures
from allowance.governance.signatures import binding

LATE = ("stale", "no data")
"""Telemetry that is so far behind says nothing of the budget: nothing begins and nothing ends by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """The policies of one contract and their hashes, which take longer to work out than all the rest of a step."""

    contract: Contract
    by_name: Mapping[str, ErrorBudgetPolicy]
    digests: Mapping[str, str]

    @classmethod
    def of(cls, contract: Contract) -> Policies:
        """Those that services of the contract follow."""
        found = {one.policy: policy_of(contract, one) for one in contract.services}
        digests = {name: policy_hash(one) for name, one in found.items()}
        return cls(contract=contract, by_name=found, digests=digests)

    def of_service(self, service: Service) -> ErrorBudgetPolicy:
        """The policy that a service follows."""
        return self.by_name[service.policy]


class Govern:
    """Takes the step of `governance.govern` at every tick; told the same tick twice, it changes nothing twice.

    `contract` and `counted` are asked each time, because the contract may be read again. `step`: seconds between ticks.
    With `look` only those services are worked out that may have something to say (see `app.quiet`).
    """

    def __init__(
        self,
        law: Law,
        contract: Callable[[], Contract],
        counted: Counted,
        *,
        say: Say = silent,
        step: int = MINUTE,
        look: Look | None = None,
    ) -> None:
        self._law, self._contract, self._counted, self._say, self._step = law, contract, counted, say, step
        self._look = look
        self._quiet: Quiet | None = None
        self._waiting: Waiting | None = None
        self._policies: Policies | None = None

    def __call__(self, tick: Tick) -> None:
        """Record what the tick changes. Nothing is written where nothing changes."""
        blind = frozenset(blind_slos(tick.feeds, now=tick.at))
        standing = self._law.standing()
        if self._waiting is None:
            self._waiting = self._recalled(standing, blind, tick.at)
        if self._look is None:
            self._waiting = self._taken(standing, self._waiting, blind, tick.at, None).waiting
            return
        quiet, ground = self._known_quiet(self._look), self._ground(standing, blind)
        signs = quiet.signs(now=tick.at)
        loud = quiet.loud(signs, ground, standing)
        if loud is not None:
            loud |= _under_way(self._waiting, standing)
        step = self._taken(standing, self._waiting, blind, tick.at, loud)
        self._waiting = step.waiting
        moved = frozenset(one.subject.partition("/")[0] for one in step.drafts)
        quiet.settled(signs, ground, self._law.known if step.drafts else standing, moved)

    def _known_quiet(self, look: Look) -> Quiet:
        policies = self._known()
        if self._quiet is None or self._quiet.contract is not policies.contract:
            self._quiet = Quiet(policies.contract, policies.of_service, look)
        return self._quiet

    def _ground(self, standing: Standing, blind: Collection[str]) -> Around:
        policies = self._known()
        bound = {
            name: binding(policy, policies.digests[name], standing)
            for name, policy in policies.by_name.items()
        }
        return Around(binding=bound, epochs=epochs(standing), blind=blind)

    def _taken(
        self,
        standing: Standing,
        waiting: Waiting,
        blind: Collection[str],
        now: Instant,
        only: Collection[str] | None,
    ) -> Step:
        """A step, recorded where it changes anything."""
        step = self._step_at(standing, waiting, blind, now, only)
        return self._recorded(waiting, blind, now, only) if step.drafts else step

    def _recorded(
        self, waiting: Waiting, blind: Collection[str], now: Instant, only: Collection[str] | None
    ) -> Step:
        """The same step once more on what stands while nobody else can write, and its drafts recorded."""
        taken: list[Step] = []

        def decide(standing: Standing) -> Sequence[Draft]:
            some = None if only is None else frozenset(only) | _under_way(waiting, standing)
            taken.append(self._step_at(standing, waiting, blind, now, some))
            return taken[-1].drafts

        self._law.act(decide)
        return taken[-1]

    def _step_at(
        self,
        standing: Standing,
        waiting: Waiting,
        blind: Collection[str],
        now: Instant,
        only: Collection[str] | None = None,
    ) -> Step:
        services = tuple(self.measures(standing, blind, now=now, only=only))
        return govern(services, standing, waiting, now=now)

    def measures(
        self,
        standing: Standing,
        blind: Collection[str] = (),
        *,
        now: Instant,
        only: Collection[str] | None = None,
    ) -> Iterator[ServiceMeasures]:
        """What governing needs of every service (or of `only` some) at an instant."""
        policies = self._known()
        ground = Ground(counted=self._counted, epochs=epochs(standing), blind=blind, say=self._say)
        for service in policies.contract.services:
            if only is not None and service.name not in only:
                continue
            policy = policies.of_service(service)
            digest = policies.digests[service.policy]
            found = service_measures(
                service,
                policy,
                digest,
                ground,
                standing,
                binding=binding(policy, digest, standing),
                now=now,
            )
            yield self._with_ends(found, service, standing, now)

    def _with_ends(
        self, found: ServiceMeasures, service: Service, standing: Standing, now: Instant
    ) -> ServiceMeasures:
        """The earliest ends of those freezes whose way is to be written down now."""
        due = [
            one
            for one in open_freezes(standing)
            if one.service == service.name and not is_noted(one, now=now)
        ]
        if not due:
            return found
        slos = {slo.id: slo for slo in service.slos}
        ends: dict[tuple[str, int], Instant] = {}
        for freeze in due:
            counted: Windowed | None = self._counted(freeze.slo) if freeze.slo in slos else None
            if counted is not None:
                begin = epochs(standing).get(freeze.slo)
                end = earliest_end(freeze, found.policy, slos[freeze.slo], counted, epoch=begin, now=now)
                ends |= {} if end is None else {(freeze.slo, freeze.clause): end}
        return replace(found, earliest=ends)

    def _recalled(self, standing: Standing, blind: Collection[str], now: Instant) -> Waiting:
        """What waited before this process began, from the counts themselves: steps of the past that record nothing."""
        first = self._step_at(standing, NOTHING_WAITS, blind, now)
        names = _waiting_services(first.waiting, standing)
        if not names:
            return NOTHING_WAITS
        waiting = NOTHING_WAITS
        span = max(_longest_wait(one) for one in self.measures(standing, blind, now=now, only=names))
        for at in range(now - span - span % self._step, now, self._step):
            waiting = self._step_at(standing, waiting, blind, at, names).waiting
        return waiting

    def _known(self) -> Policies:
        contract = self._contract()
        if self._policies is None or self._policies.contract is not contract:
            self._policies = Policies.of(contract)
        return self._policies


def blind_slos(feeds: Sequence[Feed], *, now: Instant) -> Iterator[str]:
    """The SLOs whose source was not read up to now, or has been silent for long."""
    for feed in feeds:
        if feed.unread(now=now) or feed.watermark(now=now).word in LATE:
            yield from (slo.id for slo in feed.slos)


def _under_way(waiting: Waiting, standing: Standing) -> frozenset[str]:
    """The services where something waits, or where a freeze or a hand-back is open."""
    frozen = {one.service for advised in (False, True) for one in open_freezes(standing, advised=advised)}
    back = {one.service for one in open_hand_backs(standing)}
    return _waiting_services(waiting, standing) | frozen | back


def _waiting_services(waiting: Waiting, standing: Standing) -> frozenset[str]:
    freezes = {**standing.freezes, **standing.advised}
    held = (freezes.get(id_) or standing.hand_backs.get(id_) for id_ in waiting.ends)
    return frozenset(
        {slo.partition("/")[0] for slo in waiting.states} | {one.service for one in held if one is not None}
    )


def _longest_wait(service: ServiceMeasures) -> int:
    policy = service.policy
    return max([policy.thresholds.dwell, *(waits(policy, clause, freeze=True) for clause in policy.clauses)])
