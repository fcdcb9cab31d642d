"""Fault windows: the minutes in which something was bad, and how likely they fall together with ours by chance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from allowance.core.buckets import Buckets, Ints
from allowance.core.counts import NO_DATA, NoData
from allowance.core.time import Instant
from allowance.core.window import Span

Mask = NDArray[np.bool_]

FAULT_BURN = 10
"""A minute is a fault when it burns this many times faster than the budget allows."""

HIGHEST_SHARE = Fraction(1, 2)
"""Half of all events bad is a fault whatever was promised."""

SURGE = 4
"""A minute with so many times the usual traffic is a surge."""

LEAST_SURGE = 20
"""Events that a minute needs at least before it is called a surge."""


def fault_share(target: Fraction) -> Fraction:
    """The share of bad events above which a minute is a fault: ten times what the target allows, at most half."""
    return min(FAULT_BURN * (1 - target), HIGHEST_SHARE)


def faults(buckets: Buckets, target: Fraction, span: Span) -> tuple[Span, ...]:
    """The runs of buckets in `span` whose share of bad events is above `fault_share`; gaps of one are closed."""
    good, total = on_grid(buckets, span)
    limit = fault_share(target)
    bad = (total - good) * limit.denominator > total * limit.numerator
    return runs(_closed(bad), span.begin, buckets.step)


def surges(buckets: Buckets, span: Span) -> tuple[Span, ...]:
    """The runs of buckets in `span` with at least `SURGE` times the usual (median) traffic of those with events."""
    _, total = on_grid(buckets, span)
    some = np.sort(total[total > 0])
    if not some.size:
        return ()
    usual = int(some[some.size // 2])
    return runs(_closed(total >= max(SURGE * usual, LEAST_SURGE)), span.begin, buckets.step)


def on_grid(buckets: Buckets, span: Span) -> tuple[Ints, Ints]:
    """Good and total of every bucket of `span` (its edges are bucket edges); outside the history they are 0."""
    size = span.seconds // buckets.step
    good, total = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    shift = (buckets.start - span.begin) // buckets.step
    low, high = max(0, shift), min(size, shift + len(buckets))
    if low < high:
        good[low:high] = buckets.good[low - shift : high - shift]
        total[low:high] = buckets.total[low - shift : high - shift]
    return good, total


def runs(mask: Mask, begin: Instant, step: int) -> tuple[Span, ...]:
    """The stretches of a mask as spans."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return tuple(
        Span(begin=begin + int(low) * step, end=begin + int(high) * step)
        for low, high in zip(edges[::2], edges[1::2], strict=True)
    )


def covered(windows: Iterable[Span], span: Span, step: int) -> Mask:
    """Which buckets of `span` the windows touch, and one bucket after each: failures arrive a little later."""
    mask = np.zeros(span.seconds // step, dtype=np.bool_)
    for one in windows:
        low = max(0, (one.begin - span.begin) // step)
        high = -(-(one.end - span.begin) // step) + 1
        mask[low : max(low, high)] = True
    return mask


def by_chance(bad: Ints, mask: Mask) -> Fraction | NoData:
    """How often so many bad events would be inside the mask if it were laid over them at a random shift; exact.

    Every shift of the mask around the span counts, the true one too, so it is never below 1/n. Faults that last stay
    together when they are shifted: minutes need not be independent of each other, as a plain count of shared minutes
    would take them to be. `NO_DATA` where nothing was bad or the mask is empty.
    """
    if not len(bad) or not int(bad.sum()) or not bool(mask.any()):
        return NO_DATA
    sums = np.concatenate(([0], np.cumsum(np.concatenate((bad, bad)))))
    inside = np.zeros(len(bad), dtype=np.int64)
    for one in runs(mask, 0, 1):
        inside += sums[one.end : one.end + len(bad)] - sums[one.begin : one.begin + len(bad)]
    return Fraction(int((inside >= inside[0]).sum()), len(bad))


def _closed(mask: Mask) -> Mask:
    """A mask in which a gap of one bucket between two others is no gap."""
    if len(mask) < 3:
        return mask
    found = mask.copy()
    found[1:-1] |= mask[:-2] & mask[2:]
    return found


def total_seconds(windows: Sequence[Span]) -> int:
    """How long they are together."""
    return sum(one.seconds for one in windows)
