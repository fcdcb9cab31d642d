"""Dependency waivers: the budget stays burned, the consequence is lifted for a while, with evidence and an end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from allowance.contract.budget_policy import ErrorBudgetPolicy
from allowance.contract.model import Service, Slo
from allowance.core.counts import NO_DATA, NoData
from allowance.core.problem import refuse
from allowance.core.ratio import percent_text
from allowance.core.time import Instant, iso, parse_instant
from allowance.core.window import RollingWindow
from allowance.governance.facts import Standing, Waiver
from allowance.governance.ledger import Draft, Entry
from allowance.governance.pending import Person, lasting, next_id, said

CONFIDENCE = Fraction(95, 100)
"""Below it, a strict policy does not believe that the dependency burned the budget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverAsk:
    """Which consequence would be lifted: of which SLO (`service/name`), because of which dependency.

    `evidence` shows a mitigation; `owner` is whose word it is where the policy is lenient.
    """

    slo: str
    dependency: str
    seconds: int
    reason: str
    evidence: tuple[str, ...] = ()
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a waiver is judged by: the service, the SLO, and how surely the dependency burned its budget.

    `confidence` is `NO_DATA` where nothing could be attributed; `own_left` is the share of the budget that would be left
    had the dependency burned nothing.
    `facts` is the attribution as plain JSON, kept with the decision.
    """

    service: Service
    slo: Slo
    confidence: Fraction | NoData = NO_DATA
    own_left: Fraction | NoData = NO_DATA
    facts: Mapping[str, Any] = field(default_factory=dict, hash=False)


def grant_waiver(
    ask: WaiverAsk,
    policy: ErrorBudgetPolicy,
    ground: Ground,
    standing: Standing,
    who: Person,
    *,
    now: Instant,
) -> Sequence[Draft]:
    """Lift the consequence from now on. The counts stay as they are.

    Errors: `Problem` `waiver`: no such dependency, longer than the burn stays in the window, granted already; strict:
    no evidence of a mitigation, too little confidence, or the service spent its budget without it; lenient: not the owner's word.
    """
    reason = said("waiver", "reason", ask.reason, hint="say what the dependency did")
    if not any(one.service == ask.dependency for one in ground.service.dependencies):
        names = ", ".join(one.service for one in ground.service.dependencies) or "none"
        raise refuse(
            "waiver",
            f"{ground.service.name} does not name {ask.dependency[:100]} as a dependency",
            hint=f"its dependencies: {names}",
        )
    lasting("waiver", ask.seconds, longest(ground.slo, now=now), "the burn stays in the window")
    for one in standing.waivers.values():
        if (one.slo, one.dependency) == (ask.slo, ask.dependency) and now < one.end:
            raise refuse("waiver", f"{one.id} holds until {iso(one.end)}", hint="end it first, or wait")
    if policy.exceptions.dependencies == "strict":
        _proven(ask, ground, policy)
    else:
        _owners_word(ask, ground.service)
    payload = {
        "id": next_id(standing, "waiver"),
        "service": ground.service.name,
        "slo": ask.slo,
        "dependency": ask.dependency,
        "mode": policy.exceptions.dependencies,
        "begin": iso(now),
        "end": iso(now + ask.seconds),
        "reason": reason,
        "evidence": [one.strip() for one in ask.evidence if one.strip()],
        "owner": ask.owner.strip(),
        "policy": policy.name,
        "attribution": dict(ground.facts),
    }
    return [Draft(kind="waiver.granted", subject=ask.slo, actor=who.name, at=now, payload=payload)]


def end_waiver(id_: str, reason: str, standing: Standing, who: Person, *, now: Instant) -> Sequence[Draft]:
    """End a waiver before its time. Errors: `Problem` `unknown-id`, `waiver`: ended, no reason."""
    found = in_time(id_, standing, now=now)
    payload = {"id": id_, "reason": said("waiver", "reason", reason)}
    return [Draft(kind="waiver.ended", subject=found.slo, actor=who.name, at=now, payload=payload)]


def in_time(id_: str, standing: Standing, *, now: Instant) -> Waiver:
    """A waiver that has not ended. Errors: `Problem` `unknown-id`; `waiver`: it has ended."""
    found = standing.waivers.get(id_)
    if found is None:
        raise refuse("unknown-id", f"there is no waiver {id_[:100]}", hint="allowance waive list")
    if now >= found.end:
        raise refuse("waiver", f"{id_} ended at {iso(found.end)}", hint="grant a new one")
    return found


def longest(slo: Slo, *, now: Instant) -> int:
    """Seconds that today's burn stays in the window of an SLO: a waiver for longer would lift something else."""
    return (
        slo.window.seconds if isinstance(slo.window, RollingWindow) else slo.window.whole(now + 1).end - now
    )


def _proven(ask: WaiverAsk, ground: Ground, policy: ErrorBudgetPolicy) -> None:
    if not any(one.strip() for one in ask.evidence):
        raise refuse(
            "waiver",
            "the policy is strict: it wants evidence of a mitigation",
            hint="show what softens the next outage (fallback, cache, breaker): --evidence URL",
        )
    found = ground.confidence
    if isinstance(found, NoData) or found < CONFIDENCE:
        has = (
            "nothing of it can be attributed"
            if isinstance(found, NoData)
            else f"it is {percent_text(found, 1)}"
        )
        raise refuse(
            "waiver",
            f"the policy is strict: it wants {percent_text(CONFIDENCE)} confidence that {ask.dependency} burned the "
            f"budget of {ask.slo}; {has}",
            hint=f"see allowance attribution {ask.slo}; an SLO of the dependency or its fault windows would help",
        )
    left = ground.own_left
    if not isinstance(left, NoData) and left <= policy.thresholds.red_at:
        raise refuse(
            "waiver",
            f"the policy is strict: without what {ask.dependency} burned, {percent_text(left, 1)} of the budget of "
            f"{ask.slo} would be left, so that {ground.service.name} has spent it by itself",
            hint="a waiver lifts what a dependency caused, and nothing else",
        )


def _owners_word(ask: WaiverAsk, service: Service) -> None:
    owner = service.owner or service.name
    if ask.owner.strip().casefold() != owner.casefold():
        raise refuse(
            "waiver",
            f"the policy is lenient: the word of the owner, {owner}, is enough, and it is needed",
            hint=f"--owner {owner} says that {owner} stands by the reason",
        )


def _grant(standing: Standing, entry: Entry) -> Standing:
    told = entry.payload
    one = Waiver(
        id=told["id"],
        service=told["service"],
        slo=told["slo"],
        dependency=told["dependency"],
        mode=told["mode"],
        begin=parse_instant(told["begin"]),
        end=parse_instant(told["end"]),
        by=entry.actor,
        reason=told["reason"],
        evidence=tuple(told["evidence"]),
        seq=entry.seq,
    )
    return replace(standing, waivers={**standing.waivers, one.id: one})


def _end(standing: Standing, entry: Entry) -> Standing:
    found = standing.waivers[entry.payload["id"]]
    return replace(standing, waivers={**standing.waivers, found.id: replace(found, end=entry.at)})


FOLDS = {"waiver.granted": _grant, "waiver.ended": _end}
