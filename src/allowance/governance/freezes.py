"""Freezes: a clause that denies risky changes begins one, and it ends by itself; people begin and end others.

A policy without all its signatures begins none: what it would have done is recorded as advice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from allowance.contract.budget_policy import Clause, ErrorBudgetPolicy, FreezeModel
from allowance.contract.policies import RISKY
from allowance.core.duration import DAY
from allowance.core.problem import refuse
from allowance.core.time import Instant, iso
from allowance.governance.endings import ends_when, is_over, needed, progress_text, remaining_of, waits
from allowance.governance.facts import BY_HAND, Freeze, Standing
from allowance.governance.ledger import Draft, Entry
from allowance.governance.measures import ServiceMeasures, SloMeasures, evidence
from allowance.governance.verdict_clauses import Amount, read_clause

BEGAN: Final = "freeze.began"
PROGRESS: Final = "freeze.progress"
ENDED: Final = "freeze.ended"
ADVISED: Final = "freeze.advised"
ADVICE_ENDED: Final = "freeze.advice-ended"

ITSELF: Final = "allowance"
"""The actor of what nobody did by hand."""


def begun(service: ServiceMeasures, standing: Standing, *, taken: int, now: Instant) -> Iterator[Draft]:
    """A freeze (or the advice of one) for every clause that holds and has none; `taken` ids are in use already."""
    known = standing.freezes if service.binding else standing.advised
    active = {
        (one.slo, one.clause) for one in known.values() if one.service == service.service and not one.end
    }
    for number, clause in freezing(service):
        for one in service.slos:
            reading = read_clause(number, clause, one.slo, one.numbers, service.policy.thresholds)
            if reading.holds == "holds" and (one.slo, number) not in active:
                taken += 1
                payload = _payload(service, one, number, clause, fact=reading.fact)
                word = "freeze" if service.binding else "advice"
                kind = BEGAN if service.binding else ADVISED
                yield _draft(kind, service.service, {"id": f"{word}-{taken}", **payload}, now)


def freezing(service: ServiceMeasures) -> Iterator[tuple[int, Clause]]:
    """The clauses that begin a freeze, with their numbers."""
    for number, clause in enumerate(service.policy.clauses, 1):
        if clause.consequence == "deny" and any(change in RISKY for change in clause.changes):
            yield number, clause


def open_freezes(standing: Standing, *, advised: bool = False) -> tuple[Freeze, ...]:
    """Those that have not ended, oldest first."""
    known = standing.advised if advised else standing.freezes
    return tuple(
        sorted((one for one in known.values() if one.end is None), key=lambda one: (one.begin, one.id))
    )


def over(
    freeze: Freeze, service: ServiceMeasures | None, since: Mapping[str, Instant], *, now: Instant
) -> tuple[str, Instant | None]:
    """Why a freeze ends now (`""`: it does not), and since when its end is asked for (nothing: it is not)."""
    if freeze.by_hand:
        ends = freeze.until is not None and freeze.until <= now
        return (f"it was begun until {iso(freeze.until)}" if ends and freeze.until is not None else ""), None
    if service is None:
        return f"{freeze.service} is no longer in the contract", None
    gone = _gone(freeze, service)
    if gone:
        return gone, None
    clause, one = service.policy.clauses[freeze.clause - 1], service.slo(freeze.slo)
    if one is None or is_over(service.policy, clause, one.numbers, freeze=True) != "holds":
        return "", None
    begin = max(since.get(freeze.id, now), freeze.begin)
    if now - begin < waits(service.policy, clause, freeze=True):
        return "", begin
    return ends_when(service.policy, clause, freeze.slo), begin


def _gone(freeze: Freeze, service: ServiceMeasures) -> str:
    """Why the ground of a freeze is gone, whatever the budget says."""
    policy = service.policy
    if policy.name != freeze.policy:
        return f"{service.service} follows another policy now, {policy.name}"
    if freeze.id.startswith("freeze") and not service.binding:
        return f"this version of the policy {policy.name} is not signed by all three parties"
    if freeze.id.startswith("advice") and service.binding:
        return f"the policy {policy.name} is in force now"
    if freeze.clause not in dict(freezing(service)):
        return f"the policy {policy.name} no longer has this clause"
    return "" if service.slo(freeze.slo) is not None else f"{freeze.slo} is no longer promised"


def ended(freeze: Freeze, why: str, *, actor: str = ITSELF, now: Instant) -> Draft:
    """The draft that ends a freeze, or the advice of one."""
    kind = ENDED if freeze.id.startswith("freeze") else ADVICE_ENDED
    return _draft(kind, freeze.service, {"id": freeze.id, "why": why}, now, actor=actor)


def is_noted(freeze: Freeze, *, now: Instant) -> bool:
    """Whether the way of a freeze to its end was written down today (UTC) already."""
    return freeze.by_hand or max(freeze.noted, freeze.begin) // DAY >= now // DAY


def noted(freeze: Freeze, service: ServiceMeasures, *, now: Instant) -> Draft | None:
    """Once a day: how far a freeze is on the way to its end."""
    one = service.slo(freeze.slo)
    if one is None or is_noted(freeze, now=now):
        return None
    earliest = service.earliest.get((freeze.slo, freeze.clause))
    policy = service.policy
    remaining = remaining_of(policy.clauses[freeze.clause - 1].when, one.numbers)
    payload = {
        "id": freeze.id,
        "text": progress(freeze, policy, remaining, earliest),
        "earliest": None if earliest is None else iso(earliest),
        "evidence": evidence(one, service),
    }
    return _draft(PROGRESS, freeze.service, payload, now)


def progress(freeze: Freeze, policy: ErrorBudgetPolicy, remaining: Amount, earliest: Instant | None) -> str:
    """How far a freeze is on the way to its end, in words; `remaining` is the budget that its clause speaks of."""
    if not 1 <= freeze.clause <= len(policy.clauses):
        return by_clock(freeze)
    return progress_text(remaining, needed(policy, policy.clauses[freeze.clause - 1]), earliest)


def by_clock(freeze: Freeze) -> str:
    """How a freeze ends that no budget ends."""
    return f"ends on {iso(freeze.until)}" if freeze.until is not None else "ends when a person ends it"


def begin_by_hand(
    standing: Standing,
    service: str,
    model: FreezeModel,
    *,
    reason: str,
    by: str,
    until: Instant | None,
    now: Instant,
) -> Draft:
    """A freeze that a person begins. Errors: `Problem` `reason`, `until`."""
    if not reason.strip():
        raise refuse(
            "reason", "a freeze needs a reason", hint="say what everybody should know while it lasts"
        )
    if until is not None and until <= now:
        raise refuse("until", f"{iso(until)} is over already", hint="choose an instant in the future")
    ends = f"the clock says {iso(until)}" if until is not None else "a person ends it"
    payload = {
        "id": f"freeze-{len(standing.freezes) + 1}",
        "slo": "",
        "model": model,
        "clause": BY_HAND,
        "policy": {"name": "", "hash": ""},
        "why": reason.strip(),
        "ends_when": ends,
        "until": until,
    }
    return _draft(BEGAN, service, payload, now, actor=by)


def end_by_hand(standing: Standing, id: str, *, reason: str, by: str, now: Instant) -> Draft:  # noqa: A002
    """The end of a freeze that a person began.

    Errors: `Problem` `freeze` (none of that id), `ended`, `by-itself` (a clause began it), `reason`.
    """
    found = standing.freezes.get(id)
    if found is None:
        raise refuse("freeze", f"there is no freeze {id[:80]!r}", hint="allowance freeze list shows them")
    if found.end is not None:
        raise refuse("ended", f"{id} ended on {iso(found.end)}", hint="nothing is left to do")
    if not found.by_hand:
        raise refuse(
            "by-itself",
            f"{id} was begun by the policy {found.policy} and ends when {found.ends_when}",
            hint="what must go now needs an exception: a silver bullet, a waiver, or an executive's override",
        )
    if not reason.strip():
        raise refuse("reason", "ending a freeze needs a reason", hint="say what has changed")
    return ended(found, reason.strip(), actor=by, now=now)


def _payload(
    service: ServiceMeasures, one: SloMeasures, number: int, clause: Clause, *, fact: str
) -> dict[str, Any]:
    because = f"; {clause.because}" if clause.because else ""
    return {
        "slo": one.slo,
        "model": service.policy.freeze,
        "clause": number,
        "policy": {"name": service.policy.name, "hash": service.digest},
        "why": f"{fact}{because}",
        "ends_when": ends_when(service.policy, clause, one.slo),
        "until": None,
        "evidence": evidence(one, service),
    }


def _draft(
    kind: str, service: str, payload: Mapping[str, Any], now: Instant, *, actor: str = ITSELF
) -> Draft:
    return Draft(kind=kind, subject=service, actor=actor, at=now, payload=payload)


def _begin_step(entry: Entry) -> Freeze:
    told = entry.payload
    return Freeze(
        id=told["id"],
        service=entry.subject,
        slo=told["slo"],
        begin=entry.at,
        end=None,
        model=told["model"],
        policy=told["policy"]["name"],
        clause=told["clause"],
        why=told["why"],
        by=entry.actor,
        ends_when=told["ends_when"],
        seq=entry.seq,
        until=told["until"],
    )


def _remember(standing: Standing, freezes: Iterable[Freeze], *, advised: bool) -> Standing:
    known = standing.advised if advised else standing.freezes
    after = {**known, **{one.id: one for one in freezes}}
    return replace(standing, advised=after) if advised else replace(standing, freezes=after)


def _began(standing: Standing, entry: Entry) -> Standing:
    return _remember(standing, [_begin_step(entry)], advised=entry.kind == ADVISED)


def _progressed(standing: Standing, entry: Entry) -> Standing:
    found = standing.freezes[entry.payload["id"]]
    return _remember(standing, [replace(found, noted=entry.at)], advised=False)


def _ended(standing: Standing, entry: Entry) -> Standing:
    advised = entry.kind == ADVICE_ENDED
    found = (standing.advised if advised else standing.freezes)[entry.payload["id"]]
    return _remember(standing, [replace(found, end=entry.at)], advised=advised)


FOLDS = {BEGAN: _began, ADVISED: _began, PROGRESS: _progressed, ENDED: _ended, ADVICE_ENDED: _ended}
