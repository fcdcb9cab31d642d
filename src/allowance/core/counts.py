"""Counts: how many events there were, and how many of them were good."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class NoData:
    """Nothing was measured. A value of its own: never 0, never 1, never NaN."""

    def __str__(self) -> str:
        return "no data"


NO_DATA = NoData()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Good and total events of any span of time; whole numbers, 0 <= good <= total."""

    good: int
    total: int

    def __post_init__(self) -> None:
        if not 0 <= self.good <= self.total:
            raise ValueError(f"counts need 0 <= good <= total, not good={self.good} total={self.total}")

    @property
    def bad(self) -> int:
        """Events that were not good."""
        return self.total - self.good

    @property
    def sli(self) -> Fraction | NoData:
        """good / total, exact, or `NO_DATA`."""
        return Fraction(self.good, self.total) if self.total else NO_DATA

    def __add__(self, other: Counts) -> Counts:
        return Counts(good=self.good + other.good, total=self.total + other.total)

    def __sub__(self, other: Counts) -> Counts:
        return Counts(good=self.good - other.good, total=self.total - other.total)


NOTHING = Counts(good=0, total=0)
