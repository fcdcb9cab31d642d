"""What each clause of a policy says of a change, for every SLO of the service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from allowance.contract.budget_policy import (
    BudgetState,
    ChangeClass,
    Clause,
    Condition,
    Consequence,
    ErrorBudgetPolicy,
    Thresholds,
)
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import short
from allowance.core.ratio import decimal_text, percent_text

Holds = Literal["holds", "not", "unknown"]

NOTHING_TO_ASK = "no data"
SETTLED = ("true", "false", NOTHING_TO_ASK)
"""What an expression comes to where nothing went wrong."""

Amount = Fraction | NoData


@dataclass(frozen=True, slots=True, kw_only=True)
class SloNumbers:
    """What clauses ask of one SLO: its state, what remains (also `over` other windows, by their text), its `burns`.

    `state` is the ledger's; where it says none, the policy's thresholds say which one the remaining budget means.
    `burns` maps seconds to burn rates, `said` CEL expressions to what they came to: `true`, `false`, `no data`,
    or why they could not be worked out.
    """

    state: BudgetState | None
    remaining: Amount
    over: Mapping[str, Amount] = field(default_factory=dict, hash=False)
    burns: Mapping[int, Amount] = field(default_factory=dict, hash=False)
    said: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseFacts:
    """The numbers of every SLO (`service/name`) of a service."""

    slos: Mapping[str, SloNumbers] = field(default_factory=dict, hash=False)

    def burning(self, seconds: int) -> Mapping[str, Amount]:
        """The burn rate of every SLO over so many seconds; `NO_DATA` where nobody looked it up."""
        return {slo: one.burns.get(seconds, NO_DATA) for slo, one in self.slos.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseReading:
    """One clause (counted from 1) on one SLO (`""`: there is none): whether it holds, and the fact in words.

    `broken`: it is unknown because its expression could not be worked out; that holds a change in any case.
    """

    number: int
    clause: Clause
    slo: str
    holds: Holds
    fact: str
    broken: bool = False

    @property
    def consequence(self) -> Consequence:
        """What the clause asks for while it holds."""
        return self.clause.consequence


def consequences(
    policy: ErrorBudgetPolicy, change: ChangeClass, facts: ClauseFacts
) -> tuple[ClauseReading, ...]:
    """Every clause that names the class of the change, on every SLO, in the order of the policy."""
    return tuple(
        read_clause(number, clause, slo, numbers, policy.thresholds)
        for number, clause in enumerate(policy.clauses, 1)
        if change in clause.changes
        for slo, numbers in sorted(facts.slos.items())
    )


def state_of(thresholds: Thresholds, remaining: Amount) -> BudgetState | None:
    """The state that a remaining budget means by itself; nothing without data."""
    if isinstance(remaining, NoData):
        return None
    if remaining <= thresholds.red_at:
        return "red"
    return "yellow" if remaining < thresholds.yellow_below else "green"


def read_clause(
    number: int, clause: Clause, slo: str, numbers: SloNumbers, thresholds: Thresholds
) -> ClauseReading:
    """What one clause says of one SLO."""
    parts = list(_parts(clause.when, numbers, thresholds))
    words = [word for word, _ in parts]
    holds: Holds = "not" if "not" in words else "unknown" if "unknown" in words else "holds"
    said = [fact for word, fact in parts if word == holds] or ["always"]
    text = clause.when.expression
    broken = holds == "unknown" and text is not None and numbers.said.get(text) not in SETTLED
    fact = f"{slo}: {', '.join(said)}"
    return ClauseReading(number=number, clause=clause, slo=slo, holds=holds, fact=fact, broken=broken)


def _parts(when: Condition, numbers: SloNumbers, thresholds: Thresholds) -> Iterator[tuple[Holds, str]]:
    """Each part of a condition: whether it holds, and what was found."""
    remaining = numbers.remaining if when.window is None else numbers.over.get(str(when.window), NO_DATA)
    over = "" if when.window is None else f" of {when.window}"
    left = (
        "no data"
        if isinstance(remaining, NoData)
        else f"{percent_text(remaining, 1)} of the budget{over} left"
    )
    if when.state is not None:
        own = numbers.state if when.window is None else None
        state = own or state_of(thresholds, remaining)
        word: Holds = "unknown" if state is None else "holds" if state == when.state else "not"
        but = f" and not {when.state}" if word == "not" else ""
        yield word, left if state is None else f"{state}{but}, {left}"
    if when.remaining_below is not None:
        if isinstance(remaining, NoData):
            yield "unknown", left
        else:
            limit = f"{left} (limit {percent_text(when.remaining_below, 1)})"
            yield ("holds" if remaining < when.remaining_below else "not"), limit
    if when.burn_above is not None and when.burn_over is not None:
        yield _burn(when.burn_above, when.burn_over, numbers.burns.get(when.burn_over, NO_DATA))
    if when.expression is not None:
        yield _expression(when.expression, numbers)


def _expression(text: str, numbers: SloNumbers) -> tuple[Holds, str]:
    """What somebody else worked out: the binding that evaluates CEL is not pure."""
    found = numbers.said.get(text, "nobody worked it out")
    if found == "true":
        return "holds", f"{text} is so"
    return ("not", f"{text} is not so") if found == "false" else ("unknown", f"{text}: {found}")


def _burn(above: Fraction, seconds: int, burn: Amount) -> tuple[Holds, str]:
    if isinstance(burn, NoData):
        return "unknown", f"no data in the last {short(seconds)}"
    fact = f"burn {decimal_text(burn, 1)} over {short(seconds)} (limit {decimal_text(above, 1)})"
    return ("holds" if burn > above else "not"), fact
