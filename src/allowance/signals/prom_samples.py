"""Values sampled once per bucket to counts of events: gauges against a bound, ready-made shares, evaluations."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from allowance.contract.indicator import Comparison
from allowance.core.buckets import Buckets, Ints
from allowance.core.window import Span
from allowance.signals.prom_answer import Floats, Series
from allowance.signals.prom_counts import EXACT_FLOAT, NEAR, Part

SHARE_UNITS = 1_000_000_000
"""A ready-made share is kept in billionths: a sample is so many units, of which share x units are good."""

_COMPARE = {"lt": np.less, "lte": np.less_equal, "gt": np.greater, "gte": np.greater_equal}


def judged(
    series: Iterable[Series], op: Comparison, bound: float, span: Span, step: int, by: str | None
) -> dict[str, Buckets]:
    """A gauge: one event per series and bucket, good where `value op bound` holds; NaN is no event."""

    def judge(values: Floats) -> tuple[Ints, Ints]:
        events = (~np.isnan(values)).astype(np.int64)
        good: Ints = _COMPARE[op](values, bound).astype(np.int64) * events
        return good, events

    return _counted(series, judge, span, step, by)


def shared(
    series: Iterable[Series], of: Part, span: Span, step: int, by: str | None
) -> tuple[dict[str, Buckets], int]:
    """A ready-made share: `SHARE_UNITS` per series and bucket; and how many values were no shares."""
    wrong = 0

    def judge(values: Floats) -> tuple[Ints, Ints]:
        nonlocal wrong
        usable = (values >= -NEAR) & (values <= 1 + NEAR)
        wrong += int(np.count_nonzero(~usable & ~np.isnan(values)))
        share = np.clip(np.where(usable, values, 0.0), 0.0, 1.0)
        units = np.rint((share if of == "good" else 1 - share) * SHARE_UNITS).astype(np.int64)
        return units * usable, usable * SHARE_UNITS

    return _counted(series, judge, span, step, by), wrong


def _counted(
    series: Iterable[Series],
    judge: Callable[[Floats], tuple[Ints, Ints]],
    span: Span,
    step: int,
    by: str | None,
) -> dict[str, Buckets]:
    size = (span.end - span.begin) // step
    groups: dict[str, tuple[Ints, Ints]] = {}
    for one in series:
        zeros = np.zeros(size, dtype=np.int64)
        good, total = groups.setdefault(one.labels.get(by or "", ""), (zeros, zeros.copy()))
        inside = (one.at > span.begin) & (one.at <= span.end)
        places = _places(one.at[inside], span, step)
        good_part, events = judge(one.values[inside])
        np.add.at(good, places, good_part)
        np.add.at(total, places, events)
    return {
        group: Buckets(start=span.begin, step=step, good=good, total=total)
        for group, (good, total) in groups.items()
    }


def evaluated(
    series: Iterable[Series], scale: float, span: Span, step: int, by: str | None
) -> tuple[dict[str, Floats], int]:
    """Events per bucket by group from values evaluated once per bucket, and how many could not be counts."""
    size = (span.end - span.begin) // step
    groups: dict[str, Floats] = {}
    wrong = 0
    for one in series:
        sums = groups.setdefault(one.labels.get(by or "", ""), np.zeros(size))
        inside = (one.at > span.begin) & (one.at <= span.end) & ~np.isnan(one.values)
        usable = inside & (one.values >= 0) & (one.values <= EXACT_FLOAT)
        wrong += int(np.count_nonzero(inside & ~usable))
        np.add.at(sums, _places(one.at[usable], span, step), one.values[usable] * scale)
    return groups, wrong


def _places(at: Floats, span: Span, step: int) -> Ints:
    """The buckets of instants: an instant at an edge belongs to the bucket that ends there."""
    return np.ceil((at - span.begin) / step).astype(np.int64) - 1
