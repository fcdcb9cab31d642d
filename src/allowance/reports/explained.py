"""The sums behind a budget, step by step with the real numbers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from allowance.budget.analysis import Analysis, WindowAnswer
from allowance.budget.burn import RuleReading, read_rule
from allowance.core.duration import short
from allowance.core.ratio import decimal_text
from allowance.core.time import iso
from allowance.reports.numbers import exact, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of a calculation: what is asked, the sum with its numbers, the result."""

    what: str
    sum: str
    result: str


def explain_window(answer: WindowAnswer) -> tuple[Step, ...]:
    """How the budget of one window comes about."""
    budget, counts = answer.budget, answer.budget.counts
    target, allowed_ratio = budget.target, 1 - budget.target
    span = f"[{iso(answer.span.begin)}, {iso(answer.span.end)})"
    steps = [Step(what="window", sum=f"{answer.window} before {iso(answer.at)}", result=span)]
    if not counts.total:
        return (*steps, Step(what="events", sum="none in the window", result="no data"))
    p, q = target.numerator, target.denominator
    sign = ">=" if budget.met is True else "<"
    return (
        *steps,
        Step(what="bad", sum=f"{counts.total} - {counts.good}", result=str(counts.bad)),
        Step(
            what="SLI",
            sum=f"{counts.good} / {counts.total}",
            result=decimal_text(Fraction(counts.good, counts.total)),
        ),
        Step(
            what="target met?",
            sum=f"{counts.good} x {q} = {counts.good * q} {sign} {p} x {counts.total} = {p * counts.total}",
            result="yes" if budget.met is True else "no",
        ),
        Step(
            what="allowed",
            sum=f"(1 - {exact(target)}) x {counts.total} = {exact(allowed_ratio)} x {counts.total}",
            result=exact(budget.allowed),
        ),
        Step(what="left", sum=f"{exact(budget.allowed)} - {counts.bad}", result=exact(budget.left)),
        Step(
            what="remaining",
            sum=f"1 - {counts.bad} / {exact(budget.allowed)}",
            result=f"{decimal_text(1 - counts.bad / budget.allowed)} = {percent(budget.remaining)}",
        ),
    )


def explain_rule(reading: RuleReading, target: Fraction, period: int) -> tuple[Step, ...]:
    """Why a rule reads as it does."""
    rule = reading.rule
    threshold = reading.factor * (1 - target)
    return (
        Step(
            what=f"factor of {rule.name}",
            sum=f"{exact(rule.share)} x {short(period)} / {short(rule.long)}",
            result=exact(reading.factor),
        ),
        Step(
            what="threshold",
            sum=f"{exact(reading.factor)} x (1 - {exact(target)})",
            result=f"bad / total > {exact(threshold)}",
        ),
        *(
            Step(
                what=f"{name} window, {short(seconds)}",
                sum=f"{counts.bad} / {counts.total}" if counts.total else "no events",
                result=("over" if over else "not over"),
            )
            for name, seconds, counts, over in (
                ("long", rule.long, reading.long, reading.word in ("firing", "recovering")),
                ("short", rule.short, reading.short, reading.word in ("firing", "rising")),
            )
        ),
        Step(what="both together", sum=f"{rule.severity} {rule.name}", result=reading.word),
        *_asked_of_the_budget(reading),
    )


def _asked_of_the_budget(reading: RuleReading) -> tuple[Step, ...]:
    asked = reading.left
    if asked is None:
        return ()
    said = f"{percent(asked.left)} {'<' if asked.is_low else '>='} {percent(asked.below)}"
    return (Step(what="little left?", sum=said, result="yes" if asked.is_low else "no: it waits"),)


def explain_analysis(whole: Analysis) -> tuple[tuple[str, tuple[Step, ...]], ...]:
    """Each window, then each rule at the end of the data, under a heading of its own."""
    question = whole.question
    parts = [
        (f"Budget of {answer.window} at {iso(answer.at)}", explain_window(answer)) for answer in whole.windows
    ]
    if len(whole.buckets):
        for rule in question.rules:
            reading = read_rule(
                whole.buckets,
                rule,
                question.target,
                period=question.period,
                window=question.budget_window,
                now=whole.buckets.end,
            )
            parts.append(
                (
                    f"Alert {rule.severity} {rule.name}",
                    explain_rule(reading, question.target, question.period),
                )
            )
    return tuple(parts)
