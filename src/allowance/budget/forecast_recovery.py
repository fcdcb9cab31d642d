"""What comes back by itself: which bad day leaves the window when, and how much of the budget it frees."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from zoneinfo import ZoneInfo

from allowance.budget.spend import spend_by_day
from allowance.core.buckets import Buckets
from allowance.core.ratio import percent_text
from allowance.core.time import Instant, in_zone
from allowance.core.window import CalendarWindow, Span, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """One day with bad events: it leaves the window during `leaves` and frees `share` of today's budget."""

    day: str
    leaves: Span
    bad: int
    share: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolling:
    """The days of a rolling window that spent something; their shares sum to what is spent, exactly."""

    days: tuple[Leaving, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """A calendar window frees nothing day by day: at `at` its period ends and the budget is new."""

    at: Instant


Recovery = Rolling | Renewal


def recovery(buckets: Buckets, target: Fraction, window: Window, zone: ZoneInfo, *, now: Instant) -> Recovery:
    """When the spent budget of the window at `now`, a bucket edge, comes back. Days are days of `zone`."""
    if isinstance(window, CalendarWindow):
        return Renewal(at=window.whole(now).end)
    days = spend_by_day(buckets, target, window.at(now), zone)
    return Rolling(
        days=tuple(
            Leaving(
                day=one.day,
                leaves=Span(begin=one.span.begin + window.seconds, end=one.span.end + window.seconds),
                bad=one.counts.bad,
                share=one.share,
            )
            for one in days
            if one.counts.bad
        )
    )


def main_cause(days: tuple[Leaving, ...], until: Instant) -> Leaving | None:
    """Of the days that begin to leave before `until`, the one that frees most."""
    return max((one for one in days if one.leaves.begin < until), key=lambda one: one.share, default=None)


def in_words(one: Leaving, zone: ZoneInfo, *, now: Instant) -> str:
    """`the errors of 12 Nov leave the window on 10 Dec and bring back 133 % of the budget`."""
    gone = day_text(one.leaves.end - 1, zone, now=now)
    came = _date_text(date.fromisoformat(one.day), in_zone(now, zone).year)
    return f"the errors of {came} leave the window on {gone} and bring back {percent_text(one.share, 0)} of the budget"


def day_text(instant: Instant, zone: ZoneInfo, *, now: Instant) -> str:
    """`10 Dec`, with the year where it is not the year of `now`."""
    return _date_text(in_zone(instant, zone).date(), in_zone(now, zone).year)


def moment_text(instant: Instant, zone: ZoneInfo, *, now: Instant) -> str:
    """`10 Dec 14:05 UTC`."""
    return f"{day_text(instant, zone, now=now)} {in_zone(instant, zone):%H:%M %Z}"


def _date_text(day: date, this_year: int) -> str:
    return f"{day.day} {day:%b}" if day.year == this_year else f"{day.day} {day:%b} {day.year}"
