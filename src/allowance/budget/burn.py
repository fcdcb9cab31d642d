"""Burn rates, and what two windows of one rule say together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from allowance.budget.budget import Budget, Windowed, budget_at
from allowance.contract.rules import BurnRule
from allowance.core.counts import NO_DATA, Counts, NoData
from allowance.core.time import Instant
from allowance.core.window import Window

Reading = Literal["calm", "rising", "firing", "recovering"]

# (long window over, short window over) -> the word for it
READINGS: dict[tuple[bool, bool], Reading] = {
    (False, False): "calm",
    (False, True): "rising",
    (True, True): "firing",
    (True, False): "recovering",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLittle:
    """Too few events for the rule to speak: it needs so many, and there are so many."""

    needed: int
    has: int
    what: Literal["events", "bad events"] = "events"


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLeft:
    """What is left of the budget for a rule that speaks only below a limit; `is_low` is whether it is below it."""

    below: Fraction
    left: Fraction | NoData
    is_low: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReading:
    """One rule at one instant: the counts of both windows, the factor, the word for them, and what holds it back.

    `waits`: for so many seconds more its condition must stay met before it fires.
    """

    rule: BurnRule
    factor: Fraction
    long: Counts
    short: Counts
    word: Reading
    too_little: TooLittle | None = None
    left: BudgetLeft | None = None
    waits: int = 0

    @property
    def met(self) -> bool:
        """Both windows are over, and nothing holds the rule back."""
        return self.word == "firing" and not self.held_back

    @property
    def firing(self) -> bool:
        """Its condition is met, and was for as long as the rule asks."""
        return self.met and not self.waits

    @property
    def held_back(self) -> bool:
        """Whether there is too little traffic, or too much left of the budget, for the rule to speak."""
        return self.too_little is not None or self.plenty

    @property
    def plenty(self) -> bool:
        """Whether the rule waits for less of the budget to be left."""
        return self.left is not None and not self.left.is_low


def burn_rate(counts: Counts, target: Fraction) -> Fraction | NoData:
    """(bad / total) / (1 - target): 1 spends the budget exactly over its window."""
    return Fraction(counts.bad, counts.total) / (1 - target) if counts.total else NO_DATA


def exceeds(counts: Counts, threshold: Fraction) -> bool:
    """Whether bad / total > threshold, compared exactly; no events exceed nothing."""
    return counts.bad * threshold.denominator > threshold.numerator * counts.total


def read_rule(
    buckets: Windowed,
    rule: BurnRule,
    target: Fraction,
    *,
    period: int,
    window: Window,
    spent: Windowed | None = None,
    now: Instant,
) -> RuleReading:
    """What a rule says at `now` (a bucket edge). This is the step that the live loop takes each bucket.

    `window` is that of the budget, whose rest the rule may ask for; `spent` are the counts of that budget where they
    are not all of the buckets, because it began anew.
    """
    factor, threshold = _limits(rule, target, period)
    asked = _Asked(
        buckets=buckets, rule=rule, factor=factor, threshold=threshold, window=window, spent=spent or buckets
    )
    now_read = _read(asked, target, now)
    if not rule.hold or not now_read.met:
        return now_read
    steps = -(-rule.hold // buckets.step)
    for age in range(buckets.step, steps * buckets.step + 1, buckets.step):
        if not _read(asked, target, now - age).met:
            return replace(now_read, waits=(steps + 1) * buckets.step - age)
    return now_read


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    buckets: Windowed
    rule: BurnRule
    factor: Fraction
    threshold: Fraction
    window: Window
    spent: Windowed


def _read(asked: _Asked, target: Fraction, now: Instant) -> RuleReading:
    buckets, rule, threshold = asked.buckets, asked.rule, asked.threshold
    long = buckets.between(now - rule.long, now)
    short = buckets.between(now - rule.short, now)
    left = None
    if rule.remaining_below is not None:
        left = left_for(rule, budget_at(asked.spent, target, asked.window, now=now))
    return RuleReading(
        rule=rule,
        factor=asked.factor,
        long=long,
        short=short,
        word=READINGS[exceeds(long, threshold), exceeds(short, threshold)],
        too_little=_too_little(long, rule),
        left=left,
    )


def left_for(rule: BurnRule, budget: Budget) -> BudgetLeft | None:
    """What is left, for a rule that asks for it; compared exactly, and at the limit the rule still waits."""
    line = rule.spent_line(budget.target)
    if rule.remaining_below is None or line is None:
        return None
    return BudgetLeft(below=rule.remaining_below, left=budget.remaining, is_low=exceeds(budget.counts, line))


@lru_cache(maxsize=4096)
def _limits(rule: BurnRule, target: Fraction, period: int) -> tuple[Fraction, Fraction]:
    """Factor and threshold: the same at every tick, and most of the cost of working one out."""
    factor = rule.factor(period)
    return factor, factor * (1 - target)


def _too_little(counts: Counts, rule: BurnRule) -> TooLittle | None:
    if counts.total < rule.guard.min_events:
        return TooLittle(needed=rule.guard.min_events, has=counts.total)
    if counts.bad < rule.guard.min_bad:
        return TooLittle(needed=rule.guard.min_bad, has=counts.bad, what="bad events")
    return None
