"""Calendar periods in UTC: the span that a quota counts in, and what it is called."""

from __future__ import annotations

from typing import Literal

from allowance.core.time import Instant, iso, parse_zone
from allowance.core.window import CalendarWindow, Span

Per = Literal["month", "quarter", "year"]


def period_span(per: Per, at: Instant) -> Span:
    """The whole period that an instant belongs to; the very beginning of a period belongs to it."""
    return CalendarWindow(unit=per, zone=parse_zone("UTC")).whole(at + 1)


def period_name(per: Per, at: Instant) -> str:
    """`2026-11`, `2026-Q4` or `2026`."""
    text = iso(at)
    year, month = text[:4], int(text[5:7])
    names: dict[Per, str] = {"month": text[:7], "quarter": f"{year}-Q{(month + 2) // 3}", "year": year}
    return names[per]
