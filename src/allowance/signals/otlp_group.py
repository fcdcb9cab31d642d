"""Batches that are counted one after the other and stored together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from allowance.core.problem import Problem, ProblemError
from allowance.core.time import Instant
from allowance.signals.otlp_ahead import Ahead
from allowance.signals.otlp_columns import Batch, joined
from allowance.signals.otlp_count import OtlpCounter
from allowance.signals.otlp_learned import Learned
from allowance.signals.otlp_memory import Known
from allowance.signals.otlp_tally import Counted

Rows = dict[tuple[str, str], dict[Instant, tuple[int, int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What batches add together.

    `parts` are, in their order, what each came to, or why it cannot be counted; batches that were counted as one come
    to the same object. `shown` are those that were counted, without spans that were counted before.
    """

    parts: Sequence[Counted | Problem]
    shown: Sequence[tuple[Batch, Counted]]
    learned: Learned

    def rows(self) -> Mapping[tuple[str, str], Mapping[Instant, tuple[int, int]]]:
        """Good and total by (SLI, group) and bucket."""
        if len(self.shown) == 1:
            return self.shown[0][1].rows
        sums: Rows = {}
        for _, part in self.shown:
            for key, rows in part.rows.items():
                into = sums.setdefault(key, {})
                for at, (good, total) in rows.items():
                    before = into.get(at, (0, 0))
                    into[at] = (before[0] + good, before[1] + total)
        return sums


def count_together(
    batches: Sequence[Batch],
    counter: OtlpCounter,
    memory: Known,
    *,
    now: Instant,
    closed: Instant | None,
) -> Group:
    """Count batches, each as if those before it had been stored. Nothing is changed: learn `learned` when it is stored."""
    return _as_one(batches, counter, memory, now, closed) or _one_by_one(
        batches, counter, memory, now, closed
    )


def _as_one(
    batches: Sequence[Batch], counter: OtlpCounter, memory: Known, now: Instant, closed: Instant | None
) -> Group | None:
    """Spans are quicker to count many at a time; that is possible where nothing is to be said of a single batch."""
    first = batches[0].spans
    if any(
        len(one) != len(one.spans) or one.refused or one.spans.abouts is not first.abouts for one in batches
    ):
        return None
    whole = Batch(
        spans=joined([one.spans for one in batches]),
        failures=[failure for one in batches for failure in one.failures],
    )
    counted = counter.count(whole, memory, now=now, closed=closed)
    if counted.rejected or counted.duplicates or counted.problems:
        return None
    return Group(parts=[counted] * len(batches), shown=[(whole, counted)], learned=counted.learned)


def _one_by_one(
    batches: Sequence[Batch], counter: OtlpCounter, memory: Known, now: Instant, closed: Instant | None
) -> Group:
    ahead = Ahead(memory)
    parts: list[Counted | Problem] = []
    shown: list[tuple[Batch, Counted]] = []
    for batch in batches:
        try:
            counted = counter.count(batch, ahead, now=now, closed=closed)
        except ProblemError as error:
            parts.append(error.problems[0])
            continue
        shown.append((_fresh(batch, ahead) if counted.duplicates else batch, counted))
        ahead.learn(counted.learned)
        parts.append(counted)
    return Group(parts=parts, shown=shown, learned=ahead.learned)


def _fresh(batch: Batch, memory: Known) -> Batch:
    if not len(batch.spans):
        return batch
    fresh = np.array([one not in memory for one in batch.spans.ids])
    return replace(batch, spans=batch.spans.where(fresh))
