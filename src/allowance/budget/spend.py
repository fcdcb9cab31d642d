"""When the budget was spent: parts of a window whose shares add up exactly to the whole."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from zoneinfo import ZoneInfo

from allowance.budget.budget import Windowed
from allowance.core.buckets import Buckets
from allowance.core.counts import Counts
from allowance.core.time import in_zone
from allowance.core.window import CalendarWindow, Span

NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySpend:
    """One day of a window: `share` is the part of the whole window's budget that the day spent."""

    day: str
    span: Span
    counts: Counts
    share: Fraction


def spend_by_day(buckets: Buckets, target: Fraction, span: Span, zone: ZoneInfo) -> tuple[DaySpend, ...]:
    """Each calendar day of a zone within `span`; a day at the edge counts only what lies inside.

    The shares add up to spent / allowed of the span, as fractions. Without events every share is 0.
    A day whose edge is not a bucket edge (a zone off by half an hour with 1 h buckets) is cut at the bucket
    edge before it.
    """
    begin = max(span.begin, _floor(buckets.start, span.begin))
    covered = Span(begin=begin, end=min(span.end, max(buckets.end, begin)))
    return _days(buckets, target, span, covered, zone)


def days_within(counted: Windowed, target: Fraction, span: Span, zone: ZoneInfo) -> tuple[DaySpend, ...]:
    """Each calendar day of a zone within `span`, also those of which nothing is known; else like `spend_by_day`."""
    return _days(counted, target, span, span, zone)


def _days(
    counted: Windowed, target: Fraction, whole: Span, covered: Span, zone: ZoneInfo
) -> tuple[DaySpend, ...]:
    allowed = (1 - target) * counted.between(whole.begin, whole.end).total
    days = []
    for name, span in _named_days(covered, whole.end, zone, counted.step):
        counts = counted.between(span.begin, span.end)
        share = counts.bad / allowed if counts.bad else NOTHING
        days.append(DaySpend(day=name, span=span, counts=counts, share=share))
    return tuple(days)


@lru_cache(maxsize=256)
def _named_days(covered: Span, last: int, zone: ZoneInfo, step: int) -> tuple[tuple[str, Span], ...]:
    """The days of a span: the same for every SLO with that window, and most of the cost of working one out."""
    found = []
    begin = covered.begin
    while begin < covered.end:
        natural = CalendarWindow(unit="day", zone=zone).whole(begin + 1).end
        end = min(max(natural - natural % step, begin + step), last)
        found.append((in_zone(begin, zone).date().isoformat(), Span(begin=begin, end=end)))
        begin = end
    return tuple(found)


def _floor(start: int, begin: int) -> int:
    """Days before the history began say nothing; begin with the day of its first bucket."""
    return max(start, begin)
