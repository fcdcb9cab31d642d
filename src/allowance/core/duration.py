"""Durations: whole seconds, written as `30d`, `1h30m`, `90s`."""

from __future__ import annotations

import re

from allowance.core.problem import refuse

MINUTE = 60
HOUR = 3600
DAY = 86_400
WEEK = 7 * DAY

_UNITS = {"s": 1, "m": MINUTE, "h": HOUR, "d": DAY, "w": WEEK}
_PART = re.compile(r"(\d+)([smhdw])")
_WHOLE = re.compile(r"(?:\d+[smhdw])+")
_LONGEST = 100 * 366 * DAY


def parse_duration(text: str) -> int:
    """`30d`, `1h30m`, `4w` to seconds, at least 1 and at most a century. Errors: `Problem` `duration`."""
    cleaned = text.strip()
    if not _WHOLE.fullmatch(cleaned) or len(cleaned) > 40:
        raise refuse("duration", f"{text!r} is not a duration", hint="write it as 30d, 6h, 5m or 90s")
    seconds = sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(cleaned))
    if not 0 < seconds <= _LONGEST:
        raise refuse("duration", f"{text!r} must be above zero and at most a century", hint="for example 30d")
    return seconds


def short(seconds: int) -> str:
    """Seconds as the shortest exact text: 3600 -> `1h`, 5400 -> `1h30m`, 2592000 -> `30d`."""
    if seconds == 0:
        return "0s"
    parts: list[str] = []
    rest = seconds
    for unit, size in (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
