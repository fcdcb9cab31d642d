"""Burn rates, and what two windows of one rule say together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from allowance.budget.budget import Windowed
from allowance.contract.rules import BurnRule
from allowance.core.counts import NO_DATA, Counts, NoData
from allowance.core.time import Instant

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
class RuleReading:
    """One rule at one instant: the counts of both windows, the factor, and the word for them.

    `waits`: for so many seconds more its condition must stay met before it fires.
    """

    rule: BurnRule
    factor: Fraction
    long: Counts
    short: Counts
    word: Reading
    too_little: TooLittle | None = None
    waits: int = 0

    @property
    def met(self) -> bool:
        """Both windows are over, and there was enough traffic to say so."""
        return self.word == "firing" and self.too_little is None

    @property
    def firing(self) -> bool:
        """Its condition is met, and was for as long as the rule asks."""
        return self.met and not self.waits


def burn_rate(counts: Counts, target: Fraction) -> Fraction | NoData:
    """(bad / total) / (1 - target): 1 spends the budget exactly over its window."""
    return Fraction(counts.bad, counts.total) / (1 - target) if counts.total else NO_DATA


def exceeds(counts: Counts, threshold: Fraction) -> bool:
    """Whether bad / total > threshold, compared exactly; no events exceed nothing."""
    return counts.bad * threshold.denominator > threshold.numerator * counts.total


def read_rule(
    buckets: Windowed, rule: BurnRule, target: Fraction, *, period: int, now: Instant
) -> RuleReading:
    """What a rule says at `now` (a bucket edge). This is the step that the live loop takes each bucket."""
    factor, threshold = _limits(rule, target, period)
    now_read = _read(buckets, rule, factor, threshold, now)
    if not rule.hold or not now_read.met:
        return now_read
    for age in range(buckets.step, rule.hold + 1, buckets.step):
        if not _read(buckets, rule, factor, threshold, now - age).met:
            return replace(now_read, waits=rule.hold - age + buckets.step)
    return now_read


def _read(
    buckets: Windowed, rule: BurnRule, factor: Fraction, threshold: Fraction, now: Instant
) -> RuleReading:
    long = buckets.between(now - rule.long, now)
    short = buckets.between(now - rule.short, now)
    word = READINGS[exceeds(long, threshold), exceeds(short, threshold)]
    return RuleReading(
        rule=rule, factor=factor, long=long, short=short, word=word, too_little=_too_little(long, rule)
    )


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
