"""Time-slice SLIs: a slice of time is one event, good or bad, so that budgets work as for requests."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from allowance.contract.model import NoDataRule
from allowance.core.buckets import Buckets, Ints
from allowance.core.problem import refuse

RATIO_UNITS = 1_000_000_000
"""A slice's own ratio is kept in billionths, so that the mean of ratios stays a count."""


def _per_slice(buckets: Buckets, slice_seconds: int) -> tuple[int, Ints, Ints]:
    if slice_seconds % buckets.step:
        raise refuse(
            "slice",
            f"a slice of {slice_seconds} s is not a whole number of {buckets.step} s buckets",
            hint="choose a step that divides the slice",
        )
    width = slice_seconds // buckets.step
    lead = (buckets.start % slice_seconds) // buckets.step
    count = -(-(lead + len(buckets)) // width)
    grid = np.zeros((2, count * width), dtype=np.int64)
    grid[0, lead : lead + len(buckets)] = buckets.good
    grid[1, lead : lead + len(buckets)] = buckets.total
    good, total = grid.reshape(2, count, width).sum(axis=2)
    return buckets.start - lead * buckets.step, good, total


def to_slices(
    buckets: Buckets, slice_seconds: int, slice_target: Fraction, no_data: NoDataRule = "ignore"
) -> Buckets:
    """One event per slice on the slice's grid: good when the slice's own ratio >= `slice_target`.

    A slice without data is left out (`ignore`), or counts `good` or `bad`.
    """
    start, good, total = _per_slice(buckets, slice_seconds)
    p, q = slice_target.numerator, slice_target.denominator
    if q * int(total.max(initial=0)) > 2**63 - 1:
        passed = np.array(
            [int(g) * q >= p * int(t) for g, t in zip(good, total, strict=True)], dtype=np.int64
        )
    else:
        passed = (good * q >= p * total).astype(np.int64)
    empty = total == 0
    events = np.ones_like(total)
    if no_data == "ignore":
        events[empty] = 0
    passed[empty] = 1 if no_data == "good" else 0
    return Buckets(start=start, step=slice_seconds, good=passed, total=events)


def to_ratio_slices(buckets: Buckets, slice_seconds: int) -> Buckets:
    """Each slice weighs the same and gives its own ratio: `RATIO_UNITS` events, of which ratio x units are good.

    Rounded half to even in billionths; slices without data are left out. good/total of any window is then the
    mean of the slices' ratios (OpenSLO's RatioTimeslices).
    """
    start, good, total = _per_slice(buckets, slice_seconds)
    units = [
        round(Fraction(int(g) * RATIO_UNITS, int(t))) if t else 0 for g, t in zip(good, total, strict=True)
    ]
    weights = np.where(total > 0, RATIO_UNITS, 0).astype(np.int64)
    return Buckets(start=start, step=slice_seconds, good=np.array(units, dtype=np.int64), total=weights)
