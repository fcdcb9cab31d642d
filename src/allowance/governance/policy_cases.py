"""A policy tried with made-up budgets: the same judge as the gate, before anybody signs."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from allowance.contract.budget_policy import ErrorBudgetPolicy
from allowance.contract.expressions import spans
from allowance.contract.indicator import Events
from allowance.contract.model import Service, Slo
from allowance.contract.policy_test import PolicyCase
from allowance.contract.signing import policy_hash
from allowance.core.counts import NoData
from allowance.core.duration import DAY
from allowance.core.window import RollingWindow
from allowance.governance.expressions import Say, expressions, said, silent
from allowance.governance.facts import Standing
from allowance.governance.judge import verdict_on
from allowance.governance.verdict import Ask, Word
from allowance.governance.verdict_clauses import Amount, ClauseFacts, SloNumbers, state_of
from allowance.governance.verdict_facts import GateFacts

SERVICE: Final = "service"
SLO_ID: Final = "service/slo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A case, what the policy says to it, and why in one sentence."""

    case: PolicyCase
    word: Word
    why: str

    @property
    def passed(self) -> bool:
        """Whether that is what was expected."""
        return self.word == self.case.expect


def try_case(policy: ErrorBudgetPolicy, case: PolicyCase, *, say: Say = silent) -> Tried:
    """What a policy says to a case, as if it were signed."""
    numbers = _numbers(policy, case, say)
    verdict = verdict_on(
        Ask(service=SERVICE, change=case.change),
        GateFacts(service=SERVICE, unit=SERVICE, as_of=case.at, clauses=ClauseFacts(slos={SLO_ID: numbers})),
        policy,
        policy_hash(policy),
        Standing(),
        now=case.at,
    )
    against = [one.fact for one in verdict.reasons if one.mark == "against"]
    why = "; ".join(against) or next((one.fact for one in verdict.reasons), "nothing is against it")
    return Tried(case=case, word=verdict.truth, why=why.replace(f"{SLO_ID}: ", ""))


def _numbers(policy: ErrorBudgetPolicy, case: PolicyCase, say: Say) -> SloNumbers:
    whens = [clause.when for clause in policy.clauses]
    over: dict[str, Amount] = {
        str(one.window): case.windows.get(str(one.window), case.remaining)
        for one in whens
        if one.window is not None
    }
    asked = {one.burn_over for one in whens if one.burn_over is not None}
    asked |= {span for text in expressions(policy) for span in spans(text)}
    burns: dict[int, Amount] = {span: case.burns.get(span, Fraction(0)) for span in sorted(asked)}
    if isinstance(case.remaining, NoData):
        burns = {span: case.burns.get(span, case.remaining) for span in burns}
    slo = Slo(
        name="slo",
        service=SERVICE,
        indicator=Events(good="true"),
        target=Fraction(999, 1000),
        window=RollingWindow(seconds=28 * DAY),
        rules=(),
    )
    told = said(
        policy,
        Service(name=SERVICE, slos=(slo,), tier=case.tier, labels=case.labels),
        slo,
        state=case.state or state_of(policy.thresholds, case.remaining),
        remaining=case.remaining,
        burns=burns,
        say=say,
        now=case.at,
    )
    return SloNumbers(state=case.state, remaining=case.remaining, over=over, burns=burns, said=told)
