"""The state of a promise over a history, and of each of its days: one word each, worst first in lists."""

from __future__ import annotations

from fractions import Fraction

from allowance.budget.analysis import Analysis
from allowance.budget.health import WATCH_LINE, WORST_FIRST, Health, hangs_on_one_event, health
from allowance.budget.replay import RuleReplay
from allowance.core.counts import Counts
from allowance.core.time import Instant

__all__ = ["WORDS", "WORST_FIRST", "firing_at", "hangs_on_one_event", "health_of", "health_of_day"]

WORDS: dict[Health, str] = {
    "ok": "OK",
    "watch": "WATCH",
    "broken": "BROKEN",
    "no data": "NO DATA",
    "too little": "TOO LITTLE",
}


def health_of(one: Analysis, watch_line: Fraction = WATCH_LINE) -> Health:
    """The word for the first window at the last instant.

    `watch` is a kept promise with less than `watch_line` of its budget left, or with a page or ticket rule that
    fires at that instant.
    """
    answer = one.headline
    if answer is None:
        return "no data"
    loud = any(rule.rule.severity != "log" for rule in firing_at(one, answer.at))
    return health(answer.budget, loud=loud, watch_line=watch_line)


def health_of_day(counts: Counts, share: Fraction, target: Fraction) -> Health:
    """A day that met the target is ok, one that missed it watch, one that spent a whole budget alone broken."""
    if not counts.total:
        return "no data"
    if share >= 1:
        return "broken"
    met = counts.good * target.denominator >= target.numerator * counts.total
    return "ok" if met else "watch"


def firing_at(one: Analysis, at: Instant) -> tuple[RuleReplay, ...]:
    """The rules that fire at an instant of the replay."""
    index, rest = divmod(at - one.replay.start, one.replay.step)
    if rest or not 0 <= index < one.replay.length:
        return ()
    return tuple(rule for rule in one.replay.rules if rule.firing[index])
