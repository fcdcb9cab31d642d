"""Instants: whole seconds since 1970 in UTC, read from text and printed as text."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from allowance.core.problem import refuse

Instant = int
"""Seconds since 1970-01-01T00:00:00Z."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST, LAST = -62_135_596_800, 253_402_300_799
"""The first and the last second that a calendar can name."""


def parse_instant(text: str) -> Instant:
    """`2026-11-21T14:00:00Z`, with any offset, or a date, or a time without zone (taken as UTC), to an `Instant`.

    Fractions of a second are refused, because an instant is the edge of a bucket. Errors: `Problem` `instant`.
    """
    cleaned = text.strip()
    try:
        moment = datetime.fromisoformat(cleaned)
    except ValueError:
        raise refuse(
            "instant", f"{text!r} is not an instant", hint="write it as 2026-11-21T14:00:00Z"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if moment.microsecond:
        raise refuse("instant", f"{text!r} has a fraction of a second", hint="use whole seconds")
    return (moment - EPOCH) // timedelta(seconds=1)


def iso(instant: Instant) -> str:
    """`2026-11-21T14:00:00Z`; an instant outside the years 1 to 9999 is printed as its seconds."""
    if not FIRST <= instant <= LAST:
        return f"second {instant}"
    return (EPOCH + timedelta(seconds=int(instant))).strftime("%Y-%m-%dT%H:%M:%SZ")


def in_zone(instant: Instant, zone: ZoneInfo) -> datetime:
    """The wall clock of a zone at an instant."""
    return (EPOCH + timedelta(seconds=int(instant))).astimezone(zone)


def to_instant(moment: datetime) -> Instant:
    """An aware datetime on a whole second to an instant."""
    return (moment - EPOCH) // timedelta(seconds=1)


def parse_zone(name: str) -> ZoneInfo:
    """An IANA zone by name, such as `Europe/Berlin`. Errors: `Problem` `zone`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise refuse(
            "zone", f"{name!r} is not a time zone", hint="use an IANA name such as Europe/Berlin or UTC"
        ) from None


def wall_instant(day: date, second: int, zone: ZoneInfo) -> Instant:
    """When a clock on the wall first shows a time of a day; where clocks jump over it, the instant of the jump."""
    wall = datetime.combine(day, time()) + timedelta(seconds=second)
    early, late = (to_instant(wall.replace(tzinfo=zone, fold=fold)) for fold in (1, 0))
    if in_zone(late, zone).replace(tzinfo=None) == wall:
        return late
    # The time does not exist: of the two readings one lies before the jump and one after it.
    while late - early > 1:
        middle = (early + late) // 2
        if in_zone(middle, zone).replace(tzinfo=None) < wall:
            early = middle
        else:
            late = middle
    return late
