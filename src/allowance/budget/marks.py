"""On which side of a threshold the budgets of many SLOs are: a sign for each question, exact and without a division."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from allowance.budget.fleet import SAFE, Fleet, Rows, exact, grouped
from allowance.core.time import Instant
from allowance.core.window import Window

Signs = NDArray[np.int8]

NO_EVENTS = np.int8(2)
"""In place of a sign: the window holds no events."""
ASK = np.int8(3)
"""In place of a sign: nothing is known here, the SLO has to be judged by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A share of bad events that matters to somebody: `bad / total` of an SLO over a window against `share`."""

    slo: str
    window: Window
    share: Fraction


def remaining_mark(slo: str, target: Fraction, window: Window, remaining: Fraction) -> Mark:
    """Where so much of the budget remains: less of it does where the share of bad events is larger."""
    return Mark(slo=slo, window=window, share=(1 - remaining) * (1 - target))


class Marks:
    """Some marks over a fleet: `members` are the places of their SLOs in it."""

    def __init__(self, fleet: Fleet, marks: Sequence[Mark], members: Sequence[int]) -> None:
        self._fleet = fleet
        self._members = np.array(members, dtype=np.intp)
        self._p = exact([one.share.numerator for one in marks])
        self._q = exact([one.share.denominator for one in marks])
        self._windows = grouped([one.window for one in marks])

    def signs(self, rows: Rows, *, now: Instant) -> Signs:
        """-1 below, 0 at, 1 above each mark at `now`, an edge of the buckets."""
        found = np.full(len(self._members), NO_EVENTS, dtype=np.int8)
        newest = self._fleet.read(rows, now)
        for window, which in self._windows:
            good, total = (
                counts[self._members[which]]
                for counts in self._fleet.since(rows, newest, window.at(now).begin)
            )
            p, q, bad = self._p[which], self._q[which], total - good
            most = int(total.max(initial=0)) * max(int(np.abs(p).max(initial=0)), int(q.max(initial=0)))
            if most >= SAFE:
                p, q, bad = p.astype(object), q.astype(object), bad.astype(object)
            side = np.sign(q * bad - p * total).astype(np.int8)
            found[which] = np.where(total > 0, side, NO_EVENTS)
        return found
