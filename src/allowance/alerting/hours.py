"""Hours of the week on the clock of a zone: `mon-fri 09:00-17:00`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from allowance.core.duration import DAY, HOUR, MINUTE
from allowance.core.problem import refuse
from allowance.core.time import Instant, in_zone

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONG = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_RANGE = re.compile(r"(?P<days>[a-z,\-]+)\s+(?P<begin>\S+?)\s*-\s*(?P<end>\S+)")
_TIME = re.compile(r"(\d\d?):(\d\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """From `begin` to `end` (seconds of the day, half-open) on some days (0 is Monday).

    Where `end` is not after `begin`, it lies on the next day.
    """

    days: frozenset[int]
    begin: int
    end: int

    def holds(self, day: int, second: int) -> bool:
        """Whether it holds at a second of a weekday."""
        if self.begin < self.end:
            return day in self.days and self.begin <= second < self.end
        return (day in self.days and second >= self.begin) or (
            (day - 1) % 7 in self.days and second < self.end
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Stretches of the week on one zone's wall clock: they keep their times when clocks change."""

    zone: ZoneInfo
    stretches: tuple[Stretch, ...]

    def hold(self, at: Instant) -> bool:
        """Whether an instant lies in one of them."""
        wall = in_zone(at, self.zone)
        second = wall.hour * HOUR + wall.minute * MINUTE + wall.second
        return any(stretch.holds(wall.weekday(), second) for stretch in self.stretches)


def parse_stretch(text: str) -> Stretch:
    """`mon-fri 09:00-17:00`, `sat,sun 00:00-24:00`, `fri 22:00-06:00`. Errors: `Problem` `hours`."""
    match = _RANGE.fullmatch(text.strip().lower())
    if match is None:
        raise refuse("hours", f"{text[:60]!r} are not hours", hint="write them as mon-fri 09:00-17:00")
    days = frozenset(day for part in match["days"].split(",") for day in _days(part))
    return Stretch(days=days, begin=parse_time(match["begin"]), end=parse_time(match["end"], last=DAY))


def parse_weekday(text: str) -> int:
    """`mon` or `monday` to 0. Errors: `Problem` `hours`."""
    word = text.strip().lower()
    for names in (WEEKDAYS, _LONG):
        if word in names:
            return names.index(word)
    raise refuse("hours", f"{text[:60]!r} is not a day of the week", hint=f"use {', '.join(WEEKDAYS)}")


def parse_time(text: str, *, last: int = DAY - 1) -> int:
    """`09:30` to seconds of the day. Errors: `Problem` `hours`."""
    match = _TIME.fullmatch(text.strip())
    if match and int(match[2]) < 60 and (second := int(match[1]) * HOUR + int(match[2]) * MINUTE) <= last:
        return second
    raise refuse("hours", f"{text[:60]!r} is not a time of the day", hint="write it as 09:00")


def _days(part: str) -> tuple[int, ...]:
    first, dash, last = part.partition("-")
    begin = parse_weekday(first)
    if not dash:
        return (begin,)
    length = (parse_weekday(last) - begin) % 7
    return tuple((begin + step) % 7 for step in range(length + 1))
