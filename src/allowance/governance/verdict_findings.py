"""The rules that speak of a change: clauses, freezes, and what the policy says where data are missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from allowance.contract.budget_policy import ChangeClass, Consequence, ErrorBudgetPolicy, FreezeModel
from allowance.contract.policies import RISKY
from allowance.core.time import Instant, iso
from allowance.governance.facts import Freeze, Standing
from allowance.governance.verdict import Ask, Mark, Reason, Word
from allowance.governance.verdict_clauses import ClauseReading, consequences
from allowance.governance.verdict_facts import GateFacts
from allowance.governance.verdict_lifts import frozen

ALWAYS: Final[tuple[ChangeClass, ...]] = ("rollback",)
"""Going back must stay possible whatever the budget says, or every incident lasts longer."""

WORD: dict[Consequence, Word] = {"allow": "go", "hold": "hold", "deny": "stop"}

DENIED: dict[FreezeModel, Word] = {"hard": "stop", "soft": "go", "governance": "stop"}
"""What a deny means under each model: hard blocks, soft warns and records, governance blocks until an override."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule that was looked at: the word that it asks for, what shows it, and the SLO and clause that caused it.

    `short` is the reason in a few words, for the sentence, and `why` what a clause says of it. `governance`: only an
    executive's override lifts it. `warns`: it is against the change without stopping it. `blind`: it speaks because
    data are missing. `freeze` is the id of the freeze that it is about; one that a person began (`by_hand`) binds by
    itself, whether or not the policy is signed.
    """

    word: Word
    reason: Reason
    short: str = ""
    why: str = ""
    slo: str = ""
    clause: int = 0
    governance: bool = False
    warns: bool = False
    blind: bool = False
    freeze: str = ""
    by_hand: bool = False

    @property
    def against(self) -> bool:
        """Whether it speaks against the change."""
        return self.word != "go" or self.warns


def findings(
    request: Ask, facts: GateFacts, policy: ErrorBudgetPolicy, standing: Standing, *, now: Instant
) -> Iterator[Finding]:
    """Every rule that speaks of the class of the change, those that it does not hurt included."""
    if request.change in ALWAYS:
        yield Finding(
            word="go", reason=Reason(mark="ok", rule="rollback", fact="going back is always allowed")
        )
        return
    if not at_risk(policy, request.change):
        fact = f"it puts nothing in the way of {request.change}"
        yield Finding(word="go", reason=Reason(mark="ok", rule=f"policy {policy.name}", fact=fact))
    else:
        yield from _clauses(request, facts, policy)
        yield from _blind(request, facts, policy)
    for one in frozen(standing, request.service, now=now):
        if request.change in stopped_classes(one, policy):
            yield _freeze(one, facts)


def at_risk(policy: ErrorBudgetPolicy, change: ChangeClass) -> bool:
    """Whether the policy ever stops or holds changes of a class; the others pass also where data are missing."""
    return any(change in one.changes and one.consequence != "allow" for one in policy.clauses)


def stopped_classes(freeze: Freeze, policy: ErrorBudgetPolicy) -> tuple[ChangeClass, ...]:
    """The classes of changes that a freeze stops: those of its clause, or the risky ones where a person began it."""
    number = freeze.clause
    if freeze.policy == policy.name and 1 <= number <= len(policy.clauses):
        return policy.clauses[number - 1].changes
    return RISKY


def _clauses(request: Ask, facts: GateFacts, policy: ErrorBudgetPolicy) -> Iterator[Finding]:
    for reading in consequences(policy, request.change, facts.clauses):
        yield _clause(reading, request, policy)


def _clause(reading: ClauseReading, request: Ask, policy: ErrorBudgetPolicy) -> Finding:
    rule = f"policy {policy.name} §{reading.number}"
    link = f"/slo/{reading.slo}"
    if reading.holds == "not" or (reading.holds == "holds" and reading.consequence == "allow"):
        return Finding(
            word="go", reason=Reason(mark="ok", rule=rule, fact=reading.fact, link=link), slo=reading.slo
        )
    if reading.holds == "unknown":
        without = "hold" if reading.broken else policy.without(request.change)
        word = WORD[without]
        tail = (
            "what cannot be worked out waits" if reading.broken else f"the policy says {without} without data"
        )
        mark: Mark = "info" if word == "go" else "against"
        return Finding(
            word=word,
            reason=Reason(mark=mark, rule=rule, fact=f"{reading.fact}; {tail}", link=link),
            short=reading.fact,
            why=f"{rule}: {tail}",
            slo=reading.slo,
            blind=True,
        )
    denied = reading.consequence == "deny"
    because = reading.clause.because
    return Finding(
        word=DENIED[policy.freeze] if denied else "hold",
        reason=Reason(
            mark="against",
            rule=rule,
            fact=f"{reading.fact}; {because}" if because else reading.fact,
            link=link,
        ),
        short=reading.fact,
        why=f"{rule}: {because}" if because else rule,
        slo=reading.slo,
        clause=reading.number,
        governance=denied and policy.freeze == "governance",
        warns=denied and policy.freeze == "soft",
    )


def _blind(request: Ask, facts: GateFacts, policy: ErrorBudgetPolicy) -> Iterator[Finding]:
    """The sources that decisions cannot lean on; without any number at all, that is said once."""
    without = policy.without(request.change)
    word = WORD[without]
    mark: Mark = "info" if word == "go" else "against"
    rule, tail = f"policy {policy.name} without data", f"; the policy says {without}"
    if not facts.clauses.slos:
        fact = f"{facts.service} has no SLO: there is nothing to judge by{tail}"
        yield Finding(word=word, reason=Reason(mark=mark, rule=rule, fact=fact), short=fact, blind=True)
    if facts.as_of is None:
        fact = f"nothing has been measured yet{tail}"
        yield Finding(word=word, reason=Reason(mark=mark, rule=rule, fact=fact), short=fact, blind=True)
        return
    for one in facts.sources:
        if not one.trusted:
            fact = f"{one.slo}: its source is {one.word}, {one.reason or 'nobody knows why'}{tail}"
            reason = Reason(mark=mark, rule=rule, fact=fact, link=f"/slo/{one.slo}")
            yield Finding(word=word, reason=reason, short=fact, slo=one.slo, blind=True)


def _freeze(freeze: Freeze, facts: GateFacts) -> Finding:
    """A freeze; why a clause began it stands beside that clause, with the numbers of today."""
    progress = next((one for one in facts.progress if one.freeze == freeze.id), None)
    since = f"since {iso(freeze.begin)[:10]}"
    began = f"{since} by {freeze.by}: {freeze.why}" if not freeze.clause else since
    ends = [f"ends when {freeze.ends_when}"] if freeze.clause and freeze.ends_when else []
    far = [progress.text] if progress is not None and progress.text else []
    model = "" if freeze.model == "hard" else f" ({freeze.model})"
    reason = Reason(
        mark="against",
        rule=f"{freeze.id}{model}",
        fact="; ".join([began, *ends, *far]),
        link=f"/ledger/{freeze.seq}",
    )
    return Finding(
        word=DENIED[freeze.model],
        reason=reason,
        short=f"frozen {began}" if not freeze.clause else f"{reason.rule}: {'; '.join(far) or freeze.why}",
        slo=freeze.slo,
        clause=freeze.clause,
        governance=freeze.model == "governance",
        warns=freeze.model == "soft",
        freeze=freeze.id,
        by_hand=freeze.by_hand,
    )
