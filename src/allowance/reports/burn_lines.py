"""The burn rates of a rule over time, thinned for drawing so that no spike is lost. Nothing is decided from them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from allowance.budget.replay import runs
from allowance.contract.rules import BurnRule
from allowance.core.buckets import Buckets, Ints
from allowance.core.time import Instant
from allowance.core.window import Span

Burns = tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnLine:
    """The highest long and short burn rate within each part of a span; none where its window held no event.

    Part i is `(edges[i], edges[i + 1]]`: a burn rate belongs to the instant at which its window ends.
    """

    rule: BurnRule
    edges: tuple[Instant, ...]
    long: Burns
    short: Burns


def burn_line(buckets: Buckets, rule: BurnRule, target: Fraction, *, edges: tuple[Instant, ...]) -> BurnLine:
    """The highest burn rates of a rule's two windows between edges, which lie on the grid and ascend."""
    return BurnLine(
        rule=rule,
        edges=edges,
        long=_highest(buckets, rule.long, target, edges),
        short=_highest(buckets, rule.short, target, edges),
    )


def even_edges(span: Span, step: int, parts: int) -> tuple[Instant, ...]:
    """Edges of at most so many equal parts of a span on a grid; the last part may be shorter."""
    buckets = -(-span.seconds // step)
    width = max(1, -(-buckets // parts)) * step
    inner = range(span.begin, span.end, width)
    return (*inner, span.end)


def fired_spans(
    firing: NDArray[np.bool_], start: Instant, step: int, *, edges: tuple[Instant, ...]
) -> tuple[Span, ...]:
    """The parts between edges in which a rule fired at least once, neighbours joined.

    Flag i belongs to the instant `start + i * step`.
    """
    known = np.zeros(len(firing) + 1, dtype=np.int64)
    np.cumsum(firing, out=known[1:])
    places = np.clip((np.asarray(edges, dtype=np.int64) - start) // step + 1, 0, len(firing))
    fired = np.diff(known[places]) > 0
    return tuple(
        Span(begin=edges[one.first], end=edges[one.last + 1]) for one in runs(fired, start=0, step=1)
    )


def _highest(buckets: Buckets, window: int, target: Fraction, edges: tuple[Instant, ...]) -> Burns:
    rates = _rates(buckets, window, target)
    places = (np.asarray(edges, dtype=np.int64) - buckets.start) // buckets.step
    places = np.clip(places, 0, len(rates))
    found: list[float | None] = []
    for low, high in zip(places[:-1].tolist(), places[1:].tolist(), strict=True):
        part = rates[low:high]
        part = part[~np.isnan(part)]
        found.append(float(part.max()) if part.size else None)
    return tuple(found)


def _rates(buckets: Buckets, window: int, target: Fraction) -> NDArray[np.float64]:
    """(bad / total) / (1 - target) of the window that ends with each bucket; not a number without events."""
    width = window // buckets.step
    total = _grown(buckets.total_sum, width)
    bad = total - _grown(buckets.good_sum, width)
    rates = np.full(len(total), np.nan)
    np.divide(bad, total, out=rates, where=total > 0)
    return rates / float(1 - target)


def _grown(sums: Ints, width: int) -> Ints:
    begins = np.maximum(np.arange(1, len(sums)) - width, 0)
    grown: Ints = sums[1:] - sums[begins]
    return grown
