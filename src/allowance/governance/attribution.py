"""Who was hurt, and who caused it: the bad events of an SLO, shared out in two ways that both sum to the whole.

A cause is something with fault windows of its own: a dependency that was down, a version that was out, a tenant whose
traffic surged. It is given the bad events inside its windows that are more than what happens outside all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

from allowance.core.buckets import Buckets, Ints
from allowance.core.counts import NO_DATA, Counts, NoData
from allowance.core.window import Span
from allowance.governance.fault_windows import Mask, by_chance, covered, on_grid, total_seconds

CauseKind = Literal["dependency", "version", "region", "tenant", "group"]
Basis = Literal["measured", "deploys", "traffic", "declared"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Something that may have caused it: its fault windows and how they are known.

    `signature` is the share of our bad events inside the windows whose error names the cause, where that is known.
    Windows that are `declared` were chosen by a person who had seen the outage: they prove nothing by themselves.
    """

    kind: CauseKind
    name: str
    windows: tuple[Span, ...]
    basis: Basis = "measured"
    signature: Fraction | NoData = NO_DATA


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A cause and what is attributed to it: `bad` events (a fraction, because shared minutes are shared out).

    `inside` are all bad events in its windows, `expected` those that would be there anyway. `confidence` is 1 less
    the chance that its windows cover so much by luck, for as many causes as were tried.
    """

    cause: Cause
    bad: Fraction
    inside: Fraction
    expected: Fraction
    seconds: int
    confidence: Fraction | NoData


@dataclass(frozen=True, slots=True, kw_only=True)
class Hurt:
    """A group of customers: what they met. `share` is its part of all bad events."""

    group: str
    counts: Counts
    share: Fraction | NoData


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Both views over one span: `hurt` sums to `counts`, and `parts` with `unattributed` to its bad events."""

    slo: str
    span: Span
    target: Fraction
    counts: Counts
    hurt: tuple[Hurt, ...]
    parts: tuple[Part, ...]

    @property
    def unattributed(self) -> Fraction:
        """Bad events that nothing here explains."""
        return self.counts.bad - sum((one.bad for one in self.parts), start=Fraction(0))

    def share(self, part: Part) -> Fraction | NoData:
        """A part's share of all bad events."""
        return part.bad / self.counts.bad if self.counts.bad else NO_DATA

    def left_without(self, part: Part) -> Fraction | NoData:
        """The share of the budget that would be left, had a part burned nothing."""
        if not self.counts.total:
            return NO_DATA
        return 1 - (self.counts.bad - part.bad) / ((1 - self.target) * self.counts.total)

    def of(self, name: str) -> Part | None:
        """What is attributed to a dependency."""
        return next(
            (one for one in self.parts if one.cause.kind == "dependency" and one.cause.name == name), None
        )


def attribute(
    slo: str, target: Fraction, groups: Mapping[str, Buckets], causes: Sequence[Cause], span: Span
) -> Attribution:
    """Share out what was bad in `span`, whose edges are bucket edges. `groups` add up to the SLO; one may be `""`."""
    hurt = tuple(_hurt(groups, span))
    good, total = _sum(groups, span)
    bad = total - good
    step = next(iter(groups.values())).step if groups else 60
    masks = [covered(one.windows, span, step) for one in causes]
    base = _outside(bad, total, masks)
    return Attribution(
        slo=slo,
        span=span,
        target=target,
        counts=Counts(good=int(good.sum()), total=int(total.sum())),
        hurt=hurt,
        parts=tuple(
            sorted(
                (
                    _part(cause, mask, masks, bad, total, base)
                    for cause, mask in zip(causes, masks, strict=True)
                ),
                key=lambda one: (-one.bad, one.cause.kind, one.cause.name),
            )
        ),
    )


def _hurt(groups: Mapping[str, Buckets], span: Span) -> Sequence[Hurt]:
    counts = {name: one.between(span.begin, span.end) for name, one in groups.items()}
    bad = sum(one.bad for one in counts.values())
    found = [
        Hurt(group=name, counts=one, share=Fraction(one.bad, bad) if bad else NO_DATA)
        for name, one in counts.items()
    ]
    return sorted(found, key=lambda one: (-one.counts.bad, one.group))


def _sum(groups: Mapping[str, Buckets], span: Span) -> tuple[Ints, Ints]:
    size = span.seconds // (next(iter(groups.values())).step if groups else 60)
    good, total = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    for one in groups.values():
        more_good, more_total = on_grid(one, span)
        good += more_good
        total += more_total
    return good, total


def _outside(bad: Ints, total: Ints, masks: Sequence[Mask]) -> Fraction:
    """The share of bad events outside all windows: what fails anyway."""
    anywhere = np.zeros(len(bad), dtype=np.bool_)
    for mask in masks:
        anywhere |= mask
    events = int(total[~anywhere].sum())
    return Fraction(int(bad[~anywhere].sum()), events) if events else Fraction(0)


def _part(cause: Cause, mask: Mask, masks: Sequence[Mask], bad: Ints, total: Ints, base: Fraction) -> Part:
    inside, events = _shared(mask, masks, bad), _shared(mask, masks, total)
    expected = base * events
    attributed = max(Fraction(0), inside - expected)
    if not isinstance(cause.signature, NoData):
        attributed = min(attributed, cause.signature * inside)
    return Part(
        cause=cause,
        bad=attributed,
        inside=inside,
        expected=expected,
        seconds=total_seconds(cause.windows),
        confidence=_confidence(cause, attributed, by_chance(*_measured(bad, mask, total)), len(masks)),
    )


def _measured(bad: Ints, mask: Mask, total: Ints) -> tuple[Ints, Mask]:
    """The stretch from our first event to our last: time before there was anything to hit must not count as luck."""
    some = np.flatnonzero(total)
    if not some.size:
        return bad[:0], mask[:0]
    low, high = int(some[0]), int(some[-1]) + 1
    return bad[low:high], mask[low:high]


def _confidence(
    cause: Cause, attributed: Fraction, chance: Fraction | NoData, tried: int
) -> Fraction | NoData:
    """Windows that were declared after the fact would always fit: only an error signature speaks for them."""
    if isinstance(chance, NoData) or not attributed:
        return NO_DATA
    if cause.basis == "declared":
        return cause.signature
    return max(Fraction(0), 1 - tried * chance)


def _shared(mask: Mask, masks: Sequence[Mask], values: Ints) -> Fraction:
    """The sum of values inside a mask; a bucket that several masks cover is shared out evenly."""
    cover = np.zeros(len(values), dtype=np.int64)
    for one in masks:
        cover += one
    found = Fraction(0)
    for many in np.unique(cover[mask]):
        found += Fraction(int(values[mask & (cover == many)].sum()), int(many))
    return found
