"""All SLOs at one instant: which of them have a rule that is met, and the counts of every budget, in one sweep.

The sweep reads a few rows of running totals, one per window edge; each row holds every SLO. It says the same as
`evaluate` does one by one (a property test holds them together), for a hundredth of the price.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from allowance.budget.evaluate import period_of
from allowance.contract.model import Occurrences, Slo
from allowance.core.buckets import Ints
from allowance.core.time import Instant

Exact = NDArray[Any]
"""int64, or Python's own integers where a product could leave 64 bits."""

SAFE = 2**62

K = TypeVar("K", bound=Hashable)


class Rows(Protocol):
    """Running totals of many histories: one column each."""

    def at(self, instant: Instant) -> tuple[Ints, Ints]:
        """Good and total of all buckets before an instant, for every column; an edge of the buckets."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One SLO, or one group of it, and the columns whose counts it adds up."""

    slo: Slo
    group: str
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sweep:
    """By member: whether a rule's condition is met (it may have to stay so for a while), and the counts of the
    SLO's window."""

    at: Instant
    firing: NDArray[np.bool_]
    good: Ints
    total: Ints


def sweepable(slo: Slo) -> bool:
    """Whether the budget counts events; slices of time are judged one SLO at a time."""
    return isinstance(slo.method, Occurrences)


class Fleet:
    """What never changes between two ticks: the members' windows, thresholds and guards as arrays."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = tuple(members)
        self._columns = np.array([c for m in self.members for c in m.columns], dtype=np.intp)
        sizes = [len(member.columns) for member in self.members]
        self._starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp) if sizes else None
        self._single = all(size == 1 for size in sizes)
        self._lines = _Lines(self.members)
        self._windows = grouped([member.slo.window for member in self.members])

    def sweep(self, rows: Rows, *, now: Instant) -> Sweep:
        """Judge everybody at `now`, an edge of the buckets."""
        newest = self.read(rows, now)
        fired = np.zeros(len(self.members), dtype=bool)
        fired[self._lines.members[self._lines.firing(lambda at: self.since(rows, newest, at), now=now)]] = (
            True
        )
        good, total = self._spent(rows, newest, now)
        return Sweep(at=now, firing=fired, good=good, total=total)

    def budgets(self, rows: Rows, *, now: Instant) -> Ints:
        """Good and total of every member's window, a column each."""
        return np.stack(self._spent(rows, self.read(rows, now), now))

    def rules(self, rows: Rows, *, now: Instant) -> Ints:
        """Of the long and the short window good and total, a column for each rule of each member in their order."""
        newest = self.read(rows, now)
        return self._lines.read(lambda at: self.since(rows, newest, at), now=now)

    def _spent(self, rows: Rows, newest: tuple[Ints, Ints], now: Instant) -> tuple[Ints, Ints]:
        good, total = np.zeros_like(newest[0]), np.zeros_like(newest[1])
        for window, which in self._windows:
            counts = self.since(rows, newest, window.at(now).begin)
            good[which], total[which] = counts[0][which], counts[1][which]
        return good, total

    def since(self, rows: Rows, newest: tuple[Ints, Ints], at: Instant) -> tuple[Ints, Ints]:
        """By member good and total from an edge on; `newest` is what `read` gives for the end."""
        before = self.read(rows, at)
        return newest[0] - before[0], newest[1] - before[1]

    def read(self, rows: Rows, at: Instant) -> tuple[Ints, Ints]:
        """By member good and total of everything before an edge."""
        if self._starts is None:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        good, total = (row[self._columns] for row in rows.at(at))
        if self._single:
            return good, total
        return np.add.reduceat(good, self._starts), np.add.reduceat(total, self._starts)


class _Lines:
    """Every rule of every member, one line each."""

    def __init__(self, members: Sequence[Member]) -> None:
        lines = [(number, m.slo, rule) for number, m in enumerate(members) for rule in m.slo.rules]
        thresholds = [rule.factor(period_of(slo)) * (1 - slo.target) for _, slo, rule in lines]
        self.members = np.array([number for number, _, _ in lines], dtype=np.intp)
        self._p = exact([threshold.numerator for threshold in thresholds])
        self._q = exact([threshold.denominator for threshold in thresholds])
        self._events = np.array([rule.guard.min_events for _, _, rule in lines], dtype=np.int64)
        self._bad = np.array([rule.guard.min_bad for _, _, rule in lines], dtype=np.int64)
        self._long = grouped([rule.long for _, _, rule in lines])
        self._short = grouped([rule.short for _, _, rule in lines])
        asking = [(place, line) for place, line in enumerate(lines) if line[2].remaining_below is not None]
        spent = [rule.spent_line(slo.target) or Fraction(0) for _, (_, slo, rule) in asking]
        self._asking = np.array([place for place, _ in asking], dtype=np.intp)
        self._spent_p = exact([line.numerator for line in spent])
        self._spent_q = exact([line.denominator for line in spent])
        self._left = grouped([slo.window for _, (_, slo, _) in asking])

    def firing(self, since: Any, *, now: Instant) -> NDArray[np.bool_]:
        """Both windows over, enough traffic in the long one, and little enough left where a rule asks for that."""
        fires = np.ones(len(self.members), dtype=bool)
        windows = self._windows(since, now)
        for width, lines in self._long:
            bad, total = self._counts(windows[width], lines)
            enough = (total >= self._events[lines]) & (bad >= self._bad[lines])
            fires[lines] &= _over(bad, total, self._p[lines], self._q[lines]) & enough
        for width, lines in self._short:
            fires[lines] &= _over(*self._counts(windows[width], lines), self._p[lines], self._q[lines])
        for window, which in self._left:
            lines = self._asking[which]
            counts = self._counts(since(window.at(now).begin), lines)
            fires[lines] &= _over(*counts, self._spent_p[which], self._spent_q[which])
        return fires

    def read(self, since: Any, *, now: Instant) -> Ints:
        """Of the long and the short window good and total of every line."""
        found = np.zeros((2, 2, len(self.members)), dtype=np.int64)
        windows = self._windows(since, now)
        for place, spans in enumerate((self._long, self._short)):
            for width, lines in spans:
                bad, total = self._counts(windows[width], lines)
                found[place, 0, lines], found[place, 1, lines] = total - bad, total
        return found

    def _windows(self, since: Any, now: Instant) -> dict[int, tuple[Ints, Ints]]:
        return {width: since(now - width) for width in {width for width, _ in (*self._long, *self._short)}}

    def _counts(self, window: tuple[Ints, Ints], lines: NDArray[np.intp]) -> tuple[Ints, Ints]:
        good, total = window[0][self.members[lines]], window[1][self.members[lines]]
        return total - good, total


def _over(bad: Ints, total: Ints, p: Exact, q: Exact) -> NDArray[np.bool_]:
    """bad / total > p / q without a division, exactly."""
    most = int(total.max(initial=0)) * max(int(p.max(initial=0)), int(q.max(initial=0)))
    if most < SAFE:
        return np.asarray(q * bad > p * total, dtype=bool)
    return np.asarray(
        q.astype(object) * bad.astype(object) > p.astype(object) * total.astype(object), dtype=bool
    )


def exact(values: Sequence[int]) -> Exact:
    """Integers of any size."""
    small = all(abs(value) < SAFE for value in values)
    return np.array(values, dtype=np.int64 if small else object)


def grouped(keys: Sequence[K]) -> list[tuple[K, NDArray[np.intp]]]:
    """Each key once, with its places."""
    found: dict[K, list[int]] = {}
    for number, key in enumerate(keys):
        found.setdefault(key, []).append(number)
    return [(key, np.array(numbers, dtype=np.intp)) for key, numbers in found.items()]
