"""Exceptions in order: look up the service and its policy, gather the facts, decide under the ledger's lock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from allowance.app.attributed import attribution_of, service_of, slo_of
from allowance.app.corrected import Corrected
from allowance.app.gate import Evaluations, policy_of
from allowance.app.law import Asked, Law
from allowance.app.tick import Key
from allowance.app.weighed import risk_of
from allowance.changes.deploys import Deploy
from allowance.contract.budget_policy import ErrorBudgetPolicy
from allowance.contract.model import Contract, Service, Slo
from allowance.core.buckets import Buckets
from allowance.core.counts import NO_DATA, NoData
from allowance.core.problem import refuse
from allowance.core.time import Instant, iso
from allowance.core.window import Span
from allowance.governance import bankruptcies, bullets, overrides, releases, waivers
from allowance.governance.amendments import corrections
from allowance.governance.attribution import Attribution
from allowance.governance.bullets import BulletAsk, Price
from allowance.governance.facts import Pending, Standing
from allowance.governance.ledger import Draft, Entry
from allowance.governance.obligations import unit_of
from allowance.governance.overrides import OverrideAsk, OverridePrice
from allowance.governance.pending import Person
from allowance.governance.risk import LOOKBACK, Risk
from allowance.governance.verdict_record import DECIDED
from allowance.reports.attribution_json import attribution_facts
from allowance.reports.memo import memo_facts
from allowance.reports.numbers import exact, percent

MOST_VERDICTS = 2_000
"""So many of the newest verdicts are asked for the classes of deploys."""


class Running(Protocol):
    """What exceptions need of the running program."""

    @property
    def contract(self) -> Contract: ...
    @property
    def now(self) -> Evaluations | None: ...
    @property
    def histories(self) -> Mapping[Key, Buckets]: ...
    @property
    def law(self) -> Law: ...
    def deploys(self, *, begin: Instant, end: Instant, service: str | None = None) -> Sequence[Deploy]: ...


class Approve(Protocol):
    """Says yes to what waits under an id."""

    def __call__(
        self, id_: str, policy: ErrorBudgetPolicy, standing: Standing, who: Person, *, now: Instant
    ) -> Sequence[Draft]: ...


APPROVALS: Mapping[str, Approve] = {
    "bullet": bullets.approve_bullet,
    "override": overrides.approve_override,
    "release": releases.approve_release,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A bullet or an override as a person asks for it; `freeze` is for overrides."""

    service: str
    change: str
    environment: str
    seconds: int
    reason: str
    freeze: str = ""


def ruled(state: Running, name: str) -> tuple[Service, ErrorBudgetPolicy]:
    """A service and the policy that it follows. Errors: `Problem` `service`, `policy`."""
    service = service_of(state.contract, name)
    return service, policy_of(state.contract, service)


def quotas(contract: Contract, standing: Standing, *, now: Instant) -> Iterator[bullets.Quota]:
    """What is left of the silver bullets, once per unit and policy that counts alike. Errors: `Problem` `policy`."""
    seen = set()
    for service in contract.services:
        found = bullets.quota(policy_of(contract, service), standing, unit_of(service), now=now)
        key = (found.unit, found.period, found.granted)
        if key not in seen:
            seen.add(key)
            yield found


def price_of_bullet(state: Running, wish: Wish, who: Person, *, now: Instant) -> tuple[Price, dict[str, Any]]:
    """What a bullet would cost, and the memo under it; nothing is recorded. Errors: as `ask_bullet`."""
    service, policy = ruled(state, wish.service)
    ask = _bullet(state, wish, service, who, now=now)
    return bullets.price(ask, policy, state.law.standing(), now=now), dict(ask.memo)


def ask_bullet(state: Running, wish: Wish, who: Person, *, now: Instant) -> Sequence[Entry]:
    """Ask for a silver bullet. Errors: `Problem` `service`, `bullet`."""
    service, policy = ruled(state, wish.service)
    ask = _bullet(state, wish, service, who, now=now)
    return state.law.act(lambda standing: bullets.ask_bullet(ask, policy, standing, who, now=now))


def price_of_override(
    state: Running, wish: Wish, who: Person, *, now: Instant
) -> tuple[OverridePrice, dict[str, Any]]:
    """What an override would cost, and the memo under it; nothing is recorded. Errors: as `ask_override`."""
    service, policy = ruled(state, wish.service)
    ask = _override(state, wish, service, who, now=now)
    return overrides.price_override(ask, policy, state.law.standing(), now=now), dict(ask.memo)


def ask_override(
    state: Running, wish: Wish, who: Person, *, may_override: bool, now: Instant
) -> Sequence[Entry]:
    """Ask for an override of a governance freeze. Errors: `Problem` `service`, `override`."""
    service, policy = ruled(state, wish.service)
    ask = _override(state, wish, service, who, now=now)
    return state.law.act(
        lambda standing: overrides.ask_override(
            ask, policy, standing, who, may_override=may_override, now=now
        )
    )


def approve(state: Running, waits: Pending, who: Person, *, now: Instant) -> Sequence[Entry]:
    """Say yes to a bullet, an override or a release that waits. Errors: `Problem` of its kind, `approver`."""
    _, policy = ruled(state, waits.service)
    decide = APPROVALS[waits.kind]
    return state.law.act(lambda standing: decide(waits.id, policy, standing, who, now=now))


def memo_of(state: Running, service: Service, wish: Wish, who: Person, *, now: Instant) -> dict[str, Any]:
    """What would be accepted, with the budget that is left and the risk from the record."""
    return memo_facts(
        service=service.name,
        change=wish.change.strip(),
        environment=wish.environment,
        reason=wish.reason.strip(),
        remaining={slo.id: _left(state, slo) for slo in service.slos},
        risk=weighed(state, service.name, now=now),
        asked_by=who.name,
        now=now,
    )


def weighed(state: Running, name: str, *, now: Instant, **asked: Any) -> Risk:
    """The risk of shipping now; `asked` are `lift`, `minutes` and `change` of `risk_of`. Errors: `Problem` `service`."""
    begin = now - LOOKBACK
    verdicts: Sequence[Entry] = ()
    if asked.get("change") is not None:
        wanted = Asked(kind=DECIDED, subject=name, since=begin, most=MOST_VERDICTS, newest=True)
        verdicts = state.law.ledger.find(wanted)
    own = [slo.id for slo in service_of(state.contract, name).slos]
    histories, deploys = judged(state, *own), state.deploys(begin=begin, end=now)
    return risk_of(state.contract, histories, deploys, name, verdicts=verdicts, now=now, **asked)


def judged(state: Running, *slos: str) -> Mapping[Key, Buckets]:
    """What is counted, with the corrections that hold for some SLOs: what is said of them agrees with their budget."""
    held = corrections(state.law.standing())
    return Corrected(state.histories, {one: held[one] for one in slos if one in held})


def attributed(
    state: Running,
    slo_id: str,
    span: Span | None = None,
    declared: Mapping[str, Sequence[Span]] | None = None,
) -> Attribution:
    """Both views of an SLO, over its window where no span is given. Errors: `Problem` `slo`, `attribution`."""
    _, slo = slo_of(state.contract, slo_id)
    if span is None:
        found = None if state.now is None else state.now.whole(slo_id)
        if found is None:
            raise refuse(
                "attribution", f"{slo_id} was not judged yet", hint="wait a minute for the first tick"
            )
        span = found.span  # the window of its budget, which may have begun anew
    deploys = state.deploys(begin=span.begin, end=span.end, service=slo.service)
    # Of the dependencies what was measured counts: that an outage was agreed upon does not undo what it did to others.
    return attribution_of(state.contract, judged(state, slo_id), deploys, slo_id, span, declared or {})


def grant_waiver(
    state: Running,
    ask: waivers.WaiverAsk,
    who: Person,
    *,
    declared: Mapping[str, Sequence[Span]] | None = None,
    dry_run: bool = False,
    now: Instant,
) -> tuple[Sequence[Entry], Attribution]:
    """Grant a dependency waiver, or only say whether it would be. Errors: `Problem` `slo`, `waiver`."""
    service, slo = slo_of(state.contract, ask.slo)
    policy = policy_of(state.contract, service)
    known = any(one.service == ask.dependency for one in service.dependencies)
    found = attributed(state, ask.slo, declared=declared if known else None)
    part = found.of(ask.dependency)
    ground = waivers.Ground(
        service=service,
        slo=slo,
        confidence=NO_DATA if part is None else part.confidence,
        own_left=NO_DATA if part is None else found.left_without(part),
        facts=attribution_facts(found),
    )
    if dry_run:
        waivers.grant_waiver(ask, policy, ground, state.law.standing(), who, now=now)
        return (), found
    entries = state.law.act(
        lambda standing: waivers.grant_waiver(ask, policy, ground, standing, who, now=now)
    )
    return entries, found


def ask_release(
    state: Running, ask: releases.ReleaseAsk, who: Person, *, may_release: bool, now: Instant
) -> Sequence[Entry]:
    """Ask for a conditional release. Errors: `Problem` `service`, `release`."""
    _, policy = ruled(state, ask.service)
    return state.law.act(
        lambda standing: releases.ask_release(ask, policy, standing, who, may_release=may_release, now=now)
    )


def sign_bankruptcy(state: Running, id_: str, who: Person, *, now: Instant) -> Sequence[Entry]:
    """Sign a bankruptcy; with the last signature it begins, and what was spent is kept. Errors: `bankruptcy`."""
    waits = state.law.standing().pending.get(id_)
    wanted = [] if waits is None else waits.terms.get("slos", [])
    spent = {one: _spent(state, slo) for one in wanted if (slo := state.contract.slo(one)) is not None}
    return state.law.act(lambda standing: bankruptcies.sign_bankruptcy(id_, spent, standing, who, now=now))


def _bullet(state: Running, wish: Wish, service: Service, who: Person, *, now: Instant) -> BulletAsk:
    return BulletAsk(
        service=service.name,
        unit=unit_of(service),
        change=wish.change,
        environment=wish.environment,
        seconds=wish.seconds,
        reason=wish.reason,
        memo=memo_of(state, service, wish, who, now=now),
    )


def _override(state: Running, wish: Wish, service: Service, who: Person, *, now: Instant) -> OverrideAsk:
    return OverrideAsk(
        service=service.name,
        unit=unit_of(service),
        freeze=wish.freeze,
        change=wish.change,
        environment=wish.environment,
        seconds=wish.seconds,
        reason=wish.reason,
        memo=memo_of(state, service, wish, who, now=now),
    )


def _left(state: Running, slo: Slo) -> str:
    found = None if state.now is None else state.now.whole(slo.id)
    return percent(NO_DATA if found is None else found.budget.remaining)


def _spent(state: Running, slo: Slo) -> dict[str, Any]:
    """What stands under an epoch: the old consumption, kept for ever."""
    found = None if state.now is None else state.now.whole(slo.id)
    if found is None:
        return {"known": False}
    budget, remaining = found.budget, found.budget.remaining
    return {
        "known": True,
        "from": iso(found.span.begin),
        "to": iso(found.span.end),
        "good": budget.counts.good,
        "total": budget.counts.total,
        "allowed": exact(budget.allowed),
        "spent": budget.spent,
        "remaining": None if isinstance(remaining, NoData) else exact(remaining),
    }
