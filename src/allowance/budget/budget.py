"""The error budget of one window: allowed, spent and left, in events and in minutes; all exact."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from allowance.core.counts import NO_DATA, Counts, NoData
from allowance.core.time import Instant
from allowance.core.window import Window


class Windowed(Protocol):
    """Counts of any window between two edges of a grid of `step` seconds."""

    @property
    def step(self) -> int: ...

    def between(self, begin: Instant, end: Instant) -> Counts: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a target allows over some counts: allowed = (1 - target) x total, spent = bad."""

    target: Fraction
    counts: Counts

    @property
    def allowed(self) -> Fraction:
        """How many events may be bad; a fraction, because 0.1 % of 10 049 is 10.049."""
        return (1 - self.target) * self.counts.total

    @property
    def spent(self) -> int:
        """How many events were bad."""
        return self.counts.bad

    @property
    def left(self) -> Fraction:
        """Bad events still allowed; below zero when overspent."""
        return self.allowed - self.spent

    @property
    def remaining(self) -> Fraction | NoData:
        """1 - spent / allowed; below zero without bound; `NO_DATA` without events."""
        return 1 - self.spent / self.allowed if self.counts.total else NO_DATA

    @property
    def met(self) -> bool | NoData:
        """good / total >= target; equality meets the target."""
        if not self.counts.total:
            return NO_DATA
        return self.counts.good * self.target.denominator >= self.target.numerator * self.counts.total


def budget_at(buckets: Windowed, target: Fraction, window: Window, *, now: Instant) -> Budget:
    """The budget of the window that ends at `now`, a bucket edge. Short history counts as it is, unscaled."""
    span = window.at(now)
    return Budget(target=target, counts=buckets.between(span.begin, span.end))


def full_outage_seconds(target: Fraction, period: int) -> Fraction:
    """How long a total outage may last in a period at even traffic: (1 - target) x period.

    99.9 % over 28 days: 2 419.2 s, that is 40 min 19.2 s.
    """
    return (1 - target) * period
