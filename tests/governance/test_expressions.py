"""What expressions are asked about, and what a verdict makes of their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest

from allowance.contract.budget_policy import Clause, Condition
from allowance.contract.model import Service
from allowance.contract.policies import RISKY
from allowance.contract.signing import policy_hash
from allowance.core.counts import NO_DATA
from allowance.core.time import parse_instant
from allowance.governance.expressions import Question, said, silent
from allowance.governance.facts import Standing
from allowance.governance.judge import judge
from allowance.governance.verdict import Ask, Word, verdict_json
from allowance.governance.verdict_clauses import Amount, ClauseFacts, SloNumbers
from allowance.governance.verdict_evidence import evidence
from allowance.governance.verdict_facts import GateFacts
from allowance.governance.verdict_plain import valued
from tests.governance.governed import POLICY, SERVICE, SLO, in_force
from tests.governance.ruling import START

TEXT = "remaining < 0.1 && burn['1h'] > 3.0"
CAREFUL = in_force(
    replace(
        POLICY,
        without_data="allow",
        without_data_by=(("config", "deny"),),
        clauses=(Clause(when=Condition(expression=TEXT), changes=RISKY, consequence="deny"),),
    )
)
MONDAY_TEN = parse_instant("2026-11-23T10:59:59Z")


def answers(
    *, remaining: Amount, burn: Amount, service: Service = SERVICE
) -> tuple[dict[str, str], list[Question]]:
    asked: list[Question] = []

    def say(questions: Sequence[Question]) -> Sequence[str]:
        asked.extend(questions)
        return ["true"] * len(questions)

    found = said(
        CAREFUL,
        service,
        SLO,
        state="yellow",
        remaining=remaining,
        burns={3600: burn},
        say=say,
        now=MONDAY_TEN,
    )
    return found, asked


def test_an_expression_gets_the_numbers_of_its_instant() -> None:
    labelled = replace(SERVICE, labels={"team": "shop"}, tier=1)
    found, asked = answers(remaining=Fraction(1, 20), burn=Fraction(7, 2), service=labelled)
    assert found == {TEXT: "true"}
    assert asked[0].values == {
        "remaining": 0.05,
        "state": "yellow",
        "burn": {"1h": 3.5},
        "service": "checkout",
        "slo": "availability",
        "tier": 1,
        "labels": {"team": "shop"},
        "hour": 10,
        "weekday": 1,
    }


def test_what_is_not_known_is_not_asked() -> None:
    assert answers(remaining=NO_DATA, burn=Fraction(1)) == ({TEXT: "no data"}, [])
    assert answers(remaining=Fraction(1), burn=NO_DATA) == ({TEXT: "no data"}, [])
    assert said(
        CAREFUL,
        SERVICE,
        SLO,
        state="red",
        remaining=Fraction(1),
        burns={3600: Fraction(1)},
        say=silent,
        now=START,
    ) == {TEXT: "nobody here works expressions out"}


@pytest.mark.parametrize(
    ("told", "change", "word"),
    [
        ("true", "feature", "stop"),
        ("false", "feature", "go"),
        ("it took longer than 2 s", "feature", "hold"),
        ("it took longer than 2 s", "config", "hold"),
        ("no data", "feature", "go"),
        ("no data", "config", "stop"),
        ("it took longer than 2 s", "hotfix", "go"),
        ("it took longer than 2 s", "rollback", "go"),
    ],
)
def test_what_cannot_be_worked_out_waits_whatever_is_said_of_missing_data(
    told: str, change: str, word: Word
) -> None:
    numbers = SloNumbers(state="green", remaining=Fraction(1, 2), said={TEXT: told})
    facts = GateFacts(
        service="checkout", unit="shop", as_of=START, clauses=ClauseFacts(slos={SLO.id: numbers})
    )
    ask = Ask(service="checkout", change=change)  # type: ignore[arg-type]
    verdict = judge(ask, facts, CAREFUL, Standing(), now=START)
    assert (verdict.word, verdict.mode) == (word, "binding"), verdict.sentence
    kept = evidence(ask, facts, CAREFUL, policy_hash(CAREFUL), Standing(), now=START)
    again = judge(ask, valued(GateFacts, kept["facts"]), CAREFUL, Standing(), now=START)
    assert verdict_json(again) == verdict_json(verdict), "the answers are part of the evidence"
