"""When the budget was spent: parts of a window whose shares add up exactly to the whole."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from zoneinfo import ZoneInfo

from allowance.core.buckets import Buckets
from allowance.core.counts import Counts
from allowance.core.time import in_zone
from allowance.core.window import CalendarWindow, Span


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
    whole = buckets.between(span.begin, span.end)
    allowed = (1 - target) * whole.total
    days = []
    begin = max(span.begin, _floor(buckets.start, span.begin))
    last = min(span.end, max(buckets.end, begin))
    while begin < last:
        natural = CalendarWindow(unit="day", zone=zone).whole(begin + 1).end
        end = min(max(natural - natural % buckets.step, begin + buckets.step), span.end)
        counts = buckets.between(begin, end)
        share = counts.bad / allowed if allowed else Fraction(0)
        name = in_zone(begin, zone).date().isoformat()
        days.append(DaySpend(day=name, span=Span(begin=begin, end=end), counts=counts, share=share))
        begin = end
    return tuple(days)


def _floor(start: int, begin: int) -> int:
    """Days before the history began say nothing; begin with the day of its first bucket."""
    return max(start, begin)
