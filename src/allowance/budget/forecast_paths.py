"""The coming bucket edges: what the window will still hold of today's counts, and what the future may add."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from allowance.budget.forecast_range import Ahead, look_ahead
from allowance.budget.forecast_spells import Floats
from allowance.core.buckets import Buckets, Ints
from allowance.core.counts import NO_DATA, NoData
from allowance.core.time import Instant
from allowance.core.window import RollingWindow, Window

LOW, LIKELY, HIGH = 0, 1, 2

BAND_POINTS = 28
"""A forecast band is drawn from so many points after now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotBefore:
    """Not within sight, which ends at `at`: the window has rolled over by then, or its period is over."""

    at: Instant


Moment = Instant | NotBefore


@dataclass(frozen=True, slots=True, kw_only=True)
class BandPoint:
    """What share of the budget remains at `at`: likely, and the 80 % range around it."""

    at: Instant
    low: float
    likely: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """What stays in the window of today's counts at each coming bucket edge, and how many events may be allowed bad."""

    target: Fraction
    bad: Ints
    total: Ints

    def remaining(self, share: Floats, total: Floats) -> Floats:
        """1 - spent / allowed once so many more events have come, this share of them bad."""
        allowed = float(1 - self.target) * (self.total + total)
        spent = np.divide(self.bad + share * total, allowed, out=np.zeros(len(total)), where=allowed > 0)
        return np.asarray(1 - spent, dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Paths:
    """What remains of one budget at the coming bucket edges `instants`: low, likely and high.

    `traffic` is the likely number of new events by then; `tested` is as in `Ahead`.
    """

    instants: Ints
    known: Known
    traffic: Floats
    low: Floats
    likely: Floats
    high: Floats
    tested: bool

    def at_share(self, share: float) -> Floats:
        """What remains if this share of the likely traffic is bad."""
        return self.known.remaining(np.full(len(self.traffic), share), self.traffic)

    def first(self, condition: NDArray[np.bool_]) -> Moment:
        """The first instant where a condition holds."""
        found = np.flatnonzero(condition)
        return int(self.instants[found[0]]) if found.size else NotBefore(at=int(self.instants[-1]))

    def band(self) -> tuple[BandPoint, ...]:
        """Evenly spaced points to the end of sight."""
        count = len(self.instants)
        places = sorted({max(0, round(count * (i + 1) / BAND_POINTS) - 1) for i in range(BAND_POINTS)})
        columns = (self.instants, self.low, self.likely, self.high)
        rows = zip(*(column[places].tolist() for column in columns), strict=True)
        return tuple(BandPoint(at=at, low=low, likely=likely, high=high) for at, low, likely, high in rows)


def in_sight(window: Window, *, now: Instant) -> int:
    """How many seconds a forecast reaches: a rolling window's length, or the rest of the calendar period."""
    return window.seconds if isinstance(window, RollingWindow) else window.whole(now + 1).end - now


def paths(
    buckets: Buckets, target: Fraction, window: Window, horizon: int, *, now: Instant
) -> Paths | NoData:
    """The budget over the `horizon` seconds after `now`, a bucket edge. `NO_DATA` where nothing happened before."""
    period = window.whole(now + 1)
    steps = max(1, min(horizon, in_sight(window, now=now)) // buckets.step)
    ahead = look_ahead(buckets, now=now, window=period.seconds, horizon=steps * buckets.step)
    if isinstance(ahead, NoData):
        return NO_DATA
    instants = now + buckets.step * np.arange(1, steps + 1, dtype=np.int64)
    rolling = isinstance(window, RollingWindow)
    begins = instants - period.seconds if rolling else np.full_like(instants, period.begin)
    known = _known(buckets, target, begins, now)
    low, likely, high = _lines(known, ahead, (instants - now).astype(np.float64))
    return Paths(
        instants=instants,
        known=known,
        traffic=ahead.total_at(LIKELY, (instants - now).astype(np.float64)),
        low=low,
        likely=likely,
        high=high,
        tested=ahead.tested,
    )


def _known(buckets: Buckets, target: Fraction, begins: Ints, now: Instant) -> Known:
    last = min(max((now - buckets.start) // buckets.step, 0), len(buckets))
    places = np.clip((begins - buckets.start) // buckets.step, 0, last)
    total, good = (sums[last] - sums[places] for sums in (buckets.total_sum, buckets.good_sum))
    return Known(target=target, bad=total - good, total=total)


def _lines(known: Known, ahead: Ahead, since: Floats) -> tuple[Floats, Floats, Floats]:
    """Low has many bad events and the traffic that makes it worse, high few and the traffic that makes it better."""
    slow, usual, busy = (ahead.total_at(line, since) for line in (LOW, LIKELY, HIGH))
    few, likely, many = (
        np.divide(ahead.bad_at(line, since), usual, out=np.zeros(len(since)), where=usual > 0)
        for line in (LOW, LIKELY, HIGH)
    )
    return (
        np.minimum(known.remaining(many, slow), known.remaining(many, busy)),
        known.remaining(likely, usual),
        np.maximum(known.remaining(few, slow), known.remaining(few, busy)),
    )


def remaining_ahead(
    buckets: Buckets, target: Fraction, window: Window, horizon: int, *, now: Instant
) -> BandPoint | NoData:
    """What remains of the budget `horizon` seconds after `now`, at most at the end of sight; with its 80 % range."""
    found = paths(buckets, target, window, horizon, now=now - now % buckets.step)
    return NO_DATA if isinstance(found, NoData) else found.band()[-1]
