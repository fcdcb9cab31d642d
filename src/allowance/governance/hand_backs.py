"""Hand-back: while a clause says so, who changes a service carries its pager."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from allowance.contract.budget_policy import DEVELOPERS
from allowance.core.time import Instant
from allowance.governance.endings import is_over, waits
from allowance.governance.facts import HandBack, Standing
from allowance.governance.freezes import ITSELF
from allowance.governance.ledger import Draft, Entry
from allowance.governance.measures import ServiceMeasures, evidence, policy_of
from allowance.governance.verdict_clauses import read_clause

BEGAN: Final = "hand_back.began"
ENDED: Final = "hand_back.ended"


def begun(service: ServiceMeasures, standing: Standing, *, taken: int, now: Instant) -> Iterator[Draft]:
    """A hand-back for every clause of a binding policy that asks for one, holds for an SLO, and has none; `taken` ids are in use
    already."""
    if not service.binding:
        return
    open_ones = [
        one for one in standing.hand_backs.values() if one.service == service.service and not one.end
    ]
    active = {one.clause for one in open_ones}
    for number, clause in enumerate(service.policy.clauses, 1):
        if not clause.hand_back or number in active:
            continue
        for one in service.slos:
            reading = read_clause(number, clause, one.slo, one.numbers, service.policy.thresholds)
            if reading.holds == "holds":
                taken += 1
                payload = {
                    "id": f"hand-back-{taken}",
                    "policy": policy_of(service),
                    "clause": number,
                    "to": clause.rotation or DEVELOPERS,
                    "why": f"{reading.fact}{f'; {clause.because}' if clause.because else ''}",
                    "evidence": evidence(one, service),
                }
                yield Draft(kind=BEGAN, subject=service.service, actor=ITSELF, at=now, payload=payload)
                break


def over(
    held: HandBack, service: ServiceMeasures | None, since: Mapping[str, Instant], *, now: Instant
) -> tuple[str, Instant | None]:
    """Why a hand-back ends now (`""`: it does not), and since when its end is asked for (nothing: it is not)."""
    if service is None:
        return f"{held.service} is no longer in the contract", None
    policy = service.policy
    number = held.clause
    if policy.name != held.policy or number > len(policy.clauses) or not policy.clauses[number - 1].hand_back:
        return "the policy no longer has this clause", None
    if not service.binding:
        return f"this version of the policy {policy.name} is not signed by all three parties", None
    clause = policy.clauses[number - 1]
    if any(is_over(policy, clause, one.numbers, freeze=False) != "holds" for one in service.slos):
        return "", None
    begin = max(since.get(held.id, now), held.begin)
    if now - begin < waits(policy, clause, freeze=False):
        return "", begin
    return "its clause holds for no SLO any more", begin


def ended(held: HandBack, why: str, *, now: Instant) -> Draft:
    """The draft that gives the pager back to its usual rotation."""
    return Draft(kind=ENDED, subject=held.service, actor=ITSELF, at=now, payload={"id": held.id, "why": why})


def open_hand_backs(standing: Standing) -> tuple[HandBack, ...]:
    """Those that have not ended, oldest first."""
    found = (one for one in standing.hand_backs.values() if one.end is None)
    return tuple(sorted(found, key=lambda one: (one.begin, one.id)))


def rotation_for(standing: Standing, service: str, *, now: Instant) -> str | None:
    """The rotation that carries the pager of a service instead of the usual one; nothing where none does.

    Of several the one of the latest clause, which is the one for the deepest trouble, takes it.
    """
    found = [
        one
        for one in standing.hand_backs.values()
        if one.service == service and one.begin <= now and (one.end is None or now < one.end)
    ]
    return max(found, key=lambda one: (one.clause, one.seq)).to if found else None


def _began(standing: Standing, entry: Entry) -> Standing:
    told = entry.payload
    held = HandBack(
        id=told["id"],
        service=entry.subject,
        begin=entry.at,
        end=None,
        policy=told["policy"]["name"],
        clause=told["clause"],
        to=told["to"],
        seq=entry.seq,
    )
    return replace(standing, hand_backs={**standing.hand_backs, held.id: held})


def _ended(standing: Standing, entry: Entry) -> Standing:
    held = replace(standing.hand_backs[entry.payload["id"]], end=entry.at)
    return replace(standing, hand_backs={**standing.hand_backs, held.id: held})


FOLDS = {BEGAN: _began, ENDED: _ended}
