"""Maintenance that comes again: a rule of RFC 5545 on the wall clock of a zone, and the spans that it gives."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

from allowance.contract.origin import UNWRITTEN, Origin
from allowance.core.duration import DAY, short
from allowance.core.problem import refuse
from allowance.core.time import Instant, in_zone, wall_instant
from allowance.core.window import Span

MONDAY = datetime(2024, 1, 1)  # noqa: DTZ001 - a time on a wall
"""Where rules begin to be counted that do not say so: a Monday, at midnight of their zone."""

LONGEST = 31 * DAY
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_RULE = re.compile(r"[A-Z]+=[A-Z0-9,+\-]+(;[A-Z]+=[A-Z0-9,+\-]+)*")
_HINT = "such as FREQ=WEEKLY;BYDAY=SU;BYHOUR=2;BYMINUTE=0"
_SEEN = timedelta(days=4000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """`duration` seconds from each time that the rule names on the wall clock of `zone`.

    `first` is a time on that wall: the rule counts from it. A time that the clock skips is the instant of the jump,
    one that it shows twice is the first of the two; the duration is real time, also in the night of a change.
    """

    rrule: str
    duration: int
    zone: ZoneInfo
    first: datetime = MONDAY

    def __str__(self) -> str:
        return f"{self.rrule} for {short(self.duration)} ({self.zone.key})"


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceRule:
    """Planned work on a service that comes again; what burns faster than `unless_burn_above` is heard all the same."""

    recurrence: Recurrence
    reason: str
    unless_burn_above: float | None = None
    origin: Origin = field(default=UNWRITTEN, compare=False, repr=False)


def parse_rrule(text: str) -> str:
    """A rule as RFC 5545 writes it, days or longer apart, checked and in capitals. Errors: `Problem` `rrule`."""
    cleaned = text.strip().upper().removeprefix("RRULE:")
    if len(cleaned) > 300 or not _RULE.fullmatch(cleaned):
        raise refuse("rrule", f"{text[:80]!r} is not a recurrence rule", hint=_HINT)
    parts = dict(part.split("=", 1) for part in cleaned.split(";"))
    if parts.get("FREQ") not in FREQUENCIES:
        raise refuse("rrule", "the rule needs FREQ, one of " + ", ".join(FREQUENCIES), hint=_HINT)
    if parts.get("UNTIL", "").endswith("Z"):
        raise refuse("rrule", "UNTIL is a time on the wall of the zone", hint="write it without Z")
    if not parts.get("INTERVAL", "1").strip("0"):
        raise refuse("rrule", "an INTERVAL of 0 never moves on", hint="write a whole number from 1")
    try:
        found = next(iter(_bounded(cleaned, MONDAY, MONDAY + _SEEN)), None)
    except (ValueError, TypeError) as error:
        raise refuse("rrule", f"the rule cannot be read: {error}", hint=_HINT) from None
    if found is None:
        raise refuse("rrule", "the rule never happens", hint="look at its days and months, and at UNTIL")
    return cleaned


def spans(recurrence: Recurrence, *, begin: Instant, end: Instant) -> tuple[Span, ...]:
    """Every occurrence that touches `[begin, end)`, in order."""
    first = (begin - recurrence.duration) // DAY - 1
    last = end // DAY + 1
    found = []
    for at in _instants(recurrence, first, last):
        if at < end and at + recurrence.duration > begin:
            found.append(Span(begin=at, end=at + recurrence.duration))
    return tuple(found)


@lru_cache(maxsize=1024)
def _instants(recurrence: Recurrence, first: int, last: int) -> tuple[Instant, ...]:
    """When it begins from one day (counted from 1970) to another: the same for all minutes of a day."""
    low = in_zone(first * DAY, recurrence.zone).replace(tzinfo=None)
    high = in_zone(last * DAY, recurrence.zone).replace(tzinfo=None)
    walls = [at for at in _bounded(recurrence.rrule, recurrence.first, high) if at >= low]
    return tuple(
        wall_instant(at.date(), at.hour * 3600 + at.minute * 60 + at.second, recurrence.zone) for at in walls
    )


def _bounded(text: str, first: datetime, until: datetime) -> rrule:
    """The rule up to a time."""
    own = dict(part.split("=", 1) for part in text.split(";")).get("UNTIL")
    rule = rrulestr(text, dtstart=first)
    if not isinstance(rule, rrule):
        raise TypeError("it is more than one rule")
    if own is not None:
        until = min(until, datetime.fromisoformat(own))
    return rule.replace(until=until)
