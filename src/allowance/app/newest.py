"""When an SLO was last heard of: the newest bucket with events, found for all of them at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from allowance.app.tick import Key
from allowance.core.buckets import Ints
from allowance.core.counts import NO_DATA, NoData
from allowance.core.time import Instant

NEVER = -1


class Rows(Protocol):
    """Running totals of every stored series, by its number."""

    @property
    def step(self) -> int: ...
    def at(self, instant: Instant) -> tuple[Ints, Ints]: ...


class Newest:
    """Of each SLO the end of its newest bucket with events at or after `since`.

    At most ticks one look at two rows answers: either there was something in the last step, or nothing has changed.
    Whoever falls silent is searched for once, all that fell silent together by the same few rows.
    """

    def __init__(self, series: Mapping[Key, int], totals: Rows, since: Instant) -> None:
        self._totals, self._since = totals, since
        self._slos = [slo_id for slo_id, _ in series]
        self._columns = np.array(list(series.values()), dtype=np.int64)
        self._known = np.full(len(series), NEVER, dtype=np.int64)

    def at(self, now: Instant) -> dict[str, Instant | NoData]:
        """By SLO id, as far as anything is counted before `now`, an edge."""
        head = self._sums(now)
        found = np.where(head != self._sums(now - self._totals.step), now, NEVER)
        waiting = found == NEVER
        for edge in np.unique(self._known[waiting]):
            if self._since < edge < now:
                same = waiting & (self._known == edge)
                still = same & (self._sums(int(edge)) == head)
                still &= self._sums(int(edge) - self._totals.step) != head
                found[still] = edge
        self._search(found, head, np.flatnonzero(found == NEVER), self._since, now)
        self._known = found
        newest: dict[str, Instant | NoData] = dict.fromkeys(self._slos, NO_DATA)
        for slo_id, edge in zip(self._slos, found.tolist(), strict=True):
            before = newest[slo_id]
            if edge != NEVER and (isinstance(before, NoData) or edge > before):
                newest[slo_id] = edge
        return newest

    def _search(self, found: Ints, head: Ints, which: Ints, low: Instant, high: Instant) -> None:
        """For each of `which` the first edge in `(low, high]` where it stood as it stands now, if it moved at all."""
        moved = which[self._sums(low)[which] != head[which]]
        parts = [(moved, low, high)]
        while parts:
            some, low, high = parts.pop()
            if not len(some):
                continue
            if high - low <= self._totals.step:
                found[some] = high
                continue
            middle = low + (high - low) // 2 // self._totals.step * self._totals.step
            later = self._sums(middle)[some] != head[some]
            parts += [(some[later], middle, high), (some[~later], low, middle)]

    def _sums(self, instant: Instant) -> Ints:
        totals = self._totals.at(instant)[1]
        sums: Ints = totals[self._columns]
        return sums
