"""How many bad events the near future may bring, as a range that the history itself has tested.

For each length of time ahead, every past instant is asked: had the pace until then been carried forward, how far off
would the forecast have been? The errors are kept as changes of the odds of a bad event, so quiet and loud services
are treated alike; their 10 % and 90 % points around the present pace are the 80 % range. Three looks back compete for
being "the pace" (everything, four times the time ahead, and the same time again); the one that was least wrong wins,
so a steady service is judged by all of its past and a leak by its newest days. Where bad events come in spells, of
which a history knows few, the range also reaches to a time without one. Nothing is random.

`python -m bench.forecast` says how often such ranges held.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from allowance.budget.forecast_spells import Floats, Spells, find_spells, first_failure
from allowance.core.buckets import Buckets, Ints
from allowance.core.counts import NO_DATA, NoData
from allowance.core.time import Instant

LOW, HIGH = 0.1, 0.9
"""The range leaves a tenth on each side: 80 %."""

CELLS = 336
"""A window is looked at in so many cells: two hours of 28 days."""

WINDOWS_BACK: Final = 12
"""Older history is another service."""

LENGTHS = 12
"""So many lengths of time ahead are judged; between them the lines are straight."""

_HALF: Final = 0.5
"""Half an event is added on each side of the odds, so that none bad is a number too."""
_BETTER: Final = 0.95
"""A shorter look back must be this much less wrong than a longer one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ahead:
    """Events expected after `now`, as lines over `seconds` ahead (first 0): low, likely and high.

    `tested` is false where the history is too short to test anything: then low is no bad event and high is all bad.
    """

    seconds: Floats
    bad: tuple[Floats, Floats, Floats]
    total: tuple[Floats, Floats, Floats]
    tested: bool

    def bad_at(self, line: int, seconds: Floats) -> Floats:
        """Bad events on a line (0 low, 1 likely, 2 high) at these seconds ahead, among the likely total."""
        return np.interp(seconds, self.seconds, self.bad[line])

    def total_at(self, line: int, seconds: Floats) -> Floats:
        """All events on a line (0 low, 1 likely, 2 high) at these seconds ahead."""
        return np.interp(seconds, self.seconds, self.total[line])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Cells:
    """Running totals at the edges of equal cells that end at `now`, oldest first; one longer than the cells."""

    seconds: int
    bad: Ints
    total: Ints
    per_window: int

    def __len__(self) -> int:
        return len(self.total) - 1

    @property
    def events(self) -> float:
        """All events."""
        return float(self.total[-1] - self.total[0])


def look_ahead(buckets: Buckets, *, now: Instant, window: int, horizon: int) -> Ahead | NoData:
    """What the `horizon` seconds after `now` may bring to a service with a window of `window` seconds.

    Reads nothing at or after `now`, a bucket edge. `NO_DATA` where nothing happened in the twelve windows before.
    """
    cells = _cells(buckets, now, window)
    if isinstance(cells, NoData):
        return NO_DATA
    longest = max(1, min(len(cells) // 4, horizon // cells.seconds))
    lengths = sorted({round(length) for length in np.geomspace(1, longest, LENGTHS)})
    spells = find_spells(np.diff(cells.bad), np.diff(cells.total))
    steps = [_step(cells, spells, length) for length in lengths]
    seconds = [0.0, *(float(length * cells.seconds) for length in lengths)]
    # Beyond what the history can test, the longest tested length goes on in a straight line.
    beyond = horizon / seconds[-1] if horizon > seconds[-1] else 1.0
    lines = np.array(
        [(0.0,) * 6, *(step.lines for step in steps), tuple(v * beyond for v in steps[-1].lines)]
    )
    lines = np.maximum.accumulate(lines, axis=0)
    return Ahead(
        seconds=np.array([*seconds, max(float(horizon), seconds[-1] + 1)]),
        bad=(lines[:, 0], lines[:, 1], lines[:, 2]),
        total=(lines[:, 3], lines[:, 4], lines[:, 5]),
        tested=all(step.tested for step in steps),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One length of time ahead: bad low, likely, high and total low, likely, high."""

    lines: tuple[float, float, float, float, float, float]
    tested: bool


def _cells(buckets: Buckets, now: Instant, window: int) -> _Cells | NoData:
    last = (now - buckets.start) // buckets.step
    filled = np.flatnonzero(buckets.total[: max(last, 0)])
    if not filled.size:
        return NO_DATA
    size = max(1, -(-window // (CELLS * buckets.step)))
    oldest = max(int(filled[0]), last - WINDOWS_BACK * window // buckets.step)
    count, partly = divmod(last - oldest, size)
    edges = np.clip(last - size * np.arange(count + bool(partly), -1, -1), 0, len(buckets))
    total, good = buckets.total_sum[edges], buckets.good_sum[edges]
    if partly and count and total[-1] > total[1]:
        # A cell that the history fills only partly would look emptier than it was.
        total, good = total[1:], good[1:]
    if total[-1] == total[0]:
        return NO_DATA
    per_window = max(1, window // (size * buckets.step))
    return _Cells(seconds=size * buckets.step, bad=total - good, total=total, per_window=per_window)


def _step(cells: _Cells, spells: Spells, length: int) -> _Step:
    traffic = _traffic(cells, length)
    expected = traffic[1]
    few = spells.few(length)
    bad = _running(spells.calm if few else np.diff(cells.bad))
    pace = _pace(bad, cells.total, length)
    if pace is None:
        return _Step(lines=(0.0, expected * float(bad[-1]) / cells.events, expected, *traffic), tested=False)
    low, likely, high = (
        _shifted(pace.share, expected, error) for error in _spread(pace.errors, pace.independent)
    )
    if few:
        more_likely, more = spells.more(length)
        likely, high = likely + more_likely * expected / length, high + more * expected / length
    if not bad[-1] and first_failure(len(cells), length):
        high = max(high, 1.0)
    # Events are whole: a range ends on them, but does not reach for one that is a hair away.
    low, high = (min(float(whole), expected) for whole in (math.floor(low + 0.25), math.ceil(high - 0.25)))
    high = max(high, low)
    return _Step(lines=(low, min(max(likely, low), high), high, *traffic), tested=True)


def _running(values: Floats | Ints) -> Floats:
    return np.concatenate((np.zeros(1), np.cumsum(values)))


def _traffic(cells: _Cells, length: int) -> tuple[float, float, float]:
    """Total events over the next `length` cells, from the newest window, with the errors that this had before."""
    count = len(cells)
    back = min(count, max(length, cells.per_window))
    now = float(cells.total[-1] - cells.total[count - back]) * length / back
    origins = np.arange(min(back, length), count - length + 1)
    before = np.maximum(0, origins - back)
    expected = (cells.total[origins] - cells.total[before]) * length / np.maximum(origins - before, 1)
    came = (cells.total[origins + length] - cells.total[origins]).astype(np.float64)
    known = (expected > 0) & (came > 0)
    if not known.any():
        return now, now, now
    errors = np.log(came[known] / expected[known])
    low, likely, high = _spread(errors, _independent(origins[known], length))
    return now * math.exp(low), now * math.exp(likely), now * math.exp(high)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pace:
    """The present share of bad events, and how wrong such shares were before.

    `independent` is how many stretches of the past that do not overlap the errors speak of.
    """

    share: float
    errors: Floats
    independent: float


def _pace(bad: Floats, total: Ints, length: int) -> _Pace | None:
    best: tuple[float, _Pace] | None = None
    count = len(total) - 1
    origins = np.arange(length, count - length + 1)
    for back in (count, 4 * length, length):
        before = np.maximum(0, origins - back)
        seen, seen_bad = total[origins] - total[before], bad[origins] - bad[before]
        came, came_bad = total[origins + length] - total[origins], bad[origins + length] - bad[origins]
        known = (seen > 0) & (came > 0)
        newest = max(0, count - back)
        events = float(total[-1] - total[newest])
        if not known.any() or not events:
            continue
        came, came_bad = came[known], came_bad[known]
        errors = _log_odds(came_bad, came) - _log_odds(seen_bad[known] / seen[known] * came, came)
        wrong = float(np.abs(errors).mean())
        if best is None or wrong < _BETTER * best[0]:
            share = float(bad[-1] - bad[newest]) / events
            independent = _independent(origins[known], length)
            best = wrong, _Pace(share=share, errors=errors, independent=independent)
    return best[1] if best else None


def _log_odds(bad: Floats | Ints, total: Floats | Ints) -> Floats:
    return np.asarray(np.log((bad + _HALF) / (total - bad + _HALF)), dtype=np.float64)


def _shifted(share: float, events: float, error: float) -> float:
    """Bad events among so many, where the odds of `share` change by the factor exp(error)."""
    odds = (share * events + _HALF) / ((1 - share) * events + _HALF) * math.exp(error)
    bad = (events + 2 * _HALF) * odds / (1 + odds) - _HALF
    return min(max(bad, 0.0), events)


def _spread(errors: Floats, independent: float) -> tuple[float, float, float]:
    """Low, likely and high error, wider where few independent stretches of the past speak.

    The widening follows Student's t at 90 % with a mean from as many values.
    """
    ordered = np.sort(errors)
    low, likely, high = (float(ordered[math.ceil(share * len(ordered)) - 1]) for share in (LOW, 0.5, HIGH))
    wider = 1 + 1.1 / max(independent - 1, 0.5)
    return likely + (low - likely) * wider, likely, likely + (high - likely) * wider


def _independent(origins: Ints, length: int) -> float:
    return 1 + float(origins[-1] - origins[0]) / length
