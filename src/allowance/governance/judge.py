"""May this change go? The clauses of the policy, the freezes in force and the exceptions, in one verdict.

Of everything that is against a change the strictest wins; an exception lifts what it was made for and is named. Going
back is always allowed. A policy that is not signed only advises; a freeze that a person began binds all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from allowance.contract.budget_policy import CHANGE_CLASSES, ChangeClass, ErrorBudgetPolicy
from allowance.contract.signing import policy_hash
from allowance.core.time import Instant
from allowance.governance.facts import Standing
from allowance.governance.signatures import binding
from allowance.governance.verdict import Ask, Mode, Reason, Verdict, strictest
from allowance.governance.verdict_evidence import evidence
from allowance.governance.verdict_facts import GateFacts
from allowance.governance.verdict_findings import Finding, findings
from allowance.governance.verdict_lifts import Lift, lifts, relevant
from allowance.governance.verdict_sentence import sentence
from allowance.governance.verdict_ways import ways


def judge(
    request: Ask, facts: GateFacts, policy: ErrorBudgetPolicy, standing: Standing, *, now: Instant
) -> Verdict:
    """The verdict on a change at `now`. Pure: its evidence alone leads to it again (`verdict_replay`)."""
    digest = policy_hash(policy)
    known = relevant(standing, request, digest, unit=facts.unit, now=now)
    return verdict_on(request, facts, policy, digest, known, now=now)


def verdict_on(
    request: Ask,
    facts: GateFacts,
    policy: ErrorBudgetPolicy,
    digest: str,
    standing: Standing,
    *,
    now: Instant,
) -> Verdict:
    """Like `judge`, from the part of the standing that matters, and the hash that the policy had then."""
    found = tuple(_looked_at(request, facts, policy, standing, now=now))
    truth = strictest(tuple(one.word for one in found))
    signed = binding(policy, digest, standing)
    by_hand = tuple(one for one in found if one.by_hand and one.word != "go")
    deciding = found if signed or not by_hand else by_hand
    mode: Mode = "binding" if signed or by_hand else "advice"
    if request.shadow or facts.shadow:
        mode = "shadow"
    passing: tuple[ChangeClass, ...] = ()
    if truth != "go":
        passing = _passing(request, facts, policy, standing, advice=deciding is found, now=now)
    return Verdict(
        word=truth if mode == "binding" else "go",
        truth=truth,
        mode=mode,
        sentence=sentence(request, facts, deciding, truth, mode, policy.name),
        reasons=(*(one.reason for one in found), *_context(facts)),
        ways=ways(request, facts, policy, standing, deciding, passing, now=now),
        policy=policy.name,
        policy_hash=digest,
        blind=any(one.blind for one in found) or not all(one.trusted for one in facts.sources),
        as_of=facts.as_of,
        at=now,
        ask=request,
        evidence=evidence(request, facts, policy, digest, standing, now=now),
    )


def _looked_at(
    request: Ask, facts: GateFacts, policy: ErrorBudgetPolicy, standing: Standing, *, now: Instant
) -> Iterator[Finding]:
    """Every rule that speaks of the change; what an exception lifts stays visible and does not count."""
    granted = lifts(standing, request, facts.clauses, now=now)
    for one in findings(request, facts, policy, standing, now=now):
        lift = next((lift for lift in granted if _covers(lift, one)), None)
        if not one.against or lift is None:
            yield one
        else:
            yield replace(one, word="go", warns=False, reason=replace(one.reason, lifted_by=lift.name))


def _covers(lift: Lift, one: Finding) -> bool:
    return lift.covers(slo=one.slo, freeze=one.freeze, governance=one.governance, blind=one.blind)


def _passing(
    request: Ask,
    facts: GateFacts,
    policy: ErrorBudgetPolicy,
    standing: Standing,
    *,
    advice: bool,
    now: Instant,
) -> tuple[ChangeClass, ...]:
    """The other classes that would pass now; without the `advice` of the policy where only freezes by hand bind."""
    return tuple(
        other
        for other in CHANGE_CLASSES
        if other != request.change
        and all(
            one.word == "go" or not (advice or one.by_hand)
            for one in _looked_at(replace(request, change=other), facts, policy, standing, now=now)
        )
    )


def _context(facts: GateFacts) -> Iterator[Reason]:
    """What explains and decides nothing."""
    for one in facts.dependencies:
        fact = f"its budget is {one.state}"
        yield Reason(
            mark="info", rule=f"dependency {one.service}", fact=fact, link=f"/services/{one.service}"
        )
