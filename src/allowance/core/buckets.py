"""Buckets: counts on a fixed grid of time, from which any window is one subtraction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from allowance.core.counts import Counts
from allowance.core.problem import refuse
from allowance.core.time import Instant, iso

Ints = NDArray[np.int64]

MOST_BUCKETS = 50_000_000
"""About a century of minutes: beyond it, a timestamp is wrong rather than a history long."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Buckets:
    """Counts per bucket `[start + i*step, start + (i+1)*step)`; a bucket without data is (0, 0).

    `good` and `total` are int64 arrays of one length; `start` is a multiple of `step` (seconds).
    """

    start: Instant
    step: int
    good: Ints
    total: Ints
    _good_sum: Ints | None = field(init=False, repr=False, default=None)
    _total_sum: Ints | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        if self.step <= 0 or self.start % self.step:
            raise ValueError(f"start {self.start} is not on the grid of {self.step} s")
        if self.good.shape != self.total.shape or self.good.ndim != 1:
            raise ValueError("good and total must be arrays of one length")
        if self.good.size == 1:  # a live minute: numbers are cheaper than arrays
            wrong = not 0 <= self.good.item() <= self.total.item()
        else:
            wrong = bool(self.good.size) and (
                int(self.good.min()) < 0 or bool(np.any(self.good > self.total))
            )
        if wrong:
            raise ValueError("counts need 0 <= good <= total in every bucket")

    @property
    def end(self) -> Instant:
        """The instant just after the last bucket."""
        return self.start + self.step * len(self.total)

    @property
    def good_sum(self) -> Ints:
        """Running totals of good, one longer than `good`, beginning with 0."""
        if self._good_sum is None:
            object.__setattr__(self, "_good_sum", _running(self.good))
        assert self._good_sum is not None
        return self._good_sum

    @property
    def total_sum(self) -> Ints:
        """Running totals of total, one longer than `total`, beginning with 0."""
        if self._total_sum is None:
            object.__setattr__(self, "_total_sum", _running(self.total))
        assert self._total_sum is not None
        return self._total_sum

    def __len__(self) -> int:
        return len(self.total)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Buckets)
            and (self.start, self.step) == (other.start, other.step)
            and np.array_equal(self.good, other.good)
            and np.array_equal(self.total, other.total)
        )

    __hash__ = None  # type: ignore[assignment]

    def between(self, begin: Instant, end: Instant) -> Counts:
        """Counts in `[begin, end)`. Both lie on bucket edges; what lies outside the history counts nothing.

        Errors: `Problem` `edge` where an instant is inside a bucket.
        """
        low, high = self._index(begin), self._index(end)
        if high <= low:
            return Counts(good=0, total=0)
        return Counts(
            good=int(self.good_sum[high] - self.good_sum[low]),
            total=int(self.total_sum[high] - self.total_sum[low]),
        )

    def all(self) -> Counts:
        """Counts over the whole history."""
        return Counts(good=int(self.good_sum[-1]), total=int(self.total_sum[-1]))

    def with_data(self) -> int:
        """How many buckets hold events."""
        return int(np.count_nonzero(self.total))

    def trimmed(self) -> Buckets:
        """The same history from its first to its last bucket with data (empty stays empty)."""
        if len(self) and self.total[0] and self.total[-1]:
            return self
        filled = np.flatnonzero(self.total)
        if not filled.size:
            return Buckets(start=self.start, step=self.step, good=self.good[:0], total=self.total[:0])
        low, high = int(filled[0]), int(filled[-1]) + 1
        return Buckets(
            start=self.start + low * self.step,
            step=self.step,
            good=self.good[low:high],
            total=self.total[low:high],
        )

    def _index(self, instant: Instant) -> int:
        offset, rest = divmod(instant - self.start, self.step)
        if rest:
            raise refuse(
                "edge",
                f"{iso(instant)} is not on an edge of the {self.step} s buckets",
                hint="choose an instant that is a whole number of steps, or a smaller step",
            )
        return min(max(offset, 0), len(self.total))


def _running(values: Ints) -> Ints:
    sums = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=sums[1:])
    return sums


def empty(step: int = 60, start: Instant = 0) -> Buckets:
    """A history in which nothing was measured."""
    nothing = np.zeros(0, dtype=np.int64)
    return Buckets(start=start - start % step, step=step, good=nothing, total=nothing)


def from_rows(rows: Iterable[tuple[Instant, int, int]], step: int = 60) -> Buckets:
    """(instant, good, total) rows, in any order and with repeats (they add up), to buckets.

    Errors: `Problem` `span` where first and last lie more than `MOST_BUCKETS` apart.
    """
    table = np.array([(at, good, total) for at, good, total in rows], dtype=np.int64).reshape(-1, 3)
    return from_arrays(table[:, 0], table[:, 1], table[:, 2], step)


def from_arrays(at: Ints, good: Ints, total: Ints, step: int = 60) -> Buckets:
    """Like `from_rows`, from three int64 arrays of one length."""
    if not len(at):
        return empty(step)
    place = at // step
    first, last = int(place.min()), int(place.max())
    if last - first >= MOST_BUCKETS:
        raise refuse(
            "span",
            f"the data reach from {iso(first * step)} to {iso(last * step)}, too far apart for {step} s buckets",
            hint="look for a wrong timestamp, or choose a larger step",
        )
    offset = place - first
    sums = [np.zeros(last - first + 1, dtype=np.int64) for _ in range(2)]
    for target, values in zip(sums, (good, total), strict=True):
        np.add.at(target, offset, values)
    return Buckets(start=first * step, step=step, good=sums[0], total=sums[1])


def add(parts: Iterable[Buckets], step: int = 60) -> Buckets:
    """The sum of several histories with one step, over the span that they cover together."""
    some = [part for part in parts if len(part)]
    if not some:
        return empty(step)
    grid = some[0].step
    if any(part.step != grid for part in some):
        raise ValueError("histories with different steps cannot be added")
    start, end = min(part.start for part in some), max(part.end for part in some)
    good = np.zeros((end - start) // grid, dtype=np.int64)
    total = good.copy()
    for part in some:
        low = (part.start - start) // grid
        good[low : low + len(part)] += part.good
        total[low : low + len(part)] += part.total
    return Buckets(start=start, step=grid, good=good, total=total)
