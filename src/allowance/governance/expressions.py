"""What a CEL expression of a policy is asked about: the names that it may use, with their values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from allowance.contract.budget_policy import ErrorBudgetPolicy
from allowance.contract.expressions import span_names
from allowance.contract.model import Service, Slo
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import DAY, HOUR
from allowance.core.time import Instant
from allowance.governance.verdict_clauses import NOTHING_TO_ASK, Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """An expression and the values of its names. CEL knows no fractions: shares and rates are the nearest doubles."""

    expression: str
    values: Mapping[str, Any] = field(hash=False)


Say = Callable[[Sequence[Question]], Sequence[str]]
"""Works expressions out: `true`, `false`, or why that was not possible, in the order of the questions."""


def silent(questions: Sequence[Question]) -> Sequence[str]:
    """Where nobody is there who knows CEL."""
    return ["nobody here works expressions out"] * len(questions)


def expressions(policy: ErrorBudgetPolicy) -> tuple[str, ...]:
    """The expressions of a policy, each once."""
    found = (clause.when.expression for clause in policy.clauses)
    return tuple(dict.fromkeys(text for text in found if text is not None))


def said(
    policy: ErrorBudgetPolicy,
    service: Service,
    slo: Slo,
    *,
    state: str | None,
    remaining: Amount,
    burns: Mapping[int, Amount],
    say: Say,
    now: Instant,
) -> dict[str, str]:
    """What every expression of a policy comes to for an SLO; `no data` where a number that it needs is not known."""
    texts = expressions(policy)
    if isinstance(remaining, NoData) or state is None:
        return dict.fromkeys(texts, NOTHING_TO_ASK)
    asked: list[Question] = []
    found: dict[str, str] = {}
    for text in texts:
        rates = {name: burns.get(span, NO_DATA) for name, span in span_names(text).items()}
        if any(isinstance(rate, NoData) for rate in rates.values()):
            found[text] = NOTHING_TO_ASK
            continue
        asked.append(
            Question(
                expression=text,
                values={
                    "remaining": float(remaining),
                    "state": state,
                    "burn": {
                        name: float(rate) for name, rate in rates.items() if not isinstance(rate, NoData)
                    },
                    "service": service.name,
                    "slo": slo.name,
                    "tier": service.tier,
                    "labels": dict(service.labels),
                    "hour": now % DAY // HOUR,
                    "weekday": (now // DAY + 3) % 7 + 1,
                },
            )
        )
    answers = say(asked) if asked else ()
    return found | {one.expression: answer for one, answer in zip(asked, answers, strict=True)}
