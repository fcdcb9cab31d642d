"""Windows: the span over which a promise is kept, rolling or by the calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from allowance.core.duration import parse_duration, short
from allowance.core.problem import refuse
from allowance.core.time import Instant, in_zone, parse_zone, to_instant

CalendarUnit = Literal["day", "week", "month", "quarter", "year"]
CALENDAR_UNITS: tuple[CalendarUnit, ...] = ("day", "week", "month", "quarter", "year")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Half-open: `[begin, end)`."""

    begin: Instant
    end: Instant

    @property
    def seconds(self) -> int:
        """How long it is."""
        return self.end - self.begin


@dataclass(frozen=True, slots=True, kw_only=True)
class RollingWindow:
    """The last `seconds` before an instant."""

    seconds: int

    def at(self, instant: Instant) -> Span:
        """`[instant - seconds, instant)`."""
        return Span(begin=instant - self.seconds, end=instant)

    def whole(self, instant: Instant) -> Span:
        """The span over which the budget is granted: for a rolling window the same as `at`."""
        return self.at(instant)

    def __str__(self) -> str:
        return short(self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarWindow:
    """The calendar day, week (from Monday), month, quarter or year in a zone. A day of 23 h is 23 h long."""

    unit: CalendarUnit
    zone: ZoneInfo

    def at(self, instant: Instant) -> Span:
        """From the beginning of the period to `instant`.

        At the very edge between two periods it is the whole period that has just ended: the window at an
        instant holds what lies before that instant.
        """
        return Span(begin=self.whole(instant).begin, end=instant)

    def whole(self, instant: Instant) -> Span:
        """The whole period that the last moment before `instant` belongs to."""
        wall = in_zone(instant - 1, self.zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        first = _first_day(wall, self.unit)
        return Span(begin=self._midnight(first), end=self._midnight(_next(first, self.unit)))

    def _midnight(self, day: datetime) -> Instant:
        return first_moment(day, self.zone)

    def __str__(self) -> str:
        return f"calendar {self.unit} {self.zone.key}"


Window = RollingWindow | CalendarWindow


def first_moment(day: datetime, zone: ZoneInfo) -> Instant:
    """The first instant of a wall-clock day (naive midnight) in a zone, also where midnight does not exist."""
    naive = day.replace(tzinfo=zone, fold=0)
    instant = to_instant(naive)
    # Where clocks jump over midnight, the day begins at the jump: step to the first wall time of that day.
    while in_zone(instant, zone).date() < day.date():
        instant += 900
    while in_zone(instant - 900, zone).date() == day.date():
        instant -= 900
    return instant


def _first_day(wall: datetime, unit: CalendarUnit) -> datetime:
    if unit == "day":
        return wall
    if unit == "week":
        return wall - timedelta(days=wall.weekday())
    if unit == "month":
        return wall.replace(day=1)
    if unit == "quarter":
        return wall.replace(day=1, month=3 * ((wall.month - 1) // 3) + 1)
    return wall.replace(day=1, month=1)


def _next(first: datetime, unit: CalendarUnit) -> datetime:
    if unit == "day":
        return first + timedelta(days=1)
    if unit == "week":
        return first + timedelta(days=7)
    months = {"month": 1, "quarter": 3, "year": 12}[unit]
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return first.replace(year=year, month=month + 1)


def parse_window(text: str, zone: str = "UTC") -> Window:
    """`30d` (rolling), or `month`, `calendar month`, `calendar month Europe/Berlin`. Errors: `Problem` `window`."""
    words = text.strip().split()
    if words and words[0] == "calendar":
        words = words[1:]
    if words and words[0] in CALENDAR_UNITS and len(words) <= 2:
        unit = next(u for u in CALENDAR_UNITS if u == words[0])
        return CalendarWindow(unit=unit, zone=parse_zone(words[1] if len(words) == 2 else zone))
    if len(words) == 1 and words[0][:1].isdigit():
        return RollingWindow(seconds=parse_duration(words[0]))
    raise refuse("window", f"{text!r} is not a window", hint="write it as 30d, or as month, quarter or week")
