"""The small words of OpenSLO: durations, time windows, comparisons, names of objects."""

from __future__ import annotations

import re
from datetime import datetime

from allowance.contract.amounts import as_name, parse_name
from allowance.contract.fields import Fields, suggestion
from allowance.contract.indicator import Comparison
from allowance.core.duration import DAY, HOUR, MINUTE, WEEK, short
from allowance.core.problem import refuse
from allowance.core.time import parse_zone
from allowance.core.window import CalendarUnit, CalendarWindow, RollingWindow, Window

COMPARISONS: tuple[Comparison, ...] = ("lt", "lte", "gt", "gte")

UNITS = {"m": MINUTE, "h": HOUR, "d": DAY, "w": WEEK, "M": 30 * DAY, "Q": 90 * DAY, "Y": 365 * DAY}
"""Letters of a duration-shorthand; case matters. M, Q and Y have these lengths in rolling windows."""

_CALENDAR: dict[str, CalendarUnit] = {"d": "day", "w": "week", "M": "month", "Q": "quarter", "Y": "year"}
_DURATION = re.compile(r"([1-9][0-9]{0,5})([mhdwMQY])")
_START = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d:\d\d)?")


def duration_parts(text: str) -> tuple[int, str]:
    """`30d` to (30, "d"). Errors: `Problem` `duration`."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise refuse(
            "duration",
            f"{text[:40]!r} is not a duration of OpenSLO",
            hint="write a number and one of m h d w M Q Y, such as 30d",
        )
    return int(match.group(1)), match.group(2)


def parse_shorthand(text: str) -> int:
    """`30d`, `1M` to seconds. Errors: `Problem` `duration`."""
    count, unit = duration_parts(text)
    if count * UNITS[unit] > 100 * UNITS["Y"]:
        raise refuse("duration", f"{text} is longer than a century", hint="for example 30d")
    return count * UNITS[unit]


def service_name(fields: Fields, key: str) -> str | None:
    """A service by its name; what is not a name is turned into one, with a warning."""
    text = fields.text(key)
    return None if text is None else usable_name(fields, key, text)


def usable_name(fields: Fields, key: str, text: str) -> str:
    """A free text as a name, with a warning where that changes it."""
    name = as_name(text)
    if name != text:
        fields.notes.warn(
            "name",
            f"{key} {text[:80]!r} is read as {name!r}",
            where=fields.where(key),
            hint="use a-z, 0-9 and '-', at most 63 characters",
        )
    return name


def read_window(fields: Fields) -> Window | None:
    """One entry of `timeWindow`: rolling, or by the calendar."""
    parts = fields.parsed("duration", duration_parts) if fields.need("duration", hint="such as 28d") else None
    rolling, calendar = fields.flag("isRolling"), fields.fields("calendar")
    fields.finish()
    if rolling and calendar is not None:
        fields.wrong(
            "calendar", f"{fields.called()} is rolling, so it has no calendar", hint="keep one of the two"
        )
        return None
    if calendar is not None:
        unit = None if parts is None else _period(fields, *parts)
        return None if unit is None else calendar_window(calendar, unit)
    if not rolling:
        fields.missing(
            "isRolling", hint="write isRolling: true, or give a calendar with startTime and timeZone"
        )
        return None
    return None if parts is None else rolling_window(fields, "duration", *parts)


def _period(fields: Fields, count: int, letter: str) -> CalendarUnit | None:
    unit = _CALENDAR.get(letter)
    if unit is not None and count == 1:
        return unit
    fields.wrong(
        "duration",
        f"duration {count}{letter} is not a period of the calendar",
        hint="write 1d, 1w, 1M, 1Q or 1Y, or make the window rolling",
        code="duration",
    )
    return None


def rolling_window(fields: Fields, key: str, count: int, unit: str) -> RollingWindow | None:
    """A rolling window of so many units, with what a careful reader would say about it."""
    seconds = count * UNITS[unit]
    if seconds > 100 * UNITS["Y"]:
        fields.wrong(key, f"{key} is longer than a century", code="duration")
        return None
    if unit in "MQY":
        fields.notes.warn(
            "window",
            f"a rolling window of {count}{unit} is read as {seconds // DAY} days",
            where=fields.where(key),
            hint=f"write {seconds // DAY}d",
        )
    if seconds < HOUR:
        fields.notes.warn(
            "window",
            f"{count}{unit} is a window of only {short(seconds)}",
            where=fields.where(key),
            hint="m is a minute and M a month",
        )
    return RollingWindow(seconds=seconds)


def calendar_window(calendar: Fields, unit: CalendarUnit) -> Window | None:
    """The calendar's own period in a zone; a start that is not its beginning is named in a warning."""
    zone = (
        calendar.parsed("timeZone", parse_zone)
        if calendar.need("timeZone", hint="such as Europe/Berlin")
        else None
    )
    begins = calendar.parsed("startTime", _start)
    calendar.finish()
    if begins is not None and not _is_first(begins, unit):
        calendar.notes.warn(
            "window",
            f"the {unit} is counted from its first midnight, not from {begins}",
            where=calendar.where("startTime"),
            hint="a period that begins elsewhere is not read; use a rolling window if the phase does not matter",
        )
    return None if zone is None else CalendarWindow(unit=unit, zone=zone)


def _start(text: str) -> datetime:
    if _START.fullmatch(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    raise refuse("instant", f"{text[:40]!r} is not a start time", hint="write it as 2026-01-01 00:00:00")


def _is_first(start: datetime, unit: CalendarUnit) -> bool:
    if (start.hour, start.minute, start.second) != (0, 0, 0):
        return False
    if unit == "week":
        return start.weekday() == 0
    months = {"month": range(1, 13), "quarter": range(1, 13, 3), "year": range(1, 2)}.get(unit)
    return months is None or (start.day == 1 and start.month in months)


def reference(fields: Fields, key: str) -> str | None:
    """The name of another object."""
    return fields.parsed(key, parse_name)


def one_of(fields: Fields, keys: tuple[str, ...], *, code: str, hint: str) -> str | None:
    """The only one of some keys that is there; reported where it is none or several."""
    there = [key for key in keys if fields.has(key)]
    if len(there) == 1:
        return there[0]
    words = " and ".join(keys)
    place = fields.where(there[1]) if there else fields.where()
    problem = f"has both {words}" if there else f"needs one of {words}"
    meant = [name for name in fields.node.items if suggestion(name, keys)] if not there else []
    if meant:
        hint = f"did you mean {suggestion(meant[0], keys)} by {meant[0]!r}?"
    fields.notes.error(code, f"{fields.called()} {problem}", where=place, hint=hint)
    return None
