"""Replay: what alert rules would have said over a history, at every bucket.

Two ways that agree: `replay_stepwise` takes the very step that the live loop takes, `replay` does all instants
at once in NumPy. A rule is evaluated at every whole bucket from the end of the first bucket with data to the end
of the last one; a window that reaches back before the history uses what there is, unscaled.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allowance.budget.burn import READINGS, Reading, read_rule
from allowance.contract.rules import BurnRule
from allowance.core.buckets import Buckets
from allowance.core.duration import short
from allowance.core.problem import refuse
from allowance.core.time import Instant
from allowance.core.window import RollingWindow, Window

Flags = NDArray[np.bool_]

_INT64_MAX = 2**63 - 1
_PIECE = 32_768
"""Buckets at a time: a quarter of a megabyte of running totals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A run of consecutive firing instants, both ends included."""

    first: Instant
    last: Instant


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RuleReplay:
    """One rule over a history: at instant `start + i*step` the flags at i say what its windows were."""

    rule: BurnRule
    factor: Fraction
    start: Instant
    step: int
    long_over: Flags
    short_over: Flags
    firing: Flags

    @property
    def firing_buckets(self) -> int:
        """At how many instants it fired."""
        return int(np.count_nonzero(self.firing))

    @property
    def first(self) -> Instant | None:
        """The first instant at which it fired, if it ever did."""
        episodes = self.episodes
        return episodes[0].first if episodes else None

    @property
    def episodes(self) -> tuple[Episode, ...]:
        """Its runs of firing."""
        return runs(self.firing, self.start, self.step)

    def word_at(self, index: int) -> Reading:
        """calm, rising, firing or recovering at an instant's index."""
        return READINGS[bool(self.long_over[index]), bool(self.short_over[index])]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replay:
    """An alert policy over a history."""

    start: Instant
    step: int
    length: int
    rules: tuple[RuleReplay, ...]

    def firing(self, severity: str) -> Flags:
        """Where any rule of a severity fired."""
        flags = np.zeros(self.length, dtype=np.bool_)
        for one in self.rules:
            if one.rule.severity == severity:
                flags |= one.firing
        return flags

    def episodes(self, severity: str) -> tuple[Episode, ...]:
        """Runs in which any rule of a severity fired: what a person would have been told about."""
        return runs(self.firing(severity), self.start, self.step)


def runs(flags: Flags, start: Instant, step: int) -> tuple[Episode, ...]:
    """Maximal runs of true flags as episodes."""
    padded = np.zeros(len(flags) + 2, dtype=np.int8)
    padded[1:-1] = flags
    change = np.diff(padded)
    begins, ends = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    return tuple(
        Episode(first=start + int(b) * step, last=start + (int(e) - 1) * step)
        for b, e in zip(begins, ends, strict=True)
    )


def replay(
    buckets: Buckets,
    rules: Sequence[BurnRule],
    target: Fraction,
    *,
    period: int,
    window: Window | None = None,
) -> Replay:
    """All instants at once. `period` is the span in seconds whose budget the rules' shares speak of.

    `window` is that of the budget whose rest a rule may ask for; the last `period` seconds where none is said.
    """
    whole = window or RollingWindow(seconds=period)
    history = buckets.trimmed()
    start = history.start + history.step
    asked: dict[Fraction, set[int]] = {}
    for rule in rules:
        _check_grid(rule, history.step)
        widths = asked.setdefault(rule.factor(period) * (1 - target), set())
        widths |= {rule.long // history.step, rule.short // history.step}
    over = _all_over(history, asked)
    replayed = []
    for rule in rules:
        threshold = rule.factor(period) * (1 - target)
        long_over = over[threshold, rule.long // history.step]
        short_over = over[threshold, rule.short // history.step]
        firing = long_over & short_over
        if rule.guard.min_events or rule.guard.min_bad:
            firing &= _enough(history, rule)
        spent = rule.spent_line(target)
        if spent is not None:
            firing &= _spent(history, spent, whole)
        replayed.append(
            RuleReplay(
                rule=rule,
                factor=rule.factor(period),
                start=start,
                step=history.step,
                long_over=long_over,
                short_over=short_over,
                firing=_held(firing, rule.hold // history.step),
            )
        )
    return Replay(start=start, step=history.step, length=len(history), rules=tuple(replayed))


def replay_stepwise(
    buckets: Buckets,
    rules: Sequence[BurnRule],
    target: Fraction,
    *,
    period: int,
    window: Window | None = None,
) -> Replay:
    """The same answer, one instant after the other, by the function that the live loop uses."""
    whole = window or RollingWindow(seconds=period)
    history = buckets.trimmed()
    start, step, length = history.start + history.step, history.step, len(history)
    replayed = []
    for rule in rules:
        _check_grid(rule, step)
        readings = [
            read_rule(history, rule, target, period=period, window=whole, now=start + i * step)
            for i in range(length)
        ]
        replayed.append(
            RuleReplay(
                rule=rule,
                factor=rule.factor(period),
                start=start,
                step=step,
                long_over=np.array([r.word in ("firing", "recovering") for r in readings], dtype=np.bool_),
                short_over=np.array([r.word in ("firing", "rising") for r in readings], dtype=np.bool_),
                firing=np.array([r.firing for r in readings], dtype=np.bool_),
            )
        )
    return Replay(start=start, step=step, length=length, rules=tuple(replayed))


def _all_over(
    history: Buckets, asked: Mapping[Fraction, Collection[int]]
) -> dict[tuple[Fraction, int], Flags]:
    """For each threshold and window (in buckets): at the end of each bucket, is the window that ends there over?

    bad/total > p/q without a division: with F = q*bad - p*total (running totals), a window is over iff F grows
    across it. One piece of the history after the other, so that F stays in the cache of the processor.
    """
    flags = {
        (t, width): np.empty(len(history), dtype=np.bool_) for t, widths in asked.items() for width in widths
    }
    reach = max((width for widths in asked.values() for width in widths), default=0)
    piece = max(_PIECE, 4 * reach)
    sums = {threshold: _exact(history, threshold) for threshold in asked}
    for begin in range(0, len(history), piece):
        end, low = min(begin + piece, len(history)), max(begin + 1 - reach, 0)
        for threshold, widths in asked.items():
            total, good = sums[threshold]
            p, q = threshold.numerator, threshold.denominator
            grown = (q - p) * total[low : end + 1] - q * good[low : end + 1]
            for width in widths:
                # A window that reaches back before the history begins where F is 0.
                head = min(max(width - begin - 1, 0), end - begin)
                first, over = begin + 1 - low, flags[threshold, width][begin:end]
                np.greater(grown[first : first + head], 0, out=over[:head])
                later = grown[first + head : first + end - begin]
                np.greater(later, grown[first + head - width :][: len(later)], out=over[head:])
    return flags


def _exact(history: Buckets, threshold: Fraction) -> tuple[NDArray[Any], NDArray[Any]]:
    """Running totals of total and good, as Python's integers (which do not overflow) where int64 could."""
    if (threshold.numerator + threshold.denominator) * int(history.total_sum[-1]) > _INT64_MAX:
        return history.total_sum.astype(object), history.good_sum.astype(object)
    return history.total_sum, history.good_sum


def _enough(history: Buckets, rule: BurnRule) -> Flags:
    width = rule.long // history.step
    total = _window_sums(history.total_sum, width)
    bad = total - _window_sums(history.good_sum, width)
    enough: Flags = (total >= rule.guard.min_events) & (bad >= rule.guard.min_bad)
    return enough


def _spent(history: Buckets, line: Fraction, window: Window) -> Flags:
    """At the end of each bucket: were more than `line` of the window's events bad?"""
    step = history.step
    ends = history.start + step * np.arange(1, len(history) + 1)
    begins, place = np.empty(len(history), dtype=np.int64), 0
    if isinstance(window, RollingWindow):
        begins[:], place = ends - window.seconds, len(history)
    while place < len(history):
        # By the calendar, all instants up to the end of a period have its beginning.
        period = window.whole(int(ends[place]))
        after = max(int(np.searchsorted(ends, period.end, side="right")), place + 1)
        begins[place:after], place = period.begin, after
    if np.any((begins - history.start) % step):
        raise refuse(
            "edge",
            f"the window {window} does not begin on an edge of the {short(step)} buckets",
            hint="choose a step that divides the window of the budget",
        )
    index = np.clip((begins - history.start) // step, 0, len(history))
    total, good = _exact(history, line)
    p, q = line.numerator, line.denominator
    grown = (q - p) * total - q * good
    over: Flags = np.asarray(grown[1:] > grown[index], dtype=np.bool_)
    return over


def _window_sums(sums: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    grown = sums[1:].copy()
    if width < len(grown):
        grown[width:] -= sums[1:-width]
    return grown


def _held(flags: Flags, buckets: int) -> Flags:
    """True only where the flags have been true for `buckets` buckets before as well."""
    if not buckets:
        return flags
    index = np.arange(len(flags))
    last_false = np.maximum.accumulate(np.where(flags, -1, index))
    held: Flags = flags & (index - last_false > buckets)
    return held


def _check_grid(rule: BurnRule, step: int) -> None:
    for seconds in (rule.long, rule.short, rule.hold):
        if seconds % step:
            raise refuse(
                "edge",
                f"the rule {rule.name} has {short(seconds)}, which is not a whole number of {short(step)} buckets",
                hint="choose a step that divides every window of the rules",
            )
