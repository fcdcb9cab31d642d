"""Sudden or slow: the one step in a stretch of counts that explains it best, if there is one."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import log

from allowance.budget.budget import Windowed
from allowance.core.counts import NO_DATA, NOTHING, Counts, NoData
from allowance.core.time import Instant

STRONG = 10.0
"""How much likelier (natural logarithm) two levels must be than one, before one speaks of a step."""

TIMES = 3
"""So many times worse is worth the word sudden."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Onset:
    """From `at` on a larger share fails than before."""

    at: Instant
    before: Counts
    after: Counts


def onset(counted: Windowed, *, begin: Instant, end: Instant) -> Onset | NoData:
    """The step upwards in `[begin, end)`, both edges; `NO_DATA` where one level, or a slow rise, explains it as well.

    The best split is the most likely one of two levels (binomial); the answer is an estimate and decides nothing.
    """
    parts = [counted.between(at, at + counted.step) for at in range(begin, end, counted.step)]
    whole = sum(parts, start=NOTHING)
    if not whole.bad or not whole.good:
        return NO_DATA
    best, place, before = 0.0, 0, NOTHING
    alone = _likelihood(whole)
    for number, part in enumerate(parts[:-1], start=1):
        before += part
        gain = _likelihood(before) + _likelihood(whole - before) - alone
        if gain > best:
            best, place = gain, number
    first = sum(parts[:place], start=NOTHING)
    rest = whole - first
    if best < STRONG or not first.total or not _worse(first, rest):
        return NO_DATA
    return Onset(at=begin + place * counted.step, before=first, after=rest)


def _worse(before: Counts, after: Counts) -> bool:
    return Fraction(after.bad, after.total) >= TIMES * Fraction(before.bad, before.total)


def _likelihood(counts: Counts) -> float:
    """The largest log-likelihood that any share of failures gives these counts."""
    if not counts.bad or not counts.good:
        return 0.0
    share = counts.bad / counts.total
    return counts.bad * log(share) + counts.good * log(1 - share)
